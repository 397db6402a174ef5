"""The company on Slack: the playground with its limits multiplied, in this process, and people who act in it."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.load.deeds import CONFIRMED, SAID, Answers, Arrivals, DeedFailedError, Sent, said_of
from benchmarks.load.plan import Plan
from benchmarks.load.town import write_company
from playground.acts import ACTS
from playground.company import Person
from playground.inputs import elements
from playground.ports import free_port, listen
from playground.rates import multiplied
from playground.refused import PersonError
from playground.server import create_app, make_server
from playground.settings import Rates, Settings, make_secrets
from playground.state import Message
from playground.teams.parts import Forgetful

OPENS_WITHIN = 3.0
LEDGER = 2_000
WORDS = "I was there when we opened it, and nobody wanted to go home. This is what we learned, member {number}."

Json = dict[str, Any]


class OnSlack:
    """The playground as Slack, and the company in it."""

    def __init__(self, plan: Plan, data: Path) -> None:
        """Make the company; nothing is served before `start`."""
        self.plan = plan
        self.answers = Answers()
        self._outbox: Arrivals[Message] = Arrivals(_sent)
        company = write_company(plan, data / "company.json")
        settings = Settings(
            data=data,
            port=free_port(),
            company=company,
            secrets=make_secrets(),
            rates=multiplied(Rates(), plan.times),
            ledger_size=LEDGER,
            has_history=False,
        )
        self._app = create_app(settings)
        self.play = self._app.state.playground
        self._forget_everything()
        self._door = listen(settings.port)
        self._server = make_server(self._app)

    def _forget_everything(self) -> None:
        """Keep nothing on the disk: a morning is never taken up again."""
        nothing = Forgetful(self.play.settings.data / "playground.db")
        self.play.store = self.play.ledger.store = self.play.workspace.store = nothing

    @property
    def address(self) -> str:
        """The public address."""
        return str(self.play.settings.address)

    def environment(self) -> Mapping[str, str]:
        """Return what leads a bot here."""
        known = self.play.settings.secrets
        return {
            "SLACK_BOT_TOKEN": known.bot_token,
            "SLACK_SIGNING_SECRET": known.signing_secret,
            "SLACK_API_URL": f"{self.address}/slack/api/",
        }

    def service(self) -> Mapping[str, str]:
        """Return nothing: a person's id is enough on Slack."""
        return {}

    async def start(self) -> None:
        """Serve from now on."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._door]))
        await self._server.serves.wait()

    async def stop(self) -> None:
        """End."""
        await self.play.end()
        self._server.should_exit = True
        await self._serving

    def listen(self, bot_url: str) -> None:
        """Deliver to the bot at that address from now on."""
        self.play.settings = self.play.deliverer.settings = replace(self.play.settings, bot_url=bot_url)

    # What people do

    def _person(self, number: int) -> Person:
        found: Person = self.play.company.people[self.plan.member(number)]
        return found

    async def ask(self, number: int, text: str) -> None:
        """Give a command in one's own conversation with the bot."""
        person = self._person(number)
        await self._act("command", person, channel=person.im, text=f"/vouch {text}")

    def heard(self, number: int, words: str) -> int:
        """Return how many messages a member alone sees with these words, and has in their conversation with the bot."""
        person, space = self._person(number), self.play.workspace
        there = (*space.private[person.id].values(), *space.messages[person.im].values())
        return sum(words in one.body["text"] for one in there)

    async def hears(self, number: int, words: str, *, before: int) -> bool:
        """Return whether there are more than `before` in time."""
        heard = await self._until(self._person(number), lambda: {} if self.heard(number, words) > before else None)
        return heard is not None

    async def _act(self, act: str, person: Person, **told: object) -> Json:
        async with self.answers.timed():
            return await self._quietly(act, person, **told)

    async def _quietly(self, act: str, person: Person, **told: object) -> Json:
        try:
            return await ACTS[act](self.play, {"as": person.id, "wait_s": 0, **told})
        except PersonError as error:
            raise DeedFailedError(f"{act}: {error.answer['error']}") from None

    async def share(self, number: int) -> None:
        """Press Share, go to the network, and say so or paste the link."""
        person, channel = self._person(number), self.plan.channel(self.plan.channel_of(number))
        announcement = self._announcement(channel)
        if announcement is None:
            return
        view = await self._open(person, channel, announcement)
        await self._leave(person, view, WORDS.format(number=number))
        await (self._say if number % 2 else self._paste)(person, number)
        if (left := self.play.windows.top(person.id)) is not None:
            await self._quietly("close", person, view_id=left["id"], all=True)
        self.answers.done["share"] += 1

    def _announcement(self, channel: str) -> Message | None:
        there = self.play.workspace.messages[channel].values()
        return next((one for one in there if _is_announcement(one)), None)

    async def _open(self, person: Person, channel: str, announcement: Message) -> Json:
        """Press Share and return the window, which must open while its trigger is good."""
        button = _element(announcement.body["blocks"], "open_share")
        where = {"channel": channel, "ts": announcement.ts, "action_id": button["action_id"]}
        await self._act("click", person, **where)
        if (view := await self._until(person, lambda: self.play.windows.top(person.id))) is None:
            self.answers.not_opened += 1
            raise DeedFailedError("the window did not open")
        self.answers.opened += 1
        return view

    async def _until(self, person: Person, find: Callable[[], Json | None]) -> Json | None:
        """Return what is found as soon as the person sees it, nothing after the time that a trigger is good for."""
        space, marks, until = self.play.workspace, (f"person {person.id}",), time.monotonic() + OPENS_WITHIN
        while True:
            level = space.level(marks)
            if (found := find()) is not None or (left := until - time.monotonic()) <= 0:
                return found
            await space.wait_beyond(marks, level, left)

    async def _leave(self, person: Person, view: Json, text: str) -> None:
        button = _element(view["blocks"], "leave_for_network")
        field = next(block for block, one in elements(view["blocks"]) if one.get("action_id") == "text")
        typed = {field["block_id"]: {"text": text}}
        click = self._act("click", person, view_id=view["id"], action_id=button["action_id"], state=typed)
        clicked, status = await asyncio.gather(click, self._follow(person, str(button["url"])), return_exceptions=True)
        if isinstance(clicked, BaseException):
            raise clicked
        if status != 302:
            raise DeedFailedError(f"the way to the network: {status}")

    async def _follow(self, person: Person, url: str) -> int:
        number = int(person.id[1:])
        headers = {"X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}
        own = self.play.settings.bot_url + url.removeprefix(self.address)
        async with self.play.deliverer.session.get(own, headers=headers, allow_redirects=False) as answer:
            status: int = answer.status
            return status

    async def _say(self, person: Person, _number: int) -> None:
        view = await self._view_with(person, "say_shared")
        button = _element(view["blocks"], "say_shared")
        await self._act("click", person, view_id=view["id"], action_id=button["action_id"])

        def find() -> Json | None:
            shown = self.play.windows.top(person.id)
            return shown if SAID in json.dumps(shown) else None

        if await self._until(person, find) is None:
            raise DeedFailedError("say so: not kept")
        self.answers.done["said"] += 1

    async def _paste(self, person: Person, number: int) -> None:
        view = await self._view_with(person, "open_permalink")
        button = _element(view["blocks"], "open_permalink")
        await self._act("click", person, view_id=view["id"], action_id=button["action_id"])
        view = await self._view_with(person, "url")
        field = next(block for block, one in elements(view["blocks"]) if one.get("action_id") == "url")
        url = f"https://www.linkedin.com/feed/update/urn:li:activity:{7265000000000000000 + number}/"
        await self._act("submit", person, view_id=view["id"], values={field["block_id"]: {"url": url}})
        if not await self.hears(number, CONFIRMED, before=0):
            raise DeedFailedError("paste: not confirmed")
        self.answers.done["confirmed"] += 1

    async def _view_with(self, person: Person, name: str) -> Json:
        """Return the topmost window once it has that element; it is drawn anew a moment after each click."""

        def find() -> Json | None:
            view = self.play.windows.top(person.id)
            return view if view is not None and _has(view["blocks"], name) else None

        if (view := await self._until(person, find)) is None:
            raise DeedFailedError(f"no {name} in the window")
        return view

    # What the bot has done

    def sent(self) -> Sequence[Sent]:
        """Return the messages that jobs sent."""
        return self._outbox.look(self.play.workspace.messages)

    def counts(self) -> Mapping[str, int]:
        """Return how often the bot asked for what with which result."""
        return {key.removeprefix("in "): n for key, n in self.play.ledger.counts.items() if key.startswith("in ")}


def _is_announcement(message: Message) -> bool:
    return "metadata" in message.body and said_of(message.body.get("blocks")) == "post"


def _sent(where: str, message: Message) -> Sent | None:
    if "metadata" not in message.body:
        return None
    place = "U" + where[1:] if where.startswith("D") else where
    return Sent(at=float(message.ts), where=place, what=said_of(message.body.get("blocks")))


def _element(blocks: object, name: str) -> Json:
    """Return the first element with that action id, maybe numbered ("open_share#2")."""
    found = next((one for _, one in elements(blocks) if _is_called(one, name)), None)
    if found is None:
        raise DeedFailedError(f"no {name} there")
    return found


def _has(blocks: object, name: str) -> bool:
    return any(_is_called(one, name) for _, one in elements(blocks))


def _is_called(element: Json, name: str) -> bool:
    return str(element.get("action_id", "")).partition("#")[0] == name
