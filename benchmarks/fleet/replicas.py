"""Replicas of the bot as processes: started in a moment by a fork, killed, and known to be over."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from benchmarks.fleet.zygote import RUN

ROOT = Path(__file__).parents[2]
LONGEST_LINE = 1 << 20
LOOK_EVERY_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a process is to be: its environment, its log, what it runs ("module:function") and the words for that."""

    environment: Mapping[str, str] = field(repr=False)
    log: Path
    launch: str = RUN
    words: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class Running:
    """A process that was forked; `ended` holds its exit code once it is over, negative for a signal."""

    pid: int
    order: Order
    ended: asyncio.Future[int]

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ended.done()

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if not self.is_over:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def kill(self) -> int:
        """Kill it with a signal that nobody can catch, and return its exit code."""
        self.send(signal.SIGKILL)
        return await asyncio.shield(self.ended)

    async def stop(self, seconds: float = 30.0) -> int:
        """Ask it to end, make it after so many seconds, and return its exit code."""
        self.send(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self.ended)
        return await self.kill()


class Zygote:
    """Starts processes in a moment; use it as an async context manager: what it started ends with it."""

    def __init__(self, imports: Sequence[str] = ()) -> None:
        """Prepare one that imports these modules too."""
        self._imports = imports
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._asked: dict[int, tuple[Order, asyncio.Future[Running]]] = {}
        self._running: dict[int, Running] = {}
        self._last = 0

    async def __aenter__(self) -> Self:
        """Start it and wait until it has imported everything."""
        command = [sys.executable, "-m", "benchmarks.fleet.zygote", *self._imports]
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
        )
        stream = self._process.stdout
        if stream is None or b"ready" not in await stream.readline():
            raise RuntimeError("what replicas are forked from did not start")
        self._reader = asyncio.create_task(self._read(stream))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill what still runs, and end."""
        for one in list(self._running.values()):
            one.send(signal.SIGKILL)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def start(self, order: Order) -> Running:
        """Start a process and return it at once: it is not ready yet."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("not started")
        self._last += 1
        asked: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
        self._asked[self._last] = (order, asked)
        told = {
            "number": self._last,
            "environment": dict(order.environment),
            "log": str(order.log),
            "launch": order.launch,
            "words": list(order.words),
        }
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        return await asked

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self._heard(json.loads(line))

    def _heard(self, told: dict[str, Any]) -> None:
        if "forked" in told:
            order, asked = self._asked.pop(told["forked"])
            ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            running = Running(pid=told["pid"], order=order, ended=ended)
            self._running[running.pid] = running
            asked.set_result(running)
        elif "ended" in told and (over := self._running.pop(told["ended"], None)):
            over.ended.set_result(told["code"])


async def until_ready(http: aiohttp.ClientSession, port: int, running: Running, *, seconds: float = 60.0) -> bool:
    """Wait until a replica says that it is ready; `False` if it ends first. Raises `TimeoutError` after that time."""
    timeout = aiohttp.ClientTimeout(total=2)
    async with asyncio.timeout(seconds):
        while not running.is_over:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(f"http://127.0.0.1:{port}/readyz", timeout=timeout) as response:
                    if response.status == 200:
                        return True
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    return False
