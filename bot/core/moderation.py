"""The life cycles of posts and suggestions, and who may move them."""

from collections.abc import Mapping
from enum import StrEnum

from bot.core.people import Role


class PostState(StrEnum):
    """Where a post stands; only a published one can be shared."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


class PostEvent(StrEnum):
    """What can happen to a post."""

    SUBMIT = "submit"
    APPROVE = "approve"
    DECLINE = "decline"
    SCHEDULE = "schedule"
    PUBLISH = "publish"
    MISS = "miss"  # its time went by while nothing ran: it waits for a new one
    EDIT = "edit"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


class SuggestionState(StrEnum):
    """Where a suggestion stands; all but the first are final."""

    RECEIVED = "received"
    APPROVED = "approved"
    DECLINED = "declined"
    DUPLICATE = "duplicate"


class SuggestionEvent(StrEnum):
    """What can happen to a suggestion."""

    JOIN = "join"
    APPROVE = "approve"
    DECLINE = "decline"
    MARK_DUPLICATE = "mark_duplicate"


class Denial(StrEnum):
    """Why someone may not move a post or a suggestion."""

    NEEDS_CURATOR = "needs_curator"
    NEEDS_SECOND_EYES = "needs_second_eyes"
    WRONG_STATE = "wrong_state"


class WrongMove(ValueError):
    """The life cycle does not know this event in this state."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        """Fail for `event`, which cannot happen in `state`."""
        super().__init__(f"{event.value!r} cannot happen to what is {state.value!r}")
        self.state = state
        self.event = event


POST_MOVES: Mapping[PostState, Mapping[PostEvent, PostState]] = {
    PostState.DRAFT: {
        PostEvent.EDIT: PostState.DRAFT,
        PostEvent.SUBMIT: PostState.PENDING,
        PostEvent.APPROVE: PostState.APPROVED,  # a curator's own post, where no second pair of eyes is asked for
    },
    PostState.PENDING: {
        PostEvent.EDIT: PostState.PENDING,
        PostEvent.APPROVE: PostState.APPROVED,
        PostEvent.DECLINE: PostState.DECLINED,
    },
    PostState.APPROVED: {
        PostEvent.EDIT: PostState.APPROVED,
        PostEvent.SCHEDULE: PostState.SCHEDULED,
        PostEvent.PUBLISH: PostState.PUBLISHED,
        PostEvent.WITHDRAW: PostState.WITHDRAWN,
    },
    PostState.SCHEDULED: {
        PostEvent.EDIT: PostState.SCHEDULED,
        PostEvent.SCHEDULE: PostState.SCHEDULED,
        PostEvent.PUBLISH: PostState.PUBLISHED,
        PostEvent.MISS: PostState.APPROVED,
        PostEvent.WITHDRAW: PostState.WITHDRAWN,
    },
    PostState.PUBLISHED: {
        PostEvent.EDIT: PostState.PUBLISHED,
        PostEvent.EXPIRE: PostState.EXPIRED,
        PostEvent.WITHDRAW: PostState.WITHDRAWN,
    },
    PostState.EXPIRED: {},
    PostState.WITHDRAWN: {},
    PostState.DECLINED: {},
}

SUGGESTION_MOVES: Mapping[SuggestionState, Mapping[SuggestionEvent, SuggestionState]] = {
    SuggestionState.RECEIVED: {
        SuggestionEvent.JOIN: SuggestionState.RECEIVED,
        SuggestionEvent.APPROVE: SuggestionState.APPROVED,
        SuggestionEvent.DECLINE: SuggestionState.DECLINED,
        SuggestionEvent.MARK_DUPLICATE: SuggestionState.DUPLICATE,
    },
    SuggestionState.APPROVED: {},
    SuggestionState.DECLINED: {},
    SuggestionState.DUPLICATE: {},
}


def move_post(state: PostState, event: PostEvent) -> PostState:
    """Return the state of a post after `event`; raises `WrongMove` if that cannot happen to it."""
    try:
        return POST_MOVES[state][event]
    except KeyError:
        raise WrongMove(state, event) from None


def move_suggestion(state: SuggestionState, event: SuggestionEvent) -> SuggestionState:
    """Return the state of a suggestion after `event`; raises `WrongMove` if that cannot happen to it."""
    try:
        return SUGGESTION_MOVES[state][event]
    except KeyError:
        raise WrongMove(state, event) from None


def post_states_before(event: PostEvent) -> frozenset[PostState]:
    """Return the states in which `event` can happen to a post: what an `UPDATE … WHERE state IN` asks for."""
    return frozenset(state for state, moves in POST_MOVES.items() if event in moves)


def may_move_post(
    state: PostState, event: PostEvent, *, role: Role, is_author: bool, needs_second_eyes: bool
) -> Denial | None:
    """Return why this person may not do this to a post, or `None` if they may.

    Curators and admins move posts. Where a second pair of eyes is asked for, a post must pass *pending*, and whoever
    wrote it may not approve it there; anyone else who may approve can also decline it.
    """
    if not role.may(Role.CURATOR):
        return Denial.NEEDS_CURATOR
    if event not in POST_MOVES[state]:
        return Denial.WRONG_STATE
    if event is PostEvent.APPROVE and needs_second_eyes and (is_author or state is PostState.DRAFT):
        return Denial.NEEDS_SECOND_EYES
    return None


def may_decide_suggestion(state: SuggestionState, event: SuggestionEvent, *, role: Role) -> Denial | None:
    """Return why this person may not do this to a suggestion, or `None` if they may; joining is open to all."""
    if event is not SuggestionEvent.JOIN and not role.may(Role.CURATOR):
        return Denial.NEEDS_CURATOR
    return None if event in SUGGESTION_MOVES[state] else Denial.WRONG_STATE


def first_move(*, needs_second_eyes: bool) -> PostEvent:
    """Return what happens to a draft when its author is done with it: it waits for another, or counts as approved."""
    return PostEvent.SUBMIT if needs_second_eyes else PostEvent.APPROVE
