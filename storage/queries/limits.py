"""The limits of pools and lanes: what may start now, and what that leaves. The rows behind them are `Lane`s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.jobs import Pool
from storage.prepared import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit as a pause between starts, with so many that may start at once after a rest."""

    pause: timedelta
    burst: int = 1

    @property
    def slack(self) -> timedelta:
        """How far ahead of its even pace it may be: what the burst allows."""
        return self.pause * (self.burst - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who claims, at most how many, for how long a lease, and the limits of each pool and of its lanes.

    `mine` are the jobs that the owner knows to be its own until their ends are recorded: none of them starts again.
    `is_in_doubt` after a claim of which nobody knows whether it was committed: what runs under the owner's name and is
    not known to it was never begun, and is queued again.
    """

    owner: str
    most: int
    lease: timedelta
    pools: Mapping[str, Limit]
    lanes: Mapping[str, Limit]
    mine: frozenset[int] = field(default=frozenset())
    is_in_doubt: bool = False

    @property
    def names(self) -> Sequence[str]:
        """The pools that are looked at, in the order in which their rows are locked."""
        return sorted({*self.pools, *(one.value for one in Pool)})


def lane_name(pool: str, lane: str) -> str:
    """Return the name under which the limit of one lane is kept; the pool's own has an empty lane."""
    return f"{pool}/{lane}"[:160]


class Book:
    """The limits as they stand while this process holds them, and what is taken from them."""

    def __init__(self, rows: Sequence[Row], claim: Claim, *, now: datetime) -> None:
        """Begin with the rows of the pools' limits; `now` is the process's clock, used where the rows have none.

        A row tells the time at which it was asked for, and the first may have been waited for since: the latest counts.
        """
        self.claim = claim
        self.at: datetime = max((row.get("at", now) for row in rows), default=now)
        self.kept: dict[str, datetime] = {row["name"]: row["next_at"] for row in rows}
        self.changed: dict[str, datetime] = {}
        self.asked: dict[str, int] = {}

    def is_held(self, pool: str) -> bool:
        """Say whether this process holds the limits of a pool; without that it starts nothing there."""
        return lane_name(pool, "") in self.kept

    def free_at(self, pool: str) -> datetime:
        """Return when the next start is allowed by a pool's limit."""
        limit = self.claim.pools.get(pool)
        return self.kept[lane_name(pool, "")] - limit.slack if limit else self.at

    def allowed(self, pool: str) -> int:
        """Return how many starts a pool's limit allows now, at most as many as are claimed at all."""
        limit = self.claim.pools.get(pool)
        if not self.is_held(pool) or self.free_at(pool) > self.at:
            return 0
        if limit is None or not limit.pause:
            return self.claim.most
        ahead = max(self.kept[lane_name(pool, "")], self.at)
        return min(self.claim.most, 1 + (self.at + limit.slack - ahead) // limit.pause)

    def take(self, pool: str, lane: str) -> bool:
        """Take one start from the pool's limit and the lane's; `False`, and nothing taken, if the pool has none left.

        A lane that has a pause is not asked for at all.
        """
        if self.free_at(pool) > self.at:
            return False
        if pool in self.claim.pools:
            self._book(lane_name(pool, ""), self.claim.pools[pool])
        if lane and pool in self.claim.lanes:
            self._book(lane_name(pool, lane), self.claim.lanes[pool])
        return True

    def _book(self, name: str, limit: Limit) -> None:
        self.kept[name] = self.changed[name] = max(self.kept.get(name, self.at), self.at) + limit.pause
