"""A click while PostgreSQL is in trouble: it is done once and answered, or its member is asked to try again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from time import monotonic

import pytest
from sqlalchemy import func, select, text

from bot import dispatch
from bot.core.actions import Action, Interaction, ShowMe
from bot.core.cards import Card
from bot.core.programme import Programme
from bot.core.reply import SILENCE, Reply
from bot.dispatch import ANSWER_SECONDS, Dispatcher, Route
from handlers.context import Context
from storage.models import Crew, InboxRow
from tests.door import Door, door_to
from tests.handlers.conftest import NOW, SECRET, World
from tests.handlers.windows import words_of
from tests.tables import open_sessions

pytestmark = pytest.mark.postgres

CLICK = Interaction(key="k1", platform="slack", tenant_ref="T1", person_ref="U1", action=ShowMe(), received_at=NOW)


@dataclass
class Town:
    """A dispatcher in front of a database behind a door."""

    world: World
    door: Door
    dispatcher: Dispatcher

    async def rows(self) -> tuple[int, int]:
        """Return how many interactions and how many crews are kept."""
        async with self.world.sessions.reading() as session:
            inbox = await session.scalar(select(func.count()).select_from(InboxRow))
            crews = await session.scalar(select(func.count()).select_from(Crew))
            return inbox or 0, crews or 0


async def _add_crew(ctx: Context, action: Action) -> Reply:
    """Add a crew: what can be seen twice if it is done twice."""
    count = await ctx.session.scalar(select(func.count()).select_from(Crew))
    ctx.session.add(Crew(name=f"crew {count}"))
    await ctx.session.flush()
    return Reply(card=Card(title="added"))


@pytest.fixture
async def town(postgres_database_url: str, programme: Programme) -> AsyncIterator[Town]:
    async with door_to(postgres_database_url) as (door, url):
        sessions = open_sessions(url)
        world = World(sessions=sessions, programme=programme)
        await world.add_member()
        dispatcher = Dispatcher(
            sessions=sessions,
            routes={ShowMe: Route(handler=_add_crew)},
            surfaces={"slack": world.surface},
            programme=programme,
            composers=world.composers,
            clock=world.clock,
            secret=SECRET,
        )
        yield Town(world, door, dispatcher)
        door.passes.set()
        await sessions.close()


@pytest.mark.parametrize("words", [b"BEGIN", b"INSERT INTO inbox", b"INSERT INTO crew", b"COMMIT"])
async def test_a_click_whose_connection_is_cut_is_done_once_and_answered(town: Town, words: bytes) -> None:
    town.door.cut_before = words
    assert (await town.dispatcher(CLICK)).card == Card(title="added")
    assert not town.door.cut_before
    assert await town.rows() == (1, 1)


async def test_a_click_whose_commit_was_not_confirmed_is_done_once_and_answered(town: Town) -> None:
    town.door.cut_after = b"COMMIT"
    assert (await town.dispatcher(CLICK)).card == Card(title="added")
    assert await town.rows() == (1, 1)
    assert await town.dispatcher(CLICK) == SILENCE


async def test_a_member_whose_click_may_have_been_kept_is_told_to_look(town: Town) -> None:
    town.door.cut_after = b"COMMIT"
    town.door.is_shut_after_cut = True
    reply = await town.dispatcher(CLICK)
    assert reply.card is not None
    assert "may or may not have been kept" in words_of(reply.card)
    await town.door.open()
    assert await town.rows() == (1, 1)


async def test_while_the_database_is_gone_the_member_is_asked_to_try_again_and_then_it_works(town: Town) -> None:
    await town.door.shut()
    reply = await town.dispatcher(CLICK)
    assert reply.card is not None
    assert "Nothing was changed" in words_of(reply.card)
    await town.door.open()
    assert (await town.dispatcher(CLICK)).card == Card(title="added")
    assert await town.rows() == (1, 1)


async def test_a_database_that_does_not_answer_keeps_nobody_waiting(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ANSWER_SECONDS", 0.2)
    assert ANSWER_SECONDS < 3  # Slack's patience
    town.door.passes.clear()
    began = monotonic()
    reply = await town.dispatcher(CLICK)
    assert monotonic() - began < 0.2 + 1.0
    assert reply.card is not None
    assert "Nothing was changed" in words_of(reply.card)
    town.door.passes.set()
    assert (await town.dispatcher(replace(CLICK, key="k2"))).card == Card(title="added")


async def test_a_click_that_meets_another_ones_lock_is_answered_in_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ANSWER_SECONDS", 0.2)
    async with town.world.sessions.begin() as session:
        await session.execute(text("LOCK TABLE crew IN EXCLUSIVE MODE"))
        reply = await town.dispatcher(CLICK)
        assert reply.card is not None
        assert "Nothing was changed" in words_of(reply.card)
    assert (await town.dispatcher(CLICK)).card == Card(title="added")
    assert await town.rows() == (1, 1)


async def test_many_clicks_at_once_with_connections_cut_under_them_are_each_done_once(town: Town) -> None:
    members = [await town.world.add_member() for _ in range(12)]
    clicks = [replace(CLICK, key=f"m{one.id}", person_ref=one.person_ref) for one in members]
    answering = [asyncio.create_task(town.dispatcher(click)) for click in clicks]
    for _ in range(3):
        await asyncio.sleep(0)
        town.door.cut()
    replies = await asyncio.gather(*answering)
    done = [reply for reply in replies if reply.card == Card(title="added")]
    inbox, crews = await town.rows()
    assert len(done) <= inbox == crews <= len(clicks)
