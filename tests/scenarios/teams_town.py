"""A town on Teams to act in: a Teams service in this process, the bot as its child, and short ways to act."""

import asyncio
import json
import os
import signal
import sqlite3
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Self

from playground.child import LEFT_OUT, NETWORKS, _die_with_parent
from playground.ports import free_port
from playground.server import until_ready
from playground.teams.cards import actions_of, find_action, texts_of
from playground.teams.chatting import Visit
from playground.teams.delivering import Answer
from playground.teams.outcomes import Dialog, Outcome
from playground.teams.rewriting import write_company, write_config
from playground.teams.service import TeamsService
from playground.teams.settings import TeamsSettings
from playground.teams.state import Message
from tests.scenarios.forks import Fork, forks
from tests.scenarios.town import AMSTERDAM, CURATORS, GRACE, NADIA, PRODUCT, ROOT

Json = dict[str, Any]
# The demo's first announcements need not wait for one another; the service's own limits stay as they are.
BRISK = {"VOUCH_LIMITS_ON_TEAMS__CHANNEL_PAUSE_SECONDS": "0.2"}


@dataclass
class TeamsTown:
    """The service with the bot, at `address`; use it as an async context manager.

    The bot is forked; `bot` is a command that is started instead, with `--demo` and the company's file behind it.
    With `is_installed` the team and everyone but guests get the app, and the demo's announcements stand when it is
    usable.
    """

    data: Path
    more_environment: Mapping[str, str] | None = None
    bot: Sequence[str] = ()
    is_installed: bool = True
    settings: TeamsSettings | None = None
    process: Process | Fork | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        """Start both and wait until they are usable."""
        self.service = TeamsService(self.settings or TeamsSettings(data=self.data))
        self.company = write_company(self.data / "company.yaml")
        self.config = write_config(self.data / "config.yaml")
        await self.service.start()
        try:
            await self.start()
            if self.is_installed:
                await self.service.admin.install_team(GRACE)
                await self.install()
                await self.advance(minutes=2)  # what could not be sent before the bot knew where Teams is
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End both."""
        await self.stop()
        await self.service.stop()

    # The bot's process

    async def start(self, *, is_demo: bool = True) -> None:
        """Start the bot, and return once it serves; raises with its last words if it does not come up."""
        port = free_port()
        self.service.bot_url = f"http://127.0.0.1:{port}"
        self.process = await self._process(("--demo", str(self.company)) if is_demo else (), self.environment(port))
        ready = asyncio.create_task(until_ready(self.service.parts.play.settings))
        for _ in range(600):
            done, _waiting = await asyncio.wait([ready], timeout=0.05)
            if done or self.process.returncode is not None:
                break
        ready.cancel()
        with suppress(asyncio.CancelledError):
            await ready
        if not done:
            raise RuntimeError(f"the bot does not come up:\n{self.bot_log[-4000:]}")

    async def _process(self, words: Sequence[str], environment: Mapping[str, str]) -> Process | Fork:
        path = self.data / "bot.log"
        if not self.bot:
            return forks().start("run_bot", "run", *words, environment=environment, log=path)
        with path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(*self.bot, *words), cwd=ROOT, env=environment, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )

    def environment(self, port: int) -> dict[str, str]:
        """Return the bot's environment: this one's, with everything that leads it to the service and nowhere else."""
        kept = {key: value for key, value in os.environ.items() if key not in LEFT_OUT and not key.startswith("SLACK_")}
        told = {
            "VOUCH_CONFIG": str(self.config),
            "VOUCH_HOST": "127.0.0.1",
            "VOUCH_PORT": str(port),
            "VOUCH_DATA": str(self.data),
            **{f"VOUCH_NETWORKS__{one.upper()}__COMPOSER_URL": f"{self.address}/network/{one}" for one in NETWORKS},
        }
        return {**kept, **self.service.environment(), **told, **(self.more_environment or {})}

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the bot with a signal and return its exit code; the service goes on."""
        process = self.process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        try:
            return await asyncio.wait_for(process.wait(), 25)
        except TimeoutError:
            process.kill()
            return await process.wait()

    @property
    def bot_log(self) -> str:
        """What the bot has printed."""
        path = self.data / "bot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def address(self) -> str:
        """The town's one address, the bot's public one included."""
        return self.service.address

    async def install(self) -> list[Answer]:
        """Install the app for everyone who is to have it, and return what the bot answered."""
        people = sorted(self.service.state.installed)
        told = await asyncio.gather(*(self.service.admin.install(who) for who in people))
        return [answer for answers in told for answer in answers]

    # What is kept

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return rows of the bot's database."""
        with closing(sqlite3.connect(self.data / "vouch.db")) as connection:
            return connection.execute(statement, values).fetchall()

    def ref(self, key: str) -> str:
        """Return what the bot calls a person (`NADIA`) or a channel (`PRODUCT`)."""
        return self.service.ref(key)

    def points(self, who: str) -> int:
        """Return what a person's ledger entries add up to."""
        statement = "SELECT coalesce(sum(points), 0) FROM ledger_entry JOIN member ON member.id = member_id"
        return int(self.rows(f"{statement} WHERE person_ref = ?", self.ref(who))[0][0])

    # What people see

    def messages(self, who: str, where: str = "") -> list[Message]:
        """Return what a person sees in a channel, oldest first; in their chat with the bot if none is named."""
        return self.service.seen(who, where)

    async def find(self, who: str, words: str, where: str = "") -> Message:
        """Return the newest message of the bot with `words` in it, waiting for it for some seconds."""
        return await self._newest(who, where, lambda said: words in said)

    async def announcement(self, who: str, title: str, channel: str = PRODUCT) -> Message:
        """Return what stands in a channel for a post, not a board that names it."""
        begin = f"To share if you like: {title}"

        def is_wanted(message: Message) -> bool:
            return not message.author and unescape(str(message.body.get("summary") or "")).startswith(begin)

        return await self.service.newest(who, channel, wanted=is_wanted)

    async def _newest(self, who: str, where: str, is_wanted: Callable[[str], bool]) -> Message:
        def find(message: Message) -> bool:
            return not message.author and is_wanted(everything_said(message, who))

        return await self.service.newest(who, where, wanted=find)

    async def card(self, ref: str, who: str = NADIA) -> Message:
        """Return the curators' card of a suggestion ("S6") or of a pending post ("P6")."""
        return await self.find(who, f"{ref} " if ref[0] == "P" else f"Suggestion {ref} ", CURATORS)

    def dialog(self, who: str) -> Dialog | None:
        """Return the dialog that a person sees."""
        return self.service.dialog(who)

    def must_dialog(self, who: str) -> Dialog:
        """Return the dialog that a person sees; there must be one."""
        return self.service.people.dialog(who)

    def told(self, who: str, outcome: Outcome) -> str:
        """Return what a person saw at once of what they did, and what their chat with the bot ends with."""
        last = [everything_said(one, who) for one in self.messages(who)[-1:] if not one.author]
        shown = [texts_of(outcome.dialog.card)] if outcome.dialog else []
        return " ".join(filter(None, [outcome.error, outcome.toast, *shown, *last]))

    # What people do

    async def say(self, who: str, text: str, where: str = "") -> Outcome:
        """Write to the bot: in the chat with it, or with its name before it where `where` is."""
        return done(await self.service.people.say(who, text, where=where))

    command = say

    async def press(self, who: str, message: Message, action: str, **typed: object) -> Outcome:
        """Press a button on a message, by the name of what it asks for ("open_share")."""
        pressed = await self.service.people.press(who, message, does(action), typed=carried(typed))
        return done(pressed)

    async def submit(self, who: str, action: str = "", **typed: object) -> Outcome:
        """Press a button of the open dialog, its first if none is named, with fields changed (name to value)."""
        return done(await self.try_submit(who, action, **typed))

    async def try_submit(self, who: str, action: str = "", **typed: object) -> Outcome:
        """Do the same, whatever comes of it."""
        wanted = does(action) if action else ""
        return await self.service.people.submit(who, wanted, typed=carried(typed))

    async def suggest_this(self, who: str, message: Message) -> Outcome:
        """Use the app's action on a message."""
        return done(await self.service.people.suggest_this(who, message))

    async def get(self, path: str, who: str = "someone-else", **headers: str) -> Visit:
        """Get an address as a person, without following redirects."""
        url = path if path.startswith("http") else self.address + path
        return await self.service.people.follow(who, url, **headers)

    async def open_share(self, who: str, words: str = "Nine litres", channel: str = PRODUCT) -> Dialog:
        """Press Share on the post with `words` in its announcement, and return the dialog."""
        await self.press(who, await self.announcement(who, words, channel), "open_share")
        return self.must_dialog(who)

    async def share(self, who: str, message: Message, text: str, network: str = "linkedin") -> str:
        """Share a post with one's own text: Share, Continue, Open; where that leads."""
        await self.press(who, message, "open_share")
        await self.submit(who, "leave_for_network", network=network, text=text)
        visit = await self.get(link_of(self.must_dialog(who).card, f"{self.address}/go/"), who)
        assert visit.status == 302, visit
        return visit.location

    # Time

    async def settle(self) -> None:
        """Wait until the bot has nothing to do."""
        await self.service.settle(60)

    async def advance(self, **by: float) -> None:
        """Move the clock, and wait until the bot has done what became due."""
        await self.service.advance(timedelta(**by))
        await self.settle()

    async def to(self, moment: datetime) -> None:
        """Move the clock to an instant."""
        await self.service.advance(moment - self.now())
        await self.settle()

    def now(self) -> datetime:
        """Return what time it is in town."""
        return self.service.state.clock.now()

    def next_moment(self, weekdays: Sequence[int], at: time) -> datetime:
        """Return the next such time in Amsterdam on one of the weekdays (0 is Monday), never one of today's."""
        local = self.now().astimezone(AMSTERDAM)
        days = (local.date() + timedelta(days=ahead) for ahead in range(1, 8))
        return datetime.combine(next(day for day in days if day.weekday() in weekdays), at, AMSTERDAM)

    async def to_working_hours(self) -> None:
        """Move the clock to ten o'clock on the next working day, so that members may be written to."""
        await self.to(self.next_moment(range(5), time(10)))


