"""The outbox's worker: claims due jobs under a lease and within the limits, calls, records, retries or gives up."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from bot.core.errors import RATE_LIMITED, OutsideError, TryLater
from bot.core.jobs import POLICIES, Job, JobState, Policy, Pool, kind_of, kinds, pool_name, unpack_job
from bot.core.programme import Pace
from bot.endings import after_defect, after_outside
from bot.finishing import Finisher, Run
from handlers.context import Outside, Record
from storage.engine import AWAY
from storage.queries import claims, outbox
from storage.queries.claims import Claimed, Portion
from storage.queries.limits import Claim, Limit

T = TypeVar("T")
JobHandler = Callable[[Outside, Any], Awaitable[Record | None]]

LEASE = timedelta(seconds=30)
AT_ONCE = 50
"""So many calls of one process are under way at most, and so many jobs are being sent when it is killed."""

GATHER_SECONDS = 0.02
"""So far apart are claims while a process is at work: one claim for what came in the meantime."""

LONGEST_SLEEP = 30.0
LONGEST_SLEEP_AMONG_OTHERS = 5.0
DEFECT_PAUSE = 1.0
QUIET_SECONDS = 1.0
DRAIN_SECONDS = 20.0
POST_BURST = 5
_REPEATABLE = tuple(kind_of(kind) for kind, policy in POLICIES.items() if policy.repeatable)

log = logging.getLogger("vouch.worker")


def process_name() -> str:
    """Return a new name for this process, of at most 40 characters: its host, its number, and what no other has."""
    return f"{socket.gethostname()[:16]}:{os.getpid()}:{secrets.token_hex(2)}"


def limits_of(paces: Mapping[str, Pace]) -> tuple[dict[str, Limit], dict[str, Limit]]:
    """Return the limits of each platform's pools, and of their lanes; a burst is taken off what a minute allows."""
    pools: dict[str, Limit] = {}
    lanes: dict[str, Limit] = {}
    first = next(iter(paces))
    for platform, pace in paces.items():
        post, update, lookup = (
            pool_name(one.value, "" if platform == first else platform) for one in (Pool.POST, Pool.UPDATE, Pool.LOOKUP)
        )
        pools[post] = _limit(pace.posts_a_minute, burst=POST_BURST, spare=1)
        pools[update] = _limit(pace.updates_a_minute, burst=2)
        pools[lookup] = Limit(pause=timedelta(minutes=1) / max(1, pace.lookups_a_minute))
        lanes[post] = Limit(pause=pace.channel_pause)
    return pools, lanes


