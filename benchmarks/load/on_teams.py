"""The company on Teams: the playground's service with its limits multiplied, and people who act in it."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load.deeds import CONFIRMED, SAID, Answers, Arrivals, DeedFailedError, Sent, said_of
from benchmarks.load.plan import Plan
from benchmarks.load.town import tenant, write_company
from playground.teams.cards import find_action, texts_of
from playground.teams.outcomes import Dialog, Outcome
from playground.teams.service import TeamsService
from playground.teams.settings import Limits, TeamsSettings
from playground.teams.state import Conversation, Message

LEDGER = 2_000
OPENS_WITHIN = 3.0
WORDS = "I was there when we opened it, and nobody wanted to go home. This is what we learned, member {number}."

Json = dict[str, Any]


class OnTeams:
    """The playground as Teams, and the company in it."""

    def __init__(self, plan: Plan, data: Path) -> None:
        """Make the company, in one team that has the app; nothing is served before `start`."""
        self.plan = plan
        self.answers = Answers()
        self._outbox: Arrivals[Message] = Arrivals(self._sent)
        self._channels = {plan.channel(number) for number in range(plan.channels + 1)}
        settings = TeamsSettings(
            data=data,
            tenant=tenant(plan),
            company=write_company(plan, data / "company.json"),
            ledger_size=LEDGER,
            limits=Limits().multiplied(plan.times),
        )
        self.teams = TeamsService(settings)

    @property
    def address(self) -> str:
        """The public address."""
        return self.teams.address

    def environment(self) -> Mapping[str, str]:
        """Return what leads a bot here."""
        told = self.teams.environment()
        return {name: value for name, value in told.items() if name != "VOUCH_CLOCK_URL"}

    def service(self) -> Mapping[str, str]:
        """Return where the bot reaches everybody, and as which app."""
        return {"url": self.teams.service_url, "app": self.teams.settings.app_id}

    async def start(self) -> None:
        """Serve from now on."""
        await self.teams.start()

    async def stop(self) -> None:
        """End."""
        await self.teams.stop()

    def listen(self, bot_url: str) -> None:
        """Deliver to the bot at that address from now on."""
        self.teams.bot_url = bot_url

    # What people do

    async def ask(self, number: int, text: str) -> None:
        """Write to the bot in one's own chat with it."""
        await self._timed("say", self.teams.people.say(self.plan.member(number), text))

    def heard(self, number: int, words: str) -> int:
        """Return how many messages with these words stand in a member's chat with the bot."""
        there = self.teams.state.place(self.plan.member(number)).messages.values()
        return sum(not one.author and words in texts_of(one.attachments) for one in there)

    async def hears(self, number: int, words: str, *, before: int) -> bool:
        """Return whether there are more than `before` in time."""
        try:
            await self.teams.state.until(lambda: self.heard(number, words) > before or None, OPENS_WITHIN)
        except TimeoutError:
            return False
        return True

    async def _timed(self, deed: str, work: Awaitable[Outcome]) -> Outcome:
        async with self.answers.timed():
            try:
                outcome = await work
            except LookupError as error:
                raise DeedFailedError(f"{deed}: {type(error).__name__}") from None
        if not outcome.is_ok:
            raise DeedFailedError(f"{deed}: {outcome.why or outcome.error or 'problems'}")
        return outcome

    async def share(self, number: int) -> None:
        """Press Share, Continue and Open, and say so or paste the link."""
        who, people = self.plan.member(number), self.teams.people
        announcement = self._announcement(self.plan.channel(self.plan.channel_of(number)))
        if announcement is None:
            return
        await self._timed("press", people.press(who, announcement, _does("open_share")))
        await self._opened(who)
        leave = people.submit(who, _does("leave_for_network"), typed={"text": WORDS.format(number=number)})
        await self._timed("leave", leave)
        await self._follow(who, number, (await self._opened(who)).card)
        if number % 2:
            _check(await self._timed("say so", people.submit(who, _does("say_shared"))), SAID)
            self.answers.done["said"] += 1
        else:
            await self._timed("ask to paste", people.submit(who, _does("open_permalink")))
            url = f"https://www.linkedin.com/feed/update/urn:li:activity:{7265000000000000000 + number}/"
            _check(await self._timed("paste", people.submit(who, typed={"url": url})), CONFIRMED)
            self.answers.done["confirmed"] += 1
        people.close(who)
        self.answers.done["share"] += 1

    async def _opened(self, who: str) -> Dialog:
        dialog = self.teams.dialog(who)
        if dialog is None:
            self.answers.not_opened += 1
            raise DeedFailedError("the dialog did not open")
        self.answers.opened += 1
        return dialog

    async def _follow(self, who: str, number: int, card: Json) -> None:
        try:
            url = str(find_action(card, self._leads_on).action["url"])
        except LookupError:
            raise DeedFailedError("no way to the network in the dialog") from None
        own = self.teams.bot_url + url.removeprefix(self.address)
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        visit = await self.teams.people.follow(who, own, X_Forwarded_For=address)
        if visit.status != 302:
            raise DeedFailedError(f"the way to the network: {visit.status}")

    def _leads_on(self, action: Json) -> bool:
        return action.get("type") == "Action.OpenUrl" and str(action["url"]).startswith(f"{self.address}/go/")

    def _announcement(self, channel: str) -> Message | None:
        there = self.teams.state.place(channel).messages.values()
        return next((one for one in there if not one.author and said_of(one.attachments) == "post"), None)

    # What the bot has done

    def sent(self) -> Sequence[Sent]:
        """Return the messages that jobs sent."""
        places: Mapping[str, Conversation] = self.teams.state.conversations
        return self._outbox.look({one.key: one.messages for one in places.values()})

    def _sent(self, where: str, message: Message) -> Sent | None:
        """Return a message that a job sent: in a channel any, for one that was drawn anew has lost its key."""
        if not _is_keyed(message) and (message.author or where not in self._channels):
            return None
        return Sent(at=message.at.timestamp(), where=where, what=said_of(message.attachments))

    def counts(self) -> Mapping[str, int]:
        """Return how often the bot asked for what with which result."""
        counts = self.teams.parts.ledger.counts.items()
        return {key.removeprefix("in "): n for key, n in counts if key.startswith("in ")}


def _check(outcome: Outcome, words: str) -> None:
    """Raise unless the dialog now says these words."""
    if outcome.dialog is None or words not in texts_of(outcome.dialog.card):
        raise DeedFailedError(f"the dialog does not say {words!r}")


def _is_keyed(message: Message) -> bool:
    return not message.author and "vouchKey" in (message.body.get("channelData") or {})


def _does(action: str) -> Callable[[Json], bool]:
    """Return what finds the button that asks for an action, by the action's name."""

    def is_wanted(button: Json) -> bool:
        held = button.get("data")
        packed = held.get("vouch") if isinstance(held, dict) else None
        return isinstance(packed, str) and json.loads(packed)["do"] == action

    return is_wanted
