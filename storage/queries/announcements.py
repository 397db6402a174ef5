"""Announcements: publishing a post in its channels, and keeping what is shown there up to date."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import AnnounceIn, Job, JobState, RefreshAnnouncement, kind_of
from bot.core.moderation import PostEvent
from bot.core.posts import PostFace
from storage.models import Announcement, JobRow, Post
from storage.prepared import Prepared
from storage.queries import posts
from storage.queries.jobs import Plan, add_jobs
from storage.tables import ANNOUNCEMENT, MEMBER, POST
from storage.types import Instant

QUIET = timedelta(seconds=5)
"""Shares that follow each other this closely are shown by one redraw."""

MANY = 40
"""So many waiting redraws are done in the order of their time; when there are more, the newest post comes first."""

FIRST = -100
"""The priority of what says that a post is withdrawn: before everything."""

_LATER = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One announcement with what its card shows; `is_stale` if the message shows something else than that.

    `changed_at` is when the post was last changed, as far as the card shows it.
    """

    announcement_id: int
    channel_ref: str
    message_ref: str | None
    is_stale: bool
    read_at: datetime
    changed_at: datetime
    face: PostFace


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many of a post's announcements show it as it now is, of those that stand in a channel."""

    done: int
    total: int


async def publish(session: AsyncSession, *, post_id: int, now: datetime) -> bool:
    """Publish an approved or scheduled post and announce it in each of its channels; `False` if it is neither."""
    if not await posts.move_post(session, PostEvent.PUBLISH, post_id=post_id, now=now):
        return False
    await posts.plan_post(session, post_id=post_id, publish_at=None)
    await announce(session, post_id=post_id, now=now)
    return True


async def announce(session: AsyncSession, *, post_id: int, now: datetime) -> int:
    """Announce a published post in those of its channels where it does not stand yet; return in how many."""
    channels = (await session.execute(select(Post.channels).where(Post.id == post_id))).scalar_one()
    if not channels:
        return 0
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = await session.execute(
        dialect.insert(Announcement)
        .values([{"post_id": post_id, "channel_ref": ref, "shown": 0} for ref in dict.fromkeys(channels)])
        .on_conflict_do_nothing(index_elements=["post_id", "channel_ref"])
        .returning(Announcement.id, Announcement.channel_ref)
    )
    rows = added.all()
    announced = [(AnnounceIn(announcement_id=number), ref, f"announce-{number}") for number, ref in rows]
    await _add_jobs(session, announced, plan=Plan(), now=now)
    return len(rows)


async def queue_refresh(session: AsyncSession, *, post_id: int, now: datetime) -> int:
    """Have every announcement of the post redrawn soon, unless that waits already; return how many were added.

    Up to forty wait in the order of their time; beyond that the newest post's come first.
    """
    return await _queue(session, post_id=post_id, now=now, run_at=now + QUIET, is_first=False)


async def refresh_first(session: AsyncSession, *, post_id: int, now: datetime) -> int:
    """Have every announcement of the post redrawn at once, before everything that waits; return how many stand."""
    return await _queue(session, post_id=post_id, now=now, run_at=now, is_first=True)


async def _queue(session: AsyncSession, *, post_id: int, now: datetime, run_at: datetime, is_first: bool) -> int:
    wanted = [Announcement.post_id == post_id, Announcement.message_ref.is_not(None)]
    if not is_first:
        wanted.append(Announcement.refresh_at.is_(None))
    found = await session.execute(
        update(Announcement)
        .where(*wanted)
        .values(refresh_at=run_at)
        .returning(Announcement.id, Announcement.channel_ref)
        .execution_options(synchronize_session=False)
    )
    rows = found.all()
    if rows:
        priority = FIRST if is_first else await _priority(session, post_id=post_id)
        redraws = [_redraw(number, ref) for number, ref in rows]
        await _add_jobs(session, redraws, plan=Plan(run_at=run_at, priority=priority), now=now)
    return len(rows)


async def _priority(session: AsyncSession, *, post_id: int) -> int:
    return 0 if await _count_waiting(session) <= MANY else _LATER - post_id


async def _count_waiting(session: AsyncSession) -> int:
    found = await _WAITING.first(session, {})
    return int(found["waiting"]) if found is not None else 0


def _redraw(announcement_id: int, channel_ref: str) -> tuple[Job, str, str | None]:
    return RefreshAnnouncement(announcement_id=announcement_id), channel_ref, None


