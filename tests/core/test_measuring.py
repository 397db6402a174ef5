"""When networks are asked for their counts: ever more rarely, within a budget, and not for ever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.core.measuring import (
    AGES,
    MOST_IN_A_CALL,
    Due,
    after_no_answer,
    after_silence,
    day_of,
    in_calls,
    may_be_asked,
    next_measuring,
    within_budget,
)

SENT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def due(share_id: int, *, account_id: int = 1, age: timedelta = timedelta()) -> Due:
    return Due(share_id=share_id, account_id=account_id, server="", remote_id=str(share_id), sent_at=SENT - age)


def test_a_post_is_asked_for_ever_more_rarely_and_then_no_more() -> None:
    asked, now = [], SENT
    while (at := next_measuring(SENT, now=now)) is not None:
        asked.append(at - SENT)
        now = at
    assert tuple(asked) == AGES
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses == sorted(pauses)


def test_a_time_that_was_missed_is_not_made_up_for() -> None:
    assert next_measuring(SENT, now=SENT + timedelta(days=2)) == SENT + timedelta(days=3)


def test_a_silent_network_is_asked_again_after_its_pause_but_not_for_ever() -> None:
    pause = timedelta(hours=2)
    assert after_no_answer(SENT, now=SENT, pause=pause) == SENT + pause
    assert after_no_answer(SENT, now=SENT, pause=timedelta(0)) == SENT + timedelta(minutes=15)
    assert after_no_answer(SENT, now=SENT + timedelta(days=32), pause=pause) is None


def test_a_post_of_which_nothing_was_told_is_asked_for_within_a_day_but_not_for_ever() -> None:
    assert after_silence(SENT, now=SENT + timedelta(hours=1)) == SENT + timedelta(hours=6)
    assert after_silence(SENT, now=SENT + timedelta(days=15)) == SENT + timedelta(days=16)
    assert after_silence(SENT, now=SENT + timedelta(days=30)) == SENT + timedelta(days=31)
    assert after_silence(SENT, now=SENT + timedelta(days=32)) is None


def test_the_newest_posts_come_first_and_the_budget_of_the_day_is_kept() -> None:
    old, new, middle = due(1, age=timedelta(days=9)), due(2), due(3, age=timedelta(days=1))
    assert within_budget([old, new, middle], asked_today=8, most_a_day=10) == [new, middle]
    assert within_budget([old, new, middle], asked_today=11, most_a_day=10) == []


def test_a_call_asks_for_one_account_and_for_no_more_than_a_call_may() -> None:
    shares = [due(number, account_id=number % 2) for number in range(2 * MOST_IN_A_CALL + 2)]
    calls = in_calls(shares)
    assert [len(one) for one in calls] == [MOST_IN_A_CALL, 1, MOST_IN_A_CALL, 1]
    assert all(len({one.account_id for one in call}) == 1 for call in calls)
    assert sorted(one.share_id for call in calls for one in call) == list(range(2 * MOST_IN_A_CALL + 2))


@pytest.mark.parametrize(
    ("network", "is_vetted", "expected"), [("linkedin", False, False), ("linkedin", True, True), ("x", False, True)]
)
def test_linkedin_tells_vetted_apps_alone(network: str, is_vetted: bool, expected: bool) -> None:  # noqa: FBT001
    assert may_be_asked(network, is_vetted=is_vetted) is expected


def test_a_network_bills_by_the_day_in_utc() -> None:
    late = datetime.fromisoformat("2026-11-24T00:30:00+01:00")
    assert day_of(late) == datetime(2026, 11, 23, tzinfo=UTC)
