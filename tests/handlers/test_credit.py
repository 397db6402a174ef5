"""Points follow what the network did with a share, once, within the caps, and the running sums follow the points."""

import asyncio
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from bot.core.actions import UndoShare
from bot.core.jobs import CreditVisits, RefreshAnnouncement, RollTotals
from handlers.credit import credit_visits
from handlers.recount import roll_totals
from handlers.share import undo_share
from storage.models import (
    Announcement,
    LedgerEntry,
    Member,
    Share,
    Suggestion,
    SuggestionAuthor,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries import ledger, totals
from storage.queries.group_totals import SINCE_EVER
from tests.handlers.conftest import GENERAL, NOW, World

_numbers = count(1)


async def _share(world: World, member: Member, *, network: str = "linkedin", **changes: object) -> int:
    """Add an opened share with its link and return the link's id."""
    post = await world.add_post()
    values: dict[str, object] = {
        "member_id": member.id,
        "post_id": post.id,
        "network": network,
        "state": "opened",
        "created_at": NOW,
        "opened_at": NOW,
    }
    async with world.sessions.begin() as session:
        session.add(share := Share(**(values | changes)))
        await session.flush()
        slug = f"slug{next(_numbers)}"
        session.add(link := TrackedLink(share_id=share.id, slug=slug, target="https://x.example/", created_at=NOW))
        await session.flush()
        return link.id


async def _visit(world: World, link_id: int, who: int, *, kind: str = "human", at: datetime = NOW) -> None:
    number = next(_numbers)
    async with world.sessions.begin() as session:
        session.add(
            Visit(
                id=number,
                link_id=link_id,
                at=at,
                on_day=at.date(),
                kind=kind,
                visitor=number.to_bytes(16),
                prefix=who.to_bytes(16),
            )
        )


async def _points(world: World, member: Member) -> list[tuple[str, int]]:
    async with world.sessions.reading() as session:
        wanted = select(LedgerEntry.kind, LedgerEntry.points).where(LedgerEntry.member_id == member.id)
        return [(row[0], row[1]) for row in await session.execute(wanted.order_by(LedgerEntry.id)) if row[1]]


async def _totals(world: World) -> dict[tuple[int, str, date], tuple[int, int, int]]:
    async with world.sessions.reading() as session:
        rows = await session.scalars(select(Total))
        return {(t.member_id, t.period, t.starts_on): (t.points, t.shares, t.visits) for t in rows}


async def _credit(world: World) -> None:
    await credit_visits(world.out, CreditVisits())


async def test_the_first_human_visit_is_the_evidence_and_earns_the_share_its_points(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member, is_own_words=True)
    await _visit(world, link, 1)
    await _credit(world)
    assert await _points(world, member) == [("share", 7), ("own_words", 5)]
    async with world.sessions.reading() as session:
        assert await session.scalar(select(Share.state)) == "evidenced"


async def test_crediting_again_adds_nothing(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member)
    await _visit(world, link, 1)
    await _visit(world, link, 2)
    await _credit(world)
    before = await _totals(world)
    await _credit(world)
    assert await _points(world, member) == [("visits", 1), ("share", 7)]
    assert await _totals(world) == before


async def test_previews_crawlers_scanners_the_sharer_and_colleagues_earn_nothing(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member)
    for kind in ("preview", "crawler", "scanner", "self", "company"):
        await _visit(world, link, 1, kind=kind)
    await _credit(world)
    assert await _points(world, member) == []


async def test_another_user_agent_behind_the_same_address_earns_nothing_more(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member)
    for _ in range(5):
        await _visit(world, link, 1)
    await _credit(world)
    await _visit(world, link, 1)
    await _credit(world)
    assert await _points(world, member) == [("share", 7)]


async def test_further_visits_earn_up_to_the_cap_in_whatever_portions_they_are_counted(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member)
    for who in range(40):
        await _visit(world, link, who)
        if who in (0, 7, 21):
            await _credit(world)
    await _credit(world)
    earned = await _points(world, member)
    assert sum(points for kind, points in earned if kind == "visits") == 20
    assert (await _totals(world))[member.id, "all", SINCE_EVER] == (27, 1, 40)


async def test_three_posts_a_day_earn_and_the_fourth_does_not(world: World) -> None:
    member = await world.add_member()
    for _ in range(4):
        await _visit(world, await _share(world, member), 1)
    await _credit(world)
    assert await _points(world, member) == [("share", 7)] * 3


async def test_a_share_that_was_taken_back_uses_up_none_of_the_day(world: World) -> None:
    member = await world.add_member()
    for number in range(3):
        await _visit(world, await _share(world, member), number)
    await _credit(world)
    await world.act(undo_share, member, UndoShare(share_id=1))
    await _visit(world, await _share(world, member), 9)
    await _credit(world)
    assert sum(points for _, points in await _points(world, member)) == 3 * 7


async def test_a_link_that_was_copied_from_its_window_counts_on_the_card_once_somebody_followed_it(
    world: World,
) -> None:
    link = await _share(world, await world.add_member(), state="draft", opened_at=None)
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=1, channel_ref=GENERAL, message_ref="m1"))
    await _visit(world, link, 1)
    await _credit(world)
    assert await world.jobs() == [RefreshAnnouncement(announcement_id=1)]


