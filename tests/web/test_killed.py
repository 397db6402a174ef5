"""`kill -9` in the middle of a crowd: every visit that was answered is in the database, or in the journal."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, insert, select

from bot.web.journal import Journal
from storage.engine import Sessions
from storage.models import Member, Post, Share, TrackedLink, Visit
from tests.handlers.conftest import NOW
from tests.web.conftest import BROWSER, WAIT

SERVER = """
import asyncio, socket, sys
from pathlib import Path
from zoneinfo import ZoneInfo
import uvicorn
from starlette.applications import Starlette
from bot.clock import WallClock
from bot.core.visits import trusted_proxies
from bot.web.app import SERVER_OPTIONS
from bot.web.redirect import TrackedLinks
from bot.web.tallies import Tallies
from bot.web.visitors import Tracking, Visitors
from storage.engine import Sessions

async def main(url, folder, listening):
    tracking = Tracking(sessions=Sessions(url), clock=WallClock(), zone=ZoneInfo("UTC"),
                        trusted=trusted_proxies([]), journal=folder / "journal")
    tracked = TrackedLinks(Starlette(), tracking, visitors=Visitors(tracking), tallies=Tallies())
    await tracked.start()
    await uvicorn.Server(uvicorn.Config(tracked, log_config=None, **SERVER_OPTIONS)).serve(sockets=[listening])

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), socket.socket(fileno=int(sys.argv[3]))))
"""

pytestmark = pytest.mark.chaos


async def fill(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(
            insert(Member).values(platform="slack", tenant_ref="T", person_ref="U", muted_topics=[], joined_at=NOW)
        )
        await session.execute(insert(Post).values(author_id=1, created_at=NOW, updated_at=NOW))
        await session.execute(insert(Share).values(member_id=1, post_id=1, network="x", created_at=NOW))
        await session.execute(
            insert(TrackedLink).values(share_id=1, slug="abcd2345", target="https://e.com", created_at=NOW)
        )


async def count_kept(sessions: Sessions, folder: Path) -> int:
    """Return how many different visits database and journal hold together."""
    async with sessions.reading() as session:
        kept = set(await session.scalars(select(Visit.id)))
        assert await session.scalar(select(func.count()).select_from(Visit)) == len(kept)
    journal = Journal(folder / "journal")
    for path in journal.list_files():
        sealed = journal.claim(path)
        assert sealed is not None
        kept |= {visit.id for visit in sealed.read()}
        sealed.release()
    return len(kept)


async def crowd(port: int, answered: list[int]) -> None:
    """Follow the link again and again until nobody answers."""
    async with aiohttp.ClientSession(headers={"User-Agent": BROWSER}) as http:
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/l/abcd2345", allow_redirects=False) as response:
                    assert response.status == 302
                    answered.append(response.status)
            except aiohttp.ClientError:
                return


@pytest.mark.parametrize("seen", [40, 333])
async def test_no_visit_that_was_answered_is_lost_when_the_process_is_killed(
    sessions: Sessions, database_url: str, tmp_path: Path, seen: int
) -> None:
    await fill(sessions)
    root = Path(__file__).parents[2]
    with socket.socket() as listening:  # the process alone has it afterwards: nobody else can get its port meanwhile
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVER,
            database_url,
            str(tmp_path),
            str(listening.fileno()),
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            pass_fds=[listening.fileno()],
        )
    answered: list[int] = []
    try:
        async with asyncio.timeout(WAIT):
            while not answered:
                await asyncio.sleep(0.05)
                with_answer = asyncio.create_task(crowd(port, answered))
                await asyncio.wait({with_answer}, timeout=0.2)
            others = [asyncio.create_task(crowd(port, answered)) for _ in range(16)]
            while len(answered) < seen:  # noqa: ASYNC110 - a crowd, not an event
                await asyncio.sleep(0.001)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await asyncio.gather(*others, with_answer)
    assert len(answered) <= await count_kept(sessions, tmp_path) <= len(answered) + 17
