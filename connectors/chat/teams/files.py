"""Files for one person: asked for with a card of consent, kept on the shelf meanwhile, put into their own store.

Source: msteams-docs bots/how-to/bots-filesv4. A bot cannot simply send a file: the person says yes first, and Teams
then names an address in their OneDrive to which the bytes go.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from bot.core.cards import Card
from bot.core.errors import OutsideError, Refused
from bot.core.ports import Attachment, FileShelf
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import Json, TeamsCalls
from connectors.chat.teams.decode import conversation_of, is_direct
from connectors.chat.teams.guard import Answer, malformed
from connectors.chat.teams.private import PersonalChats, message_with, patiently

CONSENT_CARD = "application/vnd.microsoft.teams.card.file.consent"
INFO_CARD = "application/vnd.microsoft.teams.card.file.info"
_TOKEN = "vouch_file"  # noqa: S105 - the name under which it travels
_DRAIN_WITHIN = timedelta(seconds=10)

log = logging.getLogger("vouch.teams")


def consent_message(attachment: Attachment, *, token: str) -> Json:
    """Return the message that asks whether `attachment`, kept under `token`, may be put into a person's store."""
    context = {_TOKEN: token}
    asked = {
        "description": attachment.note or attachment.name,
        "sizeInBytes": len(attachment.body),
        "acceptContext": context,
        "declineContext": context,
    }
    return {
        "type": "message",
        "summary": attachment.note or attachment.name,
        "attachments": [{"contentType": CONSENT_CARD, "name": attachment.name, "content": asked}],
    }


class Files:
    """Takes the answers to cards of consent: delivers what was wanted and keeps nothing of what was not."""

    def __init__(
        self,
        calls: TeamsCalls,
        *,
        shelf: FileShelf,
        chats: PersonalChats,
        addresses: Addresses,
        sorry: Callable[[str], Card],
    ) -> None:
        """Deliver from `shelf`; `sorry` is what to say, by locale, of a file that could not be delivered."""
        self._calls = calls
        self._shelf = shelf
        self._chats = chats
        self._addresses = addresses
        self._sorry = sorry
        self._tasks: set[asyncio.Task[None]] = set()

    async def consent(self, activity: Json) -> Answer:
        """Take the answer to a card of consent; what has to be done about it goes on after this one's answer.

        Such a card stands in its person's own chat alone, so what comes from anywhere else is no answer to one.
        """
        if not is_direct(activity):
            raise malformed("a file is taken in the chat with the bot alone")
        value = activity.get("value")
        if not isinstance(value, dict):
            raise malformed("value must be an object")
        context = value.get("context")
        token = context.get(_TOKEN) if isinstance(context, dict) else None
        if not isinstance(token, str):
            raise malformed("value.context is not of one of our cards")
        task = asyncio.get_running_loop().create_task(self._settle(activity, value, token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Answer(status=HTTPStatus.OK, body={})

    async def drain(self, within: timedelta = _DRAIN_WITHIN) -> None:
        """Wait for what is being delivered, at most `within`; then give it up."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=within.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _settle(self, activity: Json, value: Mapping[str, Any], token: str) -> None:
        try:
            body = await self._shelf.take(token)
            if value.get("action") == "accept":
                await self._deliver(activity, value.get("uploadInfo"), body)
            await self._take_away_card(activity)
        except OutsideError as error:
            log.warning("a file could not be delivered: %s %s", type(error).__name__, error.code)
            await self._apologise(activity)
        except Exception:
            log.exception("a file could not be delivered")
            await self._apologise(activity)

    async def _deliver(self, activity: Json, info: object, body: bytes | None) -> None:
        if body is None:
            raise Refused("file_gone")
        place = info if isinstance(info, dict) else {}
        url, shown_at = str(place.get("uploadUrl") or ""), str(place.get("contentUrl") or "")
        await patiently(lambda: self._calls.upload(url, body))
        if not self._calls.may_put(shown_at):  # it is there, and nobody is led elsewhere
            return
        told = {"uniqueId": str(place.get("uniqueId") or ""), "fileType": str(place.get("fileType") or "")}
        attachment = {
            "contentType": INFO_CARD,
            "contentUrl": shown_at,
            "name": str(place.get("name") or ""),
            "content": told,
        }
        await self._say(activity, {"type": "message", "attachments": [attachment]})

    async def _take_away_card(self, activity: Json) -> None:
        """Remove the card, so that it cannot be answered twice; it may be gone already, and Teams may not let us."""
        card_id = activity.get("replyToId")
        if isinstance(card_id, str) and card_id:
            path = ("v3", "conversations", conversation_of(activity), "activities", card_id)
            try:
                await self._calls.delete(str(activity["serviceUrl"]), path)
            except OutsideError as error:
                log.debug("a card of consent stays: %s", error.code)

    async def _apologise(self, activity: Json) -> None:
        try:
            card = self._sorry(str(activity.get("locale") or ""))
            await self._say(activity, message_with(card, self._addresses.names))
        except OutsideError as error:
            log.warning("nobody could be told of that: %s %s", type(error).__name__, error.code)

    async def _say(self, activity: Json, message: Json) -> None:
        service, conversation = str(activity["serviceUrl"]), conversation_of(activity)
        await patiently(lambda: self._chats.send_in(service, conversation, message))
