"""The outbox's worker: claims due jobs under a lease and within the limits, calls, records, retries or gives up."""

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import NOT_REACHED, RATE_LIMITED, OutsideError, Refused, TryLater, Uncertain
from bot.core.jobs import POLICIES, Job, JobState, Policy, Pool, kind_of, kinds, pool_name, unpack_job
from bot.core.programme import Pace
from handlers.context import Outside, Record
from storage.engine import AWAY
from storage.queries import outbox

T = TypeVar("T")
JobHandler = Callable[[Outside, Any], Awaitable[Record | None]]

LEASE = timedelta(seconds=60)
AT_ONCE = 16
LONGEST_SLEEP = 30.0
DRAIN_SECONDS = 20.0
LONGEST_BACKOFF = timedelta(minutes=10)
POST_BURST = 5
_TOLD_TO_WAIT = (RATE_LIMITED, NOT_REACHED, "quiet_hours")

log = logging.getLogger("vouch.worker")


class LeaseLostError(Exception):
    """Another process has taken the job over; what this one wanted to record is dropped."""


def limits_of(paces: Mapping[str, Pace]) -> tuple[dict[str, outbox.Limit], dict[str, outbox.Limit]]:
    """Return the limits of each platform's pools, and of their lanes; a burst is taken off what a minute allows."""
    pools: dict[str, outbox.Limit] = {}
    lanes: dict[str, outbox.Limit] = {}
    minute, first = timedelta(minutes=1), next(iter(paces))
    for platform, pace in paces.items():
        post, update, lookup = (
            pool_name(one.value, "" if platform == first else platform) for one in (Pool.POST, Pool.UPDATE, Pool.LOOKUP)
        )
        pools[post] = outbox.Limit(pause=minute / max(1, pace.posts_a_minute - POST_BURST), burst=POST_BURST)
        pools[update] = outbox.Limit(pause=minute / max(1, pace.updates_a_minute - 1), burst=2)
        pools[lookup] = outbox.Limit(pause=minute / max(1, pace.lookups_a_minute), burst=1)
        lanes[post] = outbox.Limit(pause=pace.channel_pause)
    return pools, lanes


