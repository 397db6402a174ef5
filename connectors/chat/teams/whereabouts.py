"""Where people and places are reached in Teams, as the address book holds it, and what each activity tells of that.

Pure. Source: msteams-docs bots/how-to/conversations/subscribe-to-conversation-events and conversation-messages.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from connectors.chat.teams.decode import conversation_of, is_direct, person_of

Activity = Mapping[str, Any]
CHANNEL, GROUP = "channel", "group"
LONGEST = 512  # ours: characters of one value; ids of Teams have up to about 140
LONGEST_REF = 128  # ours: characters of a reference, as the database holds it
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{1,63}")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An object id or a tenant in small letters."""

_GROUP_CHAT = re.compile(r"19:.+@(?:thread\.v2|unq\.gbl\.spaces)", re.IGNORECASE)
_EVENTS_OF_AN_END = frozenset({"channelDeleted", "teamDeleted", "teamHardDeleted", "teamArchived"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAddress:
    """How the bot reaches a person; "" is what is not known.

    `user_id` ("29:…") and `conversation_id` (their chat with the bot) are theirs with this bot alone, and `service_url`
    is where that chat is reached. `seen_in` is a team, a channel that teams share, or a group chat, whose roster names
    them. Language and zone are in no roster: they are as last seen.
    """

    user_id: str = ""
    service_url: str = ""
    conversation_id: str = ""
    seen_in: str = ""
    locale: str = ""
    zone: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAddress:
    """How the bot reaches a channel or a group chat (`kind`); a team has the id of its first channel."""

    kind: str = ""
    service_url: str = ""
    team_id: str = ""
    name: str = ""
    team_name: str = ""


A = TypeVar("A", PersonAddress, PlaceAddress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Somebody as they act, which serves to look them up and is never kept.

    `tenant` is their own where Teams says it. `places` have a roster that may name them, if the bot is there.
    """

    tenant: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What an activity tells: where Teams is reached now, and of one person and some places by their references.

    `is_there`: the bot is surely in those places. A card of ours may have been put into any chat by the message
    extension, and a click on it comes from there too.
    """

    service_url: str
    person_ref: str | None = None
    person: PersonAddress = PersonAddress()
    acting: Acting = Acting()
    places: Mapping[str, PlaceAddress]
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What an activity says is over: one of a person's own chat, a place, or a whole team with its channels."""

    person_ref: str | None = None
    place_ref: str | None = None
    team_id: str | None = None


def as_text(address: PersonAddress | PlaceAddress) -> str:
    """Return what the address book holds of an address; the same address always gives the same text."""
    return json.dumps({name: value for name, value in asdict(address).items() if value}, ensure_ascii=False)


def read_address(kind: type[A], held: str | None) -> A | None:
    """Return the address that the book holds, `None` for none; what another version wrote beside it is left out."""
    try:
        told = json.loads(held or "null")
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in told.items() if name in known and isinstance(value, str)})


def merged(old: A, new: A) -> A:
    """Return both as one: what the newer one knows counts."""
    return replace(old, **{name: value for name, value in asdict(new).items() if value})


def kind_of_place(ref: str) -> str:
    """Return the kind of a place by the form of its id, which tells a group chat; else it is a channel."""
    return GROUP if _GROUP_CHAT.fullmatch(ref) else CHANNEL


def lessons_of(activity: Activity) -> Lessons:
    """Return what `activity` tells; what is no text, or too long for what it should be, is not there."""
    service_url = _text(activity.get("serviceUrl"))
    ref = _person_ref(activity)
    places = {ref: one for ref, one in _places(activity, service_url) if 0 < len(ref) <= LONGEST_REF}
    person = _person(activity, service_url) if ref else PersonAddress()
    return Lessons(
        service_url=service_url,
        person_ref=ref,
        person=person,
        acting=Acting(tenant=_tenant(activity), places=_acted_in(activity)),
        places=places,
        is_there=_is_there(activity),
    )


def ended_by(activity: Activity) -> Ended:
    """Return what is over with a removal or deletion that `activity` tells of."""
    told = _object(activity.get("channelData"))
    event, channel = told.get("eventType"), _text(_object(told.get("channel")).get("id"))
    if event == "channelDeleted" and channel:
        return Ended(place_ref=channel)
    if team := _text(_object(told.get("team")).get("id")):
        return Ended(team_id=team)
    if _conversation_kind(activity) == "personal":
        return Ended(person_ref=_person_ref(activity))
    return Ended(place_ref=_base(activity) or None)


def is_an_end(activity: Activity) -> bool:
    """Say whether `activity` tells of a place or chat that is over, so that it teaches no address."""
    if activity.get("type") == "installationUpdate":
        return str(activity.get("action") or "").startswith("remove")
    told = _object(activity.get("channelData"))
    return activity.get("type") == "conversationUpdate" and told.get("eventType") in _EVENTS_OF_AN_END


def _person_ref(activity: Activity) -> str | None:
    sender = _object(activity.get("from"))
    user_id = _text(sender.get("id"))
    if not user_id or user_id.startswith("28:") or sender.get("role") == "bot":
        return None
    ref = person_of(activity)
    return ref if len(ref) <= LONGEST_REF else None


def _person(activity: Activity, service_url: str) -> PersonAddress:
    sender, client = _object(activity.get("from")), _client_info(activity)
    is_own_chat = _conversation_kind(activity) == "personal"
    return PersonAddress(
        user_id=_text(sender.get("id")),
        service_url=service_url if is_own_chat else "",
        conversation_id=_base(activity) if is_own_chat else "",
        seen_in=_seen_in(activity),
        locale=_locale(client.get("locale")) or _locale(activity.get("locale")),
        zone=_zone(client.get("timezone")) or _zone(activity.get("localTimezone")),
        name=_name(sender.get("name")),
    )


def _tenant(activity: Activity) -> str:
    return _text(_object(activity.get("from")).get("tenantId")).lower()


def _is_there(activity: Activity) -> bool:
    """Say whether the bot is where `activity` is from: it hears of news there, and of what is said to it."""
    kind = activity.get("type")
    is_said = kind == "message" and activity.get("value") is None  # with a value it is a button of some card
    return is_said or kind in ("installationUpdate", "conversationUpdate")


def _seen_in(activity: Activity) -> str:
    """Return whose roster names the person: the team's, or that of a channel that teams share: it has more people."""
    if _conversation_kind(activity) in ("personal", ""):
        return ""
    told = _object(activity.get("channelData"))
    channel = _object(told.get("channel"))
    if channel.get("type") == "shared":
        return _text(channel.get("id")) or _base(activity)
    return _text(_object(told.get("team")).get("id")) or _base(activity)


def _acted_in(activity: Activity) -> tuple[str, ...]:
    """Return the channel or group chat, and the team, which a message extension that is used there names as well."""
    told = _object(activity.get("channelData"))
    chat = _base(activity) if _conversation_kind(activity) in ("groupChat", "channel") else ""
    found = (_text(_object(told.get("channel")).get("id")) or chat, _text(_object(told.get("team")).get("id")))
    return tuple(dict.fromkeys(one for one in found if one))


def _client_info(activity: Activity) -> Mapping[str, Any]:
    entities = activity.get("entities")
    found = (one for one in entities if isinstance(one, dict)) if isinstance(entities, list) else iter(())
    return next((one for one in found if one.get("type") == "clientInfo"), {})


def _places(activity: Activity, service_url: str) -> Iterator[tuple[str, PlaceAddress]]:
    kind, told = _conversation_kind(activity), _object(activity.get("channelData"))
    if kind == "groupChat":
        name = _name(_object(activity.get("conversation")).get("name"))
        yield _base(activity), PlaceAddress(kind=GROUP, service_url=service_url, name=name)
    if kind != "channel":
        return
    team, channel = _object(told.get("team")), _object(told.get("channel"))
    team_id = _text(team.get("id"))
    here = PlaceAddress(kind=CHANNEL, service_url=service_url, team_id=team_id)
    if team_id:
        yield team_id, replace(here, team_name=_name(team.get("name")))
    ref = _text(channel.get("id")) or _base(activity)
    if ref != team_id:
        yield ref, replace(here, name=_name(channel.get("name")))


def _conversation_kind(activity: Activity) -> str:
    """Return "personal" for the chat with the bot, "groupChat", "channel", or "" for a place that is none of ours.

    A message extension is used in any chat, also where the bot is not: that is no place to write to.
    """
    conversation = _object(activity.get("conversation"))
    if not _text(conversation.get("id")):
        return ""
    if is_direct(activity):
        return "personal"
    if _text(activity.get("name")).startswith("composeExtension/"):
        return ""
    told = _text(conversation.get("conversationType"))
    if told in ("groupChat", "channel"):
        return told
    if told or not conversation.get("isGroup"):
        return ""
    return "channel" if _object(activity.get("channelData")).get("team") else "groupChat"


def _base(activity: Activity) -> str:
    """Return the conversation without the message that a thread hangs on."""
    if not _text(_object(activity.get("conversation")).get("id")):
        return ""
    return _text(conversation_of(activity)).partition(";")[0]


def _object(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _text(told: object) -> str:
    return told.strip() if isinstance(told, str) and len(told) <= LONGEST and told.isprintable() else ""


def _name(told: object) -> str:
    return " ".join(told.split())[:LONGEST] if isinstance(told, str) else ""


def _locale(told: object) -> str:
    text = _text(told).replace("_", "-")
    return text if len(text) <= 16 and _LOCALE.fullmatch(text) else ""


def _zone(told: object) -> str:
    text = _text(told)
    return text if _ZONE.fullmatch(text) and _is_zone(text) else ""


@lru_cache(maxsize=1000)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there, no name of a zone, a folder
        return False
    return True
