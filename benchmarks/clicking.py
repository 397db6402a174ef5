"""What the rows of a click have in common: the rows there are, the statements of each click, both sides in turn.

Both sides get the same signed request in process, on the loop that `vouch run` has, in turn, click by click. Ours is
measured from the request until its answer is sent: verified, decoded, handled, committed. What goes on after that is
waited for between the clicks. The baseline is what the platform's SDK does to answer the same request, and then the
very statements that ours sent for the same click until its answer, run with the driver alone, aiosqlite or asyncpg, in
one transaction on a connection that is open already.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from starlette.types import ASGIApp

from benchmarks.crowd import add_crowd, know_tables
from benchmarks.grounds import Ground, Place, Statement
from benchmarks.table import Result, at_most
from bot.clock import WallClock
from bot.core.actions import DismissPost, OpenShare
from bot.core.points import PointsPolicy
from bot.core.programme import AnnounceChannel, Company, NetworkSettings, Programme
from bot.dispatch import Dispatcher, Route
from bot.process import fastest_loop
from connectors.social.composer import Composers
from handlers.dismiss import dismiss_post
from handlers.share import open_share
from storage.engine import Sessions
from storage.models import Base, Member, Post, Wording

PROGRAMME = Programme(
    company=Company(name="Brightwater"),
    zone=ZoneInfo("Europe/Amsterdam"),
    public_url="https://vouch.example.com",
    channels=(AnnounceChannel(ref="C1", name="news", language="en"),),
    curators_channel=None,
    networks={name: NetworkSettings(name=name) for name in ("linkedin", "x", "mastodon", "bluesky")},
    points=(PointsPolicy(),),
)
"""A programme like a company's own."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A signed request, as an ASGI server would hand it over."""

    path: str
    body: bytes
    headers: Sequence[tuple[bytes, bytes]]

    async def send_to(self, app: ASGIApp) -> bytes:
        """Send it, check that it is answered with 200, and return the body of the answer."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [*self.headers, (b"content-length", str(len(self.body)).encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "http_version": "1.1",
            "asgi": {"version": "3.0"},
            "state": {},
        }
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401 - whatever ASGI sends
            answers.append(message)

        await app(scope, receive, send)
        if answers[0]["status"] != 200:
            raise RuntimeError(f"the click was answered with {answers[0]['status']}")
        return b"".join(one.get("body", b"") for one in answers[1:])


Bare = Callable[[int, Posted], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """A platform's real way in to a database of its own; `settle` waits for what goes on after an answer."""

    app: ASGIApp
    settle: Callable[[], Awaitable[None]]
    sessions: Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A kind of click: by whom, as what request, where it leads, what only answers it, and what each leaves a row of.

    Click number n is by member n, who has not clicked before; `meet` makes the platform know so many of them.
    """

    member: Callable[[int], Mapping[str, Any]]
    request: Callable[[int], Posted]
    way_in: Callable[[Place], AbstractAsyncContextManager[WayIn]]
    bare: Callable[[], ASGIApp]
    leaves: type[Base]
    meet: Callable[[Sessions, int], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The median seconds of a click in one round, on either side, and of what goes on after the answer.

    `ratio` is the median of each click's own: what else the machine does meets both sides of a pair alike.
    """

    ours: float
    bare: float
    after: float
    ratio: float


@dataclass(slots=True)
class Recording:
    """The statements of each click until its answer, as the driver got them."""

    clicks: list[list[Statement]] = field(default_factory=list)
    is_on: bool = False

    def note(self, statement: str, values: Any) -> None:  # noqa: ANN401 - the driver's
        """Keep a statement of the present click."""
        if self.is_on:
            self.clicks[-1].append((statement, values))


def measured(ground: Ground, click: Click, budget: Mapping[str, Any], *, times: int = 1) -> Sequence[Round]:
    """Return the rounds of a click in a company of `times` the size; raises unless each one left what it has to."""
    with asyncio.Runner(loop_factory=fastest_loop()) as runner:
        return runner.run(_measured(ground, click, budget, times))


def row(name: str, rounds: Sequence[Round], *, bare: str, most: float, note: str) -> Result:
    """Return the row of these rounds against `bare`, at most `most` times as long."""
    ratio = median(one.ratio for one in rounds)
    return Result(
        name=name,
        measured=f"{median(one.ours for one in rounds) * 1e3:.2f} ms",
        baseline=f"{median(one.bare for one in rounds) * 1e3:.2f} ms {bare}",
        ratio=f"{ratio:.2f}",
        target=f"<= {most}",
        verdict=at_most(ratio, most),
        note=note,
    )


