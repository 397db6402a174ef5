"""Posts: drafts, what was checked and applied, moves through their life, and what a card shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, case, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import NotFound
from bot.core.links import with_utm
from bot.core.moderation import PostEvent, PostState, post_states_before
from bot.core.post_checks import CheckedPost, CheckedWording
from bot.core.posts import Draft, PostFace, TypedWording, in_zone, read_draft, typed_time, write_draft
from bot.core.sharing import ShareState
from storage.models import Member, Post, Share, Suggestion, SuggestionAuthor, TrackedLink, Wording
from storage.models.post import key_of_link
from storage.prepared import Prepared, Row
from storage.tables import MEMBER, POST, SHARE

AFTER: dict[PostEvent, PostState] = {
    PostEvent.SUBMIT: PostState.PENDING,
    PostEvent.APPROVE: PostState.APPROVED,
    PostEvent.DECLINE: PostState.DECLINED,
    PostEvent.SCHEDULE: PostState.SCHEDULED,
    PostEvent.PUBLISH: PostState.PUBLISHED,
    PostEvent.MISS: PostState.APPROVED,
    PostEvent.EXPIRE: PostState.EXPIRED,
    PostEvent.WITHDRAW: PostState.WITHDRAWN,
}
# Shares that the quiet line on a card counts: the composer was opened or more is known, and it was not undone.
SHOWN_SHARES = (
    ShareState.OPENED,
    ShareState.QUEUED,
    ShareState.SENDING,
    ShareState.CONFIRMED,
    ShareState.EVIDENCED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A post to begin: its draft, who begins it, and the suggestion that it comes from."""

    draft: Draft
    author_id: int
    suggestion_id: int | None = None


async def add_draft(session: AsyncSession, start: Start, *, now: datetime) -> int:
    """Add a post in state draft and return its number."""
    post = Post(
        state=PostState.DRAFT.value,
        link=start.draft.link,
        language=start.draft.language,
        typed=write_draft(start.draft),
        author_id=start.author_id,
        suggestion_id=start.suggestion_id,
        channels=[],
        topics=[],
        networks=[],
        created_at=now,
        updated_at=now,
    )
    session.add(post)
    await session.flush()
    return post.id


async def find_post(session: AsyncSession, *, post_id: int) -> Post | None:
    """Return the post, as the database has it now, or `None`."""
    wanted = select(Post).where(Post.id == post_id).execution_options(populate_existing=True)
    return (await session.scalars(wanted)).one_or_none()


async def get_post(session: AsyncSession, *, post_id: int) -> Post:
    """Return the post, held until the transaction ends; raises `NotFound`."""
    wanted = select(Post).where(Post.id == post_id).with_for_update().execution_options(populate_existing=True)
    post = (await session.scalars(wanted)).one_or_none()
    if post is None:
        raise NotFound(f"post {post_id}")
    return post


async def list_posts(
    session: AsyncSession, *, state: PostState, author_id: int | None = None, limit: int = 100
) -> Sequence[Post]:
    """Return the posts in one state, scheduled ones by their time, others oldest first; at most `limit`."""
    wanted = select(Post).where(Post.state == state.value)
    if author_id is not None:
        wanted = wanted.where(Post.author_id == author_id)
    order = (Post.publish_at, Post.id) if state is PostState.SCHEDULED else (Post.id,)
    return (await session.scalars(wanted.order_by(*order).limit(limit))).all()


async def find_by_link(session: AsyncSession, *, link: str, states: Collection[PostState]) -> Post | None:
    """Return the newest post with the same link in one of these states, or drafted from a suggestion, or `None`."""
    key = key_of_link(link)
    if not key:
        return None
    is_drafted = and_(Post.state == PostState.DRAFT.value, Post.suggestion_id.is_not(None))
    is_there = or_(Post.state.in_([one.value for one in states]), is_drafted)
    wanted = select(Post).where(Post.link_key == key, is_there)
    return (await session.scalars(wanted.order_by(Post.id.desc()).limit(1))).first()


