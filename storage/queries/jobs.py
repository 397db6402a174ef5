"""The outbox: jobs are added with what causes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import POLICIES, Job, JobState, kind_of, pack_job
from storage.models import JobRow
from storage.prepared import Prepared
from storage.tables import JOB
from storage.types import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a job goes out: `lane` is the channel or person it speaks to, `run_at` (now) when; low `priority` first."""

    lane: str = ""
    run_at: datetime | None = None
    priority: int = 0


AT_ONCE = Plan()


def pool_of(session: AsyncSession, job: Job, *, lane: str) -> str:
    """Return the name of the pool that a job falls under: that of its kind, on the platform that knows its lane."""
    named: str = session.info["pool_of"](POLICIES[type(job)].pool.value, lane)
    return named


_ADD = Prepared(
    sqlite.insert(JOB).on_conflict_do_nothing(index_elements=["key"]).returning(JOB.c.id),
    postgresql=postgresql.insert(JOB).on_conflict_do_nothing(index_elements=["key"]).returning(JOB.c.id),
)


async def add_job(
    session: AsyncSession, job: Job, *, now: datetime, key: str | None = None, plan: Plan = AT_ONCE
) -> bool:
    """Add `job` to the outbox; return `False` if a job with this `key` was ever added."""
    values = {
        "kind": kind_of(type(job)),
        "held": pack_job(job),
        "key": key,
        "pool": pool_of(session, job, lane=plan.lane),
        "lane": plan.lane,
        "priority": plan.priority,
        "state": "queued",
        "run_at": plan.run_at or now,
        "created_at": now,
        "tries": 0,
        "error": "",
    }
    is_new = await _ADD.first(session, values) is not None
    if is_new:
        session.info["has_jobs"] = True
    return is_new


async def add_jobs(session: AsyncSession, wanted: Iterable[tuple[Job, Plan, str | None]], *, now: datetime) -> None:
    """Add many jobs, each with its plan and its key, in one statement: a thousand people may be told at once."""
    rows = [
        {
            "kind": kind_of(type(job)),
            "held": pack_job(job),
            "key": key,
            "pool": pool_of(session, job, lane=plan.lane),
            "lane": plan.lane,
            "priority": plan.priority,
            "run_at": plan.run_at or now,
            "created_at": now,
        }
        for job, plan, key in wanted
    ]
    if rows:
        await session.execute(insert(JobRow), rows)
        session.info["has_jobs"] = True


async def last_done(session: AsyncSession, kind: type[Job]) -> datetime | None:
    """Return when a job of this kind was done last, `None` if none was lately."""
    done = (JobRow.kind == kind_of(kind), JobRow.state == JobState.DONE)
    return await session.scalar(select(func.max(JobRow.done_at, type_=Instant)).where(*done))


async def end_queued(session: AsyncSession, *, key: str, state: JobState, error: str, now: datetime) -> None:
    """End a job that still waits without running it."""
    await session.execute(
        update(JobRow)
        .where(JobRow.key == key, JobRow.state == JobState.QUEUED)
        .values(state=state, error=error, done_at=now)
    )


async def cancel_queued(session: AsyncSession, *, key: str, now: datetime) -> None:
    """Drop a job that still waits, and let its key be used again."""
    dropped = {"state": JobState.DROPPED, "key": None, "done_at": now}
    await session.execute(update(JobRow).where(JobRow.key == key, JobRow.state == JobState.QUEUED).values(dropped))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A failed or uncertain job, as an admin sees it."""

    id: int
    kind: str
    held: str
    lane: str
    state: str
    error: str
    tries: int
    ended_at: datetime


async def list_stuck(session: AsyncSession, *, limit: int = 10) -> tuple[list[Stuck], int]:
    """Return the newest failed and uncertain jobs, at most `limit`, and how many there are in all."""
    stuck = JobRow.state.in_((JobState.FAILED, JobState.UNCERTAIN))
    rows = await session.scalars(
        select(JobRow).where(stuck).order_by(JobRow.done_at.desc(), JobRow.id.desc()).limit(limit)
    )
    shown = [
        Stuck(
            id=row.id,
            kind=row.kind,
            held=row.held,
            lane=row.lane,
            state=row.state,
            error=row.error,
            tries=row.tries,
            ended_at=row.done_at or row.created_at,
        )
        for row in rows
    ]
    return shown, await session.scalar(select(func.count()).where(stuck)) or 0


async def retry_job(session: AsyncSession, *, job_id: int, now: datetime) -> bool:
    """Queue a failed or uncertain job again; `False` if it is neither (any more)."""
    again = {"state": JobState.QUEUED, "run_at": now, "tries": 0, "done_at": None, "error": ""}
    is_done = await _move_stuck(session, job_id, again)
    if is_done:
        session.info["has_jobs"] = True
    return is_done


async def drop_job(session: AsyncSession, *, job_id: int, now: datetime) -> bool:
    """Give up a failed or uncertain job; `False` if it is neither (any more)."""
    return await _move_stuck(session, job_id, {"state": JobState.DROPPED, "done_at": now})


async def _move_stuck(session: AsyncSession, job_id: int, values: dict[str, object]) -> bool:
    moved = await session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state.in_((JobState.FAILED, JobState.UNCERTAIN)))
        .values(**values)
        .returning(JobRow.id)
    )
    return moved.first() is not None


async def forget_done(session: AsyncSession, *, before: datetime) -> None:
    """Delete jobs that were done or dropped before an instant; failed and uncertain ones stay."""
    over = (JobState.DONE, JobState.DROPPED)
    await session.execute(delete(JobRow).where(JobRow.state.in_(over), JobRow.done_at < before))
