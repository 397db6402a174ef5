"""Readers: whom a private message goes to, and in which language and hours."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import Job
from bot.core.programme import WorkingHours
from bot.core.timing import next_working_time
from storage.models import Member
from storage.queries.jobs import Plan, add_job
from storage.queries.members import number_that_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A member as somebody to write to."""

    member_id: int
    platform: str
    person_ref: str
    name: str
    locale: str
    zone: str


_READER = select(
    Member.id.label("member_id"),
    Member.platform,
    Member.person_ref,
    Member.name,
    func.coalesce(Member.chosen_locale, Member.locale).label("locale"),
    Member.zone,
)


async def find_reader(session: AsyncSession, *, member_id: int) -> Reader | None:
    """Return the member to write to, of a pair the one that counts; `None` for who has left or was erased."""
    is_there = (Member.left_at.is_(None), Member.erased_at.is_(None))
    wanted = _READER.where(Member.id == number_that_counts(member_id), *is_there)
    row = (await session.execute(wanted)).mappings().first()
    return Reader(**row) if row else None


async def tell_at_work(session: AsyncSession, job: Job, *, member_id: int, hours: WorkingHours, now: datetime) -> None:
    """Add a job that writes to a member, to be done within their working hours; for who is gone, nothing."""
    reader = await find_reader(session, member_id=member_id)
    if reader is not None:
        run_at = next_working_time(now, _zone(reader.zone), hours)
        await add_job(session, job, now=now, plan=Plan(lane=reader.person_ref, run_at=run_at))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
