"""Copying a whole database into another one, of either kind; one that was cut short goes on where it stopped.

Table by table in the order of their references, in portions by primary key. How far it came is kept in the new
database, with the rows. In the end every table is read back, and compared with the old one by counts and sums.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.copied import (
    PORTION,
    Mended,
    Mending,
    Row,
    Sum,
    UnfitError,
    Writer,
    count_rows,
    key_of,
    pack_key,
    read_portions,
    unpack_key,
)
from storage.engine import AWAY, Sessions
from storage.migrations import HEAD
from storage.models import Base, Installation
from storage.schema import UNFINISHED, SchemaState, make_tables, state_of

NOT_COPIED = ("installation", "leader")
"""What is of one database, or of the processes on it, alone."""

_LOCK = 7_205_759_403_792_793_600  # of our own: no other part of Vouch locks by a number
_HOW_FAR = Table(
    "copying",
    MetaData(),
    Column("name", String(64), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("after", Text, nullable=False),
)


class Watcher(Protocol):
    """Is told how far a copy is."""

    def plan(self, rows: int) -> None:
        """There are so many rows in all: each is copied, then compared."""

    def begin(self, deed: str, table: str, *, total: int, done: int) -> None:
        """A table is begun: `deed` is "copy" or "compare", `done` rows of `total` were done before."""

    def advance(self, rows: int) -> None:
        """So many rows more are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A table that is not the same in both, with how many rows each has."""

    table: str
    there: int
    here: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What came of a copy: rows and tables, the texts that had to be mended, and the tables that differ."""

    rows: int
    tables: int
    mended: Sequence[Mended]
    differences: Sequence[Difference]


def list_tables() -> list[Table]:
    """Return the tables that are copied, each after those that it refers to."""
    return [one for one in Base.metadata.sorted_tables if one.name not in NOT_COPIED]


async def copy_database(source: Sessions, target: Sessions, watcher: Watcher, *, portion: int = PORTION) -> Copied:
    """Copy everything in `source`, on which no process may work, into `target`, which is empty or half a copy of it.

    Raises `UnfitError` where that cannot be done as they are, and one of `AWAY` or what ends the process when it is cut
    short: then the same call goes on. With differences the target stays half a copy, which no process starts on.
    """
    async with _still(source) as old, target.writer.connect() as new:
        copying = _Copying(old, new, watcher, portion)
        await copying.prepare()
        watcher.plan(sum([await count_rows(old, table) for table in list_tables()]))
        for table in list_tables():
            await copying.copy(table)
        found = [one for table in list_tables() if (one := await copying.compare(table)) is not None]
        if not found:
            await copying.finish()
        return Copied(
            rows=sum(one.count for one in copying.sums.values()),
            tables=len(copying.sums),
            mended=copying.mended,
            differences=found,
        )


@contextlib.asynccontextmanager
async def _still(source: Sessions) -> AsyncIterator[AsyncConnection]:
    """Open a database so that nothing in it can change until the block ends."""
    async with source.writer.begin() as connection:  # on SQLite it keeps every other writer out
        state = await connection.run_sync(state_of)
        if state is SchemaState.EMPTY:
            raise UnfitError("FROM: holds no database of Vouch")
        if state is not SchemaState.CURRENT:
            raise UnfitError(f"FROM: its schema is {state}; run `vouch migrate` on it first")
        if not source.is_sqlite:
            await _keep_others_out(connection)
        yield connection


