"""What the connector checks of a message before it takes it: its shape, its size and what is attached."""

import json
from typing import Any

from playground.teams.checks import CardError, check_card, is_web
from playground.teams.refused import ConnectorError
from playground.teams.state import ADAPTIVE, PERSONAL

Json = dict[str, Any]

HERO, THUMBNAIL = "application/vnd.microsoft.card.hero", "application/vnd.microsoft.card.thumbnail"
CONSENT = "application/vnd.microsoft.teams.card.file.consent"
FILE = "application/vnd.microsoft.teams.card.file.info"
TEXTS = ("text", "summary", "textFormat", "locale", "attachmentLayout")


def size_of(activity: Json) -> int:
    """Return a message's bytes in UTF-16, whatever spaces and escapes it came with."""
    plain = json.dumps(activity, ensure_ascii=False, separators=(",", ":"))
    return len(plain.encode("utf-16-le", "surrogatepass"))


def check_activity(activity: object, *, most_bytes: int, kind: str) -> Json:
    """Return the message if the connector takes it in such a conversation; refuse it otherwise."""
    if not isinstance(activity, dict):
        raise ConnectorError("BadArgument", "The activity is no object.")
    if size_of(activity) > most_bytes:
        raise ConnectorError("MessageSizeTooBig")
    if activity.get("type") not in ("message", "typing"):
        raise ConnectorError("BadArgument", f"Unknown activity type {activity.get('type')!r:.40}.")
    for name in TEXTS:
        if activity.get(name) is not None and not isinstance(activity[name], str):
            raise ConnectorError("BadArgument", f"{name} is no text.")
    _check_attachments(activity, kind)
    return activity


def _check_attachments(activity: Json, kind: str) -> None:
    held = activity.get("attachments")
    if held is not None and not isinstance(held, list):
        raise ConnectorError("BadArgument", "attachments is no list.")
    if activity["type"] == "message" and not held and not str(activity.get("text") or "").strip():
        raise ConnectorError("BadArgument", "A message needs a text or an attachment.")
    for one in held or ():
        _check_attachment(one, kind)


def _check_attachment(one: object, kind: str) -> None:
    if not isinstance(one, dict) or not isinstance(one.get("contentType"), str) or not one["contentType"]:
        raise ConnectorError("BadArgument", "An attachment needs a contentType.")
    content_type, content = one["contentType"], one.get("content")
    if content_type == ADAPTIVE:
        try:
            check_card(content)
        except CardError as error:
            raise ConnectorError("BadArgument", f"Invalid Adaptive Card: {error}.") from None
    elif content_type in (CONSENT, FILE):
        _check_file(one, kind)
    elif content_type.startswith("image/"):
        if not is_web(one.get("contentUrl")):
            raise ConnectorError("BadArgument", "An image needs a contentUrl on the web.")
    elif content_type not in (HERO, THUMBNAIL) or not isinstance(content, dict):
        raise ConnectorError("BadArgument", f"Unknown attachment type {content_type!r:.60}.")


def _check_file(one: Json, kind: str) -> None:
    # Files go through personal chats only (msteams-docs bots-filesv4).
    content = one.get("content")
    if kind != PERSONAL:
        raise ConnectorError("BadArgument", "Files can be sent in personal chats only.")
    if not isinstance(one.get("name"), str) or not isinstance(content, dict):
        raise ConnectorError("BadArgument", "A file needs a name and a content.")
    if one["contentType"] == CONSENT and not isinstance(content.get("sizeInBytes"), int):
        raise ConnectorError("BadArgument", "A consent card needs sizeInBytes.")
    if one["contentType"] == FILE and not (content.get("uniqueId") and is_web(one.get("contentUrl"))):
        raise ConnectorError("BadArgument", "A file card needs a uniqueId and a contentUrl.")
