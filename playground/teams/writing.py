"""What the bot writes: new conversations, messages, replies, changes; public or for one person's eyes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playground.company import Person
from playground.teams import ids
from playground.teams.activities import check_activity
from playground.teams.parts import Parts
from playground.teams.refused import ConnectorError
from playground.teams.state import CHANNEL, PERSONAL, Conversation, Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """A conversation, a message in it (empty: none) and whether the message is for one person only."""

    conversation: str
    activity: str = ""
    is_targeted: bool = False


def _inside(told: object, *names: str) -> Any:  # noqa: ANN401 - JSON enters here
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def made_in(body: object) -> str:
    """Return what a new conversation is made with: the channel, or the person it names."""
    members = _inside(body, "members")
    person = _inside(members[0], "id") if isinstance(members, list) and members else ""
    return str(_inside(body, "channelData", "channel", "id") or person or "")


def create(parts: Parts, body: object) -> Json:
    """Begin a thread in a channel, or return a person's chat with the bot (msteams-docs send-proactive-messages)."""
    if not isinstance(body, dict):
        raise ConnectorError("BadArgument", "The body is no object.")
    channel = _inside(body, "channelData", "channel", "id")
    if channel is not None:
        return _begin_thread(parts, body, str(channel))
    if body.get("isGroup"):
        raise ConnectorError("BadArgument", "A bot cannot create group chats.")
    tenant = body.get("tenantId") or _inside(body, "channelData", "tenant", "id")
    if tenant != parts.settings.tenant:
        raise ConnectorError("BadArgument", "The tenant is missing or another one.")
    place = parts.tenancy.for_bot(_chat_of(parts, body).id)
    if body.get("activity") is None:
        return {"id": place.id}
    message = _post(parts, place, body["activity"])
    return {"id": place.id, "activityId": message.id if message else ""}


def _begin_thread(parts: Parts, body: Json, channel: str) -> Json:
    if body.get("isGroup") is not True or ids.root_of(channel):
        raise ConnectorError("BadArgument", "A thread in a channel needs isGroup and the channel's own id.")
    if body.get("activity") is None:
        raise ConnectorError("BadArgument", "A thread in a channel begins with an activity.")
    place = parts.tenancy.for_bot(channel)
    if place.kind != CHANNEL:
        raise ConnectorError("BadArgument", "That is no channel.")
    message = _post(parts, place, body["activity"])
    if message is None:
        return {"id": place.id}
    return {"id": ids.thread_id(place.id, message.id), "activityId": message.id}


def _chat_of(parts: Parts, body: Json) -> Conversation:
    members = body.get("members")
    if not isinstance(members, list) or len(members) != 1:
        raise ConnectorError("BadArgument", "A personal chat has one member beside the bot.")
    person = parts.tenancy.person_of(str(_inside(members[0], "id")))
    if person is None:
        raise ConnectorError("BadArgument", "Nobody has that id.")
    if person.id in parts.tenancy.outsiders:
        raise ConnectorError("MessageWritesBlocked")
    return parts.tenancy.place(ids.chat_of(person.id, parts.settings.app_id))


def send(parts: Parts, where: Where, body: object) -> Json:
    """Add a message; a reply stands in the thread of the message that it answers."""
    place = parts.tenancy.for_bot(where.conversation)
    root = ids.root_of(where.conversation)
    if where.activity:
        answered = place.messages.get(where.activity)
        if answered is None:
            raise ConnectorError("ActivityNotFoundInConversation")
        root = (answered.root or answered.id) if place.kind == CHANNEL else ""
    to = _recipient(parts, place, body).id if where.is_targeted else ""
    message = _post(parts, place, body, root=root, to=to)
    return {"id": message.id} if message else {}


def _post(parts: Parts, place: Conversation, body: object, *, root: str = "", to: str = "") -> Message | None:
    """Add what is to be shown and return it; None if the answer names no message, as for two that came as one.

    A text and an attachment in one activity become two messages, and the bot is not told their ids (msteams-docs
    conversation-messages).
    """
    activity = check_activity(body, most_bytes=parts.settings.most_bytes, kind=place.kind)
    if activity["type"] == "typing":
        return None
    if activity.get("text") and activity.get("attachments"):
        parts.tenancy.add(place, {**activity, "attachments": []}, root=root, to=to)
        parts.tenancy.add(place, {**activity, "text": ""}, root=root, to=to)
        return None
    return parts.tenancy.add(place, activity, root=root, to=to)


def _recipient(parts: Parts, place: Conversation, body: object) -> Person:
    if place.kind == PERSONAL:
        raise ConnectorError("BadArgument", "A personal chat knows no targeted messages.")
    person = parts.tenancy.person_of(str(_inside(body, "recipient", "id")))
    if person is None or person.id not in place.members:
        raise ConnectorError("BadArgument", "The recipient is missing or not in the conversation.")
    return person


def _own(parts: Parts, where: Where) -> Message:
    place = parts.tenancy.for_bot(where.conversation)
    found = place.messages.get(where.activity)
    if found is None or bool(found.to) != where.is_targeted or _is_over(parts, found):
        raise ConnectorError("ActivityNotFoundInConversation")
    if found.author:
        raise ConnectorError("NotEnoughPermissions", "A bot changes its own messages only.")
    return found


def _is_over(parts: Parts, message: Message) -> bool:
    age = parts.play.clock.now() - message.at
    return bool(message.to) and age > timedelta(seconds=parts.settings.targeted_s)


def update(parts: Parts, where: Where, body: object) -> Json:
    """Give one of the bot's messages another body."""
    message = _own(parts, where)
    if where.is_targeted and _inside(body, "recipient") is not None:
        raise ConnectorError("BadArgument", "The change of a targeted message names no recipient.")
    place = parts.tenancy.place(message.conversation)
    activity = check_activity(body, most_bytes=parts.settings.most_bytes, kind=place.kind)
    if activity["type"] != "message":
        raise ConnectorError("BadArgument", "Only a message can take a message's place.")
    parts.tenancy.replace(message, activity)
    return {"id": message.id}


def delete(parts: Parts, where: Where) -> None:
    """Take one of the bot's messages away."""
    parts.tenancy.remove(_own(parts, where))
