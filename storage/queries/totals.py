"""Running sums per member and period: they follow the ledger in the same transaction, and can be rebuilt from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.leaderboard import Period, midnight, period_dates
from bot.core.points import EntryKind
from bot.core.programme import Programme
from storage.models import LedgerEntry, Total

SINCE_EVER = date(1970, 1, 1)


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
    rows = [
        {"member_id": key[0], "period": key[1], "starts_on": key[2], "points": h[0], "shares": h[1], "visits": h[2]}
        for key, h in sorted(together.items())
        if any(h)
    ]
    if rows:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        adding = dialect.insert(Total)
        grown = {name: Total.__table__.c[name] + adding.excluded[name] for name in ("points", "shares", "visits")}
        await session.execute(adding.on_conflict_do_update(index_elements=list(_KEY), set_=grown), rows)


_KEY = ("member_id", "period", "starts_on")
_COUNTS = ("points", "shares", "visits")
_DAY = Total.__table__.c


async def roll_month(session: AsyncSession, *, now: datetime, programme: Programme) -> None:
    """Make the rolling 30 days of everyone end with today; again changes nothing."""
    dates = period_dates(Period.MONTH, now, programme.zone)
    await session.execute(delete(Total).where(Total.period == Period.MONTH.value))
    in_them = (_DAY.period == Period.DAY.value, _DAY.starts_on >= dates.first, _DAY.starts_on < dates.end)
    sums = [func.sum(_DAY[name]) for name in _COUNTS]
    first = literal(SINCE_EVER, _DAY.starts_on.type)
    rows = select(_DAY.member_id, literal(Period.MONTH.value), first, *sums).where(*in_them).group_by(_DAY.member_id)
    await session.execute(insert(Total).from_select([*_KEY, *_COUNTS], rows))


async def rebuild_totals(
    session: AsyncSession, *, now: datetime, programme: Programme, member_ids: Sequence[int] | None = None
) -> None:
    """Make every running sum anew from the ledger, or only those of some members."""
    old, columns = delete(Total), (LedgerEntry.member_id, LedgerEntry.on_day)
    sums_of = select(*columns, func.sum(LedgerEntry.points), func.sum(_shares()), func.sum(LedgerEntry.visits))
    if member_ids is not None:
        old, sums_of = old.where(Total.member_id.in_(member_ids)), sums_of.where(columns[0].in_(member_ids))
    await session.execute(old)
    rows = await session.execute(sums_of.group_by(*columns))
    sums = [
        Sums(member_id=row[0], on_day=row[1], points=int(row[2]), shares=int(row[3]), visits=int(row[4]))
        for row in rows
    ]
    await add_to_totals(session, sums, now=now, programme=programme)


def _shares() -> ColumnElement[int]:
    """Return how many shares an entry stands for: one for a share's own points, less one for taking them back."""
    taken_back = LedgerEntry.key.like(f"{EntryKind.REVERSAL.value}:{EntryKind.SHARE.value}:%")
    return case((LedgerEntry.kind == EntryKind.SHARE.value, 1), (taken_back, -1), else_=0)
