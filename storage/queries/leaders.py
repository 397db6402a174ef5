"""Which process has a task that only one may have: a lease in one row, kept by the database's clock on PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Leader
from storage.types import Instant


async def take_lead(session: AsyncSession, *, name: str, owner: str, lease: timedelta, now: datetime) -> bool:
    """Take or keep the task `name` for the length of `lease`; `False` while another process has it.

    `now` counts on SQLite alone: the clocks of several machines may differ, that of their database is one.
    """
    is_sqlite = _is_sqlite(session)
    dialect = sqlite if is_sqlite else postgresql
    wanted = dialect.insert(Leader).values(name=name, owner=owner, until=_in(lease, is_sqlite=is_sqlite, now=now))
    is_free = or_(Leader.owner == owner, Leader.until <= _in(timedelta(0), is_sqlite=is_sqlite, now=now))
    taken = wanted.on_conflict_do_update(
        index_elements=["name"], set_={"owner": owner, "until": wanted.excluded.until}, where=is_free
    )
    return (await session.execute(taken.returning(Leader.owner))).first() is not None


async def find_leader(session: AsyncSession, *, name: str, now: datetime) -> str | None:
    """Return the process that has the task, `None` if nobody has."""
    after = _in(timedelta(0), is_sqlite=_is_sqlite(session), now=now)
    return await session.scalar(select(Leader.owner).where(Leader.name == name, Leader.until > after))


async def find_lease_end(session: AsyncSession, *, name: str) -> datetime | None:
    """Return until when the task is somebody's; every renewal moves it. `None` if nobody ever had it."""
    return await session.scalar(select(Leader.until).where(Leader.name == name))


async def give_up_lead(session: AsyncSession, *, name: str, owner: str, now: datetime) -> None:
    """End the lease now, so that another process may take the task; what another one has stays with it."""
    over = _in(timedelta(0), is_sqlite=_is_sqlite(session), now=now)
    await session.execute(update(Leader).where(Leader.name == name, Leader.owner == owner).values(until=over))


def _is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _in(ahead: timedelta, *, is_sqlite: bool, now: datetime) -> Any:  # noqa: ANN401 - a value, or the database's own
    """Return the instant `ahead` of now, by the clock that counts."""
    return literal(now + ahead, Instant) if is_sqlite else func.now() + literal(ahead, Interval)
