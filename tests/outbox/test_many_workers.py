"""Many workers on one PostgreSQL: each job once, lanes in order, limits and leases over all of them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, text, update

from bot.core.errors import TryLater
from bot.core.jobs import AnnounceIn, JobState, RefreshAnnouncement
from bot.worker import LONGEST_SLEEP_AMONG_OTHERS, process_name
from handlers.context import Outside
from storage.listening import JobNews
from storage.models import JobRow, Lane
from storage.queries import claims, outbox
from storage.queries.limits import Claim, Limit
from tests.handlers.conftest import World
from tests.outbox.conftest import NewProcess
from tests.outbox.working import UNFELT, Calls, add_jobs, is_quiet, rows_of, until, work_off, working

pytestmark = pytest.mark.postgres

MINUTE = timedelta(minutes=1)
CLAIM = Claim(
    owner="",
    most=16,
    lease=MINUTE,
    pools={"post": Limit(pause=MINUTE, burst=5)},
    lanes={"post": Limit(pause=MINUTE)},
)


async def _claim(process: World, name: str, **changes: object) -> list[claims.Claimed]:
    claim = replace(CLAIM, owner=name, **changes)  # type: ignore[arg-type]
    async with process.sessions.begin() as session:
        return list((await claims.claim_jobs(session, claim, now=process.clock.now())).jobs)


async def _prepare(process: World) -> None:
    async with process.sessions.begin() as session:
        await claims.add_pools(session, CLAIM)


def _unfelt(process: World) -> World:
    return replace(process, programme=replace(process.programme, paces={"slack": UNFELT}))


async def test_no_limit_is_passed_by_several_that_claim_at_once(new_process: NewProcess) -> None:
    processes = [new_process() for _ in range(4)]
    await _prepare(processes[0])
    for number in range(12):
        await add_jobs(processes[0], AnnounceIn(announcement_id=number), lane=f"C{number % 6}")
    found = await asyncio.gather(*(_claim(one, f"p{number}") for number, one in enumerate(processes)))
    started = [one.lane for claimed in found for one in claimed]
    assert len(started) == 5  # the pool's burst
    assert len(set(started)) == 5  # each lane once, though no lane had a row before


async def test_each_job_is_done_once_and_each_lane_in_its_order_whoever_does_it(new_process: NewProcess) -> None:
    processes = [_unfelt(new_process()) for _ in range(3)]
    chance = Random(5)  # noqa: S311 - the same each time
    lanes = {number: f"C{chance.randrange(8)}" for number in range(120)}
    busy: dict[str, int] = defaultdict(int)
    done: dict[str, list[int]] = defaultdict(list)

    async def draw(_out: Outside, job: RefreshAnnouncement) -> None:
        lane = lanes[job.announcement_id]
        busy[lane] += 1
        assert busy[lane] == 1, "two of a lane at once"
        await asyncio.sleep(chance.random() / 500)
        busy[lane] -= 1
        done[lane].append(job.announcement_id)

    for number, lane in lanes.items():
        await add_jobs(processes[0], RefreshAnnouncement(announcement_id=number), lane=lane)
    rows = await work_off(processes, draw)
    assert {row.state for row in rows} == {"done"}
    assert {row.tries for row in rows} == {1}
    assert done == {lane: [number for number in lanes if lanes[number] == lane] for lane in set(lanes.values())}


async def test_what_comes_first_is_settled_once_it_is_ones_turn_to_claim(new_process: NewProcess) -> None:
    slow, quick = new_process(), new_process()
    await _prepare(slow)
    await add_jobs(slow, AnnounceIn(announcement_id=1), lane="C1")
    async with slow.sessions.begin() as session:
        await session.execute(select(Lane.name).with_for_update())
        waiting = asyncio.create_task(_claim(quick, "quick"))
        await until(lambda: _is_waiting_for_a_lock(slow))
        await add_jobs(slow, AnnounceIn(announcement_id=2), lane="C1", priority=-1)
    (claimed,) = await waiting
    assert claimed.held == '{"announcement_id":2}'


async def _is_waiting_for_a_lock(process: World) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with process.sessions.reading() as session:
        return bool(await session.scalar(waiting))


async def test_a_lease_goes_by_the_clock_of_the_database_however_wrong_that_of_a_process_is(
    new_process: NewProcess,
) -> None:
    early, late = new_process(), new_process()
    early.clock.advance(-timedelta(days=9))
    late.clock.advance(timedelta(days=9))
    await _prepare(early)
    await add_jobs(early, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=1))
    assert len(await _claim(early, "early")) == 2
    assert await _take_over(late, "late") == []
    async with early.sessions.begin() as session:
        await session.execute(update(JobRow).values(lease_until=text("clock_timestamp() - interval '1 second'")))
    assert await _take_over(early, "early") == []  # never from itself
    assert await _take_over(late, "late") == [1, 2]
    assert [row.state for row in await rows_of(late)] == ["uncertain", "queued"]


async def _take_over(process: World, name: str) -> Sequence[int]:
    async with process.sessions.begin() as session:
        return await outbox.take_over(
            session, repeatable=["refresh_announcement"], owner=name, now=process.clock.now(), is_alone=False
        )


async def test_a_process_that_is_gone_is_replaced_by_another(new_process: NewProcess) -> None:
    dead, alive = new_process(), _unfelt(new_process())
    await _prepare(dead)
    await add_jobs(dead, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=2))
    await _claim(dead, process_name(), lease=timedelta(milliseconds=1))
    calls = Calls()
    async with working(alive, calls) as worker:
        worker.lease = timedelta(milliseconds=90)  # looked at three times as often
        await until(lambda: is_quiet(alive))
    assert [row.state for row in await rows_of(alive)] == ["uncertain", "done"]
    assert calls.asked == [RefreshAnnouncement(announcement_id=2)]


async def test_a_run_that_another_took_over_can_neither_end_nor_record_it(new_process: NewProcess) -> None:
    first, second = new_process(), new_process()
    await _prepare(first)
    await add_jobs(first, RefreshAnnouncement(announcement_id=1), RefreshAnnouncement(announcement_id=2))
    lost, kept = await _claim(first, "first")
    async with second.sessions.begin() as session:
        await session.execute(update(JobRow).where(JobRow.id == lost.id).values(owner="second"))
    async with first.sessions.begin() as session:
        ended = await outbox.finish_done(session, [lost.id, kept.id], owner="first", now=first.clock.now())
    assert ended == {kept.id}
    assert [row.state for row in await rows_of(first)] == ["running", "done"]


async def test_too_much_for_one_is_too_much_for_all(new_process: NewProcess) -> None:
    told, other = new_process(), new_process()
    await add_jobs(told, AnnounceIn(announcement_id=1))
    await work_off(told, Calls(TryLater(MINUTE)))
    await add_jobs(told, AnnounceIn(announcement_id=2), lane="C2")
    calls = Calls()
    async with working(other, calls):
        await add_jobs(other, RefreshAnnouncement(announcement_id=3))
        await until(lambda: _is_done(other, 3))
    assert calls.asked == [RefreshAnnouncement(announcement_id=3)]


async def _is_done(process: World, job_id: int) -> bool:
    return any(row.id == job_id and row.state == "done" for row in await rows_of(process))


async def test_jobs_that_somebody_is_changing_hold_up_no_others(new_process: NewProcess) -> None:
    clicking, claiming = new_process(), new_process()
    await _prepare(clicking)
    for number in range(3):
        await add_jobs(clicking, AnnounceIn(announcement_id=number), lane=f"C{number}")
    async with clicking.sessions.begin() as session:
        await session.execute(update(JobRow).where(JobRow.id == 2).values(state=JobState.DROPPED))
        assert [one.id for one in await _claim(claiming, "p")] == [1, 3]


NEWS = "FROM pg_stat_activity WHERE application_name = 'vouch news' AND datname = current_database()"


async def test_news_of_jobs_reach_other_processes_at_once_and_again_after_the_connections_were_cut(
    new_process: NewProcess,
) -> None:
    here, there = new_process(), new_process()
    telling, hearing = JobNews(here.sessions, name="here"), JobNews(there.sessions, name="there")
    heard, own = asyncio.Event(), asyncio.Event()
    hearing.on_news.append(heard.set)
    telling.on_news.append(own.set)
    for one in (telling, hearing):
        await one.start()
    for _ in range(2):
        await _hears(heard)  # of what may have been missed
        await _hears(own)
        await add_jobs(here, AnnounceIn(announcement_id=1))
        await _hears(heard)
        assert not own.is_set()
        async with here.sessions.begin() as session:
            await session.execute(text(f"SELECT pg_terminate_backend(pid) {NEWS}"))
    for one in (telling, hearing):
        await one.stop()
    async with here.sessions.reading() as session:
        assert await session.scalar(text(f"SELECT count(*) {NEWS}")) == 0


async def test_a_job_starts_in_another_process_right_after_its_commit(new_process: NewProcess) -> None:
    here, there = new_process(), _unfelt(new_process())
    telling, hearing = JobNews(here.sessions, name="here"), JobNews(there.sessions, name="there")
    connected, started = asyncio.Event(), asyncio.Event()

    async def draw(_out: Outside, _job: RefreshAnnouncement) -> None:
        started.set()

    async with working(there, draw) as worker:
        for one in (telling, hearing):
            one.on_news += [connected.set, worker.wake]
            await one.start()
            await _hears(connected)
        for number in range(3):
            await until(lambda: is_quiet(there))
            await add_jobs(here, RefreshAnnouncement(announcement_id=number))
            await _hears(started)
        for one in (telling, hearing):
            await one.stop()


async def _hears(heard: asyncio.Event) -> None:
    """Return once it is set, and let it be set anew; a worker that looks by itself would take longer."""
    async with asyncio.timeout(LONGEST_SLEEP_AMONG_OTHERS / 2):
        await heard.wait()
    heard.clear()
