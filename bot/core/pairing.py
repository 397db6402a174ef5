"""One person on two platforms: who may ask whom, how long a question is open, and what stays where both have it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.people import Role
from bot.core.sharing import COUNTED, ShareEvent, ShareState, states_before

OPEN_FOR = timedelta(hours=24)
"""How long a question can be answered."""

YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A member as one side of a question; who has left or was erased `is_gone`, who is one of a pair `is_paired`."""

    member_id: int
    platform: str
    person_ref: str
    name: str
    email: str | None
    joined_at: datetime
    role: Role = Role.MEMBER
    is_gone: bool = False
    is_paired: bool = False

    @property
    def address(self) -> str:
        """The e-mail address as it is compared; "" where none is known."""
        return (self.email or "").strip().lower()


class Refusal(StrEnum):
    """Why a member cannot be joined with another."""

    NO_ADDRESS = "no_address"
    NOBODY = "nobody"
    PAIRED = "paired"
    TAKEN = "taken"


def may_ask(asker: Party, asked: Party | None) -> Refusal | None:
    """Return why `asker` cannot be the same person as `asked`, or `None` if they may be asked.

    Whoever has left or was erased is nobody to others: that they were ever here is told to no one.
    """
    if asker.is_paired:
        return Refusal.PAIRED
    if not asker.address:
        return Refusal.NO_ADDRESS
    if asked is None or asker.is_gone or asked.is_gone or not _are_alike(asker, asked):
        return Refusal.NOBODY
    return Refusal.TAKEN if asked.is_paired else None


def _are_alike(asker: Party, asked: Party) -> bool:
    return asker.address == asked.address and asker.platform != asked.platform


def whom_to_ask(asker: Party, others: Iterable[Party]) -> Party | Refusal:
    """Return the first of `others` who may be asked; if there is none, why."""
    listed = list(others)
    free = next((one for one in listed if may_ask(asker, one) is None), None)
    if free is not None:
        return free
    refusals = [may_ask(asker, one) for one in (*listed, None)]
    return next((one for one in refusals if one is Refusal.TAKEN), refusals[-1] or Refusal.NOBODY)


def is_open(asked_at: datetime, now: datetime) -> bool:
    """Say whether a question asked at `asked_at` can still be answered."""
    return now - asked_at < OPEN_FOR


def who_counts(one: Party, other: Party) -> tuple[Party, Party]:
    """Return the one whose number counts from now on, and the other: whoever is here longer, whoever asked.

    With them is more of what has to stay as it is: settings, yes or no to being named, what others have seen.
    """
    first, second = sorted((one, other), key=lambda party: (party.joined_at, party.member_id))
    return first, second


def higher(one: Role, other: Role) -> Role:
    """Return the role that includes the other."""
    return one if one.may(other) else other


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One of two live shares of the same post on the same network; `is_said` by the member to be out."""

    share_id: int
    member_id: int
    state: ShareState
    is_said: bool
    created_at: datetime

    @property
    def can_give_way(self) -> bool:
        """Whether it can be taken back; what is being sent cannot."""
        return self.state in states_before(ShareEvent.UNDO)

    @property
    def weight(self) -> int:
        """How much it stands for: being sent, known to be out, begun or said, only looked at."""
        if not self.can_give_way:
            return 3
        if self.state in COUNTED:
            return 2
        return 1 if self.is_said or self.state is not ShareState.DRAFT else 0


def who_gives_way(one: Rival, other: Rival) -> Rival:
    """Return the share that is taken back, so that a post and network earns once: the lighter, else the younger."""
    return max((one, other), key=lambda share: (-share.weight, share.created_at, share.share_id))
