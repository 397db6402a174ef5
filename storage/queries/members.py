"""Members: who acts, who joins, what they set."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ScalarSelect, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.people import Person, Role
from storage.models import Dismissal, Member
from storage.prepared import Prepared, Row
from storage.queries.group_totals import recount_members
from storage.tables import MEMBER

_MEMBER = MEMBER.c
_OF_ME = (
    _MEMBER.id,
    _MEMBER.platform,
    _MEMBER.tenant_ref,
    _MEMBER.person_ref,
    _MEMBER.name,
    _MEMBER.role,
    _MEMBER.locale,
    _MEMBER.chosen_locale,
    _MEMBER.zone,
    _MEMBER.crew_id,
    _MEMBER.default_network,
    _MEMBER.disclosure,
    _MEMBER.is_named,
    _MEMBER.muted_topics,
    _MEMBER.joined_at,
    _MEMBER.welcomed_at,
    _MEMBER.left_at,
)
ME = Prepared(
    select(*_OF_ME, _MEMBER.same_as_id).where(
        _MEMBER.platform == bindparam("platform"), _MEMBER.person_ref == bindparam("person_ref")
    )
)
_WHO_COUNTS = Prepared(select(*_OF_ME).where(_MEMBER.id == bindparam("member_id")))
_OF_AN_IDENTITY = ("identity_id", "platform", "tenant_ref", "person_ref", "locale", "zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A person about to become a member."""

    platform: str
    tenant_ref: str
    person: Person
    role: Role = Role.MEMBER


async def find_me(session: AsyncSession, *, platform: str, person_ref: str) -> Row | None:
    """Return what a context needs of one member, by column name; `None` for someone without a row.

    Of one who is here on two platforms it is the row that counts, but where and in which language they act now;
    `identity_id` is the number of the row that was found.
    """
    found = await ME.first(session, {"platform": platform, "person_ref": person_ref})
    return None if found is None else await as_who_counts(session, found)


async def as_who_counts(session: AsyncSession, found: Row) -> Row:
    """Return what `ME` found as `find_me` does: for most it is what they have, for one of a pair one more statement."""
    me = {**found, "identity_id": found["id"]}
    same_as_id = me.pop("same_as_id")
    if same_as_id is None:
        return me
    counting = await _WHO_COUNTS.first(session, {"member_id": same_as_id})
    return me if counting is None else {**counting, **{name: me[name] for name in _OF_AN_IDENTITY}}


def number_that_counts(member_id: int) -> ScalarSelect[int]:
    """Return, as part of a statement, the number of the row that counts for this one."""
    own = aliased(Member)
    return select(func.coalesce(own.same_as_id, own.id)).where(own.id == member_id).scalar_subquery()


