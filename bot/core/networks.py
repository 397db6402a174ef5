"""The networks a post may be shared on: what each takes, how it counts, and what a link to a post there looks like.

Limits and composers: docs/connectors/. Addresses of posts are those that the networks' own *Copy link* gives.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit


class Counting(StrEnum):
    """How a network counts the length of a text."""

    CHARACTERS = "characters"
    X = "x"
    GRAPHEMES = "graphemes"
    MASTODON = "mastodon"
    THREADS = "threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permalink:
    """One shape of a post's address: `pattern` for path (or path and query), `key` its one canonical address."""

    pattern: re.Pattern[str]
    key: str
    query: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What is known of one network.

    `limit` is in the network's own counting, `None` where there is none to speak of (an instance may have another).
    `takes_text` says whether its composer can be filled in; `link_in_text` whether the link stands in the text or is
    handed over apart from it. With `has_api` members can connect an account. `post_hosts` empty with `permalinks` means
    any host (Mastodon).
    """

    name: str
    label: str
    limit: int | None
    counting: Counting = Counting.CHARACTERS
    takes_text: bool = True
    link_in_text: bool = True
    has_api: bool = False
    earns_points: bool = True
    utm_medium: str = "social"
    post_hosts: frozenset[str] = frozenset()
    permalinks: tuple[Permalink, ...] = ()


class NotAPermalink(ValueError):
    """The address is not that of a post on the network."""


def _shape(pattern: str, key: str, *query: str) -> Permalink:
    return Permalink(pattern=re.compile(pattern, re.IGNORECASE), key=key, query=query)


# The number in LinkedIn's /posts/ address is that of the activity (or share) in its /feed/update/ address.
_LINKEDIN = (
    _shape(r"/feed/update/urn:li:(?P<kind>activity|share|ugcPost):(?P<id>\d{5,25})", "linkedin"),
    _shape(r"/posts/[^/]*?(?P<kind>activity|share|ugcPost)-(?P<id>\d{5,25})(?:-[\w-]*)?", "linkedin"),
)
_X = (
    _shape(
        r"/(?:i/web|i|\w{1,15})/status(?:es)?/(?P<id>\d{1,25})(?:/(?:photo|video)/\d)?", "https://x.com/i/status/{id}"
    ),
)
_MASTODON = (
    _shape(r"(?:/web|/deck)?/@(?P<who>[\w.-]+(?:@[\w.-]+)?)/(?P<id>\d{1,25})", "https://{host}/@{who}/{id}"),
    _shape(r"/users/(?P<who>[\w.-]+)/statuses/(?P<id>\d{1,25})", "https://{host}/@{who}/{id}"),
)
_BLUESKY = (
    _shape(
        r"/profile/(?P<who>did:[a-z]+:[\w.:%-]+|[\w.-]+)/post/(?P<id>[\w-]{1,64})",
        "https://bsky.app/profile/{who}/post/{id}",
    ),
)
_THREADS = (_shape(r"(?:/@[\w.]+/post|/t)/(?P<id>[\w-]{5,64})(?:/media)?", "https://www.threads.com/t/{id}"),)
_FACEBOOK = (
    _shape(r"/(?P<who>[\w.-]+)/posts/(?P<id>[\w.-]+)", "https://www.facebook.com/{who}/posts/{id}"),
    _shape(r"/(?P<who>[\w.-]+)/posts/[\w.%-]+/(?P<id>\d+)", "https://www.facebook.com/{who}/posts/{id}"),
    _shape(
        r"/groups/(?P<who>[\w.-]+)/(?:posts|permalink)/(?P<id>\d+)", "https://www.facebook.com/groups/{who}/posts/{id}"
    ),
    _shape(
        r"/(?:permalink|story)\.php",
        "https://www.facebook.com/permalink.php?story_fbid={story_fbid}&id={id}",
        "story_fbid",
        "id",
    ),
    _shape(r"/share/(?:(?P<kind>[prv])/)?(?P<id>\w{6,})", "https://www.facebook.com/share/{id}"),
)
_XING = (
    _shape(r"/discover/detail-activities/(?P<id>[\w.-]+)", "https://www.xing.com/discover/detail-activities/{id}"),
    _shape(r"/(?:social/)?postings?/(?P<id>[\w.:-]+)", "https://www.xing.com/social/postings/{id}"),
)

_ALL = (
    Network(
        name="linkedin",
        label="LinkedIn",
        limit=3000,
        has_api=True,
        post_hosts=frozenset({"linkedin.com"}),
        permalinks=_LINKEDIN,
    ),
    Network(
        name="x",
        label="X",
        limit=280,
        counting=Counting.X,
        has_api=True,
        post_hosts=frozenset({"x.com", "twitter.com"}),
        permalinks=_X,
    ),
    Network(
        name="mastodon",
        label="Mastodon",
        limit=500,
        counting=Counting.MASTODON,
        has_api=True,
        permalinks=_MASTODON,
    ),
    Network(
        name="bluesky",
        label="Bluesky",
        limit=300,
        counting=Counting.GRAPHEMES,
        post_hosts=frozenset({"bsky.app"}),
        permalinks=_BLUESKY,
    ),
    # Meta's rules forbid to reward posting, here as on Facebook (developers.facebook.com/docs/apps/policies).
    Network(
        name="threads",
        label="Threads",
        limit=500,
        counting=Counting.THREADS,
        earns_points=False,
        post_hosts=frozenset({"threads.net", "threads.com"}),
        permalinks=_THREADS,
    ),
    # Facebook ignores a text, its rules forbid to fill one in and to reward sharing.
    Network(
        name="facebook",
        label="Facebook",
        limit=63_206,
        takes_text=False,
        link_in_text=False,
        earns_points=False,
        post_hosts=frozenset({"facebook.com", "fb.com"}),
        permalinks=_FACEBOOK,
    ),
    Network(name="whatsapp", label="WhatsApp", limit=None),
    Network(
        name="xing",
        label="Xing",
        limit=None,
        takes_text=False,
        link_in_text=False,
        post_hosts=frozenset({"xing.com"}),
        permalinks=_XING,
    ),
    Network(name="email", label="E-mail", limit=None, utm_medium="email"),
)

NETWORKS: Mapping[str, Network] = {one.name: one for one in _ALL}

# Sites whose addresses look like Mastodon's but are not.
_NOT_MASTODON = ("threads.net", "threads.com", "medium.com", "tiktok.com", "youtube.com", "x.com", "twitter.com")
MAX_URL = 2000
MAX_KEY = 500
_PUBLIC_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+")


def is_post_of(network: str, url: str, *, extra_hosts: Collection[str] = ()) -> bool:
    """Say whether `url` is the address of a post on `network`; `extra_hosts` are hosts of local installations."""
    try:
        canonical_permalink(network, url, extra_hosts=extra_hosts)
    except NotAPermalink:
        return False
    return True


def canonical_permalink(network: str, url: str, *, extra_hosts: Collection[str] = ()) -> str:
    """Return the one address of a post, however it was copied: the same post always gives the same text.

    Query, fragment, mobile hosts and old names of the network are gone. On `extra_hosts` ("host" or "host:port", any
    path before the post's own) the address is kept as it is, without query and fragment. Raises `NotAPermalink`.
    """
    known = NETWORKS.get(network)
    parts = _split(url)
    if known is None or parts is None or parts.hostname is None:
        raise NotAPermalink(network)
    path = unquote(parts.path).rstrip("/")
    if not {parts.netloc.lower(), parts.hostname}.isdisjoint(one.lower() for one in extra_hosts):
        if any(re.fullmatch(rf"(?:/[\w.-]+)*?{one.pattern.pattern}", path, re.IGNORECASE) for one in known.permalinks):
            return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"[:MAX_KEY]
    elif _is_host_of(known, parts.hostname) and parts.port in {None, 80, 443}:
        for shape in known.permalinks:
            found = _key(shape, parts.hostname, path, parts.query)
            if found is not None and len(found) <= MAX_KEY:
                return found
    raise NotAPermalink(network)


def _split(url: str) -> SplitResult | None:
    """Return the parts of an http(s) address without credentials, or `None`; a wrong port counts as no address."""
    if len(url) > MAX_URL:
        return None
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and "@" not in parts.netloc else None


def _is_host_of(network: Network, host: str) -> bool:
    if network.post_hosts:
        return any(host == one or host.endswith(f".{one}") for one in network.post_hosts)
    is_other = any(host == one or host.endswith(f".{one}") for one in _NOT_MASTODON)
    return not is_other and _PUBLIC_HOST.fullmatch(host) is not None


def _key(shape: Permalink, host: str, path: str, query: str) -> str | None:
    found = shape.pattern.fullmatch(path)
    if found is None:
        return None
    named = {name: text for name, text in found.groupdict().items() if text is not None}
    if shape.key == "linkedin":
        kind = {"activity": "activity", "share": "share", "ugcpost": "ugcPost"}[named["kind"].lower()]
        return f"https://www.linkedin.com/feed/update/urn:li:{kind}:{named['id']}"
    asked = parse_qs(query)
    if any(re.fullmatch(r"\w{1,120}", asked.get(name, [""])[0]) is None for name in shape.query):
        return None
    named |= {name: asked[name][0] for name in shape.query}
    if "who" in named:
        named["who"] = named["who"].lower()
    return shape.key.format(host=host, **named)
