"""The company that chaos happens to: so many people and channels that much goes on at once."""

from pathlib import Path

import yaml

CURATORS = ("U0NORA", "U0KEES", "U0ADA")
ADMIN = "U0BOSS"
EMPLOYEES = tuple(f"U0M{number:02d}" for number in range(20))
CHANNELS = tuple(f"C0NEWS{number:02d}" for number in range(14))
CURATORS_CHANNEL = "C0DESK"
TALK = "C0TALK"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NETWORKS = ("linkedin", "x", "mastodon")


def write_company(folder: Path) -> tuple[Path, Path]:
    """Write the playground's company and the bot's configuration into a folder, and return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    company, config = folder / "company.yaml", folder / "config.yaml"
    company.write_text(yaml.safe_dump(_company()), encoding="utf-8")
    config.write_text(yaml.safe_dump(_config()), encoding="utf-8")
    return company, config


def _person(ref: str, role: str) -> dict[str, object]:
    name = ref.removeprefix("U0").title()
    return {
        "id": ref,
        "name": f"{name} of Chaos",
        "role": role,
        "title": "Colleague",
        "crew": "Workshop",
        "email": f"{name.lower()}@brightwater.example",
        "locale": "en-GB",
        "tz": "Europe/Amsterdam",
    }


def _company() -> dict[str, object]:
    people = [_person(one, "curator") for one in CURATORS] + [_person(one, "employee") for one in EMPLOYEES]
    people.append(_person(ADMIN, "admin"))
    public = [
        {"id": ref, "name": ref.lower(), "kind": "public", "topic": "", "members": "everyone", "bot": True}
        for ref in (*CHANNELS, TALK)
    ]
    desk = {"id": CURATORS_CHANNEL, "name": "desk", "kind": "private", "topic": "", "bot": True}
    return {
        "company": {
            "name": "Brightwater",
            "tagline": "",
            "logo": "",
            "team": {"id": "T0BRIGHT", "domain": "brightwater"},
            "zone": "Europe/Amsterdam",
        },
        "bot": {"app": "A0VOUCH", "id": "B0VOUCH", "user": "U0VOUCH", "name": "Vouch"},
        "people": people,
        "channels": [*public, {**desk, "members": [*CURATORS, ADMIN]}],
        "user_groups": [{"id": "S0CURATORS", "handle": "curators", "name": "Curators", "members": list(CURATORS)}],
    }


def _config() -> dict[str, object]:
    return {
        "company": {"name": "Brightwater", "campaign": "advocacy"},
        "time_zone": "Europe/Amsterdam",
        "languages": ["en", "nl"],
        "topics": ["water"],
        "channels": [{"id": ref, "name": ref.lower(), "language": "en", "topics": ["water"]} for ref in CHANNELS],
        "curators_channel": CURATORS_CHANNEL,
        "networks": {"linkedin": {}, "x": {"cost_per_post": 0.20}, "mastodon": {}},
        "roles": {"curators": {"ids": list(CURATORS)}, "admins": {"ids": [ADMIN]}},
        "limits": {
            "posts_a_minute": 60_000,
            "channel_pause_seconds": 0.05,
            "updates_a_minute": 60_000,
            "lookups_a_minute": 60_000,
        },
        "visits": {"first_seconds": 0},
        "working_hours": {"start": "00:00", "end": "23:59", "days": list(DAYS)},
    }
