"""`click`: a signed click on Share, against Bolt that only acknowledges plus the same statements written by hand.

Both sides get the same signed request in process. Ours verifies, decodes, records and draws the window; the call that
would open it answers at once. The baseline is Bolt behind its own Starlette adapter with a listener that only acks, and
then the very statements that ours sent for the same click, run with the same driver in one transaction.
"""

import asyncio
import hashlib
import hmac
import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, AsyncIterator
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import aiosqlite
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection, event, insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from benchmarks.table import Result, at_most
from bot.clock import WallClock
from bot.core.actions import OpenShare
from bot.core.cards import Card
from bot.core.codec import pack
from bot.core.points import PointsPolicy
from bot.core.programme import AnnounceChannel, Company, NetworkSettings, Programme
from bot.dispatch import Dispatcher, Route
from connectors.chat.slack.display import Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from connectors.http import new_session
from connectors.social.composer import Composers
from handlers.share import open_share
from storage.engine import Sessions, sqlite_url
from storage.models import Base, Member, Post, Wording

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - signs the benchmark's own requests
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=1500", "temp_store=MEMORY")
HOME = {"ok": True, "team_id": "T1", "user_id": "U0BOT", "bot_id": "B1"}


@dataclass(slots=True)
class Recording:
    """The statements of each click, as the driver got them."""

    clicks: list[list[tuple[str, Any]]] = field(default_factory=list)

    def note(self, _conn: Connection, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:  # noqa: ANN401
        """Note one statement of the click under way."""
        if self.clicks:
            self.clicks[-1].append((statement, parameters))


class QuietClient(AsyncWebClient):
    """Answers every call at once: the call that opens the window is not part of the measure."""

    async def api_call(self, api_method: str, **_more: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Return what Slack would."""
        return _Answer(HOME)


class _Answer:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the row of a click on SQLite."""
    with tempfile.TemporaryDirectory(prefix="vouch-bench-") as name:
        ours, bare = asyncio.run(_measure(Path(name), budget))
    ratio = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    return [
        Result(
            name="click",
            measured=f"{median(ours) * 1e3:.2f} ms",
            baseline=f"{median(bare) * 1e3:.2f} ms Bolt's ack + same SQL",
            ratio=f"{ratio:.2f}",
            target=f"<= {budget['most_ratio']}",
            verdict=at_most(ratio, budget["most_ratio"]),
        )
    ]


async def _measure(folder: Path, budget: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    rounds, clicks = budget["rounds"], budget["clicks"]
    seed = folder / "seed"
    seed.mkdir()
    await _fill(seed, members=rounds * clicks)
    recorded = await _record(_copy(seed, folder / "recorded"), rounds * clicks)
    ours: list[float] = []
    bare: list[float] = []
    async with _ours(_copy(seed, folder / "ours")) as click, _bare(_copy(seed, folder / "bare"), recorded) as plain:
        for number in range(rounds):
            first = number * clicks
            ours.append(await _round(click, first, clicks))
            bare.append(await _round(plain, first, clicks))
    return ours, bare


async def _round(click: Any, first: int, count: int) -> float:  # noqa: ANN401
    """Return the median seconds of one click."""
    took = []
    for number in range(first, first + count):
        request = signed(number)
        began = time.perf_counter()
        await click(number, request)
        took.append(time.perf_counter() - began)
    return median(took)


def _copy(seed: Path, folder: Path) -> Path:
    shutil.copytree(seed, folder)
    return folder


async def _fill(folder: Path, *, members: int) -> None:
    sessions = Sessions(sqlite_url(folder))
    now = datetime.now(UTC)
    async with sessions.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(Member), [_member(number, now) for number in range(members)])
        await connection.execute(insert(Post), [_post(now)])
        wordings = [
            {"post_id": 1, "language": "en", "network": None, "position": n, "text": f"Wording {n} " * 9}
            for n in range(3)
        ]
        await connection.execute(insert(Wording), wordings)
    await sessions.close()


def _member(number: int, now: datetime) -> dict[str, Any]:
    return {
        "platform": "slack",
        "tenant_ref": "T1",
        "person_ref": f"U{number}",
        "name": f"Member {number}",
        "locale": "en-GB",
        "zone": "Europe/Amsterdam",
        "role": "member",
        "role_is_fixed": False,
        "muted_topics": [],
        "joined_at": now,
        "welcomed_at": now,
    }


def _post(now: datetime) -> dict[str, Any]:
    return {
        "state": "published",
        "title": "A school that flushes with rain",
        "summary": "400 pupils, one roof, and 1.2 million litres of drinking water saved every year.",
        "link": "https://example.com/rain",
        "source": "example.com",
        "picture": "https://example.com/rain.png",
        "language": "en",
        "channels": ["C1"],
        "topics": ["water"],
        "networks": ["linkedin", "x", "mastodon", "bluesky"],
        "disclosure": "",
        "typed": {},
        "author_id": 1,
        "created_at": now,
        "updated_at": now,
        "published_at": now - timedelta(days=1),
    }


def programme() -> Programme:
    """Return a programme like a company's own."""
    return Programme(
        company=Company(name="Brightwater"),
        zone=ZoneInfo("Europe/Amsterdam"),
        public_url="https://vouch.example.com",
        channels=(AnnounceChannel(ref="C1", name="news", language="en"),),
        curators_channel=None,
        networks={name: NetworkSettings(name=name) for name in ("linkedin", "x", "mastodon", "bluesky")},
        points=(PointsPolicy(),),
    )


@asynccontextmanager
async def _webhook(folder: Path) -> AsyncIterator[tuple[SlackWebhook, SlackInbound, Sessions]]:
    sessions, clock = Sessions(sqlite_url(folder)), WallClock()
    dispatch = Dispatcher(
        sessions=sessions,
        routes={OpenShare: Route(handler=open_share)},
        surfaces={},
        programme=programme(),
        composers=Composers(),
        clock=clock,
        secret=b"k" * 32,
    )
    async with new_session() as http:
        client = QuietClient(token="xoxb-bench", session=http)  # noqa: S106
        inbound = SlackInbound(
            dispatch, client=client, workspace=Workspace(client), notices=Notices(window_failed=Card(), unreadable=Card()), clock=clock
        )
        await inbound.start()
        yield SlackWebhook(inbound, signing_secret=SECRET), inbound, sessions
        await inbound.stop()
        await sessions.close()


@asynccontextmanager
async def _ours(folder: Path) -> AsyncIterator[Any]:
    async with _webhook(folder) as (webhook, inbound, _):

        async def click(_number: int, request: "Signed") -> None:
            await request.send_to(webhook)
            await inbound.stop()  # the window is drawn: part of our work

        yield click


async def _record(folder: Path, count: int) -> list[list[tuple[str, Any]]]:
    """Return the statements of each click, taken while ours handles them on a database of its own."""
    recording = Recording()
    async with _webhook(folder) as (webhook, inbound, sessions):
        event.listen(sessions.writer.sync_engine, "before_cursor_execute", recording.note)
        for number in range(count):
            recording.clicks.append([])
            await signed(number).send_to(webhook)
            await inbound.stop()
    return recording.clicks


@asynccontextmanager
async def _bare(folder: Path, recorded: list[list[tuple[str, Any]]]) -> AsyncIterator[Any]:
    connection = await aiosqlite.connect(folder / "vouch.db", isolation_level=None)
    for pragma in PRAGMAS:
        await connection.execute(f"PRAGMA {pragma}")
    app = _ack_only()

    async def click(number: int, request: "Signed") -> None:
        await request.send_to(app)
        await connection.execute("BEGIN IMMEDIATE")
        for statement, parameters in recorded[number]:
            if not statement.startswith(("BEGIN", "COMMIT")):
                await connection.execute_fetchall(statement, parameters)
        await connection.commit()

    yield click
    await connection.close()


def _ack_only() -> Starlette:
    async def authorize(**_more: object) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T1", bot_token="xoxb-bench", bot_id="B1", bot_user_id="U0BOT"
        )  # noqa: S106

    bolt = AsyncApp(signing_secret=SECRET, process_before_response=True, authorize=authorize)

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    bolt.action("open_share")(acknowledge)
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[WebRoute("/slack/interactivity", endpoint, methods=["POST"])])


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed request, as an ASGI server would hand it over."""

    body: bytes
    headers: list[tuple[bytes, bytes]]

    async def send_to(self, app: Any) -> None:  # noqa: ANN401
        """Send it and check that it is answered with 200."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/slack/interactivity",
            "raw_path": b"/slack/interactivity",
            "query_string": b"",
            "headers": self.headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "http_version": "1.1",
            "asgi": {"version": "3.0"},
            "state": {},
        }
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            answers.append(message)

        await app(scope, receive, send)
        if answers[0]["status"] != 200:
            raise RuntimeError(f"the click was answered with {answers[0]['status']}")


