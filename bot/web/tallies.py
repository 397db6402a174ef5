"""Tallies: plain counters that cost next to nothing where they are counted; `metrics.py` shows them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Durations:
    """How long something took, counted in buckets of at most so many seconds."""

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        """Count from zero."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


class Tallies:
    """What one process has counted since it started; no person's data."""

    def __init__(self) -> None:
        """Count from zero."""
        self.visits: Counter[str] = Counter()
        self.redirects: Counter[int] = Counter()
        self.redirect_seconds = Durations()
        self.interactions: Counter[tuple[str, str]] = Counter()
        self.interaction_seconds = Durations()

    def count_interaction(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one interaction of a kind ("open_share") with its outcome ("card", "form", "silence", ...)."""
        self.interactions[kind, outcome] += 1
        self.interaction_seconds.add(seconds)
