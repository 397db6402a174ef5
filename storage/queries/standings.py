"""One's own standing: running sums, the private place, and ledger entries with what they were for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.leaderboard import Period, period_dates
from storage.models import LedgerEntry, PointsCount, Post, Share, Total
from storage.queries.ledger import SINCE_EVER

SHOWN = (Period.WEEK, Period.MONTH, Period.QUARTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSum:
    """What a member has in one period, and how many members have more."""

    points: int = 0
    shares: int = 0
    visits: int = 0
    above: int = 0


def _starts(now: datetime, zone: ZoneInfo) -> Mapping[Period, date]:
    """Return the first day of the running sums' rows; the rolling 30 days have one row for ever."""
    week, quarter = (period_dates(one, now, zone).first or SINCE_EVER for one in (Period.WEEK, Period.QUARTER))
    return {Period.WEEK: week, Period.MONTH: SINCE_EVER, Period.QUARTER: quarter}


async def find_own_sums(
    session: AsyncSession, *, member_id: int, now: datetime, zone: ZoneInfo
) -> Mapping[Period, OwnSum]:
    """Return a member's sums of this week, the rolling 30 days and the quarter, in the programme's `zone`."""
    starts = _starts(now, zone)
    wanted = [and_(Total.period == one.value, Total.starts_on == starts[one]) for one in SHOWN]
    above = (
        select(func.coalesce(func.sum(PointsCount.members), 0))
        .where(
            PointsCount.period == Total.period,
            PointsCount.starts_on == Total.starts_on,
            PointsCount.points > Total.points,
        )
        .correlate(Total)
        .scalar_subquery()
    )
    columns = (Total.period, Total.points, Total.shares, Total.visits, above.label("above"))
    rows = await session.execute(select(*columns).where(Total.member_id == member_id, or_(*wanted)))
    held = {
        row.period: OwnSum(points=row.points, shares=row.shares, visits=row.visits, above=int(row.above))
        for row in rows
    }
    return {one: held.get(one.value, OwnSum()) for one in SHOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """A ledger entry as its member sees it; `title` and `network` are those of the share it was for."""

    at: datetime
    kind: str
    points: int
    rule_version: int
    title: str | None
    network: str | None


async def list_own_entries(session: AsyncSession, *, member_id: int, limit: int) -> Sequence[OwnEntry]:
    """Return a member's newest ledger entries that changed their points, at most `limit`."""
    rows = await session.execute(
        select(
            LedgerEntry.at, LedgerEntry.kind, LedgerEntry.points, LedgerEntry.rule_version, Post.title, Share.network
        )
        .select_from(LedgerEntry)
        .outerjoin(Share, Share.id == LedgerEntry.share_id)
        .outerjoin(Post, Post.id == Share.post_id)
        .where(LedgerEntry.member_id == member_id, LedgerEntry.points != 0)
        .order_by(LedgerEntry.at.desc(), LedgerEntry.id.desc())
        .limit(limit)
    )
    return [OwnEntry(**row) for row in rows.mappings()]
