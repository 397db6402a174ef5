"""A database that goes away at the worst moment: what was committed is found out, and nothing is done twice."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import NOT_REACHED, RATE_LIMITED, TryLater
from bot.core.jobs import AnnounceIn, RefreshAnnouncement
from bot.endings import PATIENCE
from handlers.context import Outside, Record
from storage.engine import Sessions
from storage.models import JobRow, Lane
from tests.handlers.conftest import NOW, World
from tests.outbox.working import Calls, add_jobs, is_quiet, pass_time, rows_of, until, work_off, working


@dataclass
class LossySessions:
    """Transactions whose next commit that leaves a job in state `after` is done, but its answer is lost."""

    inner: Sessions
    after: str
    losses: int = 1
    lost: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def begin(self, *, is_next: bool = False) -> AsyncIterator[AsyncSession]:
        """Open one writing transaction."""
        async with self.inner.begin() as session:
            yield session
        if len(self.lost) < self.losses and self.after in await self._states():
            self.lost.append(self.after)
            raise OperationalError("COMMIT", None, ConnectionResetError("cut"))

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open one reading transaction."""
        return self.inner.reading()

    async def _states(self) -> set[str]:
        async with self.inner.reading() as session:
            return {row.state for row in [await session.get(JobRow, 1)] if row is not None}


def record_of(name: str) -> Record:
    """Return what records a row that can be there but once."""

    async def record(session: AsyncSession) -> None:
        session.add(Lane(name=name, next_at=NOW))

    return record


async def test_a_claim_whose_answer_was_lost_is_given_back_and_done_once(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    lossy, calls = LossySessions(world.sessions, after="running"), Calls(record_of("proof"))
    (row,) = await work_off(world, calls, sessions=lossy)
    assert lossy.lost == ["running"]
    assert (row.state, row.tries, len(calls.asked)) == ("done", 1, 1)


async def test_an_end_whose_answer_was_lost_is_recorded_once(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    lossy, calls = LossySessions(world.sessions, after="done"), Calls(record_of("proof"))
    (row,) = await work_off(world, calls, sessions=lossy)
    assert lossy.lost == ["done"]
    assert (row.state, len(calls.asked)) == ("done", 1)
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof") is not None


async def test_a_job_does_not_start_again_before_it_is_known_that_its_last_run_is_recorded(world: World) -> None:
    """It is queued again by a commit whose answer is lost; the end that is tried again must not end the next run."""
    await add_jobs(world, AnnounceIn(announcement_id=1))
    at_once = TryLater(timedelta(0), "quiet_hours")
    calls = Calls(at_once, at_once, record_of("proof"))
    lossy = LossySessions(world.sessions, after="queued", losses=2)
    async with working(world, calls, sessions=lossy) as worker:
        worker.wake()
        await until(lambda: is_quiet(world))
    (row,) = await rows_of(world)
    assert (row.state, len(calls.asked), len(lossy.lost)) == ("done", 3, 2)


async def test_whoever_misses_the_database_before_the_call_has_sent_nothing(world: World) -> None:
    await add_jobs(world, AnnounceIn(announcement_id=1))
    calls = Calls(OperationalError("SELECT 1", None, ConnectionRefusedError()))
    (row,) = await work_off(world, calls)
    assert (row.state, row.error) == ("queued", "OperationalError")
    await pass_time(world, timedelta(minutes=1))
    (row,) = await work_off(world, calls)
    assert (row.state, len(calls.asked)) == ("done", 2)


async def test_of_jobs_that_end_together_one_that_cannot_be_recorded_takes_no_other_along(world: World) -> None:
    async def broken(session: AsyncSession) -> None:
        raise ValueError("a defect")

    async def draw(_out: Outside, job: RefreshAnnouncement | AnnounceIn) -> Record:
        return broken if job.announcement_id in (2, 3) else record_of(f"proof {job.announcement_id}")

    await add_jobs(world, *(RefreshAnnouncement(announcement_id=number) for number in (1, 2)))
    await add_jobs(world, *(AnnounceIn(announcement_id=number) for number in (3, 4)))
    rows = await work_off(world, draw)
    assert [(row.state, row.error) for row in rows][2:] == [("uncertain", "ValueError"), ("done", "")]
    assert [row.state for row in rows][:2] == ["done", "failed"]
    async with world.sessions.reading() as session:
        assert await session.get(Lane, "proof 1") is not None
        assert await session.get(Lane, "proof 4") is not None


@pytest.mark.parametrize("code", [RATE_LIMITED, NOT_REACHED])
async def test_what_is_told_to_wait_for_a_day_is_listed_as_failed(world: World, code: str) -> None:
    await add_jobs(world, RefreshAnnouncement(announcement_id=1))
    calls = Calls(*[TryLater(PATIENCE / 2 - timedelta(minutes=1), code)] * 3)
    for _ in range(2):
        (row,) = await work_off(world, calls)
        assert row.state == "queued"
        await pass_time(world, PATIENCE / 2)
    (row,) = await work_off(world, calls)
    assert (row.state, row.error, len(calls.asked)) == ("failed", code, 3)


async def test_a_day_of_waiting_begins_anew_once_the_outside_took_something_again(world: World) -> None:
    await add_jobs(world, RefreshAnnouncement(announcement_id=1))
    held, busy = TryLater(timedelta(hours=1), RATE_LIMITED), TryLater(timedelta(hours=1), "unreachable")
    calls = Calls(held, busy, held)
    for _ in range(3):
        (row,) = await work_off(world, calls)
        assert row.state == "queued"
        await pass_time(world, PATIENCE)
    (row,) = await work_off(world, calls)
    assert row.state == "done"
