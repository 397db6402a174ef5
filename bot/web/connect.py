"""`/connect/{token}` and `/connect/callback/{network}`: from a private one-time link to a connected account.

The link leads to a page that says for whom an account would be connected, and changes nothing; its button leads to the
network, where the member agrees, and the network leads back here. A cookie of the browser in which the button was
pressed binds the two: whoever comes back elsewhere connects nothing. Only our own page's button counts.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.core.accounts import has_instances
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words, words_for
from bot.web.pages import HIDDEN, POLICY, Notice, language_wanted, notice_response, page
from bot.web.visitors import is_fetching_agent
from handlers.connecting import (
    COOKIE_SECONDS,
    Opened,
    Outcome,
    Return,
    Stop,
    begin_connecting,
    finish_connecting,
    look_at_link,
)
from handlers.context import Outside

LONGEST_TOKEN = 100
LONGEST_STATE = 200
LONGEST_CODE = 4000
LONGEST_FORM = 2000
COOKIE = "vouch-connect"
PORTS = {"http": 80, "https": 443}

_STATUSES = {
    Stop.ASK: HTTPStatus.OK,
    Stop.CONNECTED: HTTPStatus.OK,
    Stop.CANCELLED: HTTPStatus.OK,
    Stop.WRONG_SERVER: HTTPStatus.UNPROCESSABLE_ENTITY,
    Stop.LINK_UNKNOWN: HTTPStatus.NOT_FOUND,
    Stop.UNKNOWN: HTTPStatus.NOT_FOUND,
    Stop.TAKEN: HTTPStatus.CONFLICT,
    Stop.REFUSED: HTTPStatus.BAD_GATEWAY,
    Stop.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Stop.ELSEWHERE: HTTPStatus.FORBIDDEN,
    Stop.LINK_ELSEWHERE: HTTPStatus.FORBIDDEN,
    Stop.SCOPE: HTTPStatus.FORBIDDEN,
}

ASKING = (Stop.ASK, Stop.WRONG_SERVER)

log = logging.getLogger("vouch.connect")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """Where we are reached: our origin as browsers write it, and the path before ours."""

    origin: str
    path: str

    @property
    def is_secure(self) -> bool:
        """Whether by https."""
        return self.origin.startswith("https:")


def connect_routes(out: Outside) -> Sequence[BaseRoute]:
    """Return the routes, none where no network's accounts can be connected or there is no public address."""
    public_url = out.programme.public_url
    if public_url is None or not any(one.can_connect for one in out.programme.networks.values()):
        return ()
    site = _site_at(public_url)
    return (
        Route("/connect/callback/{network}", _callback(out), methods=["GET"]),
        Route("/connect/callback/{network}/{place}", _callback(out), methods=["GET"]),
        Route("/connect/{token}", _link(out, site), methods=["GET", "POST"]),
    )


