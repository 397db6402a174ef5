"""What Teams tells the bot: activities with everything around them, as Microsoft's pages show them."""

from html import escape
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from playground.company import Person
from playground.payloads import LINK
from playground.teams import ids
from playground.teams.parts import Parts
from playground.teams.state import CHANNEL, PERSONAL, Conversation, Message

Json = dict[str, Any]
THEME = {"theme": "default"}


def activity(parts: Parts, who: str, place: Conversation, *, root: str = "") -> Json:
    """Return what every activity of a person in a place has; `type` and the rest are the caller's."""
    person = parts.tenancy.person(who)
    now = parts.play.clock.now()
    return {
        "id": f"f:{uuid4()}",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "localTimestamp": now.astimezone(ZoneInfo(person.tz)).isoformat(timespec="milliseconds"),
        "localTimezone": person.tz,
        "serviceUrl": parts.service_url,
        "channelId": "msteams",
        "from": account(parts, person),
        "conversation": conversation(parts, place, root=root),
        "recipient": bot(parts),
        "entities": [client_info(person)],
        "channelData": channel_data(parts, place),
        "locale": person.locale,
    }


def account(parts: Parts, person: Person) -> Json:
    """Return a person as the sender of an activity; of another company's it says whose they are."""
    told = {"id": parts.tenancy.account(person.id), "name": person.name, "aadObjectId": ids.aad_of(person.id)}
    tenant = parts.tenancy.tenant_of(person.id)
    return told if tenant == parts.settings.tenant else {**told, "tenantId": tenant}


def bot(parts: Parts) -> Json:
    """Return the bot's account."""
    return {"id": ids.bot_of(parts.settings.app_id), "name": parts.settings.bot_name}


def conversation(parts: Parts, place: Conversation, *, root: str = "") -> Json:
    """Return a conversation as activities name it."""
    told: Json = {"conversationType": place.kind, "tenantId": parts.settings.tenant}
    told["id"] = ids.thread_id(place.id, root)
    if place.kind != PERSONAL:
        told["isGroup"] = True
    if place.kind == CHANNEL:
        told["name"] = place.name
    return told


def channel_data(parts: Parts, place: Conversation) -> Json:
    """Return what only Teams says: the tenant, and in a channel the channel and its team."""
    told: Json = {"tenant": {"id": parts.settings.tenant}}
    if place.kind == CHANNEL:
        team = parts.tenancy.team
        channel = {"id": place.id, **({"type": "shared"} if place.is_shared else {})}
        told |= {"teamsChannelId": place.id, "teamsTeamId": team, "channel": channel, "team": {"id": team}}
    return told


def client_info(person: Person) -> Json:
    """Return the entity that tells of the person's client."""
    told = {"type": "clientInfo", "locale": person.locale, "country": person.locale.partition("-")[2]}
    return {**told, "platform": "Web", "timezone": person.tz}


def mention(parts: Parts) -> tuple[str, Json]:
    """Return how the bot is mentioned in a text, and the entity beside it."""
    text = f"<at>{parts.settings.bot_name}</at>"
    return text, {"type": "mention", "mentioned": bot(parts), "text": text}


def html_of(text: str) -> str:
    """Return what somebody typed as Teams keeps it: HTML, with links."""
    parts, at = [], 0
    for link in LINK.finditer(text):
        address = escape(link.group())
        parts += [escape(text[at : link.start()]), f'<a href="{address}" title="{address}">{address}</a>']
        at = link.end()
    inner = "".join([*parts, escape(text[at:])]).replace("\n", "<br>")
    return f"<div><div>{inner}</div>\n</div>"


def message_payload(parts: Parts, place: Conversation, message: Message) -> Json:
    """Return a message as a message extension is told of it (msteams-docs create-task-module)."""
    at = message.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    is_html = message.body.get("textFormat") == "xhtml"
    return {
        "linkToMessage": f"https://teams.microsoft.com/l/message/{place.id}/{message.id}",
        "id": message.id,
        "replyToId": message.root or None,
        "createdDateTime": at,
        "lastModifiedDateTime": at if message.edited else None,
        "deleted": False,
        "summary": message.body.get("summary"),
        "importance": "normal",
        "locale": "en-us",
        "body": {"contentType": "html", "content": message.text if is_html else html_of(message.text)},
        "from": _author(parts, message),
        "reactions": [],
        "mentions": [],
        "attachments": [dict(one) for one in message.attachments],
    }


def _author(parts: Parts, message: Message) -> Json:
    told: Json = {"device": None, "conversation": None, "user": None, "application": None}
    if message.author:
        person = parts.tenancy.person(message.author)
        user = {"userIdentityType": "aadUser", "id": ids.aad_of(person.id), "displayName": person.name}
        return {**told, "user": user}
    app = {"applicationIdentityType": "bot", "id": parts.settings.app_id, "displayName": parts.settings.bot_name}
    return {**told, "application": app}