async def discard_draft(session: AsyncSession, *, post_id: int) -> bool:
    """Delete a draft with its wordings and free its suggestion; `False` if it is no draft (any more)."""
    is_draft = select(Post.id).where(Post.id == post_id, Post.state == PostState.DRAFT.value)
    await session.execute(delete(Wording).where(Wording.post_id.in_(is_draft)))
    await session.execute(update(Suggestion).where(Suggestion.post_id.in_(is_draft)).values(post_id=None))
    gone = await session.execute(
        delete(Post).where(Post.id == post_id, Post.state == PostState.DRAFT.value).returning(Post.id)
    )
    return gone.first() is not None


# What was typed, and what was checked


async def get_draft(session: AsyncSession, post: Post, *, zone: str) -> Draft:
    """Return the form as it was left, or as the post now stands if nobody has edited it here; times in `zone`."""
    if post.typed:
        return in_zone(read_draft(post.typed), zone)
    wordings = (await session.scalars(_wordings_of(post.id))).all()
    boxes: dict[str, tuple[TypedWording, ...]] = {}
    for one in wordings:
        boxes[one.language] = (*boxes.get(one.language, ()), TypedWording(text=one.text, network=one.network or ""))
    publish_on, publish_at = typed_time(post.publish_at, ZoneInfo(zone))
    expires_on, expires_at = typed_time(post.expires_at, ZoneInfo(zone))
    return Draft(
        title=post.title,
        summary=post.summary,
        link=post.link,
        picture=post.picture,
        channels=tuple(post.channels),
        topics=tuple(post.topics),
        networks=tuple(post.networks),
        language=post.language,
        wording_language=post.language,
        publish_on=publish_on,
        publish_at=publish_at,
        expires_on=expires_on,
        expires_at=expires_at,
        disclosure=post.disclosure,
        zone=zone,
        source=post.source,
        source_link=post.link,
        wordings=boxes,
    )


async def save_draft(session: AsyncSession, draft: Draft, *, post_id: int, now: datetime) -> None:
    """Keep the form as it is now; the post itself stays as it was, but a draft that is worked on is not forgotten."""
    is_draft = Post.state == PostState.DRAFT.value
    changed = case((is_draft, literal(now, Post.updated_at.type)), else_=Post.updated_at)
    await session.execute(update(Post).where(Post.id == post_id).values(typed=write_draft(draft), updated_at=changed))


async def apply_checked(session: AsyncSession, checked: CheckedPost, *, post_id: int, now: datetime) -> None:
    """Make the post what was checked; wordings that stay as they were keep their numbers."""
    values: dict[str, Any] = {
        "title": checked.title,
        "summary": checked.summary,
        "link": checked.link,
        "link_key": key_of_link(checked.link),
        "source": checked.source,
        "picture": checked.picture,
        "language": checked.language,
        "channels": list(checked.channels),
        "topics": list(checked.topics),
        "networks": list(checked.networks),
        "disclosure": checked.disclosure,
        "expires_at": checked.expires_at,
        "updated_at": now,
    }
    await session.execute(update(Post).where(Post.id == post_id).values(**values))
    await _keep_wordings(session, checked.wordings, post_id=post_id)


async def _keep_wordings(session: AsyncSession, wordings: Sequence[CheckedWording], *, post_id: int) -> None:
    there = {(one.language, one.network, one.text): one for one in (await session.scalars(_wordings_of(post_id))).all()}
    for wanted in wordings:
        found = there.pop((wanted.language, wanted.network, wanted.text), None)
        if found is None:
            session.add(
                Wording(
                    post_id=post_id,
                    language=wanted.language,
                    network=wanted.network,
                    position=wanted.position,
                    text=wanted.text,
                )
            )
        else:
            found.position = wanted.position
    for left in there.values():
        await session.delete(left)
    await session.flush()


def _wordings_of(post_id: int) -> Select[Wording]:
    return select(Wording).where(Wording.post_id == post_id).order_by(Wording.language, Wording.position, Wording.id)


# Moves and what they bring


async def move_post(
    session: AsyncSession, event: PostEvent, *, post_id: int, now: datetime, only_from: PostState | None = None
) -> bool:
    """Move a post by `event` if it can happen to it now; of two at once only the first moves it."""
    before = [only_from] if only_from else sorted(post_states_before(event))
    stamps = {PostEvent.PUBLISH: {"published_at": now}, PostEvent.WITHDRAW: {"withdrawn_at": now}}
    values: dict[str, Any] = {"state": AFTER[event].value, "updated_at": now, **stamps.get(event, {})}
    moved = await session.execute(
        update(Post)
        .where(Post.id == post_id, Post.state.in_([one.value for one in before]))
        .values(**values)
        .returning(Post.id)
    )
    return moved.first() is not None


