"""Calls the APIs of servers that members name: public addresses only, no redirects, no proxy, answers of bounded size.

What is judged is the same as for pages (`connectors.http.Guard`). Each call has its own connection, which is closed
after it: a connection that was kept may be dead, and then nobody knows whether the request arrived. A GET or DELETE
is asked for a second time by aiohttp itself when the connection breaks; a POST is sent once.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.core.errors import PageUnreadable
from bot.core.links import UnfitLink, clean_target
from connectors.http import Guard, allowed_origins, origin_of, refuse_private_names

AGENT = "Vouch/1.0"

_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How long one call may take: to connect, and in all; and how much of an answer is read, in bytes."""

    connect: timedelta = timedelta(seconds=5)
    deadline: timedelta = timedelta(seconds=20)
    body: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: `form` or `json` is its body, if it has one."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_done(self) -> bool:
        """Whether the status says that it was done."""
        return 200 <= self.status < 300

    def told(self) -> Mapping[str, Any] | None:
        """Return the JSON object in the body, `None` if there is none."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) else None


class NothingSent(Exception):
    """No connection stood, so nothing was sent; `is_nowhere` says that the name is unknown or leads inside."""

    def __init__(self, *, is_nowhere: bool) -> None:
        """Fail before anything was sent."""
        super().__init__("nowhere" if is_nowhere else "unreachable")
        self.is_nowhere = is_nowhere


class NoAnswer(Exception):
    """The request left, at least in part, and no whole answer came."""


class GuardedCaller:
    """Calls APIs on public addresses only; raises `NothingSent` and `NoAnswer`, which hold nothing of the request."""

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        resolver: AbstractResolver | None = None,
        limits: CallLimits | None = None,
    ) -> None:
        """Trust the exact origins of `allow` ("http://127.0.0.1:8080"); raises `ValueError` for what is no origin."""
        self._allow = allowed_origins(allow)
        self._resolver = resolver
        self._limits = limits or CallLimits()

    async def call(self, call: Call) -> Answer:
        """Return the answer, redirects and errors included."""
        url, guard = self._judged(call.url)
        try:
            async with asyncio.timeout(self._limits.deadline.total_seconds()):
                return await self._send(replace(call, url=url), guard)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            is_unknown = isinstance(error, aiohttp.ClientConnectorDNSError)
            raise NothingSent(is_nowhere=guard.has_refused or is_unknown) from None
        except (aiohttp.ClientError, OSError):
            raise NoAnswer from None

    def _judged(self, url: str) -> tuple[str, Guard]:
        """Return the address that is called, in the one spelling that is judged, and its guard."""
        try:
            cleaned = clean_target(url)
            is_trusted = origin_of(cleaned) in self._allow
            if not is_trusted:
                refuse_private_names(cleaned)
        except (UnfitLink, PageUnreadable):
            raise NothingSent(is_nowhere=True) from None
        return cleaned, Guard(self._resolver or aiohttp.ThreadedResolver(), is_trusted=is_trusted)

    async def _send(self, call: Call, guard: Guard) -> Answer:
        async with (
            self._session(guard) as session,
            session.request(
                call.method, call.url, headers=call.headers, data=call.form, json=call.json, allow_redirects=False
            ) as response,
        ):
            return Answer(status=response.status, headers=response.headers, body=await self._read(response))

    def _session(self, guard: Guard) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=guard, use_dns_cache=False, socket_factory=guard.open_socket, force_close=True, limit=1
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect.total_seconds()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": AGENT, "Accept": "application/json"},
            trust_env=False,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._limits.body:
                raise NoAnswer
        return bytes(body)
