"""All tables for a test's empty database, made ready once in each process.

Every test has a database of its own, and engines for it. What is the same for all of them is not worked out again: the
tables of SQLite are a copy of a file in which they were made, and the statements are those that SQLAlchemy has compiled
for the tests before, as in a bot that has run for a while.
"""

import asyncio
import tempfile
from pathlib import Path

from sqlalchemy import Dialect, make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from storage.engine import Sessions, sqlite_url
from storage.schema import create_schema

_MADE: list[bytes] = []
_DIALECTS: dict[str, Dialect] = {}
_COMPILED: LRUCache = LRUCache(5000)


async def add_tables(empty: Sessions) -> None:
    """Give an empty database, not opened yet, every table of this version, as `create_schema` does."""
    _share_compiled(empty.writer)
    _share_compiled(empty.reader)
    if not empty.is_sqlite:
        await create_schema(empty)
        return
    if not _MADE:
        await _make()
    _write(Path(str(make_url(empty.url).database)))
    async with empty.writer.connect():  # one connection is open, as after `create_schema`
        pass


def _share_compiled(engine: AsyncEngine) -> None:
    """Let an engine know every statement of the others: a compiled one is kept with its dialect, so they share that."""
    inner = engine.sync_engine
    inner.dialect = _DIALECTS.setdefault(inner.dialect.name, inner.dialect)
    inner._compiled_cache = _COMPILED


async def _make() -> None:
    """Make every table in a file, and keep what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Sessions(sqlite_url(Path(folder)))
        await create_schema(made)
        await made.close()
        _MADE.append(await asyncio.to_thread(Path(folder, "vouch.db").read_bytes))


def _write(path: Path) -> None:
    assert not path.exists(), "a copy would take the place of what is there"
    path.write_bytes(_MADE[0])
