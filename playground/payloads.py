"""The payloads that Slack sends to an app, field by field as its documents show them."""

import re
import secrets
import time
from html import escape
from typing import Any

from playground.company import Channel, Company, Person

Json = dict[str, Any]
LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"]")
VERIFICATION_TOKEN = "the-old-verification-token"  # noqa: S105 - deprecated by Slack, still sent, proves nothing
COPIED = ("text", "value", "url", "style", "placeholder", "initial_option", "initial_options")


def team_of(company: Company) -> Json:
    """Return the team as interactions carry it."""
    return {"id": company.team, "domain": company.domain}


def user_of(company: Company, person: Person) -> Json:
    """Return the person as interactions carry them."""
    return {"id": person.id, "username": person.handle, "name": person.handle, "team_id": company.team}


def channel_name(channel: Channel) -> str:
    """Return the name Slack tells an app: private names stay private."""
    return {"private": "privategroup", "im": "directmessage"}.get(channel.kind, channel.name)


def event(company: Company, told: Json) -> Json:
    """Wrap an event for the Events API."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": company.team,
        "context_team_id": company.team,
        "context_enterprise_id": None,
        "api_app_id": company.bot.app,
        "event": told,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": company.team,
                "user_id": company.bot.user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-" + secrets.token_urlsafe(24),
    }


def message_event(channel: str, message: Json, *, before: Json | None = None, is_gone: bool = False) -> Json:
    """Return `message.im` for a message; with `before` it was changed, and with `is_gone` deleted."""
    told: Json = {"type": "message", "channel": channel, "channel_type": "im", "event_ts": f"{time.time():.6f}"}
    if before is None:
        return {**told, **message, "event_ts": message["ts"]}
    more: Json = {"subtype": "message_deleted", "deleted_ts": message["ts"]} if is_gone else {}
    if not is_gone:
        more = {"subtype": "message_changed", "message": message}
    return {**told, **more, "previous_message": before, "hidden": True, "ts": told["event_ts"]}


def typed_text(text: str) -> str:
    """Return what a person typed as Slack stores it: &, < and > escaped, links in angle brackets."""
    parts, at = [], 0
    for link in LINK.finditer(text):
        parts += [escape(text[at : link.start()], quote=False), f"<{escape(link.group(), quote=False)}>"]
        at = link.end()
    return "".join([*parts, escape(text[at:], quote=False)])


def typed_blocks(text: str) -> list[Json]:
    """Return the rich text that Slack's own client makes of a typed text."""
    parts: list[Json] = []
    at = 0
    for link in LINK.finditer(text):
        if link.start() > at:
            parts.append({"type": "text", "text": text[at : link.start()]})
        parts.append({"type": "link", "url": link.group()})
        at = link.end()
    if text[at:]:
        parts.append({"type": "text", "text": text[at:]})
    section = {"type": "rich_text_section", "elements": parts}
    return [{"type": "rich_text", "block_id": secrets.token_urlsafe(4), "elements": [section]}]


def command(company: Company, person: Person, channel: Channel, *, name: str, text: str) -> Json:
    """Return a slash command; trigger id and response url are put in by the caller."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": company.team,
        "team_domain": company.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": name,
        "text": escape(text, quote=False),
        "api_app_id": company.bot.app,
        "is_enterprise_install": "false",
    }


def interaction(company: Company, person: Person, kind: str) -> Json:
    """Return what every interaction has; the caller adds what this kind carries."""
    return {
        "type": kind,
        "user": user_of(company, person),
        "api_app_id": company.bot.app,
        "token": VERIFICATION_TOKEN,
        "team": team_of(company),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def action(block: Json, element: Json, chosen: Json) -> Json:
    """Return the entry of `actions` for an element that was used; `chosen` is its new state."""
    told = {key: element[key] for key in COPIED if key in element}
    return {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        **told,
        **chosen,
        "action_ts": f"{time.time():.6f}",
    }
