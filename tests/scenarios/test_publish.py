"""Publish: from a link to the form, the review and the announcements; later edits, another link, and withdrawing."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.town import (
    GENERAL,
    GRACE,
    NADIA,
    OMAR,
    PRIYA,
    PRODUCT,
    THOMAS,
    TOM,
    Town,
    chosen,
    composed,
    everything_said,
    has_element,
    link_in,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOF, ROOF_TITLE = "/site/green-roof.html", "The roof that drinks"
SENSOR, SENSOR_TITLE = "/site/open-sensor.html", "Our sensor board is now open source"
LONDON = ZoneInfo("Europe/London")


async def test_the_window_says_that_it_reads_and_can_be_skipped(town: Town) -> None:
    told = await town.command(NADIA, f"post {town.address}/site/test/slow?s=2")
    assert "Reading the page…" in everything_said(told["view"])
    assert not [one for one in told["view"]["blocks"] if one["type"] == "input"]
    form = (await town.press_in_view(NADIA, "skip_reading"))["view"]
    await town.change_view(NADIA, form, "title", title="Typed while it was read", wait_s=0)
    await town.settle()
    assert chosen(await town.must_view(NADIA), "title") == "Typed while it was read"


async def test_closing_loses_nothing_and_the_draft_is_resumed(town: Town) -> None:
    await town.post("close", who=NADIA, view_id=(await town.must_view(NADIA))["id"])
    told = await town.command(NADIA, "post")
    assert "Your drafts" in everything_said(told["ephemeral"])
    message = told["ephemeral"][-1]
    resumed = await town.press(NADIA, PRODUCT, message, "edit")
    assert chosen(resumed["view"], "title") == "Typed while it was read"
    await town.post("close", who=NADIA, view_id=resumed["view"]["id"])
    gone = await town.press(NADIA, PRODUCT, message, "discard_draft")
    assert "Draft P6 is gone" in everything_said(gone["ephemeral"])


async def test_a_page_that_cannot_be_read_says_so_in_the_form(town: Town) -> None:
    await town.command(NADIA, f"post {town.address}/site/test/missing")
    await town.settle()
    view = await town.must_view(NADIA)
    assert "this page does not exist" in everything_said(view)
    assert chosen(view, "link").endswith("/site/test/missing")
    await town.post("close", who=NADIA, view_id=view["id"])


async def test_the_form_is_filled_from_the_page(town: Town) -> None:
    await town.command(NADIA, f"post {town.address}{ROOF}")
    await town.settle()
    view = await town.must_view(NADIA)
    assert chosen(view, "title") == ROOF_TITLE
    assert chosen(view, "summary")
    assert chosen(view, "picture").startswith(f"{town.address}/site/pictures/")
    assert chosen(view, "language") == "en"


async def test_faults_are_told_at_their_fields_and_nothing_is_announced(town: Town) -> None:
    past = (await town.now() - timedelta(days=2)).date().isoformat()
    told = await town.submit(NADIA, channels=[PRODUCT], publish_on=past, publish_at="09:00")
    assert "That time has passed" in str(told["errors"])
    assert town.rows("SELECT state FROM post WHERE title = ? OR link LIKE ?", ROOF_TITLE, f"%{ROOF}") == [("draft",)]


async def test_the_review_lists_channels_and_times_and_the_preview_is_private(town: Town) -> None:
    told = await town.submit(
        NADIA,
        channels=[PRODUCT, GENERAL],
        topics=["climate"],
        networks=["linkedin", "x"],
        wording_1="A roof that drinks is the best kind of roof.",
        publish_on=None,
        publish_at=None,
    )
    review = everything_said(told["view"])
    assert "Announced at once in" in review
    assert "LinkedIn, X" in review
    assert "1 wording to start from" in review
    await town.press_in_view(NADIA, "preview_post")
    await town.settle()
    preview = (await town.direct(NADIA))[-1]
    assert "A preview: only you see this" in everything_said(preview)
    assert has_element(preview["blocks"], "open_share")
    assert all(ROOF_TITLE not in everything_said(one) for one in await town.messages(PRODUCT, OMAR))


async def test_announcing_posts_the_card_in_every_channel(town: Town) -> None:
    await town.submit(NADIA)
    await town.settle()
    for channel in (PRODUCT, GENERAL):
        card = await town.announcement(OMAR, ROOF_TITLE, channel)
        said = everything_said(card)
        assert "Curated by Nadia Rahman" in said
        assert "Fresh from the comms team" in said
        assert {one["type"] for one in card["blocks"]} >= {"image", "actions"}
        assert has_element(card["blocks"], "dismiss_post")


async def test_an_edit_follows_on_every_announcement_and_in_links_that_are_out(town: Town) -> None:
    card = await town.announcement(OMAR, ROOF_TITLE)
    out = link_in(composed(await town.share(OMAR, card, "It drinks, so it is a roof after my own heart.")))
    form = (await town.command(NADIA, f"edit {ref_of(town, ROOF_TITLE)}"))["view"]
    assert "This post is out" in everything_said(form)
    told = await town.submit(NADIA, title="The roof that drinks rain", link=f"{town.address}{SENSOR}")
    assert "Its announcements will follow" in everything_said(told["view"])
    await town.submit(NADIA)
    await town.advance(minutes=2)
    for channel in (PRODUCT, GENERAL):
        cards = [everything_said(one) for one in await town.messages(channel, OMAR)]
        assert sum("The roof that drinks rain" in one for one in cards) == 1
        assert sum(ROOF_TITLE in one for one in cards) == 1  # the old card itself, not a second one
    target = (await town.get(out)).headers["Location"]
    assert target.startswith(f"{town.address}{SENSOR}")
    assert "utm_source=linkedin" in target


async def test_withdrawing_refuses_shares_at_once_and_every_card_says_so(town: Town) -> None:
    card = await town.announcement(TOM, "The roof that drinks rain")
    out = link_in(composed(await town.share(PRIYA, card, "Roofs are thirsty too.", network="linkedin")))
    await town.post("faults", methods={"chat.update": {"delay_ms": 1500, "count": 1}})
    told = await town.command(THOMAS, f"withdraw {ref_of(town, 'The roof that drinks rain')}")
    assert "ingetrokken" in everything_said(told["ephemeral"])
    refused = await town.press(TOM, PRODUCT, card, "open_share")
    assert refused["view"] is None
    assert "This post was withdrawn" in everything_said(refused["ephemeral"])
    await town.advance(minutes=1)
    for channel in (PRODUCT, GENERAL):
        after = await town.find(channel, OMAR, "The roof that drinks rain")
        assert "The comms team has withdrawn this post" in everything_said(after)
        assert not has_element(after["blocks"], "open_share")
    assert "2" in everything_said((await town.direct(THOMAS))[-1])
    assert (await town.get(out)).status == 302


async def test_a_scheduled_post_is_announced_at_its_time_and_not_before(town: Town) -> None:
    await town.command(GRACE, f"post {town.address}/site/trade-fair.html")
    await town.settle()
    title = chosen(await town.must_view(GRACE), "title")
    day = ((await town.now()).astimezone(LONDON) + timedelta(days=1)).date()
    told = await town.submit(GRACE, channels=[PRODUCT], publish_on=day.isoformat(), publish_at="08:00")
    assert "08:00" in everything_said(told["view"])
    await town.submit(GRACE)
    await town.to(datetime.combine(day, time(7, 58), LONDON).isoformat())  # Grace lives there
    assert all(title not in everything_said(one) for one in await town.messages(PRODUCT, OMAR))
    await town.to(datetime.combine(day, time(8, 0, 30), LONDON).isoformat())
    assert has_element((await town.announcement(OMAR, title))["blocks"], "open_share")


async def test_a_scheduled_post_can_be_moved_by_command_and_bad_times_are_explained(town: Town) -> None:
    await town.command(NADIA, f"post {town.address}{SENSOR}")
    await town.settle()
    day = ((await town.now()) + timedelta(days=3)).date().isoformat()
    await town.submit(NADIA, channels=[PRODUCT], publish_on=day, publish_at="10:00")
    await town.submit(NADIA)
    ref = ref_of(town, SENSOR_TITLE)
    bad = everything_said((await town.command(NADIA, f"schedule {ref} 31 February 9:00"))["ephemeral"])
    assert "That day does not exist" in bad
    told = await town.command(NADIA, f"schedule {ref} in 2 hours")
    assert ref in everything_said(told["ephemeral"])
    await town.advance(hours=2, minutes=1)
    assert town.rows("SELECT state FROM post WHERE id = ?", ref[1:]) == [("published",)]


async def test_a_post_past_its_end_cannot_be_shared_from_its_old_card(town: Town) -> None:
    ref = ref_of(town, SENSOR_TITLE)
    card = await town.announcement(TOM, SENSOR_TITLE)
    day = ((await town.now()) + timedelta(days=1)).date().isoformat()
    await town.command(NADIA, f"edit {ref}")
    await town.submit(NADIA, expires_on=day, expires_at="12:00")
    await town.submit(NADIA)
    await town.to(f"{day}T14:00:00+00:00")
    refused = await town.press(TOM, PRODUCT, card, "open_share")
    assert "The time of this post is over" in everything_said(refused["ephemeral"])


def ref_of(town: Town, title: str) -> str:
    """Return how curators name a post."""
    (post_id,) = town.rows("SELECT id FROM post WHERE title = ?", title)[0]
    return f"P{post_id}"
