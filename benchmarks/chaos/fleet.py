"""The replicas of a run: each lives until its fate, what it held is read, and it is started again."""

import asyncio
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.chaos.database import Database, read_held
from benchmarks.chaos.points import FILE, LEASE, PLAN, read_points
from benchmarks.chaos.schedule import Fate, Schedule
from benchmarks.fleet.replicas import Order, Running, Zygote, until_ready

LAUNCH = "benchmarks.chaos.launch:run"
START_SECONDS = 40.0


@dataclass(slots=True, kw_only=True)
class Slot:
    """The place of one replica: its port, its folder, its environment."""

    number: int
    port: int
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    running: Running | None = None


@dataclass(slots=True, kw_only=True)
class Fleet:
    """All slots, and what was learned from their ends: `jobs` and `shares` are what killed processes were sending."""

    zygote: Zygote
    database: Database
    schedule: Schedule
    slots: list[Slot]
    most_kills: int
    lease_seconds: float
    http: aiohttp.ClientSession
    at_rest: asyncio.Lock = field(default_factory=asyncio.Lock)
    kills: int = 0
    failed_starts: int = 0
    jobs: set[int] = field(default_factory=set)
    shares: set[int] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    strange: list[str] = field(default_factory=list)

    async def start(self, slot: Slot, fate: Fate) -> bool:
        """Start a replica with that fate; `False` if it ended before it was ready."""
        points = slot.folder / "points"
        points.unlink(missing_ok=True)
        told = {FILE: str(points), PLAN: fate.told, LEASE: str(self.lease_seconds)}
        order = Order(environment={**slot.environment, **told}, log=slot.folder / "log", launch=LAUNCH)
        slot.running = await self.zygote.start(order)
        with suppress(TimeoutError):
            return await until_ready(self.http, slot.port, slot.running, seconds=START_SECONDS)
        self.strange.append(f"replica {slot.number} was not ready within {START_SECONDS:.0f} s")
        await self._end(slot, slot.running)
        return False

    async def live(self, slot: Slot) -> None:
        """Let replicas live and die in a slot until there were enough kills; the last one dies too."""
        while not self.ended.is_set():
            fate = self.schedule.draw()
            if await self.start(slot, fate):
                await self._wait(slot, fate.seconds)
            await self._end(slot, slot.running)
            if self.kills >= self.most_kills:
                self.ended.set()

    async def _wait(self, slot: Slot, seconds: float) -> None:
        if slot.running is None:
            return
        over = asyncio.ensure_future(self.ended.wait())
        died: asyncio.Future[int] = asyncio.shield(slot.running.ended)
        waited: list[asyncio.Future[Any]] = [died, over]
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()

    async def _end(self, slot: Slot, running: Running | None) -> None:
        """Kill a replica if it still lives, and write down what it was sending."""
        if running is None:
            return
        code = await running.kill()
        passed, killed = read_points(slot.folder / "points")
        if code != -signal.SIGKILL:
            await self._note_failed_start(slot, running, code)
            return
        self.kills += 1
        self.schedule.learn(passed, killed)
        async with self.at_rest:
            held = await read_held(self.database, running.pid)
        with (slot.folder / "deaths").open("a", encoding="utf-8") as file:
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            file.write(f"{moment} {running.pid} {killed or 'at random'} {sorted(held.jobs)} {sorted(held.shares)}\n")
        self.jobs |= held.jobs
        self.shares |= held.shares

    async def _note_failed_start(self, slot: Slot, running: Running, code: int) -> None:
        """Note that a replica ended by itself: it may if the database is away, and is then started again.

        What it was sending it should have finished first.
        """
        self.failed_starts += 1
        async with self.at_rest:
            held = await read_held(self.database, running.pid)
        if held.jobs or held.shares:
            self.strange.append(f"replica {slot.number} ended by itself with {code}, and left {held}")
        if code != 1:
            self.strange.append(f"replica {slot.number} ended by itself with {code}")
        await asyncio.sleep(0.2)

    async def ensure_alive(self) -> None:
        """Start what is not running, to live on."""
        quiet = Fate()
        until = time.monotonic() + START_SECONDS * 2
        for slot in self.slots:
            while slot.running is None or slot.running.is_over or not await self._answers(slot):
                if time.monotonic() > until:
                    raise TimeoutError(f"replica {slot.number} does not come up")
                if slot.running is None or slot.running.is_over:
                    await self.start(slot, quiet)

    async def _answers(self, slot: Slot) -> bool:
        if slot.running is None:
            return False
        with suppress(TimeoutError):
            return await until_ready(self.http, slot.port, slot.running, seconds=10)
        return False
