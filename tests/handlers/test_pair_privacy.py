"""What is kept about one who is here twice: seen, taken along and erased as one; and one identity of two that goes."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import (
    AnswerPairing,
    EraseMe,
    ExportMine,
    OpenShare,
    ShowMe,
    ShowPrivacy,
)
from bot.core.jobs import (
    RefreshPeople,
    SendExport,
)
from bot.core.people import Person
from bot.core.privacy import is_erased
from handlers import privacy
from handlers.context import Record
from storage.models import (
    Base,
    Member,
)
from tests.handlers.conftest import NOW
from tests.handlers.two_chats import ADA, ADA_THERE, ADDRESS, THERE, TwoChats, Who, chats

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
    await chats.say(who, EraseMe())
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


# One identity of two goes


def _person(ref: str, **changes: object) -> Person:
    values: dict[str, object] = {"ref": ref, "name": "Ada Moved", "locale": "nl-NL", "zone": "UTC", "email": ADDRESS}
    return Person(**(values | changes))  # type: ignore[arg-type]


async def _look_up_all(chats: TwoChats) -> None:
    record: Record | None = await privacy.refresh_people(chats.out, RefreshPeople())
    assert record is not None
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
