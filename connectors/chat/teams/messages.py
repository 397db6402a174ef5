"""What somebody wrote in Teams, as they typed it: without the mention of the bot, and the links behind its words.

Sources: msteams-docs bots/how-to/conversations/conversation-messages and channel-and-group-conversations (the text of a
message, its mentions and its formatted form), messaging-extensions/how-to/action-commands/create-task-module (the
message that an action is about), and Graph's resource chatMessageAttachment (its cards).
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.entities import html5
from typing import Any

MOST_LINKS = 20
_MOST_PARTS = 2_000  # ours: of a card that is looked through for links
_MARK = "\0"
_SCHEMES = ("http://", "https://")
_BARE = re.compile(r"https?://[^\s<>|\"]+", re.IGNORECASE)
_LINK_IN_TEXT = re.compile(r"https?://[^\s<>|\"()\[\]]+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MENTION_TAG = re.compile(r"</?at\b[^<>]*>", re.IGNORECASE)
_MENTION = re.compile(r"<at\b[^<>]*>([^<>]*)</at>", re.IGNORECASE)
_TAG = re.compile(
    r"""<![^<>]*+> |
        <(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""(?<![-\w:.])([a-zA-Z][-\w:.]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_PICTURE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt=\"([^\"]*)\"", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\ufeff"))
_LINE_ENDS = re.compile(r"\n{2,}")
_BLOCKS = frozenset(("p", "div", "li", "tr", "br", "blockquote", "h1", "h2", "h3", "pre"))
_PICTURES = frozenset(("img", "emoji", "customemoji"))
_CARDS = ("application/vnd.microsoft.card.", "application/vnd.microsoft.teams.card.")
_ENDS = ".,;:!?)]}'\""
"""What ends a sentence, not an address that stands in it."""

_OPENS = ("action.openurl", "openurl")


def typed_text(activity: Mapping[str, Any]) -> str:
    """Return the text of a message without our own mention; other mentions as names, entities as their characters.

    An entity is one only with its semicolon: an address such as "?a=1&copy=2" stays as it is.
    """
    text = _without_own_mention(str(activity.get("text") or ""), activity)
    text = _PICTURE.sub(lambda found: "".join(_ALT.findall(found[0])), text)
    text = _decoded(_MENTION_TAG.sub("", text))
    before, mark, after = _folded(text).partition(_MARK)
    return _folded(f"{before} {after.lstrip(' ,:;').replace(_MARK, ' ')}") if mark else before


def _without_own_mention(text: str, activity: Mapping[str, Any]) -> str:
    """Return `text` with a mark where we are mentioned; the words of a mention are not always those of its entity."""
    own = str((activity.get("recipient") or {}).get("id") or "")
    for entity in activity.get("entities") or ():
        mentioned = entity.get("mentioned") if isinstance(entity, dict) and entity.get("type") == "mention" else None
        if not own or not isinstance(mentioned, dict) or mentioned.get("id") != own:
            continue
        told, name = str(entity.get("text") or ""), str(mentioned.get("name") or "")
        if told and told in text:
            text = text.replace(told, _MARK)
        else:
            text = "".join(_MARK if named == name else part for part, named in _mentions(text))
    return text


def _mentions(text: str) -> Iterator[tuple[str, str | None]]:
    """Return `text` in parts, each with the name that is mentioned in it, `None` for what is between."""
    end = 0
    for found in _MENTION.finditer(text):
        yield text[end : found.start()], None
        yield found[0], found[1].strip().removeprefix("@")
        end = found.end()
    yield text[end:], None


def _folded(text: str) -> str:
    lines = text.translate(_UNSEEN).replace("\u00a0", " ").splitlines()
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in lines).strip()


def with_hidden_links(text: str, activity: Mapping[str, Any]) -> str:
    """Return `text` with the addresses behind it that only its formatted form holds ("look here" as a link)."""
    links: list[str] = []
    for attachment in activity.get("attachments") or ():
        if isinstance(attachment, dict) and attachment.get("contentType") == "text/html":
            links += links_in_html(str(attachment.get("content") or ""))
    hidden = [one for one in dict.fromkeys(links) if one.rstrip("/") not in text]
    return " ".join([text, *hidden[:MOST_LINKS]]).strip()


def has_link(text: str) -> bool:
    """Say whether there is a web address in `text`."""
    return _BARE.search(text) is not None


def links_in_html(marked: str) -> list[str]:
    """Return the web addresses that links in `marked` lead to, in reading order."""
    return _read_html(marked).links


def read_payload(payload: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return text and links of a message that somebody acted on; its body is HTML, its cards are attachments.

    Files and pictures are no links: who is outside could not open them.
    """
    body = payload.get("body") or {}
    told = str(body.get("content") or "")
    is_html = body.get("contentType") == "html" or "<" in told
    read = _read_html(told) if is_html else None
    text = read.text if read else _folded(told)
    links = [*(read.links if read else ()), *(one.rstrip(_ENDS) for one in _BARE.findall(text))]
    for attachment in payload.get("attachments") or ():
        if isinstance(attachment, dict) and str(attachment.get("contentType") or "").startswith(_CARDS):
            links += _links_of_card(attachment)
    return text, tuple(dict.fromkeys(links))[:MOST_LINKS]


@dataclass(slots=True)
class _Html:
    """What HTML says: its words, each block on a line of its own, and where its links lead.

    A link that shows an address is read as the one that it leads to; a picture as its words, which emojis are. Read by
    patterns that look at no character twice, as the standard library's parser takes minutes for some 100 KB of "<a ".
    """

    links: list[str] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _address: str = ""
    _shown: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words."""
        return _LINE_ENDS.sub("\n", _folded("".join(self._words)))

    def tag(self, name: str, attributes: str, *, is_end: bool) -> None:
        """Begin or end a link or a line, or take a picture."""
        if name == "a":
            self.end_link()
            self._address = "" if is_end else _web_address(_attribute(attributes, "href"))
            self.links += [self._address] if self._address else []
        elif name in _BLOCKS:
            self.say("\n")
        elif name in _PICTURES and not is_end:
            self.say(_attribute(attributes, "alt"))

    def say(self, words: str) -> None:
        """Take words."""
        (self._shown if self._address else self._words).append(words)

    def end_link(self) -> None:
        """End the link that is open, if any."""
        shown = "".join(self._shown)
        self._words.append(self._address if _web_address(shown) else shown)
        self._address, self._shown = "", []


def _read_html(marked: str) -> _Html:
    read, end = _Html(), 0
    for found in _TAG.finditer(marked):
        read.say(_decoded(marked[end : found.start()]))
        read.tag((found[2] or "").lower(), found[3] or "", is_end=bool(found[1]))
        end = found.end()
    read.say(_decoded(marked[end:]))
    read.end_link()
    return read


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return _decoded(found[2] or found[3] or found[4] or "").strip()
    return ""


def _web_address(told: str) -> str:
    return told.strip() if told.strip().lower().startswith(_SCHEMES) else ""


def _decoded(text: str) -> str:
    return _ENTITY.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    """Return what an entity stands for; by its whole name, as the library alone reads "&nothing;" as "¬hing;"."""
    told = found[0]
    return html.unescape(told) if told[1] == "#" else html5.get(told[1:], told)


def _links_of_card(attachment: Mapping[str, Any]) -> list[str]:
    """Return where a card leads, by its own address, its buttons and the addresses in its texts."""
    content = attachment.get("content")
    try:
        card = json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError):
        card = None
    own = attachment.get("contentUrl")
    found = [own] if isinstance(own, str) and own.lower().startswith(_SCHEMES) else []
    return [*found, *_links_in(card)]


def _links_in(card: object) -> Iterator[str]:
    left, seen = [card], 0
    while left and seen < _MOST_PARTS:
        part = left.pop(0)
        seen += 1
        if isinstance(part, dict):
            yield from _links_at(part)
            left += part.values()
        elif isinstance(part, list):
            left += part


def _links_at(part: Mapping[str, Any]) -> Iterator[str]:
    opens = str(part.get("type") or "").lower() in _OPENS
    for name in ("url", "value", "uri"):
        told = part.get(name)
        if isinstance(told, str) and told.lower().startswith(_SCHEMES) and (opens or name == "uri"):
            yield told
    text = part.get("text")
    if isinstance(text, str):
        yield from (one.rstrip(_ENDS) for one in _LINK_IN_TEXT.findall(text))
