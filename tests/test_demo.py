"""The demo company: an empty database gets its two weeks, by the real rules, once."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.config import read_config
from bot.core.actions import ShowBoard
from bot.core.cards import Table
from bot.core.jobs import AnnounceIn, CreditVisits, PostBoard, ShowSuggestion
from bot.core.programme import Programme
from bot.demo import fill_demo
from bot.programmes import programme_of
from handlers.credit import credit_visits
from handlers.leaderboard import post_board, show_board
from storage.engine import Sessions
from storage.models import (
    Announcement,
    Decision,
    LedgerEntry,
    Member,
    Post,
    Share,
    Suggestion,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries.totals import rebuild_totals
from tests.fakes import FakeClock
from tests.handlers.conftest import World
from tests.handlers.test_leaderboard import words
from tests.handlers.traces import all_words
from tests.house.sources import ROOT
from tests.tables import add_tables

COMPANY = ROOT / "playground" / "company.yaml"
HOME = "http://127.0.0.1:8080"
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)  # a Wednesday


def read_programme() -> Programme:
    path = ROOT / "playground" / "config.yaml"
    return programme_of(read_config(path), path, public_url=HOME)


@pytest.fixture
def programme() -> Programme:
    """The programme of the demo, as the playground starts it."""
    return read_programme()


async def opened(folder: Path, name: str, programme: Programme) -> World:
    sessions = Sessions(f"sqlite+aiosqlite:///{folder}/{name}.db")
    await add_tables(sessions)
    return World(sessions=sessions, programme=programme, clock=FakeClock(NOW))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo company in it."""
    folder, programme = tmp_path_factory.mktemp("filled"), read_programme()

    async def fill() -> None:
        world = await opened(folder, "demo", programme)
        assert await fill_demo(COMPANY, world.out, programme)
        await world.sessions.close()

    asyncio.run(fill())
    return folder / "demo.db"


@pytest.fixture
async def world(filled: Path, tmp_path: Path, programme: Programme) -> AsyncIterator[World]:
    """The demo company in a database of its own."""
    path = shutil.copy(filled, tmp_path)
    world = World(sessions=Sessions(f"sqlite+aiosqlite:///{path}"), programme=programme, clock=FakeClock(NOW))
    yield world
    await world.sessions.close()


async def test_an_empty_database_is_filled_once(world: World, programme: Programme) -> None:
    before = await all_words(world)
    assert not await fill_demo(COMPANY, world.out, programme)
    assert await all_words(world) == before


async def test_the_same_moment_gives_the_same_demo(world: World, tmp_path: Path, programme: Programme) -> None:
    again = await opened(tmp_path, "again", programme)
    assert await fill_demo(COMPANY, again.out, programme)
    assert await all_words(again) == await all_words(world)
    await again.sessions.close()


async def test_posts_wait_for_their_channels_oldest_first(world: World) -> None:
    async with world.sessions.reading() as session:
        rows = (await session.execute(select(Post.published_at, Post.link, Post.picture).order_by(Post.id))).all()
        waiting = (await session.scalars(select(Announcement.id).order_by(Announcement.id))).all()
    assert len(rows) == 5
    assert [row.published_at for row in rows] == sorted(row.published_at for row in rows)
    assert all(row.link.startswith(f"{HOME}/site/") and row.picture.startswith(f"{HOME}/site/") for row in rows)
    jobs = await world.jobs()
    assert [one.announcement_id for one in jobs if isinstance(one, AnnounceIn)] == list(waiting)
    assert len([one for one in jobs if isinstance(one, ShowSuggestion)]) == 2


async def test_guests_are_not_members_and_newcomers_are_not_asked_yet(world: World) -> None:
    async with world.sessions.reading() as session:
        members = {one.name: one for one in await session.scalars(select(Member))}
    assert len(members) == 12
    assert "Claire Dubois" not in members
    assert members["Iris van Dam"].is_named is None
    assert members["Priya Nair"].is_named is False
    assert members["Nadia Rahman"].role == "curator"


