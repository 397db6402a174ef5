"""A task of one process alone: one has it at a time, keeps it while it renews, and loses it when its lease is over."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Interval, literal, update

from storage.engine import Sessions
from storage.models import Leader
from storage.queries.leaders import find_leader, give_up_lead, take_lead

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEASE = timedelta(seconds=15)


async def take(sessions: Sessions, owner: str, *, now: datetime = NOW) -> bool:
    async with sessions.begin() as session:
        return await take_lead(session, name="door", owner=owner, lease=LEASE, now=now)


async def leader(sessions: Sessions, *, now: datetime = NOW) -> str | None:
    async with sessions.reading() as session:
        return await find_leader(session, name="door", now=now)


async def pass_by(sessions: Sessions, time: timedelta) -> datetime:
    """Let time pass by whichever clock counts, and return what it is then."""
    if not sessions.is_sqlite:
        async with sessions.begin() as session:
            await session.execute(update(Leader).values(until=Leader.until - literal(time, Interval)))
    return NOW + time


async def test_of_many_at_once_one_leads_and_may_renew(sessions: Sessions) -> None:
    assert await leader(sessions) is None
    owners = [f"host:{number}:abcd" for number in range(4)]
    taken = await asyncio.gather(*(take(sessions, owner) for owner in owners))
    assert sum(taken) == 1
    first = owners[taken.index(True)]
    assert await leader(sessions) == first
    assert await take(sessions, first)
    assert [await take(sessions, owner) for owner in owners if owner != first] == [False] * 3


async def test_a_lease_that_is_over_is_anybodys(sessions: Sessions) -> None:
    await take(sessions, "first")
    now = await pass_by(sessions, LEASE - timedelta(seconds=3))
    assert not await take(sessions, "second", now=now)
    now = await pass_by(sessions, LEASE + timedelta(seconds=1))
    assert await leader(sessions, now=now) is None
    assert await take(sessions, "second", now=now)
    assert not await take(sessions, "first", now=now)


async def test_what_is_given_up_is_free_at_once_and_only_by_who_has_it(sessions: Sessions) -> None:
    await take(sessions, "first")
    async with sessions.begin() as session:
        await give_up_lead(session, name="door", owner="second", now=NOW)
    assert await leader(sessions) == "first"
    async with sessions.begin() as session:
        await give_up_lead(session, name="door", owner="first", now=NOW)
    assert await leader(sessions) is None
    assert await take(sessions, "second")


@pytest.mark.postgres
async def test_on_postgresql_a_clock_that_is_wrong_takes_nothing_away(postgres_database_url: str) -> None:
    sessions = Sessions(postgres_database_url)
    await take(sessions, "first", now=NOW - timedelta(days=1))
    assert not await take(sessions, "second", now=NOW + timedelta(days=365))
    assert await leader(sessions, now=NOW + timedelta(days=365)) == "first"
    await sessions.close()
