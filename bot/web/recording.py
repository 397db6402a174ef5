"""Recording: visits are committed in groups before their answers go out, or journalled while the database is away.

A visit keeps the number it got when it arrived. So it does no harm that a transaction which was given up after its
deadline commits after all, or that the journal is read back twice: the second time adds nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Sequence

from sqlalchemy.exc import IntegrityError

from bot.web.journal import Journal, Sealed
from bot.web.unflushed import Unflushed
from storage.engine import Sessions
from storage.queries.visits import LARGEST_GROUP, NewVisit, add_known_visits, visits_statement

DEADLINE = 0.025
TURNS = 3
LONGEST_TURN = 0.25
"""So long a group may wait for SQLite while a transaction of this process is under way: the database is not away."""

PACE = 0.004
FEW = 8
"""On SQLite groups of fewer visits begin at least `PACE` seconds apart: each costs as much as twenty visits in it."""

MOST_WAITING = 20_000
MOST_UNJOURNALLED = 100_000
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
GROUP_SECONDS = 10.0
GROUPS_AT_ONCE = 3
"""So many groups are on their way to PostgreSQL: while it commits some, the next is put together."""

SMALLEST_PART = 8
"""A group is not parted any further."""

Waiting = tuple[NewVisit, asyncio.Future[None]]

log = logging.getLogger("vouch.visits")


class OverloadedError(Exception):
    """More visits wait than can be kept in time."""


class Recorder:
    """Keeps visits. `is_away` says whether the database could not be written to when that was tried last."""

    def __init__(self, sessions: Sessions, journal: Journal) -> None:
        """Prepare; `start` begins to write."""
        self._sessions = sessions
        self._journal = journal
        self._waiting: list[Waiting] = []
        self._unjournalled: list[NewVisit] = []
        self._wake = asyncio.Event()
        self._restore = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._late: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._unflushed = Unflushed(sessions, write_again=self._journal_now)
        self._began_at = float("-inf")
        self._most_kept = 1 if sessions.is_sqlite else GROUPS_AT_ONCE
        self._is_journalling = False
        self._is_restoring = False
        self.is_away = False
        self.journalled = 0
        self.lost = 0

    def start(self) -> None:
        """Begin to write, and read back what an earlier process journalled."""
        self._restore.set()
        self._tasks = [asyncio.create_task(self._flush()), asyncio.create_task(self._recover())]

    async def stop(self) -> None:
        """Write what waits, then stop; what the database does not take is in the journal for the next start."""
        while self._waiting:
            await asyncio.wait([self._waiting[-1][1]], timeout=1)
        if self._keeping:
            await asyncio.wait(self._keeping)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._late:
            await asyncio.wait(self._late, timeout=2)
        await self._unflushed.stop()
        await asyncio.to_thread(self._journal.seal)

    @property
    def is_settled(self) -> bool:
        """Whether everything that was answered is in the database."""
        is_journal_read = not (self._is_journalling or self._restore.is_set() or self._is_restoring)
        return is_journal_read and not (self._waiting or self._unjournalled)

    def journal_size(self) -> int:
        """Return how many bytes wait in the journal."""
        return self._journal.size()

    def keep(self, visit: NewVisit) -> Awaitable[None]:
        """Return what is done once `visit` is kept; raises `OverloadedError` when too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise OverloadedError
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((visit, kept))
        if len(self._waiting) == 1:
            self._wake.set()
        return kept

    async def _flush(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if len(self._keeping) >= self._most_kept:
                    await asyncio.wait(self._keeping, return_when=asyncio.FIRST_COMPLETED)
                await self._gather()
                self._began_at = asyncio.get_running_loop().time()
                group = self._next_group()
                if self._most_kept == 1:
                    await self._keep_and_answer(group)
                else:
                    keeping = asyncio.create_task(self._keep_and_answer(group))
                    self._keeping.add(keeping)
                    keeping.add_done_callback(self._keeping.discard)

    def _next_group(self) -> list[Waiting]:
        """Return those to be kept next: all who wait, or a part of them so that the rest goes at the same time."""
        free = self._most_kept - len(self._keeping)
        size = min(max(-(-len(self._waiting) // free), SMALLEST_PART), LARGEST_GROUP)
        group, self._waiting = self._waiting[:size], self._waiting[size:]
        return group

    async def _keep_and_answer(self, group: Sequence[Waiting]) -> None:
        try:
            await self._keep_group([visit for visit, _ in group])
        except Exception:  # a defect: those who wait hear of it, and the next group has its chance
            log.exception("a group of visits could not be kept")
            self.lost += len(group)
        for _, kept in group:
            if not kept.done():
                kept.set_result(None)

    async def _gather(self) -> None:
        """Let requests that have arrived already join the group, and those that arrive until it is time for another."""
        early = self._began_at + PACE - asyncio.get_running_loop().time()
        if early > 0 and len(self._waiting) < FEW and self._sessions.is_sqlite:
            await asyncio.sleep(early)
        before = 0
        while before < len(self._waiting) < LARGEST_GROUP:
            before = len(self._waiting)
            await asyncio.sleep(0)

    async def _keep_group(self, visits: list[NewVisit]) -> None:
        if not self._is_journalling and await self._written_in_time(visits):
            return
        self._is_journalling = True
        await self._journal_now(visits)

    async def _journal_now(self, visits: Sequence[NewVisit]) -> None:
        """Keep visits in the journal, from which they are brought into the database as soon as it takes them."""
        try:
            await asyncio.to_thread(self._journal.append, visits)
            self.journalled += len(visits)
        except OSError as error:
            self._keep_in_memory(visits, error)
        self._restore.set()

    def _keep_in_memory(self, visits: Sequence[NewVisit], error: OSError) -> None:
        room = max(MOST_UNJOURNALLED - len(self._unjournalled), 0)
        self._unjournalled.extend(visits[:room])
        self.lost += len(visits[room:])
        log.error("visits could not be journalled (%s); %d wait in memory", error.strerror, len(self._unjournalled))

    async def _written_in_time(self, visits: list[NewVisit]) -> bool:
        writing = asyncio.create_task(self._write(visits, is_hasty=True))
        await asyncio.wait({writing}, timeout=DEADLINE)
        if not writing.done() and self._sessions.is_at_work:
            await asyncio.wait({writing}, timeout=LONGEST_TURN)
        for _ in range(TURNS):  # what was done meanwhile and is only waiting to be heard
            if not writing.done():
                await asyncio.sleep(0)
        if not writing.done():
            self._late.add(writing)
            writing.add_done_callback(self._late.discard)
            writing.add_done_callback(_look_at)
            return False
        if (error := writing.exception()) is not None:
            log.warning("the database does not take visits: %s", type(error).__name__)
            self.is_away = True
            return False
        return True

    async def _write(self, visits: Sequence[NewVisit], *, is_hasty: bool) -> None:
        statement, values = visits_statement(self._sessions.writer.dialect, visits)
        try:
            is_hasty = is_hasty and self._unflushed.has_room
            witness = await self._sessions.write_at_once(statement, values, is_hasty=is_hasty)
            if witness is not None:
                self._unflushed.add(witness, visits)
        except IntegrityError:  # a link that was deleted meanwhile; the others' visits count
            async with self._sessions.begin() as session:
                await add_known_visits(session, visits=visits)

    async def _write_again(self, visits: Sequence[NewVisit]) -> None:
        for start in range(0, len(visits), LARGEST_GROUP):
            async with asyncio.timeout(GROUP_SECONDS):
                await self._write(visits[start : start + LARGEST_GROUP], is_hasty=False)
            self._is_journalling = self.is_away = False  # new ones need not wait until all of these are in

    async def _recover(self) -> None:
        while True:
            await self._restore.wait()
            self._restore.clear()
            self._is_restoring = True
            pause = FIRST_PAUSE
            while not await self._restored():
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            self._is_journalling = self._is_restoring = False

    async def _restored(self) -> bool:
        """Bring the journal into the database; `False` if that is still away."""
        if self._late:
            await asyncio.wait(self._late, timeout=LONGEST_PAUSE)
        try:
            await self.replay()
        except Exception as error:  # whatever it is, the journal stays and is tried again
            log.warning("the journal cannot be read back yet: %s", type(error).__name__)
            self.is_away = True
            return False
        self.is_away = False
        return True

    async def replay(self) -> None:
        """Write journalled visits to the database and delete their files; a file's visits are never added twice."""
        await asyncio.to_thread(self._journal.seal)
        for path in await asyncio.to_thread(self._journal.list_files):
            sealed = await asyncio.to_thread(self._journal.claim, path)
            if sealed is not None:
                await self._replay_file(sealed)
        held = list(self._unjournalled)
        await self._write_again(held)
        del self._unjournalled[: len(held)]

    async def _replay_file(self, sealed: Sealed) -> None:
        try:
            visits = await asyncio.to_thread(sealed.read)
            await self._write_again(visits)
            await asyncio.to_thread(sealed.remove)
            log.info("%d journalled visits are in the database", len(visits))
        finally:
            sealed.release()


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a group that was journalled meanwhile was not committed: %s", type(error).__name__)
