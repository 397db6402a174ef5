"""What else goes wrong meanwhile: the database restarts, the clock is stepped, the playground misbehaves."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from benchmarks.chaos.acts import Diary
from benchmarks.fleet.asking import Json
from benchmarks.fleet.postgres import PostgresServer
from benchmarks.fleet.town import Town

CALM: Json = {}
STORM: Json = {"methods": {"*": {"status": 429, "retry_after": 1, "probability": 0.3}}}
SLOW: Json = {"methods": {"*": {"delay_ms": 150, "probability": 0.4}}}
TWICE: Json = {"deliveries": {"*": {"double": True, "probability": 0.4}}}
AGAIN: Json = {"deliveries": {"event": {"retry": "http_timeout", "probability": 0.5}}}
OUT_OF_ORDER: Json = {"deliveries": {"*": {"reorder": True, "probability": 0.3}}}
CUT_ELSEWHERE: Json = {
    "methods": {
        name: {"cut": cut, "probability": 0.15}
        for name, cut in (("chat.update", "after"), ("views.update", "before"), ("users.info", "after"))
    }
}
PHASES = {
    "calm": CALM,
    "429 storm": STORM,
    "slow": SLOW,
    "doubled": TWICE,
    "retried": AGAIN,
    "reordered": OUT_OF_ORDER,
    "cut": CUT_ELSEWHERE,
}
CUT_SHARE = 0.1
GRACE_SECONDS = 8.0
"""So long after the database came back an answer may still say that it is away."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """Everything but the kills; when the database was away is noted in the diary."""

    town: Town
    dice: random.Random
    began: float
    at_rest: asyncio.Lock
    diary: Diary
    postgres: PostgresServer | None
    counts: Counter[str] = field(default_factory=Counter)
    phase: str = "calm"

    async def run(self, ended: asyncio.Event) -> None:
        """Make trouble until the end, and leave the world in order."""
        works = [self._misbehave(ended), self._step(ended)]
        if self.postgres is not None:
            works.append(self._restart(ended, self.postgres))
        await asyncio.gather(*works)
        await self.end()

    async def end(self) -> None:
        """Behave again."""
        await self.town.ask("faults", rates={"is_on": False})
        await self._tell("cut", share=0.0)

    async def _pause(self, ended: asyncio.Event, least: float, most: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), self.dice.uniform(least, most))

    async def _misbehave(self, ended: asyncio.Event) -> None:
        await self._tell("cut", share=CUT_SHARE)
        while not ended.is_set():
            self.phase = self.dice.choice(list(PHASES))
            self.counts[self.phase] += 1
            told = {**PHASES[self.phase], "seed": self.dice.randrange(10**6), "rates": {"is_on": False}}
            with suppress(aiohttp.ClientError, TimeoutError):
                await self.town.ask("faults", event_retry_s=[0.5, 1.0, 2.0], **told)
            await self._pause(ended, 1.5, 4.0)

    async def _step(self, ended: asyncio.Event) -> None:
        """Step the clock to and fro; what was stepped back comes back."""
        behind = 0.0
        while not ended.is_set():
            await self._pause(ended, 3, 7)
            by = -behind if behind and self.dice.random() < 0.5 else self.dice.uniform(-120, 240)
            behind = 0.0 if by == -behind else behind + min(by, 0.0)
            await self._tell("step", seconds=by)
            self.counts["clock stepped forward" if by > 0 else "clock stepped back"] += 1

    async def _restart(self, ended: asyncio.Event, postgres: PostgresServer) -> None:
        while not ended.is_set():
            await self._pause(ended, 15, 30)
            if ended.is_set():
                return
            async with self.at_rest:
                gone = time.monotonic() - self.began
                self.diary.away.append((gone, float("inf")))
                await asyncio.to_thread(postgres.stop, self.dice.choice(("immediate", "immediate", "fast")))
                await asyncio.sleep(self.dice.uniform(0, 1.5))
                await asyncio.to_thread(postgres.start)
                self.diary.away[-1] = (gone, time.monotonic() - self.began + GRACE_SECONDS)
            self.counts["PostgreSQL restarted"] += 1

    async def _tell(self, what: str, **told: float) -> None:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self.town.http.post(f"{self.town.address}/chaos/{what}", json=told) as response:
                await response.read()
