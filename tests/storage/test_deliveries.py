"""Deliveries on both databases: each step is taken once, by whoever is first, from the state before it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.core.jobs import DeliverShare
from bot.core.programme import Programme
from bot.core.sharing import ShareState
from storage.engine import Sessions
from storage.models import Share, Spend
from storage.queries import deliveries, jobs
from storage.queries.deliveries import Proven, Wanted
from tests.handlers.conftest import NOW, World, programme

__all__ = ["programme"]

WANTED = Wanted(
    share_id=1, account_id=7, text="Words.", wording_id=None, is_own_words=True, disclosure="#A", sent_text="#A Words."
)
PROVEN = Proven(share_id=1, remote_id="r1", url="https://n.example/1", key="key-1", measure_at=NOW + timedelta(hours=1))
LATER = NOW + timedelta(seconds=5)


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A post, and the drafts of two members for it, in a database of either kind."""
    made = World(sessions=sessions, programme=programme)
    post = await made.add_post()
    for name in ("Ada", "Ben"):
        member = await made.add_member(name)
        async with sessions.begin() as session:
            session.add(Share(member_id=member.id, post_id=post.id, network="linkedin", text="", created_at=NOW))
    return made


async def share_of(world: World, share_id: int = 1) -> Share:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Share).where(Share.id == share_id))).one()


async def queued(world: World, share_id: int = 1, *, member_id: int = 2) -> None:
    async with world.sessions.begin() as session:
        wanted = replace(WANTED, share_id=share_id)
        assert await deliveries.queue_share(session, wanted, member_id=member_id, now=NOW)


async def sent(world: World, share_id: int = 1) -> None:
    async with world.sessions.begin() as session:
        assert await deliveries.claim_share(session, share_id=share_id, now=NOW)


async def test_a_share_is_queued_by_its_member_alone_and_once(world: World) -> None:
    async with world.sessions.begin() as session:
        assert not await deliveries.queue_share(session, WANTED, member_id=3, now=NOW)
    await queued(world)
    async with world.sessions.begin() as session:
        assert not await deliveries.queue_share(session, WANTED, member_id=2, now=NOW)
        found = await deliveries.find_delivery(session, share_id=1)
        assert await deliveries.find_delivery(session, share_id=2) is None
    assert found is not None
    assert (found.state, found.text, found.queued_at, found.sent_at) == (ShareState.QUEUED, "#A Words.", NOW, None)
    assert (found.account_id, found.networks, found.has_left) == (7, ("linkedin", "x", "facebook"), False)
    assert "Words" not in repr((found, WANTED))


async def test_a_claim_is_taken_once_and_again_only_while_it_is_being_sent(world: World) -> None:
    await queued(world)
    async with world.sessions.begin() as session:
        assert not await deliveries.claim_again(session, share_id=1, now=NOW)
    await sent(world)
    async with world.sessions.begin() as session:
        assert not await deliveries.claim_share(session, share_id=1, now=LATER)
        assert await deliveries.claim_again(session, share_id=1, now=LATER)
        assert not await deliveries.fail_sent(session, share_id=1, sent_at=NOW, fault="rejected")
        assert await deliveries.fail_sent(session, share_id=1, sent_at=LATER, fault="rejected")
    kept = await share_of(world)
    assert (kept.state, kept.fault, kept.sent_at) == ("failed", "rejected", LATER)


async def test_what_is_left_on_its_way_is_found_unless_a_job_is_to_come(world: World) -> None:
    await queued(world)
    await queued(world, 2, member_id=3)
    await sent(world, 2)
    async with world.sessions.begin() as session:
        assert await deliveries.list_left(session, before=NOW) == ()
        left = await deliveries.list_left(session, before=LATER)
        assert [(one.share_id, one.member_id) for one in left] == [(1, 2), (2, 3)]
        await jobs.add_job(session, DeliverShare(share_id=1, member_id=2), now=NOW)
        assert [one.share_id for one in await deliveries.list_left(session, before=LATER)] == [2]
        assert await deliveries.lose_sent(session, share_id=2)
        assert await deliveries.list_left(session, before=LATER) == []