def done(outcome: Outcome) -> Outcome:
    """Return the outcome of a deed that must have gone well."""
    assert outcome.is_ok, (outcome.error, outcome.why, outcome.problems, outcome.answer)
    return outcome


def does(action: str) -> Callable[[Json], bool]:
    """Return what finds the button that asks for an action, by the action's name."""

    def is_wanted(button: Json) -> bool:
        data = button.get("data")
        packed = data.get("vouch") if isinstance(data, dict) else None
        return isinstance(packed, str) and json.loads(packed)["do"] == action

    is_wanted.__name__ = action
    return is_wanted


def has_button(card: Json, action: str) -> bool:
    """Say whether a card has such a button."""
    return any(does(action)(one.action) for one in actions_of(card))


def packed_in(card: Json, action: str) -> Json:
    """Return what such a button asks for, unpacked."""
    told: Json = json.loads(find_action(card, does(action)).action["data"]["vouch"])
    return told


def link_of(card: Json, begin: str) -> str:
    """Return the address of the first link of a card that begins so."""

    def leads_there(action: Json) -> bool:
        return action.get("type") == "Action.OpenUrl" and str(action["url"]).startswith(begin)

    return str(find_action(card, leads_there).action["url"])


def everything_said(message: Message, who: str = "") -> str:
    """Return every text in a message, as one person sees it."""
    summary = str(message.body.get("summary") or "")
    shown = [message.views[who]] if who in message.views else [one.get("content") for one in message.attachments]
    return " ".join(filter(None, [message.text, texts_of(shown), summary]))


def carried(typed: Mapping[str, object]) -> dict[str, object]:
    """Return values as a card's choices carry them: in a list of choices a comma parts, so it is encoded in each."""
    return {
        name: [str(one).replace("%", "%25").replace(",", "%2C") for one in value] if isinstance(value, list) else value
        for name, value in typed.items()
    }
