"""The shared polite client outward, and the guarded reader of pages that members name.

`GuardedFetcher` reaches public addresses only. What is judged is the address that is connected to: every answer of the
resolver before it is used, and the address of every socket before it is opened, for each redirect anew. `Guard` is that
judge; `connectors.guarded` has the same for servers whose API is called.
"""

import asyncio
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.core.errors import PageUnreadable
from bot.core.links import LinkFault, UnfitLink, clean_target

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
AGENT = "Mozilla/5.0 (compatible; Vouch/1.0; link preview)"
LONGEST_WAIT = timedelta(hours=1)
DEFAULT_WAIT = timedelta(seconds=30)

Origin = tuple[str, str, int]
"""Scheme, host and port."""

_CONNECTIONS, _CONNECTIONS_PER_HOST = 200, 80
"""More than the outbox's jobs at once: what a click needs of the same platform waits for none of them."""

_HEADER_LIMIT = 32_768
_CHUNK = 65_536
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_BLOCKED = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
}
# Networks whose addresses hold an IPv4 address in their last 32 bits: NAT64 (RFC 6052), the translated form of
# RFC 2765, and the old "IPv4-compatible" form.
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0:0/96"), IPv6Network("::/96"))
# Local-use NAT64 (RFC 8215) and Teredo, which the standard library of some supported versions calls global.
_NEVER = (IPv6Network("64:ff9b:1::/48"), IPv6Network("2001::/32"))


