"""Tracked links: where a slug leads, and which visitors of a day are the members themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import GoVisitor, Share, TrackedLink
from storage.prepared import Prepared
from storage.tables import LINK
from storage.types import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tracked link; `changed_at` is when it was changed last, `None` if never.

    `out_at` is before anybody could follow it: when its text was handed to a network, or the share window was made.
    """

    id: int
    share_id: int
    slug: str
    target: str
    out_at: datetime
    changed_at: datetime | None = None


_OUT_AT = func.coalesce(Share.sent_at, Share.opened_at, TrackedLink.created_at, type_=TrackedLink.created_at.type)
_LINK = (
    TrackedLink.id,
    TrackedLink.share_id,
    TrackedLink.slug,
    TrackedLink.target,
    TrackedLink.changed_at,
    _OUT_AT.label("out_at"),
)


async def find_link(session: AsyncSession, *, slug: str) -> Link | None:
    """Return the link with this slug, or `None`; those of withdrawn posts and undone shares are there too."""
    return next(iter(await _links(session, TrackedLink.slug == slug)), None)


async def find_link_of(session: AsyncSession, *, share_id: int) -> Link | None:
    """Return the link of a share, or `None`."""
    return next(iter(await _links(session, TrackedLink.share_id == share_id)), None)


async def list_newest_links(session: AsyncSession, *, before_id: int | None, limit: int) -> Sequence[Link]:
    """Return links, newest first, at most `limit`, older than `before_id` if one is given."""
    older = [] if before_id is None else [TrackedLink.id < before_id]
    newest = select(*_LINK).join(Share).where(*older).order_by(TrackedLink.id.desc()).limit(limit)
    rows = await session.execute(newest)
    return [Link(**row) for row in rows.mappings()]


async def list_changed_links(session: AsyncSession, *, after: tuple[datetime, int], limit: int) -> Sequence[Link]:
    """Return at most `limit` links that were changed after (instant, link), in that order."""
    place = (TrackedLink.changed_at, TrackedLink.id)
    wanted = TrackedLink.changed_at.is_not(None) & (tuple_(*place) > after)
    rows = await session.execute(select(*_LINK).join(Share).where(wanted).order_by(*place).limit(limit))
    return [Link(**row) for row in rows.mappings()]


async def _links(session: AsyncSession, wanted: ColumnElement[bool]) -> list[Link]:
    rows = await session.execute(select(*_LINK).join(Share).where(wanted))
    return [Link(**row) for row in rows.mappings()]


_TOUCH = Prepared(
    update(LINK)
    .where(LINK.c.share_id == bindparam("share"))
    .values(changed_at=bindparam("present", type_=Instant))
    .returning(LINK.c.id)
)


async def touch_link(session: AsyncSession, *, share_id: int) -> None:
    """Let every process look at the link of a share anew; this one at once, as after jobs were added."""
    session.info["has_jobs"] = True
    await _TOUCH.first(session, {"share": share_id, "present": datetime.now(UTC)})


async def list_own_visitors(
    session: AsyncSession, *, on_day: date, link_ids: Sequence[int] | None = None
) -> Sequence[tuple[int, bytes]]:
    """Return (link, visitor hash) of members who followed `/go` on that day: of these links, or of all."""
    wanted = [GoVisitor.on_day == on_day]
    if link_ids is not None:
        wanted.append(TrackedLink.id.in_(link_ids))
    rows = await session.execute(
        select(TrackedLink.id, GoVisitor.visitor)
        .join(GoVisitor, GoVisitor.share_id == TrackedLink.share_id)
        .where(*wanted)
    )
    return [(row[0], row[1]) for row in rows]
