"""One call to the test network: read, authorised, noted, and answered as it should be or as a fault wants it."""

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from playground.cutting import cut_connection
from playground.social.faults import Fault
from playground.social.memory import Grant
from playground.social.parts import SocialParts

Json = dict[str, Any]
Headers = dict[str, str]
MISSING = 16
GARBLED = "<!doctype html><html><head><title>Just a moment</title></head><body><h1>Please wait</h1></body></html>"


class Refusal(Exception):
    """The network refuses with that status and body, in its own words."""

    def __init__(self, status: int, body: Json, headers: Headers | None = None) -> None:
        """Refuse so."""
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}

    @property
    def response(self) -> Response:
        """Return it as it goes out."""
        return JSONResponse(self.body, status_code=self.status, headers=self.headers)


@dataclass(slots=True, kw_only=True)
class Call:
    """One call with its body; `entry` is its line in the ledger. `more` are headers for the answer, good or bad."""

    request: Request
    body: bytes
    entry: Json
    more: Headers = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Return a header, or nothing."""
        return self.request.headers.get(name, "")

    def query(self) -> dict[str, str]:
        """Return what the address asks."""
        return dict(self.request.query_params)

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def json(self) -> Json:
        """Return the body, empty if it is no JSON object."""
        told: Any = None
        with suppress(ValueError):
            told = json.loads(self.body)
        return told if isinstance(told, dict) else {}

    def pairs(self) -> list[tuple[str, str]]:
        """Return a form's fields."""
        return parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True)

    def form(self) -> dict[str, str]:
        """Return a form's fields by name, or those of a JSON body."""
        if self.header("content-type").startswith("application/json"):
            return {name: value for name, value in self.json().items() if isinstance(value, str)}
        return dict(self.pairs())

    @property
    def bearer(self) -> str:
        """Return the token of the `Authorization`, or nothing."""
        kind, _, token = self.header("authorization").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    @property
    def basic(self) -> tuple[str, str]:
        """Return name and secret of the `Authorization`, or nothing of both."""
        kind, _, told = self.header("authorization").partition(" ")
        with suppress(ValueError):
            if kind.lower() == "basic":
                name, _, secret = base64.b64decode(told).decode().partition(":")
                return name, secret
        return "", ""

    def is_of(self, grant: Grant) -> None:
        """Note whose call it is."""
        self.entry["who"], self.entry["is_authorised"] = grant.who, True


Answer = Callable[[Call], Response]
Failure = Callable[[int], Refusal]


@dataclass(slots=True, kw_only=True)
class Door:
    """One network's way in; `failure` says in the network's words that it fails with a status."""

    parts: SocialParts
    network: str
    failure: Failure

    def route(self, path: str, operation: str, answer: Answer, *methods: str) -> Route:
        """Return a route below the network's address."""

        async def respond(request: Request) -> Response:
            return await self._respond(request, operation, answer)

        return Route(f"/net/{self.network}{path}", respond, methods=list(methods or ("GET",)))

    async def _respond(self, request: Request, operation: str, answer: Answer) -> Response:
        fault = self.parts.faults.take(self.network, operation)
        entry = self.parts.ledger.begin(
            self.network, operation, method=request.method, url=str(request.url), headers=dict(request.headers)
        )
        if fault.cut == "unread":
            return _cut(request, entry)
        try:
            call = Call(request=request, body=await request.body(), entry=entry)
        except ClientDisconnect:
            return Response(status_code=499)
        if fault.cut == "before":
            return _cut(request, entry)
        await asyncio.sleep(fault.delay_s)
        response = self._work(call, answer) if fault.does_work else self.failure(fault.status or 200).response
        await asyncio.sleep(fault.linger_s)
        return _cut(request, entry) if fault.cut == "after" else self._disguised(request, response, fault, entry)

    def _work(self, call: Call, answer: Answer) -> Response:
        try:
            response = answer(call)
        except Refusal as error:
            response = error.response
        response.headers.update(call.more)
        return response

    def _disguised(self, request: Request, response: Response, fault: Fault, entry: Json) -> Response:
        if fault.garbled:
            response = Response(GARBLED, status_code=fault.status or 200, media_type="text/html")
        elif fault.status and (fault.body is not None or response.status_code != fault.status):
            told = fault.body if fault.body is not None else self.failure(fault.status).body
            is_text = isinstance(told, str)
            response = Response(told, fault.status) if is_text else JSONResponse(told, fault.status)
        if len(response.body) < fault.size:
            kept = {"content-type": response.headers.get("content-type", "text/plain")}
            response = Response(bytes(response.body).ljust(fault.size), response.status_code, headers=kept)
        response.headers["Date"] = format_datetime(self.parts.clock.now(), usegmt=True)
        response.headers.update(fault.headers)
        entry["status"] = response.status_code
        return Half(request, response) if fault.cut == "mid" else response


def _cut(request: Request, entry: Json) -> Response:
    entry["status"] = 0
    return cut_connection(request)


class Half(Response):
    """A response of which the head and half of the body arrive, and then nothing."""

    def __init__(self, request: Request, whole: Response) -> None:
        """Take what would have been the answer."""
        super().__init__(whole.body, whole.status_code)
        promised = str(len(whole.body) + MISSING).encode()
        kept = [(name, value) for name, value in whole.raw_headers if name != b"content-length"]
        self.raw_headers = [*kept, (b"content-length", promised)]
        self.request = request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half and break the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
        cut_connection(self.request)
        await asyncio.sleep(0)
