"""The playground's own time, which can be moved forward; the bot asks for it and says when it has taken it."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

LONG_POLL_S = 25.0
TAKEN_S = 5.0


@dataclass(slots=True)
class Clock:
    """A clock that is `offset` ahead of the real one; every move raises `version`.

    Message timestamps follow it. Acknowledgements, trigger ids and rate limits use real time.
    """

    offset: timedelta = timedelta()
    version: int = 0
    taken: int = -1
    last_stamp: int = 0
    asked_at: float = 0.0
    waiting: int = 0
    is_ending: bool = False
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def now(self) -> datetime:
        """Return the playground's time, in UTC."""
        return datetime.now(UTC) + self.offset

    def stamp(self) -> str:
        """Return a new message timestamp, later than every earlier one."""
        self.last_stamp = max(self.last_stamp + 1, int(self.now().timestamp() * 1_000_000))
        return f"{self.last_stamp // 1_000_000}.{self.last_stamp % 1_000_000:06d}"

    def shown(self) -> dict[str, object]:
        """Return the clock as the JSON API shows it."""
        return {"now": self.now().isoformat(), "offset_s": self.offset.total_seconds(), "version": self.version}

    async def ask(self, after: int | None) -> dict[str, object]:
        """Return the clock; with `after` once its version is above that, or after 25 s. The asker has taken `after`."""
        if after is None:
            return self.shown()
        async with self.moved:
            self.asked_at = time.monotonic()
            self.taken = max(self.taken, min(after, self.version))
            self.moved.notify_all()
            self.waiting += 1
            try:
                await asyncio.wait_for(self.moved.wait_for(lambda: self.version > after or self.is_ending), LONG_POLL_S)
            except TimeoutError:
                return self.shown()
            finally:
                self.waiting -= 1
                self.asked_at = time.monotonic()
        return self.shown()

    async def end(self) -> None:
        """Answer everyone who waits: the playground ends."""
        async with self.moved:
            self.is_ending = True
            self.moved.notify_all()

    async def move(self, by: timedelta) -> bool:
        """Move forward and return whether the bot has taken it within 5 s; nobody is waited for if nobody ever asks."""
        async with self.moved:
            self.offset += by
            self.version += 1
            wanted = self.version
            self.moved.notify_all()
            if not self.waiting and time.monotonic() - self.asked_at > LONG_POLL_S * 2:
                return False
            try:
                await asyncio.wait_for(self.moved.wait_for(lambda: self.taken >= wanted), TAKEN_S)
            except TimeoutError:
                return False
        return True
