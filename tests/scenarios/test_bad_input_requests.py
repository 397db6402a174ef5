"""Requests that are not Slack's, or not whole, get a plain answer, reach nobody and leave nothing."""

import asyncio
import json
import time
from urllib.parse import urlencode

import pytest

from tests.scenarios.bad_input import announce, get_directly, held, said, send, share_button, signed, typed_command
from tests.scenarios.town import BROWSER, IRIS, NADIA, OMAR, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGEST = 1024 * 1024
POST = typed_command("post https://example.org/made-up")


async def test_an_unsigned_request_is_refused_and_changes_nothing(town: Town) -> None:
    before = held(town)
    for headers in ({}, signed(town, POST + b"x"), {**signed(town, POST), "X-Slack-Signature": "v0=" + "0" * 64}):
        assert await send(town, POST, headers) == (401, "the request is not signed by Slack")
    assert held(town) == before


async def test_a_stale_request_is_refused_and_changes_nothing(town: Town) -> None:
    before = held(town)
    for at in (time.time() - 310, time.time() + 310):
        status, text = await send(town, POST, signed(town, POST, at=at))
        assert (status, text) == (401, "the request is older than five minutes, or from the future")
    assert held(town) == before


async def test_an_oversized_request_is_refused_and_changes_nothing(town: Town) -> None:
    before = held(town)
    body = POST + b"&more=" + b"x" * LARGEST
    status, text = await send(town, body, signed(town, body))
    assert status == 413
    assert "larger than" in text
    assert held(town) == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1, 2]",
        b"[" * 60_000,
        b'{"type": "event_callback"}',
        b"payload={",
        b"payload=%FF",
        urlencode({"payload": json.dumps({"type": "block_actions"})}).encode(),
        urlencode({"payload": json.dumps({"type": "view_submission", "user": 3, "view": []})}).encode(),
        b"\x00\xff\xfe",
    ],
)
async def test_signed_junk_is_answered_and_changes_nothing(town: Town, body: bytes) -> None:
    before = held(town)
    status, text = await send(town, body, signed(town, body), path="/slack/events")
    assert status in (200, 400)
    assert "Traceback" not in text
    assert held(town) == before
    status, _ = await send(town, (good := typed_command("help")), signed(town, good))
    assert status == 200


async def test_a_command_that_speaks_of_a_payload_is_understood_as_typed(town: Town) -> None:
    told = await town.command(OMAR, "suggest https://example.org/payload payload=tips & more payload")
    assert "Your suggestion" in said(told)
    ((link, why),) = town.rows(
        "SELECT s.link, a.why FROM suggestion s JOIN suggestion_author a ON a.suggestion_id = s.id"
        " WHERE s.link LIKE '%example.org/payload'"
    )
    assert (link, why) == ("https://example.org/payload", "payload=tips & more payload")


async def test_an_unknown_command_names_the_nearest_one(town: Town) -> None:
    before = held(town)
    assert "leaderboard" in said(await town.command(OMAR, "leadreboard"))
    assert "/vouch help" in said(await town.command(OMAR, "xyzzy"))
    assert held(town) == before


async def test_the_same_request_delivered_twice_is_done_once(town: Town) -> None:
    body = typed_command("suggest https://example.org/once", who=OMAR, trigger="77.88.once")
    first = await send(town, body, signed(town, body))
    again = await send(town, body, signed(town, body))
    assert "Your suggestion" in first[1]
    assert again == (200, "")
    assert town.rows("SELECT count(*) FROM suggestion WHERE link = 'https://example.org/once'") == [(1,)]


@pytest.mark.parametrize("slug", ["made-up", "zzzzzzzz", "%00", "a" * 5000, "..%2f..%2fetc", "%F0%9F%98%80", ""])
async def test_a_made_up_link_gets_a_plain_page_and_counts_nothing(town: Town, slug: str) -> None:
    before = town.rows("SELECT count(*) FROM visit")
    answer = await get_directly(town, f"/l/{slug}", User_Agent=BROWSER)
    assert answer.status == 404
    assert "There is nothing behind this link" in await answer.text() or not slug
    assert town.rows("SELECT count(*) FROM visit") == before


