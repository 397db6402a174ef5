"""What acts are worth: caps hold in any order of events, rules are dated, and taking back leaves nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.points import (
    EntryKind,
    LedgerEntry,
    PointsPolicy,
    ShareFacts,
    credits_for_share,
    earns_points,
    entry_key,
    points_for_own_words,
    points_for_share,
    points_for_suggestion,
    points_for_visits,
    policy_at,
    reversal_of,
    reversals,
    visit_key,
)
from bot.core.sharing import ShareState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
POLICY = PointsPolicy()
POLICIES = st.builds(
    PointsPolicy,
    per_share=st.integers(0, 20),
    own_words=st.integers(0, 20),
    per_visit=st.integers(0, 3),
    visits_per_share=st.integers(0, 30),
    posts_a_day=st.integers(0, 5),
    per_suggestion=st.integers(0, 20),
    suggestions_a_week=st.integers(0, 5),
)


def facts(
    state: ShareState = ShareState.EVIDENCED, *, network: str = "linkedin", own: bool = True, today: int = 0
) -> ShareFacts:
    return ShareFacts(network=network, state=state, is_own_words=own, posts_credited_today=today)


@pytest.mark.parametrize(
    ("state", "points"),
    [
        (ShareState.DRAFT, 0),
        (ShareState.OPENED, 0),
        (ShareState.QUEUED, 0),
        (ShareState.SENDING, 0),
        (ShareState.UNCERTAIN, 0),
        (ShareState.FAILED, 0),
        (ShareState.UNDONE, 0),
        (ShareState.CONFIRMED, 12),
        (ShareState.EVIDENCED, 12),
    ],
)
def test_only_confirmed_and_evidenced_shares_earn(state: ShareState, points: int) -> None:
    assert sum(earned for _, earned in credits_for_share(POLICY, facts(state))) == points


def test_a_share_earns_7_and_own_words_5_more() -> None:
    assert credits_for_share(POLICY, facts(own=False)) == ((EntryKind.SHARE, 7),)
    assert credits_for_share(POLICY, facts()) == ((EntryKind.SHARE, 7), (EntryKind.OWN_WORDS, 5))
    assert credits_for_share(POLICY, facts(today=3)) == ()


@given(state=st.sampled_from(ShareState), own=st.booleans(), policy=POLICIES)
def test_facebook_and_unknown_networks_earn_nothing(*, state: ShareState, own: bool, policy: PointsPolicy) -> None:
    assert credits_for_share(policy, facts(state, network="facebook", own=own)) == ()
    assert credits_for_share(policy, facts(state, network="nowhere", own=own)) == ()
    assert not earns_points("facebook")
    assert earns_points("x")


@given(
    policy=POLICIES,
    shares=st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["x", "linkedin", "mastodon"])), max_size=30),
)
def test_a_day_never_brings_more_than_its_posts(policy: PointsPolicy, shares: list[tuple[int, str]]) -> None:
    credited: dict[tuple[int, str], int] = {}
    for post, network in shares:
        posts = {one for one, _ in credited}
        if (post, network) not in credited:
            earned = points_for_share(policy, posts_credited_today=len(posts), is_post_among_them=post in posts)
            if earned:
                credited[post, network] = earned
    assert len({one for one, _ in credited}) <= policy.posts_a_day
    assert sum(credited.values()) <= policy.per_share * policy.posts_a_day * 3


def test_a_fourth_post_earns_nothing_but_another_network_of_the_third_does() -> None:
    assert points_for_share(POLICY, posts_credited_today=2) == 7
    assert points_for_share(POLICY, posts_credited_today=3) == 0
    assert points_for_share(POLICY, posts_credited_today=3, is_post_among_them=True) == 7


def test_own_words_come_with_a_share_that_earns() -> None:
    assert points_for_own_words(POLICY, share_points=0, is_own_words=True) == 0
    assert points_for_own_words(POLICY, share_points=7, is_own_words=False) == 0


@given(policy=POLICIES, portions=st.lists(st.integers(0, 40), max_size=10))
def test_visits_earn_the_same_in_whatever_portions(policy: PointsPolicy, portions: list[int]) -> None:
    total, counted = 0, 0
    for new in portions:
        earned = points_for_visits(policy, counted_before=counted, new=new)
        assert earned >= 0
        total, counted = total + earned, counted + new
    assert total == points_for_visits(policy, counted_before=0, new=counted)
    assert total <= policy.per_visit * policy.visits_per_share


def test_the_first_visit_is_the_evidence_and_twenty_further_ones_earn() -> None:
    assert points_for_visits(POLICY, counted_before=0, new=1) == 0
    assert points_for_visits(POLICY, counted_before=1, new=1) == 1
    assert points_for_visits(POLICY, counted_before=0, new=21) == 20
    assert points_for_visits(POLICY, counted_before=21, new=500) == 0
    assert points_for_visits(POLICY, counted_before=5, new=-3) == 0


@given(policy=POLICIES, approved=st.integers(0, 20))
def test_a_week_never_brings_more_than_its_suggestions(policy: PointsPolicy, approved: int) -> None:
    earned = [points_for_suggestion(policy, credited_this_week=number) for number in range(approved)]
    assert sum(earned) == policy.per_suggestion * min(approved, policy.suggestions_a_week)


def test_a_new_rule_counts_from_its_own_date() -> None:
    old = PointsPolicy(version=1, valid_from=NOW - timedelta(days=10), per_share=2)
    new = PointsPolicy(version=2, valid_from=NOW)
    assert policy_at([new, old], NOW - timedelta(microseconds=1)) is old
    assert policy_at([old, new], NOW) is new
    assert policy_at([new, old], NOW - timedelta(days=99)) is old
    assert (
        policy_at([PointsPolicy(version=4, valid_from=NOW), PointsPolicy(version=3, valid_from=NOW)], NOW).version == 4
    )
    with pytest.raises(ValueError, match="no rules"):
        policy_at([], NOW)


@given(offsets=st.lists(st.integers(0, 99), min_size=1, unique=True), ask=st.integers(0, 120))
def test_the_newest_rule_that_has_begun_counts(offsets: list[int], ask: int) -> None:
    policies = [
        PointsPolicy(version=number, valid_from=NOW + timedelta(days=days)) for number, days in enumerate(offsets)
    ]
    found = policy_at(policies, NOW + timedelta(days=ask))
    begun = [days for days in offsets if days <= ask]
    assert found.valid_from == NOW + timedelta(days=max(begun) if begun else min(offsets))


def test_the_same_cause_has_the_same_key_and_another_has_another() -> None:
    assert entry_key(EntryKind.SHARE, 5) == "share:5"
    assert entry_key(EntryKind.VISITS, 5, 21) == "visits:5:21"
    assert entry_key(EntryKind.SUGGESTION, 3, 9) == "suggestion:3:9"
    assert entry_key(EntryKind.SHARE, date(2026, 11, 21)) == "share:2026-11-21"


@given(
    causes=st.lists(
        st.tuples(st.sampled_from(EntryKind), st.lists(st.integers(0, 999), min_size=1, max_size=3)), unique_by=repr
    )
)
def test_keys_never_meet(causes: list[tuple[EntryKind, list[int]]]) -> None:
    assert len({entry_key(kind, *parts) for kind, parts in causes}) == len(causes)


def test_a_visit_counts_once_a_day_by_link_and_address_prefix() -> None:
    keys = {
        visit_key(1, b"ab", date(2026, 11, 21)),
        visit_key(2, b"ab", date(2026, 11, 21)),
        visit_key(1, b"b", date(2026, 11, 21)),
        visit_key(1, b"ab", date(2026, 11, 22)),
    }
    assert len(keys) == 4
    assert visit_key(1, b"ab", date(2026, 11, 21)) in keys


ENTRIES = st.lists(
    st.builds(
        LedgerEntry,
        member_id=st.just(1),
        points=st.integers(0, 20),
        kind=st.sampled_from([EntryKind.SHARE, EntryKind.OWN_WORDS, EntryKind.VISITS]),
        key=st.uuids().map(str),
        rule_version=st.integers(1, 3),
        at=st.just(NOW),
    ),
    max_size=8,
)


@given(entries=ENTRIES)
def test_taking_back_leaves_nothing_and_happens_once(entries: list[LedgerEntry]) -> None:
    taken = reversals(entries, at=NOW)
    both = entries + taken
    assert sum(one.points for one in both) == 0
    assert reversals(both, at=NOW) == []
    assert len({one.key for one in both}) == len(both)
    assert {one.rule_version for one in taken} <= {one.rule_version for one in entries}


def test_a_reversal_cannot_be_taken_back() -> None:
    entry = LedgerEntry(member_id=1, points=7, kind=EntryKind.SHARE, key="share:1", rule_version=1, at=NOW)
    with pytest.raises(ValueError, match="cannot be taken back"):
        reversal_of(reversal_of(entry, at=NOW), at=NOW)
