"""Who sent a request: the Bot Framework's signed token, checked against its published keys.

Page: bot-docs articles/rest-api/bot-framework-rest-connector-authentication, "Connector to Bot". Only RS256 is read,
only tokens that the channel service issues for us (one made with our own secret, as the Emulator's, is none), and an
activity must be of the service address and the channel that the token stands for.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt

from connectors.chat.teams.guard import Json, Rejected, is_loopback
from connectors.chat.teams.limits import (
    KEYS_LIVE_FOR,
    KEYS_READ_AGAIN_AFTER,
    KEYS_READ_WITHIN,
    MAX_AUTHORIZATION,
    MAX_IDENTIFIER,
    MAX_KEYS_BYTES,
    MIN_KEY_BITS,
    TOKEN_LEEWAY,
    UNKNOWN_KEYS_PAUSE,
)

ALGORITHM = "RS256"
_CHUNK = 65_536
_NEVER = float("-inf")
_UNREADABLE = (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError)
_NOT_A_TOKEN = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError)

log = logging.getLogger("vouch.teams")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A cloud that signs: the `name` that its tokens carry, and where it says which keys are its own."""

    name: str
    metadata_url: str


COMMERCIAL = Issuer(
    name="https://api.botframework.com",
    metadata_url="https://login.botframework.com/v1/.well-known/openidconfiguration",
)
GOVERNMENT = Issuer(  # GCC High and DoD: botframework/connector/auth/government_constants.py
    name="https://api.botframework.us",
    metadata_url="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
)