async def _add_jobs(
    session: AsyncSession, wanted: Sequence[tuple[Job, str, str | None]], *, plan: Plan, now: datetime
) -> None:
    """Add many jobs, each with its channel and key: a post may stand in a thousand channels."""
    await add_jobs(session, [(job, replace(plan, lane=ref), key) for job, ref, key in wanted], now=now)


async def find_placed(session: AsyncSession, *, announcement_id: int, now: datetime) -> Placed | None:
    """Return one announcement and what its card shows now, or `None`."""
    row = await _PLACED.first(session, {"number": announcement_id})
    if row is None:
        return None
    return Placed(
        announcement_id=row["id"],
        channel_ref=row["channel_ref"],
        message_ref=row["message_ref"],
        is_stale=row["drawn_at"] != row["updated_at"] or row["shown"] != row["sharers"],
        read_at=now,
        changed_at=row["updated_at"],
        face=await posts.face_of(session, row),
    )


_IT = ANNOUNCEMENT.c
_WAITING = Prepared(select(func.count().label("waiting")).select_from(ANNOUNCEMENT).where(_IT.refresh_at.is_not(None)))
_BEGIN = Prepared(update(ANNOUNCEMENT).where(_IT.id == bindparam("number")).values(refresh_at=None).returning(_IT.id))
_PLACED = Prepared(
    select(_IT.id, _IT.channel_ref, _IT.message_ref, _IT.drawn_at, _IT.shown, POST.c.updated_at, *posts.FACE)
    .select_from(ANNOUNCEMENT.join(POST, POST.c.id == _IT.post_id).join(MEMBER, MEMBER.c.id == POST.c.author_id))
    .where(_IT.id == bindparam("number"))
)
_DRAWN = Prepared(
    update(ANNOUNCEMENT)
    .where(_IT.id == bindparam("number"))
    .values(
        message_ref=bindparam("ref"),
        posted_at=func.coalesce(_IT.posted_at, bindparam("read_at", type_=Instant)),
        drawn_at=bindparam("changed_at", type_=Instant),
        shown=bindparam("sharers"),
    )
    .returning(_IT.id)
)
_WAIT = Prepared(
    update(ANNOUNCEMENT)
    .where(_IT.id == bindparam("number"), _IT.refresh_at.is_(None))
    .values(refresh_at=bindparam("at", type_=Instant))
    .returning(_IT.id)
)


async def claim_refresh(session: AsyncSession, *, announcement_id: int) -> None:
    """Note that a redraw begins: what changes from now on needs another one.

    Once few enough wait, those that were put last take their turn like all others.
    """
    await _BEGIN.first(session, {"number": announcement_id})
    if await _count_waiting(session) <= MANY:
        await session.execute(
            update(JobRow)
            .where(
                JobRow.state == JobState.QUEUED,
                JobRow.kind == kind_of(RefreshAnnouncement),
                JobRow.priority > 0,
            )
            .values(priority=0)
        )


async def keep_drawn(session: AsyncSession, placed: Placed, *, message_ref: str) -> None:
    """Write down that the message now shows what `placed` holds; another redraw is queued if it changed meanwhile.

    What was just being committed when this one began was not seen by it, and saw that one still waited.
    """
    drawn = {"read_at": placed.read_at, "changed_at": placed.changed_at, "sharers": placed.face.sharers}
    await _DRAWN.first(session, {"number": placed.announcement_id, "ref": message_ref, **drawn})
    newer = await find_placed(session, announcement_id=placed.announcement_id, now=placed.read_at)
    if newer is None or not newer.is_stale:
        return
    if await _WAIT.first(session, {"number": placed.announcement_id, "at": placed.read_at}) is not None:
        redraw = _redraw(placed.announcement_id, placed.channel_ref)
        await _add_jobs(session, [redraw], plan=Plan(priority=FIRST), now=placed.read_at)


async def list_channels(session: AsyncSession, *, post_id: int) -> tuple[str, ...]:
    """Return the channels in which the post is announced."""
    wanted = select(Announcement.channel_ref).where(Announcement.post_id == post_id).order_by(Announcement.id)
    return tuple((await session.scalars(wanted)).all())


async def find_progress(session: AsyncSession, *, post_id: int) -> Progress:
    """Return how far the post's announcements show it as it now is."""
    is_done = Announcement.drawn_at == Post.updated_at
    row = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(case((is_done, 1), else_=0)), 0))
            .select_from(Announcement)
            .join(Post, Post.id == Announcement.post_id)
            .where(Announcement.post_id == post_id, Announcement.message_ref.is_not(None))
        )
    ).one()
    return Progress(total=row[0], done=int(row[1]))
