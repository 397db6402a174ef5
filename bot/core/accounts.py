"""Members' accounts at networks: when tokens are renewed, when members are reminded, which of two accounts stays."""

from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.networks import NETWORKS
from bot.core.social import Tokens

LINK_LIFETIME = timedelta(minutes=10)
"""How long a one-time link, and all that follows from it in the browser, may be used."""

RENEWED_BEFORE = timedelta(minutes=5)
REMINDED_BEFORE = timedelta(days=10)
RENEWAL_LEASE = timedelta(minutes=2)
"""How long one process may take to renew tokens before another tries; no call to a network takes as long."""

ENDS_WITHIN = timedelta(seconds=15)
"""After so long the tokens of an account that was disconnected go, whatever the network says."""


class AccountState(StrEnum):
    """CONNECTED; BROKEN: the member has to agree anew; ENDING: disconnected, its tokens go with the next job."""

    CONNECTED = "connected"
    BROKEN = "broken"
    ENDING = "ending"


def has_instances(network: str) -> bool:
    """Say whether a network has many instances, so that a member first says which one is theirs."""
    known = NETWORKS.get(network)
    return known is not None and known.has_api and not known.post_hosts


def ends_at(tokens: Tokens) -> datetime | None:
    """Return when a member has to agree anew; `None` where tokens can be renewed or do not end."""
    return None if tokens.refresh else tokens.expires_at


def is_renewed_now(tokens: Tokens, now: datetime) -> bool:
    """Say whether tokens have to be renewed before they are used."""
    return bool(tokens.refresh) and tokens.expires_at is not None and tokens.expires_at - now <= RENEWED_BEFORE


def is_over(tokens: Tokens, now: datetime) -> bool:
    """Say whether tokens act for nobody any more."""
    return tokens.expires_at is not None and tokens.expires_at <= now


def remind_at(connected_at: datetime, ends_at: datetime) -> datetime:
    """Return when a member is reminded to agree anew: ten days before, of what lasts less than 60 a sixth of it."""
    return ends_at - min(REMINDED_BEFORE, (ends_at - connected_at) / 6)


def stays(counting: AccountState, other: AccountState) -> bool:
    """Say whether of two accounts of one person at one network that of the row that counts stays: the better one."""
    order = (AccountState.CONNECTED, AccountState.BROKEN, AccountState.ENDING)
    return order.index(counting) <= order.index(other)
