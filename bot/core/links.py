"""Tracked links: slugs, campaign parameters, and which targets are fit to be linked."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from bot.core.networks import NETWORKS

SLUG_LENGTH = 8
# Small letters and digits that nobody takes for another: no 0 and o, no 1, i and l.
SLUG_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
MAX_TARGET = 2000
MAX_KEY = 500

_SLUG = re.compile(f"[{SLUG_LETTERS}]{{{SLUG_LENGTH}}}")
_UNFIT = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff\\<>\"`]"
)
_HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What sites and senders add to a link to follow people; it does not change the page.
_TRACKING_NAMES = (
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid li_fat_id igshid igsh mc_cid mc_eid mkt_tok "
    "_hsenc _hsmi __hssc __hstc vero_id oly_enc_id oly_anon_id s_cid rb_clickid wickedid srsltid trk trackingid "
    "ref_src ref_url _ga _gl"
)
_TRACKING = frozenset(_TRACKING_NAMES.split())


class Chooser(Protocol):
    """What picks at random: `random.SystemRandom()`, or a seeded one in tests."""

    def choice(self, seq: str) -> str:
        """Return one letter of `seq`."""


class LinkFault(StrEnum):
    """Why a link is not fit to be shared."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNFIT_CHARACTERS = "unfit_characters"
    NO_SCHEME = "no_scheme"
    OTHER_SCHEME = "other_scheme"
    NO_HOST = "no_host"
    CREDENTIALS = "credentials"
    WRONG_PORT = "wrong_port"


class UnfitLink(ValueError):
    """What was given is no link that can be shared; `reason` says why."""

    def __init__(self, reason: LinkFault) -> None:
        """Fail for `reason`."""
        super().__init__(reason.value)
        self.reason = reason


def new_slug(random: Chooser) -> str:
    """Return a new slug: eight small letters and digits, nothing that a network would have to escape."""
    return "".join(random.choice(SLUG_LETTERS) for _ in range(SLUG_LENGTH))


def is_slug(text: str) -> bool:
    """Say whether `text` could be a slug of ours; what could not is not looked up."""
    return _SLUG.fullmatch(text) is not None


def clean_target(url: str) -> str:
    """Return `url` as it may be stored and redirected to: http(s), a host, ASCII only, at most 2,000 characters.

    Letters of other scripts are encoded, scheme and host are in small letters, a default port is dropped; nothing else
    changes. Cleaning the result again changes nothing. Raises `UnfitLink`. Whether the host is a public one is asked
    where it is fetched.
    """
    url = url.strip()
    if not url:
        raise UnfitLink(LinkFault.EMPTY)
    if len(url) > MAX_TARGET:
        raise UnfitLink(LinkFault.TOO_LONG)
    if _UNFIT.search(url):
        raise UnfitLink(LinkFault.UNFIT_CHARACTERS)
    parts = _web_parts(url)
    path, query, fragment = (quote(one, safe="/%:=&?~#+!$,;'@()*[]|{}^.-_") for one in parts[2:])
    cleaned = urlunsplit((parts.scheme, _netloc(parts), path or "/", query, fragment))
    if len(cleaned) > MAX_TARGET:
        raise UnfitLink(LinkFault.TOO_LONG)
    return cleaned


def _web_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UnfitLink(LinkFault.NO_HOST) from None
    if parts.scheme not in _DEFAULT_PORTS:
        is_bare = not parts.scheme or "." in parts.scheme or parts.scheme == "localhost"
        raise UnfitLink(LinkFault.NO_SCHEME if is_bare else LinkFault.OTHER_SCHEME)
    if "@" in parts.netloc:
        raise UnfitLink(LinkFault.CREDENTIALS)
    return parts


def _netloc(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        raise UnfitLink(LinkFault.WRONG_PORT) from None
    host = _ascii_host(parts.hostname or "", is_bracketed="[" in parts.netloc)
    return host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"


def _ascii_host(host: str, *, is_bracketed: bool) -> str:
    if is_bracketed:
        try:
            return f"[{ip_address(host).compressed}]"
        except ValueError:
            raise UnfitLink(LinkFault.NO_HOST) from None
    try:
        encoded = unicodedata.normalize("NFKC", host).encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        raise UnfitLink(LinkFault.NO_HOST) from None
    if _HOST.fullmatch(encoded) is None:
        raise UnfitLink(LinkFault.NO_HOST)
    return encoded


@lru_cache(maxsize=1000)
def with_utm(url: str, *, network: str, campaign: str, variant: str) -> str:
    """Return `url` with campaign parameters for the company's own web statistics; never a name or number of a person.

    Source is the network and medium "social" (for e-mail "email"), which web statistics group by. What the link has
    already stays as it is, to the letter, its own utm parameters too; an empty value adds nothing.
    """
    medium = NETWORKS[network].utm_medium
    wanted = {"utm_source": network, "utm_medium": medium, "utm_campaign": campaign, "utm_content": variant}
    parts = urlsplit(url)
    held = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = {name: tame for name, text in wanted.items() if name not in held and (tame := utm_value(text))}
    query = "&".join(one for one in (parts.query, urlencode(added)) if one)
    return urlunsplit(parts._replace(query=query))


def utm_value(text: str) -> str:
    """Return `text` as a parameter's value: small letters, digits, "-", "_" and ".", as web statistics group them."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9._]+", "-", ascii_only).strip("-")[:100]


def same_link_key(url: str) -> str:
    """Return the form under which two links are the same suggestion; it is compared, never opened.

    Scheme, "www.", trailing slash, fragment, order of parameters and what only tracks people do not count. At most
    500 characters: a longer one ends in a digest. Raises `UnfitLink` like `clean_target`.
    """
    parts = urlsplit(clean_target(url))
    asked = sorted(
        (name, text) for name, text in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(name.lower())
    )
    query = f"?{urlencode(asked)}" if asked else ""
    key = parts.netloc.removeprefix("www.") + parts.path.rstrip("/") + query
    return key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - 33]}~{blake2b(key.encode(), digest_size=16).hexdigest()}"


def _is_tracking(name: str) -> bool:
    return name.startswith(("utm_", "pk_", "mtm_")) or name in _TRACKING
