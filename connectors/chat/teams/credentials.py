"""The token with which the bot calls Teams: fetched once for all who need it, renewed before it ends, shown to nobody.

Source: learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication, "Bot to Connector".
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp

from bot.core.errors import OutsideError, Refused, TryLater
from connectors.chat.teams.flights import landed
from connectors.chat.teams.limits import AGAIN_AFTER

LOGIN_URL = "https://login.microsoftonline.com"
SCOPE = "https://api.botframework.com/.default"
FETCH_WITHIN = timedelta(seconds=10)
RENEW_BEFORE = timedelta(minutes=5)
_PASSING = frozenset({"temporarily_unavailable", "server_error"})  # RFC 6749 §4.1.2.1
_WORD = frozenset("abcdefghijklmnopqrstuvwxyz_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The bot as the company's directory knows it; `repr` shows no secret."""

    app_id: str
    secret: str = field(repr=False)
    tenant: str
    login_url: str = LOGIN_URL
    scope: str = SCOPE

    @property
    def token_url(self) -> str:
        """Where tokens are given out."""
        return f"{self.login_url.rstrip('/')}/{self.tenant}/oauth2/v2.0/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token, when (on the monotonic clock) it should be renewed and when it ends, and the giver's own time."""

    token: str = field(repr=False)
    renew_at: float
    ends_at: float
    given_at: datetime


class Credentials:
    """Holds the one token; however many callers wait for it, it is asked for once."""

    def __init__(
        self,
        registration: Registration,
        *,
        session: aiohttp.ClientSession,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask through `session`; `now` is the clock by which a token ages."""
        self.registration = registration
        self._session = session
        self._now = now
        self._held: _Held | None = None
        self._flight: asyncio.Task[_Held] | None = None
        self._not_before = 0.0

    async def token(self) -> str:
        """Return a token that is good now; one that will soon end is renewed meanwhile.

        Raises `Refused` with the service's word (`invalid_client` for a wrong secret), `TryLater` if it is away.
        """
        held, now = self._held, self._now()
        if held is None or now >= held.ends_at:
            return (await self._fetched()).token
        if now >= held.renew_at and now >= self._not_before:
            self._start()
        return held.token

    def discard(self, token: str) -> None:
        """Throw `token` away because it was refused; a newer one stays."""
        if self._held is not None and self._held.token == token:
            self._held = None

    async def renew(self) -> datetime:
        """Fetch a token now, whatever is held, and return the service's own time; fails as `token` does."""
        return (await self._fetched()).given_at

    async def close(self) -> None:
        """Give up what is still being asked."""
        if self._flight is not None:
            self._flight.cancel()
            with contextlib.suppress(asyncio.CancelledError, OutsideError):
                await self._flight

    async def _fetched(self) -> _Held:
        """Wait for the one request that is under way; a caller who stops waiting does not stop it for the others."""
        return await landed(self._start(), given_up="login_given_up")

    def _start(self) -> asyncio.Task[_Held]:
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._fetch())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[_Held]) -> None:
        self._flight = None
        if flight.cancelled():
            return
        if flight.exception() is None:
            self._held = flight.result()
        else:
            self._not_before = self._now() + AGAIN_AFTER.total_seconds()

    async def _fetch(self) -> _Held:
        asked = self.registration
        form = {
            "grant_type": "client_credentials",
            "client_id": asked.app_id,
            "client_secret": asked.secret,
            "scope": asked.scope,
        }
        timeout = aiohttp.ClientTimeout(total=FETCH_WITHIN.total_seconds())
        try:
            async with self._session.post(asked.token_url, data=form, timeout=timeout, allow_redirects=False) as answer:
                status, headers, body = answer.status, answer.headers, await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise TryLater(AGAIN_AFTER, "login_unreachable") from None
        told = _object(body)
        if status != HTTPStatus.OK:
            raise _failure(status, told)
        return self._read(told, headers)

    def _read(self, told: Mapping[str, Any], headers: Mapping[str, str]) -> _Held:
        token, lasts = told.get("access_token"), _seconds(told.get("expires_in"))
        if not isinstance(token, str) or not token or lasts <= 0:
            raise TryLater(AGAIN_AFTER, "no_token")
        now = self._now()
        early = min(RENEW_BEFORE.total_seconds(), lasts / 5)
        return _Held(token=token, renew_at=now + lasts - early, ends_at=now + lasts, given_at=_date(headers))


def _failure(status: int, told: Mapping[str, Any]) -> OutsideError:
    word = str(told.get("error") or "")
    code = word if word and len(word) <= 64 and set(word) <= _WORD else f"login_http_{status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS or word in _PASSING:
        return TryLater(AGAIN_AFTER, code)
    return Refused(code)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _seconds(told: object) -> float:
    try:
        return float(told) if isinstance(told, int | float | str) else 0.0
    except ValueError:
        return 0.0


def _date(headers: Mapping[str, str]) -> datetime:
    """Return the answer's own time; ours if it has none that can be read."""
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return told if told.tzinfo else told.replace(tzinfo=UTC)
