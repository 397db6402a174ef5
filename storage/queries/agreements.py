"""What shows that every process of an installation has the same secrets, without keeping any of them."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Installation


async def agree_on_secret(session: AsyncSession, *, check: bytes) -> bool:
    """Say whether `check`, made with this process's secret, is that of the others; the first one to ask is right."""
    first = update(Installation).where(Installation.secret_check.is_(None))
    await session.execute(first.values(secret_check=check))
    return await session.scalar(select(Installation.secret_check)) == check


async def find_secret_check(session: AsyncSession) -> bytes | None:
    """Return what the secret of every process is held against; `None` where none has started yet, and on SQLite."""
    return await session.scalar(select(Installation.secret_check))


async def agree_on_probe(session: AsyncSession, *, sealed: bytes) -> bytes:
    """Return what a process must be able to open; where there is nothing yet, `sealed` becomes it."""
    first = update(Installation).where(Installation.sealed_probe.is_(None))
    await session.execute(first.values(sealed_probe=sealed))
    return await session.scalar(select(Installation.sealed_probe)) or sealed


async def forget_agreements(session: AsyncSession) -> None:
    """Let the next process to start say which secrets are right."""
    await session.execute(update(Installation).values(secret_check=None, sealed_probe=None))
