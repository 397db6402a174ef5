"""Joining two rows, on both databases: what moves, what earns once, what waits for what, and that sums stay right."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from bot.core.points import EntryKind
from handlers.credit import credit_some
from storage.models import (
    Base,
    Decision,
    Dismissal,
    LedgerEntry,
    Member,
    Pairing,
    Post,
    Share,
    SuggestionAuthor,
    TrackedLink,
)
from storage.queries import (
    credits,
    joining,
    ledger,
    pairing,
    privacy,
    reports,
    shares,
)
from tests.handlers.conftest import NOW, World, programme, world
from tests.storage.pairs import (
    add_share,
    amounts,
    credit,
    fresh,
    join,
    numbers,
    points,
    recounted,
    suggest,
    sums_of,
    two,
    visit,
)

__all__ = ["programme", "world"]


# What moves


async def test_all_that_was_the_others_is_the_one_that_counts(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post(author=there)
    both, mine, other = await world.add_post(), await world.add_post(), await world.add_post()
    share_id = await add_share(world, there, post.id, "x", is_own_words=True)
    await visit(world, share_id, 1, 2)
    suggestion_id = await suggest(world, there)
    await credit(world)
    async with world.sessions.begin() as session:
        session.add(Decision(subject="post", subject_id=post.id, member_id=there.id, what="approved", at=NOW))
        session.add(Pairing(asker_id=there.id, asked_id=ada.id, asked_at=NOW))
        for member, dismissed in ((ada, both), (there, both), (ada, mine), (there, other)):
            session.add(Dismissal(member_id=member.id, post_id=dismissed.id, at=NOW))
    before, earned = await amounts(world), await points(world, there)
    assert earned > 0
    await join(world, ada, there)
    assert await amounts(world) == before
    assert (await points(world, ada), await points(world, there)) == (earned, 0)
    async with world.sessions.reading() as session:
        for column in (Share.member_id, Decision.member_id, SuggestionAuthor.member_id, LedgerEntry.member_id):
            assert set(await session.scalars(select(column))) == {ada.id}
        assert await session.scalar(select(Post.author_id).where(Post.id == post.id)) == ada.id
        dismissed_ids = await session.scalars(select(Dismissal.post_id).where(Dismissal.member_id == ada.id))
        assert set(dismissed_ids) == {both.id, mine.id, other.id}
        assert await session.scalar(select(func.count()).select_from(Dismissal)) == 3
        assert await session.scalar(select(func.count()).select_from(Pairing)) == 0
        kept = await privacy.find_kept(session, member_id=ada.id)
        assert (kept.shares, kept.suggestions, kept.decisions) == (1, 1, 1)
        assert await session.scalar(select(SuggestionAuthor.suggestion_id)) == suggestion_id
    assert await sums_of(world) == await recounted(world)


async def test_of_what_both_suggested_the_earlier_time_and_a_reason_stay(world: World) -> None:
    ada, there = await two(world)
    bob = await world.add_member("Bob")
    number = await suggest(world, there, bob, ada, state="received")
    joined = await join(world, ada, there)
    async with world.sessions.reading() as session:
        rows = (await session.execute(select(SuggestionAuthor).order_by(SuggestionAuthor.at))).scalars().all()
    assert [(one.member_id, one.why, one.at) for one in rows] == [
        (ada.id, "why 0", NOW),
        (bob.id, "why 1", NOW + timedelta(minutes=1)),
    ]
    assert joined is not None
    assert joined.suggestions == [(number, "")]


async def test_a_post_that_both_shared_on_a_network_earns_once_and_both_links_stay(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    older = await add_share(world, ada, post.id)
    younger = await add_share(world, there, post.id, created_at=NOW + timedelta(minutes=1))
    elsewhere = await add_share(world, there, post.id, "x", created_at=NOW + timedelta(minutes=2))
    await visit(world, older, 1, 2, 3)
    await visit(world, younger, 4, 5)
    await visit(world, elsewhere, 6)
    await credit(world)
    before = await amounts(world)
    assert sum(before.values()) == (7 + 2) + (7 + 1) + 7
    joined = await join(world, ada, there)
    after = await amounts(world)
    assert {key: after[key] for key in before} == before
    assert all(key.startswith("reversal:") for key in after.keys() - before.keys())
    assert await points(world, ada) == (7 + 2) + 7
    assert joined is not None
    assert joined.posts == [post.id]
    async with world.sessions.reading() as session:
        states = {row.id: row.state for row in await session.scalars(select(Share))}
        assert await session.scalar(select(func.count()).select_from(TrackedLink)) == 3
    assert states == {older: "evidenced", younger: "undone", elsewhere: "evidenced"}
    assert await sums_of(world) == await recounted(world)
    await visit(world, younger, 7)
    await credit(world)
    assert await points(world, ada) == (7 + 2) + 7


async def test_what_is_known_to_be_out_stays_before_an_older_window(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    window = await add_share(world, ada, post.id, state="draft", opened_at=None)
    proven = await add_share(world, there, post.id, created_at=NOW + timedelta(minutes=1))
    await visit(world, proven, 1)
    await credit(world)
    await join(world, ada, there)
    assert await points(world, ada) == 7
    async with world.sessions.reading() as session:
        held = await shares.find_shareable(session, post_id=post.id, member_id=ada.id)
        told = await reports.list_post_totals(session)
    assert held is not None
    assert held[1]["linkedin"].id == proven
    assert [(one.network, one.opened, one.undone) for one in told] == [("linkedin", 1, 0)], "a window is not told"
    assert window != proven


async def test_while_both_are_being_sent_nothing_is_changed(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    for member in (ada, there):
        await add_share(world, member, post.id, state="sending")
    assert await join(world, ada, there) is None
    assert (await fresh(world, there)).same_as_id is None


async def test_what_waits_is_credited_to_the_row_that_counts(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    await visit(world, await add_share(world, there, post.id), 1, 2)
    await suggest(world, there)
    await join(world, ada, there)
    late = await world.add_post()
    await visit(world, await add_share(world, there, late.id), 3)  # begun in the moment in which they were joined
    await credit(world)
    assert (await points(world, ada), await points(world, there)) == (7 + 1 + 10 + 7, 0)
    assert await sums_of(world) == await recounted(world)


# At once


async def test_an_answer_waits_for_what_is_being_credited(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    await visit(world, await add_share(world, there, post.id), 1, 2, 3)
    await suggest(world, there)
    async with world.sessions.begin() as session:
        await credit_some(session, now=NOW, programme=world.programme)
        joined = asyncio.create_task(join(world, ada, there))
        await asyncio.sleep(0.3)
    await joined
    await credit(world)
    assert (await points(world, ada), await points(world, there)) == (7 + 2 + 10, 0)
    assert await sums_of(world) == await recounted(world)


@pytest.mark.parametrize("kind", [EntryKind.SHARE, EntryKind.SUGGESTION])
async def test_an_answer_waits_for_what_was_begun_to_be_credited(world: World, kind: EntryKind) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    await add_share(world, there, post.id, state="confirmed", confirmed_at=NOW)
    await suggest(world, there)
    listing = credits.list_proven_shares if kind is EntryKind.SHARE else credits.list_approved_suggestions
    async with world.sessions.begin() as session:
        held = await listing(session, limit=5)
        joined = asyncio.create_task(join(world, ada, there))
        await asyncio.sleep(0.2)
        entry = ledger.NewEntry(
            member_id=held[0].member_id, at=NOW, on_day=NOW.date(), kind=kind, points=7, key="k", rule_version=1
        )
        await ledger.add_entries(session, [entry], now=NOW, programme=world.programme)
    await joined
    assert (await points(world, ada), await points(world, there)) == (7, 0)
    assert await sums_of(world) == await recounted(world)


async def test_crediting_waits_for_an_answer(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    await visit(world, await add_share(world, there, post.id), 1, 2, 3)
    await suggest(world, there)
    async with world.sessions.begin() as session:
        await joining.hold(session, ada.id, there.id)
        sides = [await pairing.get_party(session, member_id=one.id) for one in (ada, there)]
        await joining.join(session, *sides, now=NOW, programme=world.programme)
        crediting = asyncio.create_task(credit(world))
        await asyncio.sleep(0.3)
    await crediting
    await credit(world)
    assert (await points(world, ada), await points(world, there)) == (7 + 2 + 10, 0)
    assert await sums_of(world) == await recounted(world)


# Any history


ACT = st.tuples(st.sampled_from(("share", "visit", "undo", "suggest", "credit")), st.integers(0, 2), st.integers(0, 5))


@given(acts=st.lists(ACT, max_size=14))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_after_any_history_sums_are_a_recount_and_a_post_and_network_earns_once(
    world: World, acts: list[tuple[str, int, int]]
) -> None:
    async with world.sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            await session.execute(delete(table))
    ada, there = await two(world)
    people = (ada, there, await world.add_member("Bob"))
    posts = [(await world.add_post(author=people[2])).id for _ in range(2)]
    for deed, who, which in acts:
        await _do(world, deed, people[who], posts[which % 2], ("linkedin", "x", "email")[which // 2])
    before, kept_before = await amounts(world), await _lost_to_doubles(world, ada, there)
    mine = await points(world, ada) + await points(world, there)
    await join(world, ada, there)
    after = await amounts(world)
    assert {key: after[key] for key in before} == before
    assert await points(world, ada) == mine - kept_before
    assert await points(world, there) == 0
    assert await sums_of(world) == await recounted(world)
    await credit(world)
    assert await points(world, there) == 0
    assert await sums_of(world) == await recounted(world)
    async with world.sessions.reading() as session:
        live = select(func.count()).where(Share.member_id == ada.id, Share.state != "undone")
        counts = await session.execute(live.group_by(Share.post_id, Share.network))
        assert {row[0] for row in counts} <= {1}


async def _do(world: World, deed: str, member: Member, post_id: int, network: str) -> None:
    async with world.sessions.reading() as session:
        held = await session.scalar(
            select(Share.id).where(
                Share.member_id == member.id,
                Share.post_id == post_id,
                Share.network == network,
                Share.state != "undone",
            )
        )
    if deed == "share" and held is None:
        at = NOW + timedelta(seconds=next(numbers))
        await add_share(world, member, post_id, network, created_at=at)
    elif deed == "visit" and held is not None:
        await visit(world, held, next(numbers), next(numbers))
    elif deed == "undo" and held is not None:
        async with world.sessions.begin() as session:
            await shares.undo_share(session, share_id=held, member_id=member.id, now=NOW)
            await ledger.reverse_share(session, share_id=held, now=NOW, programme=world.programme)
    elif deed == "suggest":
        await suggest(world, member)
    elif deed == "credit":
        await credit(world)


async def _lost_to_doubles(world: World, one: Member, other: Member) -> int:
    """Return the points of those shares that both have and that give way, told apart by the words of the decision."""
    async with world.sessions.reading() as session:
        live = (Share.member_id.in_((one.id, other.id)), Share.state != "undone")
        rows = (await session.scalars(select(Share).where(*live).order_by(Share.id))).all()
        earned = await shares.find_brought(session, share_ids=[row.id for row in rows])
    places: dict[tuple[int, str], list[Share]] = {}
    for row in rows:
        places.setdefault((row.post_id, row.network), []).append(row)
    lost = 0
    for both in places.values():
        if len(both) == 2:
            proven = [row for row in both if row.state in ("evidenced", "confirmed")]
            stays = min(proven or both, key=lambda row: row.created_at)
            lost += sum(earned[row.id].points for row in both if row.id != stays.id)
    return lost
