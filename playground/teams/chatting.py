"""What people do in chats and channels: write, press buttons on cards, follow links, take files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from playground.teams import payloads
from playground.teams.activities import CONSENT
from playground.teams.cards import Placed, find_action
from playground.teams.delivering import deliver
from playground.teams.inputs import gather
from playground.teams.outcomes import Dialog, Outcome, failed, read_action, read_task
from playground.teams.parts import Parts, Upload
from playground.teams.state import CHANNEL, PERSONAL, Conversation, Message

Json = dict[str, Any]
Wanted = str | Callable[[Json], bool]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of following a link: redirects are not followed."""

    status: int
    location: str
    text: str


@dataclass(slots=True)
class Acting:
    """Whoever acts: the service's parts, and each person's open dialog."""

    parts: Parts
    dialogs: dict[str, Dialog] = field(default_factory=dict)

    def place(self, who: str, where: str) -> Conversation:
        """Return where a person acts: their chat with the bot if `where` is empty; `PermissionError` if not theirs."""
        place = self.parts.tenancy.place(where or who)
        if who not in place.members or place.is_deleted:
            raise PermissionError(f"{who} is not in {where}")
        return place

    def begin(self, who: str, place: Conversation, *, root: str = "") -> Json:
        """Return the beginning of an activity."""
        return payloads.activity(self.parts, who, place, root=root)

    def begin_at(self, who: str, message: Message) -> Json:
        """Return the beginning of an activity about a message that this person sees."""
        place = self.place(who, message.conversation)
        if message.to not in ("", who):
            raise PermissionError(f"{who} does not see {message.id}")
        root = (message.root or message.id) if place.kind == CHANNEL else ""
        return {**self.begin(who, place, root=root), "replyToId": message.id}

    def keep(self, who: str, outcome: Outcome) -> Outcome:
        """Show the dialog that the answer opened or changed."""
        if outcome.dialog is not None:
            self.dialogs[who] = outcome.dialog
        return outcome


