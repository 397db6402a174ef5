"""Everything that is sealed, wherever it stands: to seal it anew with the newest key, and to tell what no key opens."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Base

SEALED = "sealed_"
PORTION = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One sealed column of one table; the name of such a column begins with `sealed_`."""

    table: Table
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One sealed value: `key` are the values of its row's primary key."""

    place: Place
    key: tuple[object, ...]
    value: bytes


def list_places() -> tuple[Place, ...]:
    """Return every sealed column that there is."""
    return tuple(
        Place(table=table, column=column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.startswith(SEALED)
    )


async def list_sealed(session: AsyncSession, place: Place, *, after: tuple[object, ...] | None) -> list[Sealed]:
    """Return a portion of what is sealed in a place, by its row's key, after that of the last portion."""
    table, keys = place.table, tuple(place.table.primary_key.columns)
    wanted: list[ColumnElement[bool]] = [table.c[place.column].is_not(None)]
    if after is not None:
        wanted.append(tuple_(*keys) > tuple_(*after))
    rows = await session.execute(select(*keys, table.c[place.column]).where(*wanted).order_by(*keys).limit(PORTION))
    return [Sealed(place=place, key=tuple(row[:-1]), value=bytes(row[-1])) for row in rows]


async def replace_sealed(session: AsyncSession, sealed: Sealed, value: bytes) -> bool:
    """Put `value` in the place of what was sealed; `False` if that has changed meanwhile."""
    table, column = sealed.place.table, sealed.place.table.c[sealed.place.column]
    is_row = and_(*(one == known for one, known in zip(table.primary_key.columns, sealed.key, strict=True)))
    done = await session.execute(
        update(table).where(is_row, column == sealed.value).values({column: value}).returning(column)
    )
    return done.first() is not None
