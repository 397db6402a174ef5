"""What the test network can be told: the apps that the bot has there, and the networks' limits."""

import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path

MODES = {f"VOUCH_NETWORKS__{name}__MODE": "api" for name in ("LINKEDIN", "X", "MASTODON")}
"""What makes a bot use the networks by their APIs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The bot's app at one network."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apps:
    """The bot's apps where one is made by hand; Mastodon's are registered over HTTP."""

    linkedin: App
    x: App

    def of(self, network: str) -> App | None:
        """Return the app at that network, or None."""
        return {"linkedin": self.linkedin, "x": self.x}.get(network)


def make_apps() -> Apps:
    """Return apps with random ids and secrets, shaped like the networks'."""
    return Apps(
        linkedin=App(client_id=f"86{secrets.token_hex(6)}", client_secret=f"WPL_AP1.{secrets.token_urlsafe(18)}=="),
        x=App(client_id=secrets.token_urlsafe(24), client_secret=secrets.token_urlsafe(36)),
    )


def keep_apps(data: Path) -> Apps:
    """Return the apps of the data folder; the first call makes them, readable by their owner alone."""
    path = data / "playground" / "apps.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Apps(linkedin=App(**told["linkedin"]), x=App(**told["x"]))
    except FileNotFoundError:
        made = make_apps()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(made), file)
    return made


@dataclass(slots=True, kw_only=True)
class Limits:
    """The networks' numbers, which may change at any time; characters as each network counts them.

    `linkedin_posts` is a member's a day, `x_posts` and `x_reads` a person's in 15 minutes, `mastodon_calls` a person's
    in 5 minutes. `oldest_version` and everything in `sunset` are about LinkedIn's versions. `credits` are X's dollars,
    None for plenty.
    """

    linkedin_characters: int = 3000
    linkedin_posts: int = 150
    oldest_version: str = "202512"
    sunset: tuple[str, ...] = ()
    x_weight: int = 280
    x_posts: int = 100
    x_reads: int = 5000
    credits: float | None = None
    mastodon_characters: int = 500
    mastodon_calls: int = 300


@dataclass(slots=True, kw_only=True)
class SocialSettings:
    """One test network. `address` is that of everything; `public_url` that of the bot, the same if it is empty.

    `is_vetted` gives LinkedIn's app the members' figures; without `has_pkce` Mastodon is older than 4.3. `urn` is what
    LinkedIn calls a new post, "share" or "ugcPost".
    """

    apps: Apps = field(default_factory=make_apps)
    address: str = ""
    public_url: str = ""
    is_vetted: bool = False
    has_pkce: bool = True
    urn: str = "share"
    limits: Limits = field(default_factory=Limits)

    def redirect_uri(self, network: str) -> str:
        """Return where the bot's app at that network lets people be sent back to."""
        return f"{self.public_url or self.address}/connect/callback/{network}"

    def base(self, network: str) -> str:
        """Return that network's address here, without a trailing slash."""
        return f"{self.address}/net/{network}"

    def environment(self) -> dict[str, str]:
        """Return what leads a bot to these networks."""
        linkedin, x = self.base("linkedin"), self.base("x")
        return {
            "LINKEDIN_CLIENT_ID": self.apps.linkedin.client_id,
            "LINKEDIN_CLIENT_SECRET": self.apps.linkedin.client_secret,
            "LINKEDIN_LOGIN_URL": linkedin,
            "LINKEDIN_API_URL": f"{linkedin}/api",
            "X_CLIENT_ID": self.apps.x.client_id,
            "X_CLIENT_SECRET": self.apps.x.client_secret,
            "X_LOGIN_URL": x,
            "X_API_URL": f"{x}/api",
            "VOUCH_NETWORKS__MASTODON__SERVER": self.base("mastodon"),
        }
