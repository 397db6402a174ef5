"""Connections to PostgreSQL that are kept for writing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage.engine import Sessions
from storage.kept import MOST_KEPT, Kept
from storage.on_postgres import POOL_SIZE
from tests.door import door_to

pytestmark = pytest.mark.postgres

PROCESS = text("SELECT pg_backend_pid()")
SETTING = text("SHOW statement_timeout")


@pytest.fixture
async def sessions(postgres_database_url: str) -> AsyncIterator[Sessions]:
    """A PostgreSQL database with every table."""
    opened = Sessions(postgres_database_url)
    yield opened
    await opened.close()


async def writer(sessions: Sessions) -> int:
    async with sessions.begin() as session:
        return int(await session.scalar(PROCESS) or 0)


async def _fail(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("INSERT INTO things VALUES ('never')"))
        raise ZeroDivisionError


async def test_one_transaction_after_the_other_writes_on_the_same_connection(sessions: Sessions) -> None:
    assert len({await writer(sessions) for _ in range(5)}) == 1
    assert sessions.count_connections() == 0


async def test_no_more_are_kept_than_leaves_some_to_those_who_read(sessions: Sessions) -> None:
    kept = Kept(sessions.writer)
    taken = [await kept.take() for _ in range(POOL_SIZE)]
    for connection in taken:
        await kept.give(connection)
    assert len(kept) == MOST_KEPT
    async with sessions.reading() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await kept.let_go()


async def test_what_failed_is_not_kept_and_leaves_nothing_behind(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("CREATE TABLE things (name text)"))
    with pytest.raises(ZeroDivisionError):
        await _fail(sessions)
    async with sessions.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM things")) == 0
    assert sessions.count_connections() == 0


async def test_none_is_used_that_is_as_old_as_one_that_was_lost(postgres_database_url: str) -> None:
    async with door_to(postgres_database_url) as (door, url):
        sessions = Sessions(url)
        kept = Kept(sessions.writer)
        old = [await kept.take() for _ in range(2)]
        processes = {await one.scalar(PROCESS) for one in old}
        for one in old:
            await one.rollback()
            await kept.give(one)
        other = await sessions.writer.connect()
        await asyncio.sleep(0.01)
        door.cut()
        with pytest.raises(Exception, match=r"."):
            await other.scalar(PROCESS)
        await other.close()
        new = await kept.take()
        assert await new.scalar(PROCESS) not in processes
        await new.close()
        await kept.let_go()
        await sessions.close()


async def test_a_setting_of_its_own_never_reaches_the_pool(sessions: Sessions) -> None:
    kept = Kept(sessions.writer, setting="SET statement_timeout = 12345")
    connection = await kept.take()
    assert await connection.scalar(SETTING) == "12345ms"
    await connection.rollback()
    await kept.close(connection)
    for _ in range(3):
        async with sessions.reading() as session:
            assert await session.scalar(SETTING) == "0"


async def test_what_is_written_now_and_then_waits_for_the_disk(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("CREATE TABLE things (name text)"))
    statement, values = "INSERT INTO things VALUES ($1)", ("x",)
    assert await sessions.write_at_once(statement, values, is_hasty=True) is None
    witness = await sessions.write_at_once(statement, values, is_hasty=True)
    assert witness is not None
    assert await sessions.flush() is witness
    await asyncio.sleep(0.05)
    assert await sessions.write_at_once(statement, values, is_hasty=True) is None
