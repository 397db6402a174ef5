"""Engines and sessions: one semantics on SQLite and PostgreSQL, one writer at a time on SQLite.

On SQLite every writing transaction takes one lock of this process and starts with `BEGIN IMMEDIATE`; a deferred one
that reads and then writes fails at once with "database is locked". The driver's own BEGIN is off, because with it a
first write inside a savepoint commits on its own and survives a rollback.
"""

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from storage.kept import Alone, Kept, Rush
from storage.on_postgres import is_idle, postgres_engine, reading_engine
from storage.one_turn import DRIVER, begin_with, is_at_rest, is_at_work, register_dialect, write_at_once
from storage.prepared import DirectSession

T = TypeVar("T")

log = logging.getLogger("vouch.storage")

BUSY_MS = 1500
"""How long a writer waits for another process; shorter than what a platform waits for an answer."""

AWAY = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What says that the database cannot be reached, is locked, or is full: all may pass."""

_PAUSES = (0.2, 0.5, 1.0, 2.0, *[5.0] * 23)
"""Two minutes in all: a database that is started anew is back by then."""

_SHORT_PAUSES = (0.02, 0.2, 0.6)
"""Less than a second in all: somebody waits for an answer."""

CLOSE_SECONDS = 0.5
"""How long the end of a transaction that failed is waited for: a server that hangs must not hold up the answer."""

SYNC_SECONDS = 0.25
"""So far apart are the hasty writes that wait for the disk all the same."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=500",  # a commit now and then brings the log into the file: half as much, half as long
)


def async_url(url: str) -> str:
    """Return `url` with the asynchronous driver of its database named."""
    parsed = make_url(url)
    drivers = {
        "sqlite": DRIVER,
        "sqlite+aiosqlite": DRIVER,
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
    }
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}  # as libpq calls it
    driver = drivers.get(parsed.drivername, parsed.drivername)
    return parsed.set(drivername=driver, query=query).render_as_string(False)


def sqlite_url(folder: Path) -> str:
    """Return the address of the default database in the data folder."""
    return f"sqlite+aiosqlite:///{folder / 'vouch.db'}"


