"""A small issuer of the Bot Framework's kind: metadata, keys with endorsements and tokens, over HTTP on this machine.

Beside it stands what Teams posts with such a token. Keys are made when a test first needs them, and are nobody's.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.chat.teams.guard import Rejected
from connectors.chat.teams.tokens import Issuer, TokenCheck

Json = dict[str, Any]
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]

APP_ID = "5f2e0c1a-0000-4000-8000-00000000a001"
TENANT = "b0a1c2d3-0000-4000-8000-00000000c001"
SERVICE_URL = "https://smba.trafficmanager.net/emea/"
NAME = "https://api.botframework.com"
METADATA, KEYS = "/v1/.well-known/openidconfiguration", "/v1/.well-known/keys"


@cache
def _made(number: int, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the test run's key of that number; the same number is the same key."""
    return _made(number, bits)


def public_pem(number: int) -> bytes:
    """Return the public half, as an attacker would use it for a secret."""
    return private_key(number).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def listed_key(name: str, number: int, endorsements: Iterable[str] | None = ("msteams",), bits: int = 2048) -> Json:
    """Return a key as the issuer lists it."""
    entry: Json = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(number, bits).public_key()))
    entry = {**entry, "kid": name, "use": "sig", "x5t": name}
    entry.pop("key_ops", None)
    return entry if endorsements is None else {**entry, "endorsements": list(endorsements)}


@dataclass
class LocalIssuer:
    """A running issuer: what it lists, what went wrong with it (`faults`, by path), and what it was asked for."""

    origin: str = ""
    listed: list[Any] = field(default_factory=lambda: [listed_key("first", 1)])
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> Issuer:
        """The issuer as the key cache is told of it."""
        return Issuer(name=NAME, metadata_url=f"{self.origin}{METADATA}")

    @property
    def readings(self) -> int:
        """How often somebody began to read the keys."""
        return self.asked.count(METADATA)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the issuer does, or as its fault says."""
        self.asked.append(request.path)
        if (fault := self.faults.get(request.path)) is not None:
            return await fault(request)
        if request.path == METADATA:
            return web.json_response(
                {
                    "issuer": NAME,
                    "authorization_endpoint": "https://invalid.botframework.com",
                    "jwks_uri": f"{self.origin}{KEYS}",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        return web.json_response({"keys": self.listed})


def claims(**changes: Any) -> Json:  # noqa: ANN401 - a claim may be of any kind, and some tests need the wrong one
    """Return the claims of a valid token; a change to `None` leaves the claim out."""
    now = time.time()
    whole = {
        "iss": NAME,
        "aud": APP_ID,
        "nbf": int(now),
        "exp": int(now) + 3_600,
        "serviceurl": SERVICE_URL,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token(*, key: int = 1, kid: str | None = "first", algorithm: str = "RS256", **changes: Any) -> str:  # noqa: ANN401
    """Return a token signed with the key of that number."""
    headers = {} if kid is None else {"kid": kid, "x5t": kid}
    return jwt.encode(claims(**changes), private_key(key), algorithm=algorithm, headers=headers)


@asynccontextmanager
async def running_issuer() -> AsyncIterator[LocalIssuer]:
    """Run an issuer on a free port until the end of the block."""
    issuer = LocalIssuer()
    app = web.Application()
    app.router.add_get("/{path:.*}", issuer.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        issuer.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield issuer
    finally:
        await runner.cleanup()


def saying(body: bytes, status: int = 200) -> Fault:
    """Return the fault of answering with `body`."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type="application/json")

    return answer


def moved(location: str) -> Fault:
    """Return the fault of sending whoever asks elsewhere."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    return answer


async def silent(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer with keys that never end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        await response.write(b'{"keys": [')
        while True:
            await response.write(b'{"kty": "RSA"},' * 4_000)
    except ConnectionError:
        return response


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def activity(kind: str = "message", **changes: Any) -> Json:  # noqa: ANN401 - a field may be of any kind
    """Return an activity of Teams as it comes with a valid token; a change to `None` leaves the field out."""
    whole: Json = {
        "type": kind,
        "id": "1795000000001",
        "timestamp": "2026-11-22T10:00:00.123Z",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "from": {"id": "29:1abc", "name": "Ada", "aadObjectId": "8e1f0000-0000-4000-8000-00000000d001"},
        "recipient": {"id": f"28:{APP_ID}", "name": "Vouch"},
        "conversation": {"id": "a:1xyz", "conversationType": "personal", "tenantId": TENANT},
        "channelData": {"tenant": {"id": TENANT}},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def click(**changes: Any) -> Json:  # noqa: ANN401
    """Return the invoke of a card's button."""
    value = {"action": {"type": "Action.Execute", "verb": "show_help", "data": {"vouch": "x"}}, "trigger": "manual"}
    return activity("invoke", **{"name": "adaptiveCard/action", "value": value, **changes})


class Seconds:
    """A clock that a test turns on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, time_span: timedelta) -> None:
        self.now += time_span.total_seconds() + 1


async def refusal(check: TokenCheck, authorization: str) -> Rejected:
    """Return how a request with that header is refused; fail if it is let in."""
    with pytest.raises(Rejected) as caught:
        await check.check(authorization)
    return caught.value
