"""With PostgreSQL gone, hanging or restarted, known links lead on at once, and no visit is lost or kept twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from benchmarks.fleet.postgres import PostgresServer
from bot.core.programme import Programme
from storage.engine import Sessions
from tests.door import Door, door_to
from tests.tables import add_tables
from tests.web.conftest import Makes, Web, World
from tests.web.test_away import are_all_kept, follow

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]


@pytest.fixture
async def door(postgres_database_url: str) -> AsyncIterator[tuple[Door, str]]:
    async with door_to(postgres_database_url) as opened:
        yield opened


@pytest.fixture
def database_url(door: tuple[Door, str]) -> str:
    """The address of a PostgreSQL database with every table, behind the door."""
    return door[1]


async def test_while_postgresql_is_gone_known_links_lead_on_and_nothing_is_lost_or_doubled(
    web: Web, door: tuple[Door, str]
) -> None:
    await web.add_link()
    await follow(web, 5)
    await are_all_kept(web, 5)
    await door[0].shut()
    for _ in range(3):
        await follow(web, 10)
    assert web.tracked.recorder.journal_size() > 0
    assert (await web.ask("/l/wxyz6789")).status == 503
    await door[0].open()
    await are_all_kept(web, 35)
    await follow(web, 5)
    await are_all_kept(web, 40)


async def test_while_postgresql_hangs_known_links_are_answered_at_once(web: Web, door: tuple[Door, str]) -> None:
    await web.add_link()
    await follow(web, 2)
    await are_all_kept(web, 2)
    door[0].passes.clear()
    began = monotonic()
    for _ in range(5):
        await follow(web, 3)
    took = monotonic() - began
    assert web.tracked.recorder.journalled >= 15
    door[0].passes.set()
    await are_all_kept(web, 17)
    assert took < 2.0  # the first waits for the deadline; the others not even for that


async def test_a_group_whose_commit_was_not_confirmed_is_kept_once(web: Web, door: tuple[Door, str]) -> None:
    await web.add_link()
    await follow(web, 1)
    await are_all_kept(web, 1)
    await web.tracked.recorder._sessions._let_go()  # the next group's connection prepares its statement anew
    door[0].cut_after = b"INSERT INTO visit"
    for _ in range(4):
        await follow(web, 4)
    assert not door[0].cut_after
    await are_all_kept(web, 17)


@asynccontextmanager
async def served_on(server: PostgresServer, programme: Programme, folder: Path) -> AsyncIterator[Web]:
    """Yield an application with a link that was followed once, on a server that may crash; it is gone afterwards."""
    try:
        await asyncio.to_thread(server.start)
        sessions = Sessions(await asyncio.to_thread(server.create_database))
        await add_tables(sessions)
        async with Makes(World(sessions=sessions, programme=programme), folder).serve() as web:
            await web.add_link()
            await follow(web, 1)
            await are_all_kept(web, 1)
            yield web
        await sessions.close()
    finally:
        await asyncio.to_thread(server.close)


async def test_a_server_that_crashes_under_a_crowd_loses_no_visit_and_is_found_again(
    programme: Programme, tmp_path: Path
) -> None:
    server = PostgresServer()
    async with served_on(server, programme, tmp_path) as web:
        crashing = asyncio.create_task(asyncio.to_thread(server.restart, "immediate"))
        answered = 1
        while not crashing.done():
            await follow(web, 5)
            answered += 5
        await crashing
        await are_all_kept(web, answered)


async def test_what_a_crash_took_before_it_was_on_the_disk_is_written_again(
    programme: Programme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.unflushed.FLUSH_SECONDS", 1.5)
    server = PostgresServer({"wal_writer_delay": "10s"})  # the server itself brings nothing to the disk meanwhile
    async with served_on(server, programme, tmp_path) as web:
        for _ in range(10):
            await follow(web, 5)
        await asyncio.to_thread(server.restart, "immediate")
        await are_all_kept(web, 51)
