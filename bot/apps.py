"""The company's apps at the networks: what the environment says of them, and what is missing for the configuration."""

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

from bot.core.social import NetworkApp

_DEFAULTS: Mapping[str, tuple[str, str]] = {
    "linkedin": ("https://www.linkedin.com", "https://api.linkedin.com"),
    "x": ("https://x.com", "https://api.x.com"),
}


def read_apps(env: Mapping[str, str]) -> Mapping[str, NetworkApp]:
    """Return the apps of networks that want one made by hand, set or not; of others each instance is told by itself."""
    return {
        name: NetworkApp(
            client_id=env.get(f"{name.upper()}_CLIENT_ID", ""),
            client_secret=env.get(f"{name.upper()}_CLIENT_SECRET", ""),
            login_url=(env.get(f"{name.upper()}_LOGIN_URL") or login).rstrip("/"),
            api_url=(env.get(f"{name.upper()}_API_URL") or api).rstrip("/"),
        )
        for name, (login, api) in _DEFAULTS.items()
    }


def wrong_apps(apps: Mapping[str, NetworkApp]) -> list[str]:
    """Return what is wrong about the addresses; secrets and codes go there."""
    return [
        f"{name.upper()}_{key}_URL: {value!r} is not a URL; write it with its scheme, such as {_DEFAULTS[name][place]}"
        for name, app in apps.items()
        for place, (key, value) in enumerate((("LOGIN", app.login_url), ("API", app.api_url)))
        if not is_url(value)
    ]


def missing_apps(apps: Mapping[str, NetworkApp], wanted: Collection[str]) -> Iterable[str]:
    """Return what `mode: api` needs of the `wanted` networks and has not, each with what to do."""
    for name in wanted:
        app = apps.get(name)
        for key, value in (("CLIENT_ID", app.client_id), ("CLIENT_SECRET", app.client_secret)) if app else ():
            if not value:
                yield (
                    f"{name.upper()}_{key} is not set, but config.yaml says networks.{name}.mode: api; set it, "
                    f"or write mode: composer (docs/connectors/{name}.md)"
                )


def is_url(value: str) -> bool:
    """Say whether this is a web address with its scheme."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
