"""Named points in the life of a process: just before and just after each commit and each call outward.

They are named after what commits or is called ("commit worker._claim_some before", "call chat.postMessage after"). A
process is told by its environment at which passing of which points it kills itself, as `kill -9` would; the points that
it passes, and where it died, it writes to a file, one line each.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

FILE, PLAN, LEASE = "CHAOS_POINTS", "CHAOS_KILL", "CHAOS_LEASE_SECONDS"
SIDES = ("before", "during", "after")
DURING_SECONDS = 0.004
"""So long after a call began is "during" it."""

ROOMS = ("bot", "handlers", "storage")
PASSED, KILLED = "passed", "killed"
_LEVELS = 40


@dataclass(slots=True)
class Points:
    """What one process passes; at the `nth` passing of any of `wanted` it dies."""

    path: Path
    wanted: frozenset[str] = frozenset()
    nth: int = 1
    counts: Counter[str] = field(default_factory=Counter)

    def passed(self, name: str, side: str) -> None:
        """Note that a point is passed, and die if it is the one."""
        point = f"{name} {side}"
        self.counts[point] += 1
        if self.counts[point] == 1:
            self._write(PASSED, point)
        if point in self.wanted and self.counts[point] == self.nth:
            self._die(point)

    def begins(self, name: str) -> None:
        """Note that a call begins: it is before it now, and during it in a moment."""
        self.passed(name, "before")
        point = f"{name} during"
        self.counts[point] += 1
        if self.counts[point] == 1:
            self._write(PASSED, point)
        if point in self.wanted and self.counts[point] == self.nth:
            timer = threading.Timer(DURING_SECONDS, self._die, [point])
            timer.daemon = True
            timer.start()

    def _write(self, what: str, point: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{what} {point}\n")

    def _die(self, point: str) -> None:
        self._write(KILLED, point)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # until it has come


def points_of(environment: Mapping[str, str]) -> Points:
    """Return the points of a process with this environment: `CHAOS_KILL` is "<nth>|<point>|<point>…", or empty."""
    nth, _, wanted = environment.get(PLAN, "").partition("|")
    return Points(Path(environment[FILE]), frozenset(filter(None, wanted.split("|"))), int(nth or "1"))


def read_points(path: Path) -> tuple[set[str], str]:
    """Return the points that a process passed, and the one at which it killed itself ("" if it did not)."""
    passed, killed = set(), ""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text.splitlines():
        what, _, point = line.partition(" ")
        if what == PASSED:
            passed.add(point)
        elif what == KILLED:
            killed = point
    return passed, killed


def place() -> str:
    """Return which of our functions is at work, by module and name, the queries' and the engine's callers first."""
    frame: FrameType | None = sys._getframe(1)
    found = ""
    for _ in range(_LEVELS * 4):
        if frame is None:
            break
        module = str(frame.f_globals.get("__name__", ""))
        room = module.partition(".")[0]
        if room in ROOMS:
            name = f"{module.rpartition('.')[2]}.{frame.f_code.co_name}"
            if room != "storage":
                return name
            found = found or name
        frame = frame.f_back
    return found or "elsewhere"
