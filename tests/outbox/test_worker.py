"""The worker does each job once, within the limits, and never repeats what may have been done."""

import asyncio
import sqlite3
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.jobs import AnnounceIn, CreditVisits, JobState, RefreshAnnouncement, pool_name
from bot.core.programme import Pace
from bot.worker import POST_BURST, limits_of
from handlers.context import Outside, Record
from storage.models import JobRow, Lane
from storage.queries import claims, outbox
from storage.queries.jobs import Plan, add_job
from storage.queries.limits import Claim
from tests.handlers.conftest import NOW, World
from tests.outbox.working import Calls, add_jobs, pass_time, rows_of, until, work_off, working
from tests.postgres import ON_SQLITE


async def test_a_job_is_done_once_and_its_record_is_written_with_its_end(world: World) -> None:
    async def record(session: AsyncSession) -> None:
        session.add(Lane(name="proof", next_at=NOW))

    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(record)
    (row,) = await work_off(world, calls)
    assert (row.state, row.tries, len(calls.asked)) == ("done", 1, 1)
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof") is not None


async def test_a_platform_that_is_busy_is_asked_again_when_it_said_so(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(TryLater(timedelta(seconds=30)))
    (row,) = await work_off(world, calls)
    assert (row.state, row.run_at, row.error) == ("queued", NOW + timedelta(seconds=30), "ratelimited")
    async with world.sessions.reading() as session:
        counts = await outbox.count_jobs(session, now=world.clock.now())
    assert (counts["held_back"], counts["waiting"]) == (1, 0)
    await pass_time(world, timedelta(seconds=31))
    (row,) = await work_off(world, calls)
    assert (row.state, len(calls.asked)) == ("done", 2)


async def test_being_told_to_slow_down_holds_back_everything_of_that_kind(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(TryLater(timedelta(seconds=30)))
    await work_off(world, calls)
    await add_jobs(world, AnnounceIn(announcement_id=2), CreditVisits())
    async with working(world, calls):
        await until(lambda: _is(world, 3, "done"))
    assert [row.state for row in await rows_of(world)] == ["queued", "queued", "done"]


async def _is(world: World, job_id: int, state: str) -> bool:
    return any(row.id == job_id and row.state == state for row in await rows_of(world))


async def test_a_refusal_is_final_and_keeps_its_reason(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    (row,) = await work_off(world, Calls(Refused("channel_not_found")))
    assert (row.state, row.error) == ("failed", "channel_not_found")


async def test_an_uncertain_post_is_never_repeated(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(Uncertain("no_answer"))
    (row,) = await work_off(world, calls)
    await pass_time(world, timedelta(days=1))
    await work_off(world, calls)
    assert (row.state, len(calls.asked)) == ("uncertain", 1)


async def test_a_defect_after_a_post_may_have_left_is_uncertain_but_a_redrawing_is_repeated(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=1))
    said, drawn = await work_off(world, Calls(ValueError("broken"), ValueError("broken")))
    assert (said.state, said.error) == ("uncertain", "ValueError")
    assert drawn.state == "queued"
    assert drawn.run_at > NOW


async def test_retries_are_bounded(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(*[TryLater(timedelta(seconds=1), "unreachable")] * 10)
    for _ in range(10):
        await work_off(world, calls)
        await pass_time(world, timedelta(hours=1))
    (row,) = await rows_of(world)
    assert (row.state, row.error, len(calls.asked)) == ("failed", "unreachable", 8)


async def test_being_told_to_wait_uses_up_no_try(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    waits = [TryLater(timedelta(seconds=1)), TryLater(timedelta(hours=13), "quiet_hours")] * 2
    calls = Calls(*waits, TryLater(timedelta(seconds=1), "unreachable"))
    for _ in range(6):
        await work_off(world, calls)
        await pass_time(world, timedelta(hours=14))
    (row,) = await rows_of(world)
    assert (row.state, row.tries, len(calls.asked)) == ("done", 2, 6)


async def test_of_the_same_redrawing_only_the_newest_failure_is_listed_and_none_after_it_worked(world: World) -> None:
    calls = Calls(Refused("is_archived"), Refused("is_archived"), Refused("is_archived"))
    for number in (1, 2, 1, 1):
        await add_jobs(world, RefreshAnnouncement(announcement_id=number))
        await work_off(world, calls)
        await pass_time(world, timedelta(minutes=1))
    assert [row.state for row in await rows_of(world)] == ["dropped", "failed", "dropped", "done"]


@ON_SQLITE
async def test_after_a_stop_posts_that_were_being_sent_are_uncertain_and_redrawings_go_again(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=1))
    async with world.sessions.begin() as session:
        values = {"state": JobState.RUNNING, "owner": "dead", "lease_until": NOW + timedelta(seconds=60)}
        await session.execute(update(JobRow).values(**values))
    calls = Calls()
    said, drawn = await work_off(world, calls)
    assert (said.state, said.error) == ("uncertain", "stopped while sending")
    assert drawn.state == "done"
    assert calls.asked == [RefreshAnnouncement(announcement_id=1)]


@ON_SQLITE
async def test_one_channel_gets_one_post_a_second_and_others_do_not_wait_for_it(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2), lane="C1")
    await add_jobs(world, AnnounceIn(announcement_id=3), lane="C2")
    calls = Calls()
    async with working(world, calls):
        await until(lambda: _is(world, 3, "done"))
    assert calls.asked == [AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=3)]
    await pass_time(world, timedelta(seconds=1))
    await work_off(world, calls)
    assert calls.asked[-1] == AnnounceIn(announcement_id=2)


async def test_what_waits_in_one_lane_or_pool_holds_up_no_other(world: World) -> None:
    await add_jobs(world, *(RefreshAnnouncement(announcement_id=number) for number in range(300)))
    await add_jobs(world, *(AnnounceIn(announcement_id=number) for number in range(300)), lane="C1")
    await pass_time(world, timedelta(seconds=1))
    await add_jobs(world, AnnounceIn(announcement_id=1000), lane="C2")
    await add_jobs(world, CreditVisits())
    async with working(world, Calls()):
        await until(lambda: _is(world, 602, "done"))
        await until(lambda: _is(world, 601, "done"))
    waiting = [row for row in await rows_of(world) if row.state == "queued"]
    assert len(waiting) > 500


async def test_what_happens_in_one_channel_happens_in_order(world: World) -> None:
    first_runs, go_on = asyncio.Event(), asyncio.Event()
    drawn: list[int] = []

    async def draw(_out: Outside, job: RefreshAnnouncement) -> None:
        if job.announcement_id == 1:
            first_runs.set()
            await go_on.wait()
        drawn.append(job.announcement_id)

    await add_jobs(world, RefreshAnnouncement(announcement_id=1), lane="C1")
    async with working(world, draw):
        await first_runs.wait()
        await add_jobs(world, RefreshAnnouncement(announcement_id=2), lane="C1", priority=-100)
        await add_jobs(world, RefreshAnnouncement(announcement_id=3), lane="C2")
        await until(lambda: _is(world, 3, "done"))
        assert drawn == [3]
        go_on.set()
        await pass_time(world, timedelta(seconds=5))
        await until(lambda: _is(world, 2, "done"))
    assert drawn == [3, 1, 2]


@ON_SQLITE
async def test_a_pause_that_the_platform_asked_for_is_kept_in_full_and_never_shortened(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2))
    await work_off(world, Calls(TryLater(timedelta(seconds=60)), TryLater(timedelta(seconds=5))))
    await add_jobs(world, AnnounceIn(announcement_id=3))
    calls = Calls()
    await pass_time(world, timedelta(seconds=59))

    async def is_asked() -> bool:
        return bool(calls.asked)

    async with working(world, calls) as worker:
        await asyncio.sleep(0.2)
        assert calls.asked == []
        await pass_time(world, timedelta(seconds=1))
        worker.wake()
        await until(is_asked)


@ON_SQLITE
async def test_what_waits_in_the_pool_of_a_platform_that_is_the_first_now_keeps_to_its_limits(world: World) -> None:
    world.sessions.pool_of = lambda pool, lane: pool_name(pool, "slack" if lane else "gone")
    for number in range(POST_BURST):
        await add_jobs(world, AnnounceIn(announcement_id=number), lane=f"C{number}")
    for number in range(POST_BURST):
        await add_jobs(world, AnnounceIn(announcement_id=100 + number))
    async with world.sessions.begin() as session:
        await session.execute(update(JobRow).where(JobRow.id == 1).values(state=JobState.FAILED))
    calls = Calls()
    async with working(world, calls):
        await until(lambda: _is(world, POST_BURST + 1, "done"))
    rows = await rows_of(world)
    assert {row.pool for row in rows} == {"post"}
    assert sum(row.state == "done" for row in rows) == len(calls.asked) == POST_BURST


async def test_what_is_urgent_goes_first(world: World) -> None:
    await add_jobs(world, RefreshAnnouncement(announcement_id=1), priority=50)
    await add_jobs(world, RefreshAnnouncement(announcement_id=2), priority=0)
    calls = Calls()
    await work_off(world, calls)
    assert calls.asked == [RefreshAnnouncement(announcement_id=2), RefreshAnnouncement(announcement_id=1)]


@ON_SQLITE
async def test_no_minute_holds_more_starts_than_the_platform_allows(world: World) -> None:
    pools, lanes = limits_of({"chat": Pace(posts_a_minute=60)})
    claim = Claim(owner="me", most=16, lease=timedelta(minutes=1), pools=pools, lanes=lanes)
    async with world.sessions.begin() as session:
        await claims.add_pools(session, claim)
        for number in range(200):
            plan = Plan(lane=f"C{number}")
            await add_job(session, AnnounceIn(announcement_id=number), now=world.clock.now(), plan=plan)
    starts = []
    for _ in range(300):
        async with world.sessions.begin() as session:
            claimed = await claims.claim_jobs(session, claim, now=world.clock.now())
        starts += [world.clock.now()] * len(claimed.jobs)
        world.clock.advance(timedelta(milliseconds=400))
    busiest = max(sum(first <= other < first + timedelta(minutes=1) for other in starts) for first in starts)
    assert busiest <= 60
    assert len(starts) >= 0.9 * 120


async def test_a_run_that_lost_its_lease_records_nothing(world: World) -> None:
    async def record(session: AsyncSession) -> None:
        session.add(Lane(name="proof", next_at=NOW))

    async def taken_over(out: Outside, job: AnnounceIn) -> Record:
        async with world.sessions.begin() as session:
            await session.execute(update(JobRow).values(owner="another"))
        return record

    await add_jobs(world, AnnounceIn(announcement_id=1))
    async with working(world, taken_over):
        await until(lambda: _is_owned_by(world, "another"))
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof") is None


async def _is_owned_by(world: World, owner: str) -> bool:
    return (await rows_of(world))[0].owner == owner


@ON_SQLITE
async def test_an_end_is_recorded_once_a_locked_database_is_free_again(world: World) -> None:
    path = world.sessions.url.partition("///")[2]
    other = sqlite3.connect(path, isolation_level=None)

    async def locking(out: Outside, job: AnnounceIn) -> None:
        other.execute("BEGIN EXCLUSIVE")
        asyncio.get_running_loop().call_later(0.3, other.execute, "COMMIT")

    await add_jobs(world, AnnounceIn(announcement_id=1))
    (row,) = await work_off(world, locking)
    other.close()
    assert (row.state, row.tries) == ("done", 1)


async def test_a_stop_waits_for_what_is_running(world: World) -> None:
    started = asyncio.Event()

    async def slow(out: Outside, job: AnnounceIn) -> None:
        started.set()
        await asyncio.sleep(0.2)

    await add_jobs(world, AnnounceIn(announcement_id=1))
    async with working(world, slow):
        await started.wait()
    assert (await rows_of(world))[0].state == "done"
