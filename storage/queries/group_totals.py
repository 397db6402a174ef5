"""Sums over many members: of each crew, of all, and how many have how many points; they follow members' running sums.

Whoever changes running sums, or where members are counted, does so within `following`: in one transaction, one such
transaction after the other.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.leaderboard import Period
from storage.models import CrewTotal, Member, PointsCount, Total
from storage.models.member import MISPLACED
from storage.prepared import Prepared

Key = tuple[str, date]
"""A period and the day on which it begins."""

AT_ONCE = 500
SINCE_EVER = date(1970, 1, 1)

_COUNTING = 0x566F756368  # the number of the lock in the database
_DAY = Period.DAY.value

_HOLD = Prepared(select(func.pg_advisory_xact_lock(_COUNTING).label("held")))

IS_NAMED = and_(Member.is_named.is_(True), Member.left_at.is_(None), Member.erased_at.is_(None), Member.name != "")
"""Who may stand on a board by name."""


async def hold_counts(session: AsyncSession) -> None:
    """Let one transaction after the other change what is counted: whoever comes waits until this one ends.

    Whoever holds it waits for nothing else any more, or only for what nobody else waits with.
    """
    if session.get_bind().dialect.name == "postgresql":
        await _HOLD.first(session, {})


@asynccontextmanager
async def following(
    session: AsyncSession, *, member_ids: Collection[int], keys: Collection[Key] | None = None
) -> AsyncIterator[None]:
    """Let the sums over many members follow what the block changes about these: their running sums, or their crews.

    With `keys` only the running sums of these periods change.
    """
    if not member_ids:
        yield
        return
    await hold_counts(session)
    wanted = [Total.member_id.in_(member_ids), Total.period != _DAY]
    if keys is not None:
        wanted.append(tuple_(Total.period, Total.starts_on).in_(sorted(keys)))
    await _add(session, and_(*wanted), sign=-1)
    yield
    await _add(session, and_(*wanted), sign=1)


async def _add(session: AsyncSession, wanted: ColumnElement[bool], *, sign: int) -> None:
    """Add what these running sums come to, or with `sign` -1 take it away."""
    for table, sums in ((CrewTotal, crew_sums(wanted, sign=sign)), (PointsCount, points_counts(wanted, sign=sign))):
        columns = [column.name for column in table.__table__.columns]
        adding = _dialect(session).insert(table).from_select(columns, sums)
        await session.execute(_growing(table, adding))


def _growing(table: type[CrewTotal | PointsCount], adding: Any) -> Any:  # noqa: ANN401
    """Return the statement so that it adds to the rows that there are; the types of both databases differ."""
    columns = table.__table__.c
    keys = [column.name for column in columns if column.primary_key]
    grown = {column.name: column + adding.excluded[column.name] for column in columns if not column.primary_key}
    return adding.on_conflict_do_update(index_elements=keys, set_=grown)


def _dialect(session: AsyncSession) -> Any:  # noqa: ANN401 - either of two modules
    return sqlite if session.get_bind().dialect.name == "sqlite" else postgresql


def crew_sums(wanted: ColumnElement[bool], *, sign: int = 1) -> Select[*tuple[object, ...]]:
    """Return the rows of `CrewTotal` that these running sums make, in the order of their keys."""
    keys = (Total.period, Total.starts_on, Member.counted_crew_id, Member.is_counted_named)
    has_points = Total.points > 0
    sums = (
        sign * func.sum(case((has_points, 1), else_=0)),
        sign * func.sum(case((has_points, Total.points), else_=0)),
        sign * func.sum(Total.shares),
        sign * func.sum(Total.visits),
    )
    return select(*keys, *sums).join(Member, Member.id == Total.member_id).where(wanted).group_by(*keys).order_by(*keys)


def points_counts(wanted: ColumnElement[bool], *, sign: int = 1) -> Select[*tuple[object, ...]]:
    """Return the rows of `PointsCount` that these running sums make, in the order of their keys."""
    keys = (Total.period, Total.starts_on, Total.points)
    return select(*keys, sign * func.count()).where(wanted, Total.points > 0).group_by(*keys).order_by(*keys)


async def recount_members(session: AsyncSession, *, member_ids: Sequence[int] | None = None) -> bool:
    """Count members where they belong by now: of those given, or of all some; `True` if there may be more.

    Of all, whoever is being written about is left for the next time. Nobody is held while the turn is waited for: who
    has it may be about to write of them.
    """
    found = select(Member.id).where(MISPLACED).order_by(Member.id).limit(AT_ONCE)
    if member_ids is None:
        await hold_counts(session)
        found = found.with_for_update(skip_locked=True, key_share=True)
    else:
        found = found.where(Member.id.in_(member_ids))
    moved = (await session.scalars(found)).all()
    async with following(session, member_ids=moved):
        place = {"counted_crew_id": func.coalesce(Member.crew_id, 0), "is_counted_named": IS_NAMED}
        here = update(Member).where(Member.id.in_(moved)).execution_options(synchronize_session=False)
        await session.execute(here.values(**place))
    return len(moved) == AT_ONCE


# Looking after them


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What is to be added to the rows of a table so that they say what the members have."""

    table: type[CrewTotal | PointsCount]
    rows: Sequence[Mapping[str, Any]]


async def list_drifts(session: AsyncSession, *, period: Period, since: date) -> Sequence[Drift]:
    """Return where the sums over many members, of a period that begins from `since` on, are not what these have."""
    made_of = and_(Total.period == period.value, Total.starts_on >= since)
    found = []
    for table, sums in ((CrewTotal, crew_sums(made_of)), (PointsCount, points_counts(made_of))):
        columns = table.__table__.c
        keys = [column.name for column in columns if column.primary_key]
        amounts = [column.name for column in columns if not column.primary_key]
        taken = [*(columns[name] for name in keys), *(-columns[name] for name in amounts)]
        held = select(*taken).where(columns.period == period.value, columns.starts_on >= since)
        both = sums.order_by(None).union_all(held).subquery().columns
        named = dict(zip((*keys, *amounts), both, strict=True))
        drift = [func.sum(named[name]).label(name) for name in amounts]
        wanted = select(*(named[name].label(name) for name in keys), *drift).group_by(*(named[name] for name in keys))
        rows = await session.execute(wanted.having(or_(*(one != 0 for one in drift))))
        made = [dict(row) | {name: int(row[name]) for name in amounts} for row in rows.mappings()]
        found.append(Drift(table=table, rows=made))
    return found


async def undo_drift(session: AsyncSession, drift: Drift) -> None:
    """Add to the sums what is missing, whatever was counted since that was found."""
    await hold_counts(session)
    adding = _growing(drift.table, _dialect(session).insert(drift.table))
    await session.execute(adding, list(drift.rows))
