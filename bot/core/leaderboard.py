"""Boards: periods in a time zone, ranks with ties, crews, and who is named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby

SMALLEST_CREW = 5
ROLLING_DAYS = 30


class Period(StrEnum):
    """What a board covers: `month` is the rolling 30 days, `quarter` the season."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    ALL = "all"


def period_of(word: str) -> Period | None:
    """Return the period that a command's word means ("season" is the quarter), or `None`."""
    word = word.strip().lower()
    return Period.QUARTER if word == "season" else next((one for one in Period if one.value == word), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """A range of local dates: `first` is in it (`None`: since ever), `end` no more."""

    first: date | None
    end: date

    def has(self, day: date) -> bool:
        """Say whether `day` is in the range."""
        return (self.first is None or self.first <= day) and day < self.end

    def instants(self, zone: tzinfo) -> tuple[datetime | None, datetime]:
        """Return the first instant of the range and the first after it, in UTC; `None` where it has no beginning."""
        return (None if self.first is None else midnight(self.first, zone), midnight(self.end, zone))


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which `day` begins in `zone`, also where its clocks skip midnight."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def local_date(now: datetime, zone: tzinfo) -> date:
    """Return the date that people in `zone` have at `now`."""
    return now.astimezone(zone).date()


def period_dates(period: Period, now: datetime, zone: tzinfo) -> Dates:
    """Return the dates of `period` that `now` is in; weeks begin on Monday, the rolling 30 days end with today."""
    today = local_date(now, zone)
    tomorrow = today + timedelta(days=1)
    match period:
        case Period.DAY:
            return Dates(first=today, end=tomorrow)
        case Period.WEEK:
            monday = today - timedelta(days=today.weekday())
            return Dates(first=monday, end=monday + timedelta(days=7))
        case Period.MONTH:
            return Dates(first=tomorrow - timedelta(days=ROLLING_DAYS), end=tomorrow)
        case Period.QUARTER:
            return _quarter(today)
        case Period.ALL:
            return Dates(first=None, end=tomorrow)


def _quarter(today: date) -> Dates:
    first_month = 3 * ((today.month - 1) // 3) + 1
    end = date(today.year + 1, 1, 1) if first_month == 10 else date(today.year, first_month + 3, 1)
    return Dates(first=date(today.year, first_month, 1), end=end)


def dates_before(period: Period, now: datetime, zone: tzinfo) -> Dates:
    """Return the dates of the `period` before the one that `now` is in: the week that a weekly board sums up."""
    current = period_dates(period, now, zone)
    if current.first is None:
        return current
    return period_dates(period, midnight(current.first, zone) - timedelta(microseconds=1), zone)


def season_name(dates: Dates) -> str:
    """Return a season's name, "2026-Q4"."""
    first = dates.first or dates.end
    return f"{first.year}-Q{(first.month - 1) // 3 + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member's points in a period; `is_named` after they said yes to being named on boards."""

    member_id: int
    points: int
    is_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A standing with its rank; members with the same points share one, and the next rank is as far on: 1, 1, 3."""

    rank: int
    standing: Standing


def rank(standings: Iterable[Standing]) -> list[Ranked]:
    """Return the standings from most to fewest points with their ranks; those without points are not ranked."""
    ordered = sorted((one for one in standings if one.points > 0), key=lambda one: (-one.points, one.member_id))
    ranked: list[Ranked] = []
    for _, tied in groupby(ordered, key=lambda one: one.points):
        place = len(ranked) + 1
        ranked.extend(Ranked(rank=place, standing=one) for one in tied)
    return ranked


def own_rank(points: int, *, members_above: int) -> int | None:
    """Return the rank that only the member is told: among all, named or not; `None` without points."""
    return members_above + 1 if points > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """What a board may show: named rows, and everyone else together, `None` where they are too few to stay unknown.

    `total` is what all have together; it is `None` as well where it would give the others away.
    """

    rows: Sequence[Ranked]
    others: int | None
    others_points: int | None
    total: int | None


def visible_rows(standings: Iterable[Standing], *, at_most: int, smallest: int = SMALLEST_CREW) -> Visible:
    """Return what a board may show of `standings`: by name only those who said yes, ranked among themselves.

    `at_most` rows, but never half of a tie: who shares the last shown rank is shown too. Members without points are
    neither shown nor counted. Fewer than `smallest` others are not shown even as a sum.
    """
    earning = [one for one in standings if one.points > 0]
    named = [one for one in earning if one.is_named]
    return visible_of(
        named,
        named=_sum(named),
        others=_sum(one for one in earning if not one.is_named),
        at_most=at_most,
        smallest=smallest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """So many members who earned something, and what they have together."""

    members: int
    points: int


def _sum(standings: Iterable[Standing]) -> Sum:
    points = [one.points for one in standings]
    return Sum(members=len(points), points=sum(points))


def visible_of(
    top: Iterable[Standing], *, named: Sum, others: Sum, at_most: int, smallest: int = SMALLEST_CREW
) -> Visible:
    """Return what `visible_rows` does where only the first of those who are named were read, and the sums of all."""
    ranked = rank(top)
    shown = (
        ranked
        if len(ranked) <= at_most
        else [one for one in ranked if at_most and one.rank <= ranked[at_most - 1].rank]
    )
    is_hidden = 0 < others.members < smallest
    return Visible(
        rows=shown,
        others=None if is_hidden else others.members,
        others_points=None if is_hidden else others.points,
        total=None if is_hidden else named.points + others.points,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewSum:
    """What a crew's members have together in a period; `active` is how many of them earned something."""

    crew_id: int
    name: str
    active: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewRank:
    """A crew's place on the board; `mean` is points per active member."""

    rank: int
    crew_id: int
    name: str
    mean: float


def crew_means(crews: Iterable[CrewSum], *, smallest: int = SMALLEST_CREW) -> list[CrewRank]:
    """Return the crews by mean points per active member, ties sharing a rank, by name among themselves.

    A crew with fewer than `smallest` active members is left out: its mean would tell what few people have.
    """
    fitting = [one for one in crews if one.active >= max(smallest, 1)]
    ordered = sorted(fitting, key=lambda one: (-one.points / one.active, one.name, one.crew_id))
    ranked: list[CrewRank] = []
    for mean, tied in groupby(ordered, key=lambda one: one.points / one.active):
        place = len(ranked) + 1
        ranked.extend(CrewRank(rank=place, crew_id=one.crew_id, name=one.name, mean=mean) for one in tied)
    return ranked
