"""The outbox from the worker's side: claim under a lease within the limits, finish, retry, take over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.errors import RATE_LIMITED
from bot.core.jobs import JobState, plain_pool
from storage.models import JobRow, Lane
from storage.types import Instant

AHEAD = 64
"""So many jobs of each pool are looked at in a claim, of each lane one: what waits in one of them holds up no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit as a pause between starts, with so many that may start at once after a rest."""

    pause: timedelta
    burst: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who claims, at most how many, until when the lease lasts, and the limits of each pool and of its lanes."""

    owner: str
    most: int
    lease: timedelta
    pools: Mapping[str, Limit]
    lanes: Mapping[str, Limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that this owner now runs; `tries` counts this run."""

    id: int
    kind: str
    held: str
    pool: str
    lane: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended: the new state, the outside's word for a failure, and when to run again if queued.

    A run that was only told to wait is not `is_try`: it uses up none of the tries.
    """

    state: JobState
    error: str = ""
    run_at: datetime | None = None
    is_try: bool = True


def lane_name(pool: str, lane: str) -> str:
    """Return the name under which the limit of one lane is kept; the pool's own has an empty lane."""
    return f"{pool}/{lane}"[:160]


async def _used_up(session: AsyncSession, claim: Claim, now: datetime) -> list[str]:
    names = {lane_name(pool, ""): pool for pool in claim.pools}
    rows = await session.execute(select(Lane.name, Lane.next_at).where(Lane.name.in_(names)))
    return [names[row.name] for row in rows if row.next_at - _slack(claim, names[row.name]) > now]


def _slack(claim: Claim, pool: str) -> timedelta:
    """Return how far ahead of its even pace a pool may be: what its burst allows."""
    limit = claim.pools.get(pool)
    return limit.pause * (limit.burst - 1) if limit else timedelta(0)


def _due(now: datetime, used_up: Sequence[str]) -> Select[int, str, str, str, str, int]:
    """Select the first due jobs of each pool, of each lane only its first, and none of a lane in which one runs."""
    held_back = select(Lane.name).where(JobRow.lane != "", Lane.name == _LANE, Lane.next_at > now)
    order = (JobRow.priority, JobRow.run_at, JobRow.id)
    in_lane = func.row_number().over(partition_by=(JobRow.pool, JobRow.lane), order_by=order)
    waiting = (
        select(JobRow.id, JobRow.pool, JobRow.lane, JobRow.priority, JobRow.run_at, in_lane.label("place"))
        .where(
            JobRow.state == JobState.QUEUED,
            JobRow.run_at <= now,
            JobRow.pool.not_in(used_up),
            _is_free(),
            ~held_back.exists(),
        )
        .subquery()
    ).c
    turn = func.row_number().over(partition_by=waiting.pool, order_by=(waiting.priority, waiting.run_at, waiting.id))
    firsts = select(waiting.id, turn.label("turn")).where(or_(waiting.lane == "", waiting.place == 1)).subquery().c
    columns = (JobRow.id, JobRow.kind, JobRow.held, JobRow.pool, JobRow.lane, JobRow.tries)
    return (
        select(*columns)
        .where(JobRow.state == JobState.QUEUED, JobRow.id.in_(select(firsts.id).where(firsts.turn <= AHEAD)))
        .order_by(*order)
        .with_for_update(skip_locked=True, of=JobRow)
    )


_LANE = JobRow.pool + "/" + JobRow.lane


def _is_free() -> ColumnElement[bool]:
    """Return whether nothing runs in a job's lane: what happens in one place happens in order."""
    running = aliased(JobRow)
    busy = select(running.pool + "/" + running.lane).where(running.state == JobState.RUNNING, running.lane != "")
    return or_(JobRow.lane == "", _LANE.not_in(busy))


async def claim_jobs(session: AsyncSession, claim: Claim, *, now: datetime) -> Sequence[Claimed]:
    """Claim due jobs within the limits; of a lane at most one runs at a time, first by priority, time and number."""
    due = (await session.execute(_due(now, await _used_up(session, claim, now)))).all()
    if not due:
        return ()
    book = await _book(session, {lane_name(row.pool, lane) for row in due for lane in ("", row.lane)})
    chosen: list[Row[int, str, str, str, str, int]] = []
    for row in due:
        if len(chosen) == claim.most:
            break
        if _take(book, row.pool, row.lane, claim, now):
            chosen.append(row)
    if chosen:
        await session.execute(
            update(JobRow)
            .where(JobRow.id.in_([row.id for row in chosen]))
            .values(state=JobState.RUNNING, owner=claim.owner, lease_until=now + claim.lease, tries=JobRow.tries + 1)
        )
        await _write_book(session, book)
    return [
        Claimed(id=row.id, kind=row.kind, held=row.held, pool=row.pool, lane=row.lane, tries=row.tries + 1)
        for row in chosen
    ]


async def _book(session: AsyncSession, names: set[str]) -> dict[str, datetime]:
    """Read the limits' rows; PostgreSQL locks them until the commit, SQLite has one writer anyhow."""
    rows = await session.execute(select(Lane.name, Lane.next_at).where(Lane.name.in_(names)).with_for_update())
    return {row.name: row.next_at for row in rows}


def _take(book: dict[str, datetime], pool: str, lane: str, claim: Claim, now: datetime) -> bool:
    """Take one start from the pool's limit and the lane's; `False`, and nothing taken, if either has none left."""
    wanted: list[tuple[str, Limit]] = []
    if pool in claim.pools:
        wanted.append((lane_name(pool, ""), claim.pools[pool]))
    if lane and pool in claim.lanes:
        wanted.append((lane_name(pool, lane), claim.lanes[pool]))
    for name, limit in wanted:
        if book.get(name, now) > now + limit.pause * (limit.burst - 1):
            return False
    for name, limit in wanted:
        book[name] = max(book.get(name, now), now) + limit.pause
    return True


async def _write_book(session: AsyncSession, book: Mapping[str, datetime]) -> None:
    if not book:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    add = dialect.insert(Lane).values([{"name": name, "next_at": at} for name, at in sorted(book.items())])
    await session.execute(add.on_conflict_do_update(index_elements=["name"], set_={"next_at": add.excluded.next_at}))


async def hold_back(session: AsyncSession, claim: Claim, *, pool: str, until: datetime) -> None:
    """Start nothing more of this pool before `until`, not even what its burst would allow: the outside said so."""
    name = lane_name(pool, "")
    book = await _book(session, {name})
    held = until + _slack(claim, pool)
    await _write_book(session, {name: max(held, book.get(name, held))})


async def finish_job(session: AsyncSession, ending: Ending, *, job_id: int, owner: str, now: datetime) -> bool:
    """End a run; `False` if another owner has taken the job over, and then nothing is written."""
    values: dict[str, Any] = {"state": ending.state, "error": ending.error[:200], "owner": None, "lease_until": None}
    if ending.state is JobState.QUEUED:
        values["run_at"] = ending.run_at or now
        values["tries"] = JobRow.tries if ending.is_try else JobRow.tries - 1
    else:
        values["done_at"] = now
    done = await session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.owner == owner, JobRow.state == JobState.RUNNING)
        .values(**values)
        .returning(JobRow.id)
    )
    return done.first() is not None


