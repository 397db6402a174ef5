"""Members looked up anew: what the platform says of them is kept, and who no longer belongs is given up."""

from datetime import timedelta

from sqlalchemy import select

from bot.core.jobs import RefreshPeople
from bot.core.people import Person
from handlers.privacy import refresh_people
from storage.models import Member
from storage.queries.members import Newcomer, add_member, find_me
from tests.handlers.conftest import NOW, World


def _person(ref: str, **changes: object) -> Person:
    values: dict[str, object] = {"ref": ref, "name": "Ada Moved", "locale": "nl-NL", "zone": "Asia/Tokyo"}
    return Person(**(values | changes))  # type: ignore[arg-type]


async def _look_up_all(world: World) -> None:
    record = await refresh_people(world.out, RefreshPeople())
    if record is not None:
        async with world.sessions.begin() as session:
            await record(session)


async def _member(world: World, member: Member) -> Member:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Member).where(Member.id == member.id))).one()


async def test_name_language_and_zone_follow_the_person_within_a_day(world: World) -> None:
    ada = await world.add_member(person_ref="U-A", looked_up_at=NOW)
    world.surface.people["U-A"] = _person("U-A")
    await _look_up_all(world)
    assert (await _member(world, ada)).zone == "Europe/Amsterdam"
    world.clock.advance(timedelta(days=1, minutes=1))
    await _look_up_all(world)
    now = await _member(world, ada)
    assert (now.name, now.locale, now.zone) == ("Ada Moved", "nl-NL", "Asia/Tokyo")


async def test_a_language_or_zone_that_is_not_told_stays_as_it_was(world: World) -> None:
    ada = await world.add_member(person_ref="U-A", locale="nl-NL", zone="Asia/Tokyo")
    world.surface.people["U-A"] = _person("U-A", locale="", zone="")
    await _look_up_all(world)
    now = await _member(world, ada)
    assert (now.name, now.locale, now.zone) == ("Ada Moved", "nl-NL", "Asia/Tokyo")


async def test_somebody_new_of_whom_no_language_or_zone_is_told_has_english_and_utc(world: World) -> None:
    new = Newcomer(platform="slack", tenant_ref="T1", person=_person("U-A", locale="", zone=""))
    async with world.sessions.begin() as session:
        await add_member(session, new, now=NOW)
        found = await find_me(session, platform="slack", person_ref="U-A")
    assert found is not None
    assert (found["locale"], found["zone"]) == ("en", "UTC")


async def test_a_member_who_became_a_guest_is_erased(world: World) -> None:
    ada = await world.add_member(person_ref="U-A", role="curator")
    world.surface.people["U-A"] = _person("U-A", is_full_member=False)
    await _look_up_all(world)
    gone = await _member(world, ada)
    assert gone.erased_at is not None
    assert (gone.name, gone.role) == ("", "member")


async def test_a_member_whose_account_was_closed_has_left(world: World) -> None:
    ada = await world.add_member(person_ref="U-A")
    world.surface.people["U-A"] = _person("U-A", is_active=False)
    await _look_up_all(world)
    assert (await _member(world, ada)).left_at is not None


async def test_somebody_who_cannot_be_found_is_left_alone_and_asked_for_again_another_day(world: World) -> None:
    ada = await world.add_member(person_ref="U-A")
    await _look_up_all(world)
    assert (await _member(world, ada)).looked_up_at == NOW
    assert await refresh_people(world.out, RefreshPeople()) is None
