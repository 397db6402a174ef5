"""What goes to a network and comes back from it, as plain data; the port itself is `ports.SocialNetwork`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """How a share gets to a network.

    API: by the member's connected account, if they have connected one. COMPOSER: by the network's own composer. COPY: a
    page gives the text to copy. Whatever API cannot do, COMPOSER does; what COMPOSER cannot be filled with, COPY gives.
    """

    API = "api"
    COMPOSER = "composer"
    COPY = "copy"


class Fault(StrEnum):
    """Why something was certainly not published; the `code` of the `OutsideError` that says so.

    `NotConnected`: EXPIRED, REVOKED, SCOPE (a permission is missing). `TryLater`: RATE_LIMITED (its `after` is how
    long), UNREACHABLE (nothing was sent). `Refused`: DUPLICATE (with the parameter `earlier`, the earlier post's
    address or ""), TOO_LONG, NO_CREDITS, SUNSET (this version of the API is no longer answered), REJECTED (else).
    """

    EXPIRED = "expired"
    REVOKED = "revoked"
    SCOPE = "scope"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    TOO_LONG = "too_long"
    NO_CREDITS = "no_credits"
    SUNSET = "sunset"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkApp:
    """The company's app at a network that has one site: where members agree, and its API; no slash at the end."""

    client_id: str
    client_secret: str = field(repr=False)
    login_url: str
    api_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The company's app at a network; `redirect_uri` is where the network sends a member back to.

    `server` is the address of the instance, without a slash at its end, "" where a network has no instances.
    """

    server: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What acts for a member; `refresh` "" where there is none, `expires_at` `None` where the network names no end."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Whose account it is: the network's id, the name shown there, its page ("" if unknown), and its own text limit."""

    remote_id: str
    name: str
    url: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What to publish: `text` is all that readers see, link and disclosure included, before any escaping.

    `author_id` is `Profile.remote_id`. `title`, `summary` and `picture` (an address, or "") describe the page behind
    `link` for networks that do not read it themselves. `link` stands in `text` where the network has it there.
    """

    author_id: str
    text: str = field(repr=False)
    link: str
    title: str = ""
    summary: str = ""
    picture: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A post that is there: the network's id and the post's public address."""

    remote_id: str
    url: str


Counts = Mapping[str, int]
"""What a network counts for one post, by name: "likes", "reshares", "replies", "quotes", "bookmarks", "impressions"."""
