"""The outbox: jobs are added with what causes them."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import POLICIES, Job, kind_of, pack_job
from storage.models import JobRow


async def add_job(
    session: AsyncSession,
    job: Job,
    *,
    now: datetime,
    key: str | None = None,
    lane: str = "",
    run_at: datetime | None = None,
    priority: int = 0,
) -> bool:
    """Add `job` to the outbox, due at `run_at` (now); return `False` if a job with this `key` was ever added.

    `lane` names the channel or person that the job speaks to; a lower `priority` goes first.
    """
    values = {
        "kind": kind_of(type(job)),
        "held": pack_job(job),
        "key": key,
        "pool": POLICIES[type(job)].pool.value,
        "lane": lane,
        "priority": priority,
        "state": "queued",
        "run_at": run_at or now,
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
