"""Who may ask whom, how long a question is open, which row counts, and which of two shares stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.pairing import (
    Party,
    Refusal,
    Rival,
    higher,
    is_open,
    may_ask,
    who_counts,
    who_gives_way,
    whom_to_ask,
)
from bot.core.people import Role
from bot.core.sharing import ShareState

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HERE = Party(member_id=1, platform="here", person_ref="U1", name="Ada", email="Ada@Brightwater.example", joined_at=NOW)
THERE = replace(HERE, member_id=2, platform="there", person_ref="P2", email=" ada@brightwater.EXAMPLE")


def test_the_same_address_on_another_platform_may_be_asked_however_it_is_written() -> None:
    assert may_ask(HERE, THERE) is None
    assert may_ask(THERE, HERE) is None


@pytest.mark.parametrize(
    ("asker", "asked", "refusal"),
    [
        (replace(HERE, email=None), THERE, Refusal.NO_ADDRESS),
        (replace(HERE, email="  "), replace(THERE, email=" "), Refusal.NO_ADDRESS),
        (HERE, None, Refusal.NOBODY),
        (HERE, replace(THERE, email="bob@brightwater.example"), Refusal.NOBODY),
        (HERE, replace(THERE, email=None), Refusal.NOBODY),
        (HERE, replace(THERE, platform="here"), Refusal.NOBODY),
        (HERE, HERE, Refusal.NOBODY),
        (HERE, replace(THERE, is_gone=True), Refusal.NOBODY),
        (HERE, replace(THERE, is_gone=True, is_paired=True), Refusal.NOBODY),
        (replace(HERE, is_gone=True), THERE, Refusal.NOBODY),
        (HERE, replace(THERE, is_paired=True), Refusal.TAKEN),
        (replace(HERE, is_paired=True), THERE, Refusal.PAIRED),
    ],
)
def test_everyone_else_may_not_and_it_says_why(asker: Party, asked: Party | None, refusal: Refusal) -> None:
    assert may_ask(asker, asked) is refusal


def test_of_several_the_first_who_is_free_is_asked() -> None:
    taken, free = replace(THERE, is_paired=True), replace(THERE, member_id=3)
    assert whom_to_ask(HERE, [taken, free, replace(free, member_id=4)]) == free


@pytest.mark.parametrize(
    ("asker", "others", "refusal"),
    [
        (HERE, [], Refusal.NOBODY),
        (HERE, [replace(THERE, is_gone=True)], Refusal.NOBODY),
        (HERE, [replace(THERE, is_gone=True), replace(THERE, is_paired=True)], Refusal.TAKEN),
        (replace(HERE, email=""), [], Refusal.NO_ADDRESS),
        (replace(HERE, is_paired=True), [THERE], Refusal.PAIRED),
    ],
)
def test_if_nobody_can_be_asked_it_says_why(asker: Party, others: list[Party], refusal: Refusal) -> None:
    assert whom_to_ask(asker, others) is refusal


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (timedelta(0), True),
        (timedelta(hours=24) - timedelta(seconds=1), True),
        (timedelta(hours=24), False),
        (timedelta(days=9), False),
    ],
)
def test_a_question_is_open_for_a_day(passed: timedelta, *, expected: bool) -> None:
    assert is_open(NOW, NOW + passed) is expected


@given(earlier=st.integers(0, 3), later=st.integers(0, 3))
def test_who_is_here_longer_counts_whoever_asked(earlier: int, later: int) -> None:
    one = replace(HERE, joined_at=NOW + timedelta(days=earlier))
    other = replace(THERE, joined_at=NOW + timedelta(days=later))
    counting, led = who_counts(one, other)
    assert (counting, led) == who_counts(other, one)
    assert {counting.member_id, led.member_id} == {1, 2}
    assert (counting.joined_at, counting.member_id) < (led.joined_at, led.member_id)


@given(one=st.sampled_from(Role), other=st.sampled_from(Role))
def test_the_higher_role_includes_both(one: Role, other: Role) -> None:
    assert higher(one, other).may(one)
    assert higher(one, other).may(other)
    assert higher(one, other) in (one, other)


def _rival(share_id: int, state: ShareState, *, is_said: bool = False, days: int = 0) -> Rival:
    at = NOW + timedelta(days=days)
    return Rival(share_id=share_id, member_id=share_id, state=state, is_said=is_said, created_at=at)


@pytest.mark.parametrize(
    ("first", "second", "gone"),
    [
        (_rival(1, ShareState.OPENED), _rival(2, ShareState.OPENED, days=1), 2),
        (_rival(1, ShareState.OPENED, days=1), _rival(2, ShareState.OPENED), 1),
        (_rival(1, ShareState.EVIDENCED), _rival(2, ShareState.CONFIRMED), 2),
        (_rival(1, ShareState.OPENED), _rival(2, ShareState.EVIDENCED, days=1), 1),
        (_rival(1, ShareState.DRAFT), _rival(2, ShareState.DRAFT, is_said=True, days=1), 1),
        (_rival(1, ShareState.DRAFT), _rival(2, ShareState.OPENED, days=1), 1),
        (_rival(1, ShareState.EVIDENCED), _rival(2, ShareState.SENDING, days=1), 1),
    ],
)
def test_what_is_known_to_be_out_stays_else_the_older(first: Rival, second: Rival, gone: int) -> None:
    assert who_gives_way(first, second).share_id == gone
    assert who_gives_way(second, first).share_id == gone


def test_what_is_being_sent_cannot_give_way() -> None:
    assert _rival(1, ShareState.QUEUED).can_give_way
    assert not _rival(1, ShareState.SENDING).can_give_way
    assert _rival(1, ShareState.UNCERTAIN).can_give_way
