"""Ticks: each period of a timer is done once, by whichever process is first."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Tick


async def add_tick(session: AsyncSession, *, name: str, period: str, now: datetime) -> bool:
    """Note that `period` of timer `name` is being done; `False` if it already was."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"name": name, "period": period, "at": now}
    added = await session.execute(dialect.insert(Tick).values(values).on_conflict_do_nothing().returning(Tick.name))
    return added.first() is not None


async def last_tick(session: AsyncSession, *, name: str) -> str | None:
    """Return the latest period of timer `name` that was done; periods sort as text."""
    return await session.scalar(select(func.max(Tick.period)).where(Tick.name == name))
