"""Each period of a timer is done once, also after a stop, by however many processes, and when the clocks change."""

import asyncio
import sqlite3
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.core.jobs import CreditVisits, ForgetOld, Job, JobState, PostBoard, unpack_job
from bot.core.timing import Daily, DuePeriod, EveryMinutes, Schedule, Weekly
from bot.scheduler import Scheduler, Timer
from storage.engine import Sessions, sqlite_url
from storage.models import JobRow, Tick
from storage.queries.jobs import list_stuck
from tests.fakes import FakeClock
from tests.tables import add_tables

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY_NINE = Weekly(weekday=0, at=time(9), zone=AMSTERDAM)
SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOARD_TIME = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 9:00 in Amsterdam, in winter


def board_timer(*, max_age: timedelta = timedelta(hours=24), schedule: Schedule = MONDAY_NINE) -> Timer:
    """Return a timer that posts a board in C1, makes up for missed ones, and is late by at most `max_age`."""

    def make(period: DuePeriod) -> Job:
        return PostBoard(channel_ref="C1", until=period.due_at.isoformat())

    return Timer(name="board-C1", schedule=schedule, make=make, max_age=max_age, lane="C1", makes_up=True)


def scheduler_at(sessions: Sessions, now: datetime, *timers: Timer) -> tuple[Scheduler, FakeClock]:
    """Return a scheduler, as a process starting at `now` makes it, and its clock."""
    clock = FakeClock(now)
    return Scheduler(sessions=sessions, timers=timers or (board_timer(),), clock=clock), clock


async def jobs_of(sessions: Sessions) -> list[tuple[Job, str]]:
    """Return every job and its state, oldest first."""
    async with sessions.reading() as session:
        rows = (await session.scalars(select(JobRow).order_by(JobRow.id))).all()
    return [(unpack_job(row.kind, row.held), row.state) for row in rows]


def board(due_at: datetime) -> PostBoard:
    return PostBoard(channel_ref="C1", until=due_at.isoformat())


async def test_a_board_is_added_at_its_time_and_not_before(sessions: Sessions) -> None:
    scheduler, clock = scheduler_at(sessions, BOARD_TIME - timedelta(seconds=30))
    await scheduler.tick()
    assert await jobs_of(sessions) == []
    clock.advance(timedelta(seconds=60))
    await scheduler.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.QUEUED)]


async def test_however_often_it_ticks_a_period_is_done_once(sessions: Sessions) -> None:
    scheduler, clock = scheduler_at(sessions, BOARD_TIME)
    for _ in range(3):
        await scheduler.tick()
        clock.advance(timedelta(seconds=20))
    clock.advance(timedelta(days=6))
    await scheduler.tick()
    assert len(await jobs_of(sessions)) == 1
    clock.advance(timedelta(days=1))
    await scheduler.tick()
    assert [job for job, _ in await jobs_of(sessions)] == [board(BOARD_TIME), board(BOARD_TIME + timedelta(days=7))]


async def test_two_processes_at_once_add_it_once(sessions: Sessions) -> None:
    first, _ = scheduler_at(sessions, BOARD_TIME)
    second, _ = scheduler_at(sessions, BOARD_TIME + timedelta(seconds=3))
    await asyncio.gather(first.tick(), second.tick(), first.tick(), second.tick())
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.QUEUED)]


async def test_a_job_takes_its_lane_from_the_timer(sessions: Sessions) -> None:
    scheduler, _ = scheduler_at(sessions, BOARD_TIME)
    await scheduler.tick()
    async with sessions.reading() as session:
        assert (await session.scalars(select(JobRow.lane))).all() == ["C1"]


async def test_a_board_missed_while_stopped_is_made_up_for_once(sessions: Sessions) -> None:
    before, _ = scheduler_at(sessions, SUNDAY)
    await before.tick()
    after, clock = scheduler_at(sessions, BOARD_TIME + timedelta(hours=5))
    await after.tick()
    clock.advance(timedelta(minutes=1))
    await after.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.QUEUED)]


async def test_a_board_missed_for_too_long_is_skipped_and_admins_see_why(sessions: Sessions) -> None:
    before, _ = scheduler_at(sessions, SUNDAY)
    await before.tick()
    after, _ = scheduler_at(sessions, BOARD_TIME + timedelta(hours=25))
    await after.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.FAILED)]
    async with sessions.reading() as session:
        (stuck,), total = await list_stuck(session)
    assert (stuck.error, total) == ("skipped: too late", 1)


