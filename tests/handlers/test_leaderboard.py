"""Boards: the week of a channel, and the private one; people by name only after they said yes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from bot.core.actions import OpenShare, ShowBoard
from bot.core.cards import Button, Buttons, Card, Image, Table, Text, plain
from bot.core.errors import TryLater, Unable
from bot.core.jobs import PostBoard
from bot.core.leaderboard import CrewSum, Period, crew_means, midnight, period_dates
from bot.core.programme import BoardTime
from bot.core.reply import Reply
from bot.i18n.translator import words_for
from handlers.cards.board import CrewsPart, crew_lines
from handlers.leaderboard import post_board, show_board
from storage.models import Announcement, Crew, Dismissal, Member, Post, Share, Total, TrackedLink, Visit
from storage.queries.ledger import SINCE_EVER
from storage.queries.pictures import find_picture
from storage.types import keyed_hash
from tests.handlers.conftest import AMSTERDAM, GENERAL, NEWS, NOW, SECRET, World

ZONE = ZoneInfo(AMSTERDAM)
MONDAY = BoardTime(weekday=0, at=time(9), zone=ZONE)
UNTIL = "2026-11-23T08:00:00+00:00"  # Monday 23 November, nine o'clock in Amsterdam
LAST_WEEK = date(2026, 11, 16)
_numbers = count(1)


@pytest.fixture
def world(world: World) -> World:
    channels = tuple(replace(one, board=MONDAY) for one in world.programme.channels)
    world.programme = replace(world.programme, channels=channels)
    return world


async def earn(world: World, member: Member, points: int, *, day: date = date(2026, 11, 18)) -> None:
    """Add points to all running sums of a member, as crediting does."""
    noon = midnight(day, ZONE) + timedelta(hours=12)
    starts = {"day": day, "month": SINCE_EVER, "all": SINCE_EVER}
    starts["week"] = period_dates(Period.WEEK, noon, ZONE).first or day
    starts["quarter"] = period_dates(Period.QUARTER, noon, ZONE).first or day
    async with world.sessions.begin() as session:
        for period, first in starts.items():
            found = await session.get(Total, (member.id, period, first))
            if found is None:
                session.add(
                    Total(member_id=member.id, period=period, starts_on=first, points=points, shares=1, visits=0)
                )
            else:
                found.points += points
    await world.count_together()


async def share(world: World, member: Member, post: Post, *, at: datetime, visits: int = 0, **changes: object) -> None:
    """Add a share with human visits half an hour after it, and one by a preview that counts nowhere."""
    number = next(_numbers)
    later = at + timedelta(minutes=30)
    values: dict[str, object] = {"network": "linkedin", "state": "evidenced", "opened_at": at, "evidenced_at": later}
    if changes.get("state") == "opened":
        values["evidenced_at"] = None
    async with world.sessions.begin() as session:
        row = Share(member_id=member.id, post_id=post.id, created_at=at, **(values | changes))
        session.add(row)
        await session.flush()
        session.add(link := TrackedLink(share_id=row.id, slug=f"slug{number:04}", target=post.link, created_at=at))
        await session.flush()
        day = later.astimezone(ZONE).date()
        for place, kind in enumerate([*["human"] * visits, "preview"]):
            digest = number.to_bytes(8) + place.to_bytes(8)
            session.add(
                Visit(
                    link_id=link.id, at=later, on_day=day, kind=kind, visitor=digest, prefix=digest, credited_at=later
                )
            )
    await world.count_together()


async def announced(world: World, channel: str = GENERAL, **changes: object) -> Post:
    post = await world.add_post(**({"published_at": NOW - timedelta(days=5)} | changes))  # type: ignore[arg-type]  # columns
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=channel, message_ref=f"m{post.id}", shown=0))
    return post


def words(card: Card) -> str:
    """Everything that a card says, for looking into."""
    said = [card.title]
    for element in card.body:
        match element:
            case Text(spans=spans):
                said.append(plain(spans))
            case Table(header=header, rows=rows):
                said += [" | ".join(row) for row in (header, *rows)]
            case Image(alt=alt):
                said.append(alt)
            case Buttons(items=items):
                said += [one.label for one in items if isinstance(one, Button)]
    return "\n".join(said)


def table(card: Card) -> Table:
    return next(one for one in card.body if isinstance(one, Table))


def shown(reply: Reply) -> str:
    assert reply.card is not None
    return words(reply.card)


async def posted(world: World, channel: str = GENERAL, until: str = UNTIL) -> Card:
    await post_board(world.out, PostBoard(channel_ref=channel, until=until))
    ref, card = world.surface.posted[-1]
    assert ref == channel
    return card


async def test_the_week_shows_its_posts_with_shares_and_human_visits(world: World) -> None:
    ada, bo = await world.add_member("Ada"), await world.add_member("Bo")
    winter, spring = await announced(world, title="Winter"), await announced(world, title="Spring")
    wednesday = datetime(2026, 11, 18, 12, tzinfo=UTC)
    await share(world, ada, winter, at=wednesday, visits=4)
    await share(world, bo, winter, at=wednesday, visits=2, network="x")
    await share(world, bo, spring, at=wednesday, visits=1)
    await share(world, ada, spring, at=wednesday, state="opened")
    card = await posted(world)
    assert table(card).rows == (("Winter (new)", "2", "6"), ("Spring (new)", "1", "1"))
    assert "3 shares and 7 visits." in words(card)
    assert "1 more was opened; whether it was published is not known." in words(card)
    assert "16 Nov to 22 Nov" in card.title


async def test_what_came_before_or_after_the_week_is_not_in_it(world: World) -> None:
    ada = await world.add_member("Ada")
    post = await announced(world)
    for at, network in (
        (datetime(2026, 11, 15, 22, 0, tzinfo=UTC), "linkedin"),  # Sunday, half past eleven at night in Amsterdam
        (datetime(2026, 11, 22, 22, 40, tzinfo=UTC), "x"),  # its visits are on Monday
        (datetime(2026, 11, 22, 22, 20, tzinfo=UTC), "facebook"),
    ):
        await share(world, ada, post, at=at, visits=1, network=network)
    assert table(await posted(world)).rows == (("Winter report (new)", "1", "1"),)


async def test_a_channel_shows_its_own_posts_in_its_own_language(world: World) -> None:
    ada = await world.add_member("Ada")
    here, there = await announced(world, NEWS, title="Hier"), await announced(world, GENERAL, title="There")
    for post in (here, there):
        await share(world, ada, post, at=NOW - timedelta(days=3), visits=2)
    card = await posted(world, NEWS)
    assert "Wat ons delen opleverde" in card.title
    assert [row[0] for row in table(card).rows] == ["Hier (nieuw)"]


async def test_the_chart_is_kept_behind_a_secret_address_and_its_numbers_are_said(world: World) -> None:
    ada = await world.add_member("Ada")
    await share(world, ada, await announced(world), at=NOW - timedelta(days=3), visits=5)
    image = next(one for one in (await posted(world)).body if isinstance(one, Image))
    assert "20 Nov: 5" in image.alt
    token = image.url.removeprefix("https://vouch.brightwater.example/p/").removesuffix(".png")
    assert len(token) == 22
    async with world.sessions.reading() as session:
        assert await find_picture(session, token_hash=keyed_hash(SECRET, token)) == b"\x89PNG\r\n\x1a\n"
    chart = world.charts.painted[0]
    assert [visits for _, visits in chart.bars] == [0, 0, 0, 0, 5, 0, 0]
    assert "Ada" not in repr(chart)


async def test_without_a_public_address_there_is_no_picture(world: World) -> None:
    world.programme = replace(world.programme, public_url=None)
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=5)
    card = await posted(world)
    assert not [one for one in card.body if isinstance(one, Image)]
    assert table(card).rows[0][2] == "5"
    assert world.charts.painted == []


async def test_names_stand_there_only_after_a_yes(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    for name, is_named, changes, points in (
        ("Yes Yvonne", True, {}, 30),
        ("Never Asked", None, {}, 90),
        ("No Norah", False, {}, 80),
        ("Left Leo", True, {"left_at": NOW}, 70),
        ("Gone Gus", True, {"erased_at": NOW, "left_at": NOW}, 60),
        ("Also No", False, {}, 50),
    ):
        await earn(world, await world.add_member(name, is_named=is_named, **changes), points)
    said = words(await posted(world))
    assert "1. Yes Yvonne, 30 points" in said
    assert "And 5 colleagues who are not named here: 350 points together. All together: 380 points." in said
    for name in ("Never Asked", "No Norah", "Left Leo", "Gone Gus", "Also No"):
        assert name not in said


async def test_few_who_are_not_named_are_not_even_a_sum(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    await earn(world, await world.add_member("Yes Yvonne", is_named=True), 30)
    await earn(world, await world.add_member("No Norah", is_named=False), 77)
    said = words(await posted(world))
    assert "Yes Yvonne" in said
    assert "77" not in said
    assert "107" not in said
    assert "together" not in said


async def test_ties_share_a_rank_and_the_next_one_is_as_far_on(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    for name, points in (("Bo", 20), ("Cy", 20), ("Di", 5)):
        await earn(world, await world.add_member(name, is_named=True), points)
    said = words(await posted(world))
    assert "1. Bo, 20 points\n1. Cy, 20 points\n3. Di, 5 points" in said


async def test_a_tie_too_long_to_list_is_said_and_not_cut_in_half(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    await earn(world, await world.add_member("First", is_named=True), 40)
    for number in range(25):
        await earn(world, await world.add_member(f"Tied {number}", is_named=True), 7)
    said = words(await posted(world))
    assert "1. First, 40 points" in said
    assert "Tied" not in said
    assert "shared by more colleagues than fit here" in said


async def test_no_team_under_five_people_is_shown(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    async with world.sessions.begin() as session:
        session.add_all((Crew(id=1, name="Outdoors"), Crew(id=2, name="Workshop"), Crew(id=3, name="Tiny")))
    for crew_id, points in ((1, (10, 20, 30, 40, 51)), (2, (7, 7, 7, 7, 7)), (3, (90, 90, 90, 90))):
        for one in points:
            await earn(world, await world.add_member(f"C{crew_id}-{one}", crew_id=crew_id), one)
    said = words(await posted(world))
    assert "1. Outdoors, 30.2 points per active colleague\n2. Workshop, 7 points per active colleague" in said
    assert "Tiny" not in said
    assert "C1-" not in said


async def test_a_week_without_shares_offers_something_instead_of_an_empty_table(world: World) -> None:
    post = await announced(world, title="Rain at school")
    card = await posted(world)
    assert not [one for one in card.body if isinstance(one, Table)]
    buttons = next(one for one in card.body if isinstance(one, Buttons))
    assert [one.action for one in buttons.items if isinstance(one, Button)] == [OpenShare(post_id=post.id)]
    assert "Rain at school" in words(card)
    assert "A small idea" in words(card)


async def test_a_quiet_week_without_any_post_says_how_to_suggest_one(world: World) -> None:
    await announced(world, state="withdrawn")
    await announced(world, expires_at=NOW - timedelta(hours=1))
    said = words(await posted(world))
    assert "/vouch suggest" in said
    assert "Winter" not in said


async def test_a_board_on_another_weekday_sums_up_its_own_seven_days(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=5), visits=1)
    bo = await world.add_member("Bo", is_named=True)
    await earn(world, bo, 5, day=date(2026, 11, 13))
    await earn(world, bo, 7, day=date(2026, 11, 19))
    card = await posted(world, until="2026-11-20T15:00:00+00:00")  # a Friday: 13 to 19 November
    assert "13 Nov to 19 Nov" in card.title
    assert "Points of the week\n1. Bo, 12 points" in words(card)


async def test_a_channel_that_wants_no_board_gets_none(world: World) -> None:
    world.programme = replace(world.programme, channels=(replace(world.programme.channels[0], board=None),))
    await announced(world)
    for channel in (GENERAL, "C-GONE"):
        assert await post_board(world.out, PostBoard(channel_ref=channel, until=UNTIL)) is None
    assert world.surface.posted == []


async def test_a_board_that_the_platform_refuses_for_now_is_tried_again(world: World) -> None:
    await share(world, await world.add_member("Ada"), await announced(world), at=NOW - timedelta(days=3), visits=1)
    world.surface.fail_next.append(TryLater(timedelta(seconds=30)))
    with pytest.raises(TryLater):
        await post_board(world.out, PostBoard(channel_ref=GENERAL, until=UNTIL))
    assert table(await posted(world)).rows[0][2] == "1"


# Shown to one person


async def test_one_sees_ones_own_place_among_all_named_or_not(world: World) -> None:
    ada = await world.add_member("Ada", is_named=False)
    await earn(world, ada, 10)
    for name, points in (("Bo", 30), ("Cy", 20)):
        await earn(world, await world.add_member(name), points)
    for period in ("month", "season"):
        said = shown(await world.act(show_board, ada, ShowBoard(period=period)))
        assert "You: place 3 among everyone, with 10 points." in said
        assert "Ada" not in said
        assert "3 shares that earned points and 0 visits." in said


async def test_who_has_no_points_is_told_so_and_nobody_else_is(world: World) -> None:
    ada, bo = await world.add_member("Ada", is_named=True), await world.add_member("Bo", is_named=True)
    await earn(world, bo, 10)
    assert "You have no points in these days." in shown(await world.act(show_board, ada, ShowBoard(period="month")))
    assert "Ada" not in shown(await world.act(show_board, bo, ShowBoard(period="month")))


async def test_on_monday_morning_the_week_before_is_shown(world: World) -> None:
    ada = await world.add_member("Ada", is_named=True)
    await earn(world, ada, 12)
    await share(world, ada, await announced(world), at=NOW - timedelta(days=3), visits=2)
    said = shown(await world.act(show_board, ada, ShowBoard()))
    assert "This week has only just begun. Last week, 16 Nov to 22 Nov" in said
    assert "You: place 1 among everyone, with 12 points." in said
    await share(world, ada, await announced(world), at=NOW - timedelta(hours=1), visits=2)
    assert "This week, 23 Nov to 29 Nov" in shown(await world.act(show_board, ada, ShowBoard()))


async def test_two_quiet_weeks_offer_a_post(world: World) -> None:
    ada = await world.add_member("Ada")
    await announced(world, title="Rain at school")
    said = shown(await world.act(show_board, ada, ShowBoard()))
    assert "A quiet week" in said
    assert "Rain at school" in said


async def test_a_post_that_is_not_for_somebody_is_not_offered_to_them(world: World) -> None:
    ada = await world.add_member("Ada", muted_topics=["people"])
    await announced(world, title="Rain at school")
    await announced(world, title="A new colleague", topics=["people"])
    unwanted = await announced(world, title="Winter by the river")
    async with world.sessions.begin() as session:
        session.add(Dismissal(post_id=unwanted.id, member_id=ada.id, at=NOW))
    said = shown(await world.act(show_board, ada, ShowBoard()))
    assert "Rain at school" in said
    assert not {title for title in ("Winter by the river", "A new colleague") if title in said}


async def test_the_teams_are_shown_when_asked_for_or_why_not(world: World) -> None:
    ada = await world.add_member("Ada", locale="nl-NL")
    async with world.sessions.begin() as session:
        session.add(Crew(id=1, name="Buiten"))
    for number in range(4):
        await earn(world, await world.add_member(f"P{number}", crew_id=1), 10 + number)
    asked = ShowBoard(period="season", crews=True)
    assert "zodra 5 mensen erin iets verdiend hebben" in shown(await world.act(show_board, ada, asked))
    await earn(world, await world.add_member("P4", crew_id=1), 15)
    said = shown(await world.act(show_board, ada, asked))
    assert "1. Buiten, 12,2 punten per actieve collega" in said
    assert "Seizoen 2026-Q4" in said


async def test_an_unknown_period_is_answered_with_those_there_are(world: World) -> None:
    with pytest.raises(Unable, match=r"board\.no_period"):
        await world.act(show_board, await world.add_member(), ShowBoard(period="decade"))


async def test_the_buttons_lead_to_the_other_boards(world: World) -> None:
    ada = await world.add_member("Ada")
    await earn(world, ada, 5)
    reply = await world.act(show_board, ada, ShowBoard(period="month"))
    assert reply.card is not None
    buttons = next(one for one in reply.card.body if isinstance(one, Buttons))
    asked = [one.action for one in buttons.items if isinstance(one, Button)]
    assert asked == [ShowBoard(period="week"), ShowBoard(period="season"), ShowBoard(period="month", crews=True)]


@pytest.mark.parametrize(
    ("means", "shown"),
    [((9, 8, 7), 3), ((*range(40, 0, -1),), 10), ((*range(40, 31, -1), *[5] * 3, 1), 12), ((9, *[5] * 60), 1)],
    ids=["few", "many", "a tie at the end", "a tie too long to list"],
)
def test_the_first_of_many_teams_stand_there_and_how_many_more_there_are(means: tuple[int, ...], shown: int) -> None:
    sums = [CrewSum(crew_id=n, name=f"Team {n}", active=5, points=5 * mean) for n, mean in enumerate(means)]
    part = CrewsPart(heading="Teams", crews=crew_means(sums), smallest=5)
    lines = crew_lines(words_for("en", "UTC"), part)
    assert isinstance(lines[0], Text)
    assert len(plain(lines[0].spans).splitlines()) == shown
    left = len(means) - shown
    more = [plain(one.spans) for one in lines if isinstance(one, Text) and plain(one.spans).startswith("And ")]
    assert more == ([f"And {left} more team{'s' if left > 1 else ''}."] if left else [])
