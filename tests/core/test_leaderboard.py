"""Periods in a time zone, ranks with ties, crews, and who is named."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.leaderboard import (
    CrewSum,
    Dates,
    Period,
    Standing,
    crew_means,
    dates_before,
    local_date,
    midnight,
    own_rank,
    period_dates,
    period_of,
    rank,
    season_name,
    visible_rows,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ZONES = st.sampled_from(
    [
        ZoneInfo(one)
        for one in ("Europe/Amsterdam", "UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo")
    ]
)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
# A Saturday evening in Amsterdam, Friday still in New York's morning sense does not matter: the zone decides.
NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first", "end"),
    [
        (Period.DAY, date(2026, 11, 22), date(2026, 11, 23)),
        (Period.WEEK, date(2026, 11, 16), date(2026, 11, 23)),
        (Period.MONTH, date(2026, 10, 24), date(2026, 11, 23)),
        (Period.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
        (Period.ALL, None, date(2026, 11, 23)),
    ],
)
def test_periods_are_those_of_the_programmes_zone(period: Period, first: date | None, end: date) -> None:
    assert period_dates(period, NOW, AMSTERDAM) == Dates(first=first, end=end)
    assert local_date(NOW, AMSTERDAM) == date(2026, 11, 22)


@given(period=st.sampled_from(Period), now=INSTANTS, zone=ZONES)
def test_an_instant_is_in_its_period_and_not_in_the_one_before(period: Period, now: datetime, zone: ZoneInfo) -> None:
    dates = period_dates(period, now, zone)
    assert dates.has(local_date(now, zone))
    start, end = dates.instants(zone)
    assert now < end
    assert start is None or start <= now
    before = dates_before(period, now, zone)
    if period is Period.ALL:
        assert before == dates
    else:
        assert before.end == dates.first
        assert not before.has(local_date(now, zone))


@given(now=INSTANTS, zone=ZONES)
def test_the_lengths_of_periods(now: datetime, zone: ZoneInfo) -> None:
    def days(period: Period) -> int:
        dates = period_dates(period, now, zone)
        assert dates.first is not None
        return (dates.end - dates.first).days

    assert (days(Period.DAY), days(Period.WEEK), days(Period.MONTH)) == (1, 7, 30)
    assert 90 <= days(Period.QUARTER) <= 92


def test_midnight_is_an_instant_also_where_the_clocks_change() -> None:
    assert midnight(date(2026, 10, 25), AMSTERDAM) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert midnight(date(2026, 10, 26), AMSTERDAM) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    # In Cairo the clocks skip the midnight of 2026-04-24: that day begins at 1:00.
    assert midnight(date(2026, 4, 24), ZoneInfo("Africa/Cairo")) == datetime(2026, 4, 23, 22, tzinfo=UTC)


def test_words_of_commands() -> None:
    assert period_of("Season") is Period.QUARTER
    assert period_of(" month ") is Period.MONTH
    assert period_of("year") is None
    assert season_name(period_dates(Period.QUARTER, NOW, AMSTERDAM)) == "2026-Q4"
    assert season_name(period_dates(Period.ALL, NOW, AMSTERDAM)) == "2026-Q4"


STANDINGS = st.lists(
    st.builds(Standing, member_id=st.integers(1, 999), points=st.integers(-3, 12), is_named=st.booleans()),
    unique_by=lambda one: one.member_id,
    max_size=25,
)


@given(standings=STANDINGS)
def test_a_rank_is_one_more_than_those_above(standings: list[Standing]) -> None:
    ranked = rank(standings)
    assert {one.standing for one in ranked} == {one for one in standings if one.points > 0}
    for one in ranked:
        above = sum(other.points > one.standing.points for other in standings)
        assert one.rank == above + 1 == own_rank(one.standing.points, members_above=above)
    assert [one.standing.points for one in ranked] == sorted((one.standing.points for one in ranked), reverse=True)


def test_ties_share_a_rank() -> None:
    ranked = rank([Standing(member_id=1, points=5), Standing(member_id=2, points=9), Standing(member_id=3, points=9)])
    assert [(one.rank, one.standing.member_id) for one in ranked] == [(1, 2), (1, 3), (3, 1)]
    assert own_rank(0, members_above=3) is None


@given(standings=STANDINGS, at_most=st.integers(0, 6))
def test_only_those_who_said_yes_are_named_and_few_others_stay_unknown(standings: list[Standing], at_most: int) -> None:
    board = visible_rows(standings, at_most=at_most)
    assert all(one.standing.is_named and one.standing.points > 0 for one in board.rows)
    unnamed = [one.points for one in standings if one.points > 0 and not one.is_named]
    if 0 < len(unnamed) < 5:
        assert (board.others, board.others_points, board.total) == (None, None, None)
    else:
        assert (board.others, board.others_points) == (len(unnamed), sum(unnamed))
        assert board.total == sum(one.points for one in standings if one.points > 0)
    named = rank(one for one in standings if one.is_named)
    assert list(board.rows) == named[: len(board.rows)]
    assert len(board.rows) >= min(at_most, len(named))
    left_out = named[len(board.rows) :]
    assert not board.rows or all(one.rank > board.rows[-1].rank for one in left_out)


def test_the_last_rank_shown_is_shown_whole() -> None:
    standings = [
        Standing(member_id=number, points=points, is_named=True) for number, points in enumerate([9, 4, 4, 4, 1])
    ]
    assert [one.rank for one in visible_rows(standings, at_most=2).rows] == [1, 2, 2, 2]


CREWS = st.lists(
    st.builds(
        CrewSum,
        crew_id=st.integers(1, 99),
        name=st.sampled_from("abc"),
        active=st.integers(0, 9),
        points=st.integers(0, 90),
    ),
    unique_by=lambda one: one.crew_id,
    max_size=12,
)


@given(crews=CREWS)
def test_no_crew_under_five_is_shown_and_means_decide(crews: list[CrewSum]) -> None:
    ranked = crew_means(crews)
    assert {one.crew_id for one in ranked} == {one.crew_id for one in crews if one.active >= 5}
    means = [one.mean for one in ranked]
    assert means == sorted(means, reverse=True)
    assert all(one.rank == 1 + sum(mean > one.mean for mean in means) for one in ranked)


def test_a_small_crew_can_win() -> None:
    crews = [
        CrewSum(crew_id=1, name="Big", active=50, points=500),
        CrewSum(crew_id=2, name="Small", active=5, points=55),
    ]
    assert [(one.name, one.mean) for one in crew_means(crews)] == [("Small", 11), ("Big", 10)]
    assert crew_means([CrewSum(crew_id=1, name="None", active=0, points=0)], smallest=0) == []


def test_a_range_has_its_first_day_and_not_its_end() -> None:
    dates = Dates(first=date(2026, 1, 5), end=date(2026, 1, 12))
    assert dates.has(dates.end - timedelta(days=1))
    assert dates.has(date(2026, 1, 5))
    assert not dates.has(dates.end)
    assert not dates.has(date(2026, 1, 4))
