"""Tracked links: where a slug leads, and which visitors of a day are the members themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import GoVisitor, TrackedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tracked link; `changed_at` is when it was changed last, `None` if never."""

    id: int
    share_id: int
    slug: str
    target: str
    changed_at: datetime | None = None


_LINK = (TrackedLink.id, TrackedLink.share_id, TrackedLink.slug, TrackedLink.target, TrackedLink.changed_at)


async def find_link(session: AsyncSession, *, slug: str) -> Link | None:
    """Return the link with this slug, or `None`; those of withdrawn posts and undone shares are there too."""
    return next(iter(await _links(session, TrackedLink.slug == slug)), None)


async def find_link_of(session: AsyncSession, *, share_id: int) -> Link | None:
    """Return the link of a share, or `None`."""
    return next(iter(await _links(session, TrackedLink.share_id == share_id)), None)


async def list_newest_links(session: AsyncSession, *, before_id: int | None, limit: int) -> Sequence[Link]:
    """Return links, newest first, at most `limit`, older than `before_id` if one is given."""
    older = [] if before_id is None else [TrackedLink.id < before_id]
    rows = await session.execute(select(*_LINK).where(*older).order_by(TrackedLink.id.desc()).limit(limit))
    return [Link(**row) for row in rows.mappings()]


async def list_changed_links(session: AsyncSession, *, since: datetime) -> Sequence[Link]:
    """Return links that were changed at or after `since`."""
    return await _links(session, TrackedLink.changed_at.is_not(None) & (TrackedLink.changed_at >= since))


async def _links(session: AsyncSession, wanted: ColumnElement[bool]) -> list[Link]:
    rows = await session.execute(select(*_LINK).where(wanted))
    return [Link(**row) for row in rows.mappings()]


async def touch_link(session: AsyncSession, *, share_id: int) -> None:
    """Let other processes look at the link of a share anew."""
    same = {"share_id": TrackedLink.share_id}  # the update itself sets `changed_at`
    await session.execute(update(TrackedLink).where(TrackedLink.share_id == share_id).values(same))


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
