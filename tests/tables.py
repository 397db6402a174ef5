"""All tables for a test's empty database, made ready once in each process.

Every test has a database of its own, and engines for it. What is the same for all of them is not worked out again: the
tables of SQLite are a copy of a file in which they were made, and the statements are those that SQLAlchemy has compiled
for the tests before, as in a bot that has run for a while.
"""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from storage.engine import Sessions, sqlite_url
from storage.schema import create_schema

_MADE: list[bytes] = []
_DIALECTS: dict[str, Dialect] = {}
_LEVELS: dict[str, Any] = {"sqlite": "SERIALIZABLE", "postgresql": "READ COMMITTED"}
_COMPILED: LRUCache = LRUCache(5000)


def open_sessions(url: str) -> Sessions:
    """Return sessions of a database that know the statements of the tests before, and wait for no disk."""
    opened = Sessions(url)
    for engine in (opened.writer, opened.reader):
        _share_compiled(engine)
        if opened.is_sqlite:
            event.listen(engine.sync_engine, "connect", _wait_for_no_disk)
    return opened


async def add_tables(empty: Sessions) -> None:
    """Give an empty database, not opened yet, every table of this version, as `create_schema` does."""
    _share_compiled(empty.writer)
    _share_compiled(empty.reader)
    if not empty.is_sqlite:
        await create_schema(empty)
        return
    _write(Path(str(make_url(empty.url).database)))
    async with empty.writer.connect():  # one connection is open, as after `create_schema`
        pass


def write_tables(folder: Path) -> str:
    """Return the address of a new SQLite database in a folder, with every table of this version."""
    _write(folder / "vouch.db")
    return sqlite_url(folder)


def _share_compiled(engine: AsyncEngine) -> None:
    """Let an engine know every statement of the others: a compiled one is kept with its dialect, so they share that."""
    inner = engine.sync_engine
    inner.dialect = _DIALECTS.setdefault(inner.dialect.name, inner.dialect)
    if not hasattr(inner.dialect, "default_isolation_level"):  # what the first connection of its own engine would set
        inner.dialect.default_isolation_level = _LEVELS[inner.dialect.name]
    inner._compiled_cache = _COMPILED


def _wait_for_no_disk(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    """Do without what is for a machine that loses its power."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


async def _make() -> None:
    """Make every table in a file, and keep what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Sessions(sqlite_url(Path(folder)))
        await create_schema(made)
        await made.close()
        _MADE.append(await asyncio.to_thread(Path(folder, "vouch.db").read_bytes))


def _write(path: Path) -> None:
    if not _MADE:
        with ThreadPoolExecutor(1) as aside:  # whoever asks may be in a loop that runs
            aside.submit(asyncio.run, _make()).result()
    assert not path.exists(), "a copy would take the place of what is there"
    path.write_bytes(_MADE[0])
