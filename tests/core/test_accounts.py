"""When tokens are renewed and members reminded, which networks have instances, and which of two accounts stays."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.accounts import AccountState, ends_at, has_instances, is_over, is_renewed_now, remind_at, stays
from bot.core.networks import NETWORKS
from bot.core.social import Tokens

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def tokens(minutes: float | None, refresh: str = "") -> Tokens:
    return Tokens(access="a", refresh=refresh, expires_at=None if minutes is None else NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("minutes", "refresh", "expected"),
    [(5, "r", True), (5.1, "r", False), (-9, "r", True), (None, "r", False), (5, "", False), (None, "", False)],
)
def test_tokens_are_renewed_five_minutes_before_their_end_if_they_can_be(
    minutes: float | None, refresh: str, *, expected: bool
) -> None:
    assert is_renewed_now(tokens(minutes, refresh), NOW) is expected


@pytest.mark.parametrize(("minutes", "expected"), [(0, True), (0.1, False), (None, False)])
def test_tokens_are_over_at_their_end(minutes: float | None, *, expected: bool) -> None:
    assert is_over(tokens(minutes), NOW) is expected


def test_only_what_cannot_be_renewed_ends() -> None:
    assert ends_at(tokens(60)) == NOW + timedelta(hours=1)
    assert ends_at(tokens(60, "r")) is None
    assert ends_at(tokens(None)) is None


@pytest.mark.parametrize(("days", "on_day"), [(60, 50), (90, 80), (6, 5)])
def test_members_are_reminded_on_day_50_of_60(days: int, on_day: int) -> None:
    assert remind_at(NOW, NOW + timedelta(days=days)) == NOW + timedelta(days=on_day)


def test_one_network_of_ours_has_instances() -> None:
    assert [name for name in (*NETWORKS, "nowhere") if has_instances(name)] == ["mastodon"]


def test_of_two_accounts_the_better_stays_and_of_two_alike_that_of_the_row_that_counts() -> None:
    found = {(one, other) for one in AccountState for other in AccountState if not stays(one, other)}
    connected, broken, ending = AccountState
    assert found == {(broken, connected), (ending, connected), (ending, broken)}
