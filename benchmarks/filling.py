"""Filling a database with millions of rows: COPY on PostgreSQL, one transaction on SQLite."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

from sqlalchemy import Column, Dialect, Table, func, make_url, select, text

from benchmarks.company import CompanyYear, Row
from storage.engine import Sessions
from storage.models import Base
from storage.schema import create_schema

AT_ONCE = 50_000


async def fill(sessions: Sessions, company: CompanyYear) -> None:
    """Make every table in an empty database and fill it; the planner knows afterwards what is there."""
    await create_schema(sessions)
    for name, columns, rows in company.tables():
        table = Base.metadata.tables[name]
        whole = _whole(table, columns, rows)
        if sessions.is_sqlite:
            await asyncio.to_thread(_fill_sqlite, sessions, table, whole)
        else:
            await _copy(sessions, table, whole)
    if not sessions.is_sqlite:
        await _go_on_counting(sessions, [name for name, columns, _ in company.tables() if "id" in columns])
    async with sessions.writer.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("ANALYZE" if sessions.is_sqlite else "VACUUM ANALYZE"))


async def _go_on_counting(sessions: Sessions, names: Sequence[str]) -> None:
    """Let the next row of each table have the number after the last one."""
    async with sessions.writer.begin() as connection:
        for name in names:
            sequence = func.pg_get_serial_sequence(name, "id")
            await connection.execute(select(func.setval(sequence, func.max(Base.metadata.tables[name].c.id))))


def _whole(table: Table, columns: Sequence[str], rows: Iterator[Row]) -> tuple[Sequence[str], Iterator[Row]]:
    """Add the columns that are left out and that the database does not fill, with what a new row of the model has."""
    left = [one for one in table.columns if one.name not in columns and one.default]
    added = tuple(_default(one) for one in left)
    return [*columns, *(one.name for one in left)], (row + added for row in rows)


def _default(column: Column[Any]) -> Any:  # noqa: ANN401 - whatever it holds
    given = cast(Any, column.default)
    return given.arg(None) if given.is_callable else given.arg


def _fill_sqlite(sessions: Sessions, table: Table, whole: tuple[Sequence[str], Iterator[Row]]) -> None:
    columns, rows = whole
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names
    kept = _kept(table, columns, rows, sessions.writer.dialect)
    database = sqlite3.connect(str(make_url(sessions.url).database), isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("BEGIN")
    database.executemany(statement, kept)
    database.execute("COMMIT")
    database.close()


def _kept(table: Table, columns: Sequence[str], rows: Iterator[Row], dialect: Dialect) -> Iterator[Row]:
    found = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
    changed = [(place, process) for place, process in enumerate(found) if process is not None]
    for row in rows:
        values = list(row)
        for place, process in changed:
            values[place] = process(values[place])
        yield tuple(values)


async def _copy(sessions: Sessions, table: Table, whole: tuple[Sequence[str], Iterator[Row]]) -> None:
    columns, rows = whole[0], _kept(table, *whole, sessions.writer.dialect)
    async with sessions.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("SET session_replication_role = replica")  # what refers to what is right already
        while portion := list(islice(rows, AT_ONCE)):
            await driver.copy_records_to_table(table.name, records=portion, columns=list(columns))
        await driver.execute("SET session_replication_role = origin")
