"""What tests of the worker have in common: jobs to add, a handler that remembers, a worker at work, rows to look at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Interval, literal, select, update

from bot.core.jobs import AnnounceIn, CreditVisits, Job, RefreshAnnouncement
from bot.core.programme import Pace
from bot.worker import JobHandler, Worker
from handlers.context import Outside, Record, SessionMaker
from storage.models import JobRow, Lane
from storage.queries import outbox
from storage.queries.jobs import Plan, add_job
from tests.handlers.conftest import World

UNFELT = Pace(posts_a_minute=1_000_000, updates_a_minute=1_000_000, channel_pause=timedelta(0))


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


async def add_jobs(world: World, *jobs: Job, lane: str = "", priority: int = 0) -> None:
    """Add jobs that are due."""
    async with world.sessions.begin() as session:
        for job in jobs:
            await add_job(session, job, now=world.clock.now(), plan=Plan(lane=lane, priority=priority))


async def pass_time(world: World, by: timedelta) -> None:
    """Let time pass, also on the clock by which the limits go: on PostgreSQL that is the database's own."""
    world.clock.advance(by)
    if not world.sessions.is_sqlite:
        async with world.sessions.begin() as session:
            await session.execute(update(Lane).values(next_at=Lane.next_at - literal(by, Interval)))


async def rows_of(world: World) -> list[JobRow]:
    """Return every job, by its number."""
    async with world.sessions.reading() as session:
        return list(await session.scalars(select(JobRow).order_by(JobRow.id)))


@asynccontextmanager
async def working(world: World, handler: JobHandler, *, sessions: SessionMaker | None = None) -> AsyncIterator[Worker]:
    """Yield a worker that is at work, on `sessions` in place of the world's own if they are given."""
    handlers = {AnnounceIn: handler, RefreshAnnouncement: handler, CreditVisits: handler}
    out = replace(world.out, sessions=sessions or world.sessions)
    worker = Worker(out=out, handlers=handlers, is_alone=world.sessions.is_sqlite)
    world.sessions.on_jobs.append(worker.wake)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task
        world.sessions.on_jobs.remove(worker.wake)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once `condition` holds; a machine that is busy with other things may take its time."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - the database says so, no event does
            await asyncio.sleep(0.01)


async def is_quiet(world: World) -> bool:
    """Say whether nothing is due or running."""
    async with world.sessions.reading() as session:
        counts = await outbox.count_jobs(session, now=world.clock.now())
    return counts["due"] == counts["running"] == 0


async def work_off(
    worlds: World | Sequence[World], handler: JobHandler, *, sessions: SessionMaker | None = None
) -> list[JobRow]:
    """Let a worker of each world work until nothing is due or running, and return all jobs."""
    each = [worlds] if isinstance(worlds, World) else worlds
    async with AsyncExitStack() as at_work:
        for world in each:
            await at_work.enter_async_context(working(world, handler, sessions=sessions))
        await until(lambda: is_quiet(each[0]))
    return await rows_of(each[0])
