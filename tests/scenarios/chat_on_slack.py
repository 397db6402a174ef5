"""The deeds on Slack, through the playground."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from tests.scenarios.chats import Rows, Seen
from tests.scenarios.town import (
    CURATORS,
    PRODUCT,
    Json,
    Town,
    everything_said,
    find_block,
    find_element,
    values_of,
)


class OnSlack:
    """A town on Slack."""

    name = "slack"

    def __init__(self, town: Town) -> None:
        self.town = town

    @property
    def address(self) -> str:
        return self.town.address

    @property
    def bot_log(self) -> str:
        return self.town.bot_log

    def ref(self, key: str) -> str:
        return key

    def rows(self, statement: str, *values: object) -> Rows:
        return self.town.rows(statement, *values)

    def points(self, who: str) -> int:
        return self.town.points(who)

    async def say(self, who: str, text: str) -> str:
        return everything_said((await self.town.command(who, text))["ephemeral"])

    async def open(self, who: str, text: str) -> Seen:
        await self.town.command(who, text)
        await self.town.settle()
        return seen_window(await self.town.must_view(who))

    async def write(self, who: str, text: str) -> str:
        before = await self._private(who, PRODUCT)
        await self.town.post("dm", who=who, text=text)
        said = await self._newly(who, PRODUCT, [*before, text])  # what was written stands there too
        await self.town.settle()
        return said

    async def suggest_this(self, who: str, by: str, text: str, channel: str) -> Seen:
        said = await self.town.post("say", who=by, channel=channel, text=text)
        await self.town.post("shortcut", who=who, callback_id="suggest_this", channel=channel, ts=said["ts"])
        return seen_window(await self.town.must_view(who))

    async def announcement(self, who: str, title: str, channel: str = PRODUCT) -> Seen:
        return seen_message(await self.town.announcement(who, title, channel), channel)

    async def channel(self, who: str, channel: str) -> list[str]:
        return [everything_said(one) for one in await self.town.messages(channel, who)]

    async def find(self, who: str, words: str, channel: str = "") -> Seen:
        if channel:
            return seen_message(await self.town.find(channel, who, words), channel)
        places = (await self.town.direct_channel(who), PRODUCT)  # a private answer stands where the person acted
        async with asyncio.timeout(40):
            while True:
                for place in places:
                    for message in reversed(await self.town.messages(place, who)):
                        if words in everything_said(message):
                            return seen_message(message, place)
                await asyncio.sleep(0.1)

    async def card(self, ref: str) -> Seen:
        return seen_message(await self.town.card(ref), CURATORS)

    async def press(self, who: str, seen: Seen, action: str) -> str:
        channel, message = seen.handle
        before, shown = await self._private(who, channel), await self.town.view(who)
        answer = await self.town.press(who, channel, message, action)
        return self._told(answer) or await self._newly(who, channel, before, shown=(shown,))

    def _told(self, answer: Json) -> str:
        errors = " ".join((answer.get("errors") or {}).values())
        return " ".join([errors, everything_said(answer.get("ephemeral")), everything_said(answer.get("view"))]).strip()

    async def _private(self, who: str, channel: str) -> list[str]:
        """Return what the bot has said to a person alone, in a channel and in their own conversation with it."""
        there = [one for one in await self.town.messages(channel, who) if one.get("ephemeral")]
        return [everything_said(one) for one in [*there, *await self.town.direct(who)]]

    async def _newly(self, who: str, channel: str, before: list[str], *, shown: tuple[Json | None, ...] = ()) -> str:
        """Return what the bot says privately next, waiting for it: a private message is a call of its own.

        So is a window: with what was `shown` before, it is another window than that too.
        """
        async with asyncio.timeout(40):
            while True:
                new = (await self._private(who, channel))[len(before) :]
                if new:
                    return " ".join(new)
                view = await self.town.view(who) if shown else None
                if view is not None and view not in shown:
                    return everything_said(view)
                await asyncio.sleep(0.05)

    async def window(self, who: str) -> Seen | None:
        view = await self.town.view(who)
        return None if view is None else seen_window(view)

    async def choose(self, who: str, action: str, **typed: object) -> str:
        view = await self.town.must_view(who)
        return self._told(await self.town.press_in_view(who, action, state=values_of(view, typed)))

    async def submit(self, who: str, **typed: object) -> str:
        before = await self._private(who, PRODUCT)
        answer = await self.town.submit(who, **typed)
        return self._told(answer) or await self._newly(who, PRODUCT, before)

    async def keep(self, who: str, **typed: object) -> None:
        for name, value in typed.items():
            await self.town.change_view(who, await self.town.must_view(who), name, **{name: value})
        await self.town.settle()
        await self.close(who)

    async def close(self, who: str) -> None:
        view = await self.town.view(who)
        if view is not None:
            await self.town.post("close", who=who, view_id=view["id"], all=True)

    async def share(self, who: str, post: Seen, text: str, network: str = "linkedin") -> str:
        channel, message = post.handle
        return await self.town.share(who, message, text, channel, network)

    async def leave(self, who: str, *, text: str, network: str) -> str:
        view = await self.town.must_view(who)
        await self.town.change_view(who, view, "network", network=network, text=text)
        view = await self.town.must_view(who)
        way = find_element(view["blocks"], "leave_for_network")["url"]
        pressed = self.town.press_in_view(who, "leave_for_network", state=values_of(view, {"text": text}))
        await asyncio.gather(self.town.get(way, who), pressed)
        return everything_said(await self.town.must_view(who))

    async def delay_redrawing(self) -> None:
        await self.town.post("faults", methods={"chat.update": {"delay_ms": 1500, "count": 1}})

    async def home(self, who: str) -> Seen:
        await self.town.post("open_home", who=who)
        view = await self.town.home(who)
        return Seen(said=everything_said(view), buttons=buttons_of(view["blocks"]), handle=view)

    async def file(self, who: str) -> Json:
        file = next(one["files"][0] for one in reversed(await self.town.direct(who)) if one.get("files"))
        kept: Json = json.loads(await (await self.town.get(file["url"], who)).text())
        return kept

    async def get(self, path: str, who: str = "someone-else", **headers: str) -> tuple[int, str]:
        went = await self.town.get(path, who, **headers)
        return went.status, went.headers.get("Location", "")

    async def settle(self) -> None:
        await self.town.settle()

    async def advance(self, **by: float) -> None:
        await self.town.advance(**by)

    async def to(self, moment: datetime) -> None:
        await self.town.to(moment.isoformat())

    async def now(self) -> datetime:
        return await self.town.now()

    async def next_moment(self, weekdays: Sequence[int], at: time) -> datetime:
        return await self.town.next_moment(weekdays, at)

    async def to_working_hours(self) -> None:
        await self.town.to_working_hours()


def buttons_of(blocks: Sequence[Json]) -> frozenset[str]:
    """Return what the buttons in blocks ask for."""
    found: set[str] = set()
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory") or {}]:
            found.add(str(element.get("action_id", "")).partition("#")[0])
    return frozenset(found - {""})


def seen_message(message: Json, channel: str) -> Seen:
    """Return a message as a person sees it."""
    pictures = tuple(one for one in message["blocks"] if one["type"] == "image")
    return Seen(
        said=everything_said(message),
        buttons=buttons_of(message["blocks"]),
        pictures=pictures,
        handle=(channel, message),
    )


def seen_window(view: Json) -> Seen:
    """Return a window as a person sees it."""
    names = [block["element"]["action_id"] for block in view["blocks"] if block["type"] == "input"]
    held = values_of(view, {})
    fields: dict[str, Any] = {name: next(iter(held[find_block(view, name)["block_id"]].values())) for name in names}
    return Seen(said=everything_said(view), buttons=buttons_of(view["blocks"]), fields=fields, handle=view)