def _site_at(public_url: str) -> _Site:
    parts = urlsplit(public_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in (None, PORTS.get(parts.scheme)) else ""
    return _Site(origin=f"{parts.scheme}://{host}{port}", path=f"{parts.path.rstrip('/')}/connect")


def _link(out: Outside, site: _Site) -> Callable[[Request], Awaitable[Response]]:
    async def link(request: Request) -> Response:
        if _only_looks(request):
            return Response(status_code=200, headers=HIDDEN)
        token = request.path_params["token"]
        if len(token) > LONGEST_TOKEN:
            return _answer(request, Outcome(stop=Stop.LINK_UNKNOWN))
        goes_on = request.method == "POST" and _is_of_our_page(request, site)
        opened = Opened(token=token, browser=_browser(request), server=await _server(request) if goes_on else "")
        try:
            outcome = await (begin_connecting if goes_on else look_at_link)(out, opened)
        except Exception as error:  # the link is not used up: the same click works in a minute
            return _broken(request, error)
        if outcome.stop is not Stop.GO:
            return _answer(request, outcome)
        response = RedirectResponse(outcome.address, status_code=303, headers=HIDDEN)
        response.set_cookie(
            COOKIE,
            outcome.browser,
            max_age=COOKIE_SECONDS,
            path=site.path,
            secure=site.is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    return link


def _callback(out: Outside) -> Callable[[Request], Awaitable[Response]]:
    async def callback(request: Request) -> Response:
        if _only_looks(request):
            return Response(status_code=200, headers=HIDDEN)
        back = Return(
            network=request.path_params["network"],
            place=request.path_params.get("place", ""),
            state=request.query_params.get("state", "")[:LONGEST_STATE],
            code=request.query_params.get("code", "")[:LONGEST_CODE],
            error=request.query_params.get("error", "")[:LONGEST_STATE],
            browser=_browser(request),
        )
        if back.network not in NETWORKS:
            return notice_response(request, Notice.NO_PAGE)
        try:
            outcome = await finish_connecting(out, back)
        except Exception as error:
            return _broken(request, error)
        return _answer(request, outcome)

    return callback


def _only_looks(request: Request) -> bool:
    """Say whether a preview or a scanner of links asks, or only for what would be there: that uses nothing up."""
    return request.method == "HEAD" or is_fetching_agent(request.headers.get("user-agent", ""))


def _is_of_our_page(request: Request, site: _Site) -> bool:
    """Say whether our own page sent a form, as its browser tells; from anywhere else it counts as looking.

    Newer browsers say so on https and on this machine (www.w3.org/TR/fetch-metadata); all name the origin of a form.
    """
    relation = request.headers.get("sec-fetch-site")
    return request.headers.get("origin") == site.origin if relation is None else relation == "same-origin"


def _browser(request: Request) -> str:
    return request.cookies.get(COOKIE, "")[:LONGEST_TOKEN]


async def _server(request: Request) -> str:
    """Return which server a form names; what is too long for one names none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return ""
    named = parse_qs(body.decode(errors="replace")).get("server", [""])
    return named[0]


def _broken(request: Request, error: Exception) -> Response:
    log.warning("an account could not be connected: %s", type(error).__name__)
    return notice_response(request, Notice.AWAY)


def _answer(request: Request, outcome: Outcome) -> Response:
    language = outcome.language or language_wanted(request.headers.get("accept-language", ""))
    words = words_for(language, "UTC")
    if outcome.stop in (Stop.REFUSED, Stop.AWAY, Stop.SCOPE, Stop.TAKEN):
        log.info("connecting an account at %s ended: %s", outcome.network, outcome.stop.value)
    network = outcome.label or words.text("page.network")
    title = words.text(f"page.connect_{outcome.stop.value}.title", network=network, member=outcome.member)
    is_of_elsewhere = outcome.stop is Stop.ASK and request.method == "POST"
    return Response(
        page(title, _body(words, outcome, title), language=words.language),
        status_code=HTTPStatus.FORBIDDEN if is_of_elsewhere else _STATUSES.get(outcome.stop, HTTPStatus.GONE),
        headers=_headers(outcome),
        media_type="text/html",
    )


def _headers(outcome: Outcome) -> dict[str, str]:
    """Return the headers of a page; that with the form lets its browser say that the form is ours.

    With "no-referrer" the origin would be "null" (fetch.spec.whatwg.org/#append-a-request-origin-header).
    """
    if outcome.stop not in ASKING:
        return {**HIDDEN, "content-security-policy": POLICY}
    policy = POLICY.replace("form-action 'none'", "form-action *")  # browsers hold what follows the form to it too
    return {**HIDDEN, "referrer-policy": "same-origin", "content-security-policy": policy}


def _body(words: Words, outcome: Outcome, title: str) -> str:
    head = f"<h1>{escape(title)}</h1>"
    if outcome.stop is Stop.ASK:
        not_you = _paragraph(words.text("page.connect_not_you"), style="note")
        return f"{head}{_paragraph(_asked(words, outcome.network))}{_form(words, outcome)}{not_you}"
    said = words.text(
        f"page.connect_{outcome.stop.value}.text",
        network=outcome.label or words.text("page.network"),
        name=outcome.name or words.text("accounts.yours", network=outcome.label),
        member=outcome.member,
    )
    return head + _paragraph(said) + (_form(words, outcome) if outcome.stop in ASKING else "")


def _asked(words: Words, network: str) -> str:
    """Return what the network will ask, and what is asked here first."""
    which = f" {words.text('page.connect_which')}" if has_instances(network) else ""
    return words.text(f"accounts.asks_{network}") + which


def _form(words: Words, outcome: Outcome) -> str:
    label, button = escape(words.text("page.connect_server")), escape(words.text("page.connect_go"))
    server = (
        f'<label>{label} <input name="server" required maxlength="300" autocapitalize="none" '
        f'autocomplete="url" spellcheck="false" value="{escape(outcome.server)}"></label>'
    )
    return (
        f'<form method="post">{server if has_instances(outcome.network) else ""}'
        f'<div class="go"><button type="submit">{button}</button></div></form>'
    )


def _paragraph(text: str, *, style: str = "") -> str:
    return f'<p class="{style}">{escape(text)}</p>' if style else f"<p>{escape(text)}</p>"
