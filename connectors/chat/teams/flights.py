"""Work that several wait for at once, and that goes on when one of them stops waiting."""

import asyncio
from typing import TypeVar

from bot.core.errors import TryLater
from connectors.chat.teams.limits import AGAIN_AFTER

T = TypeVar("T")


async def landed(flight: asyncio.Task[T], *, given_up: str) -> T:
    """Return what `flight` brings; who stops waiting for it does not stop it for the others.

    Raises `TryLater(given_up)` if it was cancelled itself: whatever it was to serve has not been done.
    """
    try:
        return await asyncio.shield(flight)
    except asyncio.CancelledError:
        waiting = asyncio.current_task()
        if not flight.cancelled() or (waiting is not None and waiting.cancelling()):
            raise
        raise TryLater(AGAIN_AFTER, given_up) from None