class Sessions:
    """Opens transactions: `begin()` to write (and read), `reading()` to read on other connections.

    After a commit that added jobs, every callback in `on_jobs` is called once. `pool_of` names the pool of limits that
    a job falls under, by its kind's pool and its lane: on two platforms each has limits of its own.
    """

    def __init__(self, url: str) -> None:
        """Prepare engines for `url`; nothing is connected before the first transaction."""
        self.url = async_url(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self.writer = _engine(self.url, is_writer=True)
        self.reader = _engine(self.url, is_writer=False) if self.is_sqlite else reading_engine(self.writer)
        self._write = async_sessionmaker(self.writer, class_=DirectSession, expire_on_commit=False)
        self._read = async_sessionmaker(self.reader, class_=DirectSession, expire_on_commit=False)
        self._queue = asyncio.Lock()
        self._lock = asyncio.Lock()
        self.on_jobs: list[Callable[[], None]] = []
        self.pool_of: Callable[[str, str], str] = _only_pool
        self._kept: AsyncConnection | None = None
        rush = Rush()
        self._readers = None if self.is_sqlite else Kept(self.reader, rush=rush)
        self._keeping = None if self.is_sqlite else Kept(self.writer, rush=rush)
        self._alone = None if self._keeping is None else Alone(self.writer, self._keeping, rush)
        self._closing: set[asyncio.Future[None]] = set()
        self._synced_at = float("-inf")

    @asynccontextmanager
    async def begin(self, *, is_next: bool = False) -> AsyncIterator[AsyncSession]:
        """Open one writing transaction; it commits at the end of the block and rolls back on any exception.

        One that `is_next` goes before those who queue for SQLite: short ones on which many others wait.
        """
        async with self._turn(is_next=is_next):
            connection = await (self._own() if self._keeping is None else self._keeping.take())
            session = self._write(bind=connection)
            session.info["pool_of"] = self.pool_of
            if not self.is_sqlite:
                session.go_directly(connection)
            try:
                yield session
                await session.end()
            except BaseException:
                await self._end(session, connection, self._keeping)
                raise
            if self._keeping is not None:
                await self._keeping.give(connection)
        if session.info.get("has_jobs"):
            for wake in self.on_jobs:
                wake()

    @asynccontextmanager
    async def _turn(self, *, is_next: bool) -> AsyncIterator[None]:
        """Wait for everybody who came before, on SQLite; of all who queue, one waits for the lock."""
        if not self.is_sqlite:
            yield
            return
        async with nullcontext() if is_next else self._queue, self._lock:
            yield

    async def _end(self, session: AsyncSession, connection: AsyncConnection, kept: Kept | None) -> None:
        """Roll back, also if cancelled meanwhile; PostgreSQL may go on with that alone, SQLite's writer lock not."""
        closing = asyncio.ensure_future(_close(session, connection, kept))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        if self.is_sqlite:
            await asyncio.shield(closing)
        elif (await asyncio.wait({closing}, timeout=CLOSE_SECONDS))[0]:
            closing.result()

    async def write_at_once(self, statement: str, values: tuple[Any, ...], *, is_hasty: bool = False) -> object | None:
        """Write one statement, in the driver's own words, as a whole transaction: for what happens thousands a second.

        On SQLite it is next, whoever else queues. Once begun it is done or not done as a whole, also when whoever waits
        for it is cancelled. A hasty one does not wait for the disk where another did just before: the end of this
        process does not take it, but on SQLite a power cut may, and on PostgreSQL a crash of the server; then the
        witness is returned with which `flush` says whether that has happened.
        """
        if self._alone is not None:
            return await self._alone.write(statement, values, is_hasty=is_hasty)
        await self._write_locked(statement, values, is_hasty=is_hasty)
        return None

    async def flush(self) -> object | None:
        """Wait until PostgreSQL has on its disk what was written before; return the witness of what it still has."""
        return None if self._alone is None else await self._alone.flush()

    @property
    def is_at_work(self) -> bool:
        """Whether a transaction of this process is under way on SQLite, and has heard from the database already."""
        return self._kept is not None and is_at_work(self._kept.sync_connection)

    async def _write_locked(self, statement: str, values: tuple[Any, ...], *, is_hasty: bool) -> None:
        async with self._lock:
            now = time.monotonic()
            is_synced = not is_hasty or now - self._synced_at >= SYNC_SECONDS
            try:
                kept = (await self._own()).sync_connection
                await write_at_once(kept, statement, values, is_synced=is_synced)
            except sqlite3.IntegrityError as error:
                raise IntegrityError(None, None, error) from error
            except sqlite3.OperationalError as error:
                await self._let_go()
                raise OperationalError(None, None, error) from error
            if is_synced:
                self._synced_at = now

    async def _own(self) -> AsyncConnection:
        """Return the connection that is kept for writing: taking one from the pool costs more than most writes."""
        if self._kept is not None and not is_at_rest(self._kept.sync_connection):
            await self._let_go()
        if self._kept is None:
            self._kept = await self.writer.connect()
        return self._kept

    async def _let_go(self) -> None:
        held, self._kept = self._kept, None
        if held is not None:
            await held.close()
        for kept in (self._readers, self._keeping, self._alone):
            if kept is not None:
                await kept.let_go()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open one reading transaction; what it would write is an error on SQLite, and kept at once on PostgreSQL."""
        if self._readers is None:
            async with self._read() as session, session.begin():
                yield session
            return
        connection = await self._readers.take()
        session = self._read(bind=connection)
        session.go_directly(connection)
        try:
            yield session
            if session.is_changed:
                await session.flush()
            if is_idle(connection):
                session.sync_session.close()
            else:
                await session.close()
        except BaseException:
            await self._end(session, connection, self._readers)
            raise
        await self._readers.give(connection)

    def count_connections(self) -> int:
        """Return how many connections are in use now; on PostgreSQL at most as many as the pool holds."""
        pools = {id(engine.pool): engine.pool for engine in (self.writer, self.reader)}.values()
        idle = sum(len(kept) for kept in (self._readers, self._keeping, self._alone) if kept is not None)
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool)) - idle

    async def close(self) -> None:
        """Close every connection."""
        await self._let_go()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
        await self.writer.dispose()
        if self.is_sqlite:
            await self.reader.dispose()


async def _close(session: AsyncSession, connection: AsyncConnection, kept: Kept | None) -> None:
    try:
        await session.close()
    finally:
        if kept is not None:
            await kept.close(connection)


def _only_pool(pool: str, lane: str) -> str:
    return pool


def _engine(url: str, *, is_writer: bool) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return postgres_engine(url)
    register_dialect()
    engine = create_async_engine(
        url,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": BUSY_MS / 1000, "check_same_thread": False},
        pool_size=1 if is_writer else 4,
        max_overflow=1 if is_writer else 0,  # for the one that is kept
    )
    event.listen(engine.sync_engine, "connect", _set_up if is_writer else _set_up_reader)
    event.listen(engine.sync_engine, "begin", _begin_immediate if is_writer else _begin_deferred)
    return engine


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _set_up_reader(connection: Any, record: object) -> None:  # noqa: ANN401
    _set_up(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    begin_with(connection, "BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    begin_with(connection, "BEGIN")


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Return what `work` returns, tried again for two minutes while the database is away: for what comes only once."""
    return await _again(work, pauses=_PAUSES, passes=lambda _error: True)


async def at_once(work: Callable[[], Awaitable[T]]) -> T:
    """Return what `work` returns, a transaction and all that is done in it; tried again for less than a second.

    It is tried again where the database has taken it back for the sake of another one, as it does with two that wait
    for each other, and where the connection was lost or refused. In the latter case the first one may have been
    committed all the same: `work` has to know what it has done already.
    """
    return await _again(work, pauses=_SHORT_PAUSES, passes=_passes_soon)


async def _again(
    work: Callable[[], Awaitable[T]], *, pauses: Sequence[float], passes: Callable[[BaseException], bool]
) -> T:
    for pause in pauses:
        try:
            return await work()
        except AWAY as error:
            if not passes(error):
                raise
            log.warning("the database is away, trying again: %s", type(error).__name__)
            await asyncio.sleep(pause * random.uniform(1.0, 1.2))  # noqa: S311 - so that two do not meet again
    return await work()


def _passes_soon(error: BaseException) -> bool:
    """Say whether trying again at once may help: not after a wait that was long already, as for SQLite's lock."""
    if isinstance(error, DBAPIError):
        return not isinstance(error.orig, sqlite3.Error)
    return isinstance(error, OSError) and not isinstance(error, TimeoutError)


def may_be_kept(error: BaseException) -> bool:
    """Say whether what ended in this one of `AWAY` at its commit may have been committed all the same.

    PostgreSQL may have done so before the connection was lost, or waited for no longer; SQLite says what it did.
    """
    return error.connection_invalidated if isinstance(error, DBAPIError) else isinstance(error, OSError)
