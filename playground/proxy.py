"""Passes the bot's public paths on, with an address of each person's own in `X-Forwarded-For`; and sets who one is."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from playground.looks import ELSE, NETWORKS, who_asks
from playground.parts import Playground

# What belongs to one hop only (RFC 9110 §7.6.1), and what the proxy says itself.
HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
DROPPED = {*HOP, "host", "content-length", "x-playground-as", "cookie"}
OURS = "playground_as"


def address_of(play: Playground, who: str) -> str:
    """Return the address of a person or a stranger: each in a /24 of their own, of RFC 2544's range."""
    people = list(play.company.people)
    if who in people:
        return f"198.18.{people.index(who) + 1}.10"
    if network := re.fullmatch(r"crawler-(\w+)", who):
        names = list(NETWORKS)
        return f"198.18.{200 + (names.index(network[1]) if network[1] in names else 50)}.10"
    number = int(found[1]) if (found := re.fullmatch(rf"{ELSE}-(\d{{1,5}})", who)) else 1
    return f"198.19.{number % 256}.{10 + number // 256 % 240}"


class Passing:
    """One route for all public paths of the bot; bodies stream through, redirects are passed on unfollowed."""

    def __init__(self, play: Playground) -> None:
        """Pass requests on for this playground."""
        self.play = play

    async def answer(self, request: Request) -> Response:
        """Pass one request on."""
        session, bot_url = self.play.deliverer.session, self.play.settings.bot_url
        if session is None or not bot_url:
            return PlainTextResponse("The bot is not running.", status_code=502)
        target = bot_url + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            answer = await session.request(
                request.method,
                target,
                headers=self._headers(request),
                data=await request.body() or None,
                allow_redirects=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type"),
                timeout=aiohttp.ClientTimeout(total=30),
            )
        except ClientDisconnect:
            return Response(status_code=499)
        except (aiohttp.ClientError, TimeoutError):
            return PlainTextResponse("The bot does not answer.", status_code=502)
        kept = StreamingResponse(_body(answer), status_code=answer.status)
        kept.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers.items()
            if name.lower() not in HOP
        ]
        return kept

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        kept = [(name, value) for name, value in request.headers.items() if name not in DROPPED]
        before = [value for name, value in kept if name == "x-forwarded-for"]
        kept = [(name, value) for name, value in kept if name != "x-forwarded-for"]
        chain = ", ".join([*before, address_of(self.play, who_asks(request))])
        host = self.play.settings.address.removeprefix("http://")
        return [*kept, ("x-forwarded-for", chain), ("host", host), *_bots_cookies(request)]


def _bots_cookies(request: Request) -> list[tuple[str, str]]:
    """Return the browser's cookies but for the playground's own."""
    kept = "; ".join(f"{name}={value}" for name, value in request.cookies.items() if name != OURS)
    return [("cookie", kept)] if kept else []


async def _body(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for part in answer.content.iter_any():
            yield part
    finally:
        answer.release()


def open_as(play: Playground, request: Request) -> Response:
    """Become `as` in this browser and go `to` an address of the playground."""
    who, to = request.query_params.get("as", ""), request.query_params.get("to", "/")
    target = urlsplit(to)
    origin = f"{target.scheme}://{target.netloc}" if target.netloc else ""
    is_ours = origin == play.settings.address or (not origin and not target.scheme and to.startswith("/"))
    if not is_ours or to.startswith(("//", "/\\")) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", who):
        return PlainTextResponse("This address leads only to the playground itself.", status_code=400)
    response = RedirectResponse(to, status_code=302)
    response.set_cookie(OURS, who, path="/", samesite="lax")
    return response
