"""`/go/{token}`: from the share window to the network's composer, with what was typed.

The click on the window's link also tells the bot what was typed; that may take a moment longer than the browser. So
the answer waits for it, for a second and a half at most, and then shows what is known instead of redirecting.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.core.ports import Clock, ComposerAddresses
from bot.core.programme import Programme
from bot.i18n.translator import Words, words_for
from bot.web.pages import HIDDEN, Notice, notice_response, page
from bot.web.visitors import Visitors
from handlers.context import SessionMaker
from handlers.go import GoAsk, GoOutcome, GoState, GoVisit, follow_go, use_go

WAIT_SECONDS = 1.5
FIRST_PAUSE = 0.05
WENT = (GoState.READY, GoState.COPY, GoState.NO_TEXT_YET)
LONGEST_TOKEN = 100

_COPY = (
    "const box=document.querySelector('textarea'),copy=document.querySelector('button');"
    "copy.hidden=false;copy.addEventListener('click',async()=>{box.select();"
    "try{await navigator.clipboard.writeText(box.value)}catch{document.execCommand('copy')}"
    "copy.textContent=copy.dataset.done});"
)

log = logging.getLogger("vouch.go")


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What the way to the network needs of its installation."""

    sessions: SessionMaker
    clock: Clock
    programme: Programme
    composers: ComposerAddresses
    secret: bytes
    visitors: Visitors


def go_endpoint(going: Going) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers GET and HEAD of `/go/{token}`."""

    async def go(request: Request) -> Response:
        peer = request.client.host if request.client else ""
        if request.method == "HEAD" or going.visitors.is_fetcher(request.scope["headers"], peer):
            return Response(status_code=200, headers=HIDDEN)  # looking at a link does not follow it
        token = request.path_params["token"]
        if len(token) > LONGEST_TOKEN:
            return notice_response(request, Notice.NO_TOKEN)
        try:
            outcome = await _follow(going, token, request)
        except Exception as error:  # the link is not used up: the same click works in a minute
            log.warning("a way to the network could not be followed: %s", type(error).__name__)
            return notice_response(request, Notice.AWAY)
        return answer(request, outcome)

    return go


async def _follow(going: Going, token: str, request: Request) -> GoOutcome:
    """Wait for what was typed, then use the link."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + WAIT_SECONDS, FIRST_PAUSE
    while True:
        async with going.sessions.reading() as session:
            outcome = await follow_go(session, _ask(going, token))
        if outcome.state is not GoState.WAITING or loop.time() >= until:
            break
        await asyncio.sleep(pause)
        pause *= 1.5
    if outcome.state not in (GoState.READY, GoState.COPY, GoState.WAITING):
        return outcome
    peer = request.client.host if request.client else ""
    who = await going.visitors.who(request.scope["headers"], peer)
    visit = GoVisit(on_day=who.on_day, hash_for=who.hash_for)
    outcome = await use_go(going.sessions, _ask(going, token), visit)
    if outcome.link_id is not None and outcome.state in WENT:
        going.visitors.know_own(outcome.link_id, who)
    return outcome


def _ask(going: Going, token: str) -> GoAsk:
    return GoAsk(
        token=token,
        secret=going.secret,
        now=going.clock.now(),
        programme=going.programme,
        composers=going.composers,
    )


def answer(request: Request, outcome: GoOutcome) -> Response:
    """Return the redirect, or the page that says what there is to do."""
    if outcome.state is GoState.READY and outcome.redirect is not None:
        return RedirectResponse(outcome.redirect, status_code=302, headers=HIDDEN)
    if outcome.state is GoState.UNKNOWN:
        return notice_response(request, Notice.NO_TOKEN)
    status = 410 if outcome.state in (GoState.EXPIRED, GoState.REFUSED) else 200
    nonce = secrets.token_urlsafe(16)
    words = words_for(outcome.language, outcome.zone)
    title = words.text(f"page.go_{outcome.state.value}.title", network=outcome.network)
    body = _body(words, outcome, title) + f'<script nonce="{nonce}">{_COPY}</script>' * bool(outcome.text)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Response(
        page(title, body, language=words.language, nonce=nonce),
        status_code=status,
        headers={**HIDDEN, "content-security-policy": policy},
        media_type="text/html",
    )


def _body(words: Words, outcome: GoOutcome, title: str) -> str:
    params = {"network": outcome.network, "title": outcome.title, "over": outcome.over}
    parts = [f"<h1>{escape(title)}</h1>", _paragraph(words.text(f"page.go_{outcome.state.value}.text", **params))]
    buttons = ""
    if outcome.text and outcome.state is not GoState.REFUSED:
        label = escape(words.text("page.go_label"))
        parts.append(f'<textarea readonly aria-label="{label}">{escape(outcome.text)}</textarea>')
        done = escape(words.text("page.go_copied"))
        buttons += f'<button type="button" data-done="{done}" hidden>{escape(words.text("page.go_copy"))}</button>'
    if outcome.address is not None:
        label = escape(words.text("page.go_continue", network=outcome.network))
        buttons += f'<a class="button" rel="noreferrer" href="{escape(outcome.address)}">{label}</a>'
    return "".join(parts) + f'<div class="go">{buttons}</div>' * bool(buttons)


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
