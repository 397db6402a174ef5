"""The one Starlette app: Slack's Web API, the JSON API, the page, the networks, the site and the bot's public paths."""

import asyncio
import mimetypes
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from itertools import count

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from playground.acting import acting
from playground.acts import ACTS
from playground.api import READS, reading, stream
from playground.controls import CONTROLS
from playground.cutting import CuttingProtocol, cut_connection
from playground.networks import NetworkPages
from playground.parts import Playground, make_playground
from playground.proxy import Passing, open_as
from playground.refused import SlackError
from playground.settings import FOLDER, Settings
from playground.site import SITE, odd, page
from playground.social.api import NET_ACTS, NET_READS
from playground.webapi import Args, Door, read_args
from playground.webapi_chat import CHAT, respond
from playground.webapi_more import MORE
from playground.webapi_people import PEOPLE

PUBLIC = ("/l/", "/go/", "/p/", "/connect/")
READY_EVERY_S = 0.05
LOOK_EVERY_S = 0.02
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
# The address of a message, as chat.getPermalink gives it, has its timestamp without the dot.
MICRO = 6
Answer = Callable[[Request], Awaitable[Response]]


def create_app(settings: Settings) -> Starlette:
    """Return the app for these settings; `app.state.playground` holds its parts."""
    play = make_playground(settings)
    app = Starlette(
        routes=[*_slack(play), *_api(play), *_pages(play)],
        lifespan=lifespan(play),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
    app.state.playground = play
    return app


class LocalServer(uvicorn.Server):
    """uvicorn's server, which leaves signals to whoever runs it, says when it serves, and ends soon."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Make a server that does not serve yet."""
        super().__init__(config)
        self.serves = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.serves.set()

    async def main_loop(self) -> None:
        """Serve until it is to end."""
        for look in count():
            if await self.on_tick(look):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as uvicorn does, without its pauses."""
        for door in (*self.servers, *(sockets or ())):
            door.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        await self.lifespan.shutdown()


def make_server(app: Starlette) -> LocalServer:
    """Return a server for the app, which can cut connections when told to misbehave; give `serve` the sockets."""
    config = uvicorn.Config(
        app,
        http=CuttingProtocol,
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    return LocalServer(config)


async def until_ready(settings: Settings) -> None:
    """Return when the bot says that it is ready."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while True:
            try:
                async with session.get(settings.bot_url + "/readyz") as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # not listening yet
            await asyncio.sleep(READY_EVERY_S)


def lifespan(play: Playground) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return what holds the playground's store and connections open while an app serves."""

    @asynccontextmanager
    async def run(_app: Starlette) -> AsyncIterator[None]:
        play.load()
        writing = asyncio.create_task(play.store.run())
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session:
            play.deliverer.session = session
            try:
                yield
            finally:
                await play.social.close()
                await play.deliverer.close()
                play.deliverer.session = None
                writing.cancel()
                await writing
                play.store.close()

    return run


def _slack(play: Playground) -> list[BaseRoute]:
    methods = {**CHAT, **PEOPLE, **MORE}
    return [
        Route("/slack/api/{method}", Door(play, methods).answer, methods=["GET", "POST"]),
        Route("/slack/response/{key:path}", _response_url(play), methods=["POST"]),
        Route("/slack/upload/{file}", _upload(play), methods=["POST", "PUT"]),
        Route("/slack/files/{file}/{name}", _file(play)),
        WebSocketRoute("/slack/link", play.sockets.serve),
    ]


def _api(play: Playground) -> list[BaseRoute]:
    reads = [Route(f"/api/{name}", reading(play, read)) for name, read in (READS | NET_READS).items()]
    acts = [
        Route(f"/api/{name}", acting(play, act), methods=["POST"]) for name, act in (ACTS | CONTROLS | NET_ACTS).items()
    ]
    return [*acts, *reads, Route("/api/stream", stream(play))]


def _pages(play: Playground) -> list[BaseRoute]:
    networks = NetworkPages(play)
    passing = Passing(play).answer

    async def become(request: Request) -> Response:
        return open_as(play, request)

    return [
        *(Route(path + "{rest:path}", passing, methods=EVERY_METHOD) for path in PUBLIC),
        Route("/open", become),
        Route("/archives/{channel}/p{digits:int}", _permalink),
        Route("/network/{network}/publish", networks.publish, methods=["POST"]),
        Route("/network/{network}", networks.show),
        Route("/network/{network}/{path:path}", networks.show),
        *play.social.routes(),
        Route("/site/test/{kind}", odd),
        Mount("/site/pictures", StaticFiles(directory=SITE / "pictures", check_dir=False)),
        Route("/site/{name}", page(play)),
        Route("/favicon.ico", _no_icon),
        Mount("/page", StaticFiles(directory=FOLDER / "page", check_dir=False)),
        Route("/", _index),
    ]


async def _index(_request: Request) -> Response:
    index = FOLDER / "page" / "index.html"
    headers = {"Cache-Control": "no-cache"}
    return Response(index.read_bytes(), media_type="text/html", headers=headers)


async def _no_icon(_request: Request) -> Response:
    return Response(status_code=204)


async def _permalink(request: Request) -> Response:
    digits = str(request.path_params["digits"])
    ts = f"{digits[:-MICRO]}.{digits[-MICRO:]}"
    return RedirectResponse(f"/?channel={request.path_params['channel']}&ts={ts}")


def _response_url(play: Playground) -> Answer:
    async def answer(request: Request) -> Response:
        try:
            args = await read_args(request)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.code}, status_code=400)
        entry = play.ledger.begin("in", "response_url", args)
        fault = play.faults.for_method("response_url")
        await asyncio.sleep(float(fault.get("delay_ms", 0)) / 1000)
        status, code = int(fault.get("status", 200)), str(fault.get("error", ""))
        if status == 200 and not code and fault.get("cut") != "before":
            status, code = _respond(play, request.path_params["key"], args)
        is_cut = bool(fault.get("cut"))
        play.ledger.finish(entry, 0 if is_cut else status, code or "ok", "cut" if is_cut else code or "ok")
        if is_cut:
            return cut_connection(request)
        headers = {"Retry-After": str(fault.get("retry_after", 1))} if status == 429 else None
        if status == 200 and not code:
            return PlainTextResponse("ok")
        return JSONResponse({"ok": False, "error": code or f"http_{status}"}, status_code=status, headers=headers)

    return answer


