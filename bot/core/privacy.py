"""How long things are kept, what a member can take along, and what erasing leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long each kind of thing is kept after it happened (jobs: after they ended); totals and ledger stay."""

    visits: timedelta = timedelta(days=90)
    texts: timedelta = timedelta(days=365)
    suggestions: timedelta = timedelta(days=365)
    drafts: timedelta = timedelta(days=30)
    inbox: timedelta = timedelta(days=14)
    jobs: timedelta = timedelta(days=14)
    ticks: timedelta = timedelta(days=60)
    pictures: timedelta = timedelta(days=7)
    salts: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        """Refuse windows that would forget what is still needed, and salts that outlive the day after."""
        wrong = [one.name for one in fields(self) if getattr(self, one.name) <= timedelta(0)]
        if wrong:
            raise ValueError(f"retention of {', '.join(wrong)} must be longer than 0")
        if self.salts > timedelta(days=1):
            raise ValueError("salts are deleted the day after; a longer window would let visitors be followed")


def cutoffs(now: datetime, policy: RetentionPolicy) -> Mapping[str, datetime]:
    """Return for each kind of thing the instant before which it is forgotten; the names are the policy's."""
    return {one.name: now - getattr(policy, one.name) for one in fields(policy)}


# The parts of what a member gets when they export, in this order; each is there even when it is empty.
EXPORT_SECTIONS = (
    "profile",
    "settings",
    "accounts",
    "shares",
    "links",
    "visits",
    "figures",
    "suggestions",
    "posts",
    "decisions",
    "points",
    "totals",
)

# Never in an export, a log or a report, whoever asks.
NEVER_EXPORTED = frozenset({"access_token", "refresh_token", "visitor_hash", "prefix_hash", "salt"})


class Erasure(StrEnum):
    """What erasing does with the rows of a table that belong to the member."""

    DELETE = "delete"
    KEEP_UNDER_RANDOM_ID = "keep_under_random_id"


# Amounts stay under a random id, so that the sums of others remain true; words, tokens and identity go.
ERASURE: Mapping[str, Erasure] = {
    "member": Erasure.KEEP_UNDER_RANDOM_ID,
    "account": Erasure.DELETE,
    "share": Erasure.KEEP_UNDER_RANDOM_ID,
    "link": Erasure.KEEP_UNDER_RANDOM_ID,
    "visit": Erasure.KEEP_UNDER_RANDOM_ID,
    "figure": Erasure.KEEP_UNDER_RANDOM_ID,
    "suggestion": Erasure.KEEP_UNDER_RANDOM_ID,
    "decision": Erasure.KEEP_UNDER_RANDOM_ID,
    "ledger_entry": Erasure.KEEP_UNDER_RANDOM_ID,
    "total": Erasure.KEEP_UNDER_RANDOM_ID,
    "inbox": Erasure.DELETE,
    "job": Erasure.DELETE,
}

# Columns that are emptied in the rows that stay.
ERASED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "member": ("platform_ref", "name", "email", "locale", "zone", "settings", "crew"),
    "share": ("text", "permalink"),
    "suggestion": ("why", "message_ref"),
    "decision": ("reason",),
}


class Randomness(Protocol):
    """What makes ids that nobody can guess or trace back: `random.SystemRandom()`, or a seeded one in tests."""

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits."""


def random_id(random: Randomness) -> str:
    """Return the id under which an erased member's amounts are kept; it comes from nothing about the member."""
    return f"erased-{random.getrandbits(96):024x}"


def is_erased(ref: str) -> bool:
    """Say whether an id is that of an erased member."""
    return ref.startswith("erased-")
