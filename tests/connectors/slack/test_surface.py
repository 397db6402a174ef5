"""The surface says certainly done, certainly not, or unknown, and never sends a message twice by itself."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.core import actions as a
from bot.core.cards import Button, Buttons, Card, Form, Text
from bot.core.errors import OutsideError, Refused, TryLater, Uncertain
from bot.core.ports import Attachment, ChatSurface
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.workspace import Workspace
from tests.connectors.slack.conftest import payload
from tests.connectors.slack.fake_slack import FakeSlack

CARD = Card(title="Wind", body=(Buttons((Button(label="Share", action=a.OpenShare(post_id=7)),)),))
FORM = Form(ref="post-9", title="Post", body=(Text(("Read",)),))
PERMANENT = [
    "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel",
    "no_permission", "messages_tab_disabled", "token_revoked", "invalid_auth", "account_inactive",
    "team_access_not_granted", "msg_too_long", "invalid_blocks", "missing_scope",
]  # fmt: skip


async def outcome(work: Any) -> tuple[str, str]:  # noqa: ANN401 - a coroutine
    """Return the kind and the code of the failure."""
    with pytest.raises(OutsideError) as caught:
        await work
    return type(caught.value).__name__, caught.value.code


async def test_a_post_is_marked_tidy_and_referred_to_by_channel_and_time(
    surface: SlackSurface, slack: FakeSlack
) -> None:
    typed: ChatSurface = surface
    slack.will("chat.postMessage", body={"ok": True, "channel": "C0NEWS", "ts": "1.2"})
    assert await typed.post("C0NEWS", CARD, key="announce-1") == "C0NEWS:1.2"
    (sent,) = slack.asked("chat.postMessage")
    assert sent["metadata"] == {"event_type": "vouch_job", "event_payload": {"key": "announce-1"}}
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["text"]) == (False, False, "Wind")
    assert slack.authorizations == {"Bearer xoxb-test"}


async def test_a_private_message_can_be_redrawn_by_its_own_channel(surface: SlackSurface, slack: FakeSlack) -> None:
    ref = await surface.tell("U0ANNA", CARD, key="k")
    await surface.update("U0ANNA", ref, CARD)
    await surface.update("C0NEWS", "3.4", CARD)
    assert slack.asked("chat.postMessage")[0]["channel"] == "U0ANNA"
    assert [(one["channel"], one["ts"]) for one in slack.asked("chat.update")] == [
        ("D0ANNA", "1795001000.000100"),
        ("C0NEWS", "3.4"),
    ]


async def test_a_limit_says_how_long_to_wait(surface: SlackSurface, slack: FakeSlack) -> None:
    slack.will(
        "chat.postMessage", status=429, headers={"Retry-After": "17"}, body={"ok": False, "error": "ratelimited"}
    )
    with pytest.raises(TryLater) as caught:
        await surface.post("C0NEWS", CARD, key="k")
    assert caught.value.after == timedelta(seconds=17)
    slack.will("chat.postMessage", status=429, headers={"Retry-After": "soon"}, text="slow down")
    with pytest.raises(TryLater) as caught:
        await surface.post("C0NEWS", CARD, key="k")
    assert caught.value.after == timedelta(seconds=10)


@pytest.mark.parametrize("code", PERMANENT)
async def test_a_permanent_failure_is_refused_with_slacks_word(
    surface: SlackSurface, slack: FakeSlack, code: str
) -> None:
    slack.will("chat.postMessage", body={"ok": False, "error": code})
    slack.will("chat.update", body={"ok": False, "error": code})
    assert await outcome(surface.post("C0NEWS", CARD, key="k")) == ("Refused", code)
    assert await outcome(surface.update("C0NEWS", "1.2", CARD)) == ("Refused", code)
    assert len(slack.asked("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 500}, "http_500"),
        ({"status": 502, "text": "<html>bad gateway</html>"}, "http_502"),
        ({"status": 200, "text": "not json"}, "no_answer"),
        ({"is_cut": True}, "no_answer"),
        ({"body": {"ok": False, "error": "internal_error"}}, "internal_error"),
        ({"body": {"ok": False, "error": "fatal_error"}}, "fatal_error"),
        ({"body": {}}, "no_answer"),
    ],
)
async def test_a_post_without_a_clear_answer_is_uncertain_and_all_else_may_be_asked_again(
    surface: SlackSurface, slack: FakeSlack, answer: dict[str, Any], code: str
) -> None:
    for method in ("chat.postMessage", "chat.update", "users.info"):
        slack.will(method, **answer)
    if "is_cut" in answer:
        slack.will("users.info", **answer)  # the client asks once more, because a GET changes nothing
    assert await outcome(surface.post("C0NEWS", CARD, key="k")) == ("Uncertain", code)
    assert await outcome(surface.update("C0NEWS", "1.2", CARD)) == ("TryLater", code)
    assert await outcome(surface.look_up("U0ANNA")) == ("TryLater", code)
    assert [len(slack.asked(method)) for method in ("chat.postMessage", "chat.update")] == [1, 1]


async def test_a_service_that_says_it_is_away_did_nothing(surface: SlackSurface, slack: FakeSlack) -> None:
    slack.will("chat.postMessage", body={"ok": False, "error": "service_unavailable"})
    assert await outcome(surface.post("C0NEWS", CARD, key="k")) == ("TryLater", "service_unavailable")


async def test_a_post_that_takes_too_long_is_uncertain(slack: FakeSlack) -> None:
    slow = aiohttp.ClientTimeout(total=0.1)
    async with aiohttp.ClientSession(timeout=slow) as session:
        impatient = new_client("xoxb-test", session=session, api_url=f"{slack.url}/api")
        slack.will("chat.postMessage", delay_s=0.5)
        other = SlackSurface(impatient, workspace=Workspace(impatient))
        assert await outcome(other.post("C0NEWS", CARD, key="k")) == ("Uncertain", "no_answer")


async def test_a_connection_that_never_stood_did_nothing(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    client = new_client("xoxb-test", session=session, api_url=f"http://127.0.0.1:{unused_tcp_port}/api/")
    surface = SlackSurface(client, workspace=Workspace(client))
    assert await outcome(surface.post("C0NEWS", CARD, key="k")) == ("TryLater", "unreachable")


async def test_a_window_is_redrawn_by_our_own_name_for_it(surface: SlackSurface, slack: FakeSlack) -> None:
    await surface.redraw_window("post-9", FORM)
    slack.will("views.update", body={"ok": False, "error": "not_found"})
    assert await outcome(surface.redraw_window("post-9", FORM)) == ("Refused", "not_found")
    assert slack.asked("views.update")[0]["external_id"] == "post-9"
    assert "view_id" not in slack.asked("views.update")[0]


async def test_a_person_is_looked_up_with_their_language_and_zone(surface: SlackSurface, slack: FakeSlack) -> None:
    slack.will("users.info", body={"ok": True, "user": payload("user")})
    person = await surface.look_up("U0ANNA")
    assert (person.ref, person.name, person.locale, person.is_full_member) == ("U0ANNA", "Anna Visser", "nl-NL", True)
    assert slack.asked("users.info") == [{"user": "U0ANNA", "include_locale": "1"}]


async def test_a_person_is_found_by_address_or_not_at_all(surface: SlackSurface, slack: FakeSlack) -> None:
    slack.will("users.lookupByEmail", body={"ok": True, "user": payload("user")})
    slack.will("users.lookupByEmail", body={"ok": False, "error": "users_not_found"})
    slack.will("users.lookupByEmail", body={"ok": False, "error": "missing_scope", "needed": "users:read.email"})
    found = await surface.find_by_email("anna@brightwater.example")
    assert found is not None
    assert found.ref == "U0ANNA"
    assert await surface.find_by_email("nobody@brightwater.example") is None
    assert await outcome(surface.find_by_email("x@y.example")) == ("Refused", "missing_scope")


async def test_a_group_and_the_bots_channels_are_listed_whole(surface: SlackSurface, slack: FakeSlack) -> None:
    slack.will("usergroups.users.list", body={"ok": True, "users": ["U1", "U2"]})
    assert await surface.list_group("S1") == ("U1", "U2")
    first = {"ok": True, "channels": [{"id": "C1"}], "response_metadata": {"next_cursor": "more"}}
    slack.will("users.conversations", body={"ok": False, "error": "missing_scope"})
    slack.will("users.conversations", body=first)
    slack.will("users.conversations", body={"ok": True, "channels": [{"id": "C2"}]})
    assert list(await surface.list_channels()) == ["C1", "C2"]
    asked = slack.asked("users.conversations")
    assert [(one["types"], one.get("cursor")) for one in asked] == [
        ("public_channel,private_channel", None),
        ("public_channel", None),
        ("public_channel", "more"),
    ]


FILE = Attachment(name="vouch.json", body=b'{"a": 1}', note="Here it is.")


async def test_a_file_goes_to_the_conversation_with_the_bot(surface: SlackSurface, slack: FakeSlack) -> None:
    await surface.send_file("U0ANNA", FILE)
    assert slack.uploads == [FILE.body]
    (shared,) = slack.asked("files.completeUploadExternal")
    assert (shared["channel_id"], shared["initial_comment"]) == ("D0ANNA", "Here it is.")
    assert json.loads(shared["files"]) == [{"id": "F1", "title": "vouch.json"}]


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("conversations.open", {"body": {"ok": False, "error": "user_not_found"}}, ("Refused", "user_not_found")),
        ("files.getUploadURLExternal", {"body": {"ok": False, "error": "missing_scope"}}, ("Refused", "missing_scope")),
        ("upload", {"status": 500}, ("TryLater", "http_500")),
        ("upload", {"status": 403}, ("Refused", "http_403")),
        ("files.completeUploadExternal", {"is_cut": True}, ("Uncertain", "no_answer")),
    ],
)
async def test_only_the_last_step_of_a_file_can_be_uncertain(
    surface: SlackSurface, slack: FakeSlack, method: str, answer: dict[str, Any], expected: tuple[str, str]
) -> None:
    slack.will(method, **answer)
    assert await outcome(surface.send_file("U0ANNA", FILE)) == expected


def test_the_failures_are_the_ones_that_the_worker_knows() -> None:
    assert all(issubclass(kind, OutsideError) for kind in (TryLater, Refused, Uncertain))
