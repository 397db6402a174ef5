"""Private messages: to a person's own chat with the bot, or where they acted so that nobody else sees them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from bot.core.cards import Card
from bot.core.errors import Refused, TryLater, Uncertain
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import Json, TeamsCalls
from connectors.chat.teams.decode import Place
from connectors.chat.teams.render import render_message
from connectors.chat.teams.render_text import Names, Unrenderable
from connectors.chat.teams.whereabouts import PersonAddress

MORE_TRIES = 2
LONGEST_WAIT = timedelta(seconds=15)
T = TypeVar("T")

log = logging.getLogger("vouch.teams")


def message_with(card: Card, names: Names) -> Json:
    """Return the message with `card`; one that Teams cannot carry is `Refused("unrenderable")`, and in the log."""
    try:
        return render_message(card, names)
    except Unrenderable as error:
        log.error("a card cannot be drawn: %s", error)
        raise Refused("unrenderable") from None


def id_in(told: Json) -> str:
    """Return the id that Teams gave to what was created; without one it is there, but nobody knows where."""
    found = told.get("id")
    if not isinstance(found, str) or not found:
        raise Uncertain("no_id")
    return found


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work`; while Teams asks for a little patience do it again, for whoever acted waits for an answer."""
    for _ in range(MORE_TRIES):
        try:
            return await work()
        except TryLater as error:  # nothing was done
            if error.after > LONGEST_WAIT:
                raise
            await asyncio.sleep(error.after.total_seconds())
    return await work()


class PersonalChats:
    """Writes to people's own chats with the bot; each chat is created once and its id reused."""

    def __init__(self, calls: TeamsCalls, *, addresses: Addresses, tenant: str) -> None:
        """Write with `calls` to people of `tenant`; `addresses` hold who is reached where."""
        self._calls = calls
        self._addresses = addresses
        self._tenant = tenant

    async def send(self, person_ref: str, message: Json) -> str:
        """Send a message and return its id; a chat that is gone is created anew."""
        return await self._addresses.ask_person(person_ref, lambda service: self._send_at(service, person_ref, message))

    async def _send_at(self, service: str, person_ref: str, message: Json) -> str:
        address = await self._addresses.person(person_ref) or PersonAddress()
        if address.conversation_id:
            try:
                return await self.send_in(service, address.conversation_id, message)
            except Refused as error:
                if error.params.get("status") != HTTPStatus.NOT_FOUND:
                    raise
        conversation_id = await self._create(service, address.user_id or person_ref)
        await self._addresses.keep_person(person_ref, PersonAddress(conversation_id=conversation_id))
        return await self.send_in(service, conversation_id, message)

    async def open(self, person_ref: str) -> str:
        """Return the chat with a person, made if there was none; nothing is written in it."""
        address = await self._addresses.person(person_ref) or PersonAddress()
        member_id = address.user_id or person_ref
        return await self._addresses.ask_person(person_ref, lambda service: self._create(service, member_id))

    async def send_in(self, service_url: str, conversation_id: str, message: Json) -> str:
        """Send a message in a conversation and return its id."""
        return id_in(
            await self._calls.post(service_url, ("v3", "conversations", conversation_id, "activities"), message)
        )

    async def _create(self, service_url: str, member_id: str) -> str:
        """Return the chat with a person, which is the same however often it is created.

        Source: microsoft/teams.net core/docs/CreateConversation-API-Behavior. A member may be named by object id too
        (msteams-docs get-teams-context), which is all there is of somebody whose address was lost.
        """
        asked: dict[str, Any] = {"isGroup": False, "members": [{"id": member_id}]}
        if self._tenant:
            asked["tenantId"] = self._tenant
        return id_in(await self._calls.post(service_url, ("v3", "conversations"), asked, is_repeatable=True))


class PrivateAnswers:
    """Answers who acted so that nobody else sees it: where they are if Teams can do that, else in their own chat."""

    def __init__(
        self, calls: TeamsCalls, *, chats: PersonalChats, addresses: Addresses, is_targeted: bool = False
    ) -> None:
        """Send with `calls`; `is_targeted`: the app may send messages in a channel that one person alone sees."""
        self._calls = calls
        self._chats = chats
        self._addresses = addresses
        self._is_targeted = is_targeted

    async def send(self, card: Card, place: Place) -> None:
        """Send `card` once, by the first way that is not refused; raises an `OutsideError` if all are."""
        message = message_with(card, self._addresses.names)
        if place.is_direct:
            await patiently(lambda: self._chats.send_in(place.service_url, place.conversation_id, message))
            return
        if self._is_targeted and await self._is_sent_there(message, place):
            return
        await patiently(lambda: self._chats.send(place.person_ref, message))

    async def reply(self, card: Card, place: Place) -> None:
        """Send `card` where the person acted, in its thread, for all to see."""
        message = message_with(card, self._addresses.names)
        path = ("v3", "conversations", place.conversation_id, "activities")
        await self._calls.post(place.service_url, path, message)

    async def _is_sent_there(self, message: Json, place: Place) -> bool:
        """Send where the person acted, to them alone; `False` if that was certainly not done.

        Source: msteams-docs agents-in-teams/targeted-messages, which advises the personal chat where this fails.
        """
        address = await self._addresses.person(place.person_ref)
        if address is None or not address.user_id:
            return False
        targeted = {**message, "recipient": {"id": address.user_id, "isTargeted": True}}
        path = ("v3", "conversations", place.conversation_id, "activities")
        try:
            await self._calls.post(place.service_url, path, targeted, query={"isTargetedActivity": "true"})
        except (Refused, TryLater):
            return False
        return True
