"""Every kind of job in the outbox: what it carries, which limit it falls under, how often it may be tried."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from typing import Any


class Pool(StrEnum):
    """A limit that jobs share over the whole workspace; INSIDE calls nothing outside, or nothing that is limited."""

    POST = "post"
    UPDATE = "update"
    LOOKUP = "lookup"
    INSIDE = "inside"


def pool_name(pool: str, platform: str = "") -> str:
    """Return the name of a pool's limits on a platform; those of an installation's first platform have plain names."""
    return f"{pool}@{platform}" if platform else pool


def plain_pool(name: str) -> str:
    """Return the pool that a name made by `pool_name` stands for, whatever the platform."""
    return name.partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that was committed with what caused it and is done after that commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceIn(Job):
    """Post `announcement_id` in its channel."""

    announcement_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshAnnouncement(Job):
    """Redraw the message of `announcement_id` as its post now is."""

    announcement_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSuggestion(Job):
    """Post the card of `suggestion_id` in the curators' channel."""

    suggestion_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSuggestion(Job):
    """Redraw the card of `suggestion_id`."""

    suggestion_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPending(Job):
    """Post or redraw the card of pending `post_id` in the curators' channel."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage(Job):
    """Read the page behind `post_id`'s link and draw the filled form into window `window`."""

    post_id: int
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPreview(Job):
    """Send the card of `post_id` to `member_id` alone, the number of the identity that asked for it."""

    post_id: int
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskShared(Job):
    """Ask privately how `share_id` went, with buttons to confirm it."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellDecision(Job):
    """Tell `member_id` what became of `suggestion_id`, with the curator's note."""

    suggestion_id: int
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellPostDecision(Job):
    """Tell the curator of `post_id` what a second pair of eyes decided."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellWithdrawal(Job):
    """Tell `member_id`, the number of the identity that withdrew `post_id`, how far its announcements are."""

    post_id: int
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostBoard(Job):
    """Post the board of the week that ended before `until` (ISO instant) in `channel_ref`."""

    channel_ref: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendExport(Job):
    """Send `member_id`, the number of the identity that asked for it, a file with what is kept about them."""

    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport(Job):
    """Send `member_id`, the number of the identity that asked for it, the report of `period` as it is at `at`.

    `at` is an ISO instant; `part` is "card" or "file", each a message of its own.
    """

    member_id: int
    period: str
    at: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPairing(Job):
    """Ask `asked_id` privately whether they are the same person as `asker_id` on another platform."""

    asker_id: int
    asked_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverShare(Job):
    """Publish `share_id` by its member's connected account.

    Who asked for it, `member_id` (the number of their identity), is shown in `window` what came of it.
    """

    share_id: int
    member_id: int
    window: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDeliveries(Job):
    """Bring shares to their end that should be out by now, and that no job delivers any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellDelivered(Job):
    """Show `member_id`, the number of the identity that shared `share_id`, what came of it: in `window`, or privately.

    `until` (ISO instant) is until when the network takes no more, `earlier` the address of a post that has these words.
    """

    share_id: int
    member_id: int
    window: str = ""
    until: str = ""
    earlier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLater(Job):
    """Ask privately, at the time that the member picked, whether to share `share_id` now."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellConnected(Job):
    """Tell the member of `account_id` privately what was connected; as a reminder, that it has to be connected anew.

    `share_id` is where they were when they connected it, 0 for nowhere.
    """

    account_id: int
    share_id: int = 0
    is_reminder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAccount(Job):
    """Revoke the tokens of `account_id` where the network can, and delete them."""

    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAccounts(Job):
    """Remind members whose connections end soon, and tell those whose connections have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureShares(Job):
    """Ask the networks for the counts of shares that are due for it, within the budgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditVisits(Job):
    """Turn visits that earn and are not yet credited into ledger entries and totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDue(Job):
    """Publish scheduled posts whose time has come, and expire those whose time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRoles(Job):
    """Read roles and crews anew from configuration, groups and addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPeople(Job):
    """Look up anew who of `platform` was looked up longest ago: name, language, zone, and whether they still belong."""

    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetOld(Job):
    """Delete what the retention windows no longer allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTotals(Job):
    """Take the days that left the rolling 30 days out of the month's totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a kind of job is handled; `repeatable` work may be done twice without harm, other work never is."""

    pool: Pool
    tries: int
    repeatable: bool


_SAY = Policy(pool=Pool.POST, tries=8, repeatable=False)
_REDRAW = Policy(pool=Pool.UPDATE, tries=8, repeatable=True)
_INSIDE = Policy(pool=Pool.INSIDE, tries=8, repeatable=True)

POLICIES: Mapping[type[Job], Policy] = {
    AnnounceIn: _SAY,
    RefreshAnnouncement: _REDRAW,
    ShowSuggestion: _SAY,
    RefreshSuggestion: _REDRAW,
    ShowPending: _SAY,
    ReadPage: Policy(pool=Pool.INSIDE, tries=4, repeatable=True),
    SendPreview: _SAY,
    AskShared: _SAY,
    TellDecision: _SAY,
    TellPostDecision: _SAY,
    TellWithdrawal: _SAY,
    PostBoard: _SAY,
    AskPairing: _SAY,
    # A share that was already being sent is never sent again: the job itself sees to that.
    DeliverShare: Policy(pool=Pool.INSIDE, tries=4, repeatable=True),
    WatchDeliveries: _INSIDE,
    TellDelivered: _SAY,
    AskLater: _SAY,
    TellConnected: _SAY,
    EndAccount: _INSIDE,
    WatchAccounts: _INSIDE,
    MeasureShares: Policy(pool=Pool.INSIDE, tries=1, repeatable=True),
    SendExport: Policy(pool=Pool.POST, tries=4, repeatable=False),
    SendReport: Policy(pool=Pool.POST, tries=4, repeatable=False),
    CreditVisits: _INSIDE,
    PublishDue: _INSIDE,
    RefreshRoles: Policy(pool=Pool.LOOKUP, tries=4, repeatable=True),
    RefreshPeople: Policy(pool=Pool.LOOKUP, tries=4, repeatable=True),
    ForgetOld: _INSIDE,
    RollTotals: _INSIDE,
}


class JobState(StrEnum):
    """queued → running (under a lease; what is not repeatable is being sent) → one of the ends, or queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


def kind_of(kind: type[Job]) -> str:
    """Return the name of a kind of job ("announce_in")."""
    return _snake(kind.__name__)


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@cache
def kinds() -> Mapping[str, type[Job]]:
    """Return every kind of job by its name."""
    return {kind_of(kind): kind for kind in POLICIES}


def pack_job(job: Job) -> str:
    """Return what a job carries as JSON."""
    return json.dumps(asdict(job), separators=(",", ":"))


def unpack_job(kind: str, held: str) -> Job:
    """Return the job of this kind with what it carries; an unknown kind raises `KeyError`."""
    values: dict[str, Any] = json.loads(held)
    return kinds()[kind](**values)
