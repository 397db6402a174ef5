"""The Slack connector with its real parts, against a small Slack API on this machine."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.core.actions import Interaction
from bot.core.cards import Card
from bot.core.reply import SILENCE, Reply
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.display import Display, Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from tests.connectors.slack.fake_slack import FakeSlack, started

PAYLOADS = Path(__file__).parents[2] / "payloads" / "slack"
SECRET = "not-a-secret-of-anybody"  # noqa: S105 - signs what the tests post
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NOTICES = Notices(window_failed=Card(title="No window"), unreadable=Card(title="Too old"))


def payload(name: str) -> dict[str, Any]:
    """Return a recorded payload."""
    return dict(json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))["payload"])


@dataclass
class FakeDispatch:
    """Keeps what it is asked and answers what a test says."""

    reply: Reply = SILENCE
    fault: Exception | None = None
    received: list[Interaction] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, interaction: Interaction) -> Reply:
        """Keep and answer."""
        self.received.append(interaction)
        self.asked.set()
        if self.fault is not None:
            raise self.fault
        return self.reply


class FixedClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Return the one moment."""
        return NOW


def signed(body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """Return the headers that sign `body`."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def encoded(told: dict[str, Any]) -> bytes:
    """Return a payload in the form in which Slack posts it."""
    if "command" in told:
        return urlencode(told).encode()
    if told.get("type") in {"event_callback", "url_verification", "app_rate_limited"}:
        return json.dumps(told).encode()
    return urlencode({"payload": json.dumps(told)}).encode()


Answer = tuple[int, str, dict[str, str]]


@dataclass
class Door:
    """The webhook as a mounted ASGI app, called in this loop: status, text and headers are what it answers."""

    app: Starlette
    display: Display

    async def post(self, told: dict[str, Any], path: str = "/slack/interactivity") -> Answer:
        """Post a signed payload and return the answer."""
        body = encoded(told)
        return await self.post_raw(body, signed(body), path)

    async def post_raw(self, body: bytes, headers: dict[str, str], path: str = "/slack/events") -> Answer:
        """Post bytes with headers, in pieces, and return the answer."""
        sent = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "headers": sent, "query_string": b""}
        pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)] or [b""]
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own shape
            answers.append(message)

        await self.app(scope, receive, send)
        began, *rest = answers
        told = {key.decode(): value.decode() for key, value in began["headers"]}
        return began["status"], b"".join(one.get("body", b"") for one in rest).decode(), told

    async def settle(self) -> None:
        """Wait for what is shown after the answer."""
        await self.display.drain()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    fake = FakeSlack()
    server = await started(fake)
    yield fake
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def client(slack: FakeSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return new_client("xoxb-test", session=session, api_url=f"{slack.url}/api")


@pytest.fixture
def workspace(client: AsyncWebClient) -> Workspace:
    return Workspace(client)


@pytest.fixture
def surface(client: AsyncWebClient, workspace: Workspace) -> SlackSurface:
    return SlackSurface(client, workspace=workspace)


@pytest.fixture
def dispatch() -> FakeDispatch:
    return FakeDispatch()


@pytest.fixture
def inbound(dispatch: FakeDispatch, client: AsyncWebClient, workspace: Workspace) -> SlackInbound:
    return SlackInbound(dispatch, client=client, workspace=workspace, notices=NOTICES, clock=FixedClock())


@pytest.fixture
def door(inbound: SlackInbound) -> Door:
    app = Starlette(routes=SlackWebhook(inbound, signing_secret=SECRET).routes())
    return Door(app=app, display=inbound._display)
