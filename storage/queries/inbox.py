"""The inbox: interactions that were already handled."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow


async def add_interaction(session: AsyncSession, *, key: str, now: datetime) -> bool:
    """Note that the interaction `key` is being handled; `False` if it already was."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"key": key[:200], "at": now}
    added = await session.execute(
        dialect.insert(InboxRow).values(values).on_conflict_do_nothing().returning(InboxRow.key)
    )
    return added.first() is not None


async def forget_interactions(session: AsyncSession, *, before: datetime) -> None:
    """Forget interactions that cannot arrive again."""
    await session.execute(delete(InboxRow).where(InboxRow.at < before))
