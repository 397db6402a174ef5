"""What a request must be before anything is done with it: JSON, the fields that every activity has, and ours at all.

400 is the answer to what Teams would never send, 401 to what Microsoft did not sign for us (`tokens.py`), 403 to what
it did sign but what is none of ours: another company's tenant, or an address that we would never answer to.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from math import isinf
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from connectors.chat.teams.limits import (
    MAX_DEPTH,
    MAX_IDENTIFIER,
    MAX_REQUEST_BYTES,
    MAX_SERVICE_URL,
    MAX_STORE_URL,
)

Json = dict[str, Any]

CHANNEL = "msteams"
SERVICE_HOSTS = frozenset(
    {
        # Agents-for-js TeamsServiceEndpoints, microsoft_agents-hosting: public, GCC, GCC High, DoD
        "smba.trafficmanager.net",
        "smba.infra.gcc.teams.microsoft.com",
        "smba.infra.gov.teams.microsoft.us",
        "smba.infra.dod.teams.microsoft.us",
    }
)
STORES = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn", ".svc.ms")
"""Where OneDrive takes files: microsoft-365 enterprise/urls-and-ip-address-ranges, "SharePoint and OneDrive"."""

_OBJECTS = ("conversation", "from", "recipient", "channelData")
_LISTS = ("entities", "attachments", "membersAdded", "membersRemoved", "reactionsAdded", "reactionsRemoved")
_TEXTS = ("id", "name", "text", "replyToId", "action", "locale")
_INVOKES_WITH_VALUE = ("adaptiveCard/", "task/", "composeExtension/")
_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII without blanks and backslashes, which parsers read differently
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Rejected(Exception):
    """A request that is not let in: the HTTP `status` and the plain words to answer.

    `reason` is for the log, and only of what Microsoft did sign: strangers must not be able to fill it.
    """

    def __init__(self, status: int, words: str, *, reason: str = "") -> None:
        """Reject with `status` and `words`."""
        super().__init__(words)
        self.status = status
        self.words = words
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to an activity: an invoke has its own `status` and `body`, everything else 202 and nothing."""

    status: int = HTTPStatus.ACCEPTED
    body: Json | None = None


class Receiver(Protocol):
    """Whoever handles the activities that were let in."""

    async def receive(self, activity: Json) -> Answer:
        """Handle one activity, as Teams sent it, and return the answer."""


def too_large() -> Rejected:
    """Return the answer to a request over the size limit."""
    return Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request is larger than {MAX_REQUEST_BYTES} bytes")


def malformed(what: str) -> Rejected:
    """Return the answer to a request of which `what` is not as Teams sends it."""
    return Rejected(HTTPStatus.BAD_REQUEST, f"the request is not what Teams sends: {what}")


def read_activity(body: bytes) -> Json:
    """Return the activity that `body` holds, with every field that its type must have; else raise `Rejected`.

    Fields that nobody reads may be of any kind: Teams adds new ones without a word, and an activity refused for one of
    them is a click lost. Those that are read have their type here or are missing; ids are printable and never empty.
    """
    activity = _object(body)
    for name in _TEXTS:
        if not isinstance(activity.get(name, ""), str | None):
            raise malformed(f"{name} must be a string")
    for name in _OBJECTS:
        if not isinstance(activity.get(name, {}), dict | None):
            raise malformed(f"{name} must be an object")
    for name in _LISTS:
        _check_list(name, activity.get(name))
    _check_required(activity)
    if activity["type"] == "invoke":
        _check_invoke(activity)
    return activity


def _object(body: bytes) -> Json:
    try:
        held = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise malformed("its body is not JSON") from None
    if not isinstance(held, dict):
        raise malformed("its body is not a JSON object")
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deeper(held, MAX_DEPTH):
        raise malformed("it is nested too deeply")
    if _ESCAPED_SURROGATE.search(body):  # half of an emoji, which no database takes, becomes a question mark
        held = json.loads(json.dumps(held, ensure_ascii=False).encode("utf-8", "replace"))
    return held


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    """Return the number unless it is too large to be one, which JSON could not say again."""
    number = float(digits)
    if isinf(number):
        raise ValueError("a number too large")
    return number


def _is_deeper(held: object, levels: int) -> bool:
    """Say whether lists and objects stand in each other more than `levels` deep."""
    layer: list[object] = [held]
    for _ in range(levels):
        layer = [inner for one in layer for inner in _inside(one) if isinstance(inner, dict | list)]
    return bool(layer)


def _inside(one: object) -> Iterable[object]:
    if isinstance(one, dict):
        return one.values()
    return one if isinstance(one, list) else ()


def _check_list(name: str, held: object) -> None:
    if not isinstance(held, list | None) or not all(isinstance(one, dict) for one in held or ()):
        raise malformed(f"{name} must be a list of objects")


