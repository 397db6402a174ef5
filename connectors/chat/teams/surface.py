"""`ChatSurface` over Teams' REST API: each method one call, but for new chats and paged rosters, which are several.

A message's reference is "conversation|activity"; of a message in somebody's own chat "person|activity", because such a
chat's id alone is longer than a reference may be, and because it may be replaced by a new one.
"""

import re
from collections.abc import Sequence

from bot.core.cards import Card, Form
from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.people import Person
from bot.core.ports import Attachment, FileShelf
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import MESSAGE_NOT_FOUND, Json, TeamsCalls
from connectors.chat.teams.files import consent_message
from connectors.chat.teams.finder import Finder
from connectors.chat.teams.people import ABSENT, Rosters
from connectors.chat.teams.private import PersonalChats, id_in, message_with
from connectors.chat.teams.whereabouts import CHANNEL, GROUP, GUID, PlaceAddress, kind_of_place

_CONVERSATION = re.compile(r"19:[^\s|;]+@[^\s|;]+")
_IN = ("v3", "conversations")


class TeamsSurface:
    """Where people talk; `tenant` is the company's own, whose full members take part."""

    def __init__(self, calls: TeamsCalls, *, addresses: Addresses, shelf: FileShelf, tenant: str) -> None:
        """Speak through `calls`; files wait on `shelf` until their person has said yes."""
        self._calls = calls
        self._addresses = addresses
        self._shelf = shelf
        self._tenant = tenant
        self._chats = PersonalChats(calls, addresses=addresses, tenant=tenant)
        self._rosters = Rosters(calls=calls, addresses=addresses)
        self._finder = Finder(self._rosters, chats=self._chats, addresses=addresses, tenant=tenant)

    def knows(self, ref: str) -> bool:
        """Say whether `ref` has the form of an object id, or of a channel's, team's or group chat's id."""
        return bool(GUID.fullmatch(ref) or _CONVERSATION.fullmatch(ref))

    async def post(self, channel_ref: str, card: Card, *, key: str) -> str:
        """Post `card` as a new message; in a channel it begins a thread. `key` marks the message."""
        message = await self._message(card, key)
        place = await self._addresses.place(channel_ref)
        kind = place.kind if place is not None and place.kind else kind_of_place(channel_ref)
        if kind == GROUP:
            return f"{channel_ref}|{await self._send_in_group(channel_ref, message)}"
        asked = self._thread(channel_ref, message)
        told = await self._addresses.ask_place(channel_ref, lambda url: self._calls.post(url, _IN, asked))
        conversation_id = id_in(told)
        activity_id = told.get("activityId") or conversation_id.partition(";messageid=")[2]
        if not activity_id:
            raise Uncertain("no_id")
        return f"{conversation_id}|{activity_id}"

    async def _send_in_group(self, chat_ref: str, message: Json) -> str:
        """Send a message and return its id; a chat that the bot is no longer in is forgotten."""
        try:
            return await self._addresses.ask_place(chat_ref, lambda url: self._chats.send_in(url, chat_ref, message))
        except Refused as error:
            if error.code in ABSENT:
                await self._addresses.forget_place(chat_ref)
            raise

    def _thread(self, channel_ref: str, message: Json) -> Json:
        """Return what begins a thread (microsoft/teams.net core/docs/CreateConversation-API-Behavior)."""
        asked: Json = {"isGroup": True, "channelData": {"channel": {"id": channel_ref}}, "activity": message}
        return {**asked, "tenantId": self._tenant} if self._tenant else asked

    async def update(self, channel_ref: str, message_ref: str, card: Card) -> None:
        """Redraw a message of ours; doing it twice is harmless. `Refused("message_not_found")` if it was deleted."""
        where, _, activity_id = message_ref.rpartition("|")
        where = where or channel_ref
        message = await self._message(card)
        address = await self._addresses.person(where) if not _CONVERSATION.match(where) else None
        if address is not None and address.conversation_id:
            path = (*_IN, address.conversation_id, "activities", activity_id)
            await self._addresses.ask_person(where, lambda url: self._calls.put(url, path, message))
        elif GUID.fullmatch(where):
            raise Refused(MESSAGE_NOT_FOUND)
        else:
            path, place_ref = (*_IN, where, "activities", activity_id), where.partition(";")[0]
            await self._addresses.ask_place(place_ref, lambda url: self._calls.put(url, path, message))

    async def tell(self, person_ref: str, card: Card, *, key: str) -> str:
        """Send `card` to one person's own chat with the bot and return the message's reference."""
        return f"{person_ref}|{await self._chats.send(person_ref, await self._message(card, key))}"

    async def _message(self, card: Card, key: str = "") -> Json:
        await self._addresses.places()
        message = message_with(card, self._addresses.names)
        return {**message, "channelData": {"vouchKey": key}} if key else message

    async def send_file(self, person_ref: str, attachment: Attachment) -> None:
        """Ask one person in their own chat whether they take a file; the shelf holds it until they say so."""
        token = await self._shelf.put(attachment.body)
        try:
            await self._chats.send(person_ref, consent_message(attachment, token=token))
        except (Refused, TryLater):  # nobody was asked, so nobody will answer
            await self._shelf.take(token)
            raise

    async def redraw_window(self, window: str, form: Form) -> None:
        """Refuse with "not_found": a dialog of Teams is redrawn by who uses it, and by nobody else."""
        raise Refused("not_found")

    async def look_up(self, person_ref: str) -> Person:
        """Return a person as a roster describes them now; who is gone by their own chat with the bot is not active."""
        return await self._finder.look_up(person_ref)

    async def close(self) -> None:
        """Search for nobody any more."""
        await self._finder.close()

    async def find_by_email(self, email: str) -> Person | None:
        """Return the person with this address in a team that the bot is in, or `None`; rosters are some minutes old."""
        wanted = email.strip().casefold()
        found = await self._rosters.search(lambda one: wanted in [known.casefold() for known in one.emails])
        if found is None or not found.ref:
            return None
        return found.as_person(await self._addresses.person(found.ref), tenant=self._tenant)

    async def list_group(self, group_ref: str) -> Sequence[str]:
        """Return the references of the company's people in a team, channel or group chat."""
        return tuple(one.ref for one in await self._rosters.read(group_ref) if one.is_of(self._tenant))

    async def list_channels(self) -> Sequence[str]:
        """Return the references of the channels of the teams that the bot is in, and of its group chats.

        Teams lists no private and shared channels: those are known once somebody wrote to the bot there.
        """
        found: dict[str, None] = {}
        teams = await self._addresses.teams()
        for team_id in sorted(teams):
            found |= dict.fromkeys(await self._channels_of(team_id))
        known = await self._addresses.places()  # without those of a team that turned out to be gone
        found |= dict.fromkeys(ref for ref, one in known.items() if one.kind == GROUP or ref not in teams)
        await self._addresses.keep()
        return tuple(found)

    async def _channels_of(self, team_id: str) -> Sequence[str]:
        """Return a team's channels and learn their names; a team that the bot is no longer in is forgotten."""
        path = ("v3", "teams", team_id, "conversations")

        async def ask(service: str) -> tuple[Json, str]:
            return await self._calls.get(service, path), service

        try:
            told, service = await self._addresses.ask_place(team_id, ask)
        except Refused as error:
            if error.code not in ABSENT:
                raise
            await self._addresses.forget_team(team_id)
            return ()
        listed = told.get("conversations")
        channels = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        names = {str(one["id"]): str(one.get("name") or "") for one in channels if one.get("id")}
        for ref, name in names.items():
            place = PlaceAddress(kind=CHANNEL, service_url=service, team_id=team_id, name=name)
            self._addresses.learn_place(ref, place)
        return tuple(names)
