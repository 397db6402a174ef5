"""News of jobs between processes: who has added some tells the others at once, through PostgreSQL's LISTEN and NOTIFY.

One connection of a process's own hears and tells. It tells outside the transaction that added the jobs, and not more
often than every `APART_SECONDS`: a commit that notifies waits for every other one that does. What is lost while the
connection is away is found anyhow, for every worker also looks by itself now and then.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.engine import Sessions

CHANNEL = "vouch_jobs"
APART_SECONDS = 0.02
LOOK_SECONDS = 20.0
"""So often a connection that says nothing is asked whether it is still there."""

PATIENCE_SECONDS = 5.0
LONGEST_PAUSE = 5.0

_SETTINGS = text(
    "SELECT set_config('application_name', 'vouch news', false), set_config('synchronous_commit', 'off', false)"
)
"""How the server lists the connection; and news need not outlive the server."""

log = logging.getLogger("vouch.listening")


class JobNews:
    """Calls every callback in `on_news` when another process has added jobs, and tells the others of this one's.

    On SQLite, which no other process works on, it does nothing.
    """

    def __init__(self, sessions: Sessions, *, name: str) -> None:
        """Prepare; `name` is this process's own, by which it knows what it told itself."""
        self.on_news: list[Callable[[], None]] = []
        self._sessions = sessions
        self._name = name
        self._has_news = asyncio.Event()
        self._is_over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to hear and to tell; a database that is away is waited for."""
        if not self._sessions.is_sqlite:
            self._sessions.on_jobs.append(self.tell)
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell what is left to tell, and let the connection go."""
        if self._task is None:
            return
        self._sessions.on_jobs.remove(self.tell)
        self._is_over.set()
        self._has_news.set()
        _, late = await asyncio.wait([self._task], timeout=PATIENCE_SECONDS)
        for task in late:
            task.cancel()

    def tell(self) -> None:
        """Let the other processes know that there are jobs."""
        self._has_news.set()

    async def _run(self) -> None:
        engine = create_async_engine(self._sessions.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        pause = 0.2
        while not self._is_over.is_set():
            try:
                async with self._connected(engine) as connection:
                    pause = 0.2
                    self._call()  # something may have been missed
                    await self._tell_on(connection)
            except Exception as error:  # whatever the driver says: it is tried again
                log.warning("no news of jobs for now: %s", type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._is_over.wait()
                pause = min(pause * 2, LONGEST_PAUSE)
        await engine.dispose()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            connection = await engine.connect()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await driver.add_listener(CHANNEL, self._hear)
                driver.add_termination_listener(lambda _gone: self._has_news.set())
                await connection.execute(_SETTINGS)
            yield connection
        finally:
            with contextlib.suppress(Exception):  # it may be gone already
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await connection.close()

    async def _tell_on(self, connection: AsyncConnection) -> None:
        """Tell whenever there is news, until it is over; raises when the connection is gone."""
        while not self._is_over.is_set() or self._has_news.is_set():
            is_news = await self._wait_for_news()
            async with asyncio.timeout(PATIENCE_SECONDS):
                if is_news:
                    await connection.execute(
                        text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": self._name}
                    )
                else:
                    await connection.execute(text("SELECT 1"))
            await asyncio.sleep(APART_SECONDS)

    async def _wait_for_news(self) -> bool:
        """Return whether there is something to tell, after a while in any case."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._has_news.wait()
        is_news = self._has_news.is_set()
        self._has_news.clear()
        return is_news

    def _hear(self, _driver: object, _number: int, _channel: str, name: str) -> None:
        if name != self._name:
            self._call()

    def _call(self) -> None:
        for call in self.on_news:
            call()
