"""Roles, teams and one-time admin codes."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.pairing import higher
from bot.core.people import Role
from storage.models import AdminCode, Crew, Member

IN_ONE_STATEMENT = 500


async def add_admin_code(session: AsyncSession, *, code_hash: bytes, expires_at: datetime) -> None:
    """Keep a new one-time code."""
    session.add(AdminCode(code_hash=code_hash, expires_at=expires_at))


async def use_admin_code(session: AsyncSession, *, code_hash: bytes, now: datetime) -> bool:
    """Use a code up; `False` if it is unknown, over, or was used before."""
    used = await session.execute(
        update(AdminCode)
        .where(AdminCode.code_hash == code_hash, AdminCode.used_at.is_(None), AdminCode.expires_at > now)
        .values(used_at=now)
        .returning(AdminCode.code_hash)
    )
    return used.first() is not None


async def fix_role(session: AsyncSession, *, member_id: int, role: Role, now: datetime) -> None:
    """Give a member a role that no refresh takes away."""
    values = {"role": role.value, "role_at": now, "role_is_fixed": True}
    await session.execute(update(Member).where(Member.id == member_id).values(**values))


async def count_roles(session: AsyncSession) -> Mapping[str, int]:
    """Return how many members hold each role, one of a pair; those who left or were erased do not count."""
    there = (Member.left_at.is_(None), Member.erased_at.is_(None), Member.same_as_id.is_(None))
    rows = await session.execute(select(Member.role, func.count()).where(*there).group_by(Member.role))
    return {row[0]: row[1] for row in rows}


async def refs_by_email(session: AsyncSession) -> dict[str, list[str]]:
    """Return the references, on every platform, of the members with a known address, by it in lower case."""
    rows = await session.execute(select(func.lower(Member.email), Member.person_ref).where(Member.email.is_not(None)))
    found: dict[str, list[str]] = {}
    for email, ref in rows:
        found.setdefault(email, []).append(ref)
    return found


async def write_roles(session: AsyncSession, *, holders: Mapping[str, Role], may_demote: bool, now: datetime) -> None:
    """Give the `holders` their roles; with `may_demote` everyone else becomes a plain member, fixed roles excepted.

    Without it nobody's role becomes lower, either: an admin may be one by what could not be read.
    Whoever is here on two platforms has the higher of what either identity is given.
    """
    holders = _of_who_counts(await _paired_refs(session), holders)
    changeable = Member.role_is_fixed.is_(False)
    for role in (Role.CURATOR, Role.ADMIN):
        refs = [ref for ref, held in holders.items() if held is role]
        given = (Member.person_ref.in_(refs), changeable, Member.erased_at.is_(None))
        is_not_above = Member.role.not_in([one.value for one in Role if one.rank > role.rank and not may_demote])
        await session.execute(update(Member).where(*given, is_not_above).values(role=role.value, role_at=now))
    if may_demote:
        others = (Member.person_ref.not_in(list(holders)), changeable, Member.role != Role.MEMBER.value)
        await session.execute(update(Member).where(*others).values(role=Role.MEMBER.value, role_at=now))


async def write_crews(session: AsyncSession, *, crews: Mapping[str, str], may_remove: bool) -> None:
    """Put people (by reference) into their teams (by name); with `may_remove` all others are in none.

    Whoever is here on two platforms is in the team of the row that counts, else in that of the other.
    """
    paired = await _paired_refs(session)
    crews = {paired.get(ref, ref): crews[ref] for ref in sorted(crews, key=lambda ref: ref not in paired)}
    numbers = {row.name: row.id for row in await session.scalars(select(Crew))}
    for name in sorted(set(crews.values()) - numbers.keys()):
        session.add(crew := Crew(name=name))
        await session.flush()
        numbers[name] = crew.id
    moved: dict[int | None, list[int]] = {}
    for row in await session.execute(select(Member.id, Member.person_ref, Member.crew_id)):
        wanted = numbers[crews[row.person_ref]] if row.person_ref in crews else None
        if wanted != row.crew_id and (wanted is not None or may_remove):
            moved.setdefault(wanted, []).append(row.id)
    for number, ids in moved.items():
        for start in range(0, len(ids), IN_ONE_STATEMENT):
            some = Member.id.in_(ids[start : start + IN_ONE_STATEMENT])
            await session.execute(update(Member).where(some).values(crew_id=number))


async def _paired_refs(session: AsyncSession) -> Mapping[str, str]:
    """Return, by the reference of each row that leads to another one, the reference of that one."""
    counting = aliased(Member)
    rows = await session.execute(
        select(Member.person_ref, counting.person_ref).join(counting, counting.id == Member.same_as_id)
    )
    return {row[0]: row[1] for row in rows}


def _of_who_counts(paired: Mapping[str, str], holders: Mapping[str, Role]) -> Mapping[str, Role]:
    held: dict[str, Role] = {}
    for ref, role in holders.items():
        counting = paired.get(ref, ref)
        held[counting] = higher(held.get(counting, role), role)
    return held
