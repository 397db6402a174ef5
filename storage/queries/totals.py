"""Running sums per member and period: they follow the ledger in the same transaction, and can be rebuilt from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    DateTime,
    Select,
    Table,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from bot.core.leaderboard import Period, midnight, period_dates
from bot.core.points import EntryKind
from bot.core.programme import Programme
from storage.models import LedgerEntry, Member, Total
from storage.queries.group_totals import SINCE_EVER, following

AT_ONCE = 500
"""Of so many members the sums are made anew in one statement."""

_TOTAL: Table = Total.__table__  # type: ignore[assignment]
_HELD = _TOTAL.c
_KEY = ("member_id", "period", "starts_on")
_COUNTS = ("points", "shares", "visits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What is added to a member's sums of the periods that `on_day`, a day of the programme's zone, is part of."""

    member_id: int
    on_day: date
    points: int = 0
    shares: int = 0
    visits: int = 0


def periods_of(on_day: date, *, now: datetime, programme: Programme) -> Mapping[Period, date]:
    """Return the running sums that a day is part of now, each with the first day of its row."""
    noon = midnight(on_day, programme.zone) + timedelta(hours=12)
    starts = {one: period_dates(one, noon, programme.zone).first or on_day for one in (Period.WEEK, Period.QUARTER)}
    starts |= {Period.DAY: on_day, Period.ALL: SINCE_EVER}
    if period_dates(Period.MONTH, now, programme.zone).has(on_day):
        starts[Period.MONTH] = SINCE_EVER
    return starts


async def add_to_totals(session: AsyncSession, sums: Iterable[Sums], *, now: datetime, programme: Programme) -> None:
    """Add to the running sums; a sum may be negative, for what is taken back."""
    together: dict[tuple[int, str, date], list[int]] = {}
    for one in sums:
        for period, first in periods_of(one.on_day, now=now, programme=programme).items():
            held = together.setdefault((one.member_id, period.value, first), [0, 0, 0])
            for place, value in enumerate((one.points, one.shares, one.visits)):
                held[place] += value
    grown = {key: held for key, held in sorted(together.items()) if any(held)}
    if not grown:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    adding = dialect.insert(Total)
    larger = {name: _HELD[name] + adding.excluded[name] for name in _COUNTS}
    rows = [dict(zip((*_KEY, *_COUNTS), (*key, *held), strict=True)) for key, held in grown.items()]
    keys = {(period, first) for _, period, first in grown if period != Period.DAY.value}
    async with following(session, member_ids={one for one, _, _ in grown}, keys=keys):
        await session.execute(adding.on_conflict_do_update(index_elements=list(_KEY), set_=larger), rows)


# Made anew from the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The members from number `first` to number `last`."""

    first: int
    last: int


async def list_spans(session: AsyncSession, *, width: int = 2000) -> Sequence[Span]:
    """Return spans that hold every member, each with at most `width`."""
    found = await session.execute(select(func.coalesce(func.min(Member.id), 0), func.coalesce(func.max(Member.id), -1)))
    first, last = found.one()
    return [Span(first=one, last=one + width - 1) for one in range(first, last + 1, width)]


async def count_members(session: AsyncSession) -> int:
    """Return how many members have anything in the ledger."""
    return await session.scalar(select(func.count(LedgerEntry.member_id.distinct()))) or 0


async def list_wrong_members(
    session: AsyncSession, span: Span, *, now: datetime, programme: Programme, periods: Collection[Period]
) -> Sequence[int]:
    """Return the members of a span whose running sums of these periods are not what the ledger says."""
    is_theirs, are_asked = _HELD.member_id.between(span.first, span.last), _HELD.period.in_(sorted(periods))
    held = select(*(_HELD[name] for name in (*_KEY, *_COUNTS))).where(is_theirs, are_asked, _is_something(_HELD))
    of_them = LedgerEntry.member_id.between(span.first, span.last)
    made = _made(session, of_them, now=now, programme=programme, periods=periods)
    found = [await session.execute(one.except_(other)) for one, other in ((made, held), (held, made))]
    return sorted({row[0] for rows in found for row in rows})