def signed(number: int) -> Signed:
    """Return click `number`, by a member of its own, on Share under an announcement."""
    payload = {
        "type": "block_actions",
        "user": {"id": f"U{number}", "username": f"member{number}", "name": f"member{number}", "team_id": "T1"},
        "api_app_id": "A1",
        "token": "unused",
        "container": {"type": "message", "message_ts": "1763980000.000100", "channel_id": "C1", "is_ephemeral": False},
        "trigger_id": f"{number}.13345224609.738474920",
        "team": {"id": "T1", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": "C1", "name": "news"},
        "message": _message(),
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [
            {
                "action_id": "open_share",
                "block_id": "b1",
                "text": {"type": "plain_text", "text": "Share", "emoji": True},
                "value": pack(OpenShare(post_id=1)),
                "style": "primary",
                "type": "button",
                "action_ts": f"1763980001.{number:06d}",
            }
        ],
    }
    body = b"payload=" + quote_plus(json.dumps(payload)).encode()
    at = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    return Signed(
        body,
        [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
            (b"x-slack-request-timestamp", at.encode()),
            (b"x-slack-signature", f"v0={digest}".encode()),
        ],
    )


def _message() -> dict[str, Any]:
    text = "400 pupils, one roof, and 1.2 million litres of drinking water saved every year. " * 4
    section = {"type": "section", "block_id": "s1", "text": {"type": "mrkdwn", "text": text, "verbatim": False}}
    button = {
        "type": "button",
        "action_id": "open_share",
        "text": {"type": "plain_text", "text": "Share"},
        "value": "x",
    }
    blocks = [section, {"type": "actions", "block_id": "b1", "elements": [button, {**button, "action_id": "dismiss"}]}]
    return {
        "type": "message",
        "user": "U0BOT",
        "ts": "1763980000.000100",
        "bot_id": "B1",
        "text": text,
        "blocks": blocks,
    }
