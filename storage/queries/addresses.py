"""Addresses: where a platform reaches people and places; those of people are kept as long as they are members."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.lists import in_array, in_json, listed
from storage.models import Address, Member
from storage.prepared import Prepared
from storage.tables import ADDRESS
from storage.types import Instant

Insert = sqlite.Insert | postgresql.Insert


def _held(is_one: ColumnElement[bool]) -> Select[str, str]:
    return select(ADDRESS.c.ref, ADDRESS.c.held).where(ADDRESS.c.platform == bindparam("its_platform"), is_one)


_HELD = Prepared(_held(in_json(ADDRESS.c.ref, "refs")), postgresql=_held(in_array(ADDRESS.c.ref, "refs")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is to be held of a person or a place."""

    platform: str
    ref: str
    held: str


async def find_addresses(session: AsyncSession, *, platform: str, refs: Collection[str]) -> Mapping[str, str]:
    """Return what is held of these people and places, by reference; of some it may be nothing."""
    rows = await _HELD.all(session, {"its_platform": platform, "refs": listed(session, refs)})
    return {row["ref"]: row["held"] for row in rows}


async def keep_place(session: AsyncSession, kept: Kept, *, now: datetime) -> None:
    """Hold this of a place, instead of what was."""
    values = {"platform": kept.platform, "ref": kept.ref, "held": kept.held, "kept_at": now}
    await _put(session, _insert(session).values(values))


async def keep_person(session: AsyncSession, kept: Kept, *, now: datetime) -> None:
    """Hold this of a person, instead of what was; nothing is held of somebody who is no member.

    One statement, which locks the member's row: where they are erased meanwhile, nothing is left of them after both.
    """
    values = select(literal(kept.platform), literal(kept.ref), literal(kept.held), literal(now, Instant()))
    is_theirs = (Member.platform == kept.platform, Member.person_ref == kept.ref, Member.erased_at.is_(None))
    member = values.where(*is_theirs).with_for_update(read=True)
    await _put(session, _insert(session).from_select(["platform", "ref", "held", "kept_at"], member))


def _insert(session: AsyncSession) -> Insert:
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(Address)
    return postgresql.insert(Address)


async def _put(session: AsyncSession, added: Insert) -> None:
    newer = {"held": added.excluded.held, "kept_at": added.excluded.kept_at}
    await session.execute(added.on_conflict_do_update(index_elements=[Address.platform, Address.ref], set_=newer))


async def forget_address(session: AsyncSession, *, platform: str, ref: str) -> None:
    """Hold nothing of a person or place any more."""
    await session.execute(delete(Address).where(Address.platform == platform, Address.ref == ref))


async def list_addresses(session: AsyncSession, *, platform: str, prefix: str) -> Mapping[str, str]:
    """Return what is held of all whose reference begins with exactly `prefix`, by reference."""
    begins = func.substr(Address.ref, 1, len(prefix)) == prefix
    rows = await session.execute(select(Address.ref, Address.held).where(Address.platform == platform, begins))
    return {row.ref: row.held for row in rows}
