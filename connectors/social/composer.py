"""Addresses that open each network's own composer; nothing is asked of the network, nothing comes back from it.

Forms of the addresses: docs/connectors/. LinkedIn's `feed/?shareActive=true&text=` is not documented by LinkedIn but in
wide use, therefore the documented `share-offsite` (the link only, no text) can be chosen instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

LINKEDIN_STYLES = frozenset({"composer", "share-offsite"})
# Mastodon has no single site: this is the one that most people are on, and a setting.
BASES: Mapping[str, str] = MappingProxyType(
    {
        "linkedin": "https://www.linkedin.com",
        "x": "https://x.com",
        "mastodon": "https://mastodon.social",
        "bluesky": "https://bsky.app",
        "threads": "https://www.threads.com",
        "facebook": "https://www.facebook.com",
        "whatsapp": "https://wa.me",
        "xing": "https://www.xing.com",
        "email": "mailto:",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The shape of a composer's address: its path and the names of what it takes, "" for what it does not take."""

    path: str
    title: str = ""
    text: str = ""
    link: str = ""
    joint: str = "?"


_FORMS: Mapping[str, _Form] = {
    "linkedin": _Form(path="/feed/?shareActive=true", text="text", joint="&"),
    "x": _Form(path="/intent/post", text="text", link="url"),
    "mastodon": _Form(path="/share", text="text"),
    "bluesky": _Form(path="/intent/compose", text="text"),
    "threads": _Form(path="/intent/post", text="text", link="url"),
    "facebook": _Form(path="/sharer/sharer.php", link="u"),
    "whatsapp": _Form(path="/", text="text"),
    "xing": _Form(path="/spi/shares/new", link="url"),
    "email": _Form(path="", title="subject", text="body"),
}
_SHARE_OFFSITE = _Form(path="/sharing/share-offsite/", link="url")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Composers:
    """The port `ComposerAddresses`."""

    def __init__(self, bases: Mapping[str, str] | None = None, *, linkedin_style: str = "composer") -> None:
        """Build addresses on `bases`, one per network; those of `BASES` stand in for what is not named.

        A base has a path or none, and the network's own path is added to it. Raises `ValueError` for a network or a
        `linkedin_style` that is not known.
        """
        if unknown := {*(bases or {})} - {*BASES}:
            raise ValueError(f"no composer is known for {', '.join(sorted(unknown))}; known are {', '.join(BASES)}")
        if linkedin_style not in LINKEDIN_STYLES:
            raise ValueError(f"{linkedin_style} is no style; say {' or '.join(sorted(LINKEDIN_STYLES))}")
        self._bases = {name: base.rstrip("/") for name, base in {**BASES, **(bases or {})}.items()}
        self._linkedin_style = linkedin_style

    def address(self, network: str, *, text: str, link: str | None, title: str) -> str:
        """Return the address that opens the composer with `text`, whole and unchanged, and `link` where it goes apart.

        A network that takes no text gets the link alone. X and Threads get it apart unless it stands in the text; an
        e-mail has `title` as its subject and line ends as RFC 6068 wants them. The length is that of the base and
        path plus three characters for each byte that has to be encoded: up to twelve for one emoji. A lone surrogate,
        which no network could take, becomes "?". Raises `KeyError` for an unknown network.
        """
        form = self._form(network)
        values = {form.title: " ".join(title.split()), form.text: text, form.link: link or ""}
        if form.text == "body":
            values[form.text] = _LINE_END.sub("\r\n", text)
        if form.text and form.link and link in text.split():
            del values[form.link]
        named = [
            f"{name}={quote(words, safe='', errors='replace')}" for name, words in values.items() if name and words
        ]
        return f"{self._bases[network]}{form.path}{form.joint if named else ''}{'&'.join(named)}"

    def takes_text(self, network: str) -> bool:
        """Say whether the composer can be filled in; where not, people are offered to copy their text."""
        return bool(self._form(network).text)

    def _form(self, network: str) -> _Form:
        if network == "linkedin" and self._linkedin_style == "share-offsite":
            return _SHARE_OFFSITE
        return _FORMS[network]
