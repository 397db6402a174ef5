"""Texts in Slack's forms: every text is literal, so what somebody typed is read as typed and calls nobody.

Body text is rich text, whose elements are never read as markup; labels are plain_text; only the fallback beside the
blocks is escaped.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from bot.core.cards import Bold, Channel, Code, Italic, Link, Mention, Span, Spans, When
from bot.core.texts import shorten
from connectors.chat.slack.limits import MAX_CONTEXT_ELEMENTS, MAX_CONTEXT_TEXT, MAX_IMAGE_URL, MAX_RICH_TEXT

Json = dict[str, Any]
MOMENT = "{date_short_pretty}, {time}"
_REFERENCE_SIZE = 30
_SCHEMES = ("https://", "http://", "mailto:")
_MARKUP = frozenset("*_~`|<>\n")
_READ_AS_MARKUP = re.compile(r"[*_~`|<>&]|:[\w+'-]+:")


class Unrenderable(Exception):
    """A card or form holds what Slack cannot carry at all: a mistake of ours, never of what somebody typed."""


def size(text: str) -> int:
    """Return the length of `text` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def short(text: str, limit: int) -> str:
    """Return `text` without white space around it, shortened with "…" to `limit`; empty stays empty."""
    bare = text.strip()
    return bare if size(bare) <= limit else shorten(bare, limit, measure=size) or "…"


def plain_text(text: str, limit: int) -> Json:
    """Return a plain_text object of at most `limit`; an empty text becomes "…", which Slack takes."""
    return {"type": "plain_text", "text": short(text, limit) or "…", "emoji": False}


def parts(text: str, limit: int) -> Iterator[str]:
    """Yield `text` in pieces of at most `limit`, cut between words where there are any and never inside a character."""
    while size(text) > limit:
        window = text[: limit + 1]
        kept = len(shorten(window, limit, measure=size)) - 1
        if kept <= 0 or not window[:kept].strip():
            kept = limit // 2
        yield text[:kept]
        text = text[kept:]
    if text:
        yield text


