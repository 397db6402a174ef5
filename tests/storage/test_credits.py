"""Crediting on both databases: two runs at once, and an undoing meanwhile, count everything once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.core.actions import UndoShare
from bot.core.programme import Programme
from handlers.credit import credit_some
from handlers.share import undo_share
from storage.engine import Sessions
from storage.models import LedgerEntry, Member, Share, Total, TrackedLink, Visit
from tests.handlers.conftest import NOW, World, programme

__all__ = ["programme"]


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A company in an empty database of either kind."""
    return World(sessions=sessions, programme=programme)


async def _visited(world: World, member: Member, *visitors: int) -> None:
    async with world.sessions.begin() as session:
        link_id = await session.scalar(select(TrackedLink.id))
        if link_id is None:
            share = Share(member_id=member.id, post_id=1, network="linkedin", state="opened", created_at=NOW)
            session.add(share)
            await session.flush()
            link = TrackedLink(share_id=share.id, slug="aaaa222", target="https://a.example/", created_at=NOW)
            session.add(link)
            await session.flush()
            link_id = link.id
        for one in visitors:
            who = one.to_bytes(16)
            session.add(
                Visit(id=one, link_id=link_id, at=NOW, on_day=NOW.date(), kind="human", visitor=who, prefix=who)
            )


async def _credit(world: World) -> None:
    async with world.sessions.begin() as session:
        await credit_some(session, now=world.clock.now(), programme=world.programme)


async def _sums(world: World) -> tuple[int, int, int]:
    async with world.sessions.reading() as session:
        points, visits = (
            await session.execute(select(func.sum(LedgerEntry.points), func.sum(LedgerEntry.visits)))
        ).one()
        total = await session.scalar(select(Total.points).where(Total.period == "all"))
    return int(points), int(visits), int(total or 0)


async def test_two_runs_at_once_count_each_visit_once(world: World) -> None:
    post = await world.add_post()
    assert post.id == 1
    ada = await world.add_member("Ada")
    await _visited(world, ada, 1, 2)
    async with world.sessions.begin() as session:
        await credit_some(session, now=NOW, programme=world.programme)
        second = asyncio.create_task(_late_visit_and_run(world, ada))
        await asyncio.sleep(0.3)
    await second
    assert await _sums(world) == (7 + 2, 3, 7 + 2)


async def _late_visit_and_run(world: World, member: Member) -> None:
    await _visited(world, member, 3)
    await _credit(world)


async def test_an_undoing_waits_for_what_is_being_credited_and_takes_all_of_it_back(world: World) -> None:
    await world.add_post()
    ada = await world.add_member("Ada")
    await _visited(world, ada, 1, 2, 3)
    async with world.sessions.begin() as session:
        await credit_some(session, now=NOW, programme=world.programme)
        undoing = asyncio.create_task(world.act(undo_share, ada, UndoShare(share_id=1)))
        await asyncio.sleep(0.3)
    await undoing
    world.clock.advance(timedelta(minutes=1))
    await _credit(world)
    points, _, total = await _sums(world)
    assert (points, total) == (0, 0)