async def test_a_late_answer_is_worth_more_than_what_was_thought(world: World) -> None:
    await queued(world)
    await sent(world)
    async with world.sessions.begin() as session:
        assert await deliveries.lose_sent(session, share_id=1)
        assert not await deliveries.lose_sent(session, share_id=1)
    assert (await share_of(world)).state == "uncertain"
    async with world.sessions.begin() as session:
        assert not await deliveries.say_not_there(session, share_id=1, member_id=3)
        assert await deliveries.say_not_there(session, share_id=1, member_id=2)
    await queued(world)
    async with world.sessions.begin() as session:
        assert await deliveries.confirm_sent(session, PROVEN, now=LATER)
        assert not await deliveries.claim_share(session, share_id=1, now=LATER)
    kept = await share_of(world)
    assert (kept.state, kept.remote_id, kept.permalink_key, kept.confirmed_at) == ("confirmed", "r1", "key-1", LATER)
    assert (kept.permalink, kept.measure_at, kept.fault) == (PROVEN.url, PROVEN.measure_at, "")


async def test_an_address_that_confirms_another_share_is_kept_without_its_form(world: World) -> None:
    for share_id, member_id in ((1, 2), (2, 3)):
        await queued(world, share_id, member_id=member_id)
        await sent(world, share_id)
        async with world.sessions.begin() as session:
            assert await deliveries.confirm_sent(session, replace(PROVEN, share_id=share_id), now=NOW)
    other = await share_of(world, 2)
    assert (other.state, other.permalink, other.permalink_key) == ("confirmed", PROVEN.url, None)


async def test_of_who_was_erased_meanwhile_nothing_of_the_answer_is_kept(world: World) -> None:
    await queued(world)
    await sent(world)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).where(Share.id == 1).values(sent_text=""))
        assert await deliveries.confirm_sent(session, PROVEN, now=NOW)
    kept = await share_of(world)
    assert (kept.state, kept.remote_id, kept.permalink, kept.permalink_key) == ("confirmed", None, None, None)


async def test_what_is_evidenced_stays_so_whatever_the_answer(world: World) -> None:
    await queued(world)
    await sent(world)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).where(Share.id == 1).values(state="evidenced", evidenced_at=NOW))
        assert not await deliveries.fail_sent(session, share_id=1, sent_at=NOW, fault="rejected")
        assert not await deliveries.lose_sent(session, share_id=1)
        assert await deliveries.confirm_sent(session, PROVEN, now=NOW)
    kept = await share_of(world)
    assert (kept.state, kept.remote_id) == ("evidenced", "r1")


async def test_a_version_that_is_over_is_noted_for_some_hours(world: World) -> None:
    async with world.sessions.begin() as session:
        assert not await deliveries.is_sunset(session, network="linkedin", version="202607", now=NOW)
        assert await deliveries.note_sunset(session, network="linkedin", version="202607", now=NOW)
        assert not await deliveries.note_sunset(session, network="linkedin", version="202607", now=LATER)
        assert await deliveries.is_sunset(session, network="linkedin", version="202607", now=LATER)
        assert not await deliveries.is_sunset(session, network="linkedin", version="202612", now=LATER)
        assert not await deliveries.is_sunset(session, network="x", version="202607", now=LATER)
        assert await deliveries.note_sunset(session, network="linkedin", version="202607", now=NOW + deliveries.RESTED)


async def test_what_a_post_costs_is_kept_to_the_millionth(world: World) -> None:
    async with world.sessions.begin() as session:
        for amount in (Decimal("0.200001"), None):
            await deliveries.add_spend(session, share_id=1, network="x", amount=amount, now=NOW)
        assert await deliveries.find_lane(session, member_id=2) == "U2"
        assert await deliveries.find_lane(session, member_id=99) == ""
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Spend.amount))).all() == [200_001]
