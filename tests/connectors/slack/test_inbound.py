"""What happens around a click: who we are is asked once, failures lose nothing, logs hold nobody's words."""

import asyncio
import logging

import pytest

from bot.core.cards import Card
from bot.core.errors import Refused
from bot.core.reply import Reply
from connectors.chat.slack.inbound import SlackInbound
from tests.connectors.slack.conftest import Door, FakeDispatch, payload
from tests.connectors.slack.fake_slack import HOME, FakeSlack
from tests.connectors.slack.test_replies import CARD, answered


async def test_who_we_are_is_asked_once_however_many_click(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    await asyncio.gather(*(door.post(payload("click_in_channel")) for _ in range(20)))
    assert (len(dispatch.received), len(slack.asked("auth.test"))) == (20, 1)
    assert {one.key for one in dispatch.received} == {payload("click_in_channel")["trigger_id"]}


async def test_while_slack_does_not_say_who_we_are_requests_wait_for_another_try(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("auth.test", status=503)
    slack.will("auth.test", status=503)
    first = await door.post(payload("direct_message"))
    second = await door.post(payload("direct_message"))
    third = await door.post(payload("direct_message"))
    assert (first[0] >= 500, second[0] >= 500, third[0], len(dispatch.received)) == (True, True, 200, 1)


async def test_a_handler_that_fails_unforeseen_is_not_acknowledged_so_that_the_event_comes_again(
    door: Door, dispatch: FakeDispatch
) -> None:
    dispatch.fault = RuntimeError("unforeseen")
    assert (await door.post(payload("direct_message")))[0] == 500
    dispatch.fault = None
    assert (await door.post(payload("direct_message")))[0] == 200


async def test_an_uninstalled_app_is_noted_and_who_we_are_is_asked_anew(
    door: Door, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await door.post(payload("click_in_channel"))
        await answered(door, payload("uninstalled"))
        await door.post(payload("click_in_channel"))
    assert "app_uninstalled" in caplog.text
    assert len(slack.asked("auth.test")) == 2


async def test_no_words_of_a_person_reach_the_log(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    words = "very private words"
    slack.will("chat.postMessage", body={"ok": False, "error": "is_archived"})
    dispatch.reply = Reply(card=Card(title=words))
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("vouch").setLevel(logging.DEBUG)
        told = payload("direct_message")
        await answered(door, {**told, "event": {**told["event"], "text": words}})
        await answered(door, {"type": "block_suggestion", "value": words})
        await answered(door, {**payload("command"), "text": words, "command": "/other"})
    assert "is_archived" in caplog.text
    assert words not in caplog.text


async def test_stopping_waits_for_what_is_being_shown(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, inbound: SlackInbound
) -> None:
    slack.will("views.publish", delay_s=0.3)
    dispatch.reply = Reply(home=CARD)
    await door.post(payload("home_opened"))
    await inbound.stop()
    assert len(slack.asked("views.publish")) == 1
    assert door.display._tasks == set()


async def test_starting_with_a_refused_token_fails_at_once_and_with_a_silent_slack_goes_on(
    inbound: SlackInbound, slack: FakeSlack
) -> None:
    slack.will("auth.test", status=500)
    await inbound.start()
    slack.will("auth.test", body={"ok": False, "error": "invalid_auth"})
    with pytest.raises(Refused, match="invalid_auth"):
        await inbound.start()
    await inbound.start()
    assert HOME["team_id"] == (await inbound._workspace.home()).tenant_ref
