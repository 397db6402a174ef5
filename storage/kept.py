"""Connections to PostgreSQL that are kept for another use, and statements that it commits without waiting for the disk.

Taking a connection from the pool and giving it back costs as much as most statements.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.on_postgres import RENEWED_SECONDS, connected_at, is_of_use, write_alone

MOST_KEPT = 4
"""The pool's other connections stay with it, for those who read and for a rush."""

BUSY_SECONDS = 0.025
"""What is written sooner after another hasty statement does not wait for the disk."""

_HASTY = "SET synchronous_commit = off"
_FLUSH = "SELECT pg_logical_emit_message(true, 'vouch', '')"
"""Writes a record to the log and waits until it, and with it all that was committed before, is on the disk; replicas
that listen to such messages ignore those of a prefix they do not know
(postgresql.org/docs/current/functions-admin.html#PG-LOGICAL-EMIT-MESSAGE)."""


@dataclass(slots=True)
class Rush:
    """How many wait for a connection of a pool: as long as somebody does, none is kept away from it."""

    waiting: int = 0


class Kept:
    """Connections of an engine that were given back and are used again, the last one first."""

    def __init__(self, engine: AsyncEngine, *, setting: str = "", rush: Rush | None = None) -> None:
        """Keep none yet; `setting` is run on each before its first use; who shares a pool shares the `rush`."""
        self._engine = engine
        self._setting = setting
        self._rush = rush or Rush()
        self._held: list[AsyncConnection] = []
        self._lost_at = 0.0
        event.listen(engine.sync_engine, "handle_error", self._note_loss)

    def __len__(self) -> int:
        """Return how many are kept now and not in use."""
        return len(self._held)

    def _note_loss(self, context: ExceptionContext) -> None:
        """Use none that is as old as one that was lost, as the pool does."""
        if context.is_disconnect:
            self._lost_at = time.time()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that is open, as far as that is known without asking; what fails closes it."""
        connection = await self.take()
        try:
            yield connection
        except BaseException:
            await _surely(self.close(connection))
            raise
        await self.give(connection)

    async def take(self) -> AsyncConnection:
        """Return a kept connection that is open, as far as that is known without asking, or one of the pool's."""
        while self._held:
            connection = self._held.pop()
            if self._is_good(connection):
                return connection
            await self.close(connection)
        self._rush.waiting += 1
        try:
            connection = await self._engine.connect()
        finally:
            self._rush.waiting -= 1
        if self._setting:
            try:
                await write_alone(connection, self._setting, ())
            except BaseException:
                await _surely(self.close(connection))
                raise
        return connection

    def _is_good(self, connection: AsyncConnection) -> bool:
        oldest = max(self._lost_at, time.time() - RENEWED_SECONDS)
        return is_of_use(connection) and connected_at(connection) > oldest

    async def give(self, connection: AsyncConnection) -> None:
        """Keep a connection that has ended all that was begun on it; the pool gets those that are too many."""
        if len(self._held) < MOST_KEPT and not self._rush.waiting:
            self._held.append(connection)
        else:
            await self.close(connection)

    async def close(self, connection: AsyncConnection) -> None:
        """Give a connection back to the pool; one with a setting of its own is closed for good."""
        if self._setting and is_of_use(connection):
            await connection.invalidate()
        await connection.close()

    async def let_go(self) -> None:
        """Close all that are kept."""
        while self._held:
            await self.close(self._held.pop())


class Alone:
    """Single statements that are transactions of their own; hasty ones do not wait for the disk, but for a flush.

    The end of this process takes none of them. A crash of the server takes the hasty ones since the last flush, and
    with them the witness, a connection that was open before: whoever holds what was written under a witness that is
    gone has to write it again.
    """

    def __init__(self, engine: AsyncEngine, kept: Kept, rush: Rush) -> None:
        """Write on `kept` what waits for the disk."""
        self._engine = engine
        self._synced = kept
        self._hasty = Kept(engine, setting=_HASTY, rush=rush)
        self._witness: AsyncConnection | None = None
        self._meeting = asyncio.Lock()
        self._wrote_at = float("-inf")

    def __len__(self) -> int:
        """Return how many connections are kept and not in use, the witness among them."""
        return len(self._hasty) + (self._witness is not None)

    async def write(self, statement: str, values: tuple[Any, ...], *, is_hasty: bool) -> object | None:
        """Write one statement; return the witness, `None` if it has waited for the disk: the first of a crowd does."""
        is_unsynced = is_hasty and self._is_crowd()
        witness = await self._meet() if is_unsynced else None
        async with (self._hasty if is_unsynced else self._synced).one() as connection:
            await write_alone(connection, statement, values)
        return witness

    def _is_crowd(self) -> bool:
        """Say whether another hasty statement came just before."""
        now = time.monotonic()
        before, self._wrote_at = self._wrote_at, now
        return now - before < BUSY_SECONDS

    async def flush(self) -> object:
        """Wait until all that was written before is on the disk; return the witness of those of which that is true."""
        witness = await self._meet()
        try:
            await write_alone(witness, _FLUSH, ())
        except BaseException:
            await _surely(self._part())
            raise
        return witness

    async def _meet(self) -> AsyncConnection:
        if self._witness is not None and is_of_use(self._witness):
            return self._witness
        async with self._meeting:
            if self._witness is None or not is_of_use(self._witness):
                await self._part()
                self._witness = await self._engine.connect()
            return self._witness

    async def _part(self) -> None:
        witness, self._witness = self._witness, None
        if witness is not None:
            await witness.close()

    async def let_go(self) -> None:
        """Close every connection."""
        await self._hasty.let_go()
        await self._part()


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Let `work` come to its end, also if whoever waits for it is cancelled."""
    await asyncio.shield(asyncio.ensure_future(work))