async def add_member(session: AsyncSession, newcomer: Newcomer, *, now: datetime) -> None:
    """Add a member; who is there already stays as they are. A language that is not told is English, a zone UTC."""
    person = newcomer.person
    values: dict[str, object] = {
        "platform": newcomer.platform,
        "tenant_ref": newcomer.tenant_ref,
        "person_ref": person.ref,
        "name": person.name,
        "email": person.email,
        "locale": person.locale or "en",
        "zone": person.zone or "UTC",
        "role": newcomer.role.value,
        "role_at": now,
        "role_is_fixed": False,
        "muted_topics": [],
        "looked_up_at": now,
        "joined_at": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    await session.execute(dialect.insert(Member).values(values).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A member, as a platform knows them, whose facts may be out of date."""

    platform: str
    person_ref: str


async def list_longest_unseen(session: AsyncSession, *, platform: str, before: datetime, limit: int) -> Sequence[Known]:
    """Return who of a platform was not looked up since `before`, longest ago first; erased ones are nobody's."""
    is_due = or_(Member.looked_up_at.is_(None), Member.looked_up_at < before)
    rows = await session.execute(
        select(Member.platform, Member.person_ref)
        .where(Member.platform == platform, Member.erased_at.is_(None), is_due)
        .order_by(Member.looked_up_at.is_not(None), Member.looked_up_at, Member.id)
        .limit(limit)
    )
    return [Known(**row) for row in rows.mappings()]


async def note_facts(session: AsyncSession, person: Person | None, *, known: Known, now: datetime) -> None:
    """Keep a person's name, address, language and zone as they are now; `None`: they could not be found.

    A language or zone that the platform does not tell stays as it was. It is kept with the identity that was looked
    up, in whatever row that is by now.
    """
    facts: dict[str, object] = {"looked_up_at": now}
    if person is not None:
        told = {"locale": person.locale, "zone": person.zone}
        facts |= {"name": person.name, "email": person.email, **{name: text for name, text in told.items() if text}}
    is_theirs = (Member.platform == known.platform, Member.person_ref == known.person_ref)
    await session.execute(update(Member).where(*is_theirs, Member.erased_at.is_(None)).values(**facts))


async def note_network(session: AsyncSession, *, member_id: int, network: str, now: datetime) -> None:
    """Remember the network that a member goes to; whoever has gone once has been welcomed."""
    welcomed = func.coalesce(Member.welcomed_at, literal(now, Member.welcomed_at.type))
    await session.execute(
        update(Member).where(Member.id == member_id).values(default_network=network, welcomed_at=welcomed)
    )


async def note_disclosure(session: AsyncSession, *, member_id: int, disclosure: str) -> None:
    """Remember which wording of the line before their texts a member uses."""
    await session.execute(update(Member).where(Member.id == member_id).values(disclosure=disclosure))


async def answer_welcome(session: AsyncSession, *, member_id: int, is_named: bool, now: datetime) -> None:
    """Keep whether a member's name may stand on boards."""
    welcomed = func.coalesce(Member.welcomed_at, literal(now, Member.welcomed_at.type))
    await session.execute(update(Member).where(Member.id == member_id).values(is_named=is_named, welcomed_at=welcomed))
    await recount_members(session, member_ids=(member_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a member sets; `chosen_locale` `None` follows the platform, `default_network` `None` the last one used.

    `disclosure` is their wording of the line before their texts, `None` for the default.
    """

    default_network: str | None
    disclosure: str | None
    chosen_locale: str | None
    is_named: bool | None
    muted_topics: Sequence[str]


async def find_settings(session: AsyncSession, *, member_id: int) -> Settings | None:
    """Return what a member has set."""
    columns = (Member.default_network, Member.disclosure, Member.chosen_locale, Member.is_named, Member.muted_topics)
    row = (await session.execute(select(*columns).where(Member.id == member_id))).mappings().first()
    return None if row is None else Settings(**row)


async def save_settings(session: AsyncSession, settings: Settings, *, member_id: int) -> None:
    """Keep what a member sets."""
    values = {one.name: getattr(settings, one.name) for one in fields(Settings)}
    values["muted_topics"] = list(settings.muted_topics)
    await session.execute(update(Member).where(Member.id == member_id).values(values))
    await recount_members(session, member_ids=(member_id,))


async def leave(session: AsyncSession, *, member_id: int, now: datetime) -> bool:
    """Note that a member has left the programme; `False` if they had already."""
    wanted = (Member.id == member_id, Member.left_at.is_(None))
    left = await session.execute(update(Member).where(*wanted).values(left_at=now).returning(Member.id))
    is_new = left.first() is not None
    await recount_members(session, member_ids=(member_id,))
    return is_new


async def come_back(session: AsyncSession, *, member_id: int) -> bool:
    """Note that a member takes part again; `False` if they never left."""
    wanted = (Member.id == member_id, Member.left_at.is_not(None), Member.erased_at.is_(None))
    back = await session.execute(update(Member).where(*wanted).values(left_at=None).returning(Member.id))
    was_away = back.first() is not None
    await recount_members(session, member_ids=(member_id,))
    return was_away


async def dismiss_post(session: AsyncSession, *, member_id: int, post_id: int, now: datetime) -> None:
    """Keep a member's private "not for me"; saying it twice is saying it once."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"member_id": member_id, "post_id": post_id, "at": now}
    await session.execute(dialect.insert(Dismissal).values(values).on_conflict_do_nothing())
