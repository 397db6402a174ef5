"""Doubts: visits that were kept as a person's and turn out, a second later, to be the beginning of a burst."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from bot.web.recording import Recorder
from storage.engine import Sessions
from storage.queries.visits import note_scanned

PAUSE = 0.5
MOST_DOUBTED = 10_000

log = logging.getLogger("vouch.visits")


class Doubts:
    """Moves doubted visits to the suspected scanners, once they are in the database and before they earn anything."""

    def __init__(self, sessions: Sessions, recorder: Recorder) -> None:
        """Doubt nothing yet."""
        self._sessions = sessions
        self._recorder = recorder
        self._doubted: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, visit_ids: Iterable[int]) -> None:
        """Doubt these visits; more than can be held are left as they are."""
        if len(self._doubted) < MOST_DOUBTED:
            self._doubted.update(visit_ids)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._settle())

    async def stop(self) -> None:
        """Settle what can be settled now, and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._doubted:
            await self._settle_once()

    async def _settle(self) -> None:
        while self._doubted:
            before = frozenset(self._doubted)
            await asyncio.sleep(PAUSE)
            if self._recorder.is_settled and await self._settle_once():
                self._doubted -= before  # what came meanwhile may still be on its way: it is moved once more

    async def _settle_once(self) -> bool:
        try:
            async with self._sessions.begin() as session:
                await note_scanned(session, visit_ids=list(self._doubted))
        except Exception as error:  # whatever it is, they are tried again
            log.warning("doubted visits could not be moved yet: %s", type(error).__name__)
            return False
        return True
