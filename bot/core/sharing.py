"""The life cycle of a share, and whether this member may share this post here now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.moderation import PostState, WrongMove


class ShareState(StrEnum):
    """Where a share stands; opened, confirmed and evidenced are different facts and are never mixed."""

    DRAFT = "draft"
    OPENED = "opened"
    QUEUED = "queued"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    EVIDENCED = "evidenced"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNDONE = "undone"


class ShareEvent(StrEnum):
    """What can happen to a share."""

    START = "start"  # the share window is opened (again)
    OPEN = "open"  # the network's composer is opened
    QUEUE = "queue"  # *Share now* on a connected account
    SEND = "send"  # a worker has claimed it
    RETRY = "retry"  # certainly not sent; may be tried again
    CONFIRM = "confirm"  # the network's answer, or the pasted link of the post
    VISIT = "visit"  # a first human visit
    FAIL = "fail"  # certainly not published
    LOSE = "lose"  # the request left and no answer came
    UNDO = "undo"  # the member takes it back


SHARE_MOVES: Mapping[ShareState, Mapping[ShareEvent, ShareState]] = {
    ShareState.DRAFT: {
        ShareEvent.START: ShareState.DRAFT,
        ShareEvent.OPEN: ShareState.OPENED,
        ShareEvent.QUEUE: ShareState.QUEUED,
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    ShareState.OPENED: {
        ShareEvent.START: ShareState.OPENED,
        ShareEvent.OPEN: ShareState.OPENED,
        ShareEvent.QUEUE: ShareState.QUEUED,
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    ShareState.QUEUED: {
        ShareEvent.SEND: ShareState.SENDING,
        ShareEvent.FAIL: ShareState.FAILED,
        ShareEvent.CONFIRM: ShareState.CONFIRMED,  # an earlier request was answered late: nothing is sent any more
        ShareEvent.VISIT: ShareState.EVIDENCED,  # it was published by the composer after all: nothing is sent any more
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    ShareState.SENDING: {
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.RETRY: ShareState.QUEUED,
        ShareEvent.FAIL: ShareState.FAILED,
        ShareEvent.LOSE: ShareState.UNCERTAIN,
    },
    ShareState.CONFIRMED: {
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    # What is evidenced stays so, whatever the network's answer to a request still under way is.
    ShareState.EVIDENCED: {
        ShareEvent.CONFIRM: ShareState.EVIDENCED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.RETRY: ShareState.EVIDENCED,
        ShareEvent.FAIL: ShareState.EVIDENCED,
        ShareEvent.LOSE: ShareState.EVIDENCED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    ShareState.FAILED: {
        ShareEvent.START: ShareState.FAILED,
        ShareEvent.OPEN: ShareState.OPENED,
        ShareEvent.QUEUE: ShareState.QUEUED,
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    # Never sent again by itself: the member looks and says what is there.
    ShareState.UNCERTAIN: {
        ShareEvent.CONFIRM: ShareState.CONFIRMED,
        ShareEvent.VISIT: ShareState.EVIDENCED,
        ShareEvent.FAIL: ShareState.FAILED,
        ShareEvent.UNDO: ShareState.UNDONE,
    },
    # Links keep working; whoever changes their mind begins a new share.
    ShareState.UNDONE: {
        ShareEvent.VISIT: ShareState.UNDONE,
    },
}

# The states that earn points and that the quiet line on a card counts.
COUNTED = frozenset({ShareState.CONFIRMED, ShareState.EVIDENCED})

UNDER_WAY = frozenset({ShareState.QUEUED, ShareState.SENDING})

NOT_SHARABLE = "not_sharable"
"""The fault of a share whose post was taken back, or whose member left, before it went out."""

NOT_IN_TIME = "not_in_time"
"""The fault of a share that could not go out soon after its member's click: nothing goes out at another moment."""

NOT_THERE = "not_there"
"""The fault of a share that nobody was certain of, until its member looked and did not find it."""


def move(state: ShareState, event: ShareEvent) -> ShareState:
    """Return the state of a share after `event`; raises `WrongMove` if that cannot happen to it."""
    try:
        return SHARE_MOVES[state][event]
    except KeyError:
        raise WrongMove(state, event) from None


def states_before(event: ShareEvent) -> frozenset[ShareState]:
    """Return the states in which `event` can happen: what an `UPDATE … WHERE state IN` asks for."""
    return frozenset(state for state, moves in SHARE_MOVES.items() if event in moves)


class Refusal(StrEnum):
    """Why a member cannot share a post on a network now."""

    GUEST = "guest"
    MEMBER_LEFT = "member_left"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOT_PUBLISHED = "not_published"
    NETWORK_OFF = "network_off"
    ALREADY_SHARED = "already_shared"
    UNDER_WAY = "under_way"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharer:
    """What matters of the person who wants to share; whoever has left the programme `has_left`."""

    is_full_member: bool = True
    has_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareablePost:
    """What matters of the post that someone wants to share; `expires_at` `None` means never."""

    state: PostState
    networks: tuple[str, ...]
    expires_at: datetime | None = None


def may_share(
    post: ShareablePost | None, network: str, *, sharer: Sharer, earlier: ShareState | None, now: datetime
) -> Refusal | None:
    """Return why this member cannot share this post on this network now, or `None` if they can.

    `post` is `None` when it was deleted; `earlier` is the state of the member's share of this post on this network,
    `None` when there is none. A draft, opened or failed share can be shared; after an undone one a new share begins.
    """
    return _by_person(sharer) or _by_post(post, network, now=now) or _by_earlier(earlier)


def _by_person(sharer: Sharer) -> Refusal | None:
    if not sharer.is_full_member:
        return Refusal.GUEST
    return Refusal.MEMBER_LEFT if sharer.has_left else None


def _by_post(post: ShareablePost | None, network: str, *, now: datetime) -> Refusal | None:
    if post is None:
        return Refusal.DELETED
    if post.state is PostState.WITHDRAWN:
        return Refusal.WITHDRAWN
    if post.state is PostState.EXPIRED or (post.expires_at is not None and post.expires_at <= now):
        return Refusal.EXPIRED
    if post.state is not PostState.PUBLISHED:
        return Refusal.NOT_PUBLISHED
    return None if network in post.networks else Refusal.NETWORK_OFF


def _by_earlier(earlier: ShareState | None) -> Refusal | None:
    if earlier in COUNTED:
        return Refusal.ALREADY_SHARED
    if earlier in UNDER_WAY:
        return Refusal.UNDER_WAY
    return Refusal.UNCERTAIN if earlier is ShareState.UNCERTAIN else None
