"""The web application: tracked links in front, and behind them the way to networks, pictures, health and webhooks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.core.ports import Clock, ComposerAddresses
from bot.core.programme import Programme
from bot.core.visits import TrustedProxies
from bot.web.connect import connect_routes
from bot.web.front import front_endpoint
from bot.web.go import Going, go_endpoint
from bot.web.metrics import Counts, metrics_endpoint
from bot.web.pages import Notice, notice_response
from bot.web.pictures import picture_endpoint
from bot.web.redirect import TrackedLinks
from bot.web.tallies import Tallies
from bot.web.visitors import Tracking, Visitors
from handlers.context import Outside
from storage.engine import Sessions
from storage.schema import USABLE, schema_state

SERVER_OPTIONS: Mapping[str, Any] = {
    "access_log": False,
    "lifespan": "off",
    "proxy_headers": False,  # who asks is decided here, by TRUSTED_PROXIES
    "server_header": False,
}
"""How uvicorn serves us."""

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong with a connection, or `None`."""

log = logging.getLogger("vouch.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the web application is made of; `checks` are the connections that must work, by name.

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


def create_web(parts: WebParts) -> TrackedLinks:
    """Return the whole web application, an ASGI callable that is started before it serves and stopped after."""
    app = Starlette(exception_handlers={HTTPException: _plain_error, Exception: _plain_error})
    visitors = Visitors(parts.tracking)
    tracked = TrackedLinks(app, parts.tracking, visitors=visitors, tallies=parts.tallies)
    counts = Counts(parts.tallies, tracked.recorder)
    metrics = metrics_endpoint(counts, sessions=parts.sessions, clock=parts.clock, token=parts.metrics_token)
    app.router.routes.extend(
        [
            Route("/", front_endpoint(parts.programme.company)),
            Route("/healthz", _alive),
            Route("/readyz", _ready(parts)),
            Route("/metrics", metrics),
            *_public_routes(parts, visitors),
            *parts.webhooks,
        ]
    )
    return tracked


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


def _ready(parts: WebParts) -> Callable[[Request], Awaitable[Response]]:
    checks: Mapping[str, Check] = {"database": lambda: _database_problem(parts.sessions), **parts.checks}

    async def ready(_request: Request) -> Response:
        problems = await asyncio.gather(*(_problem(check) for check in checks.values()))
        found = {name: problem or "ok" for name, problem in zip(checks, problems, strict=True)}
        is_ready = not any(problems)
        return JSONResponse(
            {"ready": is_ready, "checks": found},
            status_code=200 if is_ready else 503,
            headers={"cache-control": "no-store"},
        )

    return ready


async def _problem(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception as error:  # a check that fails is what is wrong
        return f"no answer ({type(error).__name__})"


async def _database_problem(sessions: Sessions) -> str | None:
    state = await schema_state(sessions)
    if state in USABLE:
        return None
    return f"the schema is {state}; run `vouch migrate`"


async def _plain_error(request: Request, error: Exception) -> Response:
    """Answer what no route takes, and what is broken, with a plain page."""
    if not isinstance(error, HTTPException):
        log.error("a defect while answering %s", request.scope.get("path", ""), exc_info=error)
        return notice_response(request, Notice.BROKEN)
    if error.status_code == 405:
        return PlainTextResponse("Not allowed.\n", status_code=405, headers=error.headers)
    return notice_response(request, Notice.NO_PAGE)
