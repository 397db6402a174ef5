"""The inbox: interactions that were already handled."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow
from storage.tables import INBOX, of_dialect

_ADD = {
    "sqlite": sqlite.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
    "postgresql": postgresql.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
}


async def add_interaction(session: AsyncSession, *, key: str, now: datetime) -> bool:
    """Note that the interaction `key` is being handled; `False` if it already was."""
    added = await session.execute(of_dialect(_ADD, session), {"key": key[:200], "at": now})
    return added.first() is not None


async def forget_interactions(session: AsyncSession, *, before: datetime) -> None:
    """Forget interactions that cannot arrive again."""
    await session.execute(delete(InboxRow).where(InboxRow.at < before))
