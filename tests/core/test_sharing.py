"""The life cycle of a share, and every reason not to share."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.moderation import PostState, WrongMove
from bot.core.sharing import (
    COUNTED,
    SHARE_MOVES,
    Refusal,
    ShareablePost,
    ShareEvent,
    Sharer,
    ShareState,
    may_share,
    move,
    states_before,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(events=st.lists(st.sampled_from(ShareEvent), max_size=30))
def test_a_share_never_leaves_its_table(events: list[ShareEvent]) -> None:
    state = ShareState.DRAFT
    for event in events:
        if event in SHARE_MOVES[state]:
            state = move(state, event)
            assert state in SHARE_MOVES
        else:
            with pytest.raises(WrongMove, match=f"'{event.value}' cannot happen to what is '{state.value}'"):
                move(state, event)


def test_every_state_has_a_row_and_can_be_reached() -> None:
    assert set(SHARE_MOVES) == set(ShareState)
    assert {after for moves in SHARE_MOVES.values() for after in moves.values()} | {ShareState.DRAFT} == set(ShareState)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("open visit", ShareState.EVIDENCED),
        ("open confirm visit", ShareState.EVIDENCED),
        ("queue send confirm", ShareState.CONFIRMED),
        ("queue send retry send confirm visit", ShareState.EVIDENCED),
        ("queue send lose", ShareState.UNCERTAIN),
        ("queue send lose fail queue", ShareState.QUEUED),
        ("queue send lose confirm", ShareState.CONFIRMED),
        ("queue send lose fail queue confirm", ShareState.CONFIRMED),
        ("queue send fail open", ShareState.OPENED),
        ("queue send visit lose", ShareState.EVIDENCED),
        ("open queue visit", ShareState.EVIDENCED),
        ("open visit undo visit", ShareState.UNDONE),
    ],
)
def test_the_ways_of_a_share(events: str, state: ShareState) -> None:
    found = ShareState.DRAFT
    for event in events.split():
        found = move(found, ShareEvent(event))
    assert found is state


def test_what_is_uncertain_is_never_sent_again_by_itself() -> None:
    after = set(SHARE_MOVES[ShareState.UNCERTAIN].values())
    assert after.isdisjoint({ShareState.QUEUED, ShareState.SENDING})


def test_only_what_is_queued_is_sent() -> None:
    assert states_before(ShareEvent.SEND) == {ShareState.QUEUED}
    assert states_before(ShareEvent.QUEUE) == {ShareState.DRAFT, ShareState.OPENED, ShareState.FAILED}


def test_what_is_under_way_cannot_be_undone_and_what_is_undone_stays_so() -> None:
    assert ShareState.SENDING not in states_before(ShareEvent.UNDO)
    assert set(SHARE_MOVES[ShareState.UNDONE].values()) == {ShareState.UNDONE}


def test_evidence_is_only_lost_by_undoing() -> None:
    for state, event in product(COUNTED, ShareEvent):
        if event in SHARE_MOVES[state] and event is not ShareEvent.UNDO:
            assert move(state, event) in COUNTED


POST = ShareablePost(state=PostState.PUBLISHED, networks=("linkedin", "x"), expires_at=NOW + timedelta(days=1))


def refusal(
    post: ShareablePost | None = POST,
    network: str = "x",
    *,
    sharer: Sharer | None = None,
    earlier: ShareState | None = None,
    now: datetime = NOW,
) -> Refusal | None:
    return may_share(post, network, sharer=sharer or Sharer(), earlier=earlier, now=now)


def test_a_member_may_share_a_published_post() -> None:
    assert refusal() is None


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (PostState.DRAFT, Refusal.NOT_PUBLISHED),
        (PostState.PENDING, Refusal.NOT_PUBLISHED),
        (PostState.APPROVED, Refusal.NOT_PUBLISHED),
        (PostState.SCHEDULED, Refusal.NOT_PUBLISHED),
        (PostState.PUBLISHED, None),
        (PostState.EXPIRED, Refusal.EXPIRED),
        (PostState.WITHDRAWN, Refusal.WITHDRAWN),
        (PostState.DECLINED, Refusal.NOT_PUBLISHED),
    ],
)
def test_only_a_published_post_is_shared(state: PostState, why: Refusal | None) -> None:
    assert refusal(ShareablePost(state=state, networks=("x",))) is why


@pytest.mark.parametrize(
    ("earlier", "why"),
    [
        (None, None),
        (ShareState.DRAFT, None),
        (ShareState.OPENED, None),
        (ShareState.FAILED, None),
        (ShareState.UNDONE, None),
        (ShareState.QUEUED, Refusal.UNDER_WAY),
        (ShareState.SENDING, Refusal.UNDER_WAY),
        (ShareState.CONFIRMED, Refusal.ALREADY_SHARED),
        (ShareState.EVIDENCED, Refusal.ALREADY_SHARED),
        (ShareState.UNCERTAIN, Refusal.UNCERTAIN),
    ],
)
def test_a_post_is_shared_once_on_a_network(earlier: ShareState | None, why: Refusal | None) -> None:
    assert refusal(earlier=earlier) is why


def test_the_other_reasons() -> None:
    assert refusal(None) is Refusal.DELETED
    assert refusal(network="bluesky") is Refusal.NETWORK_OFF
    assert refusal(now=NOW + timedelta(days=1)) is Refusal.EXPIRED
    assert refusal(now=NOW + timedelta(days=1, microseconds=-1)) is None
    assert refusal(sharer=Sharer(has_left=True)) is Refusal.MEMBER_LEFT
    assert refusal(None, sharer=Sharer(is_full_member=False)) is Refusal.GUEST
