"""Suggest and decide: three ways to suggest, one card, two names, one decision, and all hear what became of it."""

import asyncio

import pytest

from tests.scenarios.town import (
    CURATORS,
    ELIF,
    GENERAL,
    IRIS,
    LENA,
    NADIA,
    OMAR,
    PRIYA,
    PRODUCT,
    SANNE,
    THOMAS,
    TOM,
    Town,
    chosen,
    everything_said,
    has_element,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_link_in_somebodys_message_is_suggested_by_its_shortcut(town: Town) -> None:
    await town.to_working_hours()
    link = f"{town.address}/site/trade-fair.html"
    said = await town.post("say", who=IRIS, channel=GENERAL, text=f"We are there again: {link}")
    told = await town.post("shortcut", who=TOM, callback_id="suggest_this", channel=GENERAL, ts=said["ts"])
    assert chosen(told["view"], "link") == link
    await town.submit(TOM, why="Half the town comes by.")
    await town.hears(TOM, "Your suggestion S6 is with the comms team")
    await town.settle()
    card = everything_said(await town.card("S6"))
    assert "Suggested by Tom Hughes" in card
    assert "Half the town comes by." in card


async def test_the_same_link_by_another_member_joins_that_suggestion(town: Town) -> None:
    await town.post("dm", who=LENA, text=f"Look, {town.address}/site/trade-fair.html?utm_source=mail is nice")
    await town.settle()
    await town.hears(LENA, "your name now stands with S6")
    card = everything_said(await town.card("S6"))
    assert "Tom Hughes" in card
    assert "Lena Fischer" in card
    assert sum("trade-fair" in everything_said(one) for one in await town.messages(CURATORS, NADIA)) == 1


async def test_a_command_suggests_with_its_reason(town: Town) -> None:
    told = await town.command(ELIF, f"suggest {town.address}/site/index.html this is where it all began")
    assert "Your suggestion S7" in everything_said(told["ephemeral"])
    await town.settle()
    assert "this is where it all began" in everything_said(await town.card("S7"))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("suggest", "Say which page"),
        ("suggest ftp://example.org/x", "https://"),
        ("suggest nonsense", "This is no full link"),
    ],
)
async def test_what_is_no_link_gets_a_clear_answer(town: Town, typed: str, answer: str) -> None:
    (before,) = town.rows("SELECT count(*) FROM suggestion")
    told = await town.command(OMAR, typed)
    assert answer in everything_said(told["ephemeral"])
    assert town.rows("SELECT count(*) FROM suggestion") == [before]


async def test_what_is_a_post_already_is_answered_with_its_share_button(town: Town) -> None:
    told = await town.command(TOM, f"suggest {town.address}/site/hotel-showers.html")
    assert "this is a post already" in everything_said(told["ephemeral"])
    assert has_element(told["ephemeral"][-1]["blocks"], "open_share")


async def test_an_employee_cannot_decide(town: Town) -> None:
    told = await town.command(TOM, "approve S6")
    assert "This is for the comms team" in everything_said(told["ephemeral"])
    assert town.rows("SELECT state FROM suggestion WHERE id = 6") == [("received",)]


async def test_an_approved_suggestion_becomes_a_post_that_names_its_authors(town: Town) -> None:
    await town.press(NADIA, CURATORS, await town.card("S6"), "approve")
    await town.settle()
    card = await town.card("S6")
    assert "Approved by Nadia Rahman" in everything_said(card)
    assert not has_element(card["blocks"], "approve")
    for who in (TOM, LENA):
        assert "your suggestion S6 is approved" in everything_said((await town.direct(who))[-1])

    told = await town.command(NADIA, "edit P6")
    title = chosen(told["view"], "title")
    review = await town.submit(NADIA, channels=[PRODUCT], networks=["linkedin", "email"])
    assert "Look it over" in everything_said(review["view"])
    await town.submit(NADIA)
    await town.settle()
    announced = await town.announcement(OMAR, title)
    assert "Suggested by Tom Hughes, Lena Fischer" in everything_said(announced)
    assert has_element(announced["blocks"], "open_share")
    await town.advance(minutes=2)
    assert (town.points(TOM), "+10" in everything_said((await town.command(TOM, "why"))["ephemeral"])) == (10, True)


async def test_a_declined_suggestion_is_told_with_the_reason(town: Town) -> None:
    told = await town.press(THOMAS, CURATORS, await town.card("S4"), "open_decline")
    assert "S4" in everything_said(told["view"])
    await town.submit(THOMAS, reason="We wrote about roofs in June. Next spring again?")
    await town.settle()
    heard = everything_said((await town.direct(SANNE))[-1])
    assert "We wrote about roofs in June. Next spring again?" in heard
    assert "S4" in heard
    card = await town.card("S4")
    assert "Declined by Thomas Bakker" in everything_said(card)
    assert not has_element(card["blocks"], "open_decline")
    assert town.rows("SELECT what, reason FROM decision WHERE subject = 'suggestion' AND subject_id = 4") == [
        ("declined", "We wrote about roofs in June. Next spring again?")
    ]


async def test_of_two_curators_at_once_the_first_counts_and_the_second_is_told(town: Town) -> None:
    told = await asyncio.gather(
        town.command(NADIA, "approve S5", channel=CURATORS),
        town.command(THOMAS, "decline S5 not now", channel=CURATORS),
    )
    said = [everything_said(one["ephemeral"]) for one in told]
    ((what, name),) = town.rows(
        "SELECT what, name FROM decision JOIN member ON member.id = member_id "
        "WHERE subject = 'suggestion' AND subject_id = 5"
    )
    late = said[1] if what == "approved" else said[0]
    assert name in late
    assert "S5" in late
    await town.settle()
    heard = [everything_said(one) for one in await town.direct(PRIYA)]
    assert sum("S5" in one for one in heard) == 1


async def test_the_queue_lists_what_waits(town: Town) -> None:
    said = everything_said((await town.command(NADIA, "queue", channel=CURATORS))["ephemeral"])
    assert "S7" in said
    assert "S4" not in said