def escape(text: str) -> str:
    """Return `text` so that mrkdwn shows its &, < and > (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_address(url: str, limit: int = MAX_IMAGE_URL) -> bool:
    """Say whether Slack takes `url` as an address."""
    return url.startswith(_SCHEMES) and size(url) <= limit and not any(one.isspace() for one in url)


def is_picture(url: str) -> bool:
    """Say whether Slack takes `url` as the address of a picture."""
    return is_address(url) and not url.startswith("mailto:")


def is_literal(words: str) -> bool:
    """Say whether mrkdwn shows `words` just as they are: nothing in them is a sign or the name of an emoji."""
    return _READ_AS_MARKUP.search(words) is None


def rich_blocks(spans: Spans, *, kind: str = "rich_text_section", is_bold: bool = False) -> list[Json]:
    """Return rich text blocks with `spans`, as many as their length needs; none for blank text."""
    return [
        {"type": "rich_text", "elements": [{"type": kind, "elements": elements}]}
        for elements in _by_size(_inline(spans, is_bold=is_bold))
        if any(one["type"] != "text" or one["text"].strip() for one in elements)
    ]


def _by_size(elements: Iterable[Json]) -> Iterator[list[Json]]:
    held: list[Json] = []
    room = MAX_RICH_TEXT
    for element in elements:
        taken = size(element["text"]) if "text" in element else _REFERENCE_SIZE
        if held and taken > room:
            yield held
            held, room = [], MAX_RICH_TEXT
        held.append(element)
        room -= taken
    if held:
        yield held


def _inline(spans: Spans, *, is_bold: bool) -> Iterator[Json]:
    for span in spans:
        for element in _elements(span):
            style = {**element.get("style", {}), **({"bold": True} if is_bold else {})}
            yield {**element, "style": style} if style else element


def _elements(span: Span) -> Iterator[Json]:
    match span:
        case str():
            yield from ({"type": "text", "text": part} for part in parts(span, MAX_RICH_TEXT))
        case Bold(text=text):
            yield from ({"type": "text", "text": part, "style": {"bold": True}} for part in parts(text, MAX_RICH_TEXT))
        case Italic(text=text):
            yield from (
                {"type": "text", "text": part, "style": {"italic": True}} for part in parts(text, MAX_RICH_TEXT)
            )
        case Code(text=text):
            yield from ({"type": "text", "text": part, "style": {"code": True}} for part in parts(text, MAX_RICH_TEXT))
        case Link(url=url, text=text):
            yield from _link(url, text)
        case _:
            yield from _reference(span)


def _link(url: str, text: str) -> Iterator[Json]:
    words = text.strip() or url
    if not is_address(url):
        yield from _elements(words)
    else:
        yield from ({"type": "link", "url": url, "text": part} for part in parts(words, MAX_RICH_TEXT))


def _reference(span: Mention | Channel | When) -> Iterator[Json]:
    match span:
        case Mention(person_ref=ref):
            if ref:
                yield {"type": "user", "user_id": ref}
        case Channel(channel_ref=ref):
            if ref:
                yield {"type": "channel", "channel_id": ref}
        case When(at=at, fallback=fallback):
            yield {"type": "date", "timestamp": int(at.timestamp()), "format": MOMENT, "fallback": fallback or str(at)}
        case _:
            assert_never(span)


def quiet_blocks(spans: Spans) -> list[Json]:
    """Return context blocks with `spans`; none for blank text.

    Words and references are one element of mrkdwn, or, where words could be read as markup, words in plain_text and
    references between them. A link whose own words could be read as markup is shown in body text instead.
    """
    if any(isinstance(span, Link) and _is_markup(span) for span in spans):
        return rich_blocks(spans)
    merged = [span for span in _merged(spans) if span]
    elements = _one_element(merged) or [one for span in merged for one in _context_elements(span)]
    rows = [elements[at : at + MAX_CONTEXT_ELEMENTS] for at in range(0, len(elements), MAX_CONTEXT_ELEMENTS)]
    return [{"type": "context", "elements": row} for row in rows]


def _one_element(merged: list[Span]) -> list[Json]:
    """Return what stands in one element, so that it reads as one line; none for words alone, or what is not safe so."""
    if len(merged) < 2 or not all(is_literal(span) for span in merged if isinstance(span, str)):
        return []
    marked = "".join(map(_as_mrkdwn, merged)).strip()
    return [{"type": "mrkdwn", "text": marked, "verbatim": True}] if 0 < size(marked) <= MAX_CONTEXT_TEXT else []


def _as_mrkdwn(span: Span) -> str:
    return span if isinstance(span, str) else "" if isinstance(span, Bold | Italic | Code) else _marked(span)


def _is_markup(link: Link) -> bool:
    return not _MARKUP.isdisjoint(link.url + link.text) or size(link.url) + size(link.text) > MAX_CONTEXT_TEXT // 6


def _merged(spans: Spans) -> Iterator[Span]:
    """Yield `spans` with neighbouring words, bold or not, as one."""
    words = ""
    for span in spans:
        match span:
            case str():
                words += span
            case Bold(text=text) | Italic(text=text) | Code(text=text):
                words += text
            case Link(url=url, text=text) if not is_address(url):
                words += text or url
            case _:
                yield words
                words = ""
                yield span
    yield words


def _context_elements(span: Span) -> Iterator[Json]:
    match span:
        case str() | Bold() | Italic() | Code():
            words = span if isinstance(span, str) else span.text
            for part in parts(words.strip(), MAX_CONTEXT_TEXT):
                if part.strip():
                    yield plain_text(part, MAX_CONTEXT_TEXT)
        case _:
            if marked := _marked(span):
                yield {"type": "mrkdwn", "text": marked, "verbatim": True}


def _marked(span: Link | Mention | Channel | When) -> str:
    match span:
        case Link(url=url, text=text):
            return f"<{escape(url)}|{escape(text.strip() or url)}>"
        case Mention(person_ref=ref):
            return f"<@{ref}>" if ref else ""
        case Channel(channel_ref=ref):
            return f"<#{ref}>" if ref else ""
        case When(at=at, fallback=fallback):
            return f"<!date^{int(at.timestamp())}^{MOMENT}|{escape(short(fallback or str(at), 500))}>"
        case _:
            assert_never(span)