def sizes(budget: Mapping[str, Any]) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """Return how many times the rows there are to be, each with its budget: growth takes fewer rounds."""
    return [(1, budget), *((times, {**budget, "rounds": budget["growth_rounds"]}) for times in budget["growth"])]


def name_of(name: str, ground: Ground, times: int) -> str:
    """Return what a row is called."""
    return f"{name}{ground.label}" + (f" {times}x" if times > 1 else "")


async def fill(place: Place, click: Click, *, members: int, times: int = 0) -> None:
    """Make a database with one published post, three wordings, that many members who click, and a crowd around."""
    sessions = Sessions(place.url)
    now = datetime.now(UTC)
    async with sessions.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        people = [{**_member(number, now), **click.member(number)} for number in range(members)]
        await connection.execute(insert(Member), people)
        await connection.execute(insert(Post), [_post(now)])
        wordings = [
            {"post_id": 1, "language": "en", "network": None, "position": n, "text": f"Wording {n} " * 9}
            for n in range(3)
        ]
        await connection.execute(insert(Wording), wordings)
        if times:
            await connection.run_sync(add_crowd, times=times, now=now)
    if click.meet is not None:
        await click.meet(sessions, members)
    async with sessions.writer.begin() as connection:
        await connection.run_sync(know_tables)
    await sessions.close()


def dispatcher(sessions: Sessions, clock: WallClock) -> Dispatcher:
    """Return the real dispatcher of these clicks."""
    return Dispatcher(
        sessions=sessions,
        routes={OpenShare: Route(handler=open_share), DismissPost: Route(handler=dismiss_post)},
        surfaces={},
        programme=PROGRAMME,
        composers=Composers(),
        clock=clock,
        secret=b"k" * 32,
    )


async def _measured(ground: Ground, click: Click, budget: Mapping[str, Any], times: int) -> list[Round]:
    rounds, clicks = budget["rounds"], budget["clicks"]
    seed = ground.empty()
    await fill(seed, click, members=(rounds + 1) * clicks, times=times)
    recorded = await _record(ground, seed, click, (rounds + 1) * clicks)
    async with (
        click.way_in(ground.copy(seed)) as ours,
        _bare(ground, seed, click.bare(), recorded) as bare,
    ):
        gc.freeze()  # as `vouch run` does once it has started
        before = await _count(ours.sessions, click.leaves)
        numbers = [range(one * clicks, (one + 1) * clicks) for one in range(rounds + 1)]
        found = [await _round(click, ours, bare, numbers=one) for one in numbers]
        left = await _count(ours.sessions, click.leaves) - before
    if left != (rounds + 1) * clicks:  # what failed fast would look fast
        raise RuntimeError(f"{(rounds + 1) * clicks} clicks left {left} rows of {click.leaves.__name__}")
    return found[1:]  # the first one warms up


async def _round(click: Click, ours: WayIn, bare: Bare, *, numbers: range) -> Round:
    took: dict[str, list[float]] = {"ours": [], "after": [], "bare": [], "ratio": []}
    for number in numbers:
        request = click.request(number)
        began = time.perf_counter()
        await request.send_to(ours.app)
        answered = time.perf_counter()
        await ours.settle()
        settled = time.perf_counter()
        await bare(number, request)
        us, them = answered - began, time.perf_counter() - settled
        for name, value in (("ours", us), ("after", settled - answered), ("bare", them), ("ratio", us / them)):
            took[name].append(value)
    return Round(**{name: median(values) for name, values in took.items()})


async def _count(sessions: Sessions, table: type[Base]) -> int:
    async with sessions.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def _record(ground: Ground, seed: Place, click: Click, count: int) -> list[list[Statement]]:
    """Return the statements of each click, taken while ours handles them on a database of its own."""
    recording = Recording()
    async with click.way_in(ground.copy(seed)) as ours:
        ground.listen(ours.sessions, recording.note)
        for number in range(count):
            request = click.request(number)
            recording.clicks.append([])
            recording.is_on = True
            await request.send_to(ours.app)
            recording.is_on = False
            await ours.settle()
    return recording.clicks


@asynccontextmanager
async def _bare(ground: Ground, seed: Place, app: ASGIApp, recorded: list[list[Statement]]) -> AsyncIterator[Bare]:
    async with ground.by_hand(ground.copy(seed)) as send:

        async def click(number: int, request: Posted) -> None:
            await request.send_to(app)
            await send(recorded[number])

        yield click


def _member(number: int, now: datetime) -> dict[str, Any]:
    return {
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
