"""The test network's own book: every call that reached it, and every secret that it gave out."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from playground.clock import Clock

Json = dict[str, Any]
MOST_CALLS = 50_000
HEADERS = ("user-agent", "idempotency-key", "linkedin-version", "x-restli-protocol-version", "content-type")


@dataclass(slots=True)
class SocialLedger:
    """The newest calls, oldest first: network, operation, method, url, who, status (0: cut), request's id.

    `secrets` holds every token, code and client secret there has been since the start, and what it is.
    """

    clock: Clock
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=MOST_CALLS))
    secrets: dict[str, str] = field(default_factory=dict)

    def begin(self, network: str, operation: str, *, method: str, url: str, headers: dict[str, str]) -> Json:
        """Note a call and return its entry, to which who it is and the answer's status are added."""
        entry: Json = {
            "id": secrets.token_hex(8),
            "at": self.clock.now().isoformat(),
            "network": network,
            "operation": operation,
            "method": method,
            "url": url,
            "headers": {name: value for name, value in headers.items() if name in HEADERS},
            "is_authorised": False,
            "who": "",
            "status": None,
        }
        self.calls.append(entry)
        return entry

    def listed(self, network: str = "", operation: str = "") -> list[Json]:
        """Return calls, oldest first; an empty word fits all."""
        return [one for one in self.calls if network in ("", one["network"]) and operation in ("", one["operation"])]

    def issue(self, kind: str, secret: str) -> str:
        """Note a secret and return it."""
        self.secrets[secret] = kind
        return secret

    def in_urls(self) -> list[str]:
        """Return "kind: network operation" for each secret that stood in the address of a call."""
        return [
            f"{kind}: {call['network']} {call['operation']}"
            for call in self.calls
            for secret, kind in self.secrets.items()
            if secret in call["url"]
        ]
