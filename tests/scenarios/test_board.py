"""Boards: the week in its channel on Monday at nine, what one asks for in private, what was missed while stopped."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import pytest
import pytest_asyncio

from tests.scenarios.apart import TownApart
from tests.scenarios.town import (
    BRISK,
    GENERAL,
    GRACE,
    MARCUS,
    OMAR,
    PRIYA,
    PRODUCT,
    TOM,
    Json,
    composed,
    everything_said,
    link_in,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTEL, TITLE = "Nine litres", "What our sharing brought"
MONDAY, NINE = [0], time(9)


def boards(messages: list[Json]) -> list[Json]:
    """Return the weekly boards among what stands in a channel."""
    return [one for one in messages if "What our sharing brought" in everything_said(one) or quiet(one)]


def quiet(message: Json) -> bool:
    return "A quiet week" in everything_said(message)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TownApart]:
    """The demo company, whose bot can be stopped alone."""
    async with TownApart(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        await started.settle()
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def posted(town: TownApart) -> AsyncIterator[Json]:
    """The board of a week in which Tom, who did not say yes to being named, shared, and two people came."""
    message = await town.announcement(TOM, HOTEL)
    address = await town.share(TOM, message, "My sister stayed there and only praised the breakfast, so it works.")
    for who in ("someone-else-1", "someone-else-2"):
        await town.get(link_in(composed(address)), who)
    await town.to((await town.next_moment(MONDAY, NINE)).isoformat())
    yield await town.find(PRODUCT, OMAR, TITLE)


async def test_the_week_is_posted_once_in_the_channel_that_wants_it(town: TownApart, posted: Json) -> None:
    await town.advance(hours=1)
    assert len(boards(await town.messages(PRODUCT, OMAR))) == 1
    assert boards(await town.messages(GENERAL, OMAR)) == []
    assert datetime.fromisoformat(posted["at"]).weekday() == 0


async def test_the_board_tells_the_posts_in_a_table_and_in_a_picture(town: TownApart, posted: Json) -> None:
    table = next(one for one in posted["blocks"] if one["type"] == "table")
    rows = [everything_said(row) for row in table["rows"]]
    assert rows[0] == "Post Shares Visits"
    assert any(HOTEL in row for row in rows[1:])
    chart = next(one for one in posted["blocks"] if one["type"] == "image")
    assert chart["alt_text"].startswith("Visits per day.")
    assert chart["image_url"].startswith(f"{town.address}/p/")
    picture = await town.get(chart["image_url"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    assert (await picture.text("latin-1")).startswith("\x89PNG")


async def test_names_stand_there_only_of_those_who_said_yes(town: TownApart, posted: Json) -> None:
    said = everything_said(posted)
    unnamed = town.rows("SELECT name FROM member WHERE name <> '' AND is_named IS NOT 1")
    assert {name for (name,) in unnamed} >= {"Priya Nair", "Tom Hughes", "Grace Okafor"}
    assert [name for (name,) in unnamed if name in said] == []
    assert "Omar Haddad" in said
    assert "Names stand here only after their owner said yes" in said


async def test_a_board_asked_for_is_private_and_tells_ones_own_place(town: TownApart, posted: Json) -> None:
    before = len(await town.messages(PRODUCT, OMAR))
    told = await town.command(PRIYA, "leaderboard month")
    said = everything_said(told["ephemeral"])
    assert "The last 30 days" in said
    assert "You: place" in said
    assert "Priya Nair" not in said
    assert len(await town.messages(PRODUCT, OMAR)) == before


async def test_no_team_under_five_is_shown(town: TownApart, posted: Json) -> None:
    told = await town.command(MARCUS, "leaderboard month team")
    said = everything_said(told["ephemeral"])
    active = dict(
        town.rows(
            "SELECT crew.name, count(DISTINCT ledger_entry.member_id) FROM ledger_entry "
            "JOIN member ON member.id = member_id JOIN crew ON crew.id = crew_id GROUP BY crew.name"
        )
    )
    assert active
    assert {name for name in active if name in said} == {name for name, many in active.items() if many >= 5}


async def test_an_unknown_board_names_the_nearest(town: TownApart, posted: Json) -> None:
    told = await town.command(OMAR, "leaderboard mnth")
    assert "Did you mean" in everything_said(told["ephemeral"])
    assert "month" in everything_said(told["ephemeral"])


async def test_buttons_lead_from_one_board_to_another(town: TownApart, posted: Json) -> None:
    mine = await town.press(OMAR, PRODUCT, posted, "show_board")
    assert "You: place" in everything_said(mine["ephemeral"])
    month = await town.press(OMAR, PRODUCT, mine["ephemeral"][-1], "show_board")
    assert "The last 30 days" in everything_said(month["ephemeral"])


async def test_a_board_missed_while_stopped_is_posted_late_once(town: TownApart, posted: Json) -> None:
    await town.sleep_until(await town.next_moment(MONDAY, NINE) + timedelta(hours=3))
    assert len(boards(await town.messages(PRODUCT, OMAR))) == 2
    await town.advance(minutes=5)
    assert len(boards(await town.messages(PRODUCT, OMAR))) == 2


async def test_a_board_missed_for_too_long_is_not_posted_but_listed(town: TownApart, posted: Json) -> None:
    await town.sleep_until(await town.next_moment(MONDAY, NINE) + timedelta(hours=30))
    assert len(boards(await town.messages(PRODUCT, OMAR))) == 2
    told = everything_said((await town.command(GRACE, "failures"))["ephemeral"])
    assert "posting a weekly board" in told
    assert "skipped: too late" in told