async def rebuild_totals(
    session: AsyncSession,
    *,
    now: datetime,
    programme: Programme,
    member_ids: Sequence[int] | None = None,
    periods: Collection[Period] = tuple(Period),
) -> None:
    """Make the running sums of these periods anew from the ledger, of everyone or only of some members."""
    wanted = (await session.scalars(select(Member.id))).all() if member_ids is None else member_ids
    columns = [*_KEY, *_COUNTS]
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        async with following(session, member_ids=some):
            theirs = (_HELD.member_id.in_(some), _HELD.period.in_(sorted(periods)))
            await session.execute(delete(_TOTAL).where(*theirs))
            of_them = LedgerEntry.member_id.in_(some)
            made = _made(session, of_them, now=now, programme=programme, periods=periods)
            await session.execute(insert(_TOTAL).from_select(columns, made))


def _made(
    session: AsyncSession,
    of_them: ColumnElement[bool],
    *,
    now: datetime,
    programme: Programme,
    periods: Collection[Period],
) -> Select[*tuple[object, ...]]:
    """Return the rows of running sums that the ledger makes, as `add_to_totals` would have added them up."""
    month = period_dates(Period.MONTH, now, programme.zone)
    in_month = (LedgerEntry.on_day >= (month.first or SINCE_EVER), LedgerEntry.on_day < month.end)
    days = _days(session, of_them, *(in_month if set(periods) == {Period.MONTH} else ()))
    since_ever = literal(SINCE_EVER, Date())
    starts = {
        Period.DAY: days.c.on_day,
        Period.WEEK: days.c.week,
        Period.QUARTER: days.c.quarter,
        Period.MONTH: since_ever,
        Period.ALL: since_ever,
    }
    parts = []
    for period in periods:
        sums = [func.sum(days.c[name]).label(name) for name in _COUNTS]
        start = starts[period]
        part = select(days.c.member_id, literal(period.value).label("period"), start.label("starts_on"), *sums)
        keys = (days.c.member_id,) if start is since_ever else (days.c.member_id, start)
        within = (days.c.on_day >= month.first, days.c.on_day < month.end) if period is Period.MONTH else ()
        parts.append(part.where(*within).group_by(*keys))
    made = union_all(*parts).subquery()
    return select(*(made.c[name] for name in (*_KEY, *_COUNTS))).where(_is_something(made.c))


def _days(session: AsyncSession, *wanted: ColumnElement[bool]) -> CTE:
    """Return what the ledger has for each member and day, with the first days of its week and its quarter."""
    on_day = LedgerEntry.__table__.c.on_day
    week, quarter = _starts(session, on_day)
    sums = (
        func.sum(LedgerEntry.points).label("points"),
        func.sum(_shares()).label("shares"),
        func.sum(LedgerEntry.visits).label("visits"),
    )
    rows = select(LedgerEntry.member_id, on_day, week.label("week"), quarter.label("quarter"), *sums)
    return rows.where(*wanted).group_by(LedgerEntry.member_id, on_day).cte("days")


def _starts(session: AsyncSession, on_day: ColumnElement[date]) -> tuple[ColumnElement[date], ColumnElement[date]]:
    """Return the Monday of a day's week and the first day of its quarter, in the words of the database."""
    if session.get_bind().dialect.name == "postgresql":
        moment = cast(on_day, DateTime())
        return tuple(cast(func.date_trunc(one, moment), Date()) for one in ("week", "quarter"))  # type: ignore[return-value]
    months = func.printf("-%d months", (func.strftime("%m", on_day) - 1) % 3)
    return (
        func.date(on_day, "weekday 0", "-6 days", type_=Date()),
        func.date(on_day, "start of month", months, type_=Date()),
    )


def _is_something(columns: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """Leave out the rows in which everything was taken back: they say what no row says as well."""
    return or_(*(columns[name] != 0 for name in _COUNTS))


def _shares() -> ColumnElement[int]:
    """Return how many shares an entry stands for: one for a share's own points, less one for taking them back."""
    taken_back = LedgerEntry.key.like(f"{EntryKind.REVERSAL.value}:{EntryKind.SHARE.value}:%")
    return case((LedgerEntry.kind == EntryKind.SHARE.value, 1), (taken_back, -1), else_=0)