async def plan_post(session: AsyncSession, *, post_id: int, publish_at: datetime | None) -> None:
    """Write down when a post is to be published; `None`: as soon as it may be."""
    await session.execute(update(Post).where(Post.id == post_id).values(publish_at=publish_at))


async def list_due(session: AsyncSession, *, now: datetime) -> Sequence[Post]:
    """Return the scheduled posts whose time has come, oldest first."""
    wanted = select(Post).where(Post.state == PostState.SCHEDULED.value, Post.publish_at <= now)
    return (await session.scalars(wanted.order_by(Post.publish_at, Post.id))).all()


async def list_over(session: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Return the published posts whose time is over."""
    wanted = select(Post.id).where(Post.state == PostState.PUBLISHED.value, Post.expires_at <= now)
    return (await session.scalars(wanted.order_by(Post.id))).all()


async def keep_card(session: AsyncSession, *, post_id: int, channel_ref: str, message_ref: str) -> None:
    """Remember where the curators' card of a post stands."""
    await session.execute(update(Post).where(Post.id == post_id).values(card_channel=channel_ref, card_ref=message_ref))


async def repoint(session: AsyncSession, *, post_id: int, link: str, campaign: str) -> int:
    """Lead every link of the post's shares to `link`, with each one's campaign parameters; return how many."""
    kinds = await session.execute(select(Share.network, Share.wording_id).where(Share.post_id == post_id).distinct())
    moved = 0
    for network, wording_id in kinds.all():
        variant = f"w{wording_id}" if wording_id else "own"
        target = with_utm(link, network=network, campaign=campaign, variant=variant)
        is_kind = (
            Share.post_id == post_id,
            Share.network == network,
            Share.wording_id.is_not_distinct_from(wording_id),
        )
        done = await session.execute(
            update(TrackedLink)
            .where(TrackedLink.share_id.in_(select(Share.id).where(*is_kind)))
            .values(target=target)
            .returning(TrackedLink.id)
            .execution_options(synchronize_session=False)
        )
        moved += len(done.all())
    return moved


# What a card shows


_SHARERS = (
    select(func.count(SHARE.c.member_id.distinct()))
    .where(SHARE.c.post_id == POST.c.id, SHARE.c.state.in_([one.value for one in SHOWN_SHARES]))
    .correlate(POST)
    .scalar_subquery()
)
FACE = (
    POST.c.id.label("post_id"),
    *(POST.c[name] for name in ("state", "title", "summary", "link", "source", "picture", "suggestion_id")),
    MEMBER.c.name.label("curator"),
    _SHARERS.label("sharers"),
)
"""What `face_of` needs, of a post and its author."""

_FACE = Prepared(
    select(*FACE).join_from(POST, MEMBER, MEMBER.c.id == POST.c.author_id).where(POST.c.id == bindparam("number"))
)


async def find_face(session: AsyncSession, *, post_id: int) -> PostFace | None:
    """Return what a card shows of the post as it now is, or `None`."""
    row = await _FACE.first(session, {"number": post_id})
    return None if row is None else await face_of(session, row)


async def face_of(session: AsyncSession, row: Row) -> PostFace:
    """Return what a card shows of the post in a row with the columns of `FACE`."""
    return PostFace(
        **{name: row[name] for name in ("post_id", "title", "summary", "link", "source", "picture", "curator")},
        state=PostState(row["state"]),
        authors=await list_author_names(session, suggestion_id=row["suggestion_id"]),
        sharers=row["sharers"],
    )


async def list_author_names(session: AsyncSession, *, suggestion_id: int | None) -> tuple[str, ...]:
    """Return the names of those who suggested a post, the first first; whoever was erased is left out."""
    if suggestion_id is None:
        return ()
    wanted = (
        select(Member.name)
        .join(SuggestionAuthor, SuggestionAuthor.member_id == Member.id)
        .where(SuggestionAuthor.suggestion_id == suggestion_id, Member.name != "")
        .order_by(SuggestionAuthor.at, Member.id)
    )
    return tuple((await session.scalars(wanted)).all())