async def test_nothing_lies_in_the_future_and_visits_follow_their_share(world: World) -> None:
    async with world.sessions.reading() as session:
        rows = await session.execute(
            select(Share.created_at, Visit.at, Visit.id)
            .join(TrackedLink, TrackedLink.share_id == Share.id)
            .join(Visit, Visit.link_id == TrackedLink.id)
            .order_by(Visit.id)
        )
        found = rows.all()
        assert max(await session.scalars(select(LedgerEntry.at))) <= NOW
        assert max(await session.scalars(select(Decision.at))) <= NOW
    assert all(row.created_at < row.at <= NOW for row in found)
    assert [row.at for row in found] == sorted(row.at for row in found)
    assert len({row.at.date() for row in found}) > 7


async def list_totals(world: World) -> list[tuple[object, ...]]:
    """Return every running sum."""
    wanted = select(Total).order_by(Total.member_id, Total.period, Total.starts_on)
    async with world.sessions.reading() as session:
        rows = (await session.scalars(wanted)).all()
    return [(one.member_id, one.period, one.starts_on, one.points, one.shares, one.visits) for one in rows]


async def test_points_are_those_of_the_real_rules(world: World, programme: Programme) -> None:
    async with world.sessions.reading() as session:
        entries = (await session.scalars(select(LedgerEntry))).all()
        shares = (await session.scalars(select(Share))).all()
    earned: Counter[str] = Counter()
    for entry in entries:
        earned[entry.kind] += entry.points
    assert earned["suggestion"] == 20
    assert earned["share"] == 7 * len([one for one in shares if one.network != "facebook"])
    assert earned["own_words"] == 5 * len([one for one in shares if one.is_own_words])
    assert earned["visits"] > 50
    assert {one.state for one in shares} == {"evidenced"}
    held = await list_totals(world)
    await credit_visits(world.out, CreditVisits())
    async with world.sessions.begin() as session:
        await rebuild_totals(session, now=NOW, programme=programme)
    assert await list_totals(world) == held


async def test_suggestions_have_become_posts_or_have_a_reason(world: World) -> None:
    async with world.sessions.reading() as session:
        rows = (await session.scalars(select(Suggestion).order_by(Suggestion.id))).all()
        named = (await session.scalars(select(Post.suggestion_id).where(Post.suggestion_id.is_not(None)))).all()
    assert sorted(one.state for one in rows) == ["approved", "approved", "declined", "received", "received"]
    assert {one.id for one in rows if one.state == "approved"} == set(named)
    assert all(one.note for one in rows if one.state == "declined")


@pytest.mark.parametrize("days", range(7))
async def test_boards_have_something_to_show_on_every_weekday(tmp_path: Path, programme: Programme, days: int) -> None:
    world = await opened(tmp_path, f"day{days}", programme)
    world.clock.at = NOW + timedelta(days=days)
    await fill_demo(COMPANY, world.out, programme)
    async with world.sessions.reading() as session:
        omar = (await session.scalars(select(Member).where(Member.name == "Omar Haddad"))).one()
    for period in ("week", "month", "season"):
        card = (await world.act(show_board, omar, ShowBoard(period=period))).card
        assert card is not None
        assert "Omar Haddad" in words(card) or period == "week"
        assert "You: place" in words(card) or period == "week"
    product = next(one for one in programme.channels if one.board is not None)
    until = world.clock.at.isoformat()
    await post_board(world.out, PostBoard(channel_ref=product.ref, until=until))
    ((ref, card),) = world.surface.posted
    assert ref == product.ref
    assert any(isinstance(one, Table) for one in card.body)
    await world.sessions.close()


async def test_a_crew_of_five_who_earned_something_is_shown_and_a_smaller_one_is_not(world: World) -> None:
    async with world.sessions.reading() as session:
        asker = (await session.scalars(select(Member).where(Member.name == "Iris van Dam"))).one()
    card = (await world.act(show_board, asker, ShowBoard(period="month", crews=True))).card
    assert card is not None
    assert "1. Workshop, " in words(card)
    assert "Outdoors" not in words(card)


async def test_without_a_public_address_nothing_is_filled(tmp_path: Path, programme: Programme) -> None:
    programme = replace(programme, public_url=None)
    world = await opened(tmp_path, "nowhere", programme)
    assert not await fill_demo(COMPANY, world.out, programme)
    assert await world.jobs() == []
    await world.sessions.close()