async def test_the_day_of_the_cap_is_the_members_own(world: World) -> None:
    member = await world.add_member(zone="Pacific/Auckland")
    late = datetime(2026, 11, 23, 10, 59, tzinfo=NOW.tzinfo)  # 23:59 in Auckland
    for number in range(4):
        await _visit(world, await _share(world, member), 1, at=late + timedelta(minutes=int(number == 3) * 2))
    await _credit(world)
    assert await _points(world, member) == [("share", 7)] * 4


async def test_facebook_shares_are_evidenced_and_earn_nothing(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member, network="facebook")
    await _visit(world, link, 1)
    await _visit(world, link, 2)
    await _credit(world)
    assert await _points(world, member) == []
    assert (await _totals(world))[member.id, "all", SINCE_EVER] == (0, 0, 2)


async def test_a_share_confirmed_by_its_link_earns_without_a_visit(world: World) -> None:
    member = await world.add_member()
    await _share(world, member, state="confirmed", confirmed_at=NOW)
    await _credit(world)
    assert await _points(world, member) == [("share", 7)]


async def test_saying_that_one_shared_earns_nothing(world: World) -> None:
    member = await world.add_member()
    await _share(world, member, said_at=NOW)
    await _credit(world)
    assert await _points(world, member) == []


async def test_a_member_who_left_earns_nothing_further(world: World) -> None:
    member = await world.add_member(left_at=NOW)
    link = await _share(world, member)
    await _visit(world, link, 1)
    await _credit(world)
    assert await _points(world, member) == []


async def test_an_approved_suggestion_earns_its_first_author_three_a_week(world: World) -> None:
    first, second = await world.add_member(), await world.add_member()
    async with world.sessions.begin() as session:
        for number in range(4):
            session.add(
                made := Suggestion(
                    state="approved", link="https://x", link_key=f"k{number}", created_at=NOW, decided_at=NOW
                )
            )
            await session.flush()
            for place, member in enumerate((first, second)):
                at = NOW + timedelta(minutes=place)
                session.add(SuggestionAuthor(suggestion_id=made.id, member_id=member.id, at=at))
    await _credit(world)
    assert await _points(world, first) == [("suggestion", 10)] * 3
    assert await _points(world, second) == []


async def test_taking_a_share_back_takes_its_points_back_and_no_more(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member, is_own_words=True)
    await _visit(world, link, 1)
    await _visit(world, link, 2)
    await _credit(world)
    async with world.sessions.begin() as session:
        taken = await ledger.reverse_share(session, share_id=1, now=NOW, programme=world.programme)
        again = await ledger.reverse_share(session, share_id=1, now=NOW, programme=world.programme)
    assert (taken, again) == (13, 0)
    assert (await _totals(world))[member.id, "all", SINCE_EVER] == (0, 0, 2)


