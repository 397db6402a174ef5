"""A playground on a free port with a small bot of its own: every test speaks real HTTP to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web

from playground.parts import Playground
from playground.ports import listen
from playground.server import create_app, make_server
from playground.settings import Secrets, Settings

Json = dict[str, Any]
SECRETS = Secrets(**{"bot_token": "xoxb-test", "signing_secret": "0123456789abcdef", "app_token": "xapp-test"})
TOKEN = SECRETS.bot_token
OFFICE = "C0GENERAL"


@dataclass
class Received:
    """One delivery as the bot saw it."""

    kind: str
    payload: Json
    raw: bytes
    headers: dict[str, str]


Answer = Callable[[Received], Awaitable[web.StreamResponse]]


@dataclass
class FakeBot:
    """A bot that keeps what it received and answers as told; it acknowledges everything by default."""

    received: list[Received] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    metrics: str = "vouch_jobs_due 0\nvouch_jobs_held_back 0\nvouch_jobs_running 0\n"
    visited: list[Json] = field(default_factory=list)
    url: str = ""

    def of(self, kind: str) -> list[Json]:
        return [one.payload for one in self.received if one.kind == kind]

    async def events(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        payload = json.loads(raw)
        return await self._take(Received(payload["event"]["type"], payload, raw, dict(request.headers)))

    async def commands(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        return await self._take(Received("command", dict(parse_qsl(raw.decode())), raw, dict(request.headers)))

    async def interactions(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        payload = json.loads(dict(parse_qsl(raw.decode()))["payload"])
        return await self._take(Received(payload["type"], payload, raw, dict(request.headers)))

    async def _take(self, received: Received) -> web.StreamResponse:
        self.received.append(received)
        answer = self.answers.get(received.kind)
        return web.Response() if answer is None else await answer(received)

    async def link(self, request: web.Request) -> web.StreamResponse:
        self.visited.append(
            {"path": request.path_qs, "headers": {name.lower(): value for name, value in request.headers.items()}}
        )
        if request.path.startswith("/l/"):
            raise web.HTTPFound("https://example.com/there?x=1")
        return web.Response(text=f"{request.method} {request.path}", content_type="text/html")

    async def told(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.metrics)

    async def ready(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ready")


@dataclass
class World:
    """The playground, its bot, and short ways to speak to both."""

    play: Playground
    bot: FakeBot
    address: str
    session: aiohttp.ClientSession

    async def slack(self, method: str, *, token: str = TOKEN, **args: object) -> Json:
        """Call a Web API method with JSON; the answer has its HTTP status as `_status`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.post(f"{self.address}/slack/api/{method}", json=args, headers=headers) as response:
            if response.content_type != "application/json":
                return {"ok": False, "_status": response.status, "_headers": response.headers.copy()}
            return {**await response.json(), "_status": response.status, "_headers": response.headers.copy()}

    async def do(self, act: str, **body: object) -> Json:
        """Act through the JSON API."""
        async with self.session.post(f"{self.address}/api/{act}", json=body) as response:
            told: Json = await response.json()
            return told

    async def see(self, what: str, **query: object) -> Json:
        """Read through the JSON API."""
        params = {name.rstrip("_"): str(value) for name, value in query.items()}
        async with self.session.get(f"{self.address}/api/{what}", params=params) as response:
            told: Json = await response.json()
            return told

    async def messages(self, channel: str = OFFICE, who: str = "U0SANNE") -> list[Json]:
        """Return what a person sees in a channel."""
        rows: list[Json] = (await self.see("messages", channel=channel, as_=who))["messages"]
        return rows


Start = Callable[..., Awaitable[World]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start playgrounds with the settings a test wants; all end with the test."""
    ends: list[Callable[[], Awaitable[None]]] = []

    async def begin(**more: object) -> World:
        bot = await _serve_bot(ends)
        door = listen(0)
        port = int(door.getsockname()[1])
        settings = Settings(data=tmp_path, port=port, bot_url=bot.url, secrets=SECRETS, has_history=False, follow_s=0.3)
        app = create_app(replace(settings, **cast(Json, more)))
        server = make_server(app)
        serving = asyncio.create_task(server.serve(sockets=[door]))
        await server.serves.wait()
        session = aiohttp.ClientSession()

        async def end() -> None:
            await session.close()
            server.should_exit = True
            await serving

        ends.append(end)
        return World(app.state.playground, bot, settings.address, session)

    yield begin
    for end in reversed(ends):
        await end()


async def _serve_bot(ends: list[Callable[[], Awaitable[None]]]) -> FakeBot:
    bot = FakeBot()
    app = web.Application()
    app.router.add_post("/slack/events", bot.events)
    app.router.add_post("/slack/commands", bot.commands)
    app.router.add_post("/slack/interactivity", bot.interactions)
    app.router.add_get("/metrics", bot.told)
    app.router.add_get("/readyz", bot.ready)
    for path in ("/l/", "/go/", "/p/"):
        app.router.add_route("*", path + "{rest:.*}", bot.link)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ends.append(runner.cleanup)
    return bot


@pytest.fixture
async def world(start: Start) -> World:
    """Return a playground with its usual settings but for rate limits, which are off."""
    made = await start()
    await made.do("faults", rates={"is_on": False})
    return made
