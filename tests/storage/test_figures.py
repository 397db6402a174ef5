"""Counts of networks, what asking costs, and reports on some days are the same on both databases."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.core.leaderboard import Dates
from bot.core.measuring import Counted, Due, Measured
from bot.core.programme import Programme
from bot.core.reporting import Cut, Told
from storage.engine import Sessions
from storage.models import Account, Share, Spend, Visit
from storage.queries import figures
from storage.queries.reports import find_brought
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import NOW, World, programme
from tests.handlers.traces import AT, Traces, leave_traces

__all__ = ["programme"]

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Europe/Amsterdam")
REPLIES = Told(network="linkedin", shares=1, counted=Counted(name="replies", value=2, at=NOW))


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A company in an empty database of either kind."""
    return World(sessions=sessions, programme=programme)


async def posted(world: World) -> Traces:
    """Leave traces of a member whose share was posted by their account, and looked at."""
    traces = await leave_traces(world)
    account_id = await connect_account(world, traces.member)
    async with world.sessions.begin() as session:
        share = (await session.scalars(select(Share).where(Share.id == traces.share_id))).one()
        share.account_id, share.remote_id, share.sent_at, share.measure_at = account_id, "r1", AT, NOW
        share.confirmed_at = AT
        for visit in await session.scalars(select(Visit)):
            visit.credited_at = AT
    return traces


async def test_shares_are_claimed_once_planned_anew_and_billed_once_a_day(world: World) -> None:
    traces = await posted(world)
    async with world.sessions.begin() as session:
        assert await figures.list_due(session, network="linkedin", now=NOW - HOUR, limit=9) == []
        assert await figures.list_due(session, network="x", now=NOW, limit=9) == []
        due = await figures.list_due(session, network="linkedin", now=NOW, limit=9)
        assert due == [Due(share_id=traces.share_id, account_id=1, server="", remote_id="r1", sent_at=AT)]
        assert await figures.claim_due(session, due, now=NOW, until=NOW + HOUR) == {traces.share_id}
        assert await figures.claim_due(session, due, now=NOW, until=NOW + HOUR) == frozenset()
        await figures.plan_measuring(session, {traces.share_id: NOW, traces.draft_id: NOW})
    async with world.sessions.begin() as session:
        assert await figures.list_due(session, network="linkedin", now=NOW, limit=9) == due
        (await session.scalars(select(Account))).one().state = "broken"
        await session.flush()
        assert await figures.list_due(session, network="linkedin", now=NOW, limit=9) == []
        await figures.never_ask(session, account_id=1)
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Share.measure_at).where(Share.measure_at.is_not(None)))).all() == []
    reads = figures.Reads(network="x", asked=[traces.share_id, 99], told={traces.share_id}, price=5000)
    async with world.sessions.begin() as session:
        for _ in range(2):
            await figures.add_reads(session, reads, day=NOW - 10 * HOUR, now=NOW)
            await session.flush()
        session.add(Spend(network="mastodon", kind="post", amount=7, at=NOW + HOUR))
        await session.flush()
        assert await figures.count_asked(session, network="x", since=NOW) == 4
        assert await figures.sum_spent(session, since=NOW, until=NOW + HOUR) == {"x": 5000}


async def test_the_newest_count_stays_and_some_days_are_summed_up_by_post_network_and_crew(world: World) -> None:
    traces = await posted(world)
    async with world.sessions.begin() as session:
        await figures.keep_counts(session, {}, now=NOW)
        await figures.keep_counts(session, {traces.share_id: {"likes": 1, "replies": 2}}, now=NOW)
        await figures.keep_counts(session, {traces.share_id: {"likes": 4}}, now=NOW + HOUR)
        await figures.keep_counts(session, {traces.share_id: {"likes": 9}}, now=NOW - HOUR)
    async with world.sessions.reading() as session:
        assert await figures.find_measured(session, share_id=traces.share_id) == Measured(
            people=3,
            visits={"human": 3},
            counts=[Counted(name="likes", value=4, at=NOW + HOUR), Counted(name="replies", value=2, at=NOW)],
        )
    async with world.sessions.reading() as session:
        found = await find_brought(session, Dates(first=date(2026, 11, 20), end=date(2026, 11, 21)), zone=ZONE)
        nothing = await find_brought(session, Dates(first=date(2026, 11, 21), end=date(2026, 11, 24)), zone=ZONE)
    facts = {"opened": 1, "said": 0, "confirmed": 1, "evidenced": 1, "shares": 1}
    cut = Cut(post_id=traces.post.id, network="linkedin", crew_id=1, facts=facts, people=3, visits={"human": 3})
    assert found.cuts == [cut]
    assert (found.titles, found.topics) == ({traces.post.id: "Winter report"}, {traces.post.id: ("water",)})
    assert (found.crews, found.sizes, found.day_people) == ({1: "Workshop"}, {1: 1}, {date(2026, 11, 20): 3})
    assert found.told == [
        Told(network="linkedin", shares=1, counted=Counted(name="likes", value=4, at=NOW + HOUR)),
        REPLIES,
    ]
    assert (nothing.cuts, nothing.sizes, nothing.told) == ([], {}, [])
