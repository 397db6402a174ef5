"""Socket Mode brings the same payloads, acknowledges after the commit, and comes back when Slack falls silent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core import actions as a
from bot.core.cards import Card
from bot.core.errors import Refused
from bot.core.reply import Reply
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.socket import SlackSocket, check_app_token
from connectors.chat.slack.workspace import Workspace
from tests.connectors.slack.conftest import FakeDispatch, payload
from tests.connectors.slack.fake_slack import FakeSlack


class Stopwatch:
    """Real seconds that a test can move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
async def socket(
    inbound: SlackInbound, client: AsyncWebClient, workspace: Workspace, stopwatch: Stopwatch
) -> AsyncIterator[SlackSocket]:
    one = SlackSocket(inbound, client=client, workspace=workspace, app_token="xapp-test", seconds=stopwatch)  # noqa: S106
    yield one
    await one.stop()


async def deliver(slack: FakeSlack, kind: str, told: dict[str, Any], envelope: str = "e1") -> None:
    """Send an envelope on the newest connection."""
    await slack.sockets[-1].send_json(
        {"type": kind, "envelope_id": envelope, "payload": told, "accepts_response_payload": True}
    )


@pytest.mark.parametrize(
    ("kind", "name", "action"),
    [
        ("interactive", "click_in_channel", a.OpenShare(post_id=7)),
        ("events_api", "direct_message", a.DirectMessage(text="what about https://example.com/x?")),
    ],
)
async def test_an_envelope_is_handled_and_acknowledged(  # noqa: PLR0913 - three parts and three values
    socket: SlackSocket, slack: FakeSlack, dispatch: FakeDispatch, kind: str, name: str, action: a.Action
) -> None:
    await socket.start()
    assert socket.is_connected
    await deliver(slack, kind, payload(name))
    await slack.until(lambda: bool(slack.acknowledged))
    assert slack.acknowledged == [{"envelope_id": "e1"}]
    assert [one.action for one in dispatch.received] == [action]


async def test_a_command_is_answered_in_its_acknowledgement(
    socket: SlackSocket, slack: FakeSlack, dispatch: FakeDispatch
) -> None:
    dispatch.reply = Reply(card=Card(title="Hello"))
    await socket.start()
    await deliver(slack, "slash_commands", {**payload("command"), "text": "post payload tips"})
    await slack.until(lambda: bool(slack.acknowledged))
    assert slack.acknowledged[0]["payload"]["response_type"] == "ephemeral"
    assert dispatch.received[0].action == a.StartPost(link="payload tips")


async def test_what_failed_is_not_acknowledged_so_that_it_comes_again(
    socket: SlackSocket, slack: FakeSlack, dispatch: FakeDispatch
) -> None:
    await socket.start()
    dispatch.fault = RuntimeError("unforeseen")
    await deliver(slack, "events_api", payload("direct_message"), "failed")
    await dispatch.asked.wait()
    dispatch.fault = None
    await deliver(slack, "events_api", payload("direct_message"), "again")
    await slack.until(lambda: bool(slack.acknowledged))
    assert [one["envelope_id"] for one in slack.acknowledged] == ["again"]


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_bad_token_fails_at_once(socket: SlackSocket, slack: FakeSlack, method: str) -> None:
    slack.will(method, body={"ok": False, "error": "invalid_auth"})
    with pytest.raises(Refused, match="invalid_auth"):
        await socket.start()
    assert not socket.is_connected


async def test_the_doctor_can_ask_about_the_token(client: AsyncWebClient, slack: FakeSlack) -> None:
    slack.will("apps.connections.open", body={"ok": False, "error": "missing_scope"})
    assert await check_app_token(client, "xapp-test") == "missing_scope"
    assert await check_app_token(client, "xapp-test") == ""


async def test_after_a_minute_of_silence_it_is_not_connected_and_connects_again(
    socket: SlackSocket, slack: FakeSlack, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.chat.slack.socket._LOOK_EVERY", timedelta(seconds=0.05))
    slack.is_silent = True
    await socket.start()
    await deliver(slack, "events_api", payload("home_opened"), "before")
    await slack.until(lambda: len(slack.acknowledged) == 1)
    stopwatch.ahead = 61
    assert not socket.is_connected
    await slack.until(lambda: len(slack.sockets) >= 2)
    await deliver(slack, "events_api", payload("home_opened"), "after")
    await slack.until(lambda: len(slack.acknowledged) == 2)
    assert socket.is_connected


async def test_slacks_farewell_leads_to_a_new_connection(socket: SlackSocket, slack: FakeSlack) -> None:
    await socket.start()
    await slack.sockets[0].send_json({"type": "disconnect", "reason": "refresh_requested"})
    await slack.until(lambda: len(slack.sockets) == 2)
    await deliver(slack, "events_api", payload("home_opened"), "after")
    await slack.until(lambda: bool(slack.acknowledged))
    assert slack.acknowledged[0]["envelope_id"] == "after"


async def test_stopping_acknowledges_what_is_being_handled_and_takes_nothing_new(
    socket: SlackSocket, slack: FakeSlack, inbound: SlackInbound, dispatch: FakeDispatch
) -> None:
    await socket.start()
    may_end = asyncio.Event()
    usual = dispatch.__call__

    async def slow(interaction: a.Interaction) -> Reply:
        reply = await usual(interaction)
        await may_end.wait()
        return reply

    inbound._dispatch = slow
    await deliver(slack, "events_api", payload("direct_message"), "inside")
    await dispatch.asked.wait()
    stopping = asyncio.create_task(socket.stop())
    await asyncio.sleep(0)
    await deliver(slack, "events_api", payload("home_opened"), "late")
    may_end.set()
    await stopping
    await slack.until(lambda: bool(slack.acknowledged))
    assert [one["envelope_id"] for one in slack.acknowledged] == ["inside"]
    assert not socket.is_connected


async def test_after_a_stop_it_can_be_started_again(socket: SlackSocket, slack: FakeSlack) -> None:
    await socket.start()
    assert await socket.problem() is None
    await socket.stop()
    assert await socket.problem() == "Socket Mode is not connected"
    await socket.start()
    await deliver(slack, "events_api", payload("home_opened"), "again")
    await slack.until(lambda: bool(slack.acknowledged))
    assert [one["envelope_id"] for one in slack.acknowledged] == ["again"]
