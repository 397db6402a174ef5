"""The company's web site: the articles that are shared, and pages that behave badly for whoever reads them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from playground.parts import Playground
from playground.settings import FOLDER

SITE = FOLDER / "site"
HUGE = 20_000_000
CHUNK = 64_000
MOST_SLOW_S = 60.0
HEAD = b"<!doctype html><html lang=en><head><title>A very long page</title></head><body>"


def page(play: Playground) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of the articles: an HTML page with the playground's address put in, or its style sheet."""

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        path = SITE / name
        if not re.fullmatch(r"[a-z0-9-]+\.(html|css)", name) or not path.is_file():
            return PlainTextResponse("There is no such page.", status_code=404)
        if name.endswith(".css"):
            return FileResponse(path)
        return HTMLResponse(path.read_text(encoding="utf-8").replace("{{address}}", play.settings.address))

    return answer


async def _parts(size: int | None) -> AsyncIterator[bytes]:
    yield HEAD
    sent = 0
    while size is None or sent < size:
        yield b"<p>" + b"water " * (CHUNK // 6) + b"</p>"
        sent += CHUNK
        await asyncio.sleep(0.05 if size is None else 0)


FIXED = {
    "not-html": (b"%PDF-1.7\n%not really\n", "application/pdf", 200),
    "empty": (b"", "text/html", 200),
    "plain": (b"<!doctype html><title>A page &amp; nothing but a title</title><p>Hello.", "text/html", 200),
    "odd-letters": (
        "<title>Gr\u00fc\u00dfe \u00fcber K\u00f6ln</title>".encode("latin-1"),
        "text/html; charset=iso-8859-1",
        200,
    ),
    "error": (b"Something broke.", "text/plain", 500),
    "missing": (b"There is no such page.", "text/plain", 404),
}


async def odd(request: Request) -> Response:
    """Answer as pages do that a reader must survive: missing, not HTML, huge, endless, slow, redirecting."""
    kind, query = request.path_params["kind"], request.query_params
    if kind in FIXED:
        body, media_type, status = FIXED[kind]
        return Response(body, media_type=media_type, status_code=status)
    if kind in ("huge", "endless"):
        return StreamingResponse(_parts(HUGE if kind == "huge" else None), media_type="text/html")
    if kind == "slow":
        seconds = query.get("s", "20")
        await asyncio.sleep(min(MOST_SLOW_S, float(seconds) if seconds.isdigit() else MOST_SLOW_S))
        return HTMLResponse("<!doctype html><title>At last</title>")
    return _redirect(kind, int(query.get("n", "3")) if query.get("n", "3").isdigit() else 3)


def _redirect(kind: str, left: int) -> Response:
    targets = {
        "redirect": f"/site/test/redirect?n={left - 1}" if left > 1 else "/site/rainwater-school.html",
        "loop": "/site/test/loop",
        "redirect-private": "http://10.0.0.1/",
        "redirect-metadata": "http://169.254.169.254/latest/meta-data/",
        "redirect-file": "file:///etc/passwd",
    }
    if kind not in targets:
        return PlainTextResponse("There is no such page.", status_code=404)
    return RedirectResponse(targets[kind], status_code=302)
