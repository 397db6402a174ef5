"""Each interaction is handled once, by someone who may, and every foreseen failure is a kind private answer."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bot.core.actions import Action, DirectMessage, EraseMe, Interaction, ShowFailures, ShowHelp, ShowMe, ShowQueue
from bot.core.cards import Card, plain
from bot.core.cards import Text as TextElement
from bot.core.errors import TryLater, Unable
from bot.core.jobs import CreditVisits
from bot.core.people import Person, Role
from bot.core.programme import RoleSource
from bot.core.reply import REPEATED, SILENCE, Reply
from bot.dispatch import Dispatcher, Route
from handlers.context import Context
from storage.models import Crew, InboxRow, JobRow, Member
from storage.queries.jobs import add_job
from tests.handlers.conftest import NOW, SECRET, World
from tests.handlers.windows import words_of
from tests.postgres import ON_SQLITE


async def _hello(ctx: Context, action: Action) -> Reply:
    await add_job(ctx.session, CreditVisits(), now=ctx.now)
    return Reply(card=Card(title=f"hello {ctx.me.name}, {ctx.me.role}"))


async def _unable(ctx: Context, action: Action) -> Reply:
    await add_job(ctx.session, CreditVisits(), now=ctx.now)
    raise Unable("error.not_found")


async def _broken(ctx: Context, action: Action) -> Reply:
    async with ctx.session.begin_nested():
        ctx.session.add(Crew(name="half done"))
    raise ValueError("a defect")


async def _nothing(ctx: Context, action: Action) -> Reply:
    return SILENCE


ROUTES = {
    ShowMe: Route(handler=_hello),
    ShowHelp: Route(handler=_unable),
    EraseMe: Route(handler=_broken),
    ShowQueue: Route(handler=_hello, right=Role.CURATOR),
    ShowFailures: Route(handler=_hello, right=Role.ADMIN),
    DirectMessage: Route(handler=_nothing, is_open=True),
}


def _dispatcher(world: World) -> Dispatcher:
    return Dispatcher(
        sessions=world.sessions,
        routes=ROUTES,
        surfaces={"slack": world.surface},
        programme=world.programme,
        composers=world.composers,
        clock=world.clock,
        secret=SECRET,
    )


def _did(action: Action, person_ref: str = "U1", key: str = "k1", **more: object) -> Interaction:
    made = Interaction(
        key=key, platform="slack", tenant_ref="T1", person_ref=person_ref, action=action, received_at=NOW
    )
    return replace(made, **more)  # type: ignore[arg-type]


def _person(ref: str, **changes: object) -> Person:
    values: dict[str, object] = {"ref": ref, "name": "New", "locale": "nl-NL", "zone": "Europe/Amsterdam"}
    return Person(**(values | changes))  # type: ignore[arg-type]


async def _count(world: World, model: type) -> int:
    async with world.sessions.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


def _title(reply: Reply) -> str:
    assert reply.card is not None
    return words_of(reply.card)


async def test_an_interaction_that_arrives_again_does_nothing_and_says_nothing(world: World) -> None:
    await world.add_member(person_ref="U1")
    dispatch = _dispatcher(world)
    assert _title(await dispatch(_did(ShowMe()))) == "hello Ada, member"
    assert await dispatch(_did(ShowMe())) is REPEATED
    assert await _count(world, JobRow) == 1


async def test_the_same_interaction_twice_at_once_is_handled_once(world: World) -> None:
    await world.add_member(person_ref="U1")
    dispatch = _dispatcher(world)
    replies = await asyncio.gather(*[dispatch(_did(ShowMe())) for _ in range(8)])
    assert sum(reply is not REPEATED for reply in replies) == 1
    assert await _count(world, JobRow) == 1


async def test_a_foreseen_failure_keeps_nothing_and_says_what_to_do(world: World) -> None:
    await world.add_member(person_ref="U1")
    reply = await _dispatcher(world)(_did(ShowHelp()))
    assert "not there any more" in _title(reply)
    assert await _count(world, JobRow) == 0


async def test_a_defect_after_a_savepoint_leaves_no_row(world: World) -> None:
    await world.add_member(person_ref="U1")
    reply = await _dispatcher(world)(_did(EraseMe()))
    assert "went wrong on our side" in _title(reply)
    assert await _count(world, Crew) == 0
    assert await _count(world, InboxRow) == 0


async def test_a_failure_in_a_window_is_laid_over_it_so_that_nothing_typed_is_lost(world: World) -> None:
    await world.add_member(person_ref="U1")
    reply = await _dispatcher(world)(_did(ShowHelp(), window_ref="V1"))
    assert reply.form is not None
    assert reply.is_stacked
    (text,) = reply.form.body
    assert isinstance(text, TextElement)
    assert "not there any more" in plain(text.spans)


@pytest.mark.parametrize(("action", "words"), [(ShowQueue(), "comms team"), (ShowFailures(), "admins of Vouch")])
async def test_someone_without_the_right_is_told_whom_to_ask(world: World, action: Action, words: str) -> None:
    await world.add_member(person_ref="U1")
    assert words in _title(await _dispatcher(world)(_did(action)))
    assert await _count(world, JobRow) == 0


async def test_an_admin_may_do_what_a_curator_may(world: World) -> None:
    await world.add_member(person_ref="U1", role="admin")
    assert _title(await _dispatcher(world)(_did(ShowQueue()))) == "hello Ada, admin"


async def test_someone_new_is_looked_up_and_becomes_a_member_in_their_own_language(world: World) -> None:
    world.surface.people["U9"] = _person("U9")
    dispatch = _dispatcher(world)
    assert _title(await dispatch(_did(ShowMe(), "U9"))) == "hello New, member"
    assert "Dit is voor het communicatieteam" in _title(await dispatch(_did(ShowQueue(), "U9", "k2")))


async def test_someone_new_whom_the_configuration_names_has_the_role_at_once(world: World) -> None:
    world.surface.people["U9"] = _person("U9", email="New@brightwater.example")
    world.programme = replace(world.programme, curators=RoleSource(emails=("new@brightwater.example",)))
    assert _title(await _dispatcher(world)(_did(ShowQueue(), "U9"))) == "hello New, curator"


async def test_someone_new_who_may_be_in_a_group_is_asked_to_wait_a_moment_and_is_looked_for_there(
    world: World,
) -> None:
    world.surface.people["U9"] = _person("U9", locale="en-GB")
    world.programme = replace(world.programme, curators=RoleSource(groups=("S1",)))
    dispatch = _dispatcher(world)
    assert "a few seconds" in _title(await dispatch(_did(ShowQueue(), "U9")))
    assert await _count(world, JobRow) == 1
    world.clock.advance(timedelta(minutes=1))
    assert "comms team" in _title(await dispatch(_did(ShowQueue(), "U9", "k2")))


async def test_a_guest_gets_a_kind_answer_and_no_row(world: World) -> None:
    world.surface.people["U9"] = _person("U9", is_full_member=False, locale="en-US")
    assert "full members of this company only" in _title(await _dispatcher(world)(_did(ShowMe(), "U9")))
    assert (await _count(world, Member), await _count(world, InboxRow)) == (0, 0)


async def test_whoever_nobody_says_is_here_gets_the_same_answer_and_no_row(world: World) -> None:
    world.surface.people["U9"] = _person("U9", is_active=False, locale="en-US")
    assert "full members of this company only" in _title(await _dispatcher(world)(_did(ShowMe(), "U9")))
    assert (await _count(world, Member), await _count(world, InboxRow)) == (0, 0)


async def test_someone_who_cannot_be_looked_up_now_is_asked_to_try_again_and_nothing_is_kept(world: World) -> None:
    world.surface.fail_next = [TryLater(NOW - NOW)]
    assert "Nothing was kept" in _title(await _dispatcher(world)(_did(ShowMe(), "U9")))
    assert (await _count(world, Member), await _count(world, InboxRow)) == (0, 0)


async def test_an_erasure_that_arrives_again_does_not_make_a_member_again(world: World) -> None:
    world.surface.people["U9"] = _person("U9")
    dispatch = _dispatcher(world)
    await dispatch(_did(ShowMe(), "U9"))
    async with world.sessions.begin() as session:
        await session.execute(update(Member).values(person_ref="erased-1"))
    assert await dispatch(_did(ShowMe(), "U9")) is SILENCE
    assert await _count(world, Member) == 1


async def test_someone_who_left_is_told_how_to_come_back(world: World) -> None:
    await world.add_member(person_ref="U1", left_at=NOW)
    dispatch = _dispatcher(world)
    assert "/vouch join" in _title(await dispatch(_did(ShowMe())))
    assert await dispatch(_did(DirectMessage(text="hello"), key="k2")) is SILENCE


async def test_a_command_sent_as_a_message_is_that_command(world: World) -> None:
    await world.add_member(person_ref="U1")
    assert _title(await _dispatcher(world)(_did(DirectMessage(text="/vouch me")))) == "hello Ada, member"


@ON_SQLITE
async def test_a_locked_database_is_said_within_the_platforms_patience(world: World) -> None:
    await world.add_member(person_ref="U1")
    other = sqlite3.connect(world.sessions.url.partition("///")[2], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        async with asyncio.timeout(2.5):
            reply = await _dispatcher(world)(_did(ShowMe()))
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "Nothing was changed" in _title(reply)
    assert _title(await _dispatcher(world)(_did(ShowMe()))) == "hello Ada, member"


@ON_SQLITE
async def test_a_full_disk_is_said_and_changes_nothing(world: World) -> None:
    await world.add_member(person_ref="U1")
    async with world.sessions.begin() as session:
        connection = await session.connection()
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    dispatch = _dispatcher(world)
    replies = [await dispatch(_did(ShowMe(), key=f"{n}-" + "k" * 150)) for n in range(200)]
    full = [reply for reply in replies if "Nothing was changed" in _title(reply)]
    assert full
    assert await _count(world, JobRow) == len(replies) - len(full)
