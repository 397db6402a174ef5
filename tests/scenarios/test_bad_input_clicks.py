"""Clicks that come twice, too late, from the wrong person or with what cannot be: done once or never, and told so."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.scenarios.bad_input import announce, fill_in, held, said, send, share_button, signed
from tests.scenarios.town import (
    CLAIRE,
    CURATORS,
    GRACE,
    IRIS,
    LENA,
    NADIA,
    OMAR,
    PRODUCT,
    SANNE,
    THOMAS,
    TOM,
    Json,
    Town,
    everything_said,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

OF_POST = "SELECT count(*) FROM share WHERE post_id = ?"


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def behaving(town: Town) -> AsyncIterator[None]:
    """Whatever a test made go wrong is over after it."""
    yield
    await town.post("faults")


async def _last(town: Town, detail: str) -> Json:
    """Return the last payload of a kind that the playground delivered."""
    entries = (await town.read("ledger", direction="out", limit="2000"))["entries"]
    found: Json = next(one["request"] for one in reversed(entries) if one.get("detail") == detail)
    return found


async def _as_somebody(town: Town, payload: Json, who: str) -> tuple[int, str]:
    """Deliver a payload once more as if somebody else had done the same: signed, and with a key of its own."""
    made = json.loads(json.dumps(payload))
    made["user"] = {**made["user"], "id": who}
    made["trigger_id"] = f"5.5.{secrets.token_hex(8)}"
    for action in made.get("actions", []):
        action["action_ts"] = f"{secrets.randbelow(10**9)}.000001"
    body = urlencode({"payload": json.dumps(made)}).encode()
    return await send(town, body, signed(town, body), path="/slack/interactivity")


# Twice


async def test_a_double_click_on_share_is_one_share(town: Town) -> None:
    post_id, message = await announce(town, "Clicked twice")
    await asyncio.gather(*[town.press(OMAR, PRODUCT, message, "open_share") for _ in range(2)])
    await town.post("faults", deliveries={"interaction": {"double": True}})
    await town.press(OMAR, PRODUCT, message, "open_share")
    assert town.rows(OF_POST, post_id) == [(1,)]
    assert town.rows("SELECT count(*) FROM link l JOIN share s ON s.id = l.share_id WHERE s.post_id = ?", post_id) == [
        (1,)
    ]


async def test_an_announcement_confirmed_twice_goes_out_once(town: Town) -> None:
    told = await fill_in(town, "Announced once")
    post_id = json.loads(told["view"]["private_metadata"])["submit"]["post_id"]
    await town.post("faults", deliveries={"interaction": {"double": True}})
    await town.submit(NADIA)
    await town.settle()
    shown = [one for one in await town.messages(PRODUCT, NADIA) if "Announced once" in everything_said(one["blocks"])]
    assert len([one for one in shown if one["user"] == "U0VOUCH" and "Share" in everything_said(one)]) == 1
    assert town.rows("SELECT count(*) FROM announcement WHERE post_id = ?", post_id) == [(1,)]
    assert town.rows(
        "SELECT count(*) FROM decision WHERE subject = 'post' AND subject_id = ? AND what = 'announced'", post_id
    ) == [(1,)]


async def test_an_undo_clicked_twice_takes_back_once(town: Town) -> None:
    post_id, message = await announce(town, "Taken back once")
    await town.share(OMAR, message, "My own words about this, long enough to be my own words and nobody else's.")
    await town.press_in_view(OMAR, "say_shared")
    await town.post("faults", deliveries={"interaction": {"double": True}})
    await town.press_in_view(OMAR, "undo_share")
    await town.settle()
    assert town.rows("SELECT state FROM share WHERE post_id = ?", post_id) == [("undone",)]
    assert town.rows(
        "SELECT coalesce(sum(points), 0) FROM ledger_entry e JOIN share s ON s.id = e.share_id WHERE s.post_id = ?",
        post_id,
    ) == [(0,)]


# Two at once


async def test_two_people_sharing_at_once_get_a_share_and_a_wording_each(town: Town) -> None:
    one, other = "The first wording of this post.", "Quite another way of saying it."
    post_id, message = await announce(town, "Two at once", wording_1=one, wording_2=other)
    windows = await asyncio.gather(*[town.press(who, PRODUCT, message, "open_share") for who in (OMAR, LENA)])
    offered = {text for text in (one, other) for told in windows if text in json.dumps(told["view"])}
    assert offered == {one, other}
    assert town.rows(OF_POST, post_id) == [(2,)]


async def test_of_two_curators_at_once_the_first_counts_and_the_second_hears_who_it_was(town: Town) -> None:
    await town.command(SANNE, "suggest https://example.org/two-curators")
    await town.settle()
    (number,) = town.rows("SELECT id FROM suggestion WHERE link LIKE '%two-curators'")[0]
    answers = await asyncio.gather(
        town.command(NADIA, f"approve S{number}", CURATORS),
        town.command(THOMAS, f"decline S{number} nu even niet", CURATORS),
    )
    decided = town.rows("SELECT what FROM decision WHERE subject = 'suggestion' AND subject_id = ?", number)
    assert len(decided) == 1
    spoken = " ".join(said(one) for one in answers)
    assert ("Nadia Rahman" in spoken) != ("Thomas Bakker" in spoken)
    assert town.rows("SELECT count(*) FROM post WHERE suggestion_id = ?", number) == [
        (int(decided[0][0] == "approved"),)
    ]


async def test_a_link_suggested_by_two_at_once_is_one_suggestion_with_both_names(town: Town) -> None:
    await asyncio.gather(*[town.command(who, "suggest https://example.org/both-at-once") for who in (OMAR, LENA, OMAR)])
    await town.settle()
    assert town.rows(
        "SELECT count(DISTINCT s.id), count(*) FROM suggestion s JOIN suggestion_author a ON a.suggestion_id = s.id"
        " WHERE s.link LIKE '%both-at-once'"
    ) == [(1, 2)]
    cards = [one for one in await town.messages(CURATORS, NADIA) if "both-at-once" in everything_said(one["blocks"])]
    assert len(cards) == 1
    assert "Omar Haddad" in everything_said(cards[0])
    assert "Lena Fischer" in everything_said(cards[0])


# Too late


async def test_share_on_a_withdrawn_post_whose_card_still_stands_is_refused(town: Town) -> None:
    post_id, message = await announce(town, "Withdrawn")
    _, url = await share_button(town, OMAR, message)
    await town.post("faults", methods={"chat.update": {"status": 500}})
    assert f"P{post_id}" in said(await town.command(NADIA, f"withdraw P{post_id}"))
    told = await town.press(SANNE, PRODUCT, message, "open_share")
    assert told["view"] is None
    assert "Dit bericht is ingetrokken" in said(told)
    await town.post("click", who=OMAR, view_id=(await town.view(OMAR) or {})["id"], action_id="leave_for_network")
    gone = await town.get(url, OMAR)
    assert (gone.status, "Location" in gone.headers) == (410, False)
    assert town.rows("SELECT state, count(*) FROM share WHERE post_id = ? GROUP BY 1", post_id) == [("draft", 1)]
    await town.post("faults")
    await town.advance(minutes=3)
    (card,) = [one for one in await town.messages(PRODUCT, NADIA) if one["ts"] == message["ts"]]
    assert "withdrawn this post" in everything_said(card["blocks"])


async def test_share_on_an_expired_post_whose_card_still_stands_is_refused(town: Town) -> None:
    tomorrow = {"expires_on": await _day(town, 1), "expires_at": "12:00"}
    post_id, message = await announce(town, "Expired", **tomorrow)
    await town.post("faults", methods={"chat.update": {"status": 500}})
    await town.advance(days=2)
    told = await town.press(LENA, PRODUCT, message, "open_share")
    assert "The time of this post is over" in said(told)
    assert town.rows(OF_POST, post_id) == [(0,)]


async def test_a_deleted_announcement_is_left_alone_and_its_post_lives_on(town: Town) -> None:
    post_id, message = await announce(town, "Deleted in the channel")
    await town.post("delete", who=GRACE, channel=PRODUCT, ts=message["ts"])
    number = town.rows("SELECT count(*) FROM job WHERE state IN ('failed', 'uncertain')")
    assert f"P{post_id}" in said(await town.command(NADIA, f"withdraw P{post_id}"))
    await town.advance(minutes=3)
    assert town.rows("SELECT state FROM post WHERE id = ?", post_id) == [("withdrawn",)]
    assert town.rows("SELECT count(*) FROM job WHERE state IN ('failed', 'uncertain')") == number


async def test_buttons_of_a_discarded_draft_say_that_it_is_gone(town: Town) -> None:
    told = await fill_in(town, "Discarded")
    post_id = json.loads(told["view"]["private_metadata"])["submit"]["post_id"]
    form = await _last(town, "view_submission")
    await town.press_in_view(NADIA, "preview_post")
    await town.settle()
    direct = await town.direct_channel(NADIA)
    preview = next(one for one in reversed(await town.direct(NADIA)) if "Discarded" in everything_said(one))
    await town.press(NADIA, direct, preview, "open_share")
    await town.find(direct, NADIA, "not out yet")
    drafts = (await town.command(NADIA, "post"))["ephemeral"][-1]
    discard = next(
        element["action_id"]
        for block in drafts["blocks"]
        for element in block.get("elements", [])
        if json.loads(element.get("value") or "{}") == {"do": "discard_draft", "post_id": post_id}
    )
    await town.post("click", who=NADIA, channel=PRODUCT, ts=drafts["ts"], action_id=discard)
    assert town.rows("SELECT count(*) FROM post WHERE id = ?", post_id) == [(0,)]
    before = held(town)
    await town.press(NADIA, direct, preview, "open_share")
    await town.find(direct, NADIA, "not there any more")
    again = await town.ask("click", who=NADIA, channel=PRODUCT, ts=drafts["ts"], action_id=discard)
    assert "not there any more" in said(again)
    status, text = await _as_somebody(town, form, NADIA)
    assert (status, "not there any more" in text) == (200, True)
    assert held(town) == before


# The wrong person


async def test_what_is_for_curators_is_refused_to_an_employee_and_changes_nothing(town: Town) -> None:
    await town.command(SANNE, "suggest https://example.org/not-for-omar")
    await town.settle()
    card = await town.find(CURATORS, NADIA, "not-for-omar")
    (number,) = town.rows("SELECT id FROM suggestion WHERE link LIKE '%not-for-omar'")[0]
    await town.press(NADIA, CURATORS, card, "open_decline")
    click = await _last(town, "block_actions")
    await town.post("close", who=NADIA, view_id=(await town.must_view(NADIA))["id"])
    before = held(town)
    for line in (f"approve S{number}", f"decline S{number} no", "queue", "post https://example.org", "failures"):
        assert "This is for the " in said(await town.command(OMAR, line))
    click["actions"][0].update(action_id="approve", value=json.dumps({"do": "approve", "ref": f"S{number}"}))
    assert (await _as_somebody(town, click, OMAR))[0] == 200
    told = await fill_in(town, "Not by Omar")
    before["post"] += 1
    form = await _last(town, "view_submission")
    form["view"] = {**form["view"], **{key: told["view"][key] for key in ("private_metadata", "callback_id", "blocks")}}
    form["view"]["state"] = {"values": {}}
    assert (await _as_somebody(town, form, OMAR))[0] == 200
    await town.settle()
    assert held(town) == before
    assert town.rows("SELECT state FROM suggestion WHERE id = ?", number) == [("received",)]


async def test_a_guest_gets_a_kind_answer_and_nothing_about_them_is_kept(town: Town) -> None:
    _, message = await announce(town, "Seen by a guest too")
    before = held(town)
    inbox = town.rows("SELECT count(*) FROM inbox")
    told = await town.press(CLAIRE, PRODUCT, message, "open_share")
    assert told["view"] is None
    assert "full members of this company only" in said(told)
    assert "full members of this company only" in said(await town.command(CLAIRE, "me"))
    await town.post("dm", who=CLAIRE, text="https://example.org/by-a-guest")
    await town.settle()
    assert held(town) == before
    assert town.rows("SELECT count(*) FROM inbox") == inbox
    assert town.rows("SELECT count(*) FROM member WHERE person_ref = ?", CLAIRE) == [(0,)]


# Times that cannot be


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("31 February 9:00", "That day does not exist"),
        ("2020-01-01 9:00", "That time has passed"),
        ("2027-03-28 01:30", "the clocks go forward then"),
        ("2027-05-01 25:00", "That time does not exist"),
        ("2199-01-01 9:00", "more than two years away"),
        ("whenever", "I cannot read that"),
        ("", "Say when"),
    ],
)
async def test_a_time_that_cannot_be_is_answered_with_one_that_can_and_moves_nothing(
    town: Town, when: str, words: str
) -> None:
    post_id = await _scheduled(town)
    wanted = "SELECT state, publish_at FROM post WHERE id = ?"
    before = town.rows(wanted, post_id)
    told = said(await town.command(NADIA, f"schedule P{post_id} {when}"))
    assert words in told
    assert "for example" in told or "This one does" in told or "Still to come" in told
    assert town.rows(wanted, post_id) == before


@pytest.mark.parametrize(
    ("day", "time", "words"),
    [
        ("2020-01-01", "09:00", "That time has passed"),
        ("2027-03-28", "01:30", "the clocks go forward then"),
        ("2027-05-01", None, "Choose a time as well"),
        (None, "09:00", "Choose a day as well"),
    ],
)
async def test_a_time_that_cannot_be_is_told_at_its_field_and_the_draft_is_kept(
    town: Town, day: str | None, time: str | None, words: str
) -> None:
    told = await fill_in(town, f"Never {day} {time}", publish_on=day, publish_at=time)
    assert words in " ".join(told["errors"].values())
    assert set(told["errors"]) <= {"publish_on", "publish_at"}
    assert town.rows("SELECT state FROM post ORDER BY id DESC LIMIT 1") == [("draft",)]
    assert f"Never {day} {time}" in json.dumps(town.rows("SELECT typed FROM post ORDER BY id DESC LIMIT 1"))


async def _scheduled(town: Town) -> int:
    """Return a post that waits for its time."""
    found = town.rows("SELECT id FROM post WHERE state = 'scheduled' ORDER BY id DESC LIMIT 1")
    if found:
        return int(found[0][0])
    told = await fill_in(town, "For next year", publish_on=await _day(town, 300), publish_at="09:00")
    assert told.get("response_action") == "push", told
    await town.submit(NADIA)
    return await _scheduled(town)


async def _day(town: Town, days: int) -> str:
    now = datetime.fromisoformat((await town.read("clock"))["now"])
    return (now + timedelta(days=days)).date().isoformat()


# Windows that do not open


@pytest.mark.parametrize(
    "fault",
    [
        {"delay_ms": 2600},
        {"status": 500},
        {"status": 429, "retry_after": 30},
        {"error": "expired_trigger_id"},
        {"error": "exchanged_trigger_id"},
        {"cut": "before"},
    ],
    ids=lambda fault: "-".join(map(str, next(iter(fault.items())))),
)
async def test_a_window_that_does_not_open_becomes_a_private_message_with_a_fresh_button(
    town: Town, fault: dict[str, Any]
) -> None:
    name = f"Opens at the second try {secrets.token_hex(3)}"
    post_id, message = await announce(town, name)
    await town.post("faults", methods={"views.open": {**fault, "count": 1}})
    told = await town.press(TOM, PRODUCT, message, "open_share", wait_s=6)
    private = (
        await town.find(PRODUCT, TOM, f"please try once more. {name}")
        if not told["ephemeral"]
        else told["ephemeral"][0]
    )
    assert "The window did not open" in everything_said(private)
    assert "Nothing is lost" in everything_said(private)
    assert name in everything_said(private)
    assert not [one for one in await town.messages(PRODUCT, IRIS) if one["ts"] == private["ts"]]
    await town.post("faults")
    again = await town.press(TOM, PRODUCT, private, "open_share")
    assert again["view"] is not None
    assert name in everything_said(again["view"])
    assert town.rows(OF_POST, post_id) == [(1,)]


async def test_a_curators_window_that_does_not_open_loses_no_draft(town: Town) -> None:
    before = town.rows("SELECT count(*) FROM post")[0][0]
    await town.post("faults", methods={"views.open": {"error": "expired_trigger_id", "count": 1}})
    told = await town.command(NADIA, f"post {town.address}/site/dry-summer.html")
    private = (
        told["ephemeral"][0] if told["ephemeral"] else await town.find(PRODUCT, NADIA, "could not be opened just now")
    )
    assert "Nothing is lost" in everything_said(private)
    assert town.rows("SELECT count(*) FROM post") == [(before + 1,)]
    await town.settle()
    again = await town.press(NADIA, PRODUCT, private, "edit")
    assert "dry-summer" in json.dumps(again["view"])
    assert town.rows("SELECT count(*) FROM post") == [(before + 1,)]