def issuer_at(metadata_url: str) -> Issuer:
    """Return who signs with the keys at `metadata_url`: the government's cloud at its own host, else the commercial."""
    is_government = urlsplit(metadata_url).hostname == urlsplit(GOVERNMENT.metadata_url).hostname
    return Issuer(name=(GOVERNMENT if is_government else COMMERCIAL).name, metadata_url=metadata_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A published key, and the channels (`endorsements`) in whose name it may sign."""

    key: jwt.PyJWK
    endorsements: frozenset[str]


class KeysUnavailable(Rejected):
    """Whether a token is right cannot be said now: 503, which asks the sender to try again.

    Teams sends a message again that is not answered within 15 s (msteams-docs bots/bot-basics) and promises nothing for
    a 503; whoever pressed a button sees that it failed and may press it again. Nothing was done.
    """

    def __init__(self) -> None:
        """Reject for now."""
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE, "the keys of the Bot Framework cannot be read; try again later"
        )


class KeyCache:
    """The issuer's keys, read when they are first needed, once a day, and when a token names one that is not there.

    However many requests wait, one reading serves them all. Names that stay unknown cause a reading every five minutes
    at most, so that made-up tokens cannot make us ask. When a reading fails, the keys that are held go on being used.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        issuer: Issuer = COMMERCIAL,
        within: timedelta = KEYS_READ_WITHIN,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read over `session`, `within` a time for both documents; `seconds` only ever grows.

        Raises `ValueError` for an issuer that could be exchanged on the way: its address must be https.
        """
        _checked_address(issuer.metadata_url)
        self.issuer = issuer
        self._session = session
        self._within = within.total_seconds()
        self._seconds = seconds
        self._keys: Mapping[str, SigningKey] = {}
        self._stale_at = self._again_at = self._unknown_at = _NEVER
        self._has_failed = False
        self._reading = asyncio.Lock()

    async def find(self, name: str) -> SigningKey | None:
        """Return the key that tokens call `name` ("kid"), `None` if the issuer has none; raises `KeysUnavailable`."""
        held = self._keys.get(name)
        if held is not None and self._seconds() < self._stale_at:
            return held
        async with self._reading:
            if self._is_due(name):
                await self._refresh(name)
        held = self._keys.get(name)
        if held is None and self._has_failed:
            raise KeysUnavailable
        return held

    async def warm(self) -> bool:
        """Read the keys unless they are held, so that the first request need not wait; say whether any are held."""
        async with self._reading:
            if not self._keys and self._seconds() >= self._again_at:
                await self._refresh(None)
        return bool(self._keys)

    def _is_due(self, name: str) -> bool:
        now = self._seconds()
        if now < self._again_at:
            return False
        return now >= self._stale_at or (name not in self._keys and now >= self._unknown_at)

    async def _refresh(self, name: str | None) -> None:
        """Read the keys; `name` is the one that is looked for. Cancelled half-way, it leaves all as it was."""
        try:
            keys = await self._read_keys()
        except _UNREADABLE as error:
            self._has_failed = True
            self._again_at = self._seconds() + KEYS_READ_AGAIN_AFTER.total_seconds()
            log.warning("the Bot Framework's keys could not be read (%s); %d are held", _named(error), len(self._keys))
            return
        now = self._seconds()
        self._keys, self._has_failed = keys, False
        self._stale_at = now + KEYS_LIVE_FOR.total_seconds()
        if name is not None and name not in keys:
            self._unknown_at = now + UNKNOWN_KEYS_PAUSE.total_seconds()

    async def _read_keys(self) -> Mapping[str, SigningKey]:
        async with asyncio.timeout(self._within):
            metadata = await self._read(self.issuer.metadata_url)
            listed = await self._read(_checked_address(metadata.get("jwks_uri")))
        entries = listed.get("keys")
        found = [_key_of(one) for one in entries] if isinstance(entries, list) else []
        keys = dict(one for one in found if one is not None)
        if not keys:
            raise ValueError("no usable key")
        return keys

    async def _read(self, url: str) -> Json:
        """Return the JSON object at an address; it does not move, so a redirect is an error."""
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise ValueError(f"status {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > MAX_KEYS_BYTES:
                    raise ValueError("too large")
        held = json.loads(body)
        if not isinstance(held, dict):
            raise ValueError("not an object")
        return held


def _named(error: BaseException) -> str:
    """Return what went wrong: our own words, and of everything else the name alone."""
    return str(error) if type(error) is ValueError else type(error).__name__


def _checked_address(held: object) -> str:
    """Return where the keys are; over plain HTTP only on this machine, where nobody can exchange them on the way."""
    url = held if isinstance(held, str) else ""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("the address of the keys is not https")
    return url


def _key_of(entry: Any) -> tuple[str, SigningKey] | None:  # noqa: ANN401 - whatever the list holds
    """Return a listed key with its name, `None` if it is none that may sign with RS256."""
    if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    name, endorsements = entry.get("kid"), entry.get("endorsements")
    try:
        key = jwt.PyJWK(entry, algorithm=ALGORITHM)
    except _NOT_A_TOKEN:
        return None
    if not isinstance(name, str) or not name or key.key.key_size < MIN_KEY_BITS:
        return None
    channels = endorsements if isinstance(endorsements, list) else []
    return name, SigningKey(key=key, endorsements=frozenset(one for one in channels if isinstance(one, str)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a valid token stands for: one service address, and the channels that its key may speak for."""

    service_url: str
    channels: frozenset[str]

    def check_fits(self, activity: Json) -> None:
        """Return if `activity` is of that address and one of those channels; else raise `Rejected`."""
        if activity.get("serviceUrl") != self.service_url:
            raise _unsigned("a valid token came with an activity of another service address")
        if activity.get("channelId") not in self.channels:
            raise _unsigned("a valid token's key may not sign for the activity's channel")


class TokenCheck:
    """Checks the token of a request; every failure is `Rejected` in the same words, which help nobody to guess."""

    def __init__(self, keys: KeyCache, *, app_id: str) -> None:
        """Let in what the keys' issuer signed for `app_id`; raises `ValueError` without one."""
        if not app_id.strip():
            raise ValueError("without an app id every bot's tokens would be let in")
        self._keys = keys
        self._app_id = app_id.strip().lower()

    async def check(self, authorization: str) -> Claims:
        """Return what the token in an `Authorization` header stands for; raises `Rejected` (401, or 503 for now)."""
        token = _bearer(authorization)
        key = await self._keys.find(_key_name(token))
        if key is None:
            raise _unsigned()
        try:
            held = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                audience=self._app_id,
                issuer=self._keys.issuer.name,
                leeway=TOKEN_LEEWAY,
                options={"require": ["exp", "iss", "aud", "serviceurl"], "strict_aud": True},
            )
        except jwt.InvalidAudienceError:
            raise _unsigned("a token of the Bot Framework is for another app id than ours") from None
        except _NOT_A_TOKEN:
            raise _unsigned() from None
        service_url = held["serviceurl"]
        if not isinstance(service_url, str) or not service_url:
            raise _unsigned()
        return Claims(service_url=service_url, channels=key.endorsements)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or len(authorization) > MAX_AUTHORIZATION:
        raise _unsigned()
    return token.strip()


def _key_name(token: str) -> str:
    """Return the name of the key that a token says it is signed with; nothing it says is believed before the check."""
    try:
        header = jwt.get_unverified_header(token)
    except _NOT_A_TOKEN:
        raise _unsigned() from None
    name = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(name, str) or not 0 < len(name) <= MAX_IDENTIFIER:
        raise _unsigned()
    return name


def _unsigned(reason: str = "") -> Rejected:
    return Rejected(HTTPStatus.UNAUTHORIZED, "the request is not signed for this bot", reason=reason)