def _respond(play: Playground, key: str, args: dict[str, object]) -> tuple[int, str]:
    try:
        respond(play, play.permits.use_url(key), Args(dict(args)))
    except SlackError as error:
        return (404 if error.code in ("expired_url", "used_url") else 400), error.code
    return 200, ""


def _upload(play: Playground) -> Answer:
    async def answer(request: Request) -> Response:
        file_id = request.path_params["file"]
        kept = play.uploads.get(file_id)
        if kept is None:
            return PlainTextResponse("not found", status_code=404)
        content = await _sent_file(request)
        entry = play.ledger.begin("in", "upload", {"file": file_id, "size": len(content)})
        fault = play.faults.for_method("upload")
        await asyncio.sleep(float(fault.get("delay_ms", 0)) / 1000)
        status = int(fault.get("status", 200 if len(content) == kept["length"] else 400))
        if status == 200:
            path = play.settings.data / "playground" / "files" / file_id
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            kept["size"] = len(content)
            play.store.put("uploads", file_id, dict(kept))
        play.ledger.finish(entry, status, None, "ok" if status == 200 else f"http_{status}")
        return (
            cut_connection(request)
            if fault.get("cut")
            else PlainTextResponse(f"OK - {len(content)}", status_code=status)
        )

    return answer


async def _sent_file(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for value in form.values():
            if not isinstance(value, str):
                return await value.read()
    return b""


def _file(play: Playground) -> Answer:
    async def answer(request: Request) -> Response:
        kept = play.uploads.get(request.path_params["file"])
        if kept is None or kept["size"] is None or kept["name"] != request.path_params["name"]:
            return PlainTextResponse("not found", status_code=404)
        content = (play.settings.data / "playground" / "files" / kept["id"]).read_bytes()
        kind = mimetypes.guess_type(kept["name"])[0] or "application/octet-stream"
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        return Response(content, media_type=kind, headers=headers)

    return answer
