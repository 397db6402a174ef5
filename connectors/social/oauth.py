"""What the networks' log-ins have in common: PKCE (RFC 7636) and the answer of a token endpoint (RFC 6749, 5.1)."""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.core.errors import NotConnected
from bot.core.social import Fault, Tokens

WRONG_GRANT = frozenset({"invalid_grant", "invalid_request", "invalid_token"})
"""What token endpoints call a code or token that is wrong, too old or used up; X says "invalid_request"."""


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge that may be seen in an address, for the verifier that may not."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def tokens_of(told: Mapping[str, Any], *, scopes: Collection[str], now: datetime) -> Tokens | None:
    """Return the tokens that were given, `None` if there are none in the answer.

    Raises `NotConnected("scope")` if one of `scopes` was not given; an answer that names none gave what was asked for.
    """
    access, refresh, granted = (told.get(name) for name in ("access_token", "refresh_token", "scope"))
    if not isinstance(access, str) or not access:
        return None
    given = frozenset(granted.split()) if isinstance(granted, str) and granted else frozenset(scopes)
    if not all(_is_given(one, given) for one in scopes):
        raise NotConnected(Fault.SCOPE)
    return Tokens(
        access=access,
        refresh=refresh if isinstance(refresh, str) else "",
        expires_at=_ends(told.get("expires_in"), now),
        scopes=given,
    )


def _is_given(scope: str, given: frozenset[str]) -> bool:
    """Say whether `scope` was given by itself or within a wider one ("read" holds "read:accounts")."""
    return scope in given or scope.partition(":")[0] in given


def _ends(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**9:
        return None
    return now + timedelta(seconds=seconds)
