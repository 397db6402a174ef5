"""Claims from the outbox on both databases: fair between pools and lanes, one of a lane at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Interval, literal, select, update

from bot.core.jobs import AnnounceIn, CreditVisits, RefreshAnnouncement
from storage.engine import Sessions
from storage.models import JobRow, Lane
from storage.queries import claims, outbox
from storage.queries.jobs import Plan, add_job
from storage.queries.limits import Book, Claim, Limit

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLAIM = Claim(
    owner="me",
    most=16,
    lease=MINUTE,
    pools={"post": Limit(pause=timedelta(seconds=1), burst=5), "update": Limit(pause=MINUTE)},
    lanes={"post": Limit(pause=timedelta(seconds=1))},
)


@pytest.fixture
async def sessions(sessions: Sessions) -> Sessions:
    """A database of either kind that knows the pools."""
    async with sessions.begin() as session:
        await claims.add_pools(session, CLAIM)
    return sessions


async def _claim(sessions: Sessions, *, now: datetime = NOW, claim: Claim = CLAIM) -> claims.Portion:
    async with sessions.begin() as session:
        return await claims.claim_jobs(session, claim, now=now)


async def _claimed(sessions: Sessions, *, now: datetime = NOW) -> list[tuple[str, str]]:
    """Return the places of everything that can be claimed now."""
    jobs: list[claims.Claimed] = []
    is_more = True
    while is_more:
        portion = await _claim(sessions, now=now)
        jobs, is_more = [*jobs, *portion.jobs], portion.is_more
    return sorted((one.pool, one.lane) for one in jobs)


async def _let_pass(sessions: Sessions, time: timedelta) -> None:
    """Let so much time pass on the clock by which the limits go: on PostgreSQL that is the database's own."""
    if not sessions.is_sqlite:
        async with sessions.begin() as session:
            await session.execute(update(Lane).values(next_at=Lane.next_at - literal(time, Interval)))


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
    first = await _claim(sessions)
    await _let_pass(sessions, MINUTE)
    later = NOW + MINUTE
    waiting = await _claim(sessions, now=later)
    assert (list(waiting.jobs), waiting.pause) == ([], None)
    async with sessions.begin() as session:
        assert await outbox.finish_done(session, [first.jobs[0].id], owner="me", now=later) == {first.jobs[0].id}
    assert await _claimed(sessions, now=later) == [("post", "C1")]


async def test_a_lane_that_has_a_pause_is_looked_at_again_when_that_is_over(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for number in range(2):
            await add_job(session, AnnounceIn(announcement_id=number), now=NOW, plan=Plan(lane="C1"))
    (first,) = (await _claim(sessions)).jobs
    async with sessions.begin() as session:
        await outbox.finish_done(session, [first.id], owner="me", now=NOW)
    held = await _claim(sessions)
    assert not held.jobs
    assert held.pause is not None
    assert timedelta(0) < held.pause <= timedelta(seconds=1)


async def test_being_held_back_outlasts_a_burst_and_is_never_shortened(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW, plan=Plan(lane="C1"))
        for pause in (MINUTE, timedelta(seconds=5)):
            await claims.hold_back(session, CLAIM, pool="post", pause=pause, now=NOW)
    held = await _claim(sessions, now=NOW)
    assert not held.jobs
    assert held.pause is not None
    assert MINUTE - timedelta(seconds=5) < held.pause <= MINUTE
    await _let_pass(sessions, timedelta(seconds=54))
    assert await _claimed(sessions, now=NOW + timedelta(seconds=54)) == []
    await _let_pass(sessions, timedelta(seconds=6))
    assert await _claimed(sessions, now=NOW + MINUTE) == [("post", "C1")]


async def test_lanes_that_were_not_used_for_long_are_forgotten_and_pools_never(sessions: Sessions) -> None:
    old = NOW - timedelta(days=3000)
    async with sessions.begin() as session:
        session.add_all([Lane(name="post/C1", next_at=old), Lane(name="post/C2", next_at=NOW + MINUTE)])
    async with sessions.begin() as session:
        await claims.forget_lanes(session, before=NOW)
        names = set(await session.scalars(select(Lane.name)))
    assert names == {"inside/", "lookup/", "post/", "update/", "post/C2"}


def test_the_time_at_which_the_limits_are_ones_own_counts_not_that_at_which_they_were_waited_for() -> None:
    """PostgreSQL tells the first row's time before it waits for that row, the others' after it."""
    rows = [{"name": name, "next_at": NOW, "at": NOW + after} for name, after in (("a/", -MINUTE), ("b/", MINUTE))]
    assert Book(rows, CLAIM, now=NOW).at == NOW + MINUTE
    assert Book([{"name": "a/", "next_at": NOW}], CLAIM, now=NOW).at == NOW
