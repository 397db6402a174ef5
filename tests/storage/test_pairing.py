"""Two rows that are one person: who acts, who is reached, whose role counts, and what if one identity goes."""

import asyncio

import pytest
from sqlalchemy import event, select, update

from bot.core.leaderboard import Period
from bot.core.people import Role
from storage.models import (
    Crew,
    LedgerEntry,
    Member,
    Total,
)
from storage.queries import (
    boards,
    joining,
    members,
    pairing,
    readers,
    roles,
)
from storage.queries.boards import Stretch
from storage.queries.group_totals import SINCE_EVER
from tests.handlers.conftest import NOW, World, programme, world
from tests.storage.pairs import add_share, credit, fresh, join, points, two, visit

__all__ = ["programme", "world"]


# Who acts, who is reached, who counts


async def test_the_second_identity_acts_as_the_row_that_counts_from_where_it_is(world: World) -> None:
    ada, there = await two(world)
    async with world.sessions.begin() as session:
        await session.execute(
            update(Member).where(Member.id == ada.id).values(role="curator", is_named=True, default_network="x")
        )
    await join(world, ada, there)
    async with world.sessions.reading() as session:
        here_me = await members.find_me(session, platform="slack", person_ref="U-ADA")
        there_me = await members.find_me(session, platform="other", person_ref="P-ADA")
    assert here_me is not None
    assert there_me is not None
    assert here_me.keys() == there_me.keys()
    changed = {name for name in here_me if here_me[name] != there_me[name]}
    assert changed == {"identity_id", "platform", "tenant_ref", "person_ref", "locale", "zone"}
    assert (here_me["identity_id"], there_me["identity_id"]) == (ada.id, there.id)
    assert (there_me["id"], there_me["role"], there_me["default_network"]) == (ada.id, "curator", "x")
    assert (there_me["platform"], there_me["locale"], there_me["zone"]) == ("other", "nl-NL", "Asia/Tokyo")


async def test_only_the_second_identity_costs_a_second_statement(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    ran: list[str] = []
    engine = world.sessions.reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: ran.append(statement))
    for person_ref, platform, statements in (("U-ADA", "slack", 1), ("P-ADA", "other", 2), ("U-NOBODY", "slack", 1)):
        ran.clear()
        async with world.sessions.reading() as session:
            await members.find_me(session, platform=platform, person_ref=person_ref)
        assert len([one for one in ran if one.startswith("SELECT")]) == statements


async def test_whoever_leaves_or_comes_back_on_one_side_does_so_on_both(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    async with world.sessions.begin() as session:
        await members.leave(session, member_id=ada.id, now=NOW)
        me = await members.find_me(session, platform="other", person_ref="P-ADA")
        assert me is not None
        assert me["left_at"] == NOW
        assert await readers.find_reader(session, member_id=there.id) is None


async def test_messages_for_either_row_reach_the_one_that_counts(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    async with world.sessions.reading() as session:
        found = [await readers.find_reader(session, member_id=one.id) for one in (ada, there)]
    assert [(one.member_id, one.platform, one.person_ref) for one in found if one] == [(ada.id, "slack", "U-ADA")] * 2


async def test_an_answer_reaches_the_identity_that_asked_in_the_language_that_was_chosen(world: World) -> None:
    ada, there = await two(world)
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == ada.id).values(chosen_locale="nl"))
    await join(world, ada, there)
    async with world.sessions.reading() as session:
        askers = [await readers.find_asker(session, member_id=one.id) for one in (ada, there)]
        owners = [await readers.find_owner(session, member_id=one.id) for one in (ada, there)]
    expected = [(ada.id, "slack", "U-ADA", "nl"), (there.id, "other", "P-ADA", "nl")]
    for found in (askers, owners):
        assert [(one.member_id, one.platform, one.person_ref, one.locale) for one in found if one] == expected


