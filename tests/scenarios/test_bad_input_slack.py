"""Slack refuses, asks for patience, breaks or says nothing: nothing is lost or posted twice, and admins see why."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.scenarios.bad_input import fill_in, held, said
from tests.scenarios.town import CLAIRE, GRACE, LENA, NADIA, OMAR, PRODUCT, Json, Town, everything_said

pytestmark = pytest.mark.asyncio(loop_scope="module")

STUCK = "SELECT id, kind, error FROM job WHERE state = ?"


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def behaving(town: Town) -> AsyncIterator[None]:
    """Whatever a test made go wrong is over after it."""
    yield
    await town.post("faults")


async def _announced_while(town: Town, title: str, fault: dict[str, Any]) -> int:
    """Announce a post while posting goes wrong, and return its number."""
    told = await fill_in(town, title)
    post_id = json.loads(told["view"]["private_metadata"])["submit"]["post_id"]
    await town.post("faults", methods={"chat.postMessage": fault})
    assert (await town.submit(NADIA))["ok"]
    await town.settle()
    assert town.rows("SELECT state FROM post WHERE id = ?", post_id) == [("published",)]
    return int(post_id)


async def _cards(town: Town, post_id: int) -> int:
    """Return how many messages with this post's Share button stand in the channel."""
    wanted = {"do": "open_share", "post_id": post_id}
    found = 0
    for message in await town.messages(PRODUCT, NADIA):
        elements = [one for block in message["blocks"] for one in block.get("elements", [])]
        found += any(one.get("type") == "button" and json.loads(one["value"]) == wanted for one in elements)
    return found


async def _press_failure(town: Town, what: str, job_id: int) -> Json:
    """Press a button of an admin's list of failures."""
    message = (await town.command(GRACE, "failures"))["ephemeral"][-1]
    element = next(
        one
        for block in message["blocks"]
        for one in block.get("elements", [])
        if one.get("type") == "button" and json.loads(one["value"]) == {"do": what, "job_id": job_id}
    )
    return await town.post("click", who=GRACE, channel=PRODUCT, ts=message["ts"], action_id=element["action_id"])


@pytest.mark.parametrize(
    "code", ["channel_not_found", "not_in_channel", "is_archived", "token_revoked", "missing_scope", "msg_too_long"]
)
async def test_what_slack_refuses_is_listed_with_its_reason_and_can_be_sent_again(town: Town, code: str) -> None:
    post_id = await _announced_while(town, f"Refused with {code}", {"error": code})
    assert await _cards(town, post_id) == 0
    ((job_id, kind, error),) = town.rows(STUCK, "failed")
    assert (kind, error) == ("announce_in", code)
    assert code in said(await town.command(GRACE, "failures"))
    await town.post("faults")
    await _press_failure(town, "retry_job", job_id)
    await town.settle()
    assert await _cards(town, post_id) == 1
    assert town.rows(STUCK, "failed") == []
    assert town.rows("SELECT count(*) FROM announcement WHERE post_id = ? AND message_ref IS NOT NULL", post_id) == [
        (1,)
    ]


async def test_asked_to_wait_it_waits_and_posts_once(town: Town) -> None:
    post_id = await _announced_while(town, "Patience", {"status": 429, "retry_after": 1, "count": 2})
    await town.advance(seconds=5)
    await town.advance(seconds=5)
    assert await _cards(town, post_id) == 1
    assert town.rows(STUCK, "failed") == town.rows(STUCK, "uncertain") == []


@pytest.mark.parametrize(
    ("fault", "stands"),
    [({"status": 500}, 0), ({"cut": "before"}, 0), ({"cut": "after"}, 1)],
    ids=["500", "nothing-and-nothing-done", "nothing-although-done"],
)
async def test_without_a_clear_answer_it_is_not_sent_again_by_itself(
    town: Town, fault: dict[str, Any], stands: int
) -> None:
    post_id = await _announced_while(town, f"Uncertain {fault}", fault)
    await town.post("faults")
    for _ in range(3):
        await town.advance(minutes=10)
    assert await _cards(town, post_id) == stands
    ((job_id, kind, _),) = town.rows(STUCK, "uncertain")
    assert kind == "announce_in"
    await _press_failure(town, "drop_job" if stands else "retry_job", job_id)
    await town.settle()
    assert await _cards(town, post_id) == 1
    assert town.rows(STUCK, "uncertain") == []


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived", "ratelimited", "token_revoked"])
async def test_a_private_answer_that_is_refused_in_the_channel_comes_another_way(town: Town, code: str) -> None:
    message = await town.find(PRODUCT, LENA, "Not for me")
    await town.post("faults", methods={"chat.postEphemeral": {"error": code}})
    before = town.rows("SELECT count(*) FROM dismissal")[0][0]
    told = await town.press(LENA, PRODUCT, message, "dismiss_post")
    assert "You will not hear of this post again" in said(told)
    assert town.rows("SELECT count(*) FROM dismissal")[0][0] in (before, before + 1)


async def test_while_slack_refuses_everything_clicks_are_kept_and_answered_as_soon_as_it_is_well(town: Town) -> None:
    await town.post("faults", methods={"*": {"error": "token_revoked"}})
    told = await town.command(OMAR, "suggest https://example.org/while-revoked")
    assert "Your suggestion" in said(told)  # the answer is in the acknowledgement
    await town.settle()
    ((job_id, kind, error),) = town.rows(STUCK, "failed")
    assert (kind, error) == ("show_suggestion", "token_revoked")
    await town.post("faults")
    await _press_failure(town, "retry_job", job_id)
    await town.settle()
    cards = [
        one for one in await town.messages("C0CURATORS", NADIA) if "while-revoked" in everything_said(one["blocks"])
    ]
    assert len(cards) == 1


async def test_a_redrawing_that_breaks_is_done_again_by_itself(town: Town) -> None:
    post_id = await _announced_while(town, "Redrawn in the end", {})
    await town.post("faults", methods={"chat.update": [{"status": 500, "count": 1}, {"cut": "after", "count": 1}]})
    await town.command(NADIA, f"withdraw P{post_id}")
    for _ in range(4):
        await town.advance(minutes=1)
    assert await _cards(town, post_id) == 0
    assert town.rows(STUCK, "failed") == town.rows(STUCK, "uncertain") == []


async def test_someone_new_who_cannot_be_looked_up_is_asked_to_try_again_and_nothing_is_kept(town: Town) -> None:
    before = held(town)
    for fault in ({"status": 500}, {"delay_ms": 1500}, {"cut": "after"}, {"error": "missing_scope"}):
        await town.post("faults", methods={"users.info": fault})
        assert "could not look you up just now" in said(await town.command(CLAIRE, "me")), fault
    assert held(town) == before
