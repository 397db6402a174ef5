"""What people do in dialogs and with the message extension; with their chats, everything a person can do."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from playground.teams import payloads
from playground.teams.cards import find_action
from playground.teams.chatting import Chatting, Wanted
from playground.teams.delivering import deliver
from playground.teams.inputs import gather
from playground.teams.outcomes import Dialog, Outcome, read_extension, read_task
from playground.teams.state import Message

Json = dict[str, Any]
SUGGEST, SEARCH, PARAMETER = "suggest_this", "find_posts", "words"
"""The commands of the app's message extension, and the search's parameter, as its manifest names them."""

NEW = ("id", "timestamp", "localTimestamp", "serviceUrl")
"""What is another in each activity about the same thing."""


class People(Chatting):
    """Everything a person can do. A dialog stays open per person until it is submitted, replaced or closed."""

    def dialog(self, who: str) -> Dialog:
        """Return the dialog that a person sees; `LookupError` if none is open."""
        if who not in self.dialogs:
            raise LookupError(f"{who} has no dialog open")
        return self.dialogs[who]

    def close(self, who: str) -> None:
        """Close the dialog; Teams does not tell the bot."""
        self.dialogs.pop(who, None)

    async def submit(
        self, who: str, wanted: Wanted = "", *, typed: Mapping[str, object] | None = None, is_kept: bool = False
    ) -> Outcome:
        """Press a button of the open dialog, the first if none is named, with `typed` entered first.

        The answer may change the dialog, close it, or close it with a message; after an error it stays as it was.
        With `is_kept` the dialog stays whatever comes, as for somebody who has it open twice.
        """
        dialog = self.dialog(who)
        placed = find_action(dialog.card, wanted or _is_submit)
        if placed.action["type"] != "Action.Submit":
            raise LookupError(f"{placed.action['type']} tells the bot nothing")
        data, problems = gather(placed, typed or {})
        if problems:
            return Outcome(problems=problems, dialog=dialog)
        outcome = await self._send_submitted(who, dialog, data)
        if is_kept or not outcome.is_ok:
            return outcome
        self.close(who)
        return self.keep(who, outcome)

    async def _send_submitted(self, who: str, dialog: Dialog, data: Json) -> Outcome:
        now = self.begin(who, self.parts.tenancy.place(who))
        origin = {**dialog.origin, **{name: now[name] for name in NEW}}
        if not dialog.is_extension:
            told = {**origin, "name": "task/submit", "value": {"data": data, "context": payloads.THEME}}
            return read_task(told, await deliver(self.parts, told), may_be_empty=True)
        told = {**origin, "name": "composeExtension/submitAction", "value": {**origin["value"], "data": data}}
        answer = await deliver(self.parts, told)
        if isinstance(answer.body, dict) and answer.body.get("composeExtension"):
            return read_extension(told, answer)
        return read_task(told, answer, may_be_empty=True)

    async def suggest_this(self, who: str, message: Message, *, command: str = SUGGEST) -> Outcome:
        """Use the app's action on a message, also where the bot is not."""
        place = self.place(who, message.conversation)
        told = self.begin_at(who, message)
        told.pop("replyToId")
        value = {
            "commandId": command,
            "commandContext": "message",
            "requestId": uuid4().hex,
            "messagePayload": payloads.message_payload(self.parts, place, message),
            "context": payloads.THEME,
        }
        told |= {"type": "invoke", "name": "composeExtension/fetchTask", "value": value}
        told["channelData"]["source"] = {"name": "message"}
        answer = await deliver(self.parts, told)
        if isinstance(answer.body, dict) and answer.body.get("composeExtension"):
            return read_extension(told, answer)
        return self.keep(who, read_task(told, answer, may_be_empty=False))

    async def query(self, who: str, words: str, *, where: str = "", skip: int = 0) -> Outcome:
        """Search with the app's extension; without words as it does before anybody has typed."""
        told = self.begin(who, self.place(who, where))
        parameter = {"name": PARAMETER, "value": words} if words else {"name": "initialRun", "value": "true"}
        value = {"commandId": SEARCH, "parameters": [parameter], "queryOptions": {"skip": skip, "count": 25}}
        told |= {"type": "invoke", "name": "composeExtension/query", "value": value}
        told["channelData"]["source"] = {"name": "compose"}
        return read_extension(told, await deliver(self.parts, told))

    def insert(self, who: str, result: Json, *, where: str) -> Message:
        """Send a result of a search as one's own message and return it."""
        attachment = {name: result[name] for name in ("contentType", "content")}
        body = {"type": "message", "text": "", "attachments": [attachment]}
        return self.parts.tenancy.add(self.place(who, where), body, author=who)


def _is_submit(action: Json) -> bool:
    return action.get("type") == "Action.Submit"
