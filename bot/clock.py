"""Clocks: the machine's, and one that follows the playground's so that a demo can move through a week."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp

log = logging.getLogger("vouch.clock")

POLL_SECONDS = 30


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)


class FollowedClock:
    """A clock that is ahead of the machine's by what the address `url` says; it only serves the local playground."""

    def __init__(self, url: str) -> None:
        """Follow `url`, which answers `{"offset_s", "version"}` and waits for news with `?after=version`."""
        self._url = url
        self._offset = timedelta(0)
        self._version = -1

    def now(self) -> datetime:
        """Return the followed instant, in UTC."""
        return datetime.now(UTC) + self._offset

    async def read(self, session: aiohttp.ClientSession, *, is_waiting: bool = False) -> None:
        """Read the offset, `is_waiting` for a new one; raises `aiohttp.ClientError` if the address does not answer."""
        params = {"after": str(self._version)} if is_waiting else {}
        timeout = aiohttp.ClientTimeout(total=POLL_SECONDS)
        async with session.get(self._url, params=params, timeout=timeout) as response:
            told = await response.json()
        self._offset = timedelta(seconds=float(told["offset_s"]))
        self._version = int(told["version"])

    async def follow(self, session: aiohttp.ClientSession, on_change: Callable[[], Awaitable[None]]) -> None:
        """Follow for ever; `on_change` has been awaited before the next question confirms the new time."""
        while True:
            before = self._version
            try:
                await self.read(session, is_waiting=True)
            except (TimeoutError, aiohttp.ClientError, ValueError, KeyError):
                await asyncio.sleep(0.5)
                continue
            if self._version != before:
                with contextlib.suppress(asyncio.CancelledError):
                    await on_change()
