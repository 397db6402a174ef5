"""The deeds on Teams, through the service that plays it."""

import copy
import json
from collections.abc import Callable, Sequence
from datetime import datetime, time

from playground.teams.activities import CONSENT
from playground.teams.cards import actions_of, elements_of, inputs_of, texts_of
from playground.teams.inputs import first_value
from playground.teams.outcomes import Dialog, Outcome
from playground.teams.state import Message
from tests.scenarios.chats import Json, Rows, Seen
from tests.scenarios.teams_town import TeamsTown, everything_said
from tests.scenarios.town import NADIA, PRODUCT


class OnTeams:
    """A town on Teams."""

    name = "teams"

    def __init__(self, town: TeamsTown) -> None:
        self.town = town

    @property
    def address(self) -> str:
        return self.town.address

    @property
    def bot_log(self) -> str:
        return self.town.bot_log

    def ref(self, key: str) -> str:
        return self.town.ref(key)

    def rows(self, statement: str, *values: object) -> Rows:
        return self.town.rows(statement, *values)

    def points(self, who: str) -> int:
        return self.town.points(who)

    async def say(self, who: str, text: str) -> str:
        return everything_said(await self._answered(who, text), who)

    async def _answered(self, who: str, text: str, wanted: Callable[[Message], bool] = lambda _: True) -> Message:
        before = {one.id for one in self.town.messages(who)}

        def is_answer(message: Message) -> bool:
            return not message.author and message.id not in before and wanted(message)

        await self.town.say(who, text)
        return await self.town.service.newest(who, wanted=is_answer)

    async def open(self, who: str, text: str) -> Seen:
        launcher = await self._answered(who, text, opens_dialog)
        await self.town.settle()
        opened = await self.town.service.people.press(who, launcher, lambda one: is_fetch(one))
        assert opened.is_ok, opened
        return seen_dialog(self.town.must_dialog(who))

    async def write(self, who: str, text: str) -> str:
        said = await self.say(who, text)
        await self.town.settle()
        return said

    async def suggest_this(self, who: str, by: str, text: str, channel: str) -> Seen:
        before = {one.id for one in self.town.messages(by, channel)}
        await self.town.service.people.say(by, text, where=channel, is_mention=False)
        message = next(one for one in self.town.messages(by, channel) if one.id not in before)
        await self.town.suggest_this(who, message)
        return seen_dialog(self.town.must_dialog(who))

    async def announcement(self, who: str, title: str, channel: str = PRODUCT) -> Seen:
        return seen_message(await self.town.announcement(who, title, channel), who)

    async def channel(self, who: str, channel: str) -> list[str]:
        return [everything_said(one, who) for one in self.town.messages(who, channel)]

    async def find(self, who: str, words: str, channel: str = "") -> Seen:
        return seen_message(await self.town.find(who, words, channel), who)

    async def card(self, ref: str) -> Seen:
        return seen_message(await self.town.card(ref), NADIA)

    async def press(self, who: str, seen: Seen, action: str) -> str:
        return told(await self.town.press(who, seen.handle, action))

    async def window(self, who: str) -> Seen | None:
        dialog = self.town.dialog(who)
        return None if dialog is None else seen_dialog(dialog)

    async def choose(self, who: str, action: str, **typed: object) -> str:
        return told(await self.town.submit(who, action, **typed))

    async def submit(self, who: str, **typed: object) -> str:
        first = self.town.must_dialog(who).card["actions"][0]
        return told(await self.town.submit(who, json.loads(first["data"]["vouch"])["do"], **typed))

    async def keep(self, who: str, **typed: object) -> None:
        await self.town.submit(who, "save_draft", **typed)
        await self.close(who)

    async def close(self, who: str) -> None:
        if self.town.dialog(who) is not None:
            self.town.service.people.close(who)

    async def share(self, who: str, post: Seen, text: str, network: str = "linkedin") -> str:
        return await self.town.share(who, post.handle, text, network)

    async def leave(self, who: str, *, text: str, network: str) -> str:
        return await self.submit(who, text=text, network=network)

    async def delay_redrawing(self) -> None:
        """Nothing has to be delayed: what was seen there may be pressed on for as long as a test likes."""

    async def home(self, who: str) -> Seen:
        return seen_message(await self._answered(who, "home"), who)

    async def file(self, who: str) -> Json:
        offer = await self.town.service.newest(who, wanted=is_offer)
        taken = await self.town.service.people.consent(who, offer)
        assert taken.is_ok, taken
        await self.town.service.state.until(
            lambda: next((one for one in self.town.service.uploads if one.is_whole), None), 10
        )
        kept: Json = json.loads(self.town.service.uploads[-1].content)
        return kept

    async def get(self, path: str, who: str = "someone-else", **headers: str) -> tuple[int, str]:
        visit = await self.town.get(path, who, **headers)
        return visit.status, visit.location

    async def settle(self) -> None:
        await self.town.settle()

    async def advance(self, **by: float) -> None:
        await self.town.advance(**by)

    async def to(self, moment: datetime) -> None:
        await self.town.to(moment)

    async def now(self) -> datetime:
        return self.town.now()

    async def next_moment(self, weekdays: Sequence[int], at: time) -> datetime:
        return self.town.next_moment(weekdays, at)

    async def to_working_hours(self) -> None:
        await self.town.to_working_hours()


def is_offer(message: Message) -> bool:
    """Say whether a message offers a file."""
    return any(one["contentType"] == CONSENT for one in message.attachments)


def is_fetch(action: Json) -> bool:
    """Say whether a button opens a dialog."""
    data = action.get("data")
    return isinstance(data, dict) and (data.get("msteams") or {}).get("type") == "task/fetch"


def opens_dialog(message: Message) -> bool:
    """Say whether a message has a button that opens a dialog; news of something else may come in between."""
    return message.card is not None and any(is_fetch(one.action) for one in actions_of(message.card))


def told(outcome: Outcome) -> str:
    """Return what a person saw at once."""
    shown = f"{outcome.dialog.title} {texts_of(outcome.dialog.card)}" if outcome.dialog else ""
    return " ".join([outcome.error, outcome.toast, shown])


def buttons_of(card: Json) -> frozenset[str]:
    """Return what the buttons of a card ask for; a link to our own way out asks to leave for the network."""
    found: set[str] = set()
    for one in actions_of(card):
        data = one.action.get("data")
        if isinstance(data, dict) and "vouch" in data:
            found.add(json.loads(data["vouch"])["do"])
        elif "/go/" in str(one.action.get("url")):
            found.add("leave_for_network")
    return frozenset(found)


def seen_message(message: Message, who: str) -> Seen:
    """Return a message as a person sees it now; what is pressed on it later was there then."""
    message = copy.deepcopy(message)
    card = message.card_for(who) or {}
    pictures = tuple(one for one in elements_of(card) if one.get("type") == "Image")
    return Seen(said=everything_said(message, who), buttons=buttons_of(card), pictures=pictures, handle=message)


def seen_dialog(dialog: Dialog) -> Seen:
    """Return a dialog as a person sees it."""
    fields = {name: value_of(one) for name, one in inputs_of(dialog.card).items()}
    said = f"{dialog.title} {texts_of(dialog.card)}"
    return Seen(said=said, buttons=buttons_of(dialog.card), fields=fields, handle=dialog)


def value_of(field: Json) -> object:
    """Return what stands in an input; of one with several choices a list."""
    value = first_value(field)
    if field.get("isMultiSelect"):
        return [one for one in value.split(",") if one]
    return value or None
