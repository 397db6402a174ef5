"""The company as the playground knows it, and the bot's configuration for it."""

import json
from pathlib import Path
from typing import Any

from benchmarks.load.plan import CURATORS, SLACK, Plan
from playground.teams.ids import aad_of, channel_of, tenant_of

TEAM = "T0RIVER"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS = {"start": "00:00", "end": "23:59", "days": DAYS}

Json = dict[str, Any]


def tenant(plan: Plan) -> str:
    """Return how the bot calls the company."""
    return TEAM if plan.platform == SLACK else tenant_of(TEAM)


def person_ref(plan: Plan, number: int) -> str:
    """Return how the bot calls a member."""
    key = plan.member(number)
    return key if plan.platform == SLACK else aad_of(key)


def channel_ref(plan: Plan, number: int) -> str:
    """Return how the bot calls a channel."""
    key = plan.channel(number)
    return key if plan.platform == SLACK else channel_of(key)


def write_company(plan: Plan, path: Path) -> Path:
    """Write the company's file, which is JSON and so YAML as well, and return where."""
    people = [_person(plan, number) for number in range(plan.members)]
    channels = [_channel(plan, number) for number in range(plan.channels)]
    curators = {"id": plan.curators_channel, "name": "curators", "kind": "private", "topic": "", "bot": True}
    told = {
        "company": {"name": "River", "tagline": "", "logo": "", "team": {"id": TEAM, "domain": "river"}},
        "bot": {"app": "A0VOUCH", "id": "B0VOUCH", "user": "U0VOUCH", "name": "Vouch"},
        "people": people,
        "channels": [*channels, {**curators, "members": [plan.member(one) for one in range(CURATORS)]}],
        "user_groups": [],
    }
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def _person(plan: Plan, number: int) -> Json:
    return {
        "id": plan.member(number),
        "name": f"Member {number}",
        "role": "curator" if number < CURATORS else "employee",
        "title": "",
        "crew": "",
        "email": f"member{number}@river.example",
        "locale": "en-GB",
        "tz": "Europe/Amsterdam",
    }


def _channel(plan: Plan, number: int) -> Json:
    members = [plan.member(one) for one in plan.members_of(number)]
    return {
        "id": plan.channel(number),
        "name": f"channel-{number}",
        "kind": "private",
        "topic": "",
        "members": members,
        "bot": True,
    }


def write_config(plan: Plan, path: Path) -> Path:
    """Write the bot's configuration, which is JSON and so YAML as well, and return where."""
    limits = {
        "posts_a_minute": plan.pace.posts_a_minute,
        "channel_pause_seconds": plan.pace.channel_pause.total_seconds(),
        "updates_a_minute": plan.pace.updates_a_minute,
        "lookups_a_minute": plan.pace.lookups_a_minute,
    }
    told = {
        "company": {"name": "River"},
        "time_zone": "Europe/Amsterdam",
        "languages": ["en", "nl"],
        "channels": [
            {"id": channel_ref(plan, number), "name": f"channel-{number}", "language": "en"}
            for number in range(plan.channels)
        ],
        "curators_channel": channel_ref(plan, plan.channels),
        "networks": {"linkedin": {}, "mastodon": {}, "bluesky": {}},
        "roles": {"curators": {"ids": [person_ref(plan, number) for number in range(CURATORS)]}},
        "working_hours": ALWAYS,
        "visits": {"first_seconds": 0},
        "limits" if plan.platform == SLACK else "limits_on_teams": limits,
    }
    path.write_text(json.dumps(told), encoding="utf-8")
    return path
