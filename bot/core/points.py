"""What an act is worth: points, caps, dated rules, and the unique keys of what was credited.

The ledger is append-only: a rule that changes counts from its own date on, and taking something back adds an entry.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from bot.core.networks import NETWORKS
from bot.core.sharing import COUNTED, ShareState


class EntryKind(StrEnum):
    """What a ledger entry is for."""

    SHARE = "share"
    OWN_WORDS = "own_words"
    VISITS = "visits"
    SUGGESTION = "suggestion"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPolicy:
    """One dated version of the rules; caps of a day and a week count in the member's own zone."""

    version: int = 1
    valid_from: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    per_share: int = 7
    own_words: int = 5
    per_visit: int = 1
    visits_per_share: int = 20
    posts_a_day: int = 3
    per_suggestion: int = 10
    suggestions_a_week: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """Points that a member got (below 0: that were taken back), for what, by which rules; `key` is unique."""

    member_id: int
    points: int
    kind: EntryKind
    key: str
    rule_version: int
    at: datetime


def policy_at(policies: Iterable[PointsPolicy], when: datetime) -> PointsPolicy:
    """Return the rules in force at `when`: the newest of those that had begun; the earliest for times before all.

    Of two that begin together the higher version counts. Raises `ValueError` when there are none at all.
    """
    dated = sorted(policies, key=lambda one: (one.valid_from, one.version))
    if not dated:
        raise ValueError("there are no rules for points")
    begun = [one for one in dated if one.valid_from <= when]
    return begun[-1] if begun else dated[0]


def earns_points(network: str) -> bool:
    """Say whether shares on `network` may earn points (Facebook's rules forbid rewarding them); unknown ones do not."""
    return network in NETWORKS and NETWORKS[network].earns_points


def points_for_share(policy: PointsPolicy, *, posts_credited_today: int, is_post_among_them: bool = False) -> int:
    """Return the points one more share earns: none once the day's posts are used up.

    `posts_credited_today` counts different posts since midnight in the *member's* time zone; a post that is among them
    (on another network) does not use up another. Once per post and network is the entry's key.
    """
    return policy.per_share if is_post_among_them or posts_credited_today < policy.posts_a_day else 0


def points_for_own_words(policy: PointsPolicy, *, share_points: int, is_own_words: bool) -> int:
    """Return the points for own words, which come only with a share that earned some itself."""
    return policy.own_words if is_own_words and share_points > 0 else 0


def points_for_visits(policy: PointsPolicy, *, counted_before: int, new: int) -> int:
    """Return the points that `new` unique human visits of one share earn after `counted_before` earlier ones.

    The first is what evidences the share and earns nothing by itself; each further one earns, up to the share's cap.
    In whatever portions they are counted, the sum is the same.
    """

    def so_far(visits: int) -> int:
        return policy.per_visit * min(max(visits - 1, 0), policy.visits_per_share)

    return so_far(counted_before + max(new, 0)) - so_far(counted_before)


def points_for_suggestion(policy: PointsPolicy, *, credited_this_week: int) -> int:
    """Return the points that an approved suggestion earns; weeks begin on Monday in the member's time zone."""
    return policy.per_suggestion if credited_this_week < policy.suggestions_a_week else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFacts:
    """What decides the points of a share; see `points_for_share` for the two counts."""

    network: str
    state: ShareState
    is_own_words: bool
    posts_credited_today: int
    is_post_among_them: bool = False


def credits_for_share(policy: PointsPolicy, share: ShareFacts) -> Sequence[tuple[EntryKind, int]]:
    """Return what a share earns now, kinds with their points, none of them 0; empty if it earns nothing (yet).

    Opened, or only said to be shared, earns nothing: it takes the network's answer, the post's link, or a visit.
    """
    if share.state not in COUNTED or not earns_points(share.network):
        return ()
    points = points_for_share(
        policy, posts_credited_today=share.posts_credited_today, is_post_among_them=share.is_post_among_them
    )
    own = points_for_own_words(policy, share_points=points, is_own_words=share.is_own_words)
    both = ((EntryKind.SHARE, points), (EntryKind.OWN_WORDS, own))
    return tuple((kind, earned) for kind, earned in both if earned)


def entry_key(kind: EntryKind, *parts: int | str | date) -> str:
    """Return the unique key of what earned an entry, the same for the same cause.

    `share` and `own_words`: share id · `visits`: share id and number of visits counted after it · `suggestion`:
    suggestion id and member id.
    """
    return ":".join((kind.value, *(one.isoformat() if isinstance(one, date) else str(one) for one in parts)))


def visit_key(link_id: int, prefix_hash: bytes, day: date) -> str:
    """Return what makes a visit unique for points: link, address prefix (hashed) and day, whatever the user agent."""
    return f"{link_id}:{prefix_hash.hex()}:{day.isoformat()}"


def reversal_of(entry: LedgerEntry, *, at: datetime) -> LedgerEntry:
    """Return the entry that takes `entry` back, by the rules it was made under; raises `ValueError` for a reversal."""
    if entry.kind is EntryKind.REVERSAL:
        raise ValueError("a reversal cannot be taken back")
    return LedgerEntry(
        member_id=entry.member_id,
        points=-entry.points,
        kind=EntryKind.REVERSAL,
        key=f"{EntryKind.REVERSAL.value}:{entry.key}",
        rule_version=entry.rule_version,
        at=at,
    )


def reversals(entries: Iterable[LedgerEntry], *, at: datetime) -> list[LedgerEntry]:
    """Return what takes back all of `entries` that are not taken back yet; their sum with `entries` is 0."""
    held = list(entries)
    keys = {one.key for one in held}
    missing = [reversal_of(one, at=at) for one in held if one.kind is not EntryKind.REVERSAL and one.points]
    return [one for one in missing if one.key not in keys]
