"""Where both sides of a benchmark keep their rows: databases of either kind that are copied whole, and how each is
spoken to by hand.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import aiosqlite
import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import event

from benchmarks.fleet.postgres import PostgresServer, postgres_server
from storage.engine import Sessions, sqlite_url

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=1500", "temp_store=MEMORY")

SYNCED = {"fsync": "on", "full_page_writes": "on"}
"""PostgreSQL as it comes: what is committed survives a power cut."""

Statement = tuple[str, Any]
Note = Callable[[str, Any], None]
Sender = Callable[[Sequence[Statement]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Place:
    """A database, and the folder of whatever else is kept beside it."""

    url: str
    folder: Path


class Ground(Protocol):
    """A kind of database."""

    label: str

    def empty(self) -> Place:
        """Return a new, empty database."""

    def copy(self, place: Place) -> Place:
        """Return a copy of a database that nobody is connected to."""

    def listen(self, sessions: Sessions, note: Note) -> None:
        """Give `note` every statement of connections that are yet to be opened, as the driver gets it."""

    def by_hand(self, place: Place) -> AbstractAsyncContextManager[Sender]:
        """Yield what sends statements in one transaction, with the driver alone."""


class SqliteGround:
    """SQLite files in folders of their own."""

    label = ""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`."""
        self._folder = folder
        self._numbers = count(1)

    def empty(self) -> Place:
        """Return a new, empty database."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return Place(sqlite_url(folder), folder)

    def copy(self, place: Place) -> Place:
        """Return a copy of a database."""
        folder = self._folder / str(next(self._numbers))
        shutil.copytree(place.folder, folder)
        return Place(sqlite_url(folder), folder)

    def listen(self, sessions: Sessions, note: Note) -> None:
        """Note what connections that are yet to be opened will run."""

        class Noting(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
                if not sql.startswith(("BEGIN", "PRAGMA")):
                    note(sql, parameters)
                return super().execute(sql, parameters)

        def connect_with(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
            options["factory"] = Noting

        for engine in (sessions.writer, sessions.reader):
            event.listen(engine.sync_engine, "do_connect", connect_with)

    @asynccontextmanager
    async def by_hand(self, place: Place) -> AsyncIterator[Sender]:
        """Yield what sends statements with aiosqlite."""
        connection = await aiosqlite.connect(place.folder / "vouch.db", isolation_level=None)
        for pragma in PRAGMAS:
            await connection.execute(f"PRAGMA {pragma}")

        async def send(statements: Sequence[Statement]) -> None:
            await connection.execute("BEGIN IMMEDIATE")
            for statement, parameters in statements:
                await connection.execute_fetchall(statement, parameters)
            await connection.commit()

        yield send
        await connection.close()


class PostgresGround:
    """Databases of one PostgreSQL, with folders beside them."""

    label = " postgresql"

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        """Keep the folders in `folder`."""
        self._folder = folder
        self._server = server
        self._numbers = count(1)

    def empty(self) -> Place:
        """Return a new, empty database."""
        return self._made("template1")

    def copy(self, place: Place) -> Place:
        """Return a copy of a database."""
        return self._made(place.folder.name)

    def _made(self, template: str) -> Place:
        name = f"bench{next(self._numbers)}"
        folder = self._folder / name
        folder.mkdir()
        return Place(self._server.create_database(name, template=template), folder)

    def listen(self, sessions: Sessions, note: Note) -> None:
        """Note what connections that are yet to be opened will run."""

        def hear(asked: Any) -> None:  # noqa: ANN401 - asyncpg's LoggedQuery
            if not asked.query.startswith(("BEGIN", "COMMIT", "ROLLBACK", ";")):
                note(asked.query, asked.args)

        def connected(adapted: Any, _record: object) -> None:  # noqa: ANN401
            adapted.driver_connection.add_query_logger(hear)

        event.listen(sessions.writer.sync_engine, "connect", connected)

    @asynccontextmanager
    async def by_hand(self, place: Place) -> AsyncIterator[Sender]:
        """Yield what sends statements with asyncpg, which prepares each of them once."""
        connection = await asyncpg.connect(place.url)

        async def send(statements: Sequence[Statement]) -> None:
            async with connection.transaction():
                for statement, parameters in statements:
                    await connection.fetch(statement, *parameters)

        yield send
        await connection.close()


@contextmanager
def on_sqlite() -> Iterator[Ground]:
    """Yield a ground of SQLite files that go when the block is over."""
    with TemporaryDirectory(prefix="vouch-bench-") as folder:
        yield SqliteGround(Path(folder))


@contextmanager
def on_postgres() -> Iterator[Ground]:
    """Yield a ground of one server, with PostgreSQL's defaults, that goes when the block is over."""
    with TemporaryDirectory(prefix="vouch-bench-") as folder, postgres_server(SYNCED) as server:
        yield PostgresGround(Path(folder), server)