def _limit(a_minute: int, *, burst: int, spare: int = 0) -> Limit:
    """Return a limit with a burst that lasts for a quarter of a second at least: claims need not come more often.

    A fiftieth is left over, more than a second's worth: the platform counts what arrives, and one message may take
    longer on its way than those after it.
    """
    burst, spare = max(burst, a_minute // 240), max(spare, a_minute // 50)
    return Limit(pause=timedelta(minutes=1) / max(1, a_minute - (burst - 1) - spare), burst=burst)


@dataclass(slots=True, kw_only=True)
class Worker:
    """Does the outbox's work in this process until it is told to stop. `is_alone`: no other process may share it."""

    out: Outside
    handlers: Mapping[type[Job], JobHandler]
    is_alone: bool
    owner: str = field(default_factory=process_name)
    lease: timedelta = LEASE
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[asyncio.Task[None], int] = field(default_factory=dict)
    _unrecorded: set[int] = field(default_factory=set)
    _is_stopping: bool = False
    _is_told: bool = True
    _is_in_doubt: bool = False
    _claimed_at: float = float("-inf")
    _away_at: float = float("-inf")
    _claim: Claim = field(init=False)
    _finisher: Finisher = field(init=False)

    def __post_init__(self) -> None:
        """Fix the limits."""
        pools, lanes = limits_of({name: self.out.programme.paces.get(name, Pace()) for name in self.out.surfaces})
        self._claim = Claim(owner=self.owner, most=AT_ONCE, lease=self.lease, pools=pools, lanes=lanes)
        self._finisher = Finisher(
            sessions=self.out.sessions, clock=self.out.clock, claim=self._claim, patiently=self._patiently
        )

    def wake(self) -> None:
        """Look for due jobs now."""
        self._is_told = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`; a database that is away is waited for."""
        await self._patiently(self._begin)
        renewal = asyncio.create_task(self._renew())
        try:
            while not self._is_stopping:
                self._wake.clear()
                pause = await self._steadily(self._start_due)
                await self._wait(pause)
        finally:
            await self._drain()
            renewal.cancel()

    def stop(self) -> None:
        """Start nothing more; `run` returns once what runs is done, or after some seconds."""
        self._is_stopping = True
        self._wake.set()

    # Starting

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            self._is_told = True

    async def _begin(self) -> None:
        async with self.out.sessions.begin(is_next=True) as session:
            await claims.add_pools(session, self._claim)
            await outbox.map_pools(session, self._claim)
        if self.is_alone:
            await self._take_over(is_start=True)

    async def _start_due(self) -> float:
        """Start what is due and return how many seconds to wait for more, at most."""
        if self._running and (wait := self._claimed_at + GATHER_SECONDS - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        free = AT_ONCE - len(self._running)
        if free <= 0:
            return self._longest_sleep
        if not self._is_told and (pause := await self._until_due()) > 0:
            return pause
        portion = await self._claim_some(free)
        for one in portion.jobs:
            task = asyncio.create_task(self._work(one))
            self._running[task] = one.id
            task.add_done_callback(self._done)
        return self._pause_after(portion, free)

    def _pause_after(self, portion: Portion, free: int) -> float:
        self._is_told = self._is_told or bool(portion.jobs)
        if portion.is_more:
            return 0.0
        if portion.pause is None or len(portion.jobs) == free:
            return self._longest_sleep
        return min(max(portion.pause.total_seconds(), GATHER_SECONDS), self._longest_sleep)

    @property
    def _longest_sleep(self) -> float:
        return LONGEST_SLEEP if self.is_alone else LONGEST_SLEEP_AMONG_OTHERS

    async def _until_due(self) -> float:
        """Return in how many seconds the first job is due that waits, limits aside; 0 if one is."""
        async with self.out.sessions.reading() as session:
            at = await claims.earliest(session)
        if at is None:
            return self._longest_sleep
        return min((at - self.out.clock.now()).total_seconds(), self._longest_sleep)

    async def _claim_some(self, free: int) -> Portion:
        """Claim jobs; a claim that failed while it was committed leaves a doubt, which the next one settles."""
        self._claimed_at = time.monotonic()
        known = self._unrecorded.union(self._running.values())
        claim = replace(self._claim, most=free, mine=frozenset(known), is_in_doubt=self._is_in_doubt)
        self._is_told, self._is_in_doubt = False, True
        try:
            async with self.out.sessions.begin(is_next=True) as session:
                portion = await claims.claim_jobs(session, claim, now=self.out.clock.now())
        except BaseException:
            self._is_told = True
            raise
        self._is_in_doubt = False
        return portion

    # One job

    def _done(self, task: asyncio.Task[None]) -> None:
        """Free the place of a job; one whose end is not recorded stays known as ours, or it would be done again."""
        job_id = self._running.pop(task)
        self._wake.set()
        if task.cancelled() or task.exception() is not None:
            self._unrecorded.add(job_id)
            log.error("job %d could not be recorded", job_id, exc_info=None if task.cancelled() else task.exception())

    async def _work(self, claimed: Claimed) -> None:
        kind = kinds().get(claimed.kind)
        if kind is None or kind not in self.handlers:
            unknown = outbox.Ending(state=JobState.FAILED, error="unknown kind")
            await self._finisher.keep(Run(claimed=claimed, ending=unknown))
            return
        await self._finisher.keep(await self._run(claimed, kind, POLICIES[kind]))

    async def _run(self, claimed: Claimed, kind: type[Job], policy: Policy) -> Run:
        """Do a job and return how that ended."""
        try:
            record = await self.handlers[kind](self.out, unpack_job(claimed.kind, claimed.held))
        except OutsideError as error:
            ending = after_outside(error, claimed, policy, now=self.out.clock.now())
            hold = error.after if isinstance(error, TryLater) and error.code == RATE_LIMITED else None
            return Run(claimed=claimed, ending=ending, hold=hold)
        except Exception as error:
            log.exception("job %d (%s) met a defect or a database that is away", claimed.id, claimed.kind)
            return Run(claimed=claimed, ending=after_defect(error, claimed, policy, now=self.out.clock.now()))
        return Run(claimed=claimed, ending=outbox.DONE, record=record)

    # Leases

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            await self._steadily(self._renew_once)

    async def _renew_once(self) -> None:
        if self._running:
            claim = replace(self._claim, mine=frozenset(self._running.values()))
            async with self.out.sessions.begin(is_next=True) as session:
                await outbox.renew_leases(session, claim, now=self.out.clock.now())
        if time.monotonic() - self._away_at > self.lease.total_seconds() / 2:
            await self._take_over(is_start=False)

    async def _take_over(self, *, is_start: bool) -> None:
        """Put lost runs right; not soon after the database was away, for then nobody could renew a lease."""
        async with self.out.sessions.begin(is_next=True) as session:
            lost = await outbox.take_over(
                session,
                repeatable=_REPEATABLE,
                owner=self.owner,
                now=self.out.clock.now(),
                is_alone=self.is_alone and is_start,
            )
        if lost:
            log.warning("jobs %s were running when a process stopped", ", ".join(map(str, lost)))
            self.wake()

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, again and again with growing pauses while the database is away."""
        pause = 0.2
        while True:
            try:
                return await work()
            except AWAY as error:
                is_known = time.monotonic() - self._away_at < QUIET_SECONDS
                self._away_at = time.monotonic()
                if not is_known:  # each of many jobs finds out by itself
                    log.warning("the database is away, trying again: %s", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _steadily(self, work: Callable[[], Awaitable[float | None]]) -> float:
        """Do `work` patiently and return how long it says to wait; a defect is no reason to stop working."""
        try:
            return await self._patiently(work) or 0.0
        except Exception:
            log.exception("the worker met a defect")
            return DEFECT_PAUSE

    async def _drain(self) -> None:
        if self._running:
            _, late = await asyncio.wait(list(self._running), timeout=DRAIN_SECONDS)
            if late:
                log.warning("%d jobs were still running at the stop", len(late))
