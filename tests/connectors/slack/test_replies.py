"""Every kind of reply is shown where it belongs, after the commit, and a failure to show it loses nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core import actions as a
from bot.core.cards import Button, Buttons, Card, Form, Text, TextField
from bot.core.reply import SILENCE, Reply
from connectors.chat.slack import limits
from tests.connectors.slack.conftest import Door, FakeDispatch, payload
from tests.connectors.slack.fake_slack import FakeSlack

CARD = Card(title="Done", body=(Text(("All is well.",)),))
FALLBACK = Card(title="Again?", body=(Buttons((Button(label="Share", action=a.OpenShare(post_id=7)),)),))
FORM = Form(ref="share-5", title="Share", body=(Text(("Words",)),), submit=a.SayShared(share_id=5), submit_label="Ok")
SUBMIT = payload("submission")


def at(name: str, slack: FakeSlack, **changes: object) -> dict[str, Any]:
    """Return a payload whose response_url leads to the fake."""
    told = {**payload(name), **changes}
    return {**told, "response_url": f"{slack.url}/response"} if "response_url" in told else told


async def answered(door: Door, told: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON holds
    """Post, wait for what is shown, and return the acknowledgement's body."""
    status, text, _ = await door.post(told)
    assert status == 200
    await door.settle()
    return json.loads(text) if text else None


# Windows


@pytest.mark.parametrize("name", ["command", "shortcut", "click_in_channel"])
async def test_a_form_is_opened_with_the_trigger(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, name: str
) -> None:
    dispatch.reply = Reply(form=FORM, fallback=FALLBACK)
    assert await answered(door, at(name, slack)) is None
    (opened,) = slack.asked("views.open")
    assert opened["trigger_id"] == payload(name)["trigger_id"]
    assert opened["view"]["external_id"] == "share-5"
    assert [method for method, _ in slack.calls] == ["auth.test", "views.open"]


@pytest.mark.parametrize(
    "fault",
    [
        {"body": {"ok": False, "error": "expired_trigger_id"}},
        {"body": {"ok": False, "error": "invalid_arguments"}},
        {"status": 500},
        {"status": 429, "headers": {"Retry-After": "3"}},
        {"is_cut": True},
        {"text": "<html>"},
    ],
)
async def test_a_window_that_does_not_open_is_replaced_by_a_private_message(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, fault: dict[str, Any]
) -> None:
    slack.will("views.open", **fault)
    dispatch.reply = Reply(form=FORM, fallback=FALLBACK)
    await answered(door, at("click_in_channel", slack))
    (sent,) = slack.asked("chat.postEphemeral")
    assert (sent["channel"], sent["user"], sent["text"]) == ("C0NEWS", "U0ANNA", "Again?")
    assert sent["blocks"][1]["elements"][0]["action_id"] == "open_share"


async def test_a_window_that_takes_too_long_is_replaced_too(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=2) == limits.OPEN_WINDOW_WITHIN
    monkeypatch.setattr("connectors.chat.slack.display.OPEN_WINDOW_WITHIN", timedelta(seconds=0.05))
    slack.will("views.open", delay_s=0.3)
    dispatch.reply = Reply(form=FORM)
    await answered(door, at("command", slack))
    assert [sent["text"] for sent in slack.asked("response_url")] == ["No window"]