async def test_an_answer_to_an_identity_that_was_given_up_reaches_the_one_they_go_on_with(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    async with world.sessions.begin() as session:
        await members.leave(session, member_id=there.id, now=NOW)
        reader = await readers.find_asker(session, member_id=there.id)
        assert reader is not None
        assert reader.person_ref == "U-ADA"
        await members.leave(session, member_id=ada.id, now=NOW)
        assert [await readers.find_asker(session, member_id=one.id) for one in (ada, there)] == [None, None]
        assert await readers.find_owner(session, member_id=ada.id) is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"email": " ADA@Brightwater.example "}, True),
        ({"left_at": NOW}, True),
        ({"platform": "slack"}, False),
        ({"email": "bob@brightwater.example"}, False),
        ({"email": None}, False),
        ({"email": ""}, False),
    ],
)
async def test_whoever_has_the_address_on_another_platform_may_be_the_same(
    world: World, changes: dict[str, object], *, expected: bool
) -> None:
    ada, there = await two(world, **changes)
    async with world.sessions.begin() as session:
        if changes.get("email") == "":
            await session.execute(update(Member).values(email=""))
        assert await pairing.have_same_address(session, ada.id, there.id) is expected
        assert await pairing.have_same_address(session, there.id, ada.id) is expected


async def test_an_address_of_either_identity_counts(world: World) -> None:
    ada, there = await two(world, email="ada@other.example")
    await join_anyhow(world, ada, there)
    ben = await world.add_member("Ada", email="ada@other.example")
    async with world.sessions.reading() as session:
        assert await pairing.have_same_address(session, ada.id, ben.id)
        assert not await pairing.have_same_address(session, ada.id, ada.id)


async def join_anyhow(world: World, ada: Member, there: Member) -> None:
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == there.id).values(same_as_id=ada.id))


async def test_one_person_is_counted_once(world: World) -> None:
    ada, there = await two(world, role="curator")
    async with world.sessions.reading() as session:
        assert sum((await roles.count_roles(session)).values()) == 2
    await join(world, ada, there)
    async with world.sessions.reading() as session:
        assert await roles.count_roles(session) == {"curator": 1}
        identities = await pairing.list_identities(session, member_id=there.id)
    assert [(one.member_id, one.platform) for one in identities] == [(ada.id, "slack"), (there.id, "other")]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"role": "curator"}, {}, ("curator", False)),
        ({}, {"role": "curator"}, ("curator", False)),
        ({"role": "curator"}, {"role": "admin", "role_is_fixed": True}, ("admin", True)),
        ({"role": "admin", "role_is_fixed": True}, {"role": "curator"}, ("admin", True)),
    ],
)
async def test_the_higher_role_stays_and_an_admin_by_code_on_either_side_stays_one(
    world: World, first: dict[str, object], second: dict[str, object], expected: tuple[str, bool]
) -> None:
    ada, there = await two(world, **second)
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == ada.id).values(**({"role": "member"} | first)))
    await join(world, ada, there)
    kept, led = await fresh(world, ada), await fresh(world, there)
    assert (kept.role, kept.role_is_fixed) == expected
    assert (led.role, led.role_is_fixed, led.same_as_id) == ("member", False, ada.id)


async def test_roles_given_to_either_identity_hold_and_the_higher_counts(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    for holders, role in (
        ({"P-ADA": Role.CURATOR}, "curator"),
        ({"P-ADA": Role.CURATOR, "U-ADA": Role.ADMIN}, "admin"),
        ({"P-ADA": Role.ADMIN, "U-ADA": Role.CURATOR}, "admin"),
        ({"U-ADA": Role.CURATOR}, "curator"),
        ({}, "member"),
    ):
        async with world.sessions.begin() as session:
            await roles.write_roles(session, holders=holders, may_demote=True, now=NOW)
        assert ((await fresh(world, ada)).role, (await fresh(world, there)).role) == (role, "member")


async def test_teams_given_to_either_identity_hold_and_that_of_the_row_that_counts_comes_first(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    for crews, name in (
        ({"P-ADA": "Pumps"}, "Pumps"),
        ({"P-ADA": "Pumps", "U-ADA": "Taps"}, "Taps"),
        ({"U-ADA": "Taps", "P-ADA": "Pumps"}, "Taps"),
        ({}, None),
    ):
        async with world.sessions.begin() as session:
            await roles.write_crews(session, crews=crews, may_remove=True)
            found = await session.scalar(select(Crew.name).join(Member, Member.crew_id == Crew.id))
        assert found == name
        assert (await fresh(world, there)).crew_id is None


@pytest.mark.parametrize(("here", "there", "expected"), [(True, False, True), (False, True, False), (None, True, None)])
async def test_a_name_stands_on_boards_only_if_the_row_that_counts_said_yes(
    world: World, *, here: bool | None, there: bool, expected: bool | None
) -> None:
    ada, second = await two(world, is_named=there)
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == ada.id).values(is_named=here))
        for member in (ada, second):
            session.add(Total(member_id=member.id, period="all", starts_on=SINCE_EVER, points=5))
            session.add(
                LedgerEntry(
                    member_id=member.id,
                    at=NOW,
                    on_day=NOW.date(),
                    kind="share",
                    points=5,
                    key=f"share:{member.id}",
                    rule_version=1,
                )
            )
    await world.count_together()
    await join(world, ada, second)
    assert (await fresh(world, ada)).is_named is expected
    async with world.sessions.reading() as session:
        people = await boards.list_people(session, Stretch(period=Period.ALL), at_most=5)
    assert list(people.names.values()) == (["Ada"] if expected else [])
    assert (people.named.members + people.others.members, people.named.points + people.others.points) == (1, 10)


