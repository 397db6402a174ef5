"""Sharing later: when a member wants to be asked, when their colleagues do, and when people come by their links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.visits import VisitClass
from storage.models import Share, TrackedLink, Visit
from storage.queries.shares import EDITABLE, LIVE
from storage.queries.visits import IS_SEEN

MOST_VISITS = 2000


async def set_later(session: AsyncSession, *, share_id: int, at: datetime) -> bool:
    """Keep when the member wants to be asked; `False` if the share can no longer be changed."""
    wanted = (Share.id == share_id, Share.state.in_(EDITABLE))
    return (
        await session.execute(update(Share).where(*wanted).values(later_at=at).returning(Share.id))
    ).first() is not None


async def clear_later(session: AsyncSession, *, share_id: int, at: datetime) -> None:
    """Note that the member was asked, or does not want to be any more, unless they picked another time since."""
    await session.execute(update(Share).where(Share.id == share_id, Share.later_at == at).values(later_at=None))


async def list_picked(
    session: AsyncSession, *, post_id: int, network: str, member_id: int, since: datetime
) -> Sequence[datetime]:
    """Return when colleagues are asked to share a post on a network, from `since` on."""
    theirs = (Share.post_id == post_id, Share.network == network, Share.member_id != member_id, LIVE)
    return [at for at in await session.scalars(select(Share.later_at).where(*theirs, Share.later_at >= since)) if at]


async def list_visit_times(session: AsyncSession, *, member_id: int, since: date) -> Sequence[datetime]:
    """Return when people came by a member's links since a day, in no order, at most `MOST_VISITS`."""
    wanted = (
        select(Visit.at)
        .join(TrackedLink, TrackedLink.id == Visit.link_id)
        .join(Share, Share.id == TrackedLink.share_id)
        .where(Share.member_id == member_id, LIVE, Visit.on_day >= since, Visit.kind == VisitClass.HUMAN, IS_SEEN)
        .limit(MOST_VISITS)
    )
    return (await session.scalars(wanted)).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A one-time way to a network, by the hash of its token."""

    go_hash: bytes
    expires_at: datetime


async def renew_way(session: AsyncSession, way: Way, *, share_id: int, now: datetime) -> None:
    """Let a share be opened by a new one-time way, with its text as it is kept."""
    values = {"go_hash": way.go_hash, "go_expires_at": way.expires_at, "go_used_at": None, "typed_at": now}
    await session.execute(update(Share).where(Share.id == share_id, Share.state.in_(EDITABLE)).values(values))
