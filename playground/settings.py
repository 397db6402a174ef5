"""What a playground can be told: its address, its data folder, its secrets and Slack's numbers."""

import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from playground.social.settings import Apps, make_apps

FOLDER = Path(__file__).parent
DEFAULT_SCOPES = (
    "chat:write",
    "commands",
    "im:write",
    "im:history",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "files:write",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Slack's rate limits; `tiers` and `methods` are requests a minute, `channel_per_s` is for `chat.postMessage`.

    Source: docs.slack.dev/apis/web-api/rate-limits. "Several hundred a minute" for a workspace is taken as 300.
    """

    is_on: bool = True
    channel_per_s: float = 1.0
    channel_burst: int = 4
    workspace_per_min: int = 300
    tiers: dict[str, int] = field(default_factory=lambda: {"T1": 1, "T2": 20, "T3": 50, "T4": 100})
    methods: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What the bot proves itself with, and what the playground signs with."""

    bot_token: str
    signing_secret: str
    app_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One playground. `bot_url` is where the bot listens (no trailing slash); durations are seconds of real time."""

    data: Path
    port: int = 8080
    bot_url: str = ""
    is_socket_mode: bool = False
    company: Path = FOLDER / "company.yaml"
    secrets: Secrets | None = None
    apps: Apps = field(default_factory=make_apps)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    rates: Rates = field(default_factory=Rates)
    ack_s: float = 3.0
    trigger_s: float = 3.0
    follow_s: float = 1.5
    event_retry_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    response_url_uses: int = 5
    response_url_s: float = 1800.0
    ledger_size: int = 50_000
    has_history: bool = True

    @property
    def address(self) -> str:
        """Return the one address of the playground, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"


def make_secrets() -> Secrets:
    """Return new random secrets, shaped like Slack's."""
    numbers = [str(secrets.randbelow(10**12)).zfill(12) for _ in range(3)]
    return Secrets(
        bot_token=f"xoxb-{numbers[0]}-{numbers[1]}-{secrets.token_hex(12)}",
        signing_secret=secrets.token_hex(16),
        app_token=f"xapp-1-A0VOUCH-{numbers[2]}-{secrets.token_hex(32)}",
    )


def keep_secrets(data: Path) -> Secrets:
    """Return the secrets of the data folder; the first call makes them, readable by their owner alone."""
    path = data / "playground" / "secrets.json"
    try:
        return Secrets(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        made = make_secrets()
    path.parent.mkdir(parents=True, exist_ok=True)
    words = {
        "bot_token": made.bot_token,
        "signing_secret": made.signing_secret,
        "app_token": made.app_token,
    }
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(words, file)
    return made
