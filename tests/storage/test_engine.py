"""One semantics on both databases: what is committed stays, what is not leaves nothing, and writers take turns."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, literal, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage.engine import AWAY, BUSY_MS, Sessions, async_url
from storage.models import Crew
from storage.on_postgres import POOL_SIZE
from storage.prepared import Prepared
from tests.postgres import Server
from tests.tables import add_tables

PROCESS = Prepared(select(func.pg_backend_pid().label("process")))


async def add_then_fail(sessions: Sessions, *, name: str) -> None:
    """Add a crew inside a savepoint, say that a job was added, and fail after both."""
    async with sessions.begin() as session:
        async with session.begin_nested():
            session.add(Crew(name=name))
        session.info["has_jobs"] = True
        raise LookupError


async def add(sessions: Sessions, name: str) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name=name))


async def names(sessions: Sessions) -> list[str]:
    async with sessions.reading() as session:
        return list(await session.scalars(select(Crew.name).order_by(Crew.name)))


async def test_a_failure_after_a_savepoint_leaves_no_row(sessions: Sessions) -> None:
    with pytest.raises(LookupError):
        await add_then_fail(sessions, name="inside the savepoint")
    assert await names(sessions) == []


async def test_a_failed_savepoint_leaves_the_rest_of_the_transaction(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name="first"))
        await session.flush()
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                session.add(Crew(name="first"))
        session.add(Crew(name="second"))
    assert await names(sessions) == ["first", "second"]


async def test_what_was_written_is_read_only_after_the_commit(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name="new"))
        await session.flush()
        assert await names(sessions) == []
    assert await names(sessions) == ["new"]


async def test_writers_who_read_first_take_turns_and_lose_nothing(sessions: Sessions) -> None:
    async def add_next() -> None:
        async with sessions.begin() as session:
            await session.execute(text("SELECT 1"))
            session.add(Crew(name="x" * (await session.scalar(select(func.count(Crew.id))) or 0) + str(id(session))))
            await session.flush()

    await asyncio.gather(*(add_next() for _ in range(20)))
    assert len(await names(sessions)) == 20


async def test_a_transaction_that_added_jobs_wakes_once_and_only_after_its_commit(sessions: Sessions) -> None:
    woken: list[int] = []
    sessions.on_jobs.append(lambda: woken.append(1))
    async with sessions.begin() as session:
        session.info["has_jobs"] = True
        assert woken == []
    assert woken == [1]
    await add(sessions, "no job")
    with pytest.raises(LookupError):
        await add_then_fail(sessions, name="never")
    assert woken == [1]


async def test_parameters_stay_out_of_error_texts(sessions: Sessions) -> None:
    await add(sessions, "a secret word")
    with pytest.raises(IntegrityError) as caught:
        await add(sessions, "a secret word")
    assert "parameters hidden" in str(caught.value)
    if sessions.is_sqlite:  # PostgreSQL's own message names the value; logs hold the class alone
        assert "a secret word" not in str(caught.value)


async def add_in_another_process(url: str, name: str) -> int:
    """Add a crew to the database at `url` from a process of its own, and return how that process ended."""
    program = (
        "import asyncio, sys\n"
        "from storage.engine import Sessions\n"
        "from storage.models import Crew\n"
        "async def main():\n"
        "    sessions = Sessions(sys.argv[1])\n"
        "    async with sessions.begin() as session:\n"
        "        session.add(Crew(name=sys.argv[2]))\n"
        "    await sessions.close()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, name, cwd=root)
    return await other.wait()


async def test_two_processes_write_one_after_the_other(sessions: Sessions, database_url: str) -> None:
    await add(sessions, "ours")
    ended = await asyncio.gather(*(add_in_another_process(database_url, name) for name in ("one", "two")))
    assert ended == [0, 0]
    assert await names(sessions) == ["one", "ours", "two"]


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Sessions]:
    """A SQLite database with all tables."""
    opened = Sessions(f"sqlite:///{tmp_path}/t.db")
    await add_tables(opened)
    yield opened
    await opened.close()


async def test_a_reader_cannot_write_on_sqlite(on_sqlite: Sessions) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        async with on_sqlite.reading() as session:
            session.add(Crew(name="never"))
    assert await names(on_sqlite) == []


async def test_a_lock_held_by_another_process_is_away_and_passes(on_sqlite: Sessions, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    started = asyncio.get_running_loop().time()
    with pytest.raises(AWAY):
        await add(on_sqlite, "while it is locked")
    assert asyncio.get_running_loop().time() - started < 2 * BUSY_MS / 1000
    other.execute("ROLLBACK")
    other.close()
    await add(on_sqlite, "after")
    assert await names(on_sqlite) == ["after"]


async def add_much(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name="small"))
        await session.flush()
        await session.execute(text("INSERT INTO picture VALUES (x'00', zeroblob(1000000), '2026')"))


async def test_a_full_disk_is_away_and_leaves_nothing_half_done(on_sqlite: Sessions) -> None:
    async with on_sqlite.begin() as session:
        await session.execute(text("PRAGMA max_page_count = 1"))  # SQLite keeps at least what there is
    with pytest.raises(AWAY):
        await add_much(on_sqlite)
    assert await names(on_sqlite) == []


async def test_a_writer_holds_the_lock_before_its_first_read(on_sqlite: Sessions, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "t.db", timeout=0, isolation_level=None)
    async with on_sqlite.begin() as session:
        await session.execute(select(Crew.id))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_sqlite_keeps_what_it_answered(on_sqlite: Sessions) -> None:
    async with on_sqlite.reading() as session:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "query_only": 1}
        found = {name: await session.scalar(text(f"PRAGMA {name}")) for name in wanted}
    assert found == wanted


@pytest.mark.postgres
async def test_a_server_that_is_gone_is_away(postgres_url: str) -> None:
    sessions = Sessions(postgres_url.replace("/vouch-pg-", "/no-such-folder-"))
    with pytest.raises(AWAY):
        await add(sessions, "nowhere")
    await sessions.close()


@pytest.mark.postgres
@pytest.mark.parametrize("change", [("/vouch", "/no_such_vouch"), ("postgres:@", "no_such_role:@")])
async def test_a_database_or_role_that_is_not_there_is_away(postgres_url: str, change: tuple[str, str]) -> None:
    sessions = Sessions(postgres_url.replace(*change, 1))
    with pytest.raises(AWAY):
        await add(sessions, "nowhere")
    await sessions.close()


async def write_while_cut(sessions: Sessions, server: Server) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name="half done"))
        await session.flush()
        mine = await session.scalar(text("SELECT pg_backend_pid()"))
        await asyncio.to_thread(server.psql, f"SELECT pg_terminate_backend({mine})")
        await session.execute(text("SELECT 1"))


@pytest.mark.postgres
async def test_a_cut_connection_is_away_and_leaves_nothing(postgres_server: Server, postgres_url: str) -> None:
    sessions = Sessions(postgres_url)
    await add_tables(sessions)
    with pytest.raises(AWAY):
        await write_while_cut(sessions, postgres_server)
    await add(sessions, "after")
    assert await names(sessions) == ["after"]
    await sessions.close()


async def test_a_file_that_cannot_be_opened_is_away_and_leaves_no_thread(tmp_path: Path) -> None:
    sessions, before = Sessions(f"sqlite:///{tmp_path}/no/such/folder/vouch.db"), threading.active_count()
    for _ in range(3):
        with pytest.raises(AWAY):
            await names(sessions)
        assert threading.active_count() == before
    await sessions.close()


@pytest.mark.postgres
async def test_reading_takes_one_way_to_postgres_for_each_statement_and_connections_stay(postgres_url: str) -> None:
    sessions, asked, opened = Sessions(postgres_url), [], []

    def connected(adapted: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapter
        opened.append(adapted)
        adapted.driver_connection.add_query_logger(lambda one: asked.append(one.query))

    event.listen(sessions.writer.sync_engine, "connect", connected)

    async def read(number: int) -> None:
        async with sessions.reading() as session:
            for _ in range(2):
                await PROCESS.all(session, {})
            await asyncio.sleep(0.05)

    await read(0)
    assert [one for one in asked if "pg_catalog" not in one] == ["SELECT pg_backend_pid() AS process"] * 2
    for _ in range(2):
        await asyncio.gather(*map(read, range(POOL_SIZE)))
    assert len(opened) == POOL_SIZE
    assert set(asked) & {"BEGIN;", "COMMIT;", "ROLLBACK;"} == set()
    await sessions.close()


@pytest.mark.postgres
async def test_postgres_writers_do_not_wait_for_each_other(postgres_url: str) -> None:
    sessions = Sessions(postgres_url)
    await add_tables(sessions)
    async with sessions.begin() as first:
        first.add(Crew(name="first"))
        await first.flush()
        async with asyncio.timeout(5), sessions.begin() as second:
            second.add(Crew(name="second"))
    assert await names(sessions) == ["first", "second"]
    await sessions.close()


@pytest.mark.parametrize(
    ("given", "dialect"),
    [
        ("sqlite:////var/lib/vouch/vouch.db", "sqlite"),
        ("postgresql://vouch:geheim@db/vouch", "postgresql"),
        ("postgres://vouch:geheim@db/vouch", "postgresql"),
        ("postgresql+asyncpg://vouch:geheim@db/vouch", "postgresql"),
    ],
)
def test_an_address_needs_no_driver(given: str, dialect: str) -> None:
    parsed = make_url(async_url(given))
    assert (parsed.get_dialect().name, parsed.get_dialect().is_async) == (dialect, True)
    assert parsed.set(drivername="x") == make_url(given).set(drivername="x")


def test_what_other_programs_call_sslmode_is_taken_too() -> None:
    parsed = make_url(async_url("postgresql://db/vouch?sslmode=require&host=db1"))
    assert dict(parsed.query) == {"ssl": "require", "host": "db1"}


async def test_a_foreign_key_is_kept_on_both(sessions: Sessions) -> None:
    with pytest.raises(DBAPIError):
        async with sessions.begin() as session:
            await session.execute(text("INSERT INTO suggestion_author VALUES (99, 99, '', '2026-11-21 10:00:00+00')"))


async def test_more_readers_than_connections_wait_for_each_other_and_none_for_long(sessions: Sessions) -> None:
    read = Prepared(select(literal(1).label("one")))

    async def look() -> int:
        async with sessions.reading() as session:
            await asyncio.sleep(0.01)
            found = await read.first(session, {})
            return int(found["one"]) if found is not None else 0

    async with asyncio.timeout(5):
        for _ in range(3):
            assert await asyncio.gather(*(look() for _ in range(50))) == [1] * 50
    assert sessions.count_connections() == 0


async def test_a_reader_that_failed_or_was_cancelled_leaves_nothing_behind(sessions: Sessions) -> None:
    async def fail() -> None:
        async with sessions.reading() as session:
            await session.execute(text("SELECT no_such_thing"))

    async def wait() -> None:
        async with sessions.reading() as session:
            await session.execute(select(1))
            await asyncio.Event().wait()

    for _ in range(6):
        with pytest.raises(DBAPIError):
            await fail()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 0.02)
    assert sessions.count_connections() == 0
    async with sessions.reading() as session:
        assert await session.scalar(select(1)) == 1
