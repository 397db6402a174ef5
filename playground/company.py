"""Reads `company.yaml`: the people and channels of the workspace."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# The C loader reads the file in 4 ms instead of 37.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COLOURS = ("#3d6fb6", "#2f8f6b", "#b4553c", "#7a5ab5", "#a8762b", "#2d8aa1", "#b23f74", "#5b7d2a", "#5866c4", "#9c5a2f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone in the workspace; `im` is their conversation with the bot."""

    id: str
    name: str
    role: str
    title: str
    crew: str
    email: str
    locale: str
    tz: str
    colour: str

    @property
    def im(self) -> str:
        """Return the id of this person's conversation with the bot."""
        return "D" + self.id[1:]

    @property
    def handle(self) -> str:
        """Return Slack's short name: the part of the address before the @."""
        return self.email.partition("@")[0]

    @property
    def initials(self) -> str:
        """Return the letters for the picture: of the first and the last word."""
        words = self.name.split()
        return (words[0][:1] + words[-1][:1]).upper()

    @property
    def is_guest(self) -> bool:
        """Return whether this is a guest, whom Slack calls restricted."""
        return self.role == "guest"


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public, private or direct channel; `members` are people, `has_bot` tells of the bot."""

    id: str
    name: str
    kind: str
    topic: str = ""
    members: list[str] = field(default_factory=list)
    has_bot: bool = True
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The app as Slack sees it."""

    app: str
    id: str
    user: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The whole cast. `chatter` is (channel, person, days ago, text), oldest first."""

    name: str
    tagline: str
    logo: str
    team: str
    domain: str
    bot: Bot
    people: dict[str, Person]
    channels: tuple[Channel, ...]
    groups: tuple[dict[str, Any], ...]
    chatter: tuple[tuple[str, str, float, str], ...]


def read_company(path: Path) -> Company:
    """Return the company of that file."""
    told = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 - a safe loader, in C where there is one
    people = {row["id"]: _person(row, COLOURS[n % len(COLOURS)]) for n, row in enumerate(told["people"])}
    chatter = [
        (row["id"], said["who"], float(said["days_ago"]), said["text"])
        for row in told["channels"]
        for said in row.get("chatter", ())
    ]
    return Company(
        name=told["company"]["name"],
        tagline=told["company"]["tagline"],
        logo=told["company"]["logo"],
        team=told["company"]["team"]["id"],
        domain=told["company"]["team"]["domain"],
        bot=Bot(**told["bot"]),
        people=people,
        channels=tuple(_channel(row, people) for row in told["channels"]),
        groups=tuple(told["user_groups"]),
        chatter=tuple(sorted(chatter, key=lambda said: -said[2])),
    )


def _person(row: dict[str, Any], colour: str) -> Person:
    kept = {key: row[key] for key in ("id", "name", "role", "title", "crew", "email", "locale", "tz")}
    return Person(**kept, colour=colour)


def _channel(row: dict[str, Any], people: dict[str, Person]) -> Channel:
    members = row["members"]
    if members == "everyone":
        members = [person.id for person in people.values() if not person.is_guest]
    return Channel(
        id=row["id"], name=row["name"], kind=row["kind"], topic=row["topic"], members=list(members), has_bot=row["bot"]
    )
