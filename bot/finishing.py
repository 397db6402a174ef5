"""Recording how runs ended: all that end at about the same time in one transaction, each with what its handler brought.

While one group is written the next gathers. Nobody waits for a group to fill, but for some milliseconds at busy times.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import POLICIES, JobState, Policy, kinds
from bot.core.ports import Clock
from bot.endings import after_lost_record
from handlers.context import Record, SessionMaker
from storage.queries import claims, outbox
from storage.queries.claims import Claimed
from storage.queries.limits import Claim

LARGEST_GROUP = 100
GATHER_SECONDS = 0.008
"""So long an end waits for others, if the last was written less than `BUSY_SECONDS` ago."""

BUSY_SECONDS = 0.04

log = logging.getLogger("vouch.worker")


@dataclass(slots=True, kw_only=True)
class Run:
    """A run that is over, how, and what to record with it; `hold` is for how long its pool may start nothing."""

    claimed: Claimed
    ending: outbox.Ending
    record: Record | None = None
    hold: timedelta | None = None
    kept: asyncio.Future[None] | None = None

    @property
    def policy(self) -> Policy | None:
        """How this kind of job is handled; `None` for a kind that this version does not know."""
        kind = kinds().get(self.claimed.kind)
        return POLICIES[kind] if kind else None

    def settle(self, error: Exception | None) -> None:
        """Let whoever waits for this to be recorded go on."""
        if self.kept is None or self.kept.done():
            return
        if error is None:
            self.kept.set_result(None)
        else:
            self.kept.set_exception(error)


@dataclass(slots=True, kw_only=True)
class Finisher:
    """Records the ends of one worker's runs."""

    sessions: SessionMaker
    clock: Clock
    claim: Claim
    patiently: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
    _waiting: list[Run] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _wrote_at: float = float("-inf")
    _alone: set[asyncio.Task[None]] = field(default_factory=set)

    async def keep(self, run: Run) -> None:
        """Record a run; return when that is committed, or when another owner has taken the job over.

        Raises what kept it from being recorded, and then the run stands as running.
        """
        run.kept = asyncio.get_running_loop().create_future()
        self._waiting.append(run)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())
        await run.kept

    async def _write_all(self) -> None:
        while self._waiting:
            if time.monotonic() - self._wrote_at < BUSY_SECONDS and len(self._waiting) < self.claim.most // 2:
                await asyncio.sleep(GATHER_SECONDS)
            group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
            await self._settle(sorted(group, key=lambda run: run.claimed.id))

    async def _settle(self, group: Sequence[Run]) -> None:
        """Write a group; if that fails, each of it on its own and for as long as it takes, while others go on."""
        try:
            await self._write(group)
            self._wrote_at = time.monotonic()
        except Exception as error:
            log.warning("%d ends are recorded one by one: %s", len(group), type(error).__name__)
            for run in group:
                task = asyncio.create_task(self._settle_alone(run))
                self._alone.add(task)
                task.add_done_callback(self._alone.discard)
        else:
            for run in group:
                run.settle(None)

    async def _settle_alone(self, run: Run) -> None:
        """Write a run, or else that it could not be recorded; a database that is away is waited for."""
        try:
            await self.patiently(lambda: self._write([run]))
        except Exception as error:
            log.exception("job %d (%s) could not be recorded", run.claimed.id, run.claimed.kind)
            lost = replace(run, ending=after_lost_record(error, run.policy), record=None)
            try:
                await self.patiently(lambda: self._write([lost]))
            except Exception as again:
                run.settle(again)
                return
        run.settle(None)

    async def _write(self, group: Sequence[Run]) -> None:
        now = self.clock.now()
        async with self.sessions.begin(is_next=True) as session:
            ended = await self._end(session, group)
            over = [run.claimed.id for run in group if _leaves_one_failure(run)]
            if over:
                await outbox.drop_earlier(session, over)
            for run in group:
                if run.record is not None and run.claimed.id in ended:
                    await run.record(session)
            for run in group:  # last: nobody claims any more until the commit, and a record may have to wait
                if run.hold is not None:
                    await claims.hold_back(session, self.claim, pool=run.claimed.pool, pause=run.hold, now=now)
        _tell_about(group)

    async def _end(self, session: AsyncSession, group: Sequence[Run]) -> set[int]:
        """End the runs that are still the owner's, and return which."""
        now, owner = self.clock.now(), self.claim.owner
        done = [run.claimed.id for run in group if run.ending == outbox.DONE]
        ended = await outbox.finish_done(session, done, owner=owner, now=now) if done else set()
        for run in group:
            one = run.claimed.id
            if run.ending != outbox.DONE and await outbox.finish_job(
                session, run.ending, job_id=one, owner=owner, now=now
            ):
                ended.add(one)
        return ended


def _leaves_one_failure(run: Run) -> bool:
    """Say whether what failed earlier of the same work is to go from the list."""
    return run.policy is not None and run.policy.repeatable and run.ending.state is not JobState.QUEUED


def _tell_about(group: Sequence[Run]) -> None:
    for run in group:
        if run.ending.state in (JobState.FAILED, JobState.UNCERTAIN):
            one = run.claimed
            log.warning("job %d (%s) is %s: %s", one.id, one.kind, run.ending.state, run.ending.error)