async def drop_earlier(session: AsyncSession, claimed: Claimed) -> None:
    """Drop what failed earlier of the very same work: only how it stands now matters."""
    same = (JobRow.kind == claimed.kind, JobRow.held == claimed.held, JobRow.id < claimed.id)
    failed = JobRow.state == JobState.FAILED
    await session.execute(update(JobRow).where(failed, *same).values(state=JobState.DROPPED))


async def renew_leases(session: AsyncSession, *, mine: Sequence[int], until: datetime) -> None:
    """Keep what a process runs for longer."""
    await session.execute(
        update(JobRow).where(JobRow.id.in_(mine), JobRow.state == JobState.RUNNING).values(lease_until=until)
    )


async def take_over(
    session: AsyncSession, *, repeatable: Sequence[str], mine: Sequence[int], now: datetime, is_alone: bool
) -> int:
    """Put lost runs right: repeatable kinds are queued again, others become uncertain; return how many.

    A run is lost when its lease is over, or, for a process that is alone with its database and just starts, at once.
    What the process itself runs (`mine`) is never lost to it, however the clock was moved.
    """
    lost = [JobRow.state == JobState.RUNNING, JobRow.id.not_in(mine)]
    if not is_alone:
        lost.append(JobRow.lease_until < now)
    again = JobRow.kind.in_(repeatable)
    done = await session.execute(
        update(JobRow)
        .where(*lost)
        .values(
            state=case((again, JobState.QUEUED.value), else_=JobState.UNCERTAIN.value),
            error=case((again, ""), else_="stopped while sending"),
            done_at=case((again, None), else_=now),
            run_at=now,
            owner=None,
            lease_until=None,
        )
        .returning(JobRow.id)
    )
    return len(done.all())


async def map_pools(session: AsyncSession, claim: Claim) -> None:
    """Put what waits in a pool that has no limits now into the first platform's of that kind, and so under its limits.

    Such a pool is named by a platform that was switched off, or became the first. What may be sent again moves along.
    """
    is_open = JobRow.state.not_in((JobState.DONE, JobState.DROPPED))
    for name in (await session.scalars(select(JobRow.pool).where(is_open).distinct())).all():
        if name not in claim.pools and name != plain_pool(name):
            await session.execute(update(JobRow).where(is_open, JobRow.pool == name).values(pool=plain_pool(name)))


async def next_start(session: AsyncSession, claim: Claim) -> datetime | None:
    """Return when the next queued job may start at the earliest, limits included; `None` if none waits.

    What waits for another job of its lane does not count: the end of that one is looked at anyhow.
    """
    pool, lane = aliased(Lane), aliased(Lane)
    in_lane = case((lane.next_at > JobRow.run_at, lane.next_at), else_=JobRow.run_at)
    rows = await session.execute(
        select(JobRow.pool, func.min(in_lane, type_=Instant).label("at"), pool.next_at.label("pool_at"))
        .outerjoin(pool, pool.name == JobRow.pool + "/")
        .outerjoin(lane, and_(JobRow.lane != "", lane.name == _LANE))
        .where(JobRow.state == JobState.QUEUED, _is_free())
        .group_by(JobRow.pool, pool.next_at)
    )
    return min(
        (max(row.at, row.pool_at - _slack(claim, row.pool) if row.pool_at else row.at) for row in rows), default=None
    )


async def count_jobs(session: AsyncSession, *, now: datetime) -> Mapping[str, int]:
    """Return how many jobs are "due", "held_back", "waiting" (for a later time), "running", "failed" and "uncertain".

    Held back is what was due when the outside said that it is too much for now; what our own limits let wait is due.
    """
    name = case(
        (JobRow.state != JobState.QUEUED, JobRow.state),
        (JobRow.run_at <= now, "due"),
        (JobRow.error == RATE_LIMITED, "held_back"),
        else_="waiting",
    )
    live = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED, JobState.UNCERTAIN)
    rows = await session.execute(select(name, func.count()).where(JobRow.state.in_(live)).group_by(name))
    counts = {"due": 0, "held_back": 0, "waiting": 0, "running": 0, "failed": 0, "uncertain": 0}
    return counts | {row[0]: row[1] for row in rows}
