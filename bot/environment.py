"""What the environment says: secrets, addresses and the data folder; never in `config.yaml`."""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bot.apps import is_url, read_apps, wrong_apps
from bot.config import ConfigError
from bot.config_parts import GUID
from bot.core.social import NetworkApp

LOG_FORMATS = ("json", "plain")
LOG_LEVELS = ("debug", "info", "warning")
DATABASES = ("sqlite", "postgresql", "postgres")
DATABASE_OPTIONS = ("host", "passfile", "password", "port", "ssl", "sslmode", "target_session_attrs", "user")
UNKNOWN_OPTION = f"has an unknown option after its ?; known are {', '.join(DATABASE_OPTIONS)}"
SECRET_KEY = re.compile("[0-9a-f]{64}")
LONGEST_DRAIN_SECONDS = 600
DEFAULT_SLACK_API = "https://slack.com/api/"
DEFAULT_TEAMS_LOGIN = "https://login.microsoftonline.com"
DEFAULT_TEAMS_OPENID = "https://login.botframework.com/v1/.well-known/openidconfiguration"
NO_PLATFORM = (
    "no platform is set; for Slack set SLACK_BOT_TOKEN, and SLACK_SIGNING_SECRET or SLACK_APP_TOKEN (docs/install.md); "
    "for Teams set TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID (docs/teams.md)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsEnvironment:
    """What the environment says of Teams; ids and hosts in small letters. `repr` shows no secret."""

    app_id: str
    app_password: str = field(repr=False)
    tenant_id: str
    login_url: str
    openid_url: str
    service_hosts: tuple[str, ...]
    is_anonymous: bool
    is_targeted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The environment of one process, checked. `repr` shows no secret."""

    config_path: Path
    data: Path
    host: str
    port: int
    public_url: str | None
    is_without_public_url: bool
    database_url: str | None
    slack_bot_token: str
    slack_signing_secret: str
    slack_app_token: str
    slack_api_url: str
    teams: TeamsEnvironment
    apps: Mapping[str, NetworkApp]
    secret_key: str
    token_keys: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    preview_allow: tuple[str, ...]
    clock_url: str | None
    metrics_token: str
    log_format: str
    log_level: str
    drain_seconds: int

    def __repr__(self) -> str:
        """Return the place of the configuration alone."""
        return f"Environment(config_path={self.config_path!s})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every secret there is, to be kept out of logs."""
        password = urlsplit(self.database_url or "").password or ""
        slack = (self.slack_bot_token, self.slack_signing_secret, self.slack_app_token)
        apps = (one.client_secret for one in self.apps.values())
        keys = (self.secret_key, *self.token_keys)
        held = (*slack, self.teams.app_password, *apps, *keys, self.metrics_token, password)
        return tuple(one for one in held if one)

    @property
    def has_slack(self) -> bool:
        """Say whether everything that Slack needs is set."""
        return bool(self.slack_bot_token and (self.slack_signing_secret or self.slack_app_token))

    @property
    def has_teams(self) -> bool:
        """Say whether everything that Teams needs is set; without authentication, for development, it needs nothing."""
        teams = self.teams
        return teams.is_anonymous or bool(teams.app_id and teams.app_password and teams.tenant_id)


def read_environment(env: Mapping[str, str] | None = None) -> Environment:
    """Read and check the environment; raises `ConfigError` with every problem at once."""
    env = os.environ if env is None else env
    found = Environment(
        config_path=Path(env.get("VOUCH_CONFIG") or "config.yaml"),
        data=Path(env.get("VOUCH_DATA") or "data"),
        host=env.get("VOUCH_HOST") or "127.0.0.1",
        port=_number(env, "VOUCH_PORT", 3000),
        public_url=(env.get("PUBLIC_URL") or "").rstrip("/") or None,
        is_without_public_url=_is_on(env, "VOUCH_WITHOUT_PUBLIC_URL"),
        database_url=env.get("DATABASE_URL") or None,
        slack_bot_token=env.get("SLACK_BOT_TOKEN", ""),
        slack_signing_secret=env.get("SLACK_SIGNING_SECRET", ""),
        slack_app_token=env.get("SLACK_APP_TOKEN", ""),
        slack_api_url=env.get("SLACK_API_URL") or DEFAULT_SLACK_API,
        teams=_teams(env),
        apps=read_apps(env),
        secret_key=env.get("VOUCH_SECRET_KEY", "").strip().lower(),
        token_keys=_list(env, "VOUCH_TOKEN_KEYS"),
        trusted_proxies=_list(env, "TRUSTED_PROXIES"),
        preview_allow=_list(env, "PREVIEW_ALLOW"),
        clock_url=env.get("VOUCH_CLOCK_URL") or None,
        metrics_token=env.get("METRICS_TOKEN", ""),
        log_format=env.get("VOUCH_LOG") or "json",
        log_level=(env.get("VOUCH_LOG_LEVEL") or "info").lower(),
        drain_seconds=_seconds(env, "VOUCH_DRAIN_SECONDS"),
    )
    problems = [
        *_wrong_port(env),
        *_wrong_addresses(found),
        *_wrong_teams(found),
        *wrong_apps(found.apps),
        *_unsafe_apps(found.apps),
        *_wrong_keys(found),
        *_wrong_drain(env),
        *_wrong_networks(found),
        *_wrong_choices(found),
        *_wrong_folder(found.data),
    ]
    if problems:
        raise ConfigError(problems)
    return found


def _teams(env: Mapping[str, str]) -> TeamsEnvironment:
    return TeamsEnvironment(
        app_id=env.get("TEAMS_APP_ID", "").lower(),
        app_password=env.get("TEAMS_APP_PASSWORD", ""),
        tenant_id=env.get("TEAMS_TENANT_ID", "").lower(),
        login_url=(env.get("TEAMS_LOGIN_URL") or DEFAULT_TEAMS_LOGIN).rstrip("/"),
        openid_url=env.get("TEAMS_OPENID_URL") or DEFAULT_TEAMS_OPENID,
        service_hosts=tuple(one.lower() for one in _list(env, "TEAMS_SERVICE_HOSTS")),
        is_anonymous=_is_on(env, "TEAMS_ANONYMOUS"),
        is_targeted=_is_on(env, "TEAMS_TARGETED"),
    )


def missing_for_run(env: Environment) -> list[str]:
    """Return what `vouch run` cannot do without, each with what to do; one platform, whole, is enough."""
    teams = env.teams
    is_slack_begun = bool(env.slack_bot_token or env.slack_signing_secret or env.slack_app_token)
    is_teams_begun = bool(teams.app_id or teams.app_password or teams.tenant_id or teams.is_anonymous)
    found = [] if is_slack_begun or is_teams_begun else [NO_PLATFORM]
    if is_slack_begun:
        found += _missing_for_slack(env)
    if is_teams_begun and not teams.is_anonymous:
        found += _missing_for_teams(teams)
    if env.public_url is None and not env.is_without_public_url:
        found.append(
            "PUBLIC_URL is not set; tracked links need an address that the outside can reach, such as "
            "https://vouch.example.com; to run without tracked links set VOUCH_WITHOUT_PUBLIC_URL=1 (docs/install.md)"
        )
    return found


def missing_for_package(env: Environment) -> list[str]:
    """Return what `vouch package teams` cannot do without, each with what to do."""
    found, url = [], env.public_url
    if not env.teams.app_id:
        found.append("TEAMS_APP_ID is not set; the package must name your Azure Bot by its app id (docs/teams.md)")
    if url is None:
        found.append("PUBLIC_URL is not set; the package must say where the app comes from (docs/teams.md)")
    elif not _is_safe(url):
        found.append(f"PUBLIC_URL: {url!r} is not https; Teams needs an address with a certificate (docs/teams.md)")
    return found


def _missing_for_slack(env: Environment) -> list[str]:
    found = []
    if not env.slack_bot_token:
        found.append("SLACK_BOT_TOKEN is not set; it is the xoxb-… token of your Slack app (docs/install.md)")
    if not (env.slack_signing_secret or env.slack_app_token):
        found.append(
            "SLACK_SIGNING_SECRET (for HTTP) or SLACK_APP_TOKEN (for Socket Mode) is not set; "
            "without one nobody could be told from a stranger (docs/install.md)"
        )
    return found


def _missing_for_teams(teams: TeamsEnvironment) -> list[str]:
    found = []
    if not teams.app_id:  # an empty one would switch the SDK's own authentication off
        found.append(
            "TEAMS_APP_ID is not set; it is the app id of your Azure Bot, and without it nobody could be told "
            "from a stranger (docs/teams.md)"
        )
    if not teams.app_password:
        found.append("TEAMS_APP_PASSWORD is not set; it is a client secret of the bot's app (docs/teams.md)")
    if not teams.tenant_id:
        found.append("TEAMS_TENANT_ID is not set; it is the id of your Microsoft 365 tenant (docs/teams.md)")
    return found


def secret_of(data: Path, *, given: str = "") -> bytes:
    """Return this installation's own key for hashes: the one `given`, else that of the data folder.

    The one in the folder is made at the first start and kept.
    """
    if given:
        return bytes.fromhex(given)
    path = data / "secret.key"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    held = path.read_text().strip()
    if not SECRET_KEY.fullmatch(held):
        raise ConfigError([f"{path} is damaged; restore it from a backup (docs/operations.md#backup-and-restore)"])
    return bytes.fromhex(held)


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    return int(value) if _is_port(value) else default


def _is_port(value: str) -> bool:
    return value.isascii() and value.isdecimal() and 1 <= int(value) <= 65535


def _seconds(env: Mapping[str, str], name: str) -> int:
    value = env.get(name) or "0"
    return int(value) if _is_pause(value) else 0


def _is_pause(value: str) -> bool:
    return value.isascii() and value.isdecimal() and int(value) <= LONGEST_DRAIN_SECONDS


def _is_on(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").lower() in ("1", "true", "yes")


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in env.get(name, "").split(",") if one.strip())


def _wrong_port(env: Mapping[str, str]) -> list[str]:
    value = env.get("VOUCH_PORT") or "3000"
    return [] if _is_port(value) else [f"VOUCH_PORT: {value!r} is no port; write a number from 1 to 65535"]


def _wrong_addresses(env: Environment) -> list[str]:
    found = []
    addresses = {
        "PUBLIC_URL": env.public_url,
        "SLACK_API_URL": env.slack_api_url,
        "TEAMS_LOGIN_URL": env.teams.login_url,
        "TEAMS_OPENID_URL": env.teams.openid_url,
        "VOUCH_CLOCK_URL": env.clock_url,
    }
    for name, value in addresses.items():
        if value and not is_url(value):
            found.append(f"{name}: {value!r} is not a URL; write it with its scheme, such as https://vouch.example.com")
    if env.clock_url and not (is_loopback(env.clock_url) and is_loopback(env.public_url or "")):
        found.append("VOUCH_CLOCK_URL moves time and is for the local playground: it and PUBLIC_URL must be loopback")
    return found


def _is_safe(url: str) -> bool:
    return urlsplit(url).scheme == "https" or is_loopback(url)


def _wrong_teams(env: Environment) -> list[str]:
    """Return what is wrong about Teams. What was written for an id is not repeated: it may be the secret."""
    teams = env.teams
    found = [
        f"{name}: is no id; write it as Azure shows it: 32 letters and digits with four dashes (docs/teams.md)"
        for name, value in (("TEAMS_APP_ID", teams.app_id), ("TEAMS_TENANT_ID", teams.tenant_id))
        if value and not GUID.fullmatch(value)
    ]
    found += [
        f"{name}: {value!r} is not https; the bot's secret and the keys to check requests with come and go there"
        for name, value in (("TEAMS_LOGIN_URL", teams.login_url), ("TEAMS_OPENID_URL", teams.openid_url))
        if is_url(value) and not _is_safe(value)
    ]
    found += [
        f"TEAMS_SERVICE_HOSTS: {value!r} is no host; write a name alone, such as smba.trafficmanager.net"
        for value in teams.service_hosts
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", value)
    ]
    if teams.is_anonymous and not (_is_loopback_host(env.host) and is_loopback(env.public_url or "")):
        found.append(
            "TEAMS_ANONYMOUS lets anyone in who can reach Vouch and is for development: "
            "VOUCH_HOST and PUBLIC_URL must be loopback"
        )
    return found


def _unsafe_apps(apps: Mapping[str, NetworkApp]) -> list[str]:
    return [
        f"{name.upper()}_{key}_URL: {value!r} is not https; the app's secret and members' tokens go there"
        for name, app in apps.items()
        for key, value in (("LOGIN", app.login_url), ("API", app.api_url))
        if is_url(value) and not _is_safe(value)
    ]


def _wrong_keys(env: Environment) -> list[str]:
    """Return which keys are none; what was written is not repeated."""
    found = []
    if not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", one) for one in env.token_keys):
        found.append("VOUCH_TOKEN_KEYS: is no list of keys; `vouch keys make` prints one (docs/operations.md#keys)")
    if env.secret_key and not SECRET_KEY.fullmatch(env.secret_key):
        found.append(
            "VOUCH_SECRET_KEY: is no key; write what stands in secret.key of the data folder: "
            "64 digits and letters from a to f (docs/operations.md#several-machines)"
        )
    return found


def _wrong_drain(env: Mapping[str, str]) -> list[str]:
    value = env.get("VOUCH_DRAIN_SECONDS") or "0"
    return [] if _is_pause(value) else [f"VOUCH_DRAIN_SECONDS: {value!r} is no pause; write seconds from 0 to 600"]


def _wrong_networks(env: Environment) -> list[str]:
    found = []
    for value in env.trusted_proxies:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            found.append(f"TRUSTED_PROXIES: {value!r} is no address or network; write one like 10.0.0.0/8")
    found += [
        f"PREVIEW_ALLOW: {value!r} is no origin; write scheme, host and port, such as http://127.0.0.1:8080"
        for value in env.preview_allow
        if not is_url(value) or urlsplit(value).path not in ("", "/")
    ]
    return found


def _wrong_choices(env: Environment) -> list[str]:
    found = []
    if env.log_format not in LOG_FORMATS:
        found.append(f"VOUCH_LOG: {env.log_format!r} is unknown; write {' or '.join(LOG_FORMATS)}")
    if env.log_level not in LOG_LEVELS:
        found.append(f"VOUCH_LOG_LEVEL: {env.log_level!r} is unknown; write {', '.join(LOG_LEVELS)}")
    if env.database_url is not None:
        scheme = env.database_url.partition("://")[0].partition("+")[0] if "://" in env.database_url else ""
        if not scheme:  # what was written is not repeated: it may hold a password
            found.append(
                "DATABASE_URL: is not a database's address; write one like postgresql://vouch@db.example/vouch"
            )
        elif scheme not in DATABASES:
            found.append("DATABASE_URL: only sqlite and postgresql are supported; leave it out to use SQLite")
        elif scheme != "sqlite" and has_unknown_options(env.database_url):
            found.append(f"DATABASE_URL: {UNKNOWN_OPTION}")
    return found


def has_unknown_options(address: str) -> bool:
    """Say whether a PostgreSQL address has an option that is none of ours; which one may be part of a password."""
    return not set(parse_qs(urlsplit(address).query)) <= set(DATABASE_OPTIONS)


def _wrong_folder(data: Path) -> list[str]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return [f"VOUCH_DATA: {str(data)!r} cannot be written to ({reason}); name a folder that this account may write"]
    return []


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    try:
        return _is_loopback_host(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _is_loopback_host(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
