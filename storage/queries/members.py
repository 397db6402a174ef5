"""Members: who acts, who joins, what they set."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.people import Person, Role
from storage.models import Member

_ME = select(
    Member.id,
    Member.platform,
    Member.tenant_ref,
    Member.person_ref,
    Member.name,
    Member.role,
    Member.locale,
    Member.chosen_locale,
    Member.zone,
    Member.crew_id,
    Member.default_network,
    Member.is_named,
    Member.muted_topics,
    Member.joined_at,
    Member.welcomed_at,
    Member.left_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A person about to become a member."""

    platform: str
    tenant_ref: str
    person: Person
    role: Role = Role.MEMBER


async def find_me(session: AsyncSession, *, platform: str, person_ref: str) -> RowMapping | None:
    """Return what a context needs of one member, by column name; `None` for someone without a row."""
    found = await session.execute(_ME.where(Member.platform == platform, Member.person_ref == person_ref))
    return found.mappings().first()


async def add_member(session: AsyncSession, newcomer: Newcomer, *, now: datetime) -> None:
    """Add a member; somebody who is there already stays as they are."""
    person = newcomer.person
    values: dict[str, object] = {
        "platform": newcomer.platform,
        "tenant_ref": newcomer.tenant_ref,
        "person_ref": person.ref,
        "name": person.name,
        "email": person.email,
        "locale": person.locale,
        "zone": person.zone,
        "role": newcomer.role.value,
        "role_at": now,
        "role_is_fixed": False,
        "muted_topics": [],
        "joined_at": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    await session.execute(dialect.insert(Member).values(values).on_conflict_do_nothing())
