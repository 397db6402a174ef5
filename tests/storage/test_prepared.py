"""A prepared statement sends, keeps and returns what the session would, on both databases, and fails as it would."""

import asyncio
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, event, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError

from storage.engine import Sessions
from storage.models import Crew
from storage.prepared import Prepared, Row, together
from storage.tables import INBOX, MEMBER

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
KEYS = ["a", "b"]
ADD = Prepared(sqlite.insert(INBOX).returning(INBOX.c.key), postgresql=postgresql.insert(INBOX).returning(INBOX.c.key))
FIND = Prepared(select(INBOX.c.key, INBOX.c.at).where(INBOX.c.at <= bindparam("at", type_=INBOX.c.at.type)))
NAMED = Prepared(select(INBOX.c.key).where(INBOX.c.key.in_(KEYS), INBOX.c.key != bindparam("not")).order_by("key"))
JOIN = Prepared(MEMBER.insert().returning(MEMBER.c.id, MEMBER.c.muted_topics, MEMBER.c.role_is_fixed, MEMBER.c.left_at))
SLOW = Prepared(
    select(text("count(*) AS n")).select_from(
        text("(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 3000000) SELECT x FROM c)")
    )
)
ADA: Row = {
    "platform": "slack",
    "tenant_ref": "T1",
    "person_ref": "U1",
    "name": "Ada",
    "locale": "en",
    "zone": "UTC",
    "role": "member",
    "role_is_fixed": True,
    "muted_topics": ["water", "é"],
    "joined_at": NOW,
}


async def add(sessions: Sessions, *keys: str) -> None:
    async with sessions.begin() as session:
        for key in keys:
            await ADD.all(session, {"key": key, "at": NOW})


async def keys(sessions: Sessions) -> list[str]:
    async with sessions.reading() as session:
        return list(await session.scalars(select(INBOX.c.key).order_by(INBOX.c.key)))


