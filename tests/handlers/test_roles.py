"""Roles and teams follow configuration and groups; a source that cannot be read takes nothing from anyone."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from bot.core.errors import Refused, TryLater
from bot.core.jobs import RefreshRoles
from bot.core.people import Person
from bot.core.programme import CrewSource, RoleSource
from handlers.roles import refresh_roles
from storage.models import Crew, Member
from tests.fakes import FakeSurface
from tests.handlers.conftest import World


def _person(ref: str, **changes: object) -> Person:
    values: dict[str, object] = {"ref": ref, "name": ref, "locale": "en", "zone": "UTC"}
    return Person(**(values | changes))  # type: ignore[arg-type]


async def _refresh(world: World) -> None:
    record = await refresh_roles(world.out, RefreshRoles())
    async with world.sessions.begin() as session:
        await record(session)


async def _roles(world: World) -> dict[str, str]:
    async with world.sessions.reading() as session:
        rows = await session.execute(select(Member.person_ref, Member.role))
        return {row[0]: row[1] for row in rows}


async def test_ids_addresses_and_groups_give_roles_and_their_loss_takes_them(world: World) -> None:
    await world.add_member(person_ref="U-A", email="a@brightwater.example")
    await world.add_member(person_ref="U-B")
    world.surface.groups["S1"] = ("U-B",)
    world.programme = replace(
        world.programme, curators=RoleSource(groups=("S1",)), admins=RoleSource(emails=("A@brightwater.example",))
    )
    await _refresh(world)
    assert await _roles(world) == {"U-A": "admin", "U-B": "curator"}
    world.surface.groups["S1"] = ()
    await _refresh(world)
    assert await _roles(world) == {"U-A": "admin", "U-B": "member"}


async def test_nobody_is_added_who_never_came_or_had_themselves_erased(world: World) -> None:
    world.surface.people = {"U-N": _person("U-N")}
    world.programme = replace(world.programme, curators=RoleSource(ids=("U-N",)))
    await _refresh(world)
    assert await _roles(world) == {}


async def test_a_group_that_cannot_be_read_takes_no_role_away(world: World) -> None:
    await world.add_member(person_ref="U-B", role="curator")
    world.programme = replace(world.programme, curators=RoleSource(groups=("S1",)))
    world.surface.fail_next = [Refused("missing_scope")]
    await _refresh(world)
    assert await _roles(world) == {"U-B": "curator"}


async def test_an_admin_whose_group_cannot_be_read_stays_one_where_they_are_listed_as_curator(world: World) -> None:
    await world.add_member(person_ref="U-B", role="admin")
    ids = ("U-B",)
    world.programme = replace(world.programme, curators=RoleSource(ids=ids), admins=RoleSource(groups=("S1",)))
    world.surface.fail_next = [Refused("missing_scope")]
    await _refresh(world)
    assert await _roles(world) == {"U-B": "admin"}
    world.surface.groups["S1"] = ()
    await _refresh(world)
    assert await _roles(world) == {"U-B": "curator"}


async def test_a_platform_that_does_not_answer_takes_nothing_and_is_asked_nothing_more_while_the_other_is_read(
    world: World,
) -> None:
    for ref, role in (("U-A", "member"), ("U-B", "admin"), ("P-C", "member"), ("P-D", "curator")):
        await world.add_member(person_ref=ref, role=role)
    here, there = world.surface, FakeSurface(prefix="P-")
    here.prefix = "U-"
    here.fail_next = [TryLater(timedelta(seconds=30)), Refused("must not be asked")]
    there.groups["P-G"] = ("P-C",)
    there.people = {"P-C": _person("P-C", email="c@brightwater.example")}
    world.programme = replace(
        world.programme,
        curators=RoleSource(groups=("U-G", "P-G")),
        admins=RoleSource(ids=("U-A",), emails=("c@brightwater.example", "d@brightwater.example")),
    )
    out = replace(world.out, surfaces={"slack": here, "there": there})
    record = await refresh_roles(out, RefreshRoles())
    async with world.sessions.begin() as session:
        await record(session)
    assert await _roles(world) == {"U-A": "admin", "U-B": "admin", "P-C": "admin", "P-D": "curator"}
    assert len(here.fail_next) == 1


async def test_a_group_of_a_platform_that_is_not_connected_any_more_takes_no_role_away(world: World) -> None:
    await world.add_member(person_ref="U-B", role="curator")
    world.surface.prefix = "U-"
    world.programme = replace(world.programme, curators=RoleSource(groups=("P-G",)), admins=RoleSource(ids=("U-C",)))
    await _refresh(world)
    assert await _roles(world) == {"U-B": "curator"}


async def test_an_admin_by_code_stays_one(world: World) -> None:
    await world.add_member(person_ref="U-A", role="admin", role_is_fixed=True)
    await _refresh(world)
    assert await _roles(world) == {"U-A": "admin"}


async def test_teams_follow_ids_addresses_and_groups(world: World) -> None:
    await world.add_member(person_ref="U-A", email="a@brightwater.example")
    await world.add_member(person_ref="U-B")
    await world.add_member(person_ref="U-C")
    world.surface.groups["S2"] = ("U-C",)
    world.programme = replace(
        world.programme,
        crews=(
            CrewSource(name="Pumps", emails=("a@brightwater.example",), ids=("U-B",)),
            CrewSource(name="Taps", group="S2"),
        ),
    )
    await _refresh(world)
    async with world.sessions.reading() as session:
        rows = await session.execute(select(Member.person_ref, Crew.name).join(Crew, Crew.id == Member.crew_id))
        assert {row[0]: row[1] for row in rows} == {"U-A": "Pumps", "U-B": "Pumps", "U-C": "Taps"}