def new_session(*, total: timedelta = timedelta(seconds=30), proxy: str | None = None) -> aiohttp.ClientSession:
    """Return the one session outward; call it inside the running loop and close it at the end.

    A request takes at most `total`, 5 s of it to connect. Proxies come from `proxy` only, never from the environment.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, limit_per_host=_CONNECTIONS_PER_HOST),
        timeout=aiohttp.ClientTimeout(total=total.total_seconds(), sock_connect=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": AGENT},
        trust_env=False,
        proxy=proxy,
    )


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> timedelta:
    """Return how long `Retry-After` (seconds or an HTTP date) says to wait: 30 s if nothing, at most an hour.

    A date is taken relative to the answer's own `Date`, so that a wrong clock does not matter; else to `now`.
    """
    folded = {name.lower(): text.strip() for name, text in headers.items()}
    wanted = folded.get("retry-after", "")
    if wanted.isascii() and wanted.isdecimal():
        return min(timedelta(seconds=min(int(wanted[:12]), 10**9)), LONGEST_WAIT)
    until = _http_date(wanted)
    if until is None:
        return DEFAULT_WAIT
    start = _http_date(folded.get("date", "")) or now or datetime.now(UTC)
    return max(timedelta(0), min(until - start, LONGEST_WAIT))


def wait_until(moment: datetime, headers: Mapping[str, str], *, longest: timedelta = timedelta(days=1)) -> timedelta:
    """Return how long it is until `moment` by the answer's own `Date`, else by our clock: 1 s at least."""
    folded = {name.lower(): text.strip() for name, text in headers.items()}
    start = _http_date(folded.get("date", "")) or datetime.now(UTC)
    return max(timedelta(seconds=1), min(moment - start, longest))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_public_address(address: str) -> bool:
    """Say whether `address` (an IP address in its canonical spelling) is one of the public internet.

    An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is what is judged; one with a zone is never public.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    if found.scope_id is not None or any(found in one for one in _NEVER):
        return False
    inner = _embedded(found)
    if inner is not None:
        return is_public_address(str(inner))
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_site_local)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if (inner := address.ipv4_mapped or address.sixtofour) is not None:
        return inner
    return IPv4Address(int(address) & 0xFFFFFFFF) if any(address in one for one in _EMBEDDING) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How much of a page is read: `body` bytes (decompressed), `redirects`, and `deadline` for all of it."""

    body: int = 2_000_000
    redirects: int = 5
    deadline: timedelta = timedelta(seconds=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was read: `url` after redirects, `kind` its type ("text/html", "" if not said), `charset` by the header."""

    url: str
    kind: str
    charset: str | None
    body: bytes


class GuardedFetcher:
    """Reads what members name, from public addresses only; every failure is `PageUnreadable`.

    Its reasons: "not_a_link" (credentials and legacy spellings of addresses included), "scheme", "private",
    "not_found" (404, 410), "blocked" (401, 403, 429…), "too_large", "not_html" (not of a type asked for), "slow",
    "too_many_redirects", and "unreachable" for everything else. Ports are free. No proxy is used.
    """

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        resolver: AbstractResolver | None = None,
        limits: FetchLimits | None = None,
    ) -> None:
        """Trust the exact origins of `allow` ("http://127.0.0.1:8080"); raises `ValueError` for what is no origin."""
        self._allow = allowed_origins(allow)
        self._resolver = resolver
        self._limits = limits or FetchLimits()

    async def fetch(self, url: str, *, kinds: Collection[str] = PAGE_TYPES) -> Fetched:
        """Return what `url` leads to, if its type is one of `kinds`; raises `PageUnreadable`."""
        try:
            async with asyncio.timeout(self._limits.deadline.total_seconds()):
                return await self._follow(_clean(url), kinds)
        except TimeoutError:
            raise PageUnreadable("slow") from None

    async def _follow(self, url: str, kinds: Collection[str]) -> Fetched:
        cookies = aiohttp.CookieJar()  # some sites set one and redirect to themselves; it lives for this page only
        for _ in range(self._limits.redirects + 1):
            answer = await self._ask(url, kinds, cookies)
            if isinstance(answer, Fetched):
                return answer
            url = _redirected(url, answer)
        raise PageUnreadable("too_many_redirects")

    async def _ask(self, url: str, kinds: Collection[str], cookies: aiohttp.CookieJar) -> Fetched | str:
        """Return what one address answers: a page, or the address that it redirects to."""
        is_trusted = origin_of(url) in self._allow
        if not is_trusted:
            refuse_private_names(url)
        guard = Guard(self._resolver or aiohttp.ThreadedResolver(), is_trusted=is_trusted)
        try:
            async with _guarded_session(guard, cookies) as session, session.get(url, allow_redirects=False) as response:
                return await self._read(url, response, kinds)
        except TimeoutError:
            raise
        except aiohttp.InvalidURL:
            raise PageUnreadable("not_a_link") from None
        except (aiohttp.ClientError, OSError):
            raise PageUnreadable("private" if guard.has_refused else "unreachable") from None

    async def _read(self, url: str, response: aiohttp.ClientResponse, kinds: Collection[str]) -> Fetched | str:
        if response.status in _REDIRECTS and (location := response.headers.get("Location")):
            return location
        _check_status(response.status)
        kind = response.content_type if "Content-Type" in response.headers else ""
        if kind and kind not in kinds:
            raise PageUnreadable("not_html", response.status)
        if (response.content_length or 0) > self._limits.body:
            raise PageUnreadable("too_large", response.status)
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._limits.body:
                raise PageUnreadable("too_large", response.status)
        if not kind and not body.lstrip().startswith(b"<"):
            raise PageUnreadable("not_html", response.status)
        return Fetched(url=url, kind=kind, charset=response.charset, body=bytes(body))


class Guard(AbstractResolver):
    """Lets no address but public ones through, unless the origin is trusted; remembers whether it refused one."""

    def __init__(self, resolver: AbstractResolver, *, is_trusted: bool) -> None:
        """Judge what `resolver` answers and what is connected to, unless `is_trusted`."""
        self._resolver = resolver
        self._is_trusted = is_trusted
        self.has_refused = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's addresses if every one of them may be reached; one private address refuses them all."""
        found = await self._resolver.resolve(host, port, family)
        self._judge(one["host"] for one in found)
        return found

    def open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket for exactly the address that is connected to next, judged once more."""
        family, kind, protocol, _, address = info
        self._judge([str(address[0])])
        return socket.socket(family=family, type=kind, proto=protocol)

    async def close(self) -> None:
        """Do nothing: the resolver belongs to whoever gave it."""

    def _judge(self, addresses: Iterable[str]) -> None:
        if not self._is_trusted and not all(is_public_address(one) for one in addresses):
            self.has_refused = True
            raise OSError("not a public address")


def _guarded_session(guard: Guard, cookies: aiohttp.CookieJar) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=guard, use_dns_cache=False, socket_factory=guard.open_socket, force_close=True, limit=2
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None),  # the deadline is held over all redirects together
        cookie_jar=cookies,
        headers={"User-Agent": AGENT, "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"},
        trust_env=False,
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
    )


def _check_status(status: int) -> None:
    if status in _GONE:
        raise PageUnreadable("not_found", status)
    if status in _BLOCKED:
        raise PageUnreadable("blocked", status)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise PageUnreadable("unreachable", status)


def _clean(url: str) -> str:
    """Return `url` in the one spelling that every parser reads alike."""
    try:
        return clean_target(url)
    except UnfitLink as unfit:
        raise PageUnreadable("scheme" if unfit.reason is LinkFault.OTHER_SCHEME else "not_a_link") from None


def _redirected(url: str, location: str) -> str:
    """Return where `url` redirects to; blanks, which servers leave in, are encoded."""
    try:
        return _clean(urljoin(url, location.strip().replace(" ", "%20")))
    except ValueError:
        raise PageUnreadable("not_a_link") from None


def origin_of(url: str) -> Origin:
    """Return scheme, host and port of a clean address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", _PORTS[parts.scheme] if parts.port is None else parts.port


def allowed_origins(origins: Collection[str]) -> frozenset[Origin]:
    """Return the parts of origins ("https://host:port", nothing after it); raises `ValueError`."""
    return frozenset(_allowed_origin(one) for one in origins)


def _allowed_origin(origin: str) -> Origin:
    cleaned = clean_target(origin)
    if urlsplit(cleaned)[2:] != ("/", "", ""):
        raise ValueError(f"{origin} is not an origin; write scheme, host and port only: https://example.com:8443")
    return origin_of(cleaned)


def refuse_private_names(url: str) -> None:
    """Raise for names of this machine, which no resolver need be asked about, and for numbers that spell an address."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        raise PageUnreadable("private")
    address = _spelled_address(host)
    if address is not None and not is_public_address(address):
        raise PageUnreadable("private")
    if address is not None and ":" not in address and address != host:
        raise PageUnreadable("not_a_link")


def _spelled_address(host: str) -> str | None:
    """Return the address that `host` spells, "127.1", "2130706433", "0x7f.1" and "0177.0.0.1" included, or `None`."""
    if ":" in host:
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None
