"""A web page's own title, summary, picture and language, by Open Graph, X cards and plain HTML.

Only the few tags that matter are cut out of the page and parsed, each by itself and within bounds: the time this takes
grows with the page's length whatever is in it (the standard library's parser alone takes minutes for 300 kB of "<a ").
"""

import asyncio
import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from bs4.dammit import EncodingDetector

from bot.core.links import UnfitLink, clean_target
from bot.core.ports import Page
from bot.core.texts import plain, shorten
from connectors.http import Fetched, GuardedFetcher

MAX_TITLE = 300
MAX_SUMMARY = 2000
MAX_SITE = 100

_MAX_TAG = 4096
_MAX_TAGS = 500
_CHARSET_WITHIN = 2048  # bytes; HTML itself says 1,024
_START = re.compile(r"<(?:(!--)|(script|style|title|svg)\b|(?:html|meta|link)\b)", re.IGNORECASE)
_TAG = re.compile(r"<(?:[^>\"']++|\"[^\"]*\"|'[^']*')*+>")
_CLOSINGS = {
    name: re.compile("-->" if name == "!--" else f"</{name}", re.IGNORECASE)
    for name in ("!--", "script", "style", "title", "svg")
}
_LOOSE_TAG = re.compile(r"<[^>]*+>")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
# Codecs of Python that no page is written in; some take time that grows with the square of the length.
_NO_PAGE_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined", "mbcs", "oem"}
_AS_BROWSERS_DO = {"ascii": "cp1252", "iso8859-1": "cp1252"}

_TITLES = ("og:title", "twitter:title")
_SUMMARIES = ("og:description", "twitter:description", "description")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
_SITES = ("og:site_name", "application-name")
_LANGUAGES = ("og:locale", "content-language")


class OpenGraphPreview:
    """The port `PagePreview` over HTTP: at most 2 MB of a page, public addresses only."""

    def __init__(self, fetcher: GuardedFetcher) -> None:
        """Read pages by `fetcher`."""
        self._fetcher = fetcher

    async def read(self, url: str) -> Page:
        """Return what the page says of itself; raises `PageUnreadable` with the reasons of `GuardedFetcher`.

        A page without a title has an empty one. `Page.url` is where redirects ended, or the page's canonical address
        if that is on the same host; `picture` is absolute, http(s), and has not been asked for.
        """
        fetched = await self._fetcher.fetch(url)
        return await asyncio.to_thread(page_of, fetched)


def page_of(fetched: Fetched) -> Page:
    """Return what the fetched page says of itself."""
    head = _read_head(_decode(fetched))
    return Page(
        url=_canonical(head, fetched.url),
        title=_folded(_first(head.metas, _TITLES) or head.title, MAX_TITLE),
        summary=_folded(_first(head.metas, _SUMMARIES), MAX_SUMMARY),
        picture=_picture(head, fetched.url),
        language=_language(head),
        site=_folded(_first(head.metas, _SITES), MAX_SITE)
        or (urlsplit(fetched.url).hostname or "").removeprefix("www."),
    )


