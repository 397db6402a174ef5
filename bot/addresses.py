"""The address book and the shelf for files of a chat platform, in the database."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property

from aiodataloader import DataLoader
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import TryLater
from bot.core.ports import Clock
from storage.engine import AWAY, Sessions
from storage.queries import addresses, pictures
from storage.queries.addresses import Kept
from storage.types import keyed_hash

AGAIN_AFTER = timedelta(seconds=5)
MOST_AT_ONCE = 500


class StoredAddresses:
    """`AddressBook` of one platform; a database that is away is `TryLater`, as it keeps a message from leaving."""

    def __init__(self, sessions: Sessions, *, platform: str, clock: Clock) -> None:
        """Hold what belongs to `platform`."""
        self._sessions = sessions
        self._platform = platform
        self._clock = clock

    async def find(self, ref: str) -> str | None:
        """Return what is held of a person or place, `None` if nothing is; all who ask at once are one question."""
        return await self._asked.load(ref)

    @cached_property
    def _asked(self) -> DataLoader[str, str | None]:
        return DataLoader(self._find_all, cache=False, max_batch_size=MOST_AT_ONCE)

    async def _find_all(self, refs: list[str]) -> list[str | None]:
        async with _reading(self._sessions) as session:
            held = await addresses.find_addresses(session, platform=self._platform, refs=refs)
        return [held.get(ref) for ref in refs]

    async def keep(self, ref: str, held: str, *, is_person: bool) -> None:
        """Keep `held` in place of what was; of a person only while they are a member."""
        kept = Kept(platform=self._platform, ref=ref, held=held)
        async with _writing(self._sessions) as session:
            keep = addresses.keep_person if is_person else addresses.keep_place
            await keep(session, kept, now=self._clock.now())

    async def forget(self, ref: str) -> None:
        """Forget a person or place; an unknown one is none to forget."""
        async with _writing(self._sessions) as session:
            await addresses.forget_address(session, platform=self._platform, ref=ref)

    async def list_held(self, prefix: str) -> Mapping[str, str]:
        """Return what is held of all whose reference begins with `prefix`, by reference."""
        async with _reading(self._sessions) as session:
            return await addresses.list_addresses(session, platform=self._platform, prefix=prefix)


class StoredFiles:
    """`FileShelf` among the drawn pictures, which go after some days; only who has the token can read what lies there.

    A file may hold everything about a person, and nothing says whose it is, so that erasing them would leave it lying
    there: therefore it is unreadable without its token, and that is nowhere but in the person's own chat.
    """

    def __init__(self, sessions: Sessions, *, secret: bytes, clock: Clock) -> None:
        """Keep files under hashes with `secret`."""
        self._sessions = sessions
        self._secret = secret
        self._clock = clock

    async def put(self, body: bytes) -> str:
        """Keep `body` and return its token."""
        token = secrets.token_urlsafe(32)
        async with _writing(self._sessions) as session:
            await pictures.add_picture(
                session, body=_veiled(body, token), token_hash=self._hash(token), now=self._clock.now()
            )
        return token

    async def take(self, token: str) -> bytes | None:
        """Return what was put and keep it no longer; `None` if it was taken before or is too old."""
        async with _writing(self._sessions) as session:
            body = await pictures.take_picture(session, token_hash=self._hash(token))
        return None if body is None else _veiled(body, token)

    def _hash(self, token: str) -> bytes:
        return keyed_hash(self._secret, f"file:{token}")  # no picture's, so that its address shows no file


def _veiled(body: bytes, token: str) -> bytes:
    """Return `body` combined with a stream that only `token` gives (SHAKE-256); doing it twice gives `body` again.

    Every token has 256 random bits and serves one file, so no two files share a stream.
    """
    stream = hashlib.shake_256(b"vouch file " + token.encode()).digest(len(body))
    return (int.from_bytes(body) ^ int.from_bytes(stream)).to_bytes(len(body))


@asynccontextmanager
async def _reading(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    try:
        async with sessions.reading() as session:
            yield session
    except AWAY:
        raise TryLater(AGAIN_AFTER, "database_away") from None


@asynccontextmanager
async def _writing(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    try:
        async with sessions.begin() as session:
            yield session
    except AWAY:
        raise TryLater(AGAIN_AFTER, "database_away") from None
