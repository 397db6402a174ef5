"""The newest posts as one member sees them on their Home tab, and how much waits for curators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.moderation import PostState, SuggestionState
from bot.core.sharing import ShareState
from storage.models import Dismissal, Post, Share, Suggestion
from storage.queries.shares import LIVE

DISMISSALS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A post that can be shared now; `is_shared` says whether the member has shared it somewhere."""

    id: int
    title: str
    summary: str
    source: str
    picture: str
    language: str
    topics: list[str]
    is_shared: bool


async def list_newest(session: AsyncSession, *, member_id: int, now: datetime, limit: int) -> Sequence[NewPost]:
    """Return the newest posts that can be shared, those left out that the member does not want to hear of."""
    own = exists().where(Share.post_id == Post.id, Share.member_id == member_id, LIVE)
    is_shared = own.where(or_(Share.state != ShareState.DRAFT, Share.said_at.is_not(None)))
    dismissed = exists().where(Dismissal.post_id == Post.id, Dismissal.member_id == member_id)
    columns = (Post.id, Post.title, Post.summary, Post.source, Post.picture, Post.language, Post.topics)
    rows = await session.execute(
        select(*columns, is_shared.label("is_shared"))
        .where(
            Post.state == PostState.PUBLISHED,
            or_(Post.expires_at.is_(None), Post.expires_at > now),
            ~dismissed,
        )
        .order_by(Post.published_at.desc(), Post.id.desc())
        .limit(limit)
    )
    return [NewPost(**row) for row in rows.mappings()]


async def list_dismissed_topics(session: AsyncSession, *, member_id: int) -> frozenset[str]:
    """Return the topics of the posts that a member lately said "not for me" to."""
    rows = await session.scalars(
        select(Post.topics)
        .join(Dismissal, Dismissal.post_id == Post.id)
        .where(Dismissal.member_id == member_id)
        .order_by(Dismissal.at.desc())
        .limit(DISMISSALS_LOOKED_AT)
    )
    return frozenset(topic for topics in rows for topic in topics)


async def count_waiting(session: AsyncSession) -> int:
    """Return how many posts and suggestions wait for a decision."""
    posts = select(func.count()).select_from(Post).where(Post.state == PostState.PENDING).scalar_subquery()
    suggestions = (
        select(func.count())
        .select_from(Suggestion)
        .where(Suggestion.state == SuggestionState.RECEIVED)
        .scalar_subquery()
    )
    return await session.scalar(select(posts + suggestions)) or 0
