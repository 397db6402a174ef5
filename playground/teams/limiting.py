"""The connector's limits, counted as its document says: in several windows per thread, and a second per app."""

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from playground.teams.settings import Limits, Windows

SECOND = 1.0


@dataclass(slots=True)
class Limiter:
    """Counts requests; `wait_for` says how long to wait, and counts the request only if it may pass."""

    limits: Limits
    seen: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))
    app: deque[float] = field(default_factory=deque)

    def wait_for(self, kind: str, thread: str) -> int:
        """Return 0 and count a request of that kind ("send", "read" or "" for neither), or the seconds to wait."""
        if not self.limits.is_on:
            return 0
        now = time.monotonic()
        windows: Windows = {"send": self.limits.send, "read": self.limits.read}.get(kind, ())
        times = self.seen[kind, thread] if windows else deque[float]()
        waits = [_wait(self.app, (self.limits.app_per_s, SECOND), now), *(_wait(times, one, now) for one in windows)]
        if (wait := max(waits)) > 0:
            return max(1, math.ceil(wait))
        _count(self.app, SECOND, now)
        if windows:
            _count(times, windows[-1][1], now)
        return 0

    def replace(self, limits: Limits) -> None:
        """Take other limits and forget what was counted."""
        self.limits = limits
        self.seen.clear()
        self.app.clear()


def _wait(times: deque[float], window: tuple[int, float], now: float) -> float:
    allowed, seconds = window
    if len(times) < allowed:
        return 0.0
    return max(0.0, seconds - (now - times[-allowed]))


def _count(times: deque[float], longest: float, now: float) -> None:
    times.append(now)
    while times and now - times[0] > longest:
        times.popleft()