@dataclass(slots=True, kw_only=True)
class _Head:
    """The tags that say what a page is; the first of each name counts."""

    title: str = ""
    language: str = ""
    metas: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def add(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take what one tag says, if it says anything of use."""
        if tag == "html":
            self.language = self.language or attributes.get("lang", "") or attributes.get("xml:lang", "")
        elif tag == "meta":
            words = attributes.get("content", "").strip()
            names = {
                attributes.get(name, "").strip().lower() for name in ("property", "name", "http-equiv", "itemprop")
            }
            for name in names - {""} if words else ():
                self.metas.setdefault(name, words)
        elif tag == "link":
            for name in attributes.get("rel", "").lower().split():
                self.links.setdefault(name, attributes.get("href", "").strip())


class _TagParser(HTMLParser):
    """Parses single start tags into `head`."""

    def __init__(self, head: _Head) -> None:
        super().__init__(convert_charrefs=True)
        self._head = head

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hand a tag over; of an attribute given twice the first counts, as in browsers."""
        self._head.add(tag, {name: text or "" for name, text in reversed(attrs)})


def _read_head(text: str) -> _Head:
    head = _Head()
    for number, tag in enumerate(_tags(text)):
        if number >= _MAX_TAGS:
            break
        if tag[1:6].lower() == "title":
            head.title = head.title or html.unescape(tag.partition(">")[2])
            continue
        parser = _TagParser(head)
        parser.feed(tag)
        parser.close()
    return head


def _tags(text: str) -> Iterator[str]:
    """Yield the start tags of use, a title with its text, and "" for one without an end.

    What stands in comments, scripts, styles and drawings is passed over.
    """
    position = 0
    while (start := _START.search(text, position)) is not None:
        begin, position = start.span()
        last = min(begin + _MAX_TAG, len(text))
        if name := start[1] or start[2]:
            closing = _CLOSINGS[name.lower()].search(text, position)
            if name.lower() == "title":
                yield text[begin : last if closing is None else min(closing.start(), last)]
            if closing is None:
                return
            position = closing.end()
            continue
        tag = _TAG.match(text, begin, last) or _LOOSE_TAG.match(text, begin, last)
        position = tag.end() if tag else position
        yield tag[0] if tag else ""


def _decode(fetched: Fetched) -> str:
    """Return the page's text: by its BOM, as UTF-8 if that is what it is, by the header, by its own word.

    UTF-8 goes before what is declared: bytes beyond ASCII that read as UTF-8 are nothing else, and servers' defaults
    are often wrong. What fits nothing is read as windows-1252, which is what browsers do.
    """
    body, by_bom = EncodingDetector.strip_byte_order_mark(fetched.body)
    by_itself = EncodingDetector.find_declared_encoding(body[:_CHARSET_WITHIN], is_html=True)
    usual = None if body.isascii() else "utf-8"
    for named in (by_bom, usual, fetched.charset, by_itself):
        if named and (text := _decoded(body, named)) is not None:
            return text
    return body.decode("cp1252", errors="replace")


def _decoded(body: bytes, encoding: str) -> str | None:
    """Return `body` in the encoding that is named, or `None` if it is no encoding of pages or does not fit."""
    try:
        name = codecs.lookup(encoding).name
        return None if name in _NO_PAGE_ENCODINGS else body.decode(_AS_BROWSERS_DO.get(name, name))
    except (LookupError, ValueError):
        return None


def _first(words: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((words[name] for name in names if words.get(name)), "")


def _folded(text: str, limit: int) -> str:
    """Return `text` on one line without controls, at most `limit` characters."""
    return shorten(" ".join(plain(text[:_MAX_TAG]).split()), limit)


def _web_address(base: str, reference: str) -> str | None:
    """Return `reference` as an absolute http(s) address, or `None` if it cannot be one."""
    try:
        return clean_target(urljoin(base, reference.strip().replace(" ", "%20")))
    except (UnfitLink, ValueError):
        return None


def _picture(head: _Head, base: str) -> str | None:
    named = (*(head.metas.get(name, "") for name in _PICTURES), head.links.get("image_src", ""))
    return next((found for one in named if one and (found := _web_address(base, one))), None)


def _canonical(head: _Head, url: str) -> str:
    """Return the page's canonical address if it is credible: same host and port, no step down to plain http or home."""
    here = urlsplit(url)
    for named in (head.links.get("canonical", ""), head.metas.get("og:url", "")):
        found = _web_address(url, named) if named else None
        there = urlsplit(found or "")
        is_home_of_all = there.path in {"", "/"} and here.path not in {"", "/"}
        if found and there.netloc == here.netloc and there.scheme >= here.scheme and not is_home_of_all:
            return found
    return url


def _language(head: _Head) -> str | None:
    """Return the language as "nl" or "nl-BE", or `None` if the page names none."""
    for named in (head.language, _first(head.metas, _LANGUAGES)):
        if _LANGUAGE.fullmatch(named.strip()):
            return named.strip().replace("_", "-")
    return None