async def test_what_is_kept_is_what_the_session_keeps(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        await session.execute(INBOX.insert(), {"key": "b", "at": NOW})
    async with sessions.reading() as session:
        prepared, ordinary = await session.scalars(text("SELECT at FROM inbox ORDER BY key"))
    assert prepared == ordinary


async def test_rows_come_back_by_name_and_of_the_columns_types(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        assert await ADD.first(session, {"key": "a", "at": NOW}) == {"key": "a"}
        found = await FIND.first(session, {"at": NOW})
        assert found == {"key": "a", "at": NOW}
        assert found["at"].tzinfo is UTC
        assert await FIND.first(session, {"at": NOW - timedelta(microseconds=1)}) is None
        joined = {"id": 1, "muted_topics": ["water", "é"], "role_is_fixed": True, "left_at": None}
        assert await JOIN.first(session, ADA) == joined


async def test_values_that_the_statement_brings_along_stay_with_every_call(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for key in ("a", "b", "c"):
            await ADD.all(session, {"key": key, "at": NOW})
        assert await NAMED.all(session, {"not": "b"}) == [{"key": "a"}]
        assert await NAMED.all(session, {"not": "x"}) == [{"key": "a"}, {"key": "b"}]


async def test_several_run_together_in_their_order(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        none, added, one = await together(
            session, (FIND, {"at": NOW}), (ADD, {"key": "a", "at": NOW}), (FIND, {"at": NOW})
        )
    assert (list(none), [row["key"] for row in added], [row["key"] for row in one]) == ([], ["a"], ["a"])


async def test_what_the_session_wrote_is_seen_and_the_other_way_round(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(INBOX.insert(), {"key": "a", "at": NOW})
        assert [row["key"] for row in await FIND.all(session, {"at": NOW})] == ["a"]
        await ADD.all(session, {"key": "b", "at": NOW})
        assert (await session.scalars(select(INBOX.c.key).order_by(INBOX.c.key))).all() == ["a", "b"]


async def test_a_failure_leaves_nothing_and_is_the_sessions_own(sessions: Sessions) -> None:
    with pytest.raises(IntegrityError):
        await add(sessions, "a", "a")
    assert await keys(sessions) == []


async def test_a_failed_savepoint_takes_back_what_was_prepared_in_it(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        with suppress(LookupError):
            async with session.begin_nested():
                await ADD.all(session, {"key": "b", "at": NOW})
                async with session.begin_nested():
                    await ADD.all(session, {"key": "c", "at": NOW})
                raise LookupError
        await ADD.all(session, {"key": "d", "at": NOW})
    assert await keys(sessions) == ["a", "d"]


async def test_after_a_rollback_a_new_transaction_begins(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        await session.rollback()
        await ADD.all(session, {"key": "b", "at": NOW})
    assert await keys(sessions) == ["b"]


async def test_a_transaction_that_failed_takes_no_further_statement(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        session.add_all([Crew(name="twice"), Crew(name="twice")])
        with suppress(IntegrityError):
            await session.flush()
        with pytest.raises(PendingRollbackError):
            await ADD.all(session, {"key": "b", "at": NOW})
        await session.rollback()
    assert await keys(sessions) == []


async def add_past_a_failure(sessions: Sessions) -> None:
    """Add a row, fail to add it again, and add another one as if nothing was."""
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        with suppress(IntegrityError):
            await ADD.all(session, {"key": "a", "at": NOW})
        await ADD.all(session, {"key": "b", "at": NOW})


async def test_what_failed_takes_all_or_nothing_of_its_transaction_along(sessions: Sessions) -> None:
    if sessions.is_sqlite:  # takes back the statement alone
        await add_past_a_failure(sessions)
        assert await keys(sessions) == ["a", "b"]
        return
    with pytest.raises(PendingRollbackError):
        await add_past_a_failure(sessions)
    assert await keys(sessions) == []


async def test_after_a_failure_and_a_rollback_a_new_transaction_begins(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ADD.all(session, {"key": "a", "at": NOW})
        with pytest.raises(IntegrityError):
            await ADD.all(session, {"key": "a", "at": NOW})
        await session.rollback()
        await ADD.all(session, {"key": "c", "at": NOW})
    assert await keys(sessions) == ["c"]


async def test_a_missing_value_is_refused(sessions: Sessions) -> None:
    await add(sessions, "a")
    async with sessions.begin() as session:
        with pytest.raises((KeyError, DBAPIError)):
            await ADD.all(session, {"key": "b"})
        await session.rollback()
    assert await keys(sessions) == ["a"]


async def test_who_listens_to_statements_hears_prepared_ones(sessions: Sessions) -> None:
    heard: list[str] = []
    event.listen(
        sessions.writer.sync_engine,
        "before_cursor_execute",
        lambda c, cursor, statement, *rest: heard.append(statement),
    )
    await add(sessions, "a")
    assert [one.split()[:3] for one in heard] == [["INSERT", "INTO", "inbox"]]
    assert await keys(sessions) == ["a"]


async def test_a_wait_that_is_cut_short_leaves_nothing_and_blocks_nobody(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.connection()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await SLOW.all(session, {})
        with pytest.raises((OperationalError, PendingRollbackError)):
            await ADD.all(session, {"key": "a", "at": NOW})
        with pytest.raises((OperationalError, PendingRollbackError)):
            await session.commit()
        await session.rollback()
    await add(sessions, "b")
    assert await keys(sessions) == ["b"]


async def test_a_database_that_is_locked_is_away(sessions: Sessions) -> None:
    if not sessions.is_sqlite:
        pytest.skip("PostgreSQL has no lock on the whole database")
    other = sqlite3.connect(make_url(sessions.url).database or "", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OperationalError):
        await add(sessions, "a")
    other.execute("ROLLBACK")
    other.close()
    await add(sessions, "b")
    assert await keys(sessions) == ["b"]
