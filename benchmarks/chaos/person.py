"""Somebody at the keys: does things in the playground as people do, and notes what was acknowledged."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.chaos.acts import Act, Diary, Kind
from benchmarks.chaos.windows import Json, filled, words_of
from benchmarks.fleet.town import Town

PATIENCE_SECONDS = 4.0
LOOK_EVERY_SECONDS = 0.1
REFUSED = (
    "Something went wrong on our side",
    "cannot reach its memory",
    "could not look you up",
    "is to be held",
    "not there any more",
)
"""The words of answers that say that nothing was done."""


class NotDone(Exception):
    """An act did not come to its end; whoever wanted it goes on with something else."""


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a chair in the playground; `dice` is theirs alone, so that a run can be repeated."""

    who: str
    town: Town
    diary: Diary
    dice: random.Random
    began: float
    words: int = 0
    made: dict[int, str] = field(default_factory=dict)

    def word(self) -> str:
        """Return a word that nobody used before."""
        self.words += 1
        return f"{self.who[2:].lower()}x{self.words}x{self.dice.randrange(10**6)}"

    def now(self) -> float:
        """Return how many seconds the run is old."""
        return time.monotonic() - self.began

    async def ask(self, route: str, **body: object) -> Json:
        """Do something in the playground; raises `NotDone` if it says that the bot did not take it."""
        try:
            told = await self.town.ask(route, who=self.who, **body)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise NotDone from None
        if not told.get("ok"):
            raise NotDone(str(told.get("error")))
        return told

    async def view(self, fits: Callable[[Json], Any]) -> Json:
        """Return the window that is open once it fits; raises `NotDone` if none comes."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                found = (await self.town.read("view", who=self.who)).get("view")
                if found is not None and fits(found):
                    return dict(found)
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        raise NotDone("no window")

    async def submit(self, view: Json, **fields: object) -> Json:
        """Submit a window; who gets no answer presses once more."""
        for chance in (1, 2):
            try:
                return await self.ask("submit", view_id=view["id"], values=filled(view, fields), wait_s=0)
            except NotDone as error:
                if chance == 2 or str(error) == "not_found":
                    raise
            await asyncio.sleep(0.3)
        raise NotDone

    async def press(self, button: Json | None, view: Json, **fields: object) -> Json:
        """Press a button in a window."""
        if button is None:
            raise NotDone("no button")
        more = {"action_id": button["action_id"], "view_id": view["id"], "wait_s": 0}
        return await self.ask("click", state=filled(view, fields), **more)

    async def command(self, text: str, channel: str) -> str:
        """Type a command and return what is answered at once."""
        told = await self.ask("command", channel=channel, text=f"/vouch {text}", wait_s=0.3)
        return words_of(told.get("ephemeral"))

    async def close(self) -> None:
        """Close every window that is open."""
        with suppress(NotDone, aiohttp.ClientError, TimeoutError, ValueError):
            view = (await self.town.read("view", who=self.who)).get("view")
            if view is not None:
                await self.ask("close", view_id=view["id"], all=True)

    def note(self, kind: Kind, *, asked_at: float, is_sure: bool, **more: Any) -> None:  # noqa: ANN401 - fields of an act
        """Write down what was done."""
        act = Act(kind=kind, who=self.who, asked_at=asked_at, answered_at=self.now(), is_sure=is_sure, **more)
        self.diary.acts.append(act)

    async def live(self, deeds: list[Callable[["Person"], Any]], ended: asyncio.Event, pause: float) -> None:
        """Do one thing after the other until the end."""
        while not ended.is_set():
            deed = self.dice.choice(deeds)
            try:
                async with asyncio.timeout(30):
                    await deed(self)
            except (NotDone, TimeoutError, aiohttp.ClientError, KeyError, ValueError) as error:
                self.diary.refused[f"{deed.__name__}: {type(error).__name__} {error}"[:70]] += 1
            await self.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), pause * self.dice.uniform(0.5, 1.5))


def is_good(said: str) -> bool:
    """Say whether an answer says that something was done."""
    return bool(said.strip()) and not any(one in said for one in REFUSED)
