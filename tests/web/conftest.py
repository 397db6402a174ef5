"""The web application on a real port of this machine, in front of a real database."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from sqlalchemy import func, select

from bot.core.programme import Programme
from bot.core.visits import trusted_proxies
from bot.web.app import SERVER_OPTIONS, WebParts, create_web
from bot.web.readiness import Check
from bot.web.redirect import TrackedLinks
from bot.web.tallies import Tallies
from bot.web.visitors import Tracking
from playground.server import LocalServer
from storage.engine import Sessions
from storage.models import Share, TrackedLink, Visit
from tests.handlers import conftest as company
from tests.handlers.conftest import SECRET, World

programme = company.programme

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
METRICS_TOKEN = "for-prometheus-only"  # noqa: S105 - of these tests
WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Web:
    """A served web application, and short ways to ask it and to look at what it kept."""

    world: World
    tracked: TrackedLinks
    port: int
    http: aiohttp.ClientSession

    async def ask(self, path: str, *, method: str = "GET", agent: str = BROWSER, **headers: str) -> Answer:
        """Ask for a path; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.http.request(
            method, url, headers={"User-Agent": agent, **named}, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def add_link(self, slug: str = "abcd2345", target: str = "https://example.com/a", **share: object) -> int:
        """Add a tracked link, an hour old, of a new member's share and return its number."""
        member = await self.world.add_member()
        post = await self.world.add_post(author=member)
        now = self.world.clock.now()
        values: dict[str, object] = {"network": "linkedin", "state": "opened", "text": ""}
        row = Share(**(values | share), member_id=member.id, post_id=post.id, created_at=now)
        async with self.world.sessions.begin() as session:
            session.add(row)
            await session.flush()
            link = TrackedLink(share_id=row.id, slug=slug, target=target, created_at=now - timedelta(hours=1))
            session.add(link)
        return link.id

    async def settle(self) -> None:
        """Wait until what was journalled, as it is on a slow machine, is in the database."""

        async def is_settled() -> bool:
            return self.tracked.recorder.is_settled

        await self.until(is_settled)

    async def visits(self) -> Sequence[Visit]:
        """Return the visits that were kept."""
        await self.settle()
        async with self.world.sessions.reading() as session:
            return (await session.scalars(select(Visit).order_by(Visit.id))).all()

    async def count_visits(self) -> int:
        """Return how many visits were kept."""
        await self.settle()
        return await self.count_rows()

    async def count_rows(self) -> int:
        """Return how many visits are in the database now."""
        async with self.world.sessions.reading() as session:
            return await session.scalar(select(func.count()).select_from(Visit)) or 0

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(WAIT):
            while not await is_so():  # noqa: ASYNC110 - what is waited for is outside this process
                await asyncio.sleep(0.02)

    async def are_kept(self, count: int) -> None:
        """Wait until so many visits are in the database and none is anywhere else."""

        async def is_so() -> bool:
            recorder = self.tracked.recorder
            return await self.count_rows() >= count and recorder.is_settled and not recorder.journal_size()

        await self.until(is_so)
        assert await self.count_rows() == count


@dataclass
class Makes:
    """Makes served web applications over one world."""

    world: World
    folder: Path

    def parts(self, *proxies: str, checks: Mapping[str, Check] | None = None) -> WebParts:
        """Return the parts; `proxies` are trusted."""
        tracking = Tracking(
            sessions=self.world.sessions,
            clock=self.world.clock,
            zone=self.world.programme.zone,
            trusted=trusted_proxies(proxies),
            journal=self.folder / "journal",
        )
        return WebParts(
            tracking=tracking,
            programme=self.world.programme,
            composers=self.world.composers,
            out=self.world.out,
            secret=SECRET,
            metrics_token=METRICS_TOKEN,
            checks=checks or {},
            tallies=Tallies(),
        )

    @contextlib.asynccontextmanager
    async def serve(self, *proxies: str, parts: WebParts | None = None) -> AsyncIterator[Web]:
        """Serve until the block ends."""
        tracked = create_web(parts or self.parts(*proxies))
        await tracked.start()
        server = LocalServer(uvicorn.Config(tracked, host="127.0.0.1", port=0, log_config=None, **SERVER_OPTIONS))
        serving = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(WAIT), aiohttp.ClientSession() as http:
                await server.serves.wait()
                port = server.servers[0].sockets[0].getsockname()[1]
                yield Web(world=self.world, tracked=tracked, port=port, http=http)
        finally:
            server.should_exit = True
            await serving
            await tracked.stop()


@pytest.fixture
def makes(sessions: Sessions, programme: Programme, tmp_path: Path) -> Makes:
    """What makes served applications."""
    here = replace(programme, public_url="http://127.0.0.1:1")
    return Makes(World(sessions=sessions, programme=here), tmp_path)


@pytest.fixture
async def web(makes: Makes) -> AsyncIterator[Web]:
    """A served application that trusts no proxy."""
    async with makes.serve() as served:
        yield served


@contextlib.asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Let another process hold the whole SQLite database until the block ends."""
    program = (
        "import sqlite3, sys; held = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "held.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        yield
    finally:
        await process.communicate(b"")