async def test_a_window_that_is_open_on_another_screen_opens_here_too(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("views.open", body={"ok": False, "error": "duplicate_external_id"})
    dispatch.reply = Reply(form=FORM)
    await answered(door, at("click_in_channel", slack))
    assert ["external_id" in one["view"] for one in slack.asked("views.open")] == [True, False]
    assert slack.asked("chat.postEphemeral") == []


async def test_a_form_asked_for_in_a_direct_message_comes_as_its_fallback(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(form=FORM, fallback=FALLBACK)
    await answered(door, payload("direct_message"))
    assert slack.asked("views.open") == []
    assert [(sent["channel"], sent["text"]) for sent in slack.asked("chat.postMessage")] == [("D0ANNA", "Again?")]


async def test_a_change_in_a_window_redraws_it_by_its_hash(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(form=FORM)
    await answered(door, payload("change_in_window"))
    (drawn,) = slack.asked("views.update")
    assert (drawn["view_id"], drawn["hash"]) == ("V0SHARE", "1795000200.abc")


async def test_the_newest_change_wins_over_a_hash_that_no_longer_fits(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("views.update", body={"ok": False, "error": "hash_conflict"})
    dispatch.reply = Reply(form=FORM)
    await answered(door, payload("change_in_window"))
    assert [one.get("hash") for one in slack.asked("views.update")] == ["1795000200.abc", None]


async def test_an_older_change_does_not_overwrite_a_newer_one(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("views.update", body={"ok": False, "error": "hash_conflict"}, delay_s=0.2)
    dispatch.reply = Reply(form=FORM)
    await door.post(payload("change_in_window"))
    await slack.until(lambda: len(slack.asked("views.update")) == 1)
    await answered(door, {**payload("change_in_window"), "trigger_id": "later"})
    assert len(slack.asked("views.update")) == 2


async def test_a_window_that_was_closed_meanwhile_needs_no_redrawing(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("views.update", body={"ok": False, "error": "not_found"})
    dispatch.reply = Reply(form=FORM, fallback=FALLBACK)
    await answered(door, payload("change_in_window"))
    assert slack.asked("chat.postMessage") == []


async def test_a_stacked_form_is_laid_over_the_window_or_drawn_into_it_when_three_lie_there(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(form=FORM, is_stacked=True)
    await answered(door, payload("button_in_window"))
    slack.will("views.push", body={"ok": False, "error": "push_limit_reached"})
    await answered(door, payload("button_in_window"))
    assert [method for method, _ in slack.calls[1:]] == ["views.push", "views.push", "views.update"]


async def test_a_button_that_ends_a_window_leaves_its_last_words_there(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD, closes=True)
    await answered(door, payload("button_in_window"))
    (drawn,) = slack.asked("views.update")
    assert drawn["view"]["title"]["text"] == "Done"
    assert drawn["view"]["close"]["text"] == "Close"
    assert "submit" not in drawn["view"]


# Submissions


async def test_errors_stand_under_their_fields_whatever_their_edition(door: Door, dispatch: FakeDispatch) -> None:
    dispatch.reply = Reply(errors={"title": "Too long.", "publish_on": "In the past.", "gone": "And this."})
    assert await answered(door, SUBMIT) == {
        "response_action": "errors",
        "errors": {"title.3": "Too long.", "publish_on": "In the past.", "networks": "And this."},
    }


async def test_errors_of_a_window_without_fields_come_privately(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(errors={"title": "Too long."})
    assert await answered(door, {**SUBMIT, "view": {**SUBMIT["view"], "blocks": []}}) is None
    assert [sent["text"] for sent in slack.asked("chat.postMessage")] == ["Too long."]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        (Reply(form=FORM), "update"),
        (Reply(form=FORM, is_stacked=True), "push"),
        (Reply(closes=True), "clear"),
    ],
)
async def test_a_submission_is_answered_in_its_acknowledgement(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, reply: Reply, action: str
) -> None:
    dispatch.reply = reply
    told = await answered(door, SUBMIT)
    assert told["response_action"] == action
    assert told.get("view", {}).get("external_id", "share-5") == "share-5"
    assert [method for method, _ in slack.calls] == ["auth.test"]


async def test_a_submission_with_a_card_closes_the_window_and_tells_the_person(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD)
    assert await answered(door, SUBMIT) is None
    (sent,) = slack.asked("chat.postMessage")
    assert (sent["channel"], sent["unfurl_links"], sent["unfurl_media"]) == ("U0ANNA", False, False)


# Private messages


async def test_a_command_is_answered_at_once_and_privately(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD)
    told = await answered(door, at("command", slack))
    assert (told["response_type"], told["text"], told["blocks"][0]["type"]) == (
        "ephemeral",
        "Done\nAll is well.",
        "header",
    )
    assert [method for method, _ in slack.calls] == ["auth.test"]


async def test_a_command_that_took_too_long_is_answered_by_its_response_url(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.chat.slack.inbound._LATE_AFTER", -1.0)
    dispatch.reply = Reply(card=CARD)
    assert await answered(door, at("command", slack)) is None
    (sent,) = slack.asked("response_url")
    assert (sent["response_type"], sent["replace_original"], sent["text"]) == ("ephemeral", False, "Done\nAll is well.")


async def test_a_click_in_a_channel_is_answered_to_the_one_who_clicked(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD)
    await answered(door, at("click_in_channel", slack))
    assert [(one["channel"], one["user"]) for one in slack.asked("chat.postEphemeral")] == [("C0NEWS", "U0ANNA")]
    assert slack.asked("chat.postMessage") == []


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "user_not_in_channel", "is_archived"])
async def test_where_a_private_answer_in_the_channel_is_refused_it_comes_another_way_once(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack, code: str
) -> None:
    slack.will("chat.postEphemeral", body={"ok": False, "error": code})
    slack.will("response_url", status=404)
    dispatch.reply = Reply(card=CARD)
    await answered(door, at("click_in_channel", slack))
    assert [method for method, _ in slack.calls[1:]] == ["chat.postEphemeral", "response_url", "chat.postMessage"]
    assert slack.asked("chat.postMessage")[0]["channel"] == "U0ANNA"


async def test_an_answer_that_may_have_arrived_is_not_sent_another_way(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will("chat.postEphemeral", is_cut=True)
    dispatch.reply = Reply(card=CARD)
    await answered(door, at("click_in_channel", slack))
    assert [method for method, _ in slack.calls[1:]] == ["chat.postEphemeral"]


async def test_in_the_conversation_with_the_bot_an_answer_is_a_message(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD)
    await answered(door, payload("direct_message"))
    await answered(door, at("click_in_channel", slack, channel={"id": "D0ANNA", "name": "directmessage"}))
    assert [one["channel"] for one in slack.asked("chat.postMessage")] == ["D0ANNA", "D0ANNA"]
    assert slack.asked("chat.postEphemeral") == []


async def test_an_answer_that_is_asked_to_wait_comes_a_little_later_and_once(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    for _ in range(2):
        slack.will(
            "chat.postMessage", status=429, body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "0"}
        )
    dispatch.reply = Reply(card=CARD)
    await answered(door, payload("direct_message"))
    assert len(slack.asked("chat.postMessage")) == 3


async def test_an_answer_that_is_asked_to_wait_for_long_is_given_up(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    slack.will(
        "chat.postMessage", status=429, body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "60"}
    )
    dispatch.reply = Reply(card=CARD)
    await answered(door, payload("direct_message"))
    assert len(slack.asked("chat.postMessage")) == 1


async def test_a_shortcut_is_answered_where_the_message_is_without_being_a_member_there(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(card=CARD)
    await answered(door, at("shortcut", slack))
    assert [method for method, _ in slack.calls[1:]] == ["response_url"]


async def test_a_button_in_a_window_or_on_the_home_tab_is_answered_in_the_conversation(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    told = payload("button_in_window")
    dispatch.reply = Reply(card=CARD)
    await answered(door, told)
    await answered(door, {**told, "trigger_id": "9.9.9", "view": {**told["view"], "type": "home"}})
    assert [one["channel"] for one in slack.asked("chat.postMessage")] == ["U0ANNA", "U0ANNA"]


async def test_the_home_tab_is_published_for_the_one_who_opened_it(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(home=CARD)
    await answered(door, payload("home_opened"))
    (drawn,) = slack.asked("views.publish")
    assert (drawn["user_id"], drawn["view"]["type"]) == ("U0ANNA", "home")


async def test_home_asked_for_by_a_command_is_shown_there_and_drawn_in_the_tab(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    dispatch.reply = Reply(home=CARD)
    shown = await answered(door, payload("command"))
    assert shown is not None
    assert shown["response_type"] == "ephemeral"
    assert [method for method, _ in slack.calls[1:]] == ["views.publish"]


async def test_silence_calls_nobody(door: Door, dispatch: FakeDispatch, slack: FakeSlack) -> None:
    dispatch.reply = SILENCE
    for name in ("click_in_channel", "command", "shortcut", "submission", "closed", "direct_message", "home_opened"):
        assert await answered(door, payload(name)) is None
    assert [method for method, _ in slack.calls] == ["auth.test"]
    assert len(dispatch.received) == 7


async def test_a_button_of_an_older_version_says_so_privately(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    told = at("click_in_channel", slack)
    told["actions"][0]["value"] = '{"do":"from_the_future"}'
    await answered(door, told)
    assert [one["text"] for one in slack.asked("chat.postEphemeral")] == ["Too old"]
    assert dispatch.received == []


async def test_a_reply_that_cannot_be_drawn_is_logged_and_the_person_is_told(
    door: Door, dispatch: FakeDispatch, slack: FakeSlack
) -> None:
    fields = (TextField(name="t", label="T"), TextField(name="t", label="T"))
    for name in ("submission", "click_in_channel"):
        dispatch.reply = Reply(form=Form(ref="x", title="x", body=fields))
        await answered(door, at(name, slack))
    assert [one["text"] for one in slack.asked("chat.postMessage")] == ["No window"]
    assert [one["text"] for one in slack.asked("chat.postEphemeral")] == ["No window"]
