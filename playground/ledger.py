"""The ledger: every request from the bot and every delivery to it, with what was answered."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playground.clock import Clock
from playground.store import Store

MOST_TEXT = 20_000


@dataclass(slots=True)
class Ledger:
    """The newest `size` entries, and counts of all there ever were.

    A count's key is "in chat.postMessage ok", "in chat.postMessage ratelimited", "out event ok"…
    """

    clock: Clock
    store: Store
    size: int
    entries: deque[dict[str, Any]] = field(default_factory=deque)
    counts: Counter[str] = field(default_factory=Counter)
    last: int = 0

    def load(self) -> None:
        """Take back what the store kept."""
        self.entries.extend(self.store.shelf("ledger").values())
        self.counts.update(self.store.shelf("ledger-counts").get("counts", {}))
        self.last = max((entry["seq"] for entry in self.entries), default=0)

    def begin(self, direction: str, method: str, request: object, **more: object) -> dict[str, Any]:
        """Note a request and return its entry; `finish` it with the answer."""
        self.last += 1
        entry: dict[str, Any] = {
            "seq": self.last,
            "at": self.clock.now().isoformat(),
            "direction": direction,
            "method": method,
            "request": _short(request),
            "status": None,
            "answer": None,
            "ms": None,
            **more,
        }
        entry["_t"] = time.perf_counter()
        self.entries.append(entry)
        if len(self.entries) > self.size:
            self.store.drop("ledger", _key(self.entries.popleft()["seq"]))
        return entry

    def finish(self, entry: dict[str, Any], status: int, answer: object, result: str) -> None:
        """Note the answer; `result` is "ok" or the error's code and goes into the counts."""
        entry["ms"] = round((time.perf_counter() - entry.pop("_t", time.perf_counter())) * 1000, 2)
        entry["status"], entry["answer"] = status, _short(answer)
        self.counts[f"{entry['direction']} {entry['method']} {result}"] += 1
        self.store.put("ledger", _key(entry["seq"]), {key: value for key, value in entry.items() if key != "_t"})
        self.store.put("ledger-counts", "counts", dict(self.counts))

    def listed(self, *, since: int, method: str, direction: str, limit: int) -> list[dict[str, Any]]:
        """Return entries after `since`, oldest first, the newest `limit` of those that fit; empty words fit all."""
        found = []
        for entry in self._newest_first(since):
            if method in ("", entry["method"]) and direction in ("", entry["direction"]):
                found.append({key: value for key, value in entry.items() if key != "_t"})
            if len(found) == limit:
                break
        return found[::-1]

    def _newest_first(self, since: int) -> Iterator[dict[str, Any]]:
        for entry in reversed(self.entries):
            if entry["seq"] <= since:
                return
            yield entry


def _key(seq: int) -> str:
    return f"{seq:012d}"


def _short(told: object) -> object:
    """Return the same with overlong texts cut, so that one big body cannot fill the memory."""
    if isinstance(told, str):
        return told if len(told) <= MOST_TEXT else told[:MOST_TEXT] + "…"
    if isinstance(told, dict):
        return {key: _short(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_short(value) for value in told]
    return told
