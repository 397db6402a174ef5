"""Rows on their way from one database to another: read in order of their keys, written fast, and summed up.

Both databases hand out the same Python values for the same row, so the sum of a table is the same on both if, and only
if, every row is.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, Text, func, literal, select, tuple_
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

PORTION = 5000
NUL, INSTEAD = "\x00", "\N{REPLACEMENT CHARACTER}"
_WIDTH = 1 << 128

Row = tuple[Any, ...]


class UnfitError(Exception):
    """Something cannot be copied as it is; the message says where and what to do, and holds nothing of it."""


@dataclass(slots=True)
class Sum:
    """How many rows there were, and the sum of what is in them, in whatever order they came."""

    count: int = 0
    value: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            written = repr(row).encode("utf-8", "surrogatepass")
            self.value = (self.value + int.from_bytes(blake2b(written, digest_size=16).digest())) % _WIDTH
            self.count += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A text that the other database cannot hold as it was: its row's key and its column."""

    table: str
    key: Row
    column: str


def key_of(table: Table, row: Row) -> Row:
    """Return the values of the primary key of a row."""
    return tuple(row[place] for place in _places(table))


def _places(table: Table) -> list[int]:
    columns = list(table.columns)
    return [columns.index(one) for one in table.primary_key]


def pack_key(key: Row) -> list[Any]:
    """Return a key as JSON can keep it."""
    return [one.hex() if isinstance(one, bytes) else one.isoformat() if isinstance(one, date) else one for one in key]


def unpack_key(table: Table, packed: Sequence[Any]) -> Row:
    """Return the key that `pack_key` made this of."""
    makers: dict[type, Callable[[Any], Any]] = {bytes: bytes.fromhex, date: date.fromisoformat}
    kinds = [one.type.python_type for one in table.primary_key]
    return tuple(makers.get(kind, kind)(one) for kind, one in zip(kinds, packed, strict=True))


async def count_rows(connection: AsyncConnection, table: Table) -> int:
    """Return how many rows a table has."""
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def read_portions(
    connection: AsyncConnection, table: Table, *, portion: int = PORTION, after: Row | None = None
) -> AsyncIterator[list[Row]]:
    """Yield the rows of a table in the order of their keys, after the key `after`, at most `portion` at a time."""
    while True:
        rows = await _read(connection, table, _after(table, after).limit(portion))
        if rows:
            yield rows
        if len(rows) < portion:
            return
        after = key_of(table, rows[-1])


def _after(table: Table, key: Row | None) -> Select[Any]:
    order = list(table.primary_key)
    wanted = select(table).order_by(*order)
    if key is None:
        return wanted
    bounds: list[ColumnElement[Any]] = [literal(value, one.type) for value, one in zip(key, order, strict=True)]
    return wanted.where(order[0] > bounds[0] if len(order) == 1 else tuple_(*order) > tuple_(*bounds))


async def _read(connection: AsyncConnection, table: Table, wanted: Select[Any]) -> list[Row]:
    try:
        return [tuple(row) for row in await connection.execute(wanted)]
    except OperationalError as error:
        if "decode to UTF-8" not in str(error.orig):
            raise
        reason = "a text that is no UTF-8"
    except ValueError:
        reason = "a time, a date or a list that cannot be read"
    raise UnfitError(f"FROM: the table {table.name} holds {reason}; mend it there, then run the same command again")


class Mending:
    """Puts a sign in the place of what PostgreSQL's texts cannot hold, the character NUL, and remembers where."""

    def __init__(self, table: Table, *, is_needed: bool) -> None:
        """Look at the texts of this table, if the database that it is copied to needs it."""
        self._table = table
        columns = enumerate(table.columns) if is_needed else ()
        self._texts = [(place, one.name) for place, one in columns if isinstance(one.type, String | Text)]
        self.found: list[Mended] = []

    def mend(self, rows: list[Row]) -> list[Row]:
        """Return the rows as they can be kept."""
        for number, row in enumerate(rows):
            if any(NUL in (row[place] or "") for place, _ in self._texts):
                rows[number] = self._mended(row)
        return rows

    def _mended(self, row: Row) -> Row:
        values = list(row)
        for place, column in self._texts:
            if NUL in (row[place] or ""):
                values[place] = row[place].replace(NUL, INSTEAD)
                self.found.append(Mended(table=self._table.name, key=key_of(self._table, row), column=column))
        return tuple(values)


class Writer:
    """Writes rows of one table as fast as its database takes them."""

    def __init__(self, connection: AsyncConnection, table: Table) -> None:
        """Write to `table` on this connection, within the transaction that it is in."""
        self._connection = connection
        self._table = table
        dialect = connection.dialect
        made = [one.type.dialect_impl(dialect).bind_processor(dialect) for one in table.columns]
        self._convert = [(place, one) for place, one in enumerate(made) if one is not None]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write rows; raises the driver's errors."""
        kept = [self._kept(row) for row in rows] if self._convert else rows
        names = [one.name for one in self._table.columns]
        if self._connection.dialect.name == "sqlite":
            columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            into = f'INSERT INTO "{self._table.name}" ({columns}) VALUES ({marks})'  # noqa: S608 - our own names
            await self._connection.exec_driver_sql(into, list(kept))
            return
        raw = await self._connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.copy_records_to_table(self._table.name, records=kept, columns=names)

    def _kept(self, row: Row) -> Row:
        values = list(row)
        for place, convert in self._convert:
            values[place] = convert(values[place])
        return tuple(values)
