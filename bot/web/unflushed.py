"""Visits that PostgreSQL has committed and not brought to its disk: a crash of its server would take them.

They are held here until a flush, at most `FLUSH_SECONDS` later, says that they are safe. Where the server was lost
meanwhile they are written again, which does no harm to those that it still had.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from storage.engine import Sessions
from storage.queries.visits import NewVisit

FLUSH_SECONDS = 0.025
FLUSH_WITHIN = 10.0
MOST = 20_000

log = logging.getLogger("vouch.visits")


class Unflushed:
    """Holds what was written until it is flushed; what a crash may have taken goes to `write_again`."""

    def __init__(self, sessions: Sessions, *, write_again: Callable[[Sequence[NewVisit]], Awaitable[None]]) -> None:
        """Hold nothing yet."""
        self._sessions = sessions
        self._write_again = write_again
        self._held: list[tuple[object, Sequence[NewVisit]]] = []
        self._count = 0
        self._flushing: asyncio.Task[None] | None = None

    @property
    def has_room(self) -> bool:
        """Whether more may be written without waiting for the disk."""
        return self._count < MOST

    def add(self, witness: object, visits: Sequence[NewVisit]) -> None:
        """Hold visits that were written under a witness (`Sessions.write_at_once`)."""
        self._held.append((witness, visits))
        self._count += len(visits)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_all())

    async def stop(self) -> None:
        """Flush what is held."""
        if self._flushing is not None:
            await self._flushing

    async def _flush_all(self) -> None:
        while self._held:
            await asyncio.sleep(FLUSH_SECONDS)
            held, self._held = self._held, []
            safe = await self._flush()
            taken = [visit for witness, visits in held if witness is not safe for visit in visits]
            if taken:
                log.warning(
                    "the database was lost before %d visits were on its disk; they are written again", len(taken)
                )
                await self._write_again(taken)
            self._count -= sum(len(visits) for _, visits in held)

    async def _flush(self) -> object | None:
        """Return the witness of what is safe now, `None` if nothing is known to be."""
        try:
            async with asyncio.timeout(FLUSH_WITHIN):
                return await self._sessions.flush()
        except Exception as error:  # whatever it is, what is held is written again
            log.warning("visits could not be flushed: %s", type(error).__name__)
            return None
