"""The web application: tracked links in front, and behind them the way to networks, pictures, health and webhooks."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.core.ports import Clock, ComposerAddresses
from bot.core.programme import Programme
from bot.core.visits import TrustedProxies
from bot.web.connect import connect_routes
from bot.web.front import front_endpoint
from bot.web.go import Going, go_endpoint
from bot.web.metrics import Counts, metrics_endpoint
from bot.web.pages import Notice, notice_response
from bot.web.pictures import picture_endpoint
from bot.web.readiness import Check, Readiness, Standing
from bot.web.recording import Recorder
from bot.web.redirect import TrackedLinks
from bot.web.tallies import Tallies
from bot.web.visitors import Tracking, Visitors
from handlers.context import Outside
from storage.engine import Sessions

SERVER_OPTIONS: Mapping[str, Any] = {
    "access_log": False,
    "lifespan": "off",
    "proxy_headers": False,  # who asks is decided here, by TRUSTED_PROXIES
    "server_header": False,
}
"""How uvicorn serves us."""

log = logging.getLogger("vouch.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the web application is made of; `checks` are the connections that `/readyz` tells of, by name.

    Without `out` no accounts can be connected.
    """

    tracking: Tracking
    programme: Programme
    composers: ComposerAddresses
    secret: bytes
    out: Outside | None = None
    metrics_token: str = ""
    webhooks: Sequence[BaseRoute] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)
    tallies: Tallies = field(default_factory=Tallies)
    standing: Standing = field(default_factory=Standing)

    @property
    def sessions(self) -> Sessions:
        """The database's transactions."""
        return self.tracking.sessions

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.tracking.clock

    @property
    def trusted(self) -> TrustedProxies:
        """The proxies that are believed."""
        return self.tracking.trusted


class Served(Protocol):
    """What a web server serves: an ASGI callable that is started before and stopped after."""

    async def start(self) -> None:
        """Get ready."""

    async def stop(self) -> None:
        """Keep what is left; nothing is served any more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class Probes:
    """Health, readiness and metrics alone, of a process that hears nobody."""

    def __init__(self, parts: WebParts) -> None:
        """Tell of these parts."""
        self._app = _new_app()
        self._app.router.routes.extend(_probe_routes(parts, None))

    async def start(self) -> None:
        """Nothing has to be read first."""

    async def stop(self) -> None:
        """Nothing waits."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)


def create_web(parts: WebParts) -> TrackedLinks:
    """Return the whole web application, an ASGI callable that is started before it serves and stopped after."""
    app = _new_app()
    visitors = Visitors(parts.tracking)
    tracked = TrackedLinks(app, parts.tracking, visitors=visitors, tallies=parts.tallies)
    app.router.routes.extend(
        [
            Route("/", front_endpoint(parts.programme.company)),
            *_probe_routes(parts, tracked.recorder),
            *_public_routes(parts, visitors),
            *parts.webhooks,
        ]
    )
    return tracked


def _new_app() -> Starlette:
    return Starlette(exception_handlers={HTTPException: _plain_error, Exception: _plain_error})


def _probe_routes(parts: WebParts, recorder: Recorder | None) -> Sequence[BaseRoute]:
    """Return what those ask who run Vouch."""
    counts = Counts(parts.tallies, recorder, standing=parts.standing)
    readiness = Readiness(parts.sessions, connections=parts.checks, standing=parts.standing)
    metrics = metrics_endpoint(
        counts, sessions=parts.sessions, clock=parts.clock, token=parts.metrics_token, readiness=readiness
    )
    return (Route("/healthz", _alive), Route("/readyz", readiness.answer), Route("/metrics", metrics))


def _public_routes(parts: WebParts, visitors: Visitors) -> Sequence[BaseRoute]:
    """Return what only makes sense with a public address."""
    if parts.programme.public_url is None:
        return ()
    going = Going(
        sessions=parts.sessions,
        clock=parts.clock,
        programme=parts.programme,
        composers=parts.composers,
        secret=parts.secret,
        visitors=visitors,
    )
    return (
        Route("/go/{token}", go_endpoint(going)),
        Route("/p/{name}", picture_endpoint(parts.sessions, parts.secret)),
        *(connect_routes(parts.out) if parts.out else ()),
    )


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _plain_error(request: Request, error: Exception) -> Response:
    """Answer what no route takes, and what is broken, with a plain page."""
    if not isinstance(error, HTTPException):
        log.error("a defect while answering %s", request.scope.get("path", ""), exc_info=error)
        return notice_response(request, Notice.BROKEN)
    if error.status_code == 405:
        return PlainTextResponse("Not allowed.\n", status_code=405, headers=error.headers)
    return notice_response(request, Notice.NO_PAGE)
