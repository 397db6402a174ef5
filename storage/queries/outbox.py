"""The outbox from the worker's side once a job runs: its end, its lease, and what becomes of runs that were lost.

On PostgreSQL leases go by the database's clock, as they were given (`storage.queries.claims`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Interval, bindparam, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import RATE_LIMITED
from bot.core.jobs import JobState, plain_pool
from storage.lists import in_array, in_json, is_postgresql, listed
from storage.models import JobRow
from storage.prepared import Prepared
from storage.queries.claims import is_state
from storage.queries.limits import Claim
from storage.tables import JOB
from storage.types import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended: the new state, the outside's word for a failure, and when to run again if queued.

    A run that was only told to wait is not `is_try`: it uses up none of the tries. With `is_held` it is kept since when
    the outside takes nothing.
    """

    state: JobState
    error: str = ""
    run_at: datetime | None = None
    is_try: bool = True
    is_held: bool = False


DONE = Ending(state=JobState.DONE)


def _finish(is_one: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a statement
    over = {"state": "done", "error": "", "owner": None, "lease_until": None, "held_since": None}
    fence = (JOB.c.owner == bindparam("by"), is_state(JOB, "running"))
    return update(JOB).where(is_one, *fence).values(done_at=bindparam("now", type_=Instant), **over).returning(JOB.c.id)


_FINISH = Prepared(_finish(in_json(JOB.c.id, "ids")), postgresql=_finish(in_array(JOB.c.id, "ids")))


async def finish_done(session: AsyncSession, job_ids: Collection[int], *, owner: str, now: datetime) -> set[int]:
    """End runs that did what they were to do; return which: a job that another owner has taken over is left alone."""
    rows = await _FINISH.all(session, {"ids": listed(session, job_ids), "by": owner, "now": now})
    return {row["id"] for row in rows}


async def finish_job(session: AsyncSession, ending: Ending, *, job_id: int, owner: str, now: datetime) -> bool:
    """End a run; `False` if another owner has taken the job over, and then nothing is written."""
    values: dict[str, Any] = {"state": ending.state, "error": ending.error[:200], "owner": None, "lease_until": None}
    values["held_since"] = func.coalesce(JobRow.held_since, literal(now, Instant)) if ending.is_held else None
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


_ANY_FAILED = Prepared(select(JOB.c.id).where(is_state(JOB, "failed")).limit(1))


async def drop_earlier(session: AsyncSession, job_ids: Collection[int]) -> None:
    """Drop what failed earlier of the very same work as these jobs: only how it stands now matters."""
    if await _ANY_FAILED.first(session, {}) is None:
        return
    newer = JOB.alias("newer")
    is_same = (newer.c.kind == JOB.c.kind, newer.c.held == JOB.c.held, newer.c.id > JOB.c.id)
    is_over = select(newer.c.id).where(newer.c.id.in_(job_ids), *is_same).exists()
    await session.execute(update(JOB).where(is_state(JOB, "failed"), is_over).values(state="dropped"))


def _renew(is_one: ColumnElement[bool], until: ColumnElement[datetime]) -> Any:  # noqa: ANN401 - a statement
    is_mine = (JOB.c.owner == bindparam("by"), is_state(JOB, "running"))
    return update(JOB).where(is_one, *is_mine).values(lease_until=until).returning(JOB.c.id)


_RENEW = Prepared(
    _renew(in_json(JOB.c.id, "ids"), bindparam("until", type_=Instant)),
    postgresql=_renew(
        in_array(JOB.c.id, "ids"), func.clock_timestamp(type_=Instant) + bindparam("lease", type_=Interval)
    ),
)


async def renew_leases(session: AsyncSession, claim: Claim, *, now: datetime) -> None:
    """Keep what a process runs for another lease."""
    values: dict[str, Any] = {"ids": listed(session, claim.mine), "by": claim.owner}
    values |= {"lease": claim.lease} if is_postgresql(session) else {"until": now + claim.lease}
    await _RENEW.all(session, values)


async def take_over(
    session: AsyncSession, *, repeatable: Sequence[str], owner: str, now: datetime, is_alone: bool
) -> Sequence[int]:
    """Put lost runs right: repeatable kinds are queued again, others become uncertain; return which.

    A run is lost when its lease is over, or, for a process that is alone with its database and just starts, at once.
    What `owner` itself runs is never lost to it, however the clock was moved.
    """
    lost = [is_state(JOB, "running"), JOB.c.owner.is_distinct_from(owner)]
    if not is_alone:
        clock = func.clock_timestamp(type_=Instant) if is_postgresql(session) else now
        lost.append(JOB.c.lease_until < clock)
    again = JOB.c.kind.in_(repeatable)
    done = await session.execute(
        update(JOB)
        .where(*lost)
        .values(
            state=case((again, JobState.QUEUED.value), else_=JobState.UNCERTAIN.value),
            error=case((again, ""), else_="stopped while sending"),
            done_at=case((again, None), else_=now),
            run_at=now,
            owner=None,
            lease_until=None,
        )
        .returning(JOB.c.id)
    )
    return sorted(done.scalars())


async def map_pools(session: AsyncSession, claim: Claim) -> None:
    """Put what waits in a pool that has no limits now into the first platform's of that kind, and so under its limits.

    Such a pool is named by a platform that was switched off, or became the first. What may be sent again moves along.
    """
    is_open = JobRow.state.not_in((JobState.DONE, JobState.DROPPED))
    for name in (await session.scalars(select(JobRow.pool).where(is_open).distinct())).all():
        if name not in claim.pools and name != plain_pool(name):
            await session.execute(update(JobRow).where(is_open, JobRow.pool == name).values(pool=plain_pool(name)))


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
