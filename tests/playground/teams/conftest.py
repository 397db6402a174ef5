"""A Teams service on a free port with a small bot of its own: both speak real HTTP to each other."""

import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from playground.teams.keys import SCOPE
from playground.teams.service import TeamsService
from playground.teams.settings import TeamsSettings
from playground.teams.state import Message

Json = dict[str, Any]
NADIA, SANNE, CLAIRE = "U0NADIA", "U0SANNE", "U0CLAIRE"
GENERAL, PRODUCT, KITCHEN, CURATORS = "C0GENERAL", "C0PRODUCT", "C0KITCHEN", "C0CURATORS"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
EXECUTE: Json = {"type": "Action.Execute", "title": "Approve", "verb": "approve", "data": {"n": 1}}
FETCH: Json = {"type": "Action.Submit", "title": "Share", "data": {"msteams": {"type": "task/fetch"}, "n": 2}}


def text_card(*body: Json, actions: list[Json] | None = None) -> Json:
    """Return a card of those elements, one line of text if there are none."""
    shown = list(body) or [{"type": "TextBlock", "text": "Hello"}]
    return {"type": "AdaptiveCard", "version": "1.5", "body": shown, "actions": actions or []}


def with_card(card: Json) -> Json:
    """Return a message that is that card."""
    return {"type": "message", "summary": "A card", "attachments": [{"contentType": ADAPTIVE, "content": card}]}


def task(card: Json, **more: object) -> Json:
    """Return the answer that shows a dialog."""
    value = {"title": "Share it", "width": "medium", "card": {"contentType": ADAPTIVE, "content": card}}
    return {"task": {"type": "continue", "value": {**value, **more}}}


Answering = Callable[[Json], Any]


@dataclass
class StubBot:
    """A bot that keeps what it received; it answers what has that name or type as told, else 202 with nothing."""

    url: str = ""
    received: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    metrics: str = "vouch_jobs_due 0\nvouch_jobs_held_back 0\nvouch_jobs_running 0\n"

    async def messages(self, request: web.Request) -> web.StreamResponse:
        told = await request.json()
        self.received.append(told)
        self.headers.append(dict(request.headers))
        answer = self.answers.get(told.get("name") or told["type"])
        answer = answer(told) if callable(answer) else answer
        answer = await answer if inspect.isawaitable(answer) else answer
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.Response(status=202) if answer is None else web.json_response(answer)

    async def public(self, request: web.Request) -> web.StreamResponse:
        told = {"path": request.path, "for": request.headers["X-Forwarded-For"]}
        return (
            web.json_response(told) if request.path != "/l/x" else web.Response(status=302, headers={"Location": "/"})
        )

    async def gauges(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.metrics)


@dataclass
class Connector:
    """The bot's side of the connector: short ways to ask it, with a token."""

    service: TeamsService
    session: aiohttp.ClientSession
    bearer: str = ""

    async def log_in(self, **changed: str) -> tuple[int, Json]:
        """Ask for a token, with some of the form's fields changed, and keep it."""
        settings = self.service.settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.app_id,
            "client_secret": settings.secret,
            "scope": SCOPE,
            **changed,
        }
        tenant = form.pop("tenant", settings.tenant)
        url = f"{self.service.address}/teams/login/{tenant}/oauth2/v2.0/token"
        async with self.session.post(url, data=form) as response:
            told = await response.json()
        self.bearer = told.get("access_token", "")
        return response.status, told

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Ask the connector and return the status and the body."""
        status, told, _ = await self.ask_all(method, path, body, **headers)
        return status, told

    async def ask_all(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
        """Ask the connector and return the status, the body and the headers."""
        told = {"Authorization": f"Bearer {self.bearer}", **headers}
        sent: Json = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        url = f"{self.service.service_url}v3/{path}"
        async with self.session.request(method, url, headers=told, **sent) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.text(), response.headers

    async def chat_with(self, who: str) -> str:
        """Return the id of a person's chat with the bot, asked for as bots do."""
        member = {"id": self.service.state.account(who)}
        told = {"members": [member], "tenantId": self.service.settings.tenant}
        status, made = await self.ask("POST", "conversations", told)
        assert status == 201, made
        return str(made["id"])

    async def begin_thread(self, channel: str, activity: Json) -> tuple[int, Any]:
        """Post in a channel."""
        data = {"channel": {"id": self.service.ref(channel)}}
        return await self.ask("POST", "conversations", {"isGroup": True, "channelData": data, "activity": activity})

    async def write(self, where: str, activity: object) -> tuple[int, Any]:
        """Write into a conversation by its id."""
        return await self.ask("POST", f"conversations/{where}/activities", activity)


@dataclass
class World:
    """The service, the bot and the bot's way to the service."""

    service: TeamsService
    bot: StubBot
    connector: Connector

    async def posted(self, activity: Json, channel: str = PRODUCT) -> Message:
        """Post in a channel and return the message as people have it."""
        status, told = await self.connector.begin_thread(channel, activity)
        assert status == 201, told
        return self.service.state.place(channel).messages[told["activityId"]]


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start services with the settings a test wants; all end with the test."""
    ends: list[Callable[[], Any]] = []

    async def begin(**more: Any) -> World:  # noqa: ANN401 - fields of the settings
        bot = await _serve_bot(ends)
        service = TeamsService(TeamsSettings(data=tmp_path, **more), bot_url=bot.url)
        await service.start()
        ends.append(service.stop)
        session = aiohttp.ClientSession()
        ends.append(session.close)
        connector = Connector(service, session)
        await connector.log_in()
        service.no_limits()
        return World(service, bot, connector)

    yield begin
    for end in reversed(ends):
        await end()


async def _serve_bot(ends: list[Callable[[], Any]]) -> StubBot:
    bot = StubBot()
    app = web.Application()
    app.router.add_post("/teams/messages", bot.messages)
    app.router.add_get("/metrics", bot.gauges)
    app.router.add_get("/l/{rest:.*}", bot.public)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ends.append(runner.cleanup)
    return bot


@pytest.fixture
async def world(start: Start) -> World:
    """Return a service with its usual settings but for the limits, which are off."""
    made: World = await start()
    return made
