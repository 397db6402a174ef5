"""The processes that `redirect` measures: tracked links as production builds them, or a bare application.

`python -m benchmarks.redirect_server links|bare PORT URL FOLDER`, pinned to the first core.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
import uvloop

from bot.clock import WallClock
from bot.core.programme import Company, Programme
from bot.core.visits import trusted_proxies
from bot.process import settle_in
from bot.web.app import SERVER_OPTIONS, WebParts, create_web
from bot.web.visitors import Tracking
from connectors.social.composer import Composers
from storage.engine import Sessions

SERVER_CORE = 0
HEADERS = [
    (b"location", b"https://example.com/articles/a-page?utm_source=linkedin&utm_medium=social"),
    (b"content-length", b"0"),
    (b"cache-control", b"private, no-store"),
    (b"x-robots-tag", b"noindex"),
]

Message = dict[str, Any]


async def bare(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """Answer 302 to everything, with the same headers."""
    await send({"type": "http.response.start", "status": 302, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b""})


async def serve(app: Any, port: int) -> None:  # noqa: ANN401 - any ASGI application
    """Serve on loopback until told to stop."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", **SERVER_OPTIONS)
    await uvicorn.Server(config).serve()


async def serve_links(port: int, url: str, folder: Path) -> None:
    """Serve the whole web application with the database at `url`, as `vouch run` does."""
    zone = ZoneInfo("Europe/Amsterdam")
    sessions = Sessions(url)
    programme = Programme(
        company=Company(name="Bench"),
        zone=zone,
        public_url=f"http://127.0.0.1:{port}",
        channels=(),
        curators_channel=None,
        networks={},
    )
    tracking = Tracking(
        sessions=sessions,
        clock=WallClock(),
        zone=zone,
        trusted=trusted_proxies(["127.0.0.1"]),
        journal=folder / "journal",
    )
    parts = WebParts(tracking=tracking, programme=programme, composers=Composers(), secret=bytes(32))
    web = create_web(parts)
    await web.start()
    settle_in()
    try:
        await serve(web, port)
    finally:
        await web.stop()
        await sessions.close()


def main(what: str, port: int, url: str, folder: Path) -> None:
    """Pin this process and serve."""
    os.sched_setaffinity(0, {SERVER_CORE})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(bare, port) if what == "bare" else serve_links(port, url, folder))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
