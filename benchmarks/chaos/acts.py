"""What was done, as the run remembers it: every act, what makes it recognisable, and whether it was acknowledged."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What somebody did."""

    ANNOUNCED = "announced"  # `word` is the title, `places` the channels, `number` unknown
    EDITED = "edited"  # `word` is the new title of post `number`
    WITHDRAWN = "withdrawn"  # post `number`
    SUGGESTED = "suggested"  # `word` is in the link
    DECIDED = "decided"  # suggestion `number`
    OPENED = "opened"  # share `number` went to the composer
    SAID = "said"  # share `number` is said to be there
    PROVED = "proved"  # share `number` is there, at `word`
    UNDONE = "undone"  # share `number` was taken back
    QUEUED = "queued"  # share `number` goes out on `places[0]` with `word` in its text
    SET = "set"  # `who` wants to be named: `word` is yes or no


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. `asked_at` and `answered_at` are seconds of the run; it `is_sure` if the answer said that it is done.

    One that is only taken was answered without a word of what came of it: it is done, unless the database was away. Of
    others nothing is known: no answer came, or it said that it is to be tried again.
    """

    kind: Kind
    who: str
    word: str = ""
    number: int = 0
    places: tuple[str, ...] = ()
    asked_at: float = 0.0
    answered_at: float = 0.0
    is_sure: bool = False
    is_taken: bool = False


@dataclass(slots=True)
class Diary:
    """All acts of a run, oldest first, and how often each link was followed: sent, and answered.

    `away` are the times (seconds of the run) in which the database was away, or an answer may have said so.
    """

    acts: list[Act] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)

    def is_acknowledged(self, act: Act) -> bool:
        """Say whether the bot has said, by its answer, that an act is done."""
        is_away = any(act.asked_at <= end and act.answered_at >= begin for begin, end in self.away)
        return act.is_sure or (act.is_taken and not is_away)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return of each kind how often it was tried and how often acknowledged."""
        tried, sure = Counter(one.kind.value for one in self.acts), Counter[str]()
        sure.update(one.kind.value for one in self.acts if self.is_acknowledged(one))
        return {kind: (number, sure[kind]) for kind, number in sorted(tried.items())}
