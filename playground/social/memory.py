"""What the test network remembers: who agreed to what, the posts, the apps that were registered, what was uploaded."""

import hashlib
import secrets
from collections import defaultdict, deque
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from playground.clock import Clock
from playground.store import Store

Json = dict[str, Any]
GRANTS, POSTS, APPS = "social-grants", "social-posts", "social-apps"


@dataclass(slots=True, kw_only=True)
class Code:
    """A code on its way to the bot; `ends_at` is a moment in seconds."""

    network: str
    who: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    ends_at: float
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class Grant:
    """What one person allowed one app. Of tokens only their hashes are kept; `expires_at` None is for ever."""

    id: str
    network: str
    who: str
    client_id: str
    scopes: tuple[str, ...]
    access: str = ""
    refresh: str = ""
    expires_at: float | None = None
    is_revoked: bool = False


@dataclass(slots=True, kw_only=True)
class Post:
    """One public post: `text` as readers see it, `raw` as it came, `request` the id of the call that made it.

    `remote_id` is what the network's API calls it, `key` the key it was sent under where the network takes one.
    `path` is where it is shown below the network's address, `permalink` how the real network would call it.
    """

    id: str
    network: str
    who: str
    text: str
    raw: str
    remote_id: str = ""
    link: str = ""
    path: str = ""
    permalink: str = ""
    request: str = ""
    at: str = ""
    key: str = ""
    language: str = ""
    card: Json = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    is_deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Upload:
    """A picture that is expected from a person, or has arrived."""

    id: str
    who: str
    picture: bytes = b""


def hashed(token: str) -> str:
    """Return what a token is kept as."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(slots=True)
class Memory:
    """Everything there is; what survives a restart goes to the store."""

    clock: Clock
    store: Store
    codes: dict[str, Code] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    apps: dict[str, Json] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    windows: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    last: int = 7_000_000_000_000_000_000

    def load(self) -> None:
        """Take back what the store kept."""
        for key, row in self.store.shelf(GRANTS).items():
            self.grants[key] = Grant(**{**row, "scopes": tuple(row["scopes"])})
        self.posts.update({key: Post(**row) for key, row in self.store.shelf(POSTS).items()})
        self.apps.update(self.store.shelf(APPS))
        self.last = max((self.last, *map(int, self.grants), *map(int, self.posts)))

    def now(self) -> float:
        """Return the present moment in seconds."""
        return self.clock.now().timestamp()

    def add_code(self, code: Code) -> str:
        """Keep a code and return it as the person carries it."""
        made = secrets.token_urlsafe(48)
        self.codes[made] = code
        return made

    def take_code(self, text: str) -> Code | None:
        """Return a code once and in time, else None."""
        code = self.codes.get(text)
        if code is None or code.is_used or self.now() > code.ends_at:
            return None
        code.is_used = True
        return code

    def keep_grant(self, grant: Grant) -> None:
        """Keep a grant as it is now."""
        self.grants[grant.id] = grant
        self.store.put(GRANTS, grant.id, asdict(grant))

    def find_grant(self, network: str, *, access: str = "", refresh: str = "") -> Grant | None:
        """Return the grant of a token, dead or alive, or None."""
        name, wanted = ("access", hashed(access)) if access else ("refresh", hashed(refresh))
        found = (one for one in self.grants.values() if one.network == network and getattr(one, name) == wanted)
        return next(found, None) if access or refresh else None

    def grants_of(self, network: str, who: str) -> list[Grant]:
        """Return what a person allowed at a network, oldest first."""
        return [one for one in self.grants.values() if (one.network, one.who) == (network, who)]

    def keep_post(self, post: Post) -> None:
        """Keep a post as it is now."""
        self.posts[post.id] = post
        self.store.put(POSTS, post.id, asdict(post))

    def posts_of(self, network: str = "", who: str = "") -> list[Post]:
        """Return posts, deleted ones too, oldest first; an empty word fits all."""
        return [one for one in self.posts.values() if network in ("", one.network) and who in ("", one.who)]

    def keep_app(self, client_id: str, app: Json) -> None:
        """Keep an app that registered itself."""
        self.apps[client_id] = app
        self.store.put(APPS, client_id, app)

    def passed(self, what: str, *, seconds: float) -> int:
        """Return how often that was counted in the last so many seconds."""
        times, now = self.windows[what], self.now()
        while times and now - times[0] >= seconds:
            times.popleft()
        return len(times)

    def count(self, what: str) -> None:
        """Count that once more."""
        self.windows[what].append(self.now())

    def free_at(self, what: str, *, seconds: float) -> float:
        """Return the moment at which the oldest of those counted is forgotten."""
        times = self.windows[what]
        return (times[0] if times else self.now()) + seconds

    def new_id(self) -> str:
        """Return a number for something new, higher than every earlier one."""
        self.last = max(self.last + 1, 7_000_000_000_000_000_000 + int(self.now() * 1_000_000))
        return str(self.last)

    def midnight(self) -> timedelta:
        """Return how long it is until the next midnight in UTC."""
        now = self.clock.now()
        return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - now
