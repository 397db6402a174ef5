"""The app manifest: what a workspace's admin pastes at api.slack.com/apps, and what is off without which scope."""

from collections.abc import Mapping
from typing import Any

PATHS = ("/slack/events", "/slack/commands", "/slack/interactivity")
SUGGEST_THIS = "suggest_this"
"""Where Slack calls us, and the id of the message shortcut: it is told both here, where `webhook` and `decode` look."""

COMMAND = "/vouch"
REQUIRED_SCOPES: Mapping[str, str] = {
    "chat:write": "nothing can be announced, answered or redrawn",
    "commands": f"{COMMAND} and the shortcut “Suggest this” are not there",
    "im:write": "no file can be sent: /vouch privacy cannot export",
    "im:history": "links and words sent to the bot as direct messages are not heard",
    "users:read": "nobody can be looked up, so nobody new can take part",
}
OPTIONAL_SCOPES: Mapping[str, str] = {
    "users:read.email": "roles and crews cannot be given by e-mail address",
    "usergroups:read": "roles and crews cannot come from a user group",
    "channels:read": "the doctor cannot say which channels the bot is not in",
    "files:write": "/vouch privacy cannot send the export as a file",
}
SCOPES: Mapping[str, str] = {**REQUIRED_SCOPES, **OPTIONAL_SCOPES}
EVENTS = ("app_home_opened", "app_uninstalled", "message.im", "tokens_revoked")
_DESCRIPTION = "Share what you would vouch for: your company's posts, in your own words."
_LONG_DESCRIPTION = (
    "Vouch brings your company's posts to the channels where you already talk. You share what you like to your own "
    "networks, in your own words and with your own click; nothing is ever posted for you. You suggest posts by a "
    "message, the comms team decides, and every week the channel sees what the sharing brought. Taking part is your "
    "choice, leaving is one click, and nobody sees who does not share."
)


def manifest(public_url: str, *, is_socket_mode: bool) -> dict[str, Any]:
    """Return the manifest for a bot at `public_url`; in Socket Mode no address of ours is in it."""
    base = public_url.rstrip("/")
    events, commands, interactivity = ("", "", "") if is_socket_mode else (base + path for path in PATHS)
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": "Vouch",
            "description": _DESCRIPTION,
            "long_description": _LONG_DESCRIPTION,
            "background_color": "#1f3a5f",
        },
        "features": _features(commands),
        "oauth_config": {
            "scopes": {
                "bot": sorted(SCOPES),
                "bot_optional": sorted(OPTIONAL_SCOPES),
            }
        },
        "settings": {
            "event_subscriptions": {**({"request_url": events} if events else {}), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **({"request_url": interactivity} if interactivity else {})},
            "org_deploy_enabled": False,
            "socket_mode_enabled": is_socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _features(url: str) -> dict[str, Any]:
    return {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "Vouch", "always_online": True},
        "shortcuts": [
            {
                "name": "Suggest this",
                "type": "message",
                "callback_id": SUGGEST_THIS,
                "description": "Suggest the link in this message for the company's programme",
            }
        ],
        "slash_commands": [
            {
                "command": COMMAND,
                "description": "Share, suggest and see what sharing brings",
                "usage_hint": "help | me | suggest <link> | leaderboard | settings",
                "should_escape": False,
                **({"url": url} if url else {}),
            }
        ],
    }
