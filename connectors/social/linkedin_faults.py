"""What LinkedIn's refusals mean, by status and by its own codes; nothing of a remote body goes further than this.

Statuses and codes: learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling,
…/shared/authentication/authorization-code-flow; the forms of duplicates as seen in answers.
"""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.networks import NETWORKS
from bot.core.social import Draft, Fault
from bot.core.texts import length_on
from connectors.social.blocking import Answer, Lost

AGAIN_AFTER = timedelta(seconds=30)
REVOKED = frozenset({"65601", "REVOKED_ACCESS_TOKEN"})
OUR_OWN = frozenset({"invalid_client", "unauthorized_client"})
"""The token endpoint's words for a wrong id or secret of the company's app."""

_EARLIER = re.compile(r"urn:li:(?:share|ugcPost|activity):\d{5,25}")
_CODE = re.compile(r"\w{1,40}")

log = logging.getLogger("vouch.linkedin")


def moment_of(answer: Answer) -> datetime:
    """Return when the answer was given, by its own `Date`, so that a wrong clock here does not matter."""
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def checked(answer: Answer | Lost) -> Answer:
    """Return the answer of a call that may be repeated, if it did what was asked; else raise why not."""
    if isinstance(answer, Lost) or not _is_certain(answer.status):
        raise TryLater(AGAIN_AFTER, Fault.UNREACHABLE)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(answer)
    return answer


def checked_grant(answer: Answer | Lost, *, refused: Fault) -> Answer:
    """Return the token endpoint's answer, if it gave tokens; what it does not take is `NotConnected(refused)`."""
    if isinstance(answer, Lost) or not _is_certain(answer.status):
        raise TryLater(AGAIN_AFTER, Fault.UNREACHABLE)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _refusal(answer)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        if answer.told.get("error") in OUR_OWN:
            log.error("LinkedIn does not know the app; check LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET")
            raise Refused(Fault.REJECTED)
        raise NotConnected(refused)
    return answer


def unpublished(answer: Answer | Lost, draft: Draft) -> OutsideError:
    """Return what an answer to a post means that names no new post: only a clear refusal certainly made none."""
    if isinstance(answer, Lost):
        return Uncertain("no_answer") if answer.was_sent else TryLater(AGAIN_AFTER, Fault.UNREACHABLE)
    if answer.status < HTTPStatus.BAD_REQUEST or not _is_certain(answer.status):
        return Uncertain(str(answer.status))
    return _refused_post(answer, draft) or _refusal(answer)


def is_about_picture(answer: Answer | Lost) -> bool:
    """Say whether a post was certainly refused for its picture, so that it may go without one."""
    if isinstance(answer, Lost) or answer.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return False
    words = answer.body.lower()
    return b"duplicate" not in words and (b"thumbnail" in words or b"urn:li:image" in words)


def _is_certain(status: int) -> bool:
    """Say whether the status is an answer of LinkedIn's own: not a redirect, and not of what stands before it."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return not is_redirect and status != HTTPStatus.REQUEST_TIMEOUT and HTTPStatus.OK <= status < 500


def _refused_post(answer: Answer, draft: Draft) -> Refused | None:
    """Return what only a post can be refused for, `None` if it is nothing of that."""
    if answer.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return None
    codes = {*_codes(answer)}
    words = answer.body.decode("utf-8", "replace")
    if any("DUPLICATE" in one for one in codes) or "duplicate" in words.lower():
        earlier = _EARLIER.search(words)
        return Refused(Fault.DUPLICATE, earlier=f"https://www.linkedin.com/feed/update/{earlier[0]}" if earlier else "")
    limit = NETWORKS["linkedin"].limit
    if (limit and length_on("linkedin", draft.text) > limit) or any("LENGTH" in one for one in codes):
        return Refused(Fault.TOO_LONG)
    return None


def _refusal(answer: Answer) -> OutsideError:
    """Return what any call can be refused for."""
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            is_revoked = not REVOKED.isdisjoint(_codes(answer)) or b"revoked" in answer.body.lower()
            return NotConnected(Fault.REVOKED if is_revoked else Fault.EXPIRED)
        case HTTPStatus.FORBIDDEN:
            return NotConnected(Fault.SCOPE)
        case HTTPStatus.UPGRADE_REQUIRED:
            log.error("LinkedIn no longer answers this version; set networks.linkedin.api_version to a newer one")
            return Refused(Fault.SUNSET)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return TryLater(_until_midnight(moment_of(answer)), Fault.RATE_LIMITED)
        case _:
            log.error("LinkedIn refused a request with %d %s", answer.status, " ".join(sorted(_codes(answer))))
            return Refused(Fault.REJECTED)


def _codes(answer: Answer) -> Iterator[str]:
    """Yield LinkedIn's own codes for a refusal: words and numbers, never a sentence."""
    told = answer.told
    details = told.get("errorDetails")
    inputs = details.get("inputErrors") if isinstance(details, dict) else None
    named = [told.get("code"), told.get("serviceErrorCode")]
    named += [one.get("code") for one in inputs if isinstance(one, dict)] if isinstance(inputs, list) else []
    yield from (str(one) for one in named if isinstance(one, str | int) and _CODE.fullmatch(str(one)))


def _until_midnight(now: datetime) -> timedelta:
    """Return how long it is to the next day in UTC, when LinkedIn's limits begin anew."""
    today = now.astimezone(UTC)
    return datetime.combine(today.date() + timedelta(days=1), time(), UTC) - today