class Chatting(Acting):
    """Deeds in chats and channels."""

    async def say(self, who: str, text: str, *, where: str = "", thread: str = "", is_mention: bool = True) -> Outcome:
        """Write a message; in a channel or group chat the bot hears of it only if it is mentioned.

        `thread` is the id of the message in whose thread it is written.
        """
        place = self.place(who, where)
        told = self._keep_said(who, place, text, thread=thread)
        told |= {"type": "message", "textFormat": "plain", "text": text}
        if place.kind == PERSONAL:
            return await self._tell(place, told)
        if not is_mention:
            return Outcome()
        name, entity = payloads.mention(self.parts)
        told["text"] = f"{name} {text}"
        told["entities"] = [entity, *told["entities"]]
        return await self._tell(place, told)

    async def slash(self, who: str, text: str, *, where: str) -> Outcome:
        """Use a slash command of the newer manifest: nobody else sees it, and the bot is not mentioned."""
        place = self.place(who, where)
        told = self.begin(who, place)
        told |= {"type": "message", "id": told["id"].removeprefix("f:"), "textFormat": "plain", "text": text}
        return await self._tell(place, {**told, "recipient": {**told["recipient"], "isTargeted": True}})

    def write(self, who: str, html: str, *, where: str, thread: str = "") -> Message:
        """Write something with formatting that the bot does not hear of, and return it."""
        place = self.place(who, where)
        body = {"type": "message", "text": html, "textFormat": "xhtml"}
        return self.parts.tenancy.add(place, body, author=who, root=thread)

    def _keep_said(self, who: str, place: Conversation, text: str, *, thread: str) -> Json:
        message = self.parts.tenancy.add(place, {"type": "message", "text": text}, author=who, root=thread)
        root = (thread or message.id) if place.kind == CHANNEL else ""
        told = {**self.begin(who, place, root=root), "id": message.id}
        told["attachments"] = [{"contentType": "text/html", "content": payloads.html_of(text)}]
        return told

    async def _tell(self, place: Conversation, told: Json) -> Outcome:
        if not self.parts.tenancy.has_app(place):
            return Outcome()
        answer = await deliver(self.parts, told)
        return Outcome(activity=told, answer=answer) if answer.is_ok else failed(told, answer)

    async def press(
        self,
        who: str,
        message: Message,
        wanted: Wanted,
        *,
        typed: Mapping[str, object] | None = None,
        as_fallback: bool = False,
    ) -> Outcome:
        """Press a button on a message's card, with `typed` entered first.

        An `Action.Execute` is an invoke, or what its fallback says in an older client; an `Action.Submit` opens a
        dialog if its data says so and is a message with a value otherwise. An action that tells the bot nothing is
        refused.
        """
        card = message.card_for(who)
        if card is None:
            raise LookupError(f"message {message.id} has no card")
        placed = find_action(card, wanted)
        if as_fallback:
            placed = Placed(placed.action["fallback"], placed.cards)
        data, problems = gather(placed, typed or {})
        if problems:
            return Outcome(problems=problems)
        return await self._send_pressed(who, message, placed.action, data)

    async def _send_pressed(self, who: str, message: Message, action: Json, data: Json) -> Outcome:
        told = self.begin_at(who, message)
        if action["type"] == "Action.Execute":
            return await self._execute(who, message, told, {**action, "data": data})
        if action["type"] != "Action.Submit":
            raise LookupError(f"{action['type']} tells the bot nothing")
        if _is_fetch(data):
            told |= {"type": "invoke", "name": "task/fetch", "value": {"data": data, "context": payloads.THEME}}
            answer = await deliver(self.parts, told)
            return self.keep(who, read_task(told, answer, may_be_empty=False))
        told |= {"type": "message", "id": told["id"].removeprefix("f:"), "value": data}
        answer = await deliver(self.parts, told)
        return Outcome(activity=told, answer=answer) if answer.is_ok else failed(told, answer)

    async def _execute(self, who: str, message: Message, told: Json, action: Json) -> Outcome:
        kept = {name: action[name] for name in ("type", "id", "title", "verb", "data") if name in action}
        told |= {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": kept, "trigger": "manual"}}
        outcome = read_action(told, await deliver(self.parts, told))
        if outcome.card is not None:
            message.views[who] = outcome.card
            self.parts.tenancy.changed()
        return outcome

    async def consent(self, who: str, message: Message, *, accepts: bool = True) -> Outcome:
        """Take or decline a file that the bot offers; what it then puts there is in the service's `uploads`."""
        offer = next(one for one in message.attachments if one["contentType"] == CONSENT)
        value: Json = {"type": "fileUpload", "action": "accept" if accepts else "decline"}
        value["context"] = offer["content"].get("acceptContext" if accepts else "declineContext", {})
        if accepts:
            value["uploadInfo"] = self._room_for(who, offer)
        told = {**self.begin_at(who, message), "type": "invoke", "name": "fileConsent/invoke", "value": value}
        answer = await deliver(self.parts, told)
        return Outcome(activity=told, answer=answer) if answer.status == 200 else failed(told, answer)

    def _room_for(self, who: str, offer: Json) -> Json:
        name, number = offer["name"], str(uuid4())
        self.parts.uploads[number] = Upload(name=name, size=offer["content"]["sizeInBytes"], who=who)
        return {
            "contentUrl": f"{self.parts.address}/teams/files/{number}/{name}",
            "name": name,
            "uploadUrl": f"{self.parts.address}/teams/upload/{number}",
            "uniqueId": number,
            "fileType": name.rpartition(".")[2],
        }

    async def follow(self, who: str, url: str, **headers: str) -> Visit:
        """Open a link in a person's browser, as `Action.OpenUrl` does; the bot's own links lead to the bot."""
        session = self.parts.play.deliverer.session
        if session is None:
            raise RuntimeError("the service is not running")
        told = {"X-Playground-As": who, "User-Agent": BROWSER} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        timeout = aiohttp.ClientTimeout(total=30)
        async with session.get(url, headers=told, allow_redirects=False, timeout=timeout) as response:
            text = await response.text(errors="replace")
            return Visit(status=response.status, location=response.headers.get("Location", ""), text=text)


def _is_fetch(data: Json) -> bool:
    host = data.get("msteams")
    return isinstance(host, dict) and host.get("type") == "task/fetch"
