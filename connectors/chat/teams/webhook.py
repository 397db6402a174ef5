"""Teams' one address on our web server, as raw ASGI: read, check the token, check the activity, run the turn."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.chat.bodies import TooLarge, read_body
from connectors.chat.teams.guard import (
    Admission,
    Answer,
    Json,
    Receiver,
    Rejected,
    is_loopback,
    read_activity,
    too_large,
)
from connectors.chat.teams.limits import KEYS_READ_AGAIN_AFTER, MAX_REQUEST_BYTES
from connectors.chat.teams.tokens import Claims, TokenCheck

PATH = "/teams/messages"
_TEXT = b"text/plain; charset=utf-8"
_JSON = b"application/json; charset=utf-8"
_PROXIED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_DEFECT = Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, "the request met a defect of this bot; its log says where")

log = logging.getLogger("vouch.teams")


class TurnRunner(Protocol):
    """Runs one turn of the platform's SDK (`adapter.Turns`, which loads it)."""

    async def run(self, activity: Json, logic: Callable[[Json], Awaitable[Answer]]) -> Answer:
        """Give `activity` to `logic` if it is of a kind that we handle, and return the answer."""


class TeamsWebhook:
    """The ASGI app behind `PATH`: what is let in gets the receiver's answer, and bad input 400, 401, 403 or 413.

    503 asks to try again while it cannot be said who sent something; 500 is a defect of ours and is in the log.
    """

    def __init__(
        self, inbound: Receiver, *, turns: TurnRunner, admission: Admission, check: TokenCheck | None = None
    ) -> None:
        """Let in what `check` finds signed; raises `ValueError` without it, unless `admission.is_anonymous`.

        In that development mode nobody signs, and only programs of this machine get in.
        """
        if (check is None) != admission.is_anonymous:
            raise ValueError(
                "the anonymous development mode is for a bot without an app id"
                if check is not None
                else "without an app id every request would be let in; only the anonymous development mode goes without"
            )
        self._inbound = inbound
        self._turns = turns
        self._admission = admission
        self._check = check

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [Route(PATH, self, methods=["POST"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever is wrong with it, the answer says so in plain words."""
        try:
            body = await _read(scope, receive)
            if body is None:
                return
            answer = await self._answer(scope, body)
            encoded = _encoded(answer)
        except Rejected as rejected:
            if rejected.reason:
                log.warning("a request was refused with %d: %s", rejected.status, rejected.reason)
            await _refuse(send, rejected)
        except Exception:
            log.exception("an activity could not be handled")
            await _refuse(send, _DEFECT)
        else:
            await _send(send, answer.status, encoded, {b"content-type": _JSON} if encoded else {})

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        claims = await self._claims(scope)
        activity = read_activity(body)
        if claims is not None:
            claims.check_fits(activity)
        self._admission.check(activity)
        return await self._turns.run(activity, self._inbound.receive)

    async def _claims(self, scope: Scope) -> Claims | None:
        """Return what the request's token stands for, `None` in the development mode for a program of this machine."""
        headers = dict(scope["headers"])
        if self._check is None:
            _check_local(scope, headers)
            return None
        return await self._check.check(headers.get(b"authorization", b"").decode("latin-1"))


def _check_local(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
    """Raise `Rejected` unless a program of this machine asks: no proxy's client, and no page in a browser.

    A proxy on this machine, or a tunnel to it, makes the whole world a local peer; a page could post from the browser
    of whoever develops (it has an origin), also under a name of its own that leads here.
    """
    peer = scope.get("client")
    host = headers.get(b"host", b"localhost").decode("latin-1")
    is_local = peer is not None and is_loopback(str(peer[0])) and is_loopback(_hostname(host))
    if not is_local or b"origin" in headers or any(name in headers for name in _PROXIED):
        raise Rejected(HTTPStatus.UNAUTHORIZED, "without an app id only programs of the same machine are answered")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body, `None` if the sender went away; raises `Rejected` as soon as it is too large."""
    try:
        return await read_body(scope, receive, most=MAX_REQUEST_BYTES)
    except TooLarge:
        raise too_large() from None


def _encoded(answer: Answer) -> bytes:
    """Return the body to send; half an emoji, which somebody may have typed, becomes a question mark."""
    if answer.body is None:
        return b""
    return json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def _refuse(send: Send, rejected: Rejected) -> None:
    headers = {b"content-type": _TEXT}
    if rejected.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers[b"retry-after"] = b"%d" % KEYS_READ_AGAIN_AFTER.total_seconds()
    elif rejected.status == HTTPStatus.UNAUTHORIZED:
        headers[b"www-authenticate"] = b"Bearer"
    await _send(send, rejected.status, rejected.words.encode(), headers)


async def _send(send: Send, status: int, body: bytes, headers: Mapping[bytes, bytes]) -> None:
    named = [*headers.items(), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": named})
    await send({"type": "http.response.body", "body": body})
