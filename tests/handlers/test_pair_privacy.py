"""What is kept about one who is here twice: seen, taken along and erased as one; and one identity of two that goes."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from bot.core.actions import (
    AnswerPairing,
    EraseMe,
    ExportMine,
    OpenShare,
    PreviewPost,
    ShowMe,
    ShowPrivacy,
    Withdraw,
)
from bot.core.errors import TryLater, Uncertain
from bot.core.jobs import (
    Pool,
    RefreshPeople,
    SendExport,
    SendPreview,
    TellWithdrawal,
)
from bot.core.people import Person
from bot.core.privacy import is_erased
from handlers import announce, privacy, publish
from handlers.context import Record
from storage.models import (
    Announcement,
    Base,
    Lane,
    Member,
)
from tests.handlers.conftest import GENERAL, NOW, run_job
from tests.handlers.two_chats import ADA, ADA_THERE, ADDRESS, EVE, THERE, TwoChats, Who, change, chats

__all__ = ["chats"]


# What is kept about one who is here twice


async def test_one_sees_the_other_identity_and_that_erasing_erases_both(chats: TwoChats) -> None:
    alone = await chats.words(ADA, ShowPrivacy())
    assert "the other chat" not in alone
    await chats.join()
    here, there = await chats.words(ADA, ShowPrivacy()), await chats.words(ADA_THERE, ShowPrivacy())
    assert f"You in the other chat: Ada Lovelace, {ADDRESS}" in here
    assert "Erasing erases both." in here
    assert "Jij in de andere chat: Ada, Ada@Brightwater.example" in there


@pytest.mark.parametrize("who", [ADA, ADA_THERE])
async def test_a_copy_comes_where_it_was_asked_for_and_holds_both(chats: TwoChats, who: Who) -> None:
    await chats.join()
    await chats.say(who, ExportMine())
    (job,) = await chats.jobs(SendExport)
    assert isinstance(job, SendExport)
    await privacy.send_export(chats.out, job)
    sent = [(name, *files) for name, one in chats.surfaces.items() for files in one.files]
    ((platform, person, file),) = sent
    assert (platform, person) == who
    profile = json.loads(file.body)["profile"]
    assert (profile["person_ref"], profile["name"]) == ("U-ADA", "Ada")
    assert [(one["platform"], one["person_ref"], one["email"]) for one in profile["other_identities"]] == [
        (THERE, "P-ADA", ADDRESS)
    ]


@pytest.mark.parametrize("who", [ADA, ADA_THERE])
async def test_erasing_on_either_side_leaves_nothing_that_names_the_person(chats: TwoChats, who: Who) -> None:
    world = chats.world
    post = await world.add_post()
    await chats.say(ADA_THERE, OpenShare(post_id=post.id))
    await chats.join()
    lanes = [f"{pool}@{THERE}/P-ADA" for pool in Pool] + [f"{pool}/U-ADA" for pool in Pool]
    others = [f"post@{THERE}/p-Ada", f"post@{THERE}/P-ADAM", "post/U-ADA/2", "post/"]
    async with world.sessions.begin() as session:
        session.add_all(Lane(name=name, next_at=NOW) for name in (*lanes, *others))
    await chats.say(who, EraseMe())
    async with world.sessions.reading() as session:
        kept = set(await session.scalars(select(Lane.name)))
    assert kept == set(others)
    async with world.sessions.begin() as session:
        await session.execute(delete(Lane))
    async with world.sessions.reading() as session:
        tables = Base.metadata.sorted_tables
        said = [f"{one.name} {row}" for one in tables for row in await session.execute(select(one))]
        rows = (await session.scalars(select(Member).where(Member.id.in_((1, 2))))).all()
    for secret in ("U-ADA", "P-ADA", "Lovelace", ADDRESS, "Ada@"):
        assert [line for line in said if secret in line] == [], secret
    assert [(is_erased(one.person_ref), one.erased_at, one.same_as_id) for one in rows] == [(True, NOW, None)] * 2
    other = ADA_THERE if who == ADA else ADA
    chats.surfaces[other[0]].people[other[1]] = _person(other[1])
    await chats.say(other, ShowMe())
    assert (await chats.member(other)).id not in (1, 2), "who comes back begins as somebody new"


async def test_erasing_before_the_answer_ends_the_question(chats: TwoChats) -> None:
    await chats.ask()
    await chats.say(ADA, EraseMe())
    assert "vervallen" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert not await chats.is_joined()


# Answers


@pytest.mark.parametrize("who", [ADA, ADA_THERE])
async def test_a_preview_comes_where_it_was_asked_for(chats: TwoChats, who: Who) -> None:
    await chats.join()
    await change(chats.world, ADA, role="curator")
    post = await chats.world.add_post()
    told_before = {name: len(one.told) for name, one in chats.surfaces.items()}
    await chats.say(who, PreviewPost(post_id=post.id))
    (job,) = await chats.jobs(SendPreview)
    assert isinstance(job, SendPreview)
    await publish.send_preview(chats.out, job)
    told = [(name, person) for name, one in chats.surfaces.items() for person, _ in one.told[told_before[name] :]]
    assert told == [who]


@pytest.mark.parametrize("who", [ADA, ADA_THERE])
async def test_how_far_a_withdrawal_is_comes_where_it_was_asked_for_until_it_is_done(chats: TwoChats, who: Who) -> None:
    await chats.join()
    await change(chats.world, ADA, role="curator")
    post = await chats.world.add_post()
    async with chats.world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1"))
    told_before = {name: len(one.told) for name, one in chats.surfaces.items()}
    await chats.say(who, Withdraw(ref=f"P{post.id}"))
    (job,) = await chats.jobs(TellWithdrawal)
    assert isinstance(job, TellWithdrawal)
    await run_job(chats, announce.tell_withdrawal, job)
    assert await chats.jobs(TellWithdrawal) == [job, job]
    told = [(name, person) for name, one in chats.surfaces.items() for person, _ in one.told[told_before[name] :]]
    assert told == [who]


# One identity of two goes


def _person(ref: str, **changes: object) -> Person:
    values: dict[str, object] = {"ref": ref, "name": "Ada Moved", "locale": "nl-NL", "zone": "UTC", "email": ADDRESS}
    return Person(**(values | changes))  # type: ignore[arg-type]


async def _look_up_all(chats: TwoChats) -> None:
    for platform in chats.surfaces:
        record: Record | None = await privacy.refresh_people(chats.out, RefreshPeople(platform=platform))
        if record is not None:
            async with chats.world.sessions.begin() as session:
                await record(session)


async def test_whose_first_account_is_closed_goes_on_in_the_other_chat_and_is_reached_there(chats: TwoChats) -> None:
    await chats.join()
    chats.world.surface.people["U-ADA"] = _person("U-ADA", is_active=False)
    chats.there.people["P-ADA"] = _person("P-ADA", name="Ada Lovelace")
    for _ in range(2):
        await _look_up_all(chats)
        chats.world.clock.advance(timedelta(days=1, minutes=1))
    kept = await chats.member(ADA_THERE)
    assert (kept.id, kept.name, kept.left_at, kept.same_as_id) == (1, "Ada Lovelace", None, None)
    gone = await chats.member(ADA)
    assert (gone.id, gone.same_as_id) == (2, 1)
    assert gone.left_at is not None
    assert (await chats.say(ADA_THERE, ShowMe())).card is not None
    chats.world.surface.people["U-ADA"] = _person("U-ADA")
    await _look_up_all(chats)
    assert (await chats.member(ADA)).left_at is None, "the account is open again"


async def test_while_one_platform_does_not_answer_the_people_of_the_other_are_looked_up(chats: TwoChats) -> None:
    chats.world.surface.fail_next = [TryLater(timedelta(seconds=30)), Uncertain("timeout")]
    chats.there.people = {"P-ADA": _person("P-ADA"), "P-EVE": _person("P-EVE", is_active=False)}
    await _look_up_all(chats)
    assert (await chats.member(ADA_THERE)).name == "Ada Moved"
    assert (await chats.member(EVE)).left_at == NOW
    assert (await chats.member(ADA)).looked_up_at is None
    await _look_up_all(chats)
    chats.world.surface.people = {"U-ADA": _person("U-ADA")}
    await _look_up_all(chats)
    assert (await chats.member(ADA)).name == "Ada Moved"


async def test_what_is_told_of_an_identity_is_kept_with_it_also_if_it_changed_places_meanwhile(chats: TwoChats) -> None:
    await chats.join()
    chats.world.surface.people["U-ADA"] = _person("U-ADA", is_active=False)
    chats.there.people["P-ADA"] = _person("P-ADA", name="Ada There")
    chats.there.people["P-EVE"] = _person("P-EVE", name="Eve")
    looked_up = [
        await privacy.refresh_people(chats.out, RefreshPeople(platform=platform)) for platform in chats.surfaces
    ]
    for record in looked_up:
        assert record is not None
        async with chats.world.sessions.begin() as session:
            await record(session)
    here, there = await chats.member(ADA), await chats.member(ADA_THERE)
    assert (there.id, there.name, there.left_at) == (1, "Ada There", None)
    assert (here.id, here.name, here.left_at) == (2, "Ada Moved", NOW)


async def test_who_becomes_a_guest_in_one_chat_is_kept_in_the_other_alone(chats: TwoChats) -> None:
    await chats.join()
    chats.world.surface.people["U-ADA"] = _person("U-ADA", is_full_member=False)
    chats.there.people["P-ADA"] = _person("P-ADA", name="Ada Lovelace")
    await _look_up_all(chats)
    kept = await chats.member(ADA_THERE)
    assert (kept.id, kept.name, kept.left_at, kept.erased_at) == (1, "Ada Lovelace", None, None)
    async with chats.world.sessions.reading() as session:
        gone = await session.get_one(Member, 2)
    assert is_erased(gone.person_ref)
    assert (gone.name, gone.email, gone.same_as_id) == ("", None, None)


async def test_who_is_closed_in_both_chats_has_left(chats: TwoChats) -> None:
    await chats.join()
    chats.world.surface.people["U-ADA"] = _person("U-ADA", is_active=False)
    chats.there.people["P-ADA"] = _person("P-ADA", is_active=False)
    await _look_up_all(chats)
    async with chats.world.sessions.reading() as session:
        left = await session.scalars(select(Member.left_at).where(Member.id.in_((1, 2))))
        assert None not in set(left)
