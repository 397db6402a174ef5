"""Openings: the one-time way from a share window to the network's composer."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, bindparam, func, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.sharing import ShareState
from storage.models import GoVisitor, Share
from storage.prepared import Prepared, Row
from storage.queries.links import touch_link
from storage.queries.shares import EDITABLE, Held, Shareable, held_of, post_of, with_post_and_share
from storage.tables import LINK, MEMBER, POST, SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the holder of a one-time token is about to open."""

    member_id: int
    platform: str
    person_ref: str
    locale: str
    zone: str
    has_left: bool
    post: Shareable
    share: Held


def _openings() -> Select[*tuple[object, ...]]:
    columns = with_post_and_share().add_columns(
        MEMBER.c.id.label("member_id"),
        *(MEMBER.c[name] for name in ("platform", "person_ref", "zone", "left_at", "erased_at")),
        func.coalesce(MEMBER.c.chosen_locale, MEMBER.c.locale).label("locale"),
    )
    places = SHARE.join(POST, POST.c.id == SHARE.c.post_id).join(MEMBER, MEMBER.c.id == SHARE.c.member_id)
    return columns.select_from(places.outerjoin(LINK, LINK.c.share_id == SHARE.c.id))


_BY_TOKEN = Prepared(_openings().where(SHARE.c.go_hash == bindparam("go_hash")))
_OF_SHARE = Prepared(_openings().where(SHARE.c.id == bindparam("share_id"), SHARE.c.state != ShareState.UNDONE.value))


async def find_opening(session: AsyncSession, *, go_hash: bytes) -> Opening | None:
    """Return what the token with this hash opens, used or not; `None` for one that was never made or is replaced."""
    return _opening(await _BY_TOKEN.first(session, {"go_hash": go_hash}))


async def find_opening_of(session: AsyncSession, *, share_id: int) -> Opening | None:
    """Return a live share with its post and member."""
    return _opening(await _OF_SHARE.first(session, {"share_id": share_id}))


def _opening(row: Row | None) -> Opening | None:
    if row is None:
        return None
    return Opening(
        member_id=row["member_id"],
        platform=row["platform"],
        person_ref=row["person_ref"],
        locale=row["locale"],
        zone=row["zone"],
        has_left=row["left_at"] is not None or row["erased_at"] is not None,
        post=post_of(row),
        share=held_of(row),
    )


async def use_token(session: AsyncSession, *, go_hash: bytes, sent_text: str, now: datetime) -> bool:
    """Use a one-time token and note its share as opened; `False` if it was used, has expired or leads nowhere now.

    `sent_text` is all that goes to the network with it: the proof of what was handed over.
    """
    used = await session.execute(
        update(Share)
        .where(
            Share.go_hash == go_hash,
            Share.go_used_at.is_(None),
            Share.go_expires_at > now,
            Share.state.in_(EDITABLE),
        )
        .values(**_opened(now), go_used_at=now, sent_text=sent_text, sent_at=now)
        .returning(Share.id)
    )
    return used.first() is not None


async def note_opened(session: AsyncSession, *, share_id: int, sent_text: str, now: datetime) -> bool:
    """Note that the member went to the network by its own address; `False` if the share can no longer change."""
    wanted = (Share.id == share_id, Share.state.in_(EDITABLE))
    opened = await session.execute(
        update(Share).where(*wanted).values(**_opened(now), sent_text=sent_text, sent_at=now).returning(Share.id)
    )
    return opened.first() is not None


def _opened(now: datetime) -> dict[str, object]:
    first = func.coalesce(Share.opened_at, literal(now, Share.opened_at.type))
    return {"state": ShareState.OPENED.value, "opened_at": first}


async def add_go_visitor(session: AsyncSession, *, share_id: int, visitor: bytes, on_day: date) -> None:
    """Keep the day hash by which a member's own visits to their link are known as theirs; once is enough."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"share_id": share_id, "on_day": on_day, "visitor": visitor}
    await session.execute(dialect.insert(GoVisitor).values(values).on_conflict_do_nothing())
    await touch_link(session, share_id=share_id)
