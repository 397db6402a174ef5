"""The inbox: interactions that were already handled."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow


_ROW = cast(Table, InboxRow.__table__)
_ADD = {
    "sqlite": sqlite.insert(_ROW).on_conflict_do_nothing().returning(_ROW.c.key),
    "postgresql": postgresql.insert(_ROW).on_conflict_do_nothing().returning(_ROW.c.key),
}


async def add_interaction(session: AsyncSession, *, key: str, now: datetime) -> bool:
    """Note that the interaction `key` is being handled; `False` if it already was."""
    added = await session.execute(_ADD[session.get_bind().dialect.name], {"key": key[:200], "at": now})
    return added.first() is not None


async def forget_interactions(session: AsyncSession, *, before: datetime) -> None:
    """Forget interactions that cannot arrive again."""
    await session.execute(delete(InboxRow).where(InboxRow.at < before))
