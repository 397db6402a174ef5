"""The inbox: interactions that were already handled."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow
from storage.prepared import Prepared
from storage.tables import INBOX

_ADD = Prepared(
    sqlite.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
    postgresql=postgresql.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
)


async def add_interaction(session: AsyncSession, *, key: str, now: datetime) -> bool:
    """Note that the interaction `key` is being handled; `False` if it already was."""
    return await _ADD.first(session, {"key": key[:200], "at": now}) is not None


async def has_interaction(session: AsyncSession, *, key: str) -> bool:
    """Say whether the interaction `key` was handled already."""
    return await session.scalar(select(InboxRow.key).where(InboxRow.key == key[:200])) is not None


async def forget_interactions(session: AsyncSession, *, before: datetime) -> None:
    """Forget interactions that cannot arrive again."""
    await session.execute(delete(InboxRow).where(InboxRow.at < before))