def _check_required(activity: Json) -> None:
    kind = activity.get("type")
    if not isinstance(kind, str) or not _is_identifier(kind):
        raise malformed("type is missing")
    if activity.get("channelId") != CHANNEL:
        raise malformed(f"channelId must be {CHANNEL}")
    url = activity.get("serviceUrl")
    if not isinstance(url, str) or _service_address(url) is None:
        raise malformed("serviceUrl is missing or no address")
    if not _is_identifier((activity.get("conversation") or {}).get("id")):
        raise malformed("conversation.id is missing")
    if kind in ("message", "invoke") and not _is_identifier((activity.get("from") or {}).get("id")):
        raise malformed("from.id is missing")
    if kind == "message" and not _is_identifier(activity.get("id")):
        raise malformed("id is missing")


def _is_identifier(held: object) -> bool:
    return isinstance(held, str) and 0 < len(held) <= MAX_IDENTIFIER and held.isprintable()


def _check_invoke(activity: Json) -> None:
    """Check what an invoke is about; of a card's button it is an Action.Execute, as Teams' pages say."""
    name, value = activity.get("name"), activity.get("value")
    if not isinstance(name, str) or not _is_identifier(name):
        raise malformed("name is missing")
    if name.startswith(_INVOKES_WITH_VALUE) and not isinstance(value, dict):
        raise malformed("value must be an object")
    if name == "adaptiveCard/action" and isinstance(value, dict):
        action = value.get("action")
        if not isinstance(action, dict) or action.get("type") != "Action.Execute":
            raise malformed("value.action must be an Action.Execute")


def _web_address(url: str, *, longest: int) -> SplitResult | None:
    """Return the parts of `url`, `None` unless every parser reads it as one web address, https on its own port."""
    if len(url) > longest or not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or "#" in url or port == 0:
        return None
    return None if parts.scheme == "https" and port not in (None, 443) else parts


def _service_address(url: str) -> SplitResult | None:
    """Return the parts of what can be a service address, which has no query, as paths are written behind it."""
    return None if "?" in url else _web_address(url, longest=MAX_SERVICE_URL)


def is_loopback(host: str) -> bool:
    """Say whether `host`, a name or an address without a port, is this machine."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whose activities are let in: of which `tenants` (ids), from which hosts of Teams' service.

    Plain http is for this machine alone, when it is one of the `hosts` (a local service that signs as Teams does).
    `is_anonymous` is the development mode, in which nobody signs: for requests of this machine only. It also allows
    addresses of this machine as Teams' service, and without `tenants` those of any tenant.
    """

    tenants: frozenset[str] = frozenset()
    hosts: frozenset[str] = SERVICE_HOSTS
    is_anonymous: bool = False

    def __post_init__(self) -> None:
        """Refuse to let everyone in; ids and hosts are compared in small letters."""
        if not self.tenants and not self.is_anonymous:
            raise ValueError("without a tenant every company that installs the app would be let in")
        object.__setattr__(self, "tenants", frozenset(one.lower() for one in self.tenants))
        object.__setattr__(self, "hosts", frozenset(one.lower() for one in self.hosts))

    def trusts(self, service_url: str) -> bool:
        """Say whether `service_url` is an address of Teams' service to which our token may be sent."""
        parts = _service_address(service_url)
        if parts is None:
            return False
        host = parts.hostname or ""
        return self._is_local(host) or (parts.scheme == "https" and host in self.hosts)

    def is_store(self, url: str) -> bool:
        """Say whether `url` is one of OneDrive's own addresses; a local service keeps files too, as `trusts` says."""
        parts = _web_address(url, longest=MAX_STORE_URL)
        if parts is None:
            return False
        host = parts.hostname or ""
        return self._is_local(host) or (parts.scheme == "https" and host.endswith(STORES))

    def _is_local(self, host: str) -> bool:
        return is_loopback(host) and (self.is_anonymous or host in self.hosts)

    def check(self, activity: Json) -> None:
        """Return if an activity is ours to handle; else raise `Rejected`: 400 without https, 403 if it is not ours.

        Not 401: the request is what it says, nothing about the token would change the answer, and a 401 would send the
        operator to the credentials. An activity without a tenant belongs to none of ours either.
        """
        url = activity["serviceUrl"]
        if not self.trusts(url):
            if not url.lower().startswith("https:"):
                raise malformed("serviceUrl must be https")
            raise Rejected(
                HTTPStatus.FORBIDDEN,
                "this bot does not answer to that service address",
                reason=f"the service address {url!r:.200} is not on the list",
            )
        tenant = tenant_of(activity)
        if self.tenants and tenant not in self.tenants:
            raise Rejected(
                HTTPStatus.FORBIDDEN,
                "this bot does not serve that tenant",
                reason=f"the tenant {tenant!r:.60} is not on the list",
            )


def tenant_of(activity: Mapping[str, Any]) -> str:
    """Return the tenant in which something happened, in small letters, "" if the activity does not say.

    `channelData.tenant.id` is where Teams says it; what has none there may still have it in its conversation. The SDK
    reads it from a field that Teams does not send.
    """
    tenant = (activity.get("channelData") or {}).get("tenant")
    named = tenant.get("id") if isinstance(tenant, dict) else None
    if named is None:
        named = (activity.get("conversation") or {}).get("tenantId")
    return named.lower() if isinstance(named, str) else ""
