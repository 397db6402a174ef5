"""Texts in Adaptive Cards: every text is literal, so what somebody typed is read as typed and calls nobody.

The carrier is the text run, which knows no Markdown (learn.microsoft.com/adaptive-cards, text-features). A text block
knows it, and is used only for words that hold no sign of it, where it alone can do what is needed: a heading that
screen readers know as one, and an instant in each reader's own time (runs show the function's name instead, see
MicrosoftDocs/msteams-docs issue 8030). Each line is an element of its own, since hosts differ in what a line end does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, assert_never

from bot.core.cards import Bold, Channel, Code, Italic, Link, Mention, Span, Spans, When
from bot.core.commands import PREFIX
from bot.core.texts import shorten

Json = dict[str, Any]
Look = Mapping[str, Any]
Names = Mapping[str, str]

NO_NAMES: Names = MappingProxyType({})
BODY: Look = MappingProxyType({})
QUIET: Look = MappingProxyType({"isSubtle": True, "size": "small"})
BOLD: Look = MappingProxyType({"weight": "bolder"})
HEADING: Look = MappingProxyType({"weight": "bolder", "size": "large"})  # "medium" is no larger than body text in Teams
TITLE_OF_SECTIONS: Look = MappingProxyType({"weight": "bolder", "size": "extraLarge"})
ERROR: Look = MappingProxyType({"color": "attention", "weight": "bolder"})
NOTHING = "\u00a0"
UNKNOWN = "?"

_SCHEMES = ("https://", "http://", "mailto:")
_LINE_END = re.compile(r"\r\n?|\n")
_BETWEEN_BRACES = re.compile(r"(?<=\{)(?=\{)")
_SIGNS = re.compile(r"[*_~`\[\]<>{}|\\]|&#?\w+;")
_BEGINS_A_BLOCK = re.compile(r"\s*(?:[-+#=]|\d+[.)])")


class Unrenderable(Exception):
    """A card or form holds what Teams cannot carry at all: a mistake of ours, never of what somebody typed."""


def size(text: str) -> int:
    """Return the length of `text` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def short(text: str, limit: int) -> str:
    """Return `text` on one line and without white space around it, shortened with "…" to `limit`; empty stays empty."""
    bare = " ".join(text.split())
    return bare if size(bare) <= limit else shorten(bare, limit, measure=size) or "…"


def is_address(url: str) -> bool:
    """Say whether Teams opens `url`."""
    return url.startswith(_SCHEMES) and not any(one.isspace() for one in url)


def as_typed_here(command: str) -> str:
    """Return a command as it is typed to the bot in Teams, where its words are enough: "/vouch help" is "help"."""
    return command.removeprefix(f"{PREFIX} ")


def is_picture(url: str) -> bool:
    """Say whether Teams shows a picture at `url`: https only (msteams-docs cards-reference, inline card images).

    One of this machine is for a client on this machine, which is no real Teams and takes it.
    """
    return is_address(url) and url.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))


def is_literal(words: str) -> bool:
    """Say whether Markdown shows the one line `words` just as it is: nothing in it is a sign."""
    return _SIGNS.search(words) is None and _BEGINS_A_BLOCK.match(words) is None


def escape(words: str) -> str:
    """Return `words` so that Markdown shows them as they are, each line as a paragraph."""
    lines = (line.strip() for line in _LINE_END.split(words))
    return "\n\n".join(_escaped(line) for line in lines if line)


def _escaped(line: str) -> str:
    marked = re.sub(r"([*_~`\[\]<>{}|\\&])", r"\\\1", line)
    return re.sub(r"^([-+#=])", r"\\\1", re.sub(r"^(\d+)([.)])", r"\1\\\2", marked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words of one look; `at` is the instant that they tell, if they do."""

    text: str
    look: Look = field(default_factory=dict)
    at: datetime | None = None


def rich_blocks(spans: Spans, names: Names, look: Look = BODY) -> list[Json]:
    """Return `spans` as blocks, one for each line, close together; none for blank text. A blank line is a wider gap."""
    blocks: list[Json] = []
    gap = "none"
    for line in _lines(_piece(span, names) for span in spans):
        if not "".join(piece.text for piece in line).strip():
            gap = "medium"
            continue
        blocks.append({**_block(line, look), **({"spacing": gap} if blocks else {})})
        gap = "none"
    return blocks


def heading_blocks(spans: Spans, names: Names, look: Look = HEADING) -> list[Json]:
    """Return a heading that screen readers know as one, where its words allow; else rich text that looks like it."""
    words = "".join(_piece(span, names).text for span in spans).strip()
    is_plain = all(isinstance(span, str | Bold | Channel) for span in spans)
    if not words or not is_plain or _LINE_END.search(words) or not is_literal(words):
        return rich_blocks(spans, names, look)
    return [{"type": "TextBlock", "text": words, "style": "heading", "wrap": True, **look}]


def _piece(span: Span, names: Names) -> Piece:
    match span:
        case str():
            return Piece(text=span)
        case Bold(text=text):
            return Piece(text=text, look=BOLD)
        case Italic(text=text):
            return Piece(text=text, look={"italic": True})
        case Code(text=text):
            return Piece(text=as_typed_here(text), look={"fontType": "monospace"})
        case Link(url=url, text=text):
            return Piece(text=text.strip() or url, look=_leading_to(url))
        case Mention(person_ref=ref) | Channel(channel_ref=ref):
            return Piece(text=name_of(ref, names))
        case When(at=at, fallback=fallback):
            return Piece(text=fallback.strip() or f"{at:%Y-%m-%d %H:%M %Z}", at=at)
        case _:
            assert_never(span)


def name_of(ref: str, names: Names) -> str:
    """Return the name of what `ref` stands for, never the reference itself; nothing for no reference."""
    return (names.get(ref) or UNKNOWN) if ref else ""


def _leading_to(url: str) -> Look:
    """Return the look of a link; it is underlined too, as a colour alone does not tell it apart for everybody."""
    if not is_address(url):
        return BODY
    return {"color": "accent", "underline": True, "selectAction": {"type": "Action.OpenUrl", "url": url}}


def _lines(pieces: Iterable[Piece]) -> list[list[Piece]]:
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        for place, text in enumerate(_LINE_END.split(piece.text)):
            if place:
                lines.append([])
            if text:
                lines[-1].append(Piece(text=text, look=piece.look, at=piece.at))
    return lines


def _block(line: list[Piece], look: Look) -> Json:
    if any(piece.at for piece in line) and _is_plain(line):
        text = "".join(piece.text if piece.at is None else moment(piece.at) for piece in line).strip()
        return {"type": "TextBlock", "text": text, "wrap": True, **look}
    return {"type": "RichTextBlock", "inlines": [run for piece in line for run in _runs(piece, look)]}


def _is_plain(line: list[Piece]) -> bool:
    words = "".join(piece.text if piece.at is None else "0" for piece in line)
    return not any(piece.look for piece in line) and is_literal(words)


def moment(at: datetime) -> str:
    """Return the functions that show an instant in the reader's own time and language, in a text block alone."""
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{{{{DATE({stamp}, SHORT)}}}} {{{{TIME({stamp})}}}}"


def _runs(piece: Piece, look: Look) -> Iterator[Json]:
    """Yield text runs; words that look like a date function are parted between its braces, so that it is none."""
    for part in _BETWEEN_BRACES.split(piece.text):
        yield {"type": "TextRun", "text": part, **look, **piece.look}
