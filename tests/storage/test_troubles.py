"""PostgreSQL's troubles: what was committed stays, what was not leaves nothing, and connections are renewed unasked."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.engine import AWAY, Sessions, at_once, patiently
from storage.models import Crew
from storage.on_postgres import POOL_SIZE, probe
from storage.prepared import Prepared
from storage.tables import INBOX
from tests.door import Door, door_to
from tests.storage.test_prepared import ADD, NOW
from tests.tables import open_sessions

pytestmark = pytest.mark.postgres

COUNT = Prepared(select(INBOX.c.key))


@pytest.fixture
async def behind(postgres_database_url: str) -> AsyncIterator[tuple[Door, Sessions]]:
    """A door, and a database with all tables behind it."""
    async with door_to(postgres_database_url) as (door, url):
        sessions = open_sessions(url)
        yield door, sessions
        await sessions.close()


async def add(sessions: Sessions, name: str) -> None:
    async with sessions.begin() as session:
        session.add(Crew(name=name))


async def names(sessions: Sessions) -> list[str]:
    async with sessions.reading() as session:
        return list(await session.scalars(select(Crew.name).order_by(Crew.name)))


async def add_key(sessions: Sessions, key: str) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": key, "at": NOW})


async def test_connections_that_were_cut_are_renewed_unasked(behind: tuple[Door, Sessions]) -> None:
    door, sessions = behind
    await asyncio.gather(*(add(sessions, f"{number}") for number in range(5)))
    door.cut()
    await asyncio.sleep(0.01)  # it is noticed as the connection is read from
    before = door.passed
    await asyncio.gather(*(add(sessions, f"{number}") for number in range(5, 10)))
    assert len(await names(sessions)) == 10
    assert door.passed > before


async def test_a_statement_on_a_connection_that_is_cut_is_away_and_leaves_nothing(
    behind: tuple[Door, Sessions],
) -> None:
    door, sessions = behind
    door.cut_before = b"INSERT INTO inbox"
    with pytest.raises(AWAY):
        await add_key(sessions, "a")
    await at_once(lambda: add_key(sessions, "b"))
    async with sessions.begin() as session:
        assert [row["key"] for row in await COUNT.all(session, {})] == ["b"]


async def test_what_is_begun_again_at_once_is_done_once_if_its_connection_was_cut(
    behind: tuple[Door, Sessions],
) -> None:
    door, sessions = behind
    for words in (b"BEGIN", b"INSERT INTO inbox", b"COMMIT"):
        door.cut_before = words
        await at_once(lambda: add_key(sessions, words.decode()))  # noqa: B023 - it is over before the next
        assert not door.cut_before
    async with sessions.begin() as session:
        assert len(await COUNT.all(session, {})) == 3


async def test_a_commit_whose_answer_is_lost_is_away_and_has_happened(behind: tuple[Door, Sessions]) -> None:
    door, sessions = behind
    door.cut_after = b"COMMIT"
    with pytest.raises(AWAY):
        await add(sessions, "there")
    assert await names(sessions) == ["there"]


async def test_a_server_that_is_away_for_a_moment_is_waited_for(behind: tuple[Door, Sessions]) -> None:
    door, sessions = behind
    await add(sessions, "before")
    await door.shut()
    with pytest.raises(AWAY):
        await add(sessions, "never")
    waiting = asyncio.create_task(patiently(lambda: add(sessions, "patient")))
    at_last = asyncio.create_task(at_once(lambda: add(sessions, "at once")))
    await asyncio.sleep(0)
    await door.open()
    await asyncio.gather(waiting, at_last)
    assert await names(sessions) == ["at once", "before", "patient"]


async def test_two_that_wait_for_each_other_are_both_done(behind: tuple[Door, Sessions]) -> None:
    _, sessions = behind
    await add(sessions, "a")
    await add(sessions, "b")
    met, tries = asyncio.Barrier(2), []

    async def lengthen(first: int, second: int) -> None:
        async with sessions.begin() as session:
            await session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            await session.execute(update(Crew).where(Crew.id == first).values(name=Crew.name + "!"))
            tries.append(first)
            if len(tries) <= 2:
                await met.wait()
            await session.execute(update(Crew).where(Crew.id == second).values(name=Crew.name + "!"))

    await asyncio.gather(at_once(lambda: lengthen(1, 2)), at_once(lambda: lengthen(2, 1)))
    assert (await names(sessions), len(tries)) == (["a!!", "b!!"], 3)


async def test_what_was_taken_back_for_another_one_is_begun_again(behind: tuple[Door, Sessions]) -> None:
    _, sessions = behind
    await add(sessions, "x")
    tries = 0

    async def lengthen() -> None:
        nonlocal tries
        tries += 1
        async with sessions.begin() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await session.scalar(select(Crew.name))
            if tries == 1:
                async with sessions.begin() as other:
                    await other.execute(text("UPDATE crew SET name = name || 'y'"))
            await session.execute(text("UPDATE crew SET name = name || 'z'"))

    await at_once(lengthen)
    assert (await names(sessions), tries) == (["xyz"], 2)


async def test_with_every_connection_in_use_others_wait_for_a_moment_and_are_told(
    behind: tuple[Door, Sessions],
) -> None:
    _, sessions = behind
    sessions.writer.pool._timeout = 0.05  # type: ignore[attr-defined]  # two seconds are long for a test
    held = [await sessions.writer.connect() for _ in range(POOL_SIZE)]
    assert sessions.count_connections() == POOL_SIZE
    with pytest.raises(PoolTimeout):
        await at_once(lambda: add(sessions, "never"))
    for connection in held:
        await connection.close()
    await add(sessions, "after")
    assert await names(sessions) == ["after"]


async def test_a_lock_or_a_statement_that_takes_too_long_is_away(behind: tuple[Door, Sessions]) -> None:
    _, sessions = behind
    for setting in ("lock_timeout", "statement_timeout"):
        async with sessions.begin() as session:
            session.add(Crew(name="same"))
            await session.flush()
            with pytest.raises(OperationalError):
                await _add_within(sessions, "same", setting)
            await session.rollback()
    assert await names(sessions) == []


async def _add_within(sessions: Sessions, name: str, setting: str) -> None:
    async with sessions.begin() as session:
        await session.execute(text(f"SET LOCAL {setting} = '20ms'"))
        session.add(Crew(name=name))


async def test_a_server_that_may_only_be_read_is_away_and_its_connections_are_left(
    behind: tuple[Door, Sessions],
) -> None:
    door, sessions = behind
    await add(sessions, "before")
    database = make_url(sessions.url).database
    async with sessions.writer.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE {database} SET default_transaction_read_only = on"))
    door.cut()
    await asyncio.sleep(0.01)
    try:
        with pytest.raises(AWAY):
            await add(sessions, "never")
    finally:
        async with sessions.writer.begin() as connection:
            await connection.execute(text("SET TRANSACTION READ WRITE"))
            await connection.execute(text(f"ALTER DATABASE {database} RESET default_transaction_read_only"))
    await at_once(lambda: add(sessions, "after"))
    assert await names(sessions) == ["after", "before"]


async def test_a_statement_whose_tables_changed_meanwhile_is_prepared_anew(behind: tuple[Door, Sessions]) -> None:
    _, sessions = behind
    await add_key(sessions, "a")
    async with sessions.begin() as session:
        assert len(await COUNT.all(session, {})) == 1
    await _change(sessions, "ALTER TABLE inbox ALTER COLUMN key TYPE TEXT")

    async def count() -> int:
        async with sessions.begin() as session:
            return len(await COUNT.all(session, {}))

    assert await at_once(count) == 1
    await _change(sessions, "ALTER TABLE inbox ALTER COLUMN key TYPE VARCHAR(200)")


async def _change(sessions: Sessions, tables: str) -> None:
    async with sessions.writer.begin() as connection:
        await connection.execute(text(tables))


async def test_a_wait_that_is_cut_short_at_any_point_loses_nothing_of_the_next(
    behind: tuple[Door, Sessions],
) -> None:
    _, sessions = behind
    for number in range(30):
        cut_short = asyncio.create_task(add_key(sessions, f"cut {number}"))
        for _ in range(number):
            await asyncio.sleep(0)
        cut_short.cancel()
        await asyncio.wait({cut_short})
        await add_key(sessions, f"whole {number}")
    async with sessions.begin() as session:
        kept = {row["key"] for row in await COUNT.all(session, {})}
    assert kept >= {f"whole {number}" for number in range(30)}


async def test_a_process_that_hangs_in_a_transaction_is_let_go_of_after_a_minute(
    behind: tuple[Door, Sessions],
) -> None:
    async with behind[1].begin() as session:
        assert await session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"


async def test_of_several_servers_the_one_that_is_there_is_used(postgres_database_url: str) -> None:
    url = make_url(postgres_database_url)
    hosts = ["/nowhere:5432", f"{url.query['host']}:5432"]
    several = url.set(host=None).update_query_dict({"host": hosts, "target_session_attrs": "read-write"})
    sessions = Sessions(several.render_as_string(hide_password=False))
    await add(sessions, "here")
    assert await names(sessions) == ["here"]
    await sessions.close()


def test_a_connection_over_the_network_is_probed() -> None:
    with socket.socket(socket.AF_INET) as bare:
        probe(bare)
        assert bare.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert bare.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
