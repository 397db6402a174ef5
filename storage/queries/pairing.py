"""One person on two platforms: who has the same address, the question whether both are one, and one's identities."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.errors import NotFound
from bot.core.pairing import Party
from bot.core.people import Role
from storage.models import Member, Pairing
from storage.queries.members import number_that_counts

MOST_OTHERS = 10
_PAIRED = aliased(Member)


def _parties() -> Select[*tuple[object, ...]]:
    has_pair = exists().where(_PAIRED.same_as_id == Member.id)
    columns: Select[*tuple[object, ...]] = select(
        Member.id.label("member_id"),
        Member.platform,
        Member.person_ref,
        Member.name,
        Member.email,
        Member.joined_at,
        Member.role,
        or_(Member.left_at.is_not(None), Member.erased_at.is_not(None)).label("is_gone"),
        or_(Member.same_as_id.is_not(None), has_pair).label("is_paired"),
    )
    return columns


async def _found(session: AsyncSession, wanted: Select[*tuple[object, ...]]) -> list[Party]:
    rows = (await session.execute(wanted)).mappings()
    return [Party(**{**row, "role": Role(row["role"])}) for row in rows]


async def get_party(session: AsyncSession, *, member_id: int) -> Party:
    """Return a member as one side of a question; raises `NotFound`."""
    found = await _found(session, _parties().where(Member.id == member_id))
    if not found:
        raise NotFound(f"member {member_id}")
    return found[0]


async def list_others(session: AsyncSession, party: Party) -> Sequence[Party]:
    """Return who else has the member's address on another platform, the first to come first; none without one."""
    if not party.address:
        return ()
    is_alike = func.lower(func.trim(Member.email)) == func.lower(func.trim(party.email))
    is_there = (Member.platform != party.platform, Member.left_at.is_(None), Member.erased_at.is_(None))
    return await _found(session, _parties().where(is_alike, *is_there).order_by(Member.id).limit(MOST_OTHERS))


async def have_same_address(session: AsyncSession, one_id: int, other_id: int) -> bool:
    """Say whether two members have an address in common, each on another platform: then they may be one person.

    All identities of both count, also of who has left: a yes of theirs is not asked for.
    """
    one, other = aliased(Member), aliased(Member)
    address = func.lower(func.trim(one.email))
    is_alike = (address != "", address == func.lower(func.trim(other.email)), one.platform != other.platform)
    found = select(one.id).where(
        or_(one.id == one_id, one.same_as_id == one_id), or_(other.id == other_id, other.same_as_id == other_id)
    )
    return await session.scalar(found.where(*is_alike).limit(1)) is not None


# Questions


async def ask(session: AsyncSession, *, asker_id: int, asked_id: int, now: datetime) -> None:
    """Keep the question as asked now, also if it was asked before."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    asking = dialect.insert(Pairing).values(asker_id=asker_id, asked_id=asked_id, asked_at=now)
    again = {"asked_at": asking.excluded.asked_at}
    await session.execute(asking.on_conflict_do_update(index_elements=["asker_id", "asked_id"], set_=again))


async def find_asked_at(session: AsyncSession, *, asker_id: int, asked_id: int) -> datetime | None:
    """Return when the question was asked; `None` if it never was, or is answered."""
    return await session.scalar(
        select(Pairing.asked_at).where(Pairing.asker_id == asker_id, Pairing.asked_id == asked_id)
    )


async def list_askers(session: AsyncSession, *, asked_id: int, since: datetime) -> Sequence[Party]:
    """Return who has asked this member after `since` and waits for the answer, the latest first."""
    asking = _parties().join(Pairing, Pairing.asker_id == Member.id)
    waiting = (Pairing.asked_id == asked_id, Pairing.asked_at > since)
    return await _found(session, asking.where(*waiting).order_by(Pairing.asked_at.desc(), Member.id))


async def take_question(session: AsyncSession, *, asker_id: int, asked_id: int) -> datetime | None:
    """Remove a question, so that it is answered once, and return when it was asked; `None` if it is not there."""
    gone = await session.execute(
        delete(Pairing)
        .where(Pairing.asker_id == asker_id, Pairing.asked_id == asked_id)
        .returning(Pairing.asked_at)
        .execution_options(synchronize_session=False)
    )
    return gone.scalar_one_or_none()


async def forget_questions(session: AsyncSession, *, before: datetime) -> None:
    """Forget the questions that were asked before an instant."""
    await session.execute(delete(Pairing).where(Pairing.asked_at < before))


# Identities


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A member as one platform knows them; `member_id` is the number of its own row."""

    member_id: int
    platform: str
    person_ref: str
    name: str
    email: str | None


async def list_identities(session: AsyncSession, *, member_id: int) -> Sequence[Identity]:
    """Return a member's identities, that of the row that counts first; one for most, none for who is not there."""
    number = number_that_counts(member_id)
    rows = await session.execute(
        select(Member.id.label("member_id"), Member.platform, Member.person_ref, Member.name, Member.email)
        .where(or_(Member.id == number, Member.same_as_id == number))
        .order_by(Member.same_as_id.is_not(None), Member.id)
    )
    return [Identity(**row) for row in rows.mappings()]