async def test_a_visit_of_an_undone_share_earns_nothing(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member, state="undone", undone_at=NOW)
    await _visit(world, link, 1)
    await _credit(world)
    assert await _points(world, member) == []


async def test_the_rolling_30_days_lose_the_day_that_leaves(world: World) -> None:
    member = await world.add_member()
    link = await _share(world, member)
    await _visit(world, link, 1)
    await _credit(world)
    assert (await _totals(world))[member.id, "month", SINCE_EVER][0] == 7
    world.clock.advance(timedelta(days=29))
    await roll_totals(world.out, RollTotals())
    assert (await _totals(world))[member.id, "month", SINCE_EVER][0] == 7
    world.clock.advance(timedelta(days=1))
    await roll_totals(world.out, RollTotals())
    assert (member.id, "month", SINCE_EVER) not in await _totals(world)
    assert (await _totals(world))[member.id, "all", SINCE_EVER][0] == 7


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    visits=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 45), st.booleans(), st.booleans()), max_size=25
    )
)
async def test_running_sums_equal_those_rebuilt_from_the_ledger(
    world: World, visits: list[tuple[int, int, int, bool, bool]]
) -> None:
    async with world.sessions.begin() as session:
        await session.execute(update(Visit).where(Visit.credited_at.is_(None)).values(credited_at=NOW))
    member = await world.add_member()
    links = [await _share(world, member, network=network) for network in ("linkedin", "x", "facebook")]
    for place, who, days, is_credited, is_undone in visits:
        await _visit(world, links[place], who, at=NOW - timedelta(days=days))
        if is_credited:
            await _credit(world)
        if is_undone:
            async with world.sessions.begin() as session:
                share_id = await session.scalar(select(TrackedLink.share_id).where(TrackedLink.id == links[place]))
                assert share_id is not None
                await ledger.reverse_share(session, share_id=share_id, now=NOW, programme=world.programme)
    await _credit(world)
    running = {key: held for key, held in (await _totals(world)).items() if any(held)}
    async with world.sessions.begin() as session:
        await totals.rebuild_totals(session, now=NOW, programme=world.programme)
    assert {key: held for key, held in (await _totals(world)).items() if any(held)} == running


async def test_visits_of_more_links_than_one_batch_takes_are_all_credited_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.credit.LINKS_AT_ONCE", 2)
    monkeypatch.setattr("handlers.credit.BATCH", 3)
    members = [await world.add_member() for _ in range(5)]
    links = [await _share(world, member) for member in members]
    for number in range(20):
        await _visit(world, links[number % 5], number + 1)
    await _credit(world)
    await _credit(world)
    for member in members:
        assert sum(earned for kind, earned in await _points(world, member) if kind == "visits") == 3
    async with world.sessions.reading() as session:
        assert await session.scalar(select(func.sum(LedgerEntry.visits))) == 20


async def test_a_run_leaves_visits_to_one_that_is_at_them_and_credits_the_share_it_was_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited, sharer = await world.add_member(), await world.add_member()
    for number in range(2):
        await _visit(world, await _share(world, visited), number)
    monkeypatch.setattr("handlers.credit.LINKS_AT_ONCE", 1)
    with monkeypatch.context() as patched:
        patched.setattr("handlers.credit.REST", 1e6)
        resting = asyncio.create_task(_credit(world))
        while len(await _points(world, visited)) < 1:  # noqa: ASYNC110 - crediting sets nothing
            await asyncio.sleep(0.01)
        await _share(world, sharer, state="confirmed", confirmed_at=NOW)
        await _credit(world)
        assert await _points(world, sharer) == [("share", 7)]
        assert len(await _points(world, visited)) == 1
        resting.cancel()
        await asyncio.wait({resting})
    await _credit(world)
    assert len(await _points(world, visited)) == 2
