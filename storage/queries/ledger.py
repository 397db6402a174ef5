"""The ledger of points: entries are only ever added, and the running sums follow them in the same transaction."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import points
from bot.core.leaderboard import Period, local_date, midnight, period_dates
from bot.core.points import EntryKind
from bot.core.programme import Programme
from storage.models import LedgerEntry, Total

SINCE_EVER = date(1970, 1, 1)


async def reverse_share(session: AsyncSession, *, share_id: int, now: datetime, programme: Programme) -> int:
    """Take back what a share earned, one entry for each of its entries, and return the points taken; again: 0.

    A reversal stands on the day of what it takes back, so that the sums of that day, week and quarter are right.
    """
    rows = (await session.scalars(select(LedgerEntry).where(LedgerEntry.share_id == share_id))).all()
    days = {row.key: row.on_day for row in rows}
    taken = 0
    for entry in points.reversals([_entry(row) for row in rows], at=now):
        on_day = days[entry.key.removeprefix(f"{EntryKind.REVERSAL.value}:")]
        is_share = entry.key == f"{EntryKind.REVERSAL.value}:{points.entry_key(EntryKind.SHARE, share_id)}"
        await session.execute(
            insert(LedgerEntry).values(
                member_id=entry.member_id,
                at=entry.at,
                on_day=on_day,
                kind=entry.kind.value,
                points=entry.points,
                key=entry.key,
                rule_version=entry.rule_version,
                share_id=share_id,
            )
        )
        starts = _periods_of(on_day, now=now, programme=programme)
        await _take(session, entry, shares=int(is_share), starts=starts)
        taken -= entry.points
    return taken


def _entry(row: LedgerEntry) -> points.LedgerEntry:
    return points.LedgerEntry(
        member_id=row.member_id,
        points=row.points,
        kind=EntryKind(row.kind),
        key=row.key,
        rule_version=row.rule_version,
        at=row.at,
    )


def _periods_of(on_day: date, *, now: datetime, programme: Programme) -> Mapping[str, date]:
    """Return the running sums that a day is part of, each with the first day of its row."""
    at = midnight(on_day, programme.zone) + timedelta(hours=12)
    week = period_dates(Period.WEEK, at, programme.zone).first or on_day
    quarter = period_dates(Period.QUARTER, at, programme.zone).first or on_day
    starts = {"day": on_day, "week": week, "quarter": quarter, "all": SINCE_EVER}
    rolling = period_dates(Period.MONTH, now, programme.zone)
    return {**starts, "month": SINCE_EVER} if rolling.has(min(on_day, local_date(now, programme.zone))) else starts


async def _take(session: AsyncSession, entry: points.LedgerEntry, *, shares: int, starts: Mapping[str, date]) -> None:
    held = [and_(Total.period == period, Total.starts_on == first) for period, first in starts.items()]
    await session.execute(
        update(Total)
        .where(Total.member_id == entry.member_id, or_(*held))
        .values(points=Total.points + entry.points, shares=Total.shares - shares)
    )
