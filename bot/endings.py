"""What an error makes of a run: tried again and when, failed, or uncertain."""

import random
from datetime import datetime, timedelta

from bot.core.errors import NOT_REACHED, RATE_LIMITED, OutsideError, TryLater, Uncertain
from bot.core.jobs import JobState, Policy
from storage.engine import AWAY
from storage.queries.claims import Claimed
from storage.queries.outbox import Ending

LONGEST_BACKOFF = timedelta(minutes=10)

PATIENCE = timedelta(hours=24)
"""A job that the outside has let wait for so long is listed as failed, for an admin to see; it can be sent again."""

_HELD = (RATE_LIMITED, NOT_REACHED)
_TOLD_TO_WAIT = (*_HELD, "quiet_hours")


def after_outside(error: OutsideError, claimed: Claimed, policy: Policy, *, now: datetime) -> Ending:
    """Return how a run ends that was told by the outside, or by us before anything was sent, why it cannot be."""
    may_again = claimed.tries < policy.tries
    match error:
        case TryLater(after=after) if error.code in _TOLD_TO_WAIT and not _is_over(error.code, claimed, now):
            return _told_to_wait(error.code, now + after)
        case TryLater(after=after) if may_again and error.code not in _TOLD_TO_WAIT:
            return _again(claimed, error.code, now=now, at_least=after)
        case Uncertain() if policy.repeatable and may_again:
            return _again(claimed, error.code, now=now)
        case Uncertain() if not policy.repeatable:
            return Ending(state=JobState.UNCERTAIN, error=error.code or "no answer")
        case _:
            return Ending(state=JobState.FAILED, error=error.code or error.key)


def after_defect(error: Exception, claimed: Claimed, policy: Policy, *, now: datetime) -> Ending:
    """Return how a run ends that met a defect, or a database that is away.

    What is not repeatable may have been sent by then, unless the database is away: handlers read, then call, and what
    came of it is recorded after them. So whoever misses the database has not called yet.
    """
    code = type(error).__name__
    if not policy.repeatable and not isinstance(error, AWAY):
        return Ending(state=JobState.UNCERTAIN, error=code)
    if claimed.tries < policy.tries:
        return _again(claimed, code, now=now)
    return Ending(state=JobState.FAILED, error=code)


def after_lost_record(error: Exception, policy: Policy | None) -> Ending:
    """Return how a run ends whose result cannot be kept: what it did is done, and must not be done twice."""
    is_harmless = policy is None or policy.repeatable
    return Ending(state=JobState.FAILED if is_harmless else JobState.UNCERTAIN, error=type(error).__name__)


def _is_over(code: str, claimed: Claimed, now: datetime) -> bool:
    return code in _HELD and claimed.held_since is not None and now - claimed.held_since >= PATIENCE


def _told_to_wait(code: str, until: datetime) -> Ending:
    return Ending(state=JobState.QUEUED, error=code, run_at=until, is_try=False, is_held=code in _HELD)


def _again(claimed: Claimed, code: str, *, now: datetime, at_least: timedelta = timedelta(0)) -> Ending:
    backoff = min(timedelta(seconds=2 ** min(claimed.tries, 12)), LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311
    return Ending(state=JobState.QUEUED, error=code, run_at=now + max(at_least, backoff))
