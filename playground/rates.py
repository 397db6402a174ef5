"""Slack's rate limits, counted as Slack counts them: per method and workspace a minute, and per channel a second."""

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace

from playground.settings import Rates

# docs.slack.dev/apis/web-api/rate-limits; pages differ on apps.connections.open (tier 1 or 3).
TIER_OF: dict[str, int | str] = {
    "auth.test": 600,
    "chat.getPermalink": 600,
    "conversations.list": "T2",
    "users.list": "T2",
    "users.conversations": "T2",
    "usergroups.list": "T2",
    "usergroups.users.list": "T2",
    "chat.update": "T3",
    "chat.delete": "T3",
    "conversations.open": "T3",
    "conversations.info": "T3",
    "conversations.join": "T3",
    "users.lookupByEmail": "T3",
    "apps.connections.open": "T3",
    "chat.postEphemeral": "T4",
    "views.open": "T4",
    "views.push": "T4",
    "views.update": "T4",
    "views.publish": "T4",
    "users.info": "T4",
    "conversations.members": "T4",
    "files.getUploadURLExternal": "T4",
    "files.completeUploadExternal": "T4",
}  # fmt: skip
MINUTE = 60.0


def multiplied(rates: Rates, times: int) -> Rates:
    """Return limits that are so many times as high, every one of them."""
    fixed = {method: allowed for method, allowed in TIER_OF.items() if isinstance(allowed, int)}
    return replace(
        rates,
        channel_per_s=rates.channel_per_s * times,
        channel_burst=rates.channel_burst * times,
        workspace_per_min=rates.workspace_per_min * times,
        tiers={name: allowed * times for name, allowed in rates.tiers.items()},
        methods={name: allowed * times for name, allowed in (fixed | rates.methods).items()},
    )


@dataclass(slots=True)
class RateLimiter:
    """Counts requests; `wait_for` says how long to wait, and counts the request only if it may pass."""

    rates: Rates
    seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_for(self, method: str, channel: str = "") -> int:
        """Return 0 and count the request, or the whole seconds after which to come back."""
        if not self.rates.is_on:
            return 0
        now = time.monotonic()
        allowed = self._per_minute(method)
        waits = [self._minute_wait(method, allowed, now)] if allowed else []
        if method == "chat.postMessage" and channel:
            waits.append(self._bucket_wait(channel, now))
        if wait := max(waits, default=0.0):
            return max(1, math.ceil(wait))
        self._count(method, channel, now, is_counted=bool(allowed))
        return 0

    def _per_minute(self, method: str) -> int:
        if method in self.rates.methods:
            return self.rates.methods[method]
        if method == "chat.postMessage":
            return self.rates.workspace_per_min
        tier = TIER_OF.get(method, "")
        return tier if isinstance(tier, int) else self.rates.tiers.get(tier, 0)

    def _minute_wait(self, method: str, allowed: int, now: float) -> float:
        times = self.seen[method]
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return 0.0 if len(times) < allowed else MINUTE - (now - times[len(times) - allowed])

    def _level(self, channel: str, now: float) -> float:
        level, then = self.buckets.get(channel, (float(self.rates.channel_burst), now))
        return min(float(self.rates.channel_burst), level + (now - then) * self.rates.channel_per_s)

    def _bucket_wait(self, channel: str, now: float) -> float:
        # One thousandth of tolerance: who waits exactly the second that was said must not be refused for rounding.
        missing = 0.999 - self._level(channel, now)
        return max(0.0, missing / self.rates.channel_per_s)

    def _count(self, method: str, channel: str, now: float, *, is_counted: bool) -> None:
        if is_counted:
            self.seen[method].append(now)
        if method == "chat.postMessage" and channel:
            self.buckets[channel] = (self._level(channel, now) - 1.0, now)
