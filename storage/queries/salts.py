"""Salts: one a day, shared by all replicas, deleted the day after."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Salt


async def keep_salts(session: AsyncSession, *, offered: Mapping[date, bytes]) -> Mapping[date, bytes]:
    """Return the salts of the days, those `offered` where a day has none yet: whichever process is first decides."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"on_day": day, "value": value} for day, value in sorted(offered.items())]
    await session.execute(dialect.insert(Salt).values(rows).on_conflict_do_nothing())
    return await find_salts(session, days=offered)


async def find_salts(session: AsyncSession, *, days: Iterable[date]) -> Mapping[date, bytes]:
    """Return the salts that there are for the days."""
    found = await session.execute(select(Salt.on_day, Salt.value).where(Salt.on_day.in_(list(days))))
    return {row.on_day: row.value for row in found}


async def forget_salts(session: AsyncSession, *, before: date) -> None:
    """Delete the salts of days before `before`: from then on nobody can match an address with a visit of theirs."""
    await session.execute(delete(Salt).where(Salt.on_day < before))
