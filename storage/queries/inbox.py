"""The inbox: interactions that were already handled."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow
from storage.prepared import Prepared, Row, together
from storage.queries.members import ME, as_who_counts
from storage.tables import INBOX

_ADD = Prepared(
    sqlite.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
    postgresql=postgresql.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.key),
)


async def receive(
    session: AsyncSession, *, key: str, platform: str, person_ref: str, now: datetime
) -> tuple[Row | None, bool]:
    """Return who acts, as `members.find_me`, and whether the interaction is new; it is noted either way."""
    added, found = await together(
        session, (_ADD, {"key": key[:200], "at": now}), (ME, {"platform": platform, "person_ref": person_ref})
    )
    return await as_who_counts(session, found[0]) if found else None, bool(added)


async def has_interaction(session: AsyncSession, *, key: str) -> bool:
    """Say whether the interaction `key` was handled already."""
    return await session.scalar(select(InboxRow.key).where(InboxRow.key == key[:200])) is not None


async def forget_interactions(session: AsyncSession, *, before: datetime) -> None:
    """Forget interactions that cannot arrive again."""
    await session.execute(delete(InboxRow).where(InboxRow.at < before))
