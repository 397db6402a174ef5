"""Slack's marked text back to what was typed, and the links in a message."""

import re
from collections.abc import Iterator
from typing import Any

_ENTITY = re.compile(r"<([^<>|\n]+)(?:\|([^<>\n]*))?>")
_LINK = re.compile(r"<(https?://[^<>|\s]+)(?:\|[^<>\n]*)?>")
_BARE = re.compile(r"https?://[^\s<>|]+")
MOST_LINKS = 20
_DEEPEST = 8


def unmark(text: str) -> str:
    """Return marked `text` as typed: links as their address, people and channels by name, &, < and > as themselves.

    Source: docs.slack.dev/messaging/formatting-message-text.
    """
    if "<" in text:
        text = _ENTITY.sub(_typed, text)
    return _unescape(text) if "&" in text else text


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(entity: re.Match[str]) -> str:
    target, label = entity.group(1), entity.group(2) or ""
    if target[0] in "@#":
        return f"{target[0]}{label.lstrip('@#') or target[1:]}"
    if target[0] == "!":
        return label or f"@{target[1:].partition('^')[0]}"
    return label or target.removeprefix("mailto:") if target.startswith(("mailto:", "tel:")) else target


def links_in(message: dict[str, Any]) -> tuple[str, ...]:
    """Return the addresses in a message in reading order, each once: of its text, its blocks, its attachments."""
    found = [_unescape(link) for link in _LINK.findall(str(message.get("text") or ""))]
    found += _addresses(message.get("blocks"), 0)
    for attachment in message.get("attachments") or ():
        if isinstance(attachment, dict):
            keys = ("from_url", "original_url", "title_link")
            found += [str(attachment[key]) for key in keys if attachment.get(key)]
    found += [] if found else _BARE.findall(_unescape(str(message.get("text") or "")))
    return tuple(dict.fromkeys(found))[:MOST_LINKS]


def _addresses(part: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(part, list):
        for one in part:
            yield from _addresses(one, depth + 1)
    elif isinstance(part, dict):
        url = part.get("url")
        if part.get("type") == "link" and isinstance(url, str) and url.startswith(("http://", "https://")):
            yield url
        yield from _addresses(part.get("elements"), depth + 1)
