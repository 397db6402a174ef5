"""Reports, boards, exports, erasing and forgetting say and do the same on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.core.actions import EraseMe, ShowBoard
from bot.core.jobs import ForgetOld, PostBoard, SendExport
from bot.core.leaderboard import CrewSum, Period
from bot.core.programme import Programme
from handlers.leaderboard import post_board, show_board
from handlers.privacy import erase_me, forget_old, send_export
from storage.engine import Sessions
from storage.models import Share, Total, TrackedLink, Visit
from storage.queries.boards import Stretch, find_own, list_crews, list_people
from storage.queries.reports import PostTotals, WeekTotals, list_post_totals, list_week_totals
from tests.handlers.conftest import GENERAL, NOW, World, programme
from tests.handlers.test_leaderboard import MONDAY
from tests.handlers.traces import AT, SECRETS, all_words, leave_traces

__all__ = ["programme"]


@pytest.fixture
async def world(sessions: Sessions, programme: Programme) -> World:
    """A company in an empty database of either kind, whose first channel has a board."""
    first, *others = programme.channels
    return World(sessions=sessions, programme=replace(programme, channels=(replace(first, board=MONDAY), *others)))


async def test_posts_are_summed_up_by_network_with_every_fact_apart(world: World) -> None:
    traces = await leave_traces(world)
    members = [await world.add_member(f"M{number}") for number in range(3)]
    facts = (
        {"state": "opened", "opened_at": AT},
        {"state": "confirmed", "opened_at": AT, "said_at": AT, "confirmed_at": AT},
        {"state": "undone", "opened_at": AT, "undone_at": NOW},
    )
    async with world.sessions.begin() as session:
        for member, fact in zip(members, facts, strict=True):
            share = Share(member_id=member.id, post_id=traces.post.id, network="linkedin", created_at=AT, **fact)
            session.add(share)
            await session.flush()
            slug = f"cccc222{member.id}"
            link = TrackedLink(share_id=share.id, slug=slug, target="https://a.example/", created_at=AT)
            session.add(link)
            await session.flush()
            same = {"on_day": AT.date(), "visitor": member.id.to_bytes(16), "prefix": b"p" * 16}
            kinds = ("human", "human", "preview", "company")
            session.add_all(Visit(link_id=link.id, at=AT, kind=kind, **same) for kind in kinds)
    async with world.sessions.reading() as session:
        totals = await list_post_totals(session)
    assert totals[0] == PostTotals(
        post_id=traces.post.id,
        title="Winter report",
        state="published",
        published_at=NOW - timedelta(hours=2),
        network="linkedin",
        opened=3,
        said=1,
        confirmed=1,
        evidenced=1,
        undone=1,
        human_visits=6,
        preview_visits=3,
        company_visits=3,
    )
    assert [(one.title, one.network, one.opened) for one in totals[1:]] == [("Not theirs", "", 0)]


async def test_weeks_begin_on_monday_in_the_programmes_zone(world: World) -> None:
    await leave_traces(world)
    async with world.sessions.reading() as session:
        totals = await list_week_totals(session, zone=ZoneInfo("Europe/Amsterdam"))
    assert totals == [WeekTotals(first=date(2026, 11, 16), opened=1, evidenced=1, human_visits=3)]


async def test_people_and_crews_are_ranked_from_running_sums(world: World) -> None:
    traces = await leave_traces(world)
    other = await world.add_member("Second", crew_id=1)
    days = {date(2026, 11, 16): 4, date(2026, 11, 18): 5, date(2026, 11, 25): 90}
    async with world.sessions.begin() as session:
        for day, points in days.items():
            session.add(Total(member_id=other.id, period="day", starts_on=day, points=points, shares=0, visits=0))
    stretch = Stretch(period=Period.DAY, first=date(2026, 11, 13), end=date(2026, 11, 20))
    async with world.sessions.reading() as session:
        assert await find_own(session, stretch, member_id=other.id) == (9, 0)
        assert await find_own(session, stretch, member_id=traces.member.id) == (0, 1)
        assert await list_crews(session, stretch) == [CrewSum(crew_id=1, name="Workshop", active=1, points=9)]
        people = await list_people(session, stretch, at_most=5)
    assert (people.named.members, people.others.points) == (0, 9)


async def test_boards_exports_erasing_and_forgetting_work(world: World) -> None:
    traces = await leave_traces(world)
    until = "2026-11-23T08:00:00+00:00"
    await post_board(world.out, PostBoard(channel_ref=GENERAL, until=until))
    assert len(world.surface.posted) == 1
    for period in ("week", "month", "season"):
        assert (await world.act(show_board, traces.member, ShowBoard(period=period))).card is not None
    await send_export(world.out, SendExport(member_id=traces.member.id))
    assert len(world.surface.files) == 1
    await world.act(erase_me, traces.member, EraseMe())
    said = await all_words(world)
    assert [one for one in SECRETS if one in said] == []
    world.clock.advance(timedelta(days=400))
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Visit.id))).all() == []
