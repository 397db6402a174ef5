"""The process that follows tracked links, so many a second: `python -m benchmarks.load.visiting PORT SLUGS A_SECOND`.

It goes on until a line comes on the standard input, waits for the last answers, and says what came (JSON). A request
is due at its time whether the ones before are answered or not; its latency counts from then.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import cast

import uvloop

CONNECTIONS = 64
TICK = 0.005
LAST_ANSWERS = 5.0
FOUND, END = b"HTTP/1.1 302", b"\r\n\r\n"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


class Reader(asyncio.Protocol):
    """One connection, on which one request at a time is open."""

    def __init__(self, visiting: "Visiting") -> None:
        """Belong to all of them."""
        self.visiting = visiting
        self.due = 0.0
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        self.transport = cast("asyncio.Transport", transport)
        self.visiting.free.append(self)

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due then."""
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the answer, which has no body."""
        self.held += data
        if not self.held.endswith(END):
            return
        self.visiting.answered(is_right=self.held.startswith(FOUND), due=self.due)
        self.held = b""
        self.visiting.free.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note an end that nobody asked for."""
        self.visiting.lost(self)


class Visiting:
    """All connections and what came of them."""

    def __init__(self, slugs: list[str], a_second: float) -> None:
        """Follow these links at that pace."""
        self.slugs, self.a_second = slugs, a_second
        self.free: deque[Reader] = deque()
        self.ms: list[float] = []
        self.right = self.wrong = self.broken = self.sent = 0
        self.is_over = False
        self._numbers = count()

    def answered(self, *, is_right: bool, due: float) -> None:
        """Note an answer."""
        self.ms.append((time.perf_counter() - due) * 1000)
        self.right += is_right
        self.wrong += not is_right

    def lost(self, reader: Reader) -> None:
        """Note a connection that ended while requests still come."""
        self.broken += not self.is_over
        if reader in self.free:
            self.free.remove(reader)

    def _request(self) -> bytes:
        number = next(self._numbers)
        low, middle, high = number % 250 + 1, number // 250 % 250, number // 62_500 % 250
        lines = (
            f"GET /l/{self.slugs[number % len(self.slugs)]} HTTP/1.1",
            "Host: localhost",
            f"User-Agent: {AGENT.format(100 + number % 1000)}",
            f"X-Forwarded-For: 11.{high}.{middle}.{low}",
        )
        return "\r\n".join((*lines, "", "")).encode()

    async def run(self, over: asyncio.Future[str]) -> float:
        """Send at the pace until it is over, and return for how many seconds."""
        start = time.perf_counter()
        while not over.done():
            now = time.perf_counter()
            while self.free and self.sent < (now - start) * self.a_second:
                due = start + self.sent / self.a_second
                self.sent += 1
                self.free.popleft().ask(self._request(), due)
            await asyncio.sleep(TICK)
        seconds = time.perf_counter() - start
        until = time.perf_counter() + LAST_ANSWERS
        while self.right + self.wrong < self.sent and time.perf_counter() < until:  # noqa: ASYNC110 - answers set nothing
            await asyncio.sleep(TICK)
        self.is_over = True
        return seconds


async def visit(port: int, slugs: list[str], a_second: float) -> None:
    """Follow links until a line comes, and say what came of it."""
    visiting, loop = Visiting(slugs, a_second), asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Reader(visiting), "127.0.0.1", port)
    over = asyncio.ensure_future(asyncio.to_thread(sys.stdin.readline))
    seconds = await visiting.run(over)
    told = {
        "seconds": seconds,
        "sent": visiting.sent,
        "right": visiting.right,
        "wrong": visiting.wrong,
        "broken": visiting.broken,
        "p50_ms": percentile(visiting.ms, 50),
        "p99_ms": percentile(visiting.ms, 99),
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        names = Path(sys.argv[2]).read_text(encoding="utf-8").split()
        runner.run(visit(int(sys.argv[1]), names, float(sys.argv[3])))
