"""Readers: whom a private message goes to, and in which language and hours."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

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


_COUNTING = aliased(Member)
_ADDRESS = (Member.id.label("member_id"), Member.platform, Member.person_ref, Member.name, Member.zone)
_READER = select(*_ADDRESS, func.coalesce(Member.chosen_locale, Member.locale).label("locale"))
_OWNER = select(
    *_ADDRESS, func.coalesce(_COUNTING.chosen_locale, Member.chosen_locale, Member.locale).label("locale")
).outerjoin(_COUNTING, _COUNTING.id == Member.same_as_id)


async def find_reader(session: AsyncSession, *, member_id: int) -> Reader | None:
    """Return the member to write to, of a pair the one that counts; `None` for who has left or was erased."""
    is_there = (Member.left_at.is_(None), Member.erased_at.is_(None))
    return await _found(session, _READER.where(Member.id == number_that_counts(member_id), *is_there))


async def find_owner(session: AsyncSession, *, member_id: int) -> Reader | None:
    """Return the very identity that a row holds, also of who has left; `None` once it is erased."""
    return await _found(session, _OWNER.where(Member.id == member_id, Member.erased_at.is_(None)))


async def find_asker(session: AsyncSession, *, member_id: int) -> Reader | None:
    """Return the very identity that somebody asked with, for an answer; `None` for who has left or was erased.

    If that identity was given up meanwhile it is the one that they go on with.
    """
    is_there = (Member.left_at.is_(None), Member.erased_at.is_(None), _COUNTING.left_at.is_(None))
    asker = await _found(session, _OWNER.where(Member.id == member_id, *is_there))
    return asker or await find_reader(session, member_id=member_id)


async def _found(session: AsyncSession, wanted: Select[*tuple[object, ...]]) -> Reader | None:
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
