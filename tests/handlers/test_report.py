"""The report for the comms team: levels apart, value only on the company's figures, no person, chart and file."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.core.actions import ShowReport
from bot.core.cards import Button, Buttons, Card, Image, Table
from bot.core.errors import Refused, Unable
from bot.core.jobs import SendReport
from bot.core.value import Reach, ValuePolicy
from connectors.chat.slack import render as slack
from connectors.chat.slack.limits import MAX_BLOCKS_PER_MESSAGE
from connectors.chat.teams import render as teams
from handlers import report
from storage.models import Crew, Figure, Member, Spend
from storage.queries.pictures import find_picture
from storage.types import keyed_hash
from tests.handlers.conftest import NOW, SECRET, World
from tests.handlers.test_leaderboard import share
from tests.handlers.windows import words_of

EUROS = ValuePolicy(
    currency="EUR",
    cpc={"linkedin": Decimal("5.50")},
    since=date(2026, 1, 1),
    source="our own campaigns",
    cost_per_month=Decimal(10),
    reach={"linkedin": Reach(audience=500, rate=Decimal("0.12"))},
)
AT = NOW - timedelta(days=3)


async def show(world: World, curator: Member, period: str = "month") -> Card:
    """Return the report as it is sent for this moment."""
    job = SendReport(member_id=curator.id, period=period, at=world.clock.now().isoformat(), part="card")
    await report.send_report(world.out, job)
    person, card = world.surface.told[-1]
    assert person == curator.person_ref
    return card


async def happened(world: World) -> Member:
    """Let two people share two posts on two networks, and return a curator."""
    ada, bo = await world.add_member("Ada Secret"), await world.add_member("Bo Secret")
    rain = await world.add_post(title="Rain")
    sun = await world.add_post(title="Sun", topics=["people"])
    await share(world, ada, rain, at=AT, visits=3, confirmed_at=AT)
    await share(world, bo, rain, at=AT, visits=1, network="x")
    await share(world, bo, sun, at=AT, state="opened")
    await share(world, ada, sun, at=NOW - timedelta(days=40), visits=9)
    return await world.add_member("Cura", role="curator")


def tables(card: Card) -> list[list[tuple[str, ...]]]:
    return [[one.header, *one.rows] for one in card.body if isinstance(one, Table)]


async def test_totals_say_at_which_level_they_are_known(world: World) -> None:
    card = await show(world, await happened(world))
    said = words_of(card)
    assert card.title == "What our sharing brought: the last 30 days, 25 Oct to 23 Nov"
    assert "Shares that are out: 2 · 1 confirmed, 2 followed by a first visitor" in said
    assert "Opened at the network: 3" in said
    assert "Visitors: 4" in said
    assert "Visits in all: 7, of which 3 link previews" in said


async def test_posts_topics_and_networks_have_a_table_each_and_no_person_stands_there(world: World) -> None:
    card = await show(world, await happened(world))
    assert tables(card) == [
        [("Network", "Shares", "Visitors", "All visits"), ("LinkedIn", "1", "3", "5"), ("X", "1", "1", "2")],
        [("Post", "Shares", "Visitors", "All visits"), ("Rain", "2", "4", "6"), ("Sun", "0", "0", "1")],
        [("Topic", "Shares", "Visitors", "All visits"), ("water", "2", "4", "6"), ("people", "0", "0", "1")],
    ]
    assert "Secret" not in words_of(card)
    assert "No team is shown" in words_of(card)


async def test_a_week_and_a_quarter_have_their_own_days(world: World) -> None:
    curator = await happened(world)
    assert "Nothing was shared" in words_of(await show(world, curator, "week"))
    assert "Visitors: 13" in words_of(await show(world, curator, "quarter"))


async def test_value_is_off_with_an_explanation_until_somebody_enters_figures(world: World) -> None:
    curator = await happened(world)
    said = words_of(await show(world, curator))
    assert "nobody has entered what a click costs" in said
    assert "€" not in said
    world.programme = replace(world.programme, value=EUROS)
    card = await show(world, curator)
    said = words_of(card)
    assert "Value of the visitors: €16.50, and 1 visitor whose value was not entered" in said
    assert "Cost: €9.86 for the programme, €0.00 by networks" in said
    assert "Return: 67%" in said
    assert "Reach: 60 people, estimated" in said
    assert "LinkedIn €5.50, as of 1 January 2026. Source: our own campaigns." in said
    assert [row[-1] for row in tables(card)[0]] == ["Value", "€16.50", "not valued"]


async def test_what_networks_bill_is_a_cost(world: World) -> None:
    curator = await happened(world)
    assert "Cost" not in words_of(await show(world, curator))
    async with world.sessions.begin() as session:
        for at in (AT, AT, NOW - timedelta(days=50)):
            session.add(Spend(network="x", kind="post", amount=200_000, at=at))
    assert "Cost: 0.4 by networks; its currency was not entered" in words_of(await show(world, curator))
    world.programme = replace(world.programme, value=replace(EUROS, cost_per_month=None))
    said = words_of(await show(world, curator))
    assert "€0.40 by networks; what the programme costs was not entered" in said
    assert "Return: not available" in said
    world.programme = replace(world.programme, value=EUROS)
    assert "Cost: €9.86 for the programme, €0.40 by networks" in words_of(await show(world, curator))


async def test_a_networks_own_count_stands_apart_with_its_time(world: World) -> None:
    curator = await happened(world)
    async with world.sessions.begin() as session:
        session.add_all(Figure(share_id=one, name="likes", value=4, at=AT) for one in (1, 2))
    said = words_of(await show(world, curator))
    assert "By LinkedIn's own count: 4 likes (Friday 20 November, 11:00), of 1 share" in said


async def test_without_a_public_address_visits_are_not_available(world: World) -> None:
    curator = await happened(world)
    world.programme = replace(world.programme, public_url=None, value=EUROS)
    card = await show(world, curator)
    assert "Visitors: not available" in words_of(card)
    assert [row[2:] for row in tables(card)[0][1:]] == [("not available", "not available", "not valued")] * 2
    assert world.charts.painted == []


async def test_a_curator_reads_it_in_their_language(world: World) -> None:
    await happened(world)
    world.programme = replace(world.programme, value=EUROS)
    said = words_of(await show(world, await world.add_member("Cees", role="curator", locale="nl-NL")))
    assert "Waarde van de bezoekers: €\N{NO-BREAK SPACE}16,50, en 1 bezoeker waarvan geen waarde is ingevuld" in said
    assert "per 1 januari 2026" in said


async def test_both_platforms_can_show_it(world: World) -> None:
    card = await show(world, await happened(world))
    assert len(slack.render_message(card)["blocks"]) <= MAX_BLOCKS_PER_MESSAGE
    assert teams.render_message(card)


async def test_a_team_is_shown_once_enough_of_it_took_part(world: World) -> None:
    async with world.sessions.begin() as session:
        session.add_all((Crew(id=1, name="Pumps"), Crew(id=2, name="Pipes")))
    rain = await world.add_post(title="Rain")
    for number in range(10):
        member = await world.add_member(f"P{number}", crew_id=1 if number < 5 else 2 if number < 9 else None)
        await share(world, member, rain, at=AT, visits=2)
    card = await show(world, await world.add_member("Cura", role="curator"))
    assert tables(card)[-1][1:] == [("Pumps", "5", "10", "15"), ("everyone else", "5", "10", "15")]
    assert "Pipes" not in words_of(card)


async def test_the_report_comes_with_a_chart_and_as_a_file(world: World) -> None:
    curator = await happened(world)
    world.programme = replace(world.programme, value=EUROS)
    reply = await world.act(report.show_report, curator, ShowReport(period="month"))
    assert "is being made" in words_of(reply.card)
    jobs = [one for one in await world.jobs() if isinstance(one, SendReport)]
    assert [one.part for one in jobs] == ["card", "file"]
    world.clock.advance(timedelta(hours=5))
    for job in jobs:
        await report.send_report(world.out, job)
    (person, card), (other, file) = world.surface.told[0], world.surface.files[0]
    assert person == other == curator.person_ref
    picture = next(one for one in card.body if isinstance(one, Image))
    assert "16 Nov: 4" in picture.alt
    token = picture.url.removeprefix("https://vouch.brightwater.example/p/").removesuffix(".png")
    async with world.sessions.reading() as session:
        assert await find_picture(session, token_hash=keyed_hash(SECRET, token)) == b"\x89PNG\r\n\x1a\n"
    assert sum(value for _, value in world.charts.painted[0].bars) == 4
    rows = list(csv.DictReader(io.StringIO(file.body.decode("utf-8-sig"))))
    assert file.name == "vouch-report-month-2026-10-25.csv"
    assert (rows[0]["people"], rows[0]["earned"], rows[0]["return"]) == ("4", "16.50", "0.673")
    assert b"Secret" not in file.body


async def test_the_chart_of_a_quarter_has_a_bar_for_each_week_that_has_begun(world: World) -> None:
    await show(world, await happened(world), "quarter")
    bars = dict(world.charts.painted[0].bars)
    assert list(bars)[:2] == ["1 Oct", "5 Oct"]
    assert (bars["12 Oct"], bars["16 Nov"], list(bars)[-1]) == (9, 4, "23 Nov")


async def test_the_chart_of_a_week_has_a_bar_for_each_day_that_has_begun(world: World) -> None:
    curator = await happened(world)
    world.clock.at = AT
    await show(world, curator, "week")
    assert world.charts.painted[0].bars == (
        ("16 Nov", 0),
        ("17 Nov", 0),
        ("18 Nov", 0),
        ("19 Nov", 0),
        ("20 Nov", 4),
    )


async def test_where_files_are_refused_the_curator_hears_how_to_get_it(world: World) -> None:
    curator = await happened(world)
    world.surface.fail_next = [Refused("missing_scope")]
    job = SendReport(member_id=curator.id, period="month", at=NOW.isoformat(), part="file")
    with pytest.raises(Refused):
        await report.send_report(world.out, job)
    assert "files:write" in words_of(world.surface.told[0][1])


async def test_where_nothing_happened_there_is_no_file_and_no_other_period_is_made(world: World) -> None:
    cura = await world.add_member("Cura", role="curator")
    card = await show(world, cura)
    await report.send_report(world.out, SendReport(member_id=cura.id, period="week", at=NOW.isoformat(), part="file"))
    assert world.surface.files == []
    actions = [
        one.action for row in card.body if isinstance(row, Buttons) for one in row.items if isinstance(one, Button)
    ]
    assert actions == [ShowReport(period="week"), ShowReport(period="quarter")]
    with pytest.raises(Unable, match="no_period"):
        await world.act(report.show_report, cura, ShowReport(period="decade"))


async def test_who_was_erased_meanwhile_is_sent_nothing(world: World) -> None:
    cura = await happened(world)
    async with world.sessions.begin() as session:
        (await session.get_one(Member, cura.id)).erased_at = NOW
    await report.send_report(world.out, SendReport(member_id=cura.id, period="month", at=NOW.isoformat(), part="card"))
    assert world.surface.told == []


async def test_visits_that_are_no_longer_kept_are_said_to_be_missing(world: World) -> None:
    curator = await happened(world)
    world.clock.at = datetime(2026, 12, 31, 12, tzinfo=UTC)
    assert "those before 2 Oct are not in here" in words_of(await show(world, curator, "quarter"))
