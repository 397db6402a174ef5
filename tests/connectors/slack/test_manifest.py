"""The manifest asks for exactly what the design says and stays within Slack's caps."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bot.core.commands import COMMANDS
from connectors.chat.slack import limits
from connectors.chat.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES, SCOPES, manifest

HTTP = manifest("https://vouch.example/", is_socket_mode=False)
SOCKET = manifest("", is_socket_mode=True)
BOTH = pytest.mark.parametrize("told", [HTTP, SOCKET], ids=["http", "socket"])


def test_the_scopes_are_exactly_those_of_the_design() -> None:
    assert set(REQUIRED_SCOPES) == {"chat:write", "commands", "im:write", "im:history", "users:read"}
    assert set(OPTIONAL_SCOPES) == {"users:read.email", "usergroups:read", "channels:read", "files:write"}
    scopes = HTTP["oauth_config"]["scopes"]
    assert (set(scopes["bot"]), set(scopes["bot_optional"])) == (set(SCOPES), set(OPTIONAL_SCOPES))
    assert all(SCOPES.values())


def test_the_events_are_exactly_those_that_are_handled() -> None:
    events = HTTP["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(events) == ["app_home_opened", "app_uninstalled", "message.im", "tokens_revoked"]


@BOTH
def test_the_caps_are_kept(told: dict[str, dict[str, object]]) -> None:
    about = HTTP["display_information"]
    command = HTTP["features"]["slash_commands"][0]
    shortcut = HTTP["features"]["shortcuts"][0]
    assert len(about["name"]) <= limits.MAX_APP_NAME
    assert len(about["description"]) <= limits.MAX_APP_DESCRIPTION
    assert limits.MIN_LONG_DESCRIPTION <= len(about["long_description"]) <= limits.MAX_LONG_DESCRIPTION
    assert len(HTTP["features"]["bot_user"]["display_name"]) <= limits.MAX_BOT_NAME
    assert len(command["command"]) <= limits.MAX_COMMAND
    assert len(command["description"]) <= limits.MAX_COMMAND_DESCRIPTION
    assert len(command["usage_hint"]) <= limits.MAX_USAGE_HINT
    assert len(shortcut["name"]) <= limits.MAX_SHORTCUT_NAME
    assert len(shortcut["description"]) <= limits.MAX_SHORTCUT_DESCRIPTION
    assert told["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_the_words_of_the_hint_are_understood() -> None:
    hint = HTTP["features"]["slash_commands"][0]["usage_hint"]
    assert {part.split()[0] for part in hint.split("|")} <= set(COMMANDS)


def test_the_addresses_are_ours_over_http_and_none_in_socket_mode() -> None:
    assert HTTP["settings"]["event_subscriptions"]["request_url"] == "https://vouch.example/slack/events"
    assert HTTP["settings"]["interactivity"]["request_url"] == "https://vouch.example/slack/interactivity"
    assert HTTP["features"]["slash_commands"][0]["url"] == "https://vouch.example/slack/commands"
    assert (HTTP["settings"]["socket_mode_enabled"], SOCKET["settings"]["socket_mode_enabled"]) == (False, True)
    assert "url" not in json.dumps(SOCKET)


@BOTH
def test_slacks_own_schema_takes_it(told: dict[str, object]) -> None:
    path = os.environ.get("VOUCH_SLACK_SCHEMA")
    if not path:
        pytest.skip("needs Slack's schema: set VOUCH_SLACK_SCHEMA to a copy of manifest.schema.2.0.0.json")
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(told)] == []
