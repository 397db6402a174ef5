"""A signed request from Slack, as an ASGI server hands it over: a click on Share under an announcement."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote_plus

from benchmarks.clicking import Posted
from bot.core.actions import OpenShare
from bot.core.codec import pack

PATH = "/slack/interactivity"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - signs the benchmark's own requests


def member(number: int) -> dict[str, Any]:
    """Return how Slack knows the member who makes click `number`."""
    return {"platform": "slack", "tenant_ref": "T1", "person_ref": f"U{number}"}


def signed(number: int) -> Posted:
    """Return click `number`, by a member of its own, on Share under an announcement."""
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": f"U{number}", "username": f"member{number}", "name": f"member{number}", "team_id": "T1"},
        "api_app_id": "A1",
        "token": "unused",
        "container": {"type": "message", "message_ts": "1763980000.000100", "channel_id": "C1", "is_ephemeral": False},
        "trigger_id": f"{number}.13345224609.738474920",
        "team": {"id": "T1", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": "C1", "name": "news"},
        "message": _message(),
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [
            {
                "action_id": "open_share",
                "block_id": "b1",
                "text": {"type": "plain_text", "text": "Share", "emoji": True},
                "value": pack(OpenShare(post_id=1)),
                "style": "primary",
                "type": "button",
                "action_ts": f"1763980001.{number:06d}",
            }
        ],
    }
    body = b"payload=" + quote_plus(json.dumps(payload)).encode()
    at = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    return Posted(
        PATH,
        body,
        [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"x-slack-request-timestamp", at.encode()),
            (b"x-slack-signature", f"v0={digest}".encode()),
        ],
    )


def _message() -> dict[str, Any]:
    text = "400 pupils, one roof, and 1.2 million litres of drinking water saved every year. " * 4
    section = {"type": "section", "block_id": "s1", "text": {"type": "mrkdwn", "text": text, "verbatim": False}}
    button = {
        "type": "button",
        "action_id": "open_share",
        "text": {"type": "plain_text", "text": "Share"},
        "value": "x",
    }
    blocks = [section, {"type": "actions", "block_id": "b1", "elements": [button, {**button, "action_id": "dismiss"}]}]
    return {
        "type": "message",
        "user": "U0BOT",
        "ts": "1763980000.000100",
        "bot_id": "B1",
        "text": text,
        "blocks": blocks,
    }