# One of two identities goes


async def test_whoever_loses_the_first_identity_goes_on_with_the_second_and_all_they_have(world: World) -> None:
    ada, there = await two(world)
    post = await world.add_post()
    await visit(world, await add_share(world, ada, post.id), 1)
    await credit(world)
    await join(world, ada, there)
    async with world.sessions.begin() as session:
        number = await joining.part_with(session, platform="slack", person_ref="U-ADA")
    assert number == there.id
    kept, gone = await fresh(world, ada), await fresh(world, there)
    assert (kept.platform, kept.tenant_ref, kept.person_ref, kept.name, kept.zone) == (
        "other",
        "T2",
        "P-ADA",
        "Ada L.",
        "Asia/Tokyo",
    )
    assert (gone.platform, gone.tenant_ref, gone.person_ref, gone.same_as_id) == ("slack", "T1", "U-ADA", ada.id)
    async with world.sessions.reading() as session:
        me = await members.find_me(session, platform="other", person_ref="P-ADA")
        reader = await readers.find_reader(session, member_id=ada.id)
    assert me is not None
    assert me["id"] == ada.id
    assert reader is not None
    assert reader.person_ref == "P-ADA"
    assert await points(world, ada) == 7


@pytest.mark.parametrize(
    ("person_ref", "platform", "expected"),
    [("P-ADA", "other", "there"), ("U-BOB", "slack", "bob"), ("U-NOBODY", "slack", None)],
)
async def test_the_second_identity_and_a_single_one_go_as_they_are(
    world: World, person_ref: str, platform: str, expected: str | None
) -> None:
    ada, there = await two(world)
    bob = await world.add_member("Bob", person_ref="U-BOB")
    await join(world, ada, there)
    async with world.sessions.begin() as session:
        number = await joining.part_with(session, platform=platform, person_ref=person_ref)
    assert number == {"there": there.id, "bob": bob.id, None: None}[expected]
    assert ((await fresh(world, ada)).person_ref, (await fresh(world, there)).person_ref) == ("U-ADA", "P-ADA")


async def test_two_identities_that_go_at_the_same_moment_are_both_given_up(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)

    async def part(platform: str, person_ref: str) -> None:
        async with world.sessions.begin() as session:
            number = await joining.part_with(session, platform=platform, person_ref=person_ref)
            if platform == "slack":
                other.append(asyncio.create_task(part("other", "P-ADA")))
                await asyncio.sleep(0.1)  # it would be through by now, had it not to wait
            assert number is not None
            await members.leave(session, member_id=number, now=NOW)

    other: list[asyncio.Task[None]] = []
    await part("slack", "U-ADA")
    await other[0]
    assert [(await fresh(world, one)).left_at for one in (ada, there)] == [NOW, NOW]


async def test_where_the_second_identity_was_given_up_before_the_first_goes_with_all(world: World) -> None:
    ada, there = await two(world)
    await join(world, ada, there)
    async with world.sessions.begin() as session:
        await members.leave(session, member_id=there.id, now=NOW)
        assert await joining.part_with(session, platform="slack", person_ref="U-ADA") == ada.id
        for one in (ada, there):
            await joining.note_open(session, platform=one.platform, person_ref=one.person_ref)
    assert (await fresh(world, there)).left_at is None
