"""`click`: a signed click on Share, against Bolt that only acknowledges plus the same statements written by hand.

Both sides get the same signed request in process, on the loop that `vouch run` has, in turn, click by click. Ours is
measured from the request until its answer is sent: verified, decoded, handled, committed. The window is drawn and its
call made after that, as for a member; this is waited for between the clicks, and the note says what it took. The
baseline is Bolt behind its own Starlette adapter, verifying the signature, with a listener that only acks, and then the
very statements that ours sent for the same click, run with aiosqlite in one transaction.
"""

import asyncio
import gc
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import aiosqlite
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import event, func, insert, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from benchmarks.slack_click import SECRET, Signed, signed
from benchmarks.table import Result, at_most
from bot.clock import WallClock
from bot.core.actions import OpenShare
from bot.core.cards import Card
from bot.core.points import PointsPolicy
from bot.core.programme import AnnounceChannel, Company, NetworkSettings, Programme
from bot.dispatch import Dispatcher, Route
from bot.process import fastest_loop
from connectors.chat.slack.display import Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from connectors.http import new_session
from connectors.social.composer import Composers
from handlers.share import open_share
from storage.engine import Sessions, sqlite_url
from storage.models import Base, Member, Post, Share, Wording

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=1500", "temp_store=MEMORY")
Bare = Callable[[int, Signed], Awaitable[None]]
HOME = {"ok": True, "team_id": "T1", "user_id": "U0BOT", "bot_id": "B1"}


@dataclass(slots=True)
class Recording:
    """The statements of each click, as SQLite got them."""

    clicks: list[list[tuple[str, Any]]] = field(default_factory=list)

    def connect_with(self, _dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        """Let a connection about to be opened note what it runs."""
        recording = self

        class Noting(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
                if recording.clicks and not sql.startswith(("BEGIN", "PRAGMA")):
                    recording.clicks[-1].append((sql, parameters))
                return super().execute(sql, parameters)

        options["factory"] = Noting


class QuietClient(AsyncWebClient):
    """Answers every call at once: the call that opens the window is not part of the measure."""

    async def api_call(self, api_method: str, **_more: Any) -> Any:  # noqa: ANN401
        """Return what Slack would."""
        return _Answer(HOME)


class _Answer:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the row of a click on SQLite."""
    with (
        tempfile.TemporaryDirectory(prefix="vouch-bench-") as name,
        asyncio.Runner(loop_factory=fastest_loop()) as runner,
    ):
        rounds = runner.run(_measure(Path(name), budget))
    ours, bare = (median(getattr(one, side) for one in rounds) for side in ("ours", "bare"))
    ratio = median(one.ratio for one in rounds)
    return [
        Result(
            name="click",
            measured=f"{ours * 1e3:.2f} ms",
            baseline=f"{bare * 1e3:.2f} ms Bolt's ack + same SQL",
            ratio=f"{ratio:.2f}",
            target=f"<= {budget['most_ratio']}",
            verdict=at_most(ratio, budget["most_ratio"]),
            note=f"drawing the window after the answer: {median(one.drawing for one in rounds) * 1e3:.2f} ms",
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The median seconds of a click in one round, on either side, and of drawing its window afterwards.

    `ratio` is the median of each click's own: what else the machine does meets both sides of a pair alike.
    """

    ours: float
    bare: float
    drawing: float
    ratio: float


async def _measure(folder: Path, budget: Mapping[str, Any]) -> list[Round]:
    rounds, clicks = budget["rounds"], budget["clicks"]
    seed = folder / "seed"
    seed.mkdir()
    await fill(seed, members=(rounds + 1) * clicks)
    recorded = await _record(_copy(seed, folder / "recorded"), (rounds + 1) * clicks)
    async with (
        webhook_on(_copy(seed, folder / "ours")) as (webhook, inbound, sessions),
        _bare(_copy(seed, folder / "bare"), recorded) as bare,
    ):
        gc.freeze()  # as `vouch run` does once it has started
        numbers = [range(one * clicks, (one + 1) * clicks) for one in range(rounds + 1)]
        measured = [await _round(webhook, inbound, bare, numbers=one) for one in numbers]
        await _check(sessions, shares=(rounds + 1) * clicks)
    return measured[1:]  # the first one warms up


async def _round(webhook: SlackWebhook, inbound: SlackInbound, bare: Bare, *, numbers: range) -> Round:
    took: dict[str, list[float]] = {"ours": [], "drawing": [], "bare": [], "ratio": []}
    for number in numbers:
        request = signed(number)
        began = time.perf_counter()
        await request.send_to(webhook)
        answered = time.perf_counter()
        await inbound.stop()
        drawn = time.perf_counter()
        await bare(number, request)
        ours, theirs = answered - began, time.perf_counter() - drawn
        for name, value in (("ours", ours), ("drawing", drawn - answered), ("bare", theirs), ("ratio", ours / theirs)):
            took[name].append(value)
    return Round(**{name: median(values) for name, values in took.items()})


async def _check(sessions: Sessions, *, shares: int) -> None:
    """Raise unless every click left its share: what failed fast would look fast."""
    async with sessions.reading() as session:
        kept = await session.scalar(select(func.count()).select_from(Share))
    if kept != shares:
        raise RuntimeError(f"{shares} clicks left {kept} shares")


def _copy(seed: Path, folder: Path) -> Path:
    shutil.copytree(seed, folder)
    return folder


async def fill(folder: Path, *, members: int) -> None:
    """Make a database with one published post, three wordings and that many members."""
    """Make a database with one published post and that many members."""
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
async def webhook_on(folder: Path) -> AsyncIterator[tuple[SlackWebhook, SlackInbound, Sessions]]:
    """Yield the real way in from Slack to a database, with a client that answers at once."""
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
            dispatch,
            client=client,
            workspace=Workspace(client),
            notices=Notices(window_failed=Card(), unreadable=Card()),
            clock=clock,
        )
        await inbound.start()
        yield SlackWebhook(inbound, signing_secret=SECRET), inbound, sessions
        await inbound.stop()
        await sessions.close()


async def _record(folder: Path, count: int) -> list[list[tuple[str, Any]]]:
    """Return the statements of each click, taken while ours handles them on a database of its own."""
    recording = Recording()
    async with webhook_on(folder) as (webhook, inbound, sessions):
        event.listen(sessions.writer.sync_engine, "do_connect", recording.connect_with)
        for number in range(count):
            recording.clicks.append([])
            await signed(number).send_to(webhook)
            await inbound.stop()
    return recording.clicks


@asynccontextmanager
async def _bare(folder: Path, recorded: list[list[tuple[str, Any]]]) -> AsyncIterator[Bare]:
    connection = await aiosqlite.connect(folder / "vouch.db", isolation_level=None)
    for pragma in PRAGMAS:
        await connection.execute(f"PRAGMA {pragma}")
    app = _ack_only()

    async def click(number: int, request: Signed) -> None:
        await request.send_to(app)
        await connection.execute("BEGIN IMMEDIATE")
        for statement, parameters in recorded[number]:
            await connection.execute_fetchall(statement, parameters)
        await connection.commit()

    yield click
    await connection.close()


def _ack_only() -> Starlette:
    async def authorize(**_more: object) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id="T1",
            bot_token="xoxb-bench",  # noqa: S106 - nothing is called with it
            bot_id="B1",
            bot_user_id="U0BOT",
        )

    bolt = AsyncApp(signing_secret=SECRET, process_before_response=True, authorize=authorize)

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    bolt.action("open_share")(acknowledge)
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[WebRoute("/slack/interactivity", endpoint, methods=["POST"])])
