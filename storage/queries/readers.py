"""Readers: whom a private message goes to, and in which language and hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.jobs import Job
from bot.core.programme import WorkingHours
from bot.core.timing import next_working_time
from storage.models import Member
from storage.prepared import Prepared
from storage.queries.jobs import Plan, add_job, add_jobs
from storage.tables import MEMBER


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
ASKED, _READER = MEMBER.alias("asked"), MEMBER.alias("reader")
_OF_READER = (
    _READER.c.id.label("member_id"),
    *(_READER.c[name] for name in ("platform", "person_ref", "name", "zone")),
    func.coalesce(_READER.c.chosen_locale, _READER.c.locale).label("locale"),
)
READERS = (
    select(*_OF_READER)
    .join_from(ASKED, _READER, _READER.c.id == func.coalesce(ASKED.c.same_as_id, ASKED.c.id))
    .where(_READER.c.left_at.is_(None), _READER.c.erased_at.is_(None))
)
"""Whom to write to instead of each of `ASKED`, who may have left, or have become one person with another."""

_ONE_READER = Prepared(READERS.where(ASKED.c.id == bindparam("asked_id")))
_SOME_READERS = READERS.add_columns(ASKED.c.id.label("asked_id")).where(
    ASKED.c.id.in_(bindparam("asked_ids", expanding=True))
)
_OWNER = select(
    *_ADDRESS, func.coalesce(_COUNTING.chosen_locale, Member.chosen_locale, Member.locale).label("locale")
).outerjoin(_COUNTING, _COUNTING.id == Member.same_as_id)


async def find_reader(session: AsyncSession, *, member_id: int) -> Reader | None:
    """Return the member to write to, of a pair the one that counts; `None` for who has left or was erased."""
    row = await _ONE_READER.first(session, {"asked_id": member_id})
    return Reader(**row) if row else None


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
        await add_job(session, job, now=now, plan=_plan(reader.person_ref, reader.zone, hours=hours, now=now))


async def tell_all_at_work(
    session: AsyncSession, jobs: Mapping[int, Job], *, hours: WorkingHours, now: datetime
) -> None:
    """Add the job of each member, as `tell_at_work` does of one; however many they are, it takes two statements."""
    found = (await session.execute(_SOME_READERS, {"asked_ids": list(jobs)})).all()
    places = {row.asked_id: (row.person_ref, row.zone) for row in found}
    plans = {one: _plan(*places[one], hours=hours, now=now) for one in jobs if one in places}
    await add_jobs(session, [(jobs[one], plan, None) for one, plan in plans.items()], now=now)


def _plan(person_ref: str, zone: str, *, hours: WorkingHours, now: datetime) -> Plan:
    return Plan(lane=person_ref, run_at=next_working_time(now, _zone(zone), hours))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
