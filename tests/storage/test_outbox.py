"""Claims from the outbox on both databases: fair between pools and lanes, one of a lane at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.core.jobs import AnnounceIn, CreditVisits, JobState, RefreshAnnouncement
from storage.engine import Sessions
from storage.models import JobRow
from storage.queries import outbox
from storage.queries.jobs import Plan, add_job
from tests.tables import add_tables

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLAIM = outbox.Claim(
    owner="me",
    most=16,
    lease=MINUTE,
    pools={"post": outbox.Limit(pause=timedelta(seconds=1), burst=5), "update": outbox.Limit(pause=MINUTE)},
    lanes={"post": outbox.Limit(pause=timedelta(seconds=1))},
)


@pytest.fixture
async def sessions(empty: Sessions) -> Sessions:
    """A database of either kind with all tables."""
    await add_tables(empty)
    return empty


async def _claimed(sessions: Sessions, *, now: datetime = NOW) -> list[tuple[str, str]]:
    async with sessions.begin() as session:
        return sorted((one.pool, one.lane) for one in await outbox.claim_jobs(session, CLAIM, now=now))


async def test_each_pool_and_each_lane_gets_its_turn(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for number in range(100):
            await add_job(session, RefreshAnnouncement(announcement_id=number), now=NOW, plan=Plan(lane=f"C{number}"))
            await add_job(session, AnnounceIn(announcement_id=number), now=NOW, plan=Plan(lane="C1"))
        await add_job(session, AnnounceIn(announcement_id=200), now=NOW, plan=Plan(lane="C2"))
        await add_job(session, CreditVisits(), now=NOW)
    assert await _claimed(sessions) == [("inside", ""), ("post", "C1"), ("post", "C2"), ("update", "C0")]
    assert await _claimed(sessions) == []


async def test_only_pools_that_have_no_limits_now_are_put_into_the_first_platforms(sessions: Sessions) -> None:
    claim = replace(CLAIM, pools={**CLAIM.pools, "post@there": CLAIM.pools["post"]})
    states = {
        "post": "queued",
        "post@there": "queued",
        "post@gone": "running",
        "update@gone": "failed",
        "inside": "queued",
    }
    async with sessions.begin() as session:
        for number, (pool, state) in enumerate({**states, "update@over": "done"}.items(), start=1):
            session.info["pool_of"] = lambda _pool, _lane, pool=pool: pool
            await add_job(session, AnnounceIn(announcement_id=number), now=NOW, plan=Plan(lane="C1"))
            await session.execute(update(JobRow).where(JobRow.id == number).values(state=state))
        await outbox.map_pools(session, claim)
        pools = await session.scalars(select(JobRow.pool).order_by(JobRow.id))
    assert list(pools) == ["post", "post@there", "post", "update", "inside", "update@over"]


async def test_nothing_starts_in_a_lane_before_what_runs_there_has_ended(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for number in range(2):
            await add_job(session, AnnounceIn(announcement_id=number), now=NOW, plan=Plan(lane="C1"))
        (running,) = await outbox.claim_jobs(session, CLAIM, now=NOW)
    later = NOW + MINUTE
    assert await _claimed(sessions, now=later) == []
    async with sessions.reading() as session:
        assert await outbox.next_start(session, CLAIM) is None
    async with sessions.begin() as session:
        await outbox.finish_job(session, outbox.Ending(state=JobState.DONE), job_id=running.id, owner="me", now=later)
    async with sessions.reading() as session:
        assert await outbox.next_start(session, CLAIM) == NOW + timedelta(seconds=1)
    assert await _claimed(sessions, now=later) == [("post", "C1")]


async def test_being_held_back_outlasts_a_burst_and_is_never_shortened(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW, plan=Plan(lane="C1"))
        for pause in (MINUTE, timedelta(seconds=5)):
            await outbox.hold_back(session, CLAIM, pool="post", until=NOW + pause)
    assert await _claimed(sessions, now=NOW + timedelta(seconds=59)) == []
    async with sessions.reading() as session:
        assert await outbox.next_start(session, CLAIM) == NOW + MINUTE
    assert await _claimed(sessions, now=NOW + MINUTE) == [("post", "C1")]
