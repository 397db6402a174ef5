"""Suggestions: offered, joined, decided once, and the card that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, bindparam, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import NotFound
from bot.core.moderation import SuggestionState
from storage.models import Member, Suggestion, SuggestionAuthor
from storage.prepared import Prepared
from storage.queries.readers import ASKED, READERS, Reader
from storage.tables import SUGGESTION

_OPEN = Suggestion.state == literal(SuggestionState.RECEIVED.value, literal_execute=True)
"""Written out in the statement, so that the partial unique index is used."""


class Outcome(StrEnum):
    """What an offer became: a suggestion of its own, one more name on another, or nothing new."""

    NEW = "new"
    JOINED = "joined"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A link that a member proposes; the same `link_key` is the same link."""

    link: str
    link_key: str
    member_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """One who suggested, with their reason; without a name once they are erased."""

    member_id: int
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A suggestion with those who made it, the first first."""

    id: int
    state: SuggestionState
    link: str
    post_id: int | None
    created_at: datetime
    note: str
    card_channel: str | None
    card_ref: str | None
    authors: tuple[Author, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a suggestion, as those who made it are told."""

    id: int
    state: SuggestionState
    link: str
    note: str


async def offer(session: AsyncSession, offered: Offer, *, now: datetime) -> tuple[int, Outcome]:
    """Add a suggestion, or the member to the open one with the same link; return its number and what happened."""
    suggestion_id, is_new = await _open_one(session, offered, now=now)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    joined = await session.execute(
        dialect.insert(SuggestionAuthor)
        .values(suggestion_id=suggestion_id, member_id=offered.member_id, why=offered.why, at=now)
        .on_conflict_do_nothing(index_elements=["suggestion_id", "member_id"])
        .returning(SuggestionAuthor.member_id)
    )
    if is_new:
        return suggestion_id, Outcome.NEW
    return suggestion_id, Outcome.JOINED if joined.first() is not None else Outcome.AGAIN


async def _open_one(session: AsyncSession, offered: Offer, *, now: datetime) -> tuple[int, bool]:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {
        "state": SuggestionState.RECEIVED.value,
        "link": offered.link,
        "link_key": offered.link_key,
        "created_at": now,
        "note": "",
    }
    while True:  # the open one that stood in the way may be decided before it is read: then there is room
        added = await session.execute(
            dialect.insert(Suggestion)
            .values(values)
            .on_conflict_do_nothing(index_elements=["link_key"], index_where=_OPEN)
            .returning(Suggestion.id)
        )
        if (number := added.scalar_one_or_none()) is not None:
            return number, True
        wanted = select(Suggestion.id).where(Suggestion.link_key == offered.link_key, _OPEN)
        if (number := (await session.execute(wanted)).scalar_one_or_none()) is not None:
            return number, False


async def add_duplicate(session: AsyncSession, offered: Offer, *, post_id: int, now: datetime) -> int:
    """Keep a suggestion of what is a post already; return its number."""
    suggestion = Suggestion(
        state=SuggestionState.DUPLICATE.value,
        link=offered.link,
        link_key=offered.link_key,
        post_id=post_id,
        created_at=now,
        decided_at=now,
    )
    session.add(suggestion)
    await session.flush()
    session.add(SuggestionAuthor(suggestion_id=suggestion.id, member_id=offered.member_id, why=offered.why, at=now))
    await session.flush()
    return suggestion.id


async def decide(
    session: AsyncSession, *, suggestion_id: int, state: SuggestionState, note: str, now: datetime
) -> bool:
    """Decide an open suggestion; of two at once only the first does, the other gets `False`."""
    decided = await session.execute(
        update(Suggestion)
        .where(Suggestion.id == suggestion_id, _OPEN)
        .values(state=state.value, note=note, decided_at=now)
        .returning(Suggestion.id)
    )
    return decided.first() is not None


async def set_post(session: AsyncSession, *, suggestion_id: int, post_id: int) -> None:
    """Remember the post that an approved suggestion became."""
    await session.execute(update(Suggestion).where(Suggestion.id == suggestion_id).values(post_id=post_id))


async def keep_card(session: AsyncSession, *, suggestion_id: int, channel_ref: str, message_ref: str) -> None:
    """Remember where a suggestion's card stands."""
    await session.execute(
        update(Suggestion).where(Suggestion.id == suggestion_id).values(card_channel=channel_ref, card_ref=message_ref)
    )


async def find_suggestion(session: AsyncSession, *, suggestion_id: int) -> Held | None:
    """Return a suggestion with its authors, or `None`."""
    row = (await session.scalars(_fresh().where(Suggestion.id == suggestion_id))).one_or_none()
    return (await _with_authors(session, [row]))[0] if row else None


_FATE = ("id", "state", "link", "note")
_TOLD = Prepared(
    READERS.add_columns(*(SUGGESTION.c[name].label(f"its_{name}") for name in _FATE))
    .join(SUGGESTION, SUGGESTION.c.id == bindparam("suggestion_id"))
    .where(ASKED.c.id == bindparam("asked_id"))
)


async def find_told(session: AsyncSession, *, suggestion_id: int, member_id: int) -> tuple[Fate, Reader] | None:
    """Return what became of a suggestion, and who is told instead of a member of it; `None` if either is gone."""
    row = await _TOLD.first(session, {"suggestion_id": suggestion_id, "asked_id": member_id})
    if row is None:
        return None
    told = dict(row)
    fate = {name: told.pop(f"its_{name}") for name in _FATE}
    return Fate(**fate | {"state": SuggestionState(fate["state"])}), Reader(**told)


async def get_suggestion(session: AsyncSession, *, suggestion_id: int) -> Held:
    """Return a suggestion with its authors; raises `NotFound`."""
    found = await find_suggestion(session, suggestion_id=suggestion_id)
    if found is None:
        raise NotFound(f"suggestion {suggestion_id}")
    return found


async def list_open(session: AsyncSession, *, limit: int) -> tuple[Sequence[Held], int]:
    """Return the suggestions that wait, oldest first, at most `limit`, and how many wait in all."""
    rows = (await session.scalars(_fresh().where(_OPEN).order_by(Suggestion.id).limit(limit))).all()
    total = (await session.execute(select(func.count()).select_from(Suggestion).where(_OPEN))).scalar_one()
    return await _with_authors(session, rows), total


def _fresh() -> Select[Suggestion]:
    return select(Suggestion).execution_options(populate_existing=True)


async def _with_authors(session: AsyncSession, rows: Sequence[Suggestion]) -> list[Held]:
    found = await session.execute(
        select(SuggestionAuthor.suggestion_id, SuggestionAuthor.member_id, Member.name, SuggestionAuthor.why)
        .join(Member, Member.id == SuggestionAuthor.member_id)
        .where(SuggestionAuthor.suggestion_id.in_([row.id for row in rows]))
        .order_by(SuggestionAuthor.at, SuggestionAuthor.member_id)
    )
    authors: dict[int, list[Author]] = {}
    for one in found:
        authors.setdefault(one.suggestion_id, []).append(Author(member_id=one.member_id, name=one.name, why=one.why))
    return [
        Held(
            id=row.id,
            state=SuggestionState(row.state),
            link=row.link,
            post_id=row.post_id,
            created_at=row.created_at,
            note=row.note,
            card_channel=row.card_channel,
            card_ref=row.card_ref,
            authors=tuple(authors.get(row.id, ())),
        )
        for row in rows
    ]
