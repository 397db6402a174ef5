"""A small Slack API on 127.0.0.1: keeps what it was asked and answers what a test says; also opens Socket Mode."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]
HOME = {"ok": True, "team_id": "T0HOME", "user_id": "U0BOT", "bot_id": "B0BOT", "enterprise_id": None}


@dataclass
class Answer:
    """What to answer once: a body, a status, or a connection that is cut after the request was read."""

    body: Json = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    is_cut: bool = False
    delay_s: float = 0.0


@dataclass
class FakeSlack:
    """The server's memory: `calls` are (method, arguments) in order; `script` holds the next answers by method."""

    calls: list[tuple[str, Json]] = field(default_factory=list)
    script: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    uploads: list[bytes] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    acknowledged: list[Json] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    url: str = ""
    is_silent: bool = False
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def will(self, method: str, **answer: Any) -> None:  # noqa: ANN401 - the fields of Answer
        """Answer the next call of `method` like this."""
        self.script[method].append(Answer(**answer))

    def asked(self, method: str) -> list[Json]:
        """Return the arguments of every call of `method`."""
        return [arguments for name, arguments in self.calls if name == method]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something has happened, 30 s at most."""
        async with self.heard, asyncio.timeout(30):
            await self.heard.wait_for(happened)

    async def note(self, method: str, arguments: Json) -> None:
        """Keep a call."""
        async with self.heard:
            self.calls.append((method, arguments))
            self.heard.notify_all()

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Answer a Web API method."""
        method = request.match_info["method"]
        self.authorizations.add(request.headers.get("Authorization", ""))
        await self.note(method, await _arguments(request))
        answer = self.script[method].pop(0) if self.script[method] else Answer(body=self._usual(method))
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.is_cut:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if answer.text is not None:
            return web.Response(text=answer.text, status=answer.status, content_type="text/html")
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    def _usual(self, method: str) -> Json:
        usual = {
            "auth.test": HOME,
            "chat.postMessage": {"ok": True, "channel": "D0ANNA", "ts": "1795001000.000100"},
            "apps.connections.open": {"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}/link"},
            "conversations.open": {"ok": True, "channel": {"id": "D0ANNA"}},
            "files.getUploadURLExternal": {"ok": True, "upload_url": f"{self.url}/upload", "file_id": "F1"},
        }
        return usual.get(method, {"ok": True})

    async def response_url(self, request: web.Request) -> web.Response:
        """Take an answer to a response_url."""
        await self.note("response_url", await request.json())
        answer = self.script["response_url"].pop(0) if self.script["response_url"] else Answer()
        return web.Response(status=answer.status, text="ok")

    async def upload(self, request: web.Request) -> web.Response:
        """Take a file."""
        self.uploads.append(await request.read())
        answer = self.script["upload"].pop(0) if self.script["upload"] else Answer()
        return web.Response(status=answer.status, text="OK")

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """Open a Socket Mode connection and keep what is acknowledged on it."""
        socket = web.WebSocketResponse(autoping=not self.is_silent)
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        async with self.heard:
            self.heard.notify_all()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                async with self.heard:
                    self.acknowledged.append(json.loads(message.data))
                    self.heard.notify_all()
        return socket

    def app(self) -> web.Application:
        """Return the server's routes."""
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self.api)
        app.router.add_post("/response", self.response_url)
        app.router.add_post("/upload", self.upload)
        app.router.add_get("/link", self.link)
        return app


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return dict(await request.json())
    return {**request.query, **(await request.post())}


async def started(slack: FakeSlack) -> TestServer:
    """Start the server and tell `slack` where it is."""
    server = TestServer(slack.app(), host="127.0.0.1")
    await server.start_server()
    slack.url = str(server.make_url("")).rstrip("/")
    return server
