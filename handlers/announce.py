"""Announcing a post in its channels after the commit, at its time, and keeping every announcement up to date."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.cards import Card, Spans
from bot.core.errors import Refused
from bot.core.jobs import AnnounceIn, PublishDue, RefreshAnnouncement, TellPostDecision, TellWithdrawal
from bot.core.moderation import PostEvent, PostState
from bot.i18n.translator import Words
from handlers.cards.post import announcement_card, line_card
from handlers.context import Outside, Record
from storage.models import Post
from storage.queries import announcements, decisions, posts, readers
from storage.queries.announcements import Placed, Progress
from storage.queries.decisions import POST, Verdict
from storage.queries.jobs import Plan, add_job

FIRST_LOOK = timedelta(seconds=15)
LAST_LOOK = timedelta(hours=1)


async def announce_in(out: Outside, job: AnnounceIn) -> Record | None:
    """Post an announcement in its channel; nothing if its post is no longer out or it stands there already."""
    async with out.sessions.reading() as session:
        placed = await announcements.find_placed(session, announcement_id=job.announcement_id, now=out.clock.now())
    if placed is None or placed.message_ref is not None or placed.face.state is not PostState.PUBLISHED:
        return None
    card = _card(out, placed)
    message_ref = await out.surface_of(placed.channel_ref).post(
        placed.channel_ref, card, key=f"announce-{job.announcement_id}"
    )

    async def record(session: AsyncSession) -> None:
        await announcements.keep_drawn(session, placed, message_ref=message_ref)

    return record


async def refresh_announcement(out: Outside, job: RefreshAnnouncement) -> Record | None:
    """Redraw an announcement if it shows something else than it should; one that was deleted is left alone."""
    async with out.sessions.begin() as session:
        await announcements.claim_refresh(session, announcement_id=job.announcement_id)
        placed = await announcements.find_placed(session, announcement_id=job.announcement_id, now=out.clock.now())
    if placed is None or placed.message_ref is None or not placed.is_stale:
        return None
    message_ref = placed.message_ref
    try:
        await out.surface_of(placed.channel_ref).update(placed.channel_ref, message_ref, _card(out, placed))
    except Refused as error:
        if error.code != "message_not_found":
            raise

    async def record(session: AsyncSession) -> None:
        await announcements.keep_drawn(session, placed, message_ref=message_ref)

    return record


def _card(out: Outside, placed: Placed) -> Card:
    return announcement_card(
        _words_in(out, placed.channel_ref), placed.face, is_tracked=out.programme.public_url is not None
    )


def _words_in(out: Outside, channel_ref: str) -> Words:
    channel = out.programme.channel(channel_ref)
    language = channel.language if channel else out.programme.languages[0]
    return out.words(language, out.programme.zone.key)


async def publish_due(out: Outside, job: PublishDue) -> Record | None:
    """Publish what is due, skip what is far too late and tell its curator, and expire what is over."""
    now = out.clock.now()
    async with out.sessions.begin() as session:
        for post in await posts.list_due(session, now=now):
            is_over = post.expires_at is not None and post.expires_at <= now
            is_late = post.publish_at is not None and now - post.publish_at > out.programme.late.announcement
            if is_over or is_late:
                await _miss(out, session, post, now=now)
            else:
                await announcements.publish(session, post_id=post.id, now=now)
        for post_id in await posts.list_over(session, now=now):
            if await posts.move_post(session, PostEvent.EXPIRE, post_id=post_id, now=now):
                await announcements.queue_refresh(session, post_id=post_id, now=now)
    return None


async def _miss(out: Outside, session: AsyncSession, post: Post, *, now: datetime) -> None:
    await posts.move_post(session, PostEvent.MISS, post_id=post.id, now=now)
    await posts.plan_post(session, post_id=post.id, publish_at=None)
    verdict = Verdict(subject=POST, subject_id=post.id, what="missed")
    await decisions.add_decision(session, verdict, member_id=post.author_id, now=now)
    hours = out.programme.working_hours
    job = TellPostDecision(post_id=post.id)
    await readers.tell_at_work(session, job, member_id=post.author_id, hours=hours, now=now)


async def tell_withdrawal(out: Outside, job: TellWithdrawal) -> Record | None:
    """Tell who withdrew a post how many of its announcements say so by now, and look again until all do."""
    now = out.clock.now()
    async with out.sessions.reading() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        reader = await readers.find_asker(session, member_id=job.member_id)
        progress = await announcements.find_progress(session, post_id=job.post_id)
    if post is None or reader is None or post.withdrawn_at is None or not progress.total:
        return None
    passed = max(now - post.withdrawn_at, FIRST_LOOK)
    is_last = passed >= LAST_LOOK
    card = line_card(_how_far(out.words(reader.locale, reader.zone), progress, ref=f"P{post.id}", is_last=is_last))
    await out.surface_on(reader.platform).tell(
        reader.person_ref, card, key=f"withdrawal-{post.id}-{int(passed.total_seconds())}"
    )
    if progress.done == progress.total or is_last:
        return None

    async def look_again(session: AsyncSession) -> None:
        await add_job(session, job, now=now, plan=Plan(lane=reader.person_ref, run_at=now + passed))

    return look_again


def _how_far(words: Words, progress: Progress, *, ref: str, is_last: bool) -> Spans:
    if progress.done == progress.total:
        return words.rich("post.withdrawn_all", ref=ref, count=progress.total)
    key = "post.withdrawn_stuck" if is_last else "post.withdrawn_so_far"
    return words.rich(key, ref=ref, done=progress.done, total=progress.total)
