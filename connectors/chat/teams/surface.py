"""`ChatSurface` over Teams' REST API: each method one call, but for new chats and paged rosters, which are several.

A message's reference is "conversation|activity"; of a message in somebody's own chat "person|activity", because such a
chat's id alone is longer than a reference may be, and because it may be replaced by a new one.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.cards import Card, Form
from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.people import Person
from bot.core.ports import Attachment, FileShelf
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import MESSAGE_NOT_FOUND, Json, TeamsCalls
from connectors.chat.teams.files import consent_message
from connectors.chat.teams.people import ABSENT, CLOSED, Listed, Rosters
from connectors.chat.teams.private import PersonalChats, id_in, message_with
from connectors.chat.teams.whereabouts import CHANNEL, GROUP, PersonAddress, PlaceAddress, kind_of_place

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONVERSATION = re.compile(r"19:[^\s|;]+@[^\s|;]+")


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

    def knows(self, ref: str) -> bool:
        """Say whether `ref` has the form of an object id, or of a channel's, team's or group chat's id."""
        return bool(_OBJECT_ID.fullmatch(ref) or _CONVERSATION.fullmatch(ref))

    async def post(self, channel_ref: str, card: Card, *, key: str) -> str:
        """Post `card` as a new message; in a channel it begins a thread. `key` marks the message."""
        message = await self._message(card, key)
        place = await self._addresses.place(channel_ref)
        service = await self._addresses.service_of(channel_ref)
        kind = place.kind if place is not None and place.kind else kind_of_place(channel_ref)
        if kind == GROUP:
            return f"{channel_ref}|{await self._chats.send_in(service, channel_ref, message)}"
        told = await self._calls.post(service, ("v3", "conversations"), self._thread(channel_ref, message))
        conversation_id = id_in(told)
        activity_id = told.get("activityId") or conversation_id.partition(";messageid=")[2]
        if not activity_id:
            raise Uncertain("no_id")
        return f"{conversation_id}|{activity_id}"

    def _thread(self, channel_ref: str, message: Json) -> Json:
        """Return what begins a thread (microsoft/teams.net core/docs/CreateConversation-API-Behavior)."""
        asked: Json = {"isGroup": True, "channelData": {"channel": {"id": channel_ref}}, "activity": message}
        return {**asked, "tenantId": self._tenant} if self._tenant else asked

    async def update(self, channel_ref: str, message_ref: str, card: Card) -> None:
        """Redraw a message of ours; doing it twice is harmless. `Refused("message_not_found")` if it was deleted."""
        where, _, activity_id = message_ref.rpartition("|")
        service, conversation_id = await self._reached(where or channel_ref)
        message = await self._message(card)
        await self._calls.put(service, ("v3", "conversations", conversation_id, "activities", activity_id), message)

    async def _reached(self, where: str) -> tuple[str, str]:
        """Return service address and conversation of the first half of a message's reference."""
        address = await self._addresses.person(where) if not _CONVERSATION.match(where) else None
        if address is not None and address.conversation_id:
            return address.service_url or await self._addresses.service_url(), address.conversation_id
        if _OBJECT_ID.fullmatch(where):
            raise Refused(MESSAGE_NOT_FOUND)
        return await self._addresses.service_of(where.partition(";")[0]), where

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
        """Return a person as a roster describes them now; who is in none any more is not active.

        Their own chat is asked first, then the team or group chat where they were last seen, then all teams.
        """
        address = await self._addresses.person(person_ref) or PersonAddress()
        found, failure = await self._find(person_ref, address)
        if found is None:
            found = await self._rosters.search(lambda one: one.ref == person_ref)
        if found is None and failure is not None:  # no place that knew them says that they left it
            raise failure
        if found is None:
            return self._gone(person_ref, address)
        return replace(found.as_person(address, tenant=self._tenant), ref=person_ref)

    async def _find(self, person_ref: str, address: PersonAddress) -> tuple[Listed | None, Refused | None]:
        """Return a person from where they are known to be; else why nobody can say, `None` if they are not there."""
        failure: Refused | None = Refused("user_not_found")
        for place in dict.fromkeys(one for one in (address.conversation_id, address.seen_in) if one):
            service = address.service_url or await self._addresses.service_url()
            try:
                found = await self._rosters.find_one(service, place, address.user_id or person_ref)
            except Refused as error:
                if error.code not in CLOSED:
                    raise
                failure = failure and error
                continue
            if found is not None:
                return found, None
            failure = None
        return None, failure

    def _gone(self, person_ref: str, address: PersonAddress) -> Person:
        if not address.name:  # nobody we ever knew
            raise Refused("user_not_found")
        locale, zone = address.locale or "en", address.zone or "UTC"
        return Person(ref=person_ref, name=address.name, locale=locale, zone=zone, is_active=False)

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
        known = await self._addresses.places()
        teams = await self._addresses.teams()
        found = dict.fromkeys(ref for ref, one in known.items() if one.kind == GROUP or ref not in teams)
        for team_id in sorted(await self._addresses.teams()):
            found |= dict.fromkeys(await self._channels_of(team_id))
        await self._addresses.keep()
        return tuple(found)

    async def _channels_of(self, team_id: str) -> Sequence[str]:
        """Return a team's channels and learn their names; a team that the bot is no longer in is forgotten."""
        service = await self._addresses.service_of(team_id)
        try:
            told = await self._calls.get(service, ("v3", "teams", team_id, "conversations"))
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
