"""What one morning is: how large the company, what its people do how often, and how high the limits are."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from bot.core.programme import Pace

SLACK, TEAMS = "slack", "teams"
POSTS_OF_HISTORY = 20
CURATORS = 5
TITLE = "What the river taught us this spring"
IDEAS = "https://ideas.example.com/"
"""Where what people suggested long before the morning stands: one page for each suggestion, by its number from 0."""

USUAL = {
    SLACK: Pace(),
    TEAMS: Pace(posts_a_minute=1200, channel_pause=timedelta(seconds=2), updates_a_minute=180, lookups_a_minute=120),
}
"""The limits as they are shipped (config.yaml)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One morning on one platform and one database; `times` multiplies every limit, rates are a second.

    Each suggestion has `authors` members, who are all told of its decision. On a quiet morning a post is announced, and
    nothing else happens.
    """

    platform: str = SLACK
    database: str = "sqlite"
    members: int = 10_000
    channels: int = 1_000
    times: int = 20
    authors: int = 100
    decisions: float = 4.0
    shares: float = 4.0
    suggestions: float = 1.0
    boards: float = 1.0
    visits: int = 2_000
    begin: float = 3.0
    is_quiet: bool = False

    @property
    def suggestions_before(self) -> int:
        """Return how many suggestions wait for a decision when the morning begins."""
        return -(-self.members // self.authors)

    @property
    def post_id(self) -> int:
        """Return the number of the post that waits to be announced."""
        return POSTS_OF_HISTORY + 1

    @property
    def pace(self) -> Pace:
        """Return the bot's limits, multiplied."""
        usual = USUAL[self.platform]
        return Pace(
            posts_a_minute=usual.posts_a_minute * self.times,
            channel_pause=usual.channel_pause / self.times,
            updates_a_minute=usual.updates_a_minute * self.times,
            lookups_a_minute=usual.lookups_a_minute * self.times,
        )

    @property
    def posts_a_second(self) -> float:
        """Return how many messages a second the limits allow."""
        return self.pace.posts_a_minute / 60

    def member(self, number: int) -> str:
        """Return how the company's file calls a member."""
        return f"U{number:05d}"

    def channel(self, number: int) -> str:
        """Return how the company's file calls a channel; the last one is the curators'."""
        return f"C{number:05d}"

    @property
    def curators_channel(self) -> str:
        """Return the curators' channel."""
        return self.channel(self.channels)

    def channel_of(self, number: int) -> int:
        """Return the channel that a member is in."""
        return number * self.channels // self.members

    def members_of(self, channel: int) -> Sequence[int]:
        """Return the members of a channel."""
        first = -(-channel * self.members // self.channels)
        return range(first, -(-(channel + 1) * self.members // self.channels))


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan for another process."""
    path.write_text(json.dumps(asdict(plan)), encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """Return the plan that was written."""
    return Plan(**json.loads(path.read_text(encoding="utf-8")))