@pytest.mark.parametrize("token", ["made-up", "a" * 43, "%00", "a" * 5000, "%F0%9F%98%80"])
async def test_a_made_up_way_out_gets_a_plain_page_and_leads_nowhere(town: Town, token: str) -> None:
    before = held(town)
    answer = await get_directly(town, f"/go/{token}", User_Agent=BROWSER)
    assert answer.status == 404
    assert "Location" not in answer.headers
    assert "Traceback" not in await answer.text()
    assert held(town) == before


async def test_a_used_way_out_redirects_once_and_then_shows_the_text(town: Town) -> None:
    _, message = await announce(town, "Used ways out")
    view, url = await share_button(town, OMAR, message)
    button = {"who": OMAR, "view_id": view["id"], "action_id": "leave_for_network"}
    await town.post("click", **button)
    first, second, third = await town.get(url, OMAR), await town.get(url, OMAR), await town.get(url, IRIS)
    assert [first.status, second.status, third.status] == [302, 200, 200]
    assert "You have been here before" in await second.text()
    assert town.rows("SELECT count(*) FROM share WHERE state = 'opened' AND post_id = (SELECT max(id) FROM post)") == [
        (1,)
    ]


async def test_an_expired_way_out_says_so_and_a_fresh_window_keeps_the_text(town: Town) -> None:
    _, message = await announce(town, "Expired ways out")
    view, url = await share_button(town, OMAR, message)
    typed = {"network": "linkedin", "text": "I typed this before lunch, and lunch was long."}
    await town.post(
        "submit",
        who=OMAR,
        view_id=view["id"],
        values={"network": {"network": "linkedin"}, "text": {"text": typed["text"]}},
    )
    await town.advance(days=2)
    gone = await town.get(url, OMAR)
    assert gone.status == 410
    assert "This window has been open for long" in await gone.text()
    again, fresh = await share_button(town, OMAR, message)
    assert fresh != url
    assert typed["text"] in json.dumps(again)
    assert town.rows("SELECT count(*) FROM share WHERE post_id = (SELECT max(id) FROM post)") == [(1,)]


async def test_a_forged_address_counts_as_the_one_that_the_proxy_saw(town: Town) -> None:
    """What stands left of the trusted proxy's own word is the sender's invention: one visitor stays one."""
    slug = _newest_slug(town)
    last = town.rows("SELECT coalesce(max(id), 0) FROM visit")[0][0]
    for forged in ("203.0.113.1", "203.0.113.2, 198.51.100.7", "junk, ,%", "::1", "127.0.0.1, 127.0.0.1"):
        answer = await town.get(f"/l/{slug}", "someone-else-7", X_Forwarded_For=forged)
        assert answer.status == 302
    by_visitor = (
        "SELECT visitor, count(*) FROM visit v JOIN link l ON l.id = v.link_id WHERE slug = ? AND v.id > ? "
        "GROUP BY visitor ORDER BY 2 DESC"
    )
    async with asyncio.timeout(40):  # on a busy disk visits come from the journal, those of other tests too
        while True:
            most = max((many for _, many in town.rows(by_visitor, slug, last)), default=0)
            if most >= 5:
                break
            await asyncio.sleep(0.05)
    assert most == 5


def _newest_slug(town: Town) -> str:
    ((slug,),) = town.rows("SELECT slug FROM link ORDER BY id DESC LIMIT 1")
    return str(slug)


async def test_nothing_secret_and_no_words_of_people_are_in_the_log(town: Town) -> None:
    secrets = json.loads((town.data / "playground" / "secrets.json").read_text())
    log = town.bot_log
    assert "ready on" in log
    assert not [name for name, value in secrets.items() if len(str(value)) > 8 and str(value) in log]
    assert "before lunch" not in log
    assert NADIA not in log
