"""Many members are told at once, and a card says what its post is now: the same on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.jobs import TellDecision
from bot.core.moderation import PostState, SuggestionState
from bot.core.programme import Programme, WorkingHours
from storage.engine import Sessions
from storage.models import Announcement, JobRow, Member, Share, Suggestion
from storage.queries import announcements, readers, suggestions
from storage.queries.suggestions import Fate
from tests.handlers.conftest import GENERAL, NOW, World, programme

__all__ = ["programme"]

ALWAYS = WorkingHours(weekdays=(0, 1, 2, 3, 4, 5, 6))


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A company in an empty database of either kind."""
    return World(sessions=sessions, programme=programme)


async def change(world: World, member: Member, **values: object) -> None:
    async with world.sessions.begin() as session:
        held = await session.get_one(Member, member.id)
        for name, value in values.items():
            setattr(held, name, value)


async def test_everybody_is_told_where_they_read_and_who_is_gone_is_not(world: World) -> None:
    ada, bea, cem, dag = [await world.add_member(name) for name in ("Ada", "Bea", "Cem", "Dag")]
    await change(world, bea, same_as_id=ada.id)
    await change(world, cem, left_at=NOW)
    await change(world, dag, zone="Pacific/Auckland")
    jobs = {one.id: TellDecision(suggestion_id=7, member_id=one.id) for one in (ada, bea, cem, dag)}
    async with world.sessions.begin() as session:
        await readers.tell_all_at_work(session, jobs, hours=ALWAYS, now=NOW)
    async with world.sessions.reading() as session:
        rows = (await session.scalars(select(JobRow).order_by(JobRow.id))).all()
        one = await readers.find_reader(session, member_id=bea.id)
        none = await readers.find_reader(session, member_id=cem.id)
    assert [row.lane for row in rows] == [ada.person_ref, ada.person_ref, dag.person_ref]
    assert len({row.run_at for row in rows}) == 2
    assert one is not None
    assert (one.member_id, one.person_ref) == (ada.id, ada.person_ref)
    assert none is None


async def test_nobody_to_tell_is_no_job(world: World) -> None:
    async with world.sessions.begin() as session:
        await readers.tell_all_at_work(session, {}, hours=ALWAYS, now=NOW)
    assert await world.jobs() == []


async def test_what_became_of_a_suggestion_is_read_without_its_authors(world: World) -> None:
    ada = await world.add_member()
    async with world.sessions.begin() as session:
        session.add(
            held := Suggestion(state="declined", link="https://a.example/", link_key="a", created_at=NOW, note="No")
        )
        await session.flush()
        number = held.id
    async with world.sessions.reading() as session:
        found = await suggestions.find_told(session, suggestion_id=number, member_id=ada.id)
        gone = [
            await suggestions.find_told(session, suggestion_id=number + 1, member_id=ada.id),
            await suggestions.find_told(session, suggestion_id=number, member_id=ada.id + 1),
        ]
    assert found is not None
    fate, reader = found
    assert fate == Fate(id=number, state=SuggestionState.DECLINED, link="https://a.example/", note="No")
    assert (reader.member_id, reader.person_ref) == (ada.id, ada.person_ref)
    assert gone == [None, None]


async def test_an_announcement_knows_what_it_shows_and_when_that_is_old(world: World) -> None:
    post = await world.add_post()
    ada = await world.add_member()
    async with world.sessions.begin() as session:
        session.add(row := Announcement(post_id=post.id, channel_ref=GENERAL))
        await session.flush()
        number = row.id
        placed = await announcements.find_placed(session, announcement_id=number, now=NOW)
        assert placed is not None
        assert (placed.message_ref, placed.is_stale, placed.face.sharers) == (None, True, 0)
        assert (placed.face.state, placed.face.curator) == (PostState.PUBLISHED, "Cura")
        await announcements.keep_drawn(session, placed, message_ref="C:1")
    async with world.sessions.begin() as session:
        drawn = await announcements.find_placed(session, announcement_id=number, now=NOW)
        states = {"opened": "linkedin", "confirmed": "x", "draft": "facebook"}
        shares = [
            Share(member_id=ada.id, post_id=post.id, network=network, state=state, created_at=NOW)
            for state, network in states.items()
        ]
        session.add_all(shares)
        await session.flush()
        shared = await announcements.find_placed(session, announcement_id=number, now=NOW + timedelta(minutes=1))
    assert drawn is not None
    assert (drawn.message_ref, drawn.is_stale, drawn.changed_at) == ("C:1", False, post.updated_at)
    assert shared is not None
    assert (shared.is_stale, shared.face.sharers) == (True, 1)
    async with world.sessions.reading() as session:
        assert await announcements.find_placed(session, announcement_id=number + 1, now=NOW) is None
