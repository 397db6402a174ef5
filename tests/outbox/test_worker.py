"""The worker does each job once, within the limits, and never repeats what may have been done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.jobs import AnnounceIn, CreditVisits, Job, JobState, RefreshAnnouncement, pool_name
from bot.core.programme import Pace
from bot.worker import POST_BURST, JobHandler, Worker, limits_of
from handlers.context import Outside, Record
from storage.models import JobRow, Lane
from storage.queries import outbox
from storage.queries.jobs import Plan, add_job
from tests.handlers.conftest import NOW, World

Work = Callable[[Outside, Any], Awaitable[Record | None]]


class Calls:
    """A job handler that remembers what it was asked, and answers what it is told."""

    def __init__(self, *answers: Exception | Record | None) -> None:
        self.answers = list(answers)
        self.asked: list[Job] = []

    async def __call__(self, out: Outside, job: Any) -> Record | None:  # noqa: ANN401
        self.asked.append(job)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


async def _add(world: World, *jobs: Job, lane: str = "", priority: int = 0) -> None:
    async with world.sessions.begin() as session:
        for job in jobs:
            await add_job(session, job, now=world.clock.now(), plan=Plan(lane=lane, priority=priority))


async def _rows(world: World) -> list[JobRow]:
    async with world.sessions.reading() as session:
        return list(await session.scalars(select(JobRow).order_by(JobRow.id)))


@asynccontextmanager
async def _working(world: World, handler: JobHandler) -> AsyncIterator[Worker]:
    handlers = {AnnounceIn: handler, RefreshAnnouncement: handler, CreditVisits: handler}
    worker = Worker(out=world.out, handlers=handlers, is_alone=True)
    world.sessions.on_jobs.append(worker.wake)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 - the database says so, no event does
            await asyncio.sleep(0.01)


async def _work_off(world: World, handler: JobHandler) -> list[JobRow]:
    """Work until nothing is due or running, and return all jobs."""

    async def is_quiet() -> bool:
        async with world.sessions.reading() as session:
            counts = await outbox.count_jobs(session, now=world.clock.now())
        return counts["due"] == counts["running"] == 0

    async with _working(world, handler):
        await _until(is_quiet)
    return await _rows(world)


async def test_a_job_is_done_once_and_its_record_is_written_with_its_end(world: World) -> None:
    async def record(session: AsyncSession) -> None:
        session.add(Lane(name="proof", next_at=NOW))

    await _add(world, AnnounceIn(announcement_id=1))
    calls = Calls(record)
    (row,) = await _work_off(world, calls)
    assert (row.state, row.tries, len(calls.asked)) == ("done", 1, 1)
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof") is not None


async def test_a_platform_that_is_busy_is_asked_again_when_it_said_so(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    calls = Calls(TryLater(timedelta(seconds=30)))
    (row,) = await _work_off(world, calls)
    assert (row.state, row.run_at, row.error) == ("queued", NOW + timedelta(seconds=30), "ratelimited")
    async with world.sessions.reading() as session:
        counts = await outbox.count_jobs(session, now=world.clock.now())
    assert (counts["held_back"], counts["waiting"]) == (1, 0)
    world.clock.advance(timedelta(seconds=31))
    (row,) = await _work_off(world, calls)
    assert (row.state, len(calls.asked)) == ("done", 2)


async def test_being_told_to_slow_down_holds_back_everything_of_that_kind(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    calls = Calls(TryLater(timedelta(seconds=30)))
    await _work_off(world, calls)
    await _add(world, AnnounceIn(announcement_id=2), CreditVisits())
    async with _working(world, calls):
        await _until(lambda: _is(world, 3, "done"))
    assert [row.state for row in await _rows(world)] == ["queued", "queued", "done"]


async def _is(world: World, job_id: int, state: str) -> bool:
    return any(row.id == job_id and row.state == state for row in await _rows(world))


async def test_a_refusal_is_final_and_keeps_its_reason(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    (row,) = await _work_off(world, Calls(Refused("channel_not_found")))
    assert (row.state, row.error) == ("failed", "channel_not_found")


async def test_an_uncertain_post_is_never_repeated(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    calls = Calls(Uncertain("no_answer"))
    (row,) = await _work_off(world, calls)
    world.clock.advance(timedelta(days=1))
    await _work_off(world, calls)
    assert (row.state, len(calls.asked)) == ("uncertain", 1)


async def test_a_defect_after_a_post_may_have_left_is_uncertain_but_a_redrawing_is_repeated(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=1))
    said, drawn = await _work_off(world, Calls(ValueError("broken"), ValueError("broken")))
    assert (said.state, said.error) == ("uncertain", "ValueError")
    assert drawn.state == "queued"
    assert drawn.run_at > NOW


async def test_retries_are_bounded(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    calls = Calls(*[TryLater(timedelta(seconds=1), "unreachable")] * 20)
    for _ in range(20):
        await _work_off(world, calls)
        world.clock.advance(timedelta(hours=1))
    (row,) = await _rows(world)
    assert (row.state, row.error, len(calls.asked)) == ("failed", "unreachable", 8)


async def test_being_told_to_wait_uses_up_no_try(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1))
    waits = [TryLater(timedelta(seconds=1)), TryLater(timedelta(hours=13), "quiet_hours")] * 6
    calls = Calls(*waits, TryLater(timedelta(seconds=1), "unreachable"))
    for _ in range(14):
        await _work_off(world, calls)
        world.clock.advance(timedelta(hours=14))
    (row,) = await _rows(world)
    assert (row.state, row.tries, len(calls.asked)) == ("done", 2, 14)


async def test_of_the_same_redrawing_only_the_newest_failure_is_listed_and_none_after_it_worked(world: World) -> None:
    calls = Calls(Refused("is_archived"), Refused("is_archived"), Refused("is_archived"))
    for number in (1, 2, 1, 1):
        await _add(world, RefreshAnnouncement(announcement_id=number))
        await _work_off(world, calls)
        world.clock.advance(timedelta(minutes=1))
    assert [row.state for row in await _rows(world)] == ["dropped", "failed", "dropped", "done"]


async def test_after_a_stop_posts_that_were_being_sent_are_uncertain_and_redrawings_go_again(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1), RefreshAnnouncement(announcement_id=1))
    async with world.sessions.begin() as session:
        values = {"state": JobState.RUNNING, "owner": "dead", "lease_until": NOW + timedelta(seconds=60)}
        await session.execute(update(JobRow).values(**values))
    calls = Calls()
    said, drawn = await _work_off(world, calls)
    assert (said.state, said.error) == ("uncertain", "stopped while sending")
    assert drawn.state == "done"
    assert calls.asked == [RefreshAnnouncement(announcement_id=1)]


async def test_one_channel_gets_one_post_a_second_and_others_do_not_wait_for_it(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2), lane="C1")
    await _add(world, AnnounceIn(announcement_id=3), lane="C2")
    calls = Calls()
    async with _working(world, calls):
        await _until(lambda: _is(world, 3, "done"))
    assert calls.asked == [AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=3)]
    world.clock.advance(timedelta(seconds=1))
    await _work_off(world, calls)
    assert calls.asked[-1] == AnnounceIn(announcement_id=2)


async def test_what_waits_in_one_lane_or_pool_holds_up_no_other(world: World) -> None:
    await _add(world, *(RefreshAnnouncement(announcement_id=number) for number in range(300)))
    await _add(world, *(AnnounceIn(announcement_id=number) for number in range(300)), lane="C1")
    world.clock.advance(timedelta(seconds=1))
    await _add(world, AnnounceIn(announcement_id=1000), lane="C2")
    await _add(world, CreditVisits())
    async with _working(world, Calls()):
        await _until(lambda: _is(world, 602, "done"))
        await _until(lambda: _is(world, 601, "done"))
    waiting = [row for row in await _rows(world) if row.state == "queued"]
    assert len(waiting) > 590


async def test_what_happens_in_one_channel_happens_in_order(world: World) -> None:
    first_runs, go_on = asyncio.Event(), asyncio.Event()
    drawn: list[int] = []

    async def draw(_out: Outside, job: RefreshAnnouncement) -> None:
        if job.announcement_id == 1:
            first_runs.set()
            await go_on.wait()
        drawn.append(job.announcement_id)

    await _add(world, RefreshAnnouncement(announcement_id=1), lane="C1")
    async with _working(world, draw):
        await first_runs.wait()
        await _add(world, RefreshAnnouncement(announcement_id=2), lane="C1", priority=-100)
        await _add(world, RefreshAnnouncement(announcement_id=3), lane="C2")
        await _until(lambda: _is(world, 3, "done"))
        assert drawn == [3]
        go_on.set()
        world.clock.advance(timedelta(seconds=5))
        await _until(lambda: _is(world, 2, "done"))
    assert drawn == [3, 1, 2]


async def test_a_pause_that_the_platform_asked_for_is_kept_in_full_and_never_shortened(world: World) -> None:
    await _add(world, AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2))
    await _work_off(world, Calls(TryLater(timedelta(seconds=60)), TryLater(timedelta(seconds=5))))
    await _add(world, AnnounceIn(announcement_id=3))
    calls = Calls()
    world.clock.advance(timedelta(seconds=59))

    async def is_asked() -> bool:
        return bool(calls.asked)

    async with _working(world, calls) as worker:
        await asyncio.sleep(0.2)
        assert calls.asked == []
        world.clock.advance(timedelta(seconds=1))
        worker.wake()
        await _until(is_asked)


async def test_what_waits_in_the_pool_of_a_platform_that_is_the_first_now_keeps_to_its_limits(world: World) -> None:
    world.sessions.pool_of = lambda pool, lane: pool_name(pool, "slack" if lane else "gone")
    for number in range(POST_BURST):
        await _add(world, AnnounceIn(announcement_id=number), lane=f"C{number}")
    for number in range(POST_BURST):
        await _add(world, AnnounceIn(announcement_id=100 + number))
    async with world.sessions.begin() as session:
        await session.execute(update(JobRow).where(JobRow.id == 1).values(state=JobState.FAILED))
    calls = Calls()
    async with _working(world, calls):
        await _until(lambda: _is(world, POST_BURST + 1, "done"))
    rows = await _rows(world)
    assert {row.pool for row in rows} == {"post"}
    assert sum(row.state == "done" for row in rows) == len(calls.asked) == POST_BURST


async def test_what_is_urgent_goes_first(world: World) -> None:
    await _add(world, RefreshAnnouncement(announcement_id=1), priority=50)
    await _add(world, RefreshAnnouncement(announcement_id=2), priority=0)
    calls = Calls()
    await _work_off(world, calls)
    assert calls.asked == [RefreshAnnouncement(announcement_id=2), RefreshAnnouncement(announcement_id=1)]


async def test_no_minute_holds_more_starts_than_the_platform_allows(world: World) -> None:
    pools, lanes = limits_of({"chat": Pace(posts_a_minute=60)})
    claim = outbox.Claim(owner="me", most=16, lease=timedelta(minutes=1), pools=pools, lanes=lanes)
    async with world.sessions.begin() as session:
        for number in range(200):
            plan = Plan(lane=f"C{number}")
            await add_job(session, AnnounceIn(announcement_id=number), now=world.clock.now(), plan=plan)
    starts = []
    for _ in range(300):
        async with world.sessions.begin() as session:
            claimed = await outbox.claim_jobs(session, claim, now=world.clock.now())
        starts += [world.clock.now()] * len(claimed)
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

    await _add(world, AnnounceIn(announcement_id=1))
    async with _working(world, taken_over):
        await _until(lambda: _is_owned_by(world, "another"))
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof") is None


async def _is_owned_by(world: World, owner: str) -> bool:
    return (await _rows(world))[0].owner == owner


async def test_an_end_is_recorded_once_a_locked_database_is_free_again(world: World) -> None:
    path = world.sessions.url.partition("///")[2]
    other = sqlite3.connect(path, isolation_level=None)

    async def locking(out: Outside, job: AnnounceIn) -> None:
        other.execute("BEGIN EXCLUSIVE")
        asyncio.get_running_loop().call_later(0.3, other.execute, "COMMIT")

    await _add(world, AnnounceIn(announcement_id=1))
    (row,) = await _work_off(world, locking)
    other.close()
    assert (row.state, row.tries) == ("done", 1)


async def test_a_stop_waits_for_what_is_running(world: World) -> None:
    started = asyncio.Event()

    async def slow(out: Outside, job: AnnounceIn) -> None:
        started.set()
        await asyncio.sleep(0.2)

    await _add(world, AnnounceIn(announcement_id=1))
    async with _working(world, slow):
        await started.wait()
    assert (await _rows(world))[0].state == "done"
