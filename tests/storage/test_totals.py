"""Running sums on both databases: what the ledger says, whatever happens at once, and made right if they are not."""

import asyncio
from datetime import date, timedelta
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from bot.core.jobs import CreditVisits, RollTotals
from bot.core.leaderboard import Period, local_date
from bot.core.points import EntryKind
from bot.core.programme import Programme
from handlers.credit import credit_visits
from handlers.recount import Recounted, recount_everything, roll_totals
from storage.engine import Sessions
from storage.models import (
    CrewTotal,
    LedgerEntry,
    Member,
    PointsCount,
    PostDay,
    Share,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries import boards, ledger, roles
from storage.queries.boards import Stretch
from storage.queries.group_totals import SINCE_EVER
from storage.queries.ledger import NewEntry
from storage.queries.totals import periods_of
from storage.upkeep import refresh_statistics
from tests.handlers.conftest import NOW, World, programme

__all__ = ["programme"]

DAY = timedelta(days=1)
Held = dict[tuple[int, str, date], tuple[int, int, int]]


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A company in an empty database of either kind."""
    return World(sessions=sessions, programme=programme)


def _entry(member: Member, number: int, *, days: int = 0, points: int = 3) -> NewEntry:
    at = NOW - days * DAY
    return NewEntry(
        member_id=member.id,
        at=at,
        on_day=at.date(),
        kind=EntryKind.VISITS,
        points=points,
        key=f"k:{number}",
        rule_version=1,
        visits=2,
    )


async def _earn(world: World, *entries: NewEntry) -> None:
    async with world.sessions.begin() as session:
        await ledger.add_entries(session, entries, now=world.clock.now(), programme=world.programme)


async def _held(world: World) -> Held:
    async with world.sessions.reading() as session:
        rows = await session.scalars(select(Total))
        found = {(t.member_id, t.period, t.starts_on): (t.points, t.shares, t.visits) for t in rows}
    return {key: held for key, held in found.items() if any(held)}


async def _told_by_the_ledger(world: World) -> Held:
    """Add the ledger up, entry by entry, by the rule of which periods a day is part of."""
    made: dict[tuple[int, str, date], list[int]] = {}
    async with world.sessions.reading() as session:
        entries = (await session.scalars(select(LedgerEntry))).all()
    for entry in entries:
        shares = int(entry.kind == "share") - int(entry.key.startswith("reversal:share:"))
        for period, first in periods_of(entry.on_day, now=world.clock.now(), programme=world.programme).items():
            held = made.setdefault((entry.member_id, period.value, first), [0, 0, 0])
            for place, value in enumerate((entry.points, shares, entry.visits)):
                held[place] += value
    return {key: (held[0], held[1], held[2]) for key, held in made.items() if any(held)}


async def _recount(world: World) -> Recounted:
    return await recount_everything(world.sessions, world.programme, now=world.clock.now())


def _right(members: int) -> Recounted:
    return Recounted(members=members, wrong=0, wrong_boards=0, wrong_days=0)


async def test_what_is_wrong_is_found_and_made_right(world: World) -> None:
    ada, ben, cleo = [await world.add_member(name) for name in ("Ada", "Ben", "Cleo")]
    numbers = count(1)
    await _earn(world, *(_entry(one, next(numbers), days=days) for one in (ada, ben, cleo) for days in (0, 3, 40, 200)))
    right = await _held(world)
    assert await _recount(world) == _right(3)
    async with world.sessions.begin() as session:
        await session.execute(update(Total).where(Total.member_id == ada.id).values(points=Total.points + 1))
        await session.execute(delete(Total).where(Total.member_id == ben.id, Total.period == "week"))
        session.add(Total(member_id=cleo.id, period="day", starts_on=date(2020, 1, 1), points=5, shares=0, visits=0))
    found = await _recount(world)
    assert (found.members, found.wrong) == (3, 3)
    assert await _held(world) == right == await _told_by_the_ledger(world)
    assert await _recount(world) == _right(3)


async def test_what_boards_read_is_made_right_as_well(world: World) -> None:
    ada = await world.add_member(is_named=True)
    await _earn(world, _entry(ada, 1))
    async with world.sessions.begin() as session:
        await session.execute(update(CrewTotal).where(CrewTotal.period == "all").values(points=99))
        await session.execute(delete(PointsCount).where(PointsCount.period == "week"))
    found = await _recount(world)
    assert (found.wrong, found.wrong_boards) == (0, 2)
    async with world.sessions.reading() as session:
        assert set(await session.scalars(select(CrewTotal.points).where(CrewTotal.members > 0))) == {3}
        assert await session.scalar(select(func.count()).select_from(PointsCount)) == 4
    await refresh_statistics(world.sessions)


@pytest.mark.parametrize(("looked_at", "few"), [(1_000_000, 100), (0, 100), (0, 1)], ids=["top", "few", "not few"])
async def test_those_who_are_named_are_found_in_each_way(
    world: World, monkeypatch: pytest.MonkeyPatch, looked_at: int, few: int
) -> None:
    monkeypatch.setattr(boards, "MOST_LOOKED_AT", looked_at)
    monkeypatch.setattr(boards, "FEW", few)
    members = [await world.add_member(f"M{place}", is_named=place % 3 == 0) for place in range(12)]
    await _earn(world, *(_entry(one, one.id, points=20 - one.id) for one in members))
    await _recount(world)
    for stretch in (Stretch(period=Period.ALL), Stretch(period=Period.DAY, first=NOW.date(), end=(NOW + DAY).date())):
        async with world.sessions.reading() as session:
            people = await boards.list_people(session, stretch, at_most=2)
        assert [people.names[one.member_id] for one in people.top] == ["M0", "M3", "M6", "M9"]
        assert (people.named.members, people.others.members) == (4, 8)


async def test_everyone_is_counted_where_they_belong_once_it_was_recounted(world: World) -> None:
    ada = await world.add_member("Ada", is_named=False)
    await _earn(world, _entry(ada, 1))
    async with world.sessions.begin() as session:  # as the release before wrote it, who did not count
        await session.execute(update(Member).where(Member.id == ada.id).values(is_named=True))
    await _recount(world)
    async with world.sessions.reading() as session:
        people = await boards.list_people(session, Stretch(period=Period.ALL), at_most=2)
    assert list(people.names.values()) == ["Ada"]


async def test_everybody_counts_while_sums_are_rebuilt_rolled_and_recounted(world: World) -> None:
    members = [await world.add_member(f"M{number}", is_named=bool(number % 2)) for number in range(4)]
    numbers = count(1)

    async def earn(turn: int) -> None:
        order = members[turn % 4 :] + members[: turn % 4]  # each in another order
        for days in (0, 31, 1):
            await _earn(world, *(_entry(one, next(numbers), days=days) for one in order))

    async def look_after() -> None:
        for _ in range(2):
            await roll_totals(world.out, RollTotals())
            await _recount(world)
            await credit_visits(world.out, CreditVisits())

    await asyncio.gather(*(earn(turn) for turn in range(4)), look_after(), look_after())
    held = await _held(world)
    assert held == await _told_by_the_ledger(world)
    assert [held[one.id, "all", SINCE_EVER][0] for one in members] == [3 * 3 * 4] * 4
    assert await _recount(world) == _right(4)


async def test_the_same_entry_from_two_sides_at_once_counts_once(world: World) -> None:
    ada = await world.add_member()
    await asyncio.gather(*(_earn(world, _entry(ada, 1)) for _ in range(4)))
    assert (await _held(world))[ada.id, "all", SINCE_EVER] == (3, 0, 2)


async def _crowd(world: World, size: int) -> list[int]:
    """Add shares of some members, with two visits each by the same two people's addresses."""
    post, crowd = await world.add_post(), [await world.add_member(f"M{number}") for number in range(size)]
    visits = count(1)
    async with world.sessions.begin() as session:
        for member in crowd:
            made = {"state": "opened", "created_at": NOW, "opened_at": NOW}
            session.add(share := Share(member_id=member.id, post_id=post.id, network="linkedin", **made))
            await session.flush()
            link = TrackedLink(share_id=share.id, slug=f"s{share.id}", target="https://a.example/", created_at=NOW)
            session.add(link)
            await session.flush()
            for who in (b"a" * 16, b"b" * 16, b"a" * 16):
                made = {"at": NOW, "on_day": NOW.date(), "kind": "human", "visitor": who, "prefix": who}
                session.add(Visit(id=next(visits), link_id=link.id, **made))
    return [one.id for one in crowd]


async def test_runs_of_crediting_at_once_credit_every_visit_once(world: World) -> None:
    crowd = await _crowd(world, 6)
    await asyncio.gather(*(credit_visits(world.out, CreditVisits()) for _ in range(3)))
    held = await _held(world)
    assert [held[one, "all", SINCE_EVER] for one in crowd] == [(7 + 1, 1, 2)] * 6
    async with world.sessions.reading() as session:
        assert await session.scalar(select(PostDay.visitors)) == 12
    assert await _recount(world) == _right(6)


async def test_visitors_of_a_day_are_made_right(world: World) -> None:
    await _crowd(world, 2)
    await credit_visits(world.out, CreditVisits())
    async with world.sessions.begin() as session:
        await session.execute(update(PostDay).values(visitors=17))
    assert (await _recount(world)).wrong_days == 1
    async with world.sessions.reading() as session:
        assert await session.scalar(select(PostDay.visitors)) == 4


ACTS = st.sampled_from(("visit", "credit", "undo", "name", "crew", "leave", "day", "week", "quarter", "roll"))


@pytest.fixture
async def town(world: World) -> World:
    """Three members with a share on each of two networks."""
    await _town(world)
    return world


async def _town(world: World) -> None:
    post = await world.add_post()
    for name, network in product("ABC", ("linkedin", "x")):
        async with world.sessions.begin() as session:
            member = (await session.scalars(select(Member).where(Member.name == name))).one_or_none()
        member = member or await world.add_member(name)
        async with world.sessions.begin() as session:
            made = {"state": "opened", "created_at": NOW, "opened_at": NOW}
            session.add(share := Share(member_id=member.id, post_id=post.id, network=network, **made))
            await session.flush()
            slug = f"s{share.id}"
            session.add(TrackedLink(share_id=share.id, slug=slug, target="https://a.example/", created_at=NOW))


_numbers = count(1_000_000)


async def _act(world: World, act: str, who: int) -> None:
    async with world.sessions.reading() as session:
        links = (await session.scalars(select(TrackedLink).order_by(TrackedLink.id))).all()
        members = (
            await session.scalars(select(Member).where(Member.name.in_(("A", "B", "C"))).order_by(Member.id))
        ).all()
    link, member = links[who % len(links)], members[who % len(members)]
    now = world.clock.now()
    days = {"day": 1, "week": 7, "quarter": 91}
    if act in days:
        world.clock.advance(timedelta(days=days[act]))
    elif act == "credit":
        await credit_visits(world.out, CreditVisits())
    elif act == "roll":
        await roll_totals(world.out, RollTotals())
    else:
        async with world.sessions.begin() as session:
            if act == "visit":
                digest = who.to_bytes(16)
                made = {"at": now, "on_day": local_date(now, world.programme.zone), "kind": "human"}
                session.add(Visit(id=next(_numbers), link_id=link.id, visitor=digest, prefix=digest, **made))
            elif act == "undo":
                await ledger.reverse_share(session, share_id=link.share_id, now=now, programme=world.programme)
            elif act == "crew":
                crews = {} if who % 3 else {member.person_ref: f"Crew {who % 2}"}
                await roles.write_crews(session, crews=crews, may_remove=True)
            else:
                change = {"is_named": bool(who % 2)} if act == "name" else {"left_at": now if who % 2 else None}
                await session.execute(update(Member).where(Member.id == member.id).values(**change))


@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 11)), min_size=3, max_size=10))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_after_whatever_happened_all_sums_are_what_the_ledger_says(
    town: World, acts: list[tuple[str, int]]
) -> None:
    for act, who in acts:
        await _act(town, act, who)
    await credit_visits(town.out, CreditVisits())
    held, told = await _held(town), await _told_by_the_ledger(town)
    assert _without_month(held) == _without_month(told)
    await roll_totals(town.out, RollTotals())
    assert await _held(town) == told
    members = len({key[0] for key in told})
    assert await _recount(town) == _right(members)


def _without_month(held: Held) -> Held:
    return {key: value for key, value in held.items() if key[1] != Period.MONTH.value}
