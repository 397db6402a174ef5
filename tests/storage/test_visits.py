"""How visits are found on SQLite: by link once they were looked at for points, and the few others by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import Sessions, sqlite_url
from storage.queries.credits import WaitingVisit, find_counted, list_waiting_visits
from storage.queries.erasure import forget_share_drafts
from storage.queries.figures import find_measured
from storage.queries.shares import find_brought
from tests.tables import add_tables

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
WAITING = WaitingVisit(
    id=1,
    link_id=1,
    share_id=1,
    post_id=1,
    is_draft=False,
    is_evidenced=False,
    member_id=1,
    at=NOW,
    on_day=date(2026, 11, 18),
    visitor=bytes(16),
    prefix=bytes(16),
    network="linkedin",
    is_earning=True,
)
Look = Callable[[AsyncSession], Awaitable[object]]


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    """An empty database in a file."""
    opened = Sessions(sqlite_url(tmp_path))
    await add_tables(opened)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("look", "indexes"),
    [
        (lambda session: find_brought(session, share_ids=[1, 2]), {"ix_visit_seen"}),
        (lambda session: find_measured(session, share_id=1), {"ix_visit_seen"}),
        (lambda session: find_counted(session, [WAITING]), {"ix_visit_seen"}),
        (lambda session: list_waiting_visits(session, limit=10), {"ix_visit_uncredited"}),
        (forget_share_drafts, {"ix_visit_seen", "ix_visit_uncredited"}),
    ],
    ids=["brought", "measured", "counted", "waiting", "drafts"],
)
async def test_visits_are_found_by_an_index(sessions: Sessions, look: Look, indexes: set[str]) -> None:
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    async with sessions.begin() as session:
        engine = sessions.writer.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        await look(session)
        event.remove(engine, "before_cursor_execute", note)
        connection = await session.connection()
        plans: list[str] = []
        for statement, values in asked:
            if "visit" in statement:
                rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans += [row[-1] for row in rows]
    on_visits = [plan for plan in plans if plan.startswith(("SEARCH visit", "SCAN visit"))]
    assert on_visits
    assert {name for name in indexes if any(name in plan for plan in on_visits)} == indexes
    assert not any(plan == "SCAN visit" for plan in on_visits), plans
