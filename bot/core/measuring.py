"""When a network is asked what it counts for a share, and how many it may be asked for in a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

AGES = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=14),
    timedelta(days=30),
)
"""How old a post is each time it is asked for; after the last it is left alone."""

MOST_IN_A_CALL = 100
LEAST_PAUSE = timedelta(minutes=15)
NOT_TOLD_PAUSE = timedelta(days=1)
"""How long a network that refuses to tell is left alone, where that may be mended."""

_GIVEN_UP = AGES[-1] + timedelta(days=2)
_TOLD_TO_VETTED_APPS = frozenset({"linkedin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A share whose counts are due: the account that published it, where, and the network's id of its post."""

    share_id: int
    account_id: int
    server: str
    remote_id: str
    sent_at: datetime


def may_be_asked(network: str, *, is_vetted: bool) -> bool:
    """Say whether the company's app is told at all what a post brought (LinkedIn: the vetted ones alone)."""
    return is_vetted or network not in _TOLD_TO_VETTED_APPS


def next_measuring(sent_at: datetime, *, now: datetime) -> datetime | None:
    """Return when a post is next asked for after `now`, ever more rarely; `None` once it is old enough."""
    return next((sent_at + age for age in AGES if sent_at + age > now), None)


def after_no_answer(sent_at: datetime, *, now: datetime, pause: timedelta) -> datetime | None:
    """Return when a post is asked for again after a network did not tell; `None` once it is too old to wait for."""
    again = now + max(pause, LEAST_PAUSE)
    return again if again <= sent_at + _GIVEN_UP else None


def after_silence(sent_at: datetime, *, now: datetime) -> datetime | None:
    """Return when a post is asked for again of which a network told nothing: it may be gone, or the answer cut short.

    As planned, but after a day at the latest; `None` once it is too old to wait for.
    """
    times = (next_measuring(sent_at, now=now), after_no_answer(sent_at, now=now, pause=NOT_TOLD_PAUSE))
    return min((one for one in times if one is not None), default=None)


def day_of(now: datetime) -> datetime:
    """Return when the day began in which a network bills the same post once: in UTC (docs.x.com, pricing)."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def within_budget(due: Sequence[Due], *, asked_today: int, most_a_day: int) -> Sequence[Due]:
    """Return those of one network that may be asked for now: the newest posts first, as those change most."""
    left = max(most_a_day - asked_today, 0)
    return sorted(due, key=lambda one: one.sent_at, reverse=True)[:left]


def in_calls(due: Iterable[Due]) -> Sequence[Sequence[Due]]:
    """Return the shares in the order given, in groups that one call each can ask for: one account, at most 100."""
    by_account: dict[int, list[Due]] = {}
    for one in due:
        by_account.setdefault(one.account_id, []).append(one)
    return [
        group[start : start + MOST_IN_A_CALL]
        for group in by_account.values()
        for start in range(0, len(group), MOST_IN_A_CALL)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a network counts of one thing, and when it said so."""

    name: str
    value: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was counted for a share: different people of a day, visits by class, and what its network counts."""

    people: int = 0
    visits: Mapping[str, int] = field(default_factory=dict)
    counts: Sequence[Counted] = ()
