"""Which server of a network a member means by what they typed: every Mastodon server is a site of its own."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from bot.core.links import UnfitLink, clean_target

MAX_TYPED = 300

_HANDLE = re.compile(r"(?:acct:)?@?[^@/\s:]+@(?P<host>[^@/\s]+)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NAME = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])(?::\d{1,5})?"
)


class NotAServer(ValueError):
    """What was typed names no server."""


def server_of(typed: str, *, allowed: Collection[str] = ()) -> str:
    """Return the address of the server that `typed` names, such as "https://mastodon.social", no slash at the end.

    Understood are a name, a handle ("@ada@mastodon.social"), and the address of any page there; whatever was typed, it
    is https, and an IP address is none. Only on the exact origins `allowed` ("http://127.0.0.1:8080") scheme and path
    stay, up to a handle in it: a server for trying out may lie there. Doing it again to the result changes nothing.
    Raises `NotAServer`.
    """
    words = typed.strip()
    if not words or len(words) > MAX_TYPED:
        raise NotAServer
    if handle := _HANDLE.fullmatch(words):
        words = handle["host"]
    try:
        parts = urlsplit(clean_target(words if _SCHEME.match(words) else f"https://{words}"))
    except UnfitLink:
        raise NotAServer from None
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin in {one.rstrip("/").lower() for one in allowed}:
        return f"{origin}{parts.path.partition('/@')[0].rstrip('/')}"
    name = parts.netloc.removesuffix(":443").removesuffix(":80")
    if _NAME.fullmatch(name) is None:
        raise NotAServer
    return f"https://{name}"
