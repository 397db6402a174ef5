"""A site of bad pages on 127.0.0.1, and resolvers that answer what a test says; no test asks a real one."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

ARTICLE = b"""<!doctype html><html lang="nl-BE"><head><meta charset="utf-8"><title>Plain title</title>
<meta property="og:title" content="Wij meten de wind &amp; het weer"><meta property="og:description"
content="Waarom   dat
moet."><meta property="og:image" content="/wind.png"><meta property="og:site_name" content="Brightwater">
</head><body>Words.</body></html>"""


@dataclass
class Site:
    """A running site: where it is, and which paths were asked for."""

    origin: str
    port: int
    asked: list[str] = field(default_factory=list)


class FakeResolver(AbstractResolver):
    """Answers from a table, each call with the next answer; asking for a name that is not in it fails the look-up."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._answers = {name: [list(one) for one in answers] for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if not self._answers.get(host):
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self._answers[host].pop(0)
        ]

    async def close(self) -> None:
        """Hold nothing, so close nothing."""


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    try:
        while True:
            await response.write(b"<p>more and more</p>" * 4000)
    except ConnectionError:
        return response


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    try:
        while True:
            await response.write(b"<")
            await asyncio.sleep(0.05)  # the fault itself, not a wait of the test
    except ConnectionError:
        return response


async def _silent(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError(request.path)


async def _cookie_wall(request: web.Request) -> web.StreamResponse:
    if "seen" in request.cookies:
        return web.Response(body=ARTICLE, content_type="text/html")
    response = web.Response(status=302, headers={"Location": "/cookie-wall"})
    response.set_cookie("seen", "yes")
    return response


async def _huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"<p>" + b"x" * 20_000_000, content_type="text/html")


async def _bomb(request: web.Request) -> web.StreamResponse:
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/html"}
    return web.Response(body=gzip.compress(b"<p>" + b" " * 50_000_000), headers=headers)


async def _hop(request: web.Request) -> web.StreamResponse:
    left = int(request.match_info["left"])
    return web.Response(status=307, headers={"Location": f"/hop/{left - 1}" if left > 1 else "/article"})


async def _redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def _status(request: web.Request) -> web.StreamResponse:
    return web.Response(status=int(request.match_info["status"]), body=ARTICLE, content_type="text/html")


def _fixed(body: bytes, content_type: str | None) -> web.RequestHandler:  # type: ignore[type-arg]
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=body)
        if content_type is not None:
            response.headers["Content-Type"] = content_type
        return response

    return answer  # type: ignore[return-value]


PAGES = {
    "/article": (ARTICLE, "text/html; charset=utf-8"),
    "/no-title": (b"<html><body><p>Only words", "text/html"),
    "/paper.pdf": (b"%PDF-1.7 ...", "application/pdf"),
    "/wind.png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "/wrong-charset": ("<title>Café à la crème</title>".encode("latin-1"), "text/html; charset=utf-8"),
    "/no-charset": ("<title>Grüße</title>".encode(), "text/html"),
}
HANDLERS = {
    "/endless": _endless,
    "/drip": _drip,
    "/silent": _silent,
    "/huge": _huge,
    "/bomb": _bomb,
    "/cookie-wall": _cookie_wall,
    "/redirect": _redirect,
    "/hop/{left}": _hop,
    "/status/{status}": _status,
}


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    """Run the site of bad pages on a free port until the end of the block."""
    site = Site(origin="", port=0)

    @web.middleware
    async def note(request: web.Request, handler: object) -> web.StreamResponse:
        site.asked.append(request.path)
        return await handler(request)  # type: ignore[operator,no-any-return]

    app = web.Application(middlewares=[note])
    for path, (body, content_type) in PAGES.items():
        app.router.add_get(path, _fixed(body, content_type))
    for path, handler in HANDLERS.items():
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        server = web.TCPSite(runner, "127.0.0.1", 0)
        await server.start()
        site.port = runner.addresses[0][1]
        site.origin = f"http://127.0.0.1:{site.port}"
        yield site
    finally:
        await runner.cleanup()
