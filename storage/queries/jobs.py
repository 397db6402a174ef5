"""The outbox: jobs are added with what causes them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import POLICIES, Job, kind_of, pack_job
from storage.models import JobRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a job goes out: `lane` is the channel or person it speaks to, `run_at` (now) when; low `priority` first."""

    lane: str = ""
    run_at: datetime | None = None
    priority: int = 0


AT_ONCE = Plan()


async def add_job(
    session: AsyncSession, job: Job, *, now: datetime, key: str | None = None, plan: Plan = AT_ONCE
) -> bool:
    """Add `job` to the outbox; return `False` if a job with this `key` was ever added."""
    values = {
        "kind": kind_of(type(job)),
        "held": pack_job(job),
        "key": key,
        "pool": POLICIES[type(job)].pool.value,
        "lane": plan.lane,
        "priority": plan.priority,
        "state": "queued",
        "run_at": plan.run_at or now,
        "created_at": now,
        "tries": 0,
        "error": "",
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = await session.execute(
        dialect.insert(JobRow).values(values).on_conflict_do_nothing(index_elements=["key"]).returning(JobRow.id)
    )
    is_new = added.first() is not None
    if is_new:
        session.info["has_jobs"] = True
    return is_new
