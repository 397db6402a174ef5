"""When and where the next process dies: at points that were seldom died at, and at random times in between."""

import random
from collections import Counter
from dataclasses import dataclass, field

AT_RANDOM = 0.3
"""So many of the deaths are at a random time."""

SHORT, LONG = (0.2, 2.5), (6.0, 11.0)
"""Seconds that a process lives at most: hardly started, or long enough to take over what others have left."""

LONG_LIVES = 0.3
POINTS_AT_ONCE = 10
RANDOM = "at a random time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a process is to die: at the `nth` passing of one of the `points`, and after `seconds` in any case."""

    points: tuple[str, ...] = ()
    nth: int = 1
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """What the process is told by its environment."""
        return "|".join((str(self.nth), *self.points)) if self.points else ""


@dataclass(slots=True)
class Schedule:
    """Draws fates; the same seed and the same passings draw the same ones."""

    dice: random.Random
    known: set[str] = field(default_factory=set)
    died: Counter[str] = field(default_factory=Counter)

    def draw(self) -> Fate:
        """Return the fate of the next process: some of the points that were died at least, at some passing."""
        seconds = self.dice.uniform(*(LONG if self.dice.random() < LONG_LIVES else SHORT))
        if not self.known or self.dice.random() < AT_RANDOM:
            return Fate(seconds=seconds)
        least = min(self.died[one] for one in self.known)
        rarest = sorted(one for one in self.known if self.died[one] == least)
        points = tuple(self.dice.sample(rarest, min(len(rarest), POINTS_AT_ONCE)))
        return Fate(points=points, nth=self.dice.choice((1, 1, 1, 2, 3)), seconds=max(seconds, SHORT[1]))

    def learn(self, passed: set[str], killed: str) -> None:
        """Take in what a process passed, and where it died ("" for at a random time)."""
        self.known |= passed
        self.died[killed or RANDOM] += 1

    @property
    def covered(self) -> int:
        """Return how many of the known points somebody died at."""
        return len(self.known & set(self.died))
