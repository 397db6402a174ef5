"""The database is locked or the disk is full: people are told kindly, links go on, and then nothing is missing."""

import asyncio
import contextlib
import resource
import sqlite3
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.scenarios.apart import TownApart
from tests.scenarios.bad_input import announce, get_directly, held, said, share_button
from tests.scenarios.town import BROWSER, LENA, NADIA, OMAR, PRODUCT, SANNE, Json, composed, link_in

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.chaos]

AWAY = "Vouch cannot reach its memory just now. Nothing was changed."
HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
held.execute("ROLLBACK")
"""


@contextlib.asynccontextmanager
async def _locked(town: TownApart) -> AsyncIterator[None]:
    """Another process holds the database for as long as this lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD,
        str(town.data / "vouch.db"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert await process.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        process.stdin.close()
        await process.wait()


@contextlib.contextmanager
def _full(town: TownApart) -> Iterator[None]:
    """The bot can make no file larger for as long as this lasts."""
    assert town.bot is not None
    soft, hard = resource.prlimit(town.bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(town.bot.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(town.bot.pid, resource.RLIMIT_FSIZE, (soft, hard))


async def _shared(town: TownApart, who: str, title: str) -> tuple[int, Json, str]:
    """Announce a post and share it, and return its number, its message and the path of the tracked link."""
    post_id, message = await announce(town, title)
    address = await town.share(
        who, message, "Words of my own about this post, and quite a few of them, so that they count."
    )
    return post_id, message, "/l/" + link_in(composed(address)).rpartition("/l/")[2]


async def _visits(town: TownApart, path: str) -> int:
    wanted = "SELECT count(*) FROM visit v JOIN link l ON l.id = v.link_id WHERE slug = ?"
    return int(town.rows(wanted, path.removeprefix("/l/"))[0][0])


async def _until_there_are(town: TownApart, path: str, count: int) -> int:
    """Wait until this many visits are in the database, and a little longer to see whether more come."""
    async with asyncio.timeout(60):
        while True:
            if await _visits(town, path) >= count:
                break
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return await _visits(town, path)


async def test_while_the_database_is_locked_a_click_is_answered_kindly_and_changes_nothing(town: TownApart) -> None:
    post_id, message, _ = await _shared(town, OMAR, "Locked away")
    await town.settle()
    before = held(town)
    async with _locked(town):
        started = time.monotonic()
        told = await town.press(LENA, PRODUCT, message, "open_share", wait_s=3)
        assert AWAY in said(told)
        assert time.monotonic() - started < 3
        assert AWAY in said(await town.command(LENA, "suggest https://example.org/while-locked"))
    assert held(town) == before
    again = await town.press(LENA, PRODUCT, message, "open_share")
    assert again["view"] is not None
    assert town.rows("SELECT count(*) FROM share WHERE post_id = ?", post_id) == [(2,)]


async def test_while_the_database_is_locked_links_go_on_and_every_visit_is_counted_once_afterwards(
    town: TownApart,
) -> None:
    _, _, path = await _shared(town, OMAR, "Followed while locked")
    before = await _visits(town, path)
    took = []
    async with _locked(town):
        for number in range(20):
            started = time.perf_counter()
            answer = await get_directly(town, path, User_Agent=BROWSER, X_Forwarded_For=f"198.51.100.{number}")
            took.append(time.perf_counter() - started)
            assert answer.status == 302
        assert (await get_directly(town, "/l/zzzzzzzz", User_Agent=BROWSER)).status in (404, 503)
    assert statistics.median(took) < 0.05
    assert await _until_there_are(town, path, before + 20) == before + 20
    assert list((town.data / "journal").glob("*.visits")) == []


async def test_while_the_database_is_locked_a_way_out_waits_and_is_not_used_up(town: TownApart) -> None:
    post_id, message = await announce(town, "Way out while locked")
    view, url = await share_button(town, SANNE, message)
    await town.post("click", who=SANNE, view_id=view["id"], action_id="leave_for_network")
    async with _locked(town):
        answer = await town.get(url, SANNE)
        assert (answer.status, "Location" in answer.headers) == (503, False)
    assert (await town.get(url, SANNE)).status == 302
    assert town.rows("SELECT state FROM share WHERE post_id = ?", post_id) == [("opened",)]


async def test_on_a_full_disk_clicks_are_answered_kindly_and_nothing_is_half_done(town: TownApart) -> None:
    _, message, path = await _shared(town, OMAR, "Full disk")
    await town.settle()
    before, visits = held(town), await _visits(town, path)
    with _full(town):
        assert AWAY in said(await town.press(LENA, PRODUCT, message, "open_share", wait_s=3))
        assert AWAY in said(await town.command(NADIA, "post https://example.org/full"))
        for number in range(5):
            answer = await get_directly(town, path, User_Agent=BROWSER, X_Forwarded_For=f"198.51.100.{100 + number}")
            assert answer.status == 302
        assert held(town) == before
    assert await _until_there_are(town, path, visits + 5) == visits + 5
    assert (await town.press(LENA, PRODUCT, message, "open_share"))["view"] is not None
    with contextlib.closing(sqlite3.connect(town.data / "vouch.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_jobs_that_were_due_while_it_was_locked_are_done_once_afterwards(town: TownApart) -> None:
    post_id, message = await announce(town, "Redrawn after the lock")
    await town.share(OMAR, message, "I kept this one for after lunch, and lunch was locked away for a while.")
    async with _locked(town):
        await town.ask("clock", advance_s=90)
        await asyncio.sleep(2)
    await town.settle()
    (card,) = [one for one in await town.messages(PRODUCT, NADIA) if one["ts"] == message["ts"]]
    assert "1 colleague" in str(card["blocks"])
    assert town.rows("SELECT count(*) FROM job WHERE state IN ('failed', 'uncertain')") == [(0,)]
    assert town.rows("SELECT count(*) FROM announcement WHERE post_id = ?", post_id) == [(1,)]
