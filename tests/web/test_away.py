"""With the database away, links that are known lead on, and no visit that was answered is lost or kept twice."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import Sessions, sqlite_url
from tests.tables import add_tables
from tests.web.conftest import Makes, Web, locked

LINK = "/l/abcd2345"

pytestmark = pytest.mark.chaos


class Leavable(Sessions):
    """A database that can be gone."""

    is_gone = False

    def _look(self) -> None:
        if self.is_gone:
            raise ConnectionRefusedError

    @asynccontextmanager
    async def begin(self, *, is_next: bool = False) -> AsyncIterator[AsyncSession]:
        self._look()
        async with super().begin(is_next=is_next) as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        self._look()
        async with super().reading() as session:
            yield session

    async def write_at_once(self, statement: str, values: tuple[Any, ...], *, is_hasty: bool = False) -> None:
        self._look()
        await super().write_at_once(statement, values, is_hasty=is_hasty)


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Leavable]:
    """A fresh SQLite database: what is "away" here is SQLite's."""
    opened = Leavable(sqlite_url(tmp_path))
    await add_tables(opened)
    yield opened
    await opened.close()


async def allow_pages(sessions: Sessions, count: int) -> None:
    """Let the database grow to `count` pages at most, on every connection that writes."""
    limit = f"PRAGMA max_page_count={count}"
    async with sessions.writer.connect() as connection:
        await connection.execute(text(limit))
    async with sessions.begin() as session:
        await session.execute(text(limit))


async def follow(web: Web, times: int) -> None:
    answers = await asyncio.gather(*(web.ask(LINK) for _ in range(times)))
    assert {(answer.status, answer.headers.get("location")) for answer in answers} == {(302, "https://example.com/a")}


async def are_all_kept(web: Web, count: int) -> None:
    await web.are_kept(count)
    assert web.tracked.recorder.is_away is False


async def test_while_another_process_holds_the_database_known_links_lead_on_and_nothing_is_lost_or_doubled(
    web: Web, tmp_path: Path
) -> None:
    await web.add_link()
    await follow(web, 5)
    await are_all_kept(web, 5)
    async with locked(tmp_path / "vouch.db"):
        for _ in range(4):
            await follow(web, 10)
        assert await web.count_rows() == 5
        assert web.tracked.recorder.journal_size() > 0
    await are_all_kept(web, 45)
    await follow(web, 5)
    await are_all_kept(web, 50)


async def test_a_short_hold_that_ends_while_the_group_waits_doubles_nothing(web: Web, tmp_path: Path) -> None:
    await web.add_link()
    await web.ask(LINK)
    for _ in range(3):
        async with locked(tmp_path / "vouch.db"):
            await follow(web, 8)
    await are_all_kept(web, 25)


async def test_with_the_database_away_other_links_get_a_plain_page_and_work_again_after(
    web: Web, tmp_path: Path
) -> None:
    await web.add_link()
    await follow(web, 1)
    await web.add_link("wxyz6789")
    async with locked(tmp_path / "vouch.db"):
        await follow(web, 1)

        async def is_away() -> bool:
            await follow(web, 1)
            return web.tracked.recorder.is_away

        await web.until(is_away)
        answer = await web.ask("/l/wxyz6789", Accept_Language="nl")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert "Een ogenblik geduld" in answer.text
        assert (await web.ask("/healthz")).status == 200

    async def is_back() -> bool:
        return (await web.ask("/l/wxyz6789")).status == 302

    await web.until(is_back)


async def test_when_the_disk_is_full_known_links_lead_on_and_their_visits_are_kept_once_there_is_room(web: Web) -> None:
    await web.add_link()
    await follow(web, 3)
    await allow_pages(web.world.sessions, 1)  # as many as there are
    for _ in range(20):
        await follow(web, 30)
    assert web.tracked.recorder.journalled > 0
    await allow_pages(web.world.sessions, 1_000_000)
    await are_all_kept(web, 603)


async def test_what_was_journalled_is_kept_by_the_next_start(makes: Makes, tmp_path: Path) -> None:
    async with makes.serve() as web:
        await web.add_link()
        await follow(web, 2)
        async with locked(tmp_path / "vouch.db"):
            await follow(web, 7)
            shutil.copytree(tmp_path / "journal", tmp_path / "copy")
        await are_all_kept(web, 9)
    # The process dies after the commit and before the file is deleted: the same file is read back again.
    shutil.copytree(tmp_path / "copy", tmp_path / "journal", dirs_exist_ok=True)
    async with makes.serve() as web:
        await are_all_kept(web, 9)


async def test_a_group_that_commits_after_it_was_journalled_is_kept_once(web: Web) -> None:
    await web.add_link()
    await follow(web, 1)
    await are_all_kept(web, 1)
    holds = asyncio.Event()

    async def hold() -> None:
        async with web.world.sessions.begin():
            await holds.wait()

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    await follow(web, 6)
    assert web.tracked.recorder.journalled == 6
    holds.set()
    await holding
    await are_all_kept(web, 7)


async def test_when_neither_database_nor_disk_takes_a_visit_it_waits_in_memory(web: Web, tmp_path: Path) -> None:
    await web.add_link()
    await follow(web, 1)
    await web.are_kept(1)
    shutil.rmtree(tmp_path / "journal", ignore_errors=True)  # it is there if that one came late
    (tmp_path / "journal").write_text("")  # a file where the folder should be
    async with locked(tmp_path / "vouch.db"):
        await follow(web, 5)
        assert web.tracked.recorder.journalled == 0
    await web.until(lambda: _has(web, 6))
    assert web.tracked.recorder.lost == 0


async def _has(web: Web, count: int) -> bool:
    return await web.count_rows() == count


async def test_a_database_that_comes_back_after_it_was_gone_loses_nothing(web: Web, sessions: Leavable) -> None:
    await web.add_link()
    await follow(web, 1)
    sessions.is_gone = True
    await follow(web, 4)
    assert (await web.ask("/l/wxyz6789")).status == 503
    sessions.is_gone = False
    await are_all_kept(web, 5)


async def test_with_the_database_gone_at_the_start_the_process_lives_and_says_what_is_wrong(
    makes: Makes, tmp_path: Path
) -> None:
    makes.world.sessions = Sessions(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/vouch.db")
    async with makes.serve() as web:
        assert (await web.ask("/healthz")).status == 200
        assert (await web.ask(LINK)).status == 503
        ready = await web.ask("/readyz")
        assert ready.status == 503
        assert "database" in ready.text
    await makes.world.sessions.close()
