"""Rows in every table there is, made from the tables themselves: what a copy of a whole database must carry."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Integer, LargeBinary, Table

from storage.copying import list_tables
from storage.engine import Sessions
from storage.types import Instant

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
WORDS = "ünï 💧 'quoted' \"twice\"\t\\"


def value_of(column: Column[Any], number: int) -> object:
    """Return a value that this column can hold, another one for each number; every third one that may be is empty."""
    if column.nullable and number % 3 == 0:
        return None
    kind = column.type
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Instant):
        return NOW + timedelta(microseconds=number)
    if isinstance(kind, Date):
        return date(2026, 1, 1) + timedelta(days=number)
    if isinstance(kind, LargeBinary):
        return number.to_bytes(2) * 8
    if isinstance(kind, JSON):
        return {"said": WORDS, "n": number} if column.name == "typed" else [WORDS, "\ud800", str(number)]
    length = getattr(kind, "length", None) or 1000
    return f"{number}{WORDS}"[:length]


def rows_of(table: Table, count: int) -> list[dict[str, object]]:
    """Return rows that refer to those of the same number in other tables."""
    return [{one.name: value_of(one, number) for one in table.columns} for number in range(1, count + 1)]


async def fill_everything(sessions: Sessions, *, count: int = 7) -> None:
    """Add so many rows to every table that is copied."""
    async with sessions.begin() as session:
        for table in list_tables():
            await session.execute(table.insert(), rows_of(table, count))