async def _keep_others_out(connection: AsyncConnection) -> None:
    await connection.execute(text(_PATIENT))
    others = await connection.scalar(text(_OTHERS))
    for _ in range(20):  # a process that has just stopped is still there for a moment
        if not others:
            break
        await asyncio.sleep(0.1)
        await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        others = await connection.scalar(text(_OTHERS))
    if others:
        raise UnfitError(f"FROM: Vouch is at work on it ({others} connections); stop every vouch that runs on it first")
    names = ", ".join(f'"{one.name}"' for one in Base.metadata.sorted_tables)
    try:
        await connection.execute(text(f"LOCK TABLE {names} IN SHARE MODE NOWAIT"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "55P03":
            raise
        raise UnfitError("FROM: something is being written to it; stop every vouch that runs on it first") from None


_PATIENT = "SET idle_in_transaction_session_timeout = 0"  # a whole database is written, or read, in between
_FINGERPRINT = text("SELECT fingerprint FROM installation")
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'vouch'
"""
_GENERATORS = """
    SELECT setval(pg_get_serial_sequence('{name}', '{key}'), (SELECT max("{key}") FROM "{name}"))
    WHERE pg_get_serial_sequence('{name}', '{key}') IS NOT NULL AND EXISTS (SELECT 1 FROM "{name}")
"""


@dataclass(slots=True)
class _Copying:
    """One copy under way, on one connection to each database; `sums` are those of the old one."""

    old: AsyncConnection
    new: AsyncConnection
    watcher: Watcher
    portion: int
    mended: list[Mended] = field(default_factory=list)
    sums: dict[str, Sum] = field(default_factory=dict)
    _began: dict[str, tuple[int, Row]] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Make the tables of an empty database, or find out how far an earlier run came."""
        origin = f"copy:{await self.old.scalar(_FINGERPRINT)}"
        if self.new.dialect.name == "postgresql":
            await self.new.execute(text(_PATIENT))
            encoding = await self.new.scalar(text("SHOW server_encoding"))
            if encoding != "UTF8":
                raise UnfitError(f"TO: its encoding is {encoding}; make one with UTF8 (createdb --encoding=UTF8)")
            if not await self.new.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})")):
                raise UnfitError("TO: another copy into it is running")
        await self.new.run_sync(_make_ready)
        begun = await self.new.scalar(_FINGERPRINT)
        if not begun:
            await self.new.execute(text("UPDATE installation SET fingerprint = :origin"), {"origin": origin})
        elif begun != origin:
            raise UnfitError(
                "TO: holds the beginning of a copy of another database, or FROM was used since that was cut short; "
                "make TO empty, then run the same command again"
            )
        tables = {one.name: one for one in list_tables()}
        for name, rows, after in await self.new.execute(_HOW_FAR.select()):
            self._began[name] = (rows, unpack_key(tables[name], json.loads(after)))
        await self.new.commit()

    async def copy(self, table: Table) -> None:
        """Copy what is not copied yet of a table."""
        done, after = self._began.get(table.name, (0, None))
        self.watcher.begin("copy", table.name, total=await count_rows(self.old, table), done=done)
        self.watcher.advance(done)
        mending, summed = Mending(table, is_needed=self.new.dialect.name != "sqlite"), Sum()
        async for rows in read_portions(self.old, table, portion=self.portion, after=after):
            mended = mending.mend(rows)
            done += len(rows)
            await self._write(table, mended, done)
            summed.add(mended)
            self.watcher.advance(len(rows))
        if after is None:
            self.sums[table.name] = summed
            self.mended += mending.found

    async def _write(self, table: Table, rows: list[Row], done: int) -> None:
        """Write a portion together with how far that is."""
        after = {"name": table.name, "rows": done, "after": json.dumps(pack_key(key_of(table, rows[-1])))}
        try:
            await self.new.execute(_HOW_FAR.delete().where(_HOW_FAR.c.name == table.name))
            await self.new.execute(_HOW_FAR.insert(), after)
            await Writer(self.new, table).write(rows)
            await self.new.commit()
        except AWAY:
            raise
        except Exception as error:
            await self.new.rollback()
            raise await self._why_not(table, rows, error) from None

    async def _why_not(self, table: Table, rows: list[Row], error: Exception) -> UnfitError:
        """Return which row the new database does not take."""
        for row in rows:
            try:
                await self.new.exec_driver_sql("SELECT 1")  # begins, so that the row is rolled back
                await Writer(self.new, table).write([row])
            except AWAY:
                raise
            except Exception as refused:
                return self._refused(f"the row {key_of(table, row)}", table, refused)
            finally:
                await self.new.rollback()
        return self._refused(f"a row from {key_of(table, rows[0])} on", table, error)

    def _refused(self, where: str, table: Table, error: Exception) -> UnfitError:
        kind = type(getattr(error, "orig", None) or error).__name__
        return UnfitError(
            f"TO: does not take {where} of the table {table.name} ({kind}); mend it in FROM, then run the same command "
            "again: it goes on there"
        )

    async def compare(self, table: Table) -> Difference | None:
        """Return how a table differs in both, `None` if it is the same."""
        old, new = self.sums.get(table.name), Sum()
        self.watcher.begin("compare", table.name, total=await count_rows(self.new, table), done=0)
        if old is None:  # an earlier run had begun it
            old = self.sums[table.name] = Sum()
            mending = Mending(table, is_needed=self.new.dialect.name != "sqlite")
            async for rows in read_portions(self.old, table, portion=self.portion):
                old.add(mending.mend(rows))
            self.mended += mending.found
        async for rows in read_portions(self.new, table, portion=self.portion):
            new.add(rows)
            self.watcher.advance(len(rows))
        await self.new.rollback()
        return None if old == new else Difference(table=table.name, there=old.count, here=new.count)

    async def finish(self) -> None:
        """Make the copy a database of its own, on which a process may start."""
        if self.new.dialect.name == "postgresql":
            for table in list_tables():
                key = next(iter(table.primary_key)).name
                if len(table.primary_key) == 1 and isinstance(table.c[key].type, Integer | BigInteger):
                    await self.new.execute(text(_GENERATORS.format(name=table.name, key=key)))
        own: dict[str, Any] = {"fingerprint": "", "held_at": await self.old.scalar(select(Installation.held_at))}
        await self.new.execute(update(Installation).values(own))
        await self.new.execute(text("DROP TABLE copying"))
        await self.new.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD})
        if self.new.dialect.name == "postgresql":
            await self.new.execute(text("ANALYZE"))
        await self.new.commit()


def _make_ready(connection: Connection) -> None:
    """Make an empty database half a copy, with nothing in it yet; one that is that already stays as it is."""
    state = state_of(connection)
    if state is SchemaState.COPYING:
        return
    if state is SchemaState.EMPTY and not inspect(connection).get_table_names():
        make_tables(connection, version=UNFINISHED)
    elif state is SchemaState.CURRENT and _is_unused(connection):
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": UNFINISHED})
        connection.execute(text("UPDATE installation SET fingerprint = ''"))
    else:
        raise UnfitError("TO: holds something already; name an empty database")
    _HOW_FAR.create(connection)


def _is_unused(connection: Connection) -> bool:
    return all(connection.execute(one.select().limit(1)).first() is None for one in list_tables())