@dataclass(slots=True, kw_only=True)
class Worker:
    """Does the outbox's work in this process until it is told to stop. `is_alone`: no other process may share it."""

    out: Outside
    handlers: Mapping[type[Job], JobHandler]
    is_alone: bool
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[asyncio.Task[None], int] = field(default_factory=dict)
    _is_stopping: bool = False
    _claim: outbox.Claim = field(init=False)

    def __post_init__(self) -> None:
        """Fix the limits."""
        pools, lanes = limits_of({name: self.out.programme.paces.get(name, Pace()) for name in self.out.surfaces})
        self._claim = outbox.Claim(owner=self.owner, most=AT_ONCE, lease=LEASE, pools=pools, lanes=lanes)

    def wake(self) -> None:
        """Look for due jobs now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`; a database that is away is waited for."""
        await self._patiently(lambda: self._take_over(is_start=True))
        renewal = asyncio.create_task(self._renew())
        try:
            while not self._is_stopping:
                self._wake.clear()
                pause = await self._patiently(self._start_due)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            renewal.cancel()
            await self._drain()

    def stop(self) -> None:
        """Start nothing more; `run` returns once what runs is done, or after some seconds."""
        self._is_stopping = True
        self._wake.set()

    async def _take_over(self, *, is_start: bool) -> None:
        repeatable = [kind_of(kind) for kind, policy in POLICIES.items() if policy.repeatable]
        async with self.out.sessions.begin() as session:
            lost = await outbox.take_over(
                session,
                repeatable=repeatable,
                mine=tuple(self._running.values()),
                now=self.out.clock.now(),
                is_alone=self.is_alone and is_start,
            )
            if is_start:
                await outbox.map_pools(session, self._claim)
        if lost:
            log.warning("%d jobs were running when a process stopped", lost)

    async def _start_due(self) -> float:
        """Start what is due and return how many seconds to wait for more."""
        free = AT_ONCE - len(self._running)
        if free <= 0:
            return LONGEST_SLEEP
        now = self.out.clock.now()
        claimed = await self._claim_some(free, now)
        for one in claimed:
            task = asyncio.create_task(self._work(one))
            self._running[task] = one.id
            task.add_done_callback(self._done)
        async with self.out.sessions.reading() as session:
            start = await outbox.next_start(session, self._claim)
        if start is None:
            return LONGEST_SLEEP
        return min(max((start - now).total_seconds(), 0.01), LONGEST_SLEEP)

    async def _claim_some(self, free: int, now: datetime) -> list[outbox.Claimed]:
        async with self.out.sessions.reading() as session:
            start = await outbox.next_start(session, self._claim)
        if start is None or start > now:
            return []
        claim = outbox.Claim(owner=self.owner, most=free, lease=LEASE, pools=self._claim.pools, lanes=self._claim.lanes)
        async with self.out.sessions.begin() as session:
            return list(await outbox.claim_jobs(session, claim, now=now))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a job could not be recorded", exc_info=task.exception())

    async def _work(self, claimed: outbox.Claimed) -> None:
        kind = kinds().get(claimed.kind)
        if kind is None or kind not in self.handlers:
            await self._finish(claimed, outbox.Ending(state=JobState.FAILED, error="unknown kind"), None)
            return
        try:
            record = await self.handlers[kind](self.out, unpack_job(claimed.kind, claimed.held))
        except OutsideError as error:
            await self._finish(claimed, self._after(error, claimed, POLICIES[kind]), None)
            await self._heed(error, claimed)
        except Exception as error:
            log.exception("job %d (%s) met a defect or a database that is away", claimed.id, claimed.kind)
            await self._finish(claimed, self._after_defect(error, claimed, POLICIES[kind]), None)
        else:
            await self._finish(claimed, outbox.Ending(state=JobState.DONE), record)

    def _after(self, error: OutsideError, claimed: outbox.Claimed, policy: Policy) -> outbox.Ending:
        match error:
            case TryLater(after=after) if error.code in _TOLD_TO_WAIT:
                return self._again(claimed, at_least=after, code=error.code)
            case TryLater(after=after) if claimed.tries < policy.tries:
                return self._again(claimed, at_least=after, code=error.code)
            case Uncertain() if policy.repeatable and claimed.tries < policy.tries:
                return self._again(claimed, at_least=timedelta(0), code=error.code)
            case Uncertain() if not policy.repeatable:
                return outbox.Ending(state=JobState.UNCERTAIN, error=error.code or "no answer")
            case Refused() | _:
                return outbox.Ending(state=JobState.FAILED, error=error.code or error.key)

    def _after_defect(self, error: Exception, claimed: outbox.Claimed, policy: Policy) -> outbox.Ending:
        code = type(error).__name__
        if policy.repeatable:
            if claimed.tries < policy.tries:
                return self._again(claimed, at_least=timedelta(0), code=code)
            return outbox.Ending(state=JobState.FAILED, error=code)
        return outbox.Ending(state=JobState.UNCERTAIN, error=code)

    def _again(self, claimed: outbox.Claimed, *, at_least: timedelta, code: str) -> outbox.Ending:
        backoff = min(timedelta(seconds=2 ** min(claimed.tries, 12)), LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311
        wait = at_least if code in _TOLD_TO_WAIT else max(at_least, backoff)
        is_try = code not in _TOLD_TO_WAIT
        return outbox.Ending(state=JobState.QUEUED, error=code, run_at=self.out.clock.now() + wait, is_try=is_try)

    async def _heed(self, error: OutsideError, claimed: outbox.Claimed) -> None:
        """Hold back the whole pool after "too many": the platform counts them all together."""
        if isinstance(error, TryLater) and error.code == RATE_LIMITED:
            async with self.out.sessions.begin() as session:
                until = self.out.clock.now() + error.after
                await outbox.hold_back(session, self._claim, pool=claimed.pool, until=until)

    async def _finish(self, claimed: outbox.Claimed, ending: outbox.Ending, record: Record | None) -> None:
        async def write() -> None:
            async with self.out.sessions.begin() as session:
                await self._write(session, claimed, ending, record)

        with contextlib.suppress(LeaseLostError):
            await self._patiently(write)
        if ending.state in (JobState.FAILED, JobState.UNCERTAIN):
            log.warning("job %d (%s) is %s: %s", claimed.id, claimed.kind, ending.state, ending.error)

    async def _write(
        self, session: AsyncSession, claimed: outbox.Claimed, ending: outbox.Ending, record: Record | None
    ) -> None:
        now = self.out.clock.now()
        if not await outbox.finish_job(session, ending, job_id=claimed.id, owner=self.owner, now=now):
            raise LeaseLostError
        kind = kinds().get(claimed.kind)
        if kind is not None and POLICIES[kind].repeatable and ending.state is not JobState.QUEUED:
            await outbox.drop_earlier(session, claimed)
        if record is not None:
            await record(session)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            await self._patiently(self._renew_once)

    async def _renew_once(self) -> None:
        async with self.out.sessions.begin() as session:
            if self._running:
                until = self.out.clock.now() + LEASE
                await outbox.renew_leases(session, mine=tuple(self._running.values()), until=until)
        await self._take_over(is_start=False)

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, again and again with growing pauses while the database is away."""
        pause = 0.2
        while True:
            try:
                return await work()
            except AWAY as error:
                log.warning("the database is away, trying again: %s", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _drain(self) -> None:
        if self._running:
            _, late = await asyncio.wait(list(self._running), timeout=DRAIN_SECONDS)
            if late:
                log.warning("%d jobs were still running at the stop", len(late))
