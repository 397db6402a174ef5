"""What processes take while they run: memory and time on the processor, from /proc."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

EVERY_SECONDS = 0.5
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process took: its memory at each look, in bytes, and its share of one core."""

    memory: tuple[int, ...]
    cores: float


def memory_of(pid: int) -> int:
    """Return the bytes that a process holds in memory; 0 once it is over."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


def seconds_of(pid: int) -> float:
    """Return the seconds on a processor that a process and its ended children have had; 0 once it is over."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, told[11:15])) / _TICKS


def children_of(pid: int) -> tuple[int, ...]:
    """Return the processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return tuple(map(int, found.read_text().split())) if found.exists() else ()


@dataclass(slots=True)
class Watch:
    """Looks at named processes twice a second while the block runs, those that they start included."""

    pids: Mapping[str, int]
    memory: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _begun: dict[int, float] = field(default_factory=dict)
    _ended: dict[int, float] = field(default_factory=dict)
    _looks: int = 0
    _is_over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look a last time."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._look()
            if self._is_over.wait(EVERY_SECONDS):
                self._look()
                return

    def _look(self) -> None:
        self._looks += 1
        for name, pid in self.pids.items():
            self.memory.setdefault(name, []).append(memory_of(pid))
            ours = (pid, *children_of(pid))
            for one in ours:
                self._ended[one] = max(seconds_of(one), self._ended.get(one, 0.0))
                self._begun.setdefault(one, self._ended[one] if self._looks == 1 else 0.0)
            self.seconds[name] = sum(self._ended[one] - self._begun[one] for one in ours)

    def taken(self, seconds: float) -> Mapping[str, Taken]:
        """Return what each process took in so many seconds."""
        return {
            name: Taken(memory=tuple(filter(None, held)), cores=self.seconds[name] / seconds)
            for name, held in self.memory.items()
        }
