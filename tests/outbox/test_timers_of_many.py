"""Three processes keep time over one database, with clocks that differ: whatever falls due is done once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.app import timers_of
from bot.core.programme import Programme
from bot.scheduler import Scheduler
from storage.engine import Sessions
from storage.models import JobRow, Tick
from tests.fakes import FakeClock
from tests.handlers.conftest import programme

__all__ = ["programme"]
pytestmark = pytest.mark.postgres

BEFORE = datetime(2026, 11, 23, 2, 29, tzinfo=UTC)  # a minute before the night's work in Amsterdam


class Fleet:
    """Three schedulers, each with connections and a clock of its own."""

    def __init__(self, url: str, programme: Programme) -> None:
        self.sessions = [Sessions(url) for _ in range(3)]
        self.clocks = [FakeClock(BEFORE) for _ in range(3)]
        timers = timers_of(programme, ("slack",))
        self.schedulers = [
            Scheduler(sessions=one, timers=timers, clock=clock)
            for one, clock in zip(self.sessions, self.clocks, strict=True)
        ]

    async def tick_at(self, times: Sequence[datetime]) -> None:
        """Let all three tick at the same moment, which each takes for another."""
        for clock, at in zip(self.clocks, times, strict=True):
            clock.at = at
        await asyncio.gather(*(one.tick() for one in self.schedulers))

    async def counted(self) -> Counter[str]:
        """Return how often each kind of job was made."""
        async with self.sessions[0].reading() as session:
            return Counter((await session.scalars(select(JobRow.kind))).all())

    async def periods(self) -> int:
        """Return how many periods are noted as done."""
        async with self.sessions[0].reading() as session:
            return len((await session.scalars(select(Tick.period))).all())


@pytest.fixture
async def fleet(postgres_database_url: str, programme: Programme) -> AsyncIterator[Fleet]:
    made = Fleet(postgres_database_url, programme)
    yield made
    for one in made.sessions:
        await one.close()


async def test_what_falls_due_is_done_once_whoever_is_first(fleet: Fleet) -> None:
    await fleet.tick_at([BEFORE] * 3)  # all start at once
    at_start = await fleet.counted()
    assert set(at_start.values()) <= {1}
    for minutes in (1, 2):
        due = BEFORE + timedelta(minutes=minutes)
        await fleet.tick_at([due, due + timedelta(seconds=2), due - timedelta(seconds=2)])
    found = await fleet.counted()
    assert found["forget_old"] - at_start["forget_old"] == 1
    assert found["refresh_roles"] - at_start["refresh_roles"] == 1
    assert found["publish_due"] - at_start["publish_due"] == 2


async def test_a_clock_that_steps_makes_nothing_twice(fleet: Fleet) -> None:
    await fleet.tick_at([BEFORE] * 3)
    night = BEFORE + timedelta(minutes=2)
    await fleet.tick_at([night, BEFORE, BEFORE])  # one is ahead
    await fleet.tick_at([night] * 3)  # the others step forward
    first, done = await fleet.counted(), await fleet.periods()
    await fleet.tick_at([BEFORE - timedelta(hours=1)] * 3)  # all step back
    await fleet.tick_at([night] * 3)
    assert first["forget_old"] == 1
    assert (await fleet.counted(), await fleet.periods()) == (first, done)