async def test_of_two_missed_boards_the_older_is_skipped_and_the_newer_made_up_for(sessions: Sessions) -> None:
    before, _ = scheduler_at(sessions, SUNDAY)
    await before.tick()
    second = BOARD_TIME + timedelta(days=7)
    after, _ = scheduler_at(sessions, second + timedelta(hours=1))
    await after.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.FAILED), (board(second), JobState.QUEUED)]


async def test_a_new_installation_makes_up_for_nothing(sessions: Sessions) -> None:
    scheduler, _ = scheduler_at(sessions, BOARD_TIME + timedelta(hours=2))
    await scheduler.tick()
    assert await jobs_of(sessions) == []


@pytest.mark.parametrize(
    ("day", "in_utc"),
    [
        ("2026-03-23", "08:00"),  # winter
        ("2026-03-30", "07:00"),  # the day after the clocks went forward
        ("2026-10-19", "07:00"),  # summer
        ("2026-10-26", "08:00"),  # the day after they went back
    ],
)
async def test_a_board_keeps_its_hour_when_the_clocks_change(sessions: Sessions, day: str, in_utc: str) -> None:
    due = datetime.fromisoformat(f"{day}T{in_utc}+00:00")
    scheduler, clock = scheduler_at(sessions, due - timedelta(days=2))
    await scheduler.tick()
    clock.at = due - timedelta(seconds=1)
    await scheduler.tick()
    assert await jobs_of(sessions) == []
    clock.at = due
    await scheduler.tick()
    assert await jobs_of(sessions) == [(board(due), JobState.QUEUED)]


@pytest.mark.parametrize(
    ("day", "at"),
    [
        ("2026-03-29", time(2, 30)),  # a time that does not exist
        ("2026-10-25", time(2, 30)),  # a time that comes twice
    ],
)
async def test_a_time_that_is_skipped_or_comes_twice_still_happens_once(sessions: Sessions, day: str, at: time) -> None:
    start = datetime.fromisoformat(f"{day}T00:00+01:00").astimezone(UTC) - timedelta(hours=2)
    timer = board_timer(schedule=Daily(at=at, zone=AMSTERDAM))
    scheduler, clock = scheduler_at(sessions, start, timer)
    await scheduler.tick()
    for _ in range(10 * 4):
        clock.advance(timedelta(minutes=15))
        await scheduler.tick()
    assert len(await jobs_of(sessions)) == 1


async def test_housekeeping_missed_for_days_is_done_once_and_never_listed_as_failed(sessions: Sessions) -> None:
    nightly = Timer(name="forget_old", schedule=Daily(at=time(3, 30), zone=AMSTERDAM), make=lambda _: ForgetOld())
    every_minute = Timer(name="credit_visits", schedule=EveryMinutes(minutes=1), make=lambda _: CreditVisits())
    before, _ = scheduler_at(sessions, SUNDAY, nightly)
    await before.tick()
    after, _ = scheduler_at(sessions, SUNDAY + timedelta(days=5), nightly, every_minute)
    await after.tick()
    assert await jobs_of(sessions) == [(ForgetOld(), JobState.QUEUED), (CreditVisits(), JobState.QUEUED)]


async def test_tick_and_job_are_committed_together_or_not_at_all(sessions: Sessions) -> None:
    def fail(period: DuePeriod) -> Job:
        raise LookupError(period.key)

    broken = Timer(name="board-C1", schedule=MONDAY_NINE, make=fail, makes_up=True)
    scheduler, _ = scheduler_at(sessions, BOARD_TIME, broken)
    with pytest.raises(LookupError):
        await scheduler.tick()
    async with sessions.reading() as session:
        assert (await session.scalars(select(Tick.name))).all() == []
    mended, _ = scheduler_at(sessions, BOARD_TIME)
    await mended.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.QUEUED)]


async def test_a_database_that_is_locked_is_made_up_for_by_the_next_tick(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = Sessions(sqlite_url(tmp_path))
    await add_tables(sessions)
    other = sqlite3.connect(tmp_path / "vouch.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    scheduler, _ = scheduler_at(sessions, BOARD_TIME)
    await scheduler.tick()
    assert "the next tick makes up for it" in caplog.text
    other.close()
    await scheduler.tick()
    assert await jobs_of(sessions) == [(board(BOARD_TIME), JobState.QUEUED)]
    await sessions.close()


async def test_it_ticks_by_itself_until_it_is_stopped(sessions: Sessions) -> None:
    scheduler, _ = scheduler_at(sessions, BOARD_TIME)
    scheduler.start()
    assert [job.trigger.interval for job in scheduler._scheduler.get_jobs()] == [timedelta(seconds=60)]
    scheduler.stop()
    await asyncio.sleep(0)  # the library stops in a turn of its own
    scheduler.stop()
