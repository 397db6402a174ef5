"""Pictures: kept under the hash of an address that cannot be guessed."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Picture


async def add_picture(session: AsyncSession, *, body: bytes, token_hash: bytes, now: datetime) -> None:
    """Keep a picture; the same token a second time changes nothing."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"token_hash": token_hash, "body": body, "created_at": now}
    await session.execute(dialect.insert(Picture).values(values).on_conflict_do_nothing())


async def find_picture(session: AsyncSession, *, token_hash: bytes) -> bytes | None:
    """Return the picture of a token, or `None` for one that never was or is deleted."""
    return await session.scalar(select(Picture.body).where(Picture.token_hash == token_hash))


async def take_picture(session: AsyncSession, *, token_hash: bytes) -> bytes | None:
    """Return the picture of a token and delete it; of two who take it at once one gets it."""
    taken = delete(Picture).where(Picture.token_hash == token_hash).returning(Picture.body)
    return (await session.scalars(taken)).first()


async def forget_pictures(session: AsyncSession, *, before: datetime) -> None:
    """Delete the pictures that were drawn before `before`."""
    await session.execute(delete(Picture).where(Picture.created_at < before))
