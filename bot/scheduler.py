"""Time: a tick a minute decides what is due, also what fell due while nothing ran; each period is done once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import Job, JobState
from bot.core.ports import Clock
from bot.core.timing import DuePeriod, Schedule, Timeliness, due_periods, late_or_skipped
from handlers.context import SessionMaker
from storage.engine import AWAY
from storage.queries import jobs, ticks
from storage.queries.installation import is_held

TICK_SECONDS = 60

log = logging.getLogger("vouch.scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """What is done when a schedule says so.

    With `makes_up` every missed period is done late, or, later than `max_age`, skipped and listed as failed; without
    it the newest alone is done, because it does the work of those before it.
    """

    name: str
    schedule: Schedule
    make: Callable[[DuePeriod], Job]
    max_age: timedelta = timedelta(days=1)
    lane: str = ""
    makes_up: bool = False


class Scheduler:
    """Adds the jobs of timers whose time has come; it does no work itself."""

    def __init__(self, *, sessions: SessionMaker, timers: Sequence[Timer], clock: Clock) -> None:
        """Prepare the tick; nothing runs before `start`."""
        self._sessions = sessions
        self._timers = timers
        self._clock = clock
        self._ticking = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.tick, "interval", seconds=TICK_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def tick(self) -> None:
        """Add the jobs of every period that is due; doing it twice, or in two processes, adds nothing twice."""
        async with self._ticking:
            try:
                if await self._is_held():
                    return
                for timer in self._timers:
                    await self._tick_one(timer)
            except AWAY as error:
                log.warning("the database is away, the next tick makes up for it: %s", type(error).__name__)

    async def _is_held(self) -> bool:
        """Say whether the database came back from a backup, and nobody has decided yet what of it goes out."""
        async with self._sessions.reading() as session:
            return await is_held(session)

    async def _tick_one(self, timer: Timer) -> None:
        now = self._clock.now()
        async with self._sessions.reading() as session:
            last = await ticks.last_tick(session, name=timer.name)
        due = due_periods(datetime.fromisoformat(last) if last else None, now, timer.schedule)
        if last is None and not due:
            async with self._sessions.begin() as session:  # what falls due from now on is missed, should we be stopped
                await ticks.add_tick(session, name=timer.name, period=now.isoformat(), now=now)
        for period in due if timer.makes_up else due[-1:]:
            async with self._sessions.begin() as session:
                await self._add(session, timer, period, now)

    async def _add(self, session: AsyncSession, timer: Timer, period: DuePeriod, now: datetime) -> None:
        if not await ticks.add_tick(session, name=timer.name, period=period.due_at.isoformat(), now=now):
            return
        key = f"{timer.name}:{period.key}"
        added = await jobs.add_job(session, timer.make(period), now=now, key=key, plan=jobs.Plan(lane=timer.lane))
        if added and late_or_skipped(period, now, timer.max_age) is Timeliness.SKIPPED:
            await jobs.end_queued(session, key=key, state=JobState.FAILED, error="skipped: too late", now=now)
            log.warning("%s of %s was missed for too long and is skipped", timer.name, period.key)
