"""A task of one process alone among many: whoever holds the lease does it, the others stand by and are as ready.

A leader that goes gives the lease up at once, and goes on until another has taken the task over. One that was killed is
followed when its lease is over; one that cannot renew its lease stops before that.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.errors import OutsideError, Refused
from bot.core.ports import Clock
from storage.engine import AWAY, Sessions
from storage.queries import leaders

log = logging.getLogger("vouch.leading")

RETRY_SECONDS = 0.5


class Task(Protocol):
    """What one process does at a time; it can be stopped and started again."""

    async def start(self) -> None:
        """Begin; raises `OutsideError` if it cannot."""

    async def stop(self) -> None:
        """End, once what was begun is finished."""

    async def problem(self) -> str | None:
        """Return what is wrong with it, or `None`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a lease lasts, how often others look whether it is over, and how long both go on at most at a hand-over.

    The leader renews after a third of `lease`, and stops when less than `stopping` of it is left. One whose task has
    been in trouble for `patience` leaves it to another.
    """

    lease: timedelta = timedelta(seconds=15)
    look: timedelta = timedelta(seconds=1)
    stopping: timedelta = timedelta(seconds=4)
    overlap: timedelta = timedelta(seconds=5)
    patience: timedelta = timedelta(seconds=60)


@dataclass(slots=True, kw_only=True)
class Lead:
    """Does `task` while this process, `owner`, has the lease called `name`; `leads[name]` says whether it has."""

    task: Task
    name: str
    owner: str
    sessions: Sessions
    clock: Clock
    leads: dict[str, bool]
    term: Term = field(default_factory=Term)
    _keeping: asyncio.Task[None] | None = None
    _ends_at: float = 0.0
    _well_at: float = 0.0

    @property
    def is_leading(self) -> bool:
        """Whether this process does the task."""
        return self.leads.get(self.name, False)

    async def start(self) -> None:
        """Take the lease if nobody has it, else stand by; raises `Refused` if the outside refuses the task for good."""
        self.leads[self.name] = False
        if await self._take_patiently():
            try:
                await self._begin()
            except OutsideError as error:
                await self._give_up()
                if isinstance(error, Refused):
                    raise
                log.warning("%s could not begin yet: %s", self.name, error.code)
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Hand the task over if another process is there to take it, and end it here."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self.is_leading:
            await self._give_up()
            await self._wait_for_successor()
            await self._end()

    async def problem(self) -> str | None:
        """Return what is wrong with the task; nothing is where another process does it."""
        return await self.task.problem() if self.is_leading else None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(
                self.term.lease.total_seconds() / 3 if self.is_leading else self.term.look.total_seconds()
            )
            try:
                await (self._stay() if self.is_leading else self._step_in())
            except Exception:  # whatever it was, somebody has to lead in the end
                log.exception("%s met a defect", self.name)

    async def _stay(self) -> None:
        """Renew the lease, or end the task before another process begins it."""
        if not await self._take_patiently():
            log.warning("%s is no longer this process's: its lease could not be renewed", self.name)
            await self._end()
        elif await self._is_in_trouble():
            log.warning("%s has not worked here for a while and is left to another process", self.name)
            await self._leave()

    async def _step_in(self) -> None:
        """Take the task if nobody has it."""
        try:
            if await self._is_vacant() and await self._take():
                await self._begin()
                await self._take()  # whoever leads until now sees by the new end that it may go
        except AWAY as error:
            log.info("who leads %s could not be asked: %s", self.name, type(error).__name__)
        except OutsideError as error:
            log.error("%s could not begin here: %s", self.name, error.code)
            await self._leave()

    async def _begin(self) -> None:
        await self.task.start()
        self.leads[self.name] = True
        self._well_at = _seconds()
        log.info("this process leads %s", self.name)

    async def _end(self) -> None:
        self.leads[self.name] = False
        await self.task.stop()

    async def _leave(self) -> None:
        """End the task here and stand back for the length of a lease, so that another may be first."""
        await self._end()
        await self._give_up()
        await asyncio.sleep(self.term.lease.total_seconds())

    async def _is_in_trouble(self) -> bool:
        if await self.task.problem() is None:
            self._well_at = _seconds()
        return _seconds() - self._well_at > self.term.patience.total_seconds()

    async def _is_vacant(self) -> bool:
        async with self.sessions.reading() as session:
            return await leaders.find_leader(session, name=self.name, now=self.clock.now()) is None

    async def _lease_end(self) -> datetime | None:
        async with self.sessions.reading() as session:
            return await leaders.find_lease_end(session, name=self.name)

    async def _take(self) -> bool:
        """Take or renew the lease; it is reckoned from before it was asked for."""
        ends_at = _seconds() + self.term.lease.total_seconds()
        async with self.sessions.begin() as session:
            is_ours = await leaders.take_lead(
                session, name=self.name, owner=self.owner, lease=self.term.lease, now=self.clock.now()
            )
        if is_ours:
            self._ends_at = ends_at
        return is_ours

    async def _take_patiently(self) -> bool:
        """Take or renew the lease, tried again while the database is away and there is time to stop before its end."""
        last = max(self._ends_at - self.term.stopping.total_seconds(), _seconds() + RETRY_SECONDS)
        try:
            async with asyncio.timeout_at(last):
                while True:
                    with contextlib.suppress(*AWAY):
                        return await self._take()
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            return False

    async def _give_up(self) -> None:
        try:
            async with asyncio.timeout(self.term.stopping.total_seconds()), self.sessions.begin() as session:
                await leaders.give_up_lead(session, name=self.name, owner=self.owner, now=self.clock.now())
        except AWAY as error:  # a time-out is one of them; the lease ends by itself
            log.info("the lease of %s ends by itself: %s", self.name, type(error).__name__)

    async def _wait_for_successor(self) -> None:
        """Go on until another process does the task, or nobody took it: what comes in between would find nobody."""
        pause = self.term.look.total_seconds() / 20
        with contextlib.suppress(TimeoutError, *AWAY):
            async with asyncio.timeout(2 * self.term.look.total_seconds()):
                while await self._is_vacant():  # noqa: ASYNC110 - what is waited for is another process
                    await asyncio.sleep(pause)
            async with asyncio.timeout(self.term.overlap.total_seconds()):
                taken_until = await self._lease_end()
                while await self._lease_end() == taken_until:  # noqa: ASYNC110 - moved once the other has begun
                    await asyncio.sleep(pause)


def _seconds() -> float:
    return asyncio.get_running_loop().time()
