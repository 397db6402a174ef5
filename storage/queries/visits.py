"""Visits: kept in groups before their answers go out, each under a number of its own, so that none is kept twice."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, and_, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.visits import VisitClass
from storage.models import TrackedLink, Visit

LARGEST_GROUP = 256

_HUMAN = literal(VisitClass.HUMAN.value, literal_execute=True)
IS_WAITING = and_(Visit.credited_at.is_(None), Visit.kind == _HUMAN)
"""A person's visit that was not looked at for points yet; there are few, in an index of their own."""

IS_SEEN = or_(Visit.credited_at.is_not(None), Visit.kind != _HUMAN)
"""Any other visit: these are in the index by link, which a query finds by these very words."""


class NewVisit(NamedTuple):
    """A visit to keep; `id` is made where the visit arrives. On the hot path, hence a tuple."""

    id: int
    link_id: int
    at: datetime
    on_day: date
    kind: str
    visitor: bytes
    prefix: bytes


def visits_statement(dialect: Dialect, visits: Sequence[NewVisit]) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that keeps at most `LARGEST_GROUP` visits, and its values, in the words of the driver.

    A visit whose number is there already is left out; a link that is not there makes it an `IntegrityError`.
    """
    if dialect.name == "postgresql":
        return _UNNEST, tuple(map(list, zip(*visits, strict=True)))
    values: list[Any] = []
    for visit in visits:
        values.extend(visit)
    for place, process in _conversions(dialect):
        values[place :: len(NewVisit._fields)] = map(process, values[place :: len(NewVisit._fields)])
    return _statement(dialect, len(visits)), tuple(values)


_UNNEST = (
    "INSERT INTO visit (id, link_id, at, on_day, kind, visitor, prefix) SELECT * FROM unnest($1::bigint[], "
    "$2::bigint[], $3::timestamptz[], $4::date[], $5::varchar[], $6::bytea[], $7::bytea[]) ON CONFLICT (id) DO NOTHING"
)
"""On PostgreSQL one statement for any number of visits, so that it is prepared once; its values are columns."""


@lru_cache(maxsize=LARGEST_GROUP)
def _statement(dialect: Dialect, count: int) -> str:
    """Return the statement for so many visits, in the words of the database's driver."""
    compiled = str(insert(Visit).values(dict.fromkeys(NewVisit._fields)).compile(dialect=dialect))
    head, _, row = compiled.partition(" VALUES ")
    return f"{head} VALUES {', '.join([row] * count)} ON CONFLICT (id) DO NOTHING"


@lru_cache(maxsize=2)
def _conversions(dialect: Dialect) -> list[tuple[int, Any]]:
    """Return which columns, by their place, the database wants in another form, and what brings them into it."""
    columns = [Visit.__table__.c[name] for name in NewVisit._fields]
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    found = [(place, process) for place, process in enumerate(processors) if process is not None]
    day = NewVisit._fields.index("on_day")  # the same for nearly all
    return [(place, lru_cache(maxsize=8)(process) if place == day else process) for place, process in found]


async def add_known_visits(session: AsyncSession, *, visits: Iterable[NewVisit]) -> int:
    """Keep those of `visits` that are not kept yet and whose links are there; return how many were new."""
    listed = list(visits)
    known = await _known_links(session, {visit.link_id for visit in listed})
    rows = [visit._asdict() for visit in listed if visit.link_id in known]
    if not rows:
        return 0
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = await session.execute(
        dialect.insert(Visit).values(rows).on_conflict_do_nothing(index_elements=["id"]).returning(Visit.id)
    )
    return len(added.all())


async def note_scanned(session: AsyncSession, *, visit_ids: Sequence[int]) -> int:
    """Take visits for a scanner's that were kept as a person's and not looked at for points; return how many."""
    moved = await session.execute(
        update(Visit)
        .where(Visit.id.in_(visit_ids), IS_WAITING)
        .values(kind=VisitClass.SCANNER.value)
        .returning(Visit.id)
    )
    return len(moved.all())


async def _known_links(session: AsyncSession, wanted: set[int]) -> set[int]:
    return set((await session.scalars(select(TrackedLink.id).where(TrackedLink.id.in_(wanted)))).all())
