"""Which database this is, and whether it is held: what was open in a restored one waits until an admin releases it.

A backup knows nothing of what was sent after it was made. So everything that was open in it becomes uncertain, and no
timer runs, until somebody has decided. What people do meanwhile works as always.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import DeliverShare, Job, JobState, TellDelivered, TellPostDecision, kind_of, unpack_job
from bot.core.moderation import PostEvent
from bot.core.restoring import RESTORED, Release
from bot.core.sharing import UNDER_WAY, ShareState
from storage.models import Announcement, Installation, JobRow, Share, Tick
from storage.queries import decisions, deliveries, jobs, posts, ticks
from storage.queries.jobs import Plan
from storage.types import Instant

_OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How a database stands: since when it is held (`None`: it is not), and how many jobs wait for a decision."""

    since: datetime | None
    waiting: int


async def find_fingerprint(session: AsyncSession) -> str:
    """Return the fingerprint that was kept, "" for none; it is locked until the end of the transaction."""
    return await session.scalar(select(Installation.fingerprint).with_for_update()) or ""


async def keep_fingerprint(session: AsyncSession, fingerprint: str) -> None:
    """Keep by what this database is known again."""
    await session.execute(update(Installation).values(fingerprint=fingerprint))


async def is_held(session: AsyncSession) -> bool:
    """Say whether the database is held: then no timer runs."""
    return await session.scalar(select(Installation.held_at)) is not None


async def find_holding(session: AsyncSession) -> Holding:
    """Return how the database stands."""
    since = await session.scalar(select(Installation.held_at))
    return Holding(since=since, waiting=await session.scalar(select(func.count()).where(*_restored())) or 0)


def _restored() -> tuple[ColumnElement[bool], ...]:
    return (JobRow.state == JobState.UNCERTAIN, JobRow.error == RESTORED)


async def hold(session: AsyncSession, *, now: datetime) -> int:
    """Hold the database: what is open becomes uncertain; returns how many jobs that were. A second time adds the newer.

    A share on its way may be out. A planned post whose time has come may be published, and waits for a new time. What
    timers should have done until `now` was done already, or is not made up for.
    """
    for post in await posts.list_due(session, now=now):
        await posts.move_post(session, PostEvent.MISS, post_id=post.id, now=now)
        await posts.plan_post(session, post_id=post.id, publish_at=None)
        verdict = decisions.Verdict(subject=decisions.POST, subject_id=post.id, what="missed")
        await decisions.add_decision(session, verdict, member_id=post.author_id, now=now)
        await _tell(session, TellPostDecision(post_id=post.id), member_id=post.author_id, now=now)
    under_way = Share.state.in_([one.value for one in UNDER_WAY])
    sent_at = func.coalesce(Share.sent_at, literal(now, Instant))
    unknown = {"state": ShareState.UNCERTAIN.value, "sent_at": sent_at}
    await session.execute(update(Share).where(under_way).values(unknown))
    uncertain = {"state": JobState.UNCERTAIN, "error": RESTORED, "owner": None, "lease_until": None, "done_at": now}
    held = await session.execute(update(JobRow).where(JobRow.state.in_(_OPEN)).values(uncertain).returning(JobRow.id))
    count = len(held.all())
    waits = Announcement.refresh_at.is_not(None)  # no redraw does any more: what changes from now on asks for its own
    await session.execute(update(Announcement).where(waits).values(refresh_at=None))
    for name in await session.scalars(select(Tick.name).where(Tick.name.not_like("sunset-%")).distinct()):
        await ticks.add_tick(session, name=name, period=now.isoformat(), now=now)
    await session.execute(update(Installation).values(held_at=now))
    return count


async def release(session: AsyncSession, how: Release, *, now: datetime) -> int:
    """Let the database go: timers run again; returns of how many jobs that were open it was decided now.

    A share is never sent again: who shared it is told to look. What was planned for later keeps its time.
    """
    await session.execute(update(Installation).values(held_at=None))
    match how:
        case Release.SEND:
            return await _send(session, now=now)
        case Release.DROP:
            dropped = {"state": JobState.DROPPED, "done_at": now}
            done = await session.execute(update(JobRow).where(*_restored()).values(dropped).returning(JobRow.id))
            return len(done.all())
        case Release.KEEP:
            return (await find_holding(session)).waiting


async def _send(session: AsyncSession, *, now: datetime) -> int:
    kind = kind_of(DeliverShare)
    dropped = {"state": JobState.DROPPED, "done_at": now}
    shares = await session.execute(
        update(JobRow).where(*_restored(), JobRow.kind == kind).values(dropped).returning(JobRow.held)
    )
    told = [unpack_job(kind, held) for (held,) in shares]
    for one in told:
        if isinstance(one, DeliverShare):
            tell = TellDelivered(share_id=one.share_id, member_id=one.member_id)
            await _tell(session, tell, member_id=one.member_id, now=now)
    again = {"state": JobState.QUEUED, "tries": 0, "error": "", "done_at": null(), "held_since": null()}
    sent = await session.execute(update(JobRow).where(*_restored()).values(again).returning(JobRow.id))
    session.info["has_jobs"] = True
    return len(told) + len(sent.all())


async def _tell(session: AsyncSession, job: Job, *, member_id: int, now: datetime) -> None:
    lane = await deliveries.find_lane(session, member_id=member_id)
    await jobs.add_job(session, job, now=now, plan=Plan(lane=lane))
