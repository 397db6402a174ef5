"""The ledger of points: entries are only ever added, and the running sums follow them in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import points
from bot.core.points import EntryKind
from bot.core.programme import Programme
from storage.models import LedgerEntry
from storage.queries.group_totals import SINCE_EVER
from storage.queries.totals import Sums, add_to_totals

__all__ = ["SINCE_EVER", "NewEntry", "add_entries", "count_entries", "keep_entries", "reverse_share"]

_TAKES_BACK_A_SHARE = f"{EntryKind.REVERSAL.value}:{EntryKind.SHARE.value}:"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to add: `on_day` is the day of the programme's zone that it counts for."""

    member_id: int
    at: datetime
    on_day: date
    kind: EntryKind
    points: int
    key: str
    rule_version: int
    visits: int = 0
    share_id: int | None = None
    suggestion_id: int | None = None


async def add_entries(
    session: AsyncSession, entries: Sequence[NewEntry], *, now: datetime, programme: Programme
) -> int:
    """Add those entries whose keys are new, with the running sums, and return how many were."""
    added = await keep_entries(session, entries)
    await count_entries(session, added, now=now, programme=programme)
    return len(added)


async def keep_entries(session: AsyncSession, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
    """Add those entries whose keys are new and return them: they are to be counted in the same transaction."""
    once = {entry.key: entry for entry in reversed(entries)}
    if not once:
        return []
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    names = NewEntry.__slots__
    rows = [{name: getattr(one, name) for name in names} | {"kind": one.kind.value} for one in once.values()]
    adding = dialect.insert(LedgerEntry).on_conflict_do_nothing(index_elements=["key"]).returning(LedgerEntry.key)
    return [once[key] for key in await session.scalars(adding, rows[::-1])]


async def count_entries(
    session: AsyncSession, added: Sequence[NewEntry], *, now: datetime, programme: Programme
) -> None:
    """Let the running sums follow entries that were just added."""
    await add_to_totals(session, [_sums(entry) for entry in added], now=now, programme=programme)


def _sums(entry: NewEntry) -> Sums:
    shares = int(entry.kind is EntryKind.SHARE) - int(entry.key.startswith(_TAKES_BACK_A_SHARE))
    return Sums(member_id=entry.member_id, on_day=entry.on_day, points=entry.points, shares=shares, visits=entry.visits)


async def reverse_share(session: AsyncSession, *, share_id: int, now: datetime, programme: Programme) -> int:
    """Take back what a share earned, one entry for each of its entries, and return the points taken; again: 0.

    A reversal stands on the day of what it takes back, so that the sums of that day, week and quarter are right.
    Visits stay counted: they happened.
    """
    rows = (await session.scalars(select(LedgerEntry).where(LedgerEntry.share_id == share_id))).all()
    days = {row.key: row.on_day for row in rows}
    taken = [
        NewEntry(
            member_id=entry.member_id,
            at=entry.at,
            on_day=days[entry.key.removeprefix(f"{EntryKind.REVERSAL.value}:")],
            kind=entry.kind,
            points=entry.points,
            key=entry.key,
            rule_version=entry.rule_version,
            share_id=share_id,
        )
        for entry in points.reversals([_entry(row) for row in rows], at=now)
    ]
    await add_entries(session, taken, now=now, programme=programme)
    return -sum(entry.points for entry in taken)


def _entry(row: LedgerEntry) -> points.LedgerEntry:
    return points.LedgerEntry(
        member_id=row.member_id,
        points=row.points,
        kind=EntryKind(row.kind),
        key=row.key,
        rule_version=row.rule_version,
        at=row.at,
    )
