"""People as users.info describes them (docs.slack.dev/reference/objects/user-object)."""

from collections.abc import Mapping
from typing import Any

from bot.core.people import Person
from connectors.chat.slack.workspace import Home

_NOT_PEOPLE = ("is_bot", "is_workflow_bot", "is_connector_bot")
_NOT_FULL = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_invited_user")
_SLACKBOT = "USLACKBOT"


def person_from(told: Mapping[str, Any], home: Home) -> Person:
    """Return the person in a user object: a guest, a bot or somebody of another company is no full member.

    Their whole name stands on boards and cards, as two people may both be shown as "Anna" in the chat.
    """
    profile = told.get("profile") or {}
    name = profile.get("real_name") or told.get("real_name") or profile.get("display_name") or told.get("name")
    enterprise = (told.get("enterprise_user") or {}).get("enterprise_id")
    is_ours = home.tenant_of(told.get("team_id"), enterprise) == home.tenant_ref
    is_excluded = any(told.get(flag) for flag in (*_NOT_PEOPLE, *_NOT_FULL)) or told["id"] == _SLACKBOT
    return Person(
        ref=str(told["id"]),
        name=str(name or told["id"]),
        locale=str(told.get("locale") or "en"),
        zone=str(told.get("tz") or "UTC"),
        email=profile.get("email") or None,
        is_full_member=is_ours and not is_excluded,
        is_active=not told.get("deleted"),
    )
