"""Signed requests from Teams, as an ASGI server hands them over: what is pressed under an announcement.

Signed by an issuer of the Bot Framework's kind on this machine, which says over HTTP which key is its own.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.clicking import Posted
from bot.core.actions import DismissPost, OpenShare
from bot.core.codec import name_of, pack

PATH = "/teams/messages"
ISSUER = "https://api.botframework.com"
APP_ID = "5f2e0c1a-0000-4000-8000-0000000000a1"
TENANT = "b0a1c2d3-0000-4000-8000-0000000000c1"
_METADATA, _KEYS, _KEY = "/openidconfiguration", "/keys", "bench"
_CHANNEL = "19:5f0e1d2c3b4a59687766554433221100@thread.tacv2"
_MESSAGE = "1763980000000"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LocalIssuer:
    """An issuer at `origin`, which is also the address of its service."""

    origin: str
    key: rsa.RSAPrivateKey

    @property
    def metadata_url(self) -> str:
        """Where it says which keys are its own."""
        return f"{self.origin}{_METADATA}"

    def share(self, number: int) -> Posted:
        """Return click `number` on Share, which on Teams asks for a dialog."""
        data = {"msteams": {"type": "task/fetch"}, "vouch": pack(OpenShare(post_id=1))}
        return self._signed(number, name="task/fetch", value={"data": data, "context": {"theme": "default"}})

    def not_for_me(self, number: int) -> Posted:
        """Return click `number` on Not for me, an Action.Execute."""
        action = DismissPost(post_id=1)
        pressed = {
            "type": "Action.Execute",
            "title": "Not for me",
            "id": "",
            "verb": name_of(action),
            "data": {"vouch": pack(action)},
        }
        return self._signed(number, name="adaptiveCard/action", value={"action": pressed, "trigger": "manual"})

    def activity(self, number: int, **changes: object) -> Json:
        """Return what comes with every invoke of member `number` in the channel of the announcement."""
        at = f"2026-11-24T10:{number // 60 % 60:02}:{number % 60:02}"
        return {
            "type": "invoke",
            "timestamp": f"{at}.123Z",
            "localTimestamp": f"{at}.123+00:00",
            "id": f"f:{number:08x}-0000-4000-8000-000000000000",
            "channelId": "msteams",
            "serviceUrl": f"{self.origin}/emea/",
            "from": {
                "id": f"29:1{number:060d}",
                "name": f"Member {number}",
                "aadObjectId": member(number)["person_ref"],
            },
            "conversation": {
                "isGroup": True,
                "conversationType": "channel",
                "tenantId": TENANT,
                "id": f"{_CHANNEL};messageid={_MESSAGE}",
            },
            "recipient": {"id": f"28:{APP_ID}", "name": "Vouch"},
            "entities": [
                {
                    "locale": "en-GB",
                    "country": "GB",
                    "platform": "Windows",
                    "timezone": "Europe/Amsterdam",
                    "type": "clientInfo",
                }
            ],
            "channelData": {
                "channel": {"id": _CHANNEL},
                "team": {"id": _CHANNEL},
                "tenant": {"id": TENANT},
                "source": {"name": "message"},
                "legacy": {"replyToId": f"1:{_MESSAGE}"},
            },
            "replyToId": _MESSAGE,
            "locale": "en-GB",
            "localTimezone": "Europe/Amsterdam",
            **changes,
        }

    def _signed(self, number: int, **asked: object) -> Posted:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": APP_ID, "nbf": now, "exp": now + 3_600, "serviceurl": f"{self.origin}/emea/"}
        token = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": _KEY, "x5t": _KEY})
        body = json.dumps(self.activity(number, **asked)).encode()
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"authorization", f"Bearer {token}".encode()),
        ]
        return Posted(PATH, body, headers)


def member(number: int) -> Json:
    """Return how Teams knows the member who makes click `number`."""
    return {"platform": "teams", "tenant_ref": TENANT, "person_ref": f"00000000-0000-4000-8000-{number:012x}"}


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    """Yield an issuer that runs until the end of the block."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pages: dict[str, Json] = {}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(pages[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Say nothing of requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        issuer = LocalIssuer(f"http://127.0.0.1:{server.server_port}", key)
        pages[_METADATA] = {"issuer": ISSUER, "jwks_uri": f"{issuer.origin}{_KEYS}"}
        pages[_KEYS] = {"keys": [_listed(key)]}
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield issuer
        finally:
            server.shutdown()


def _listed(key: rsa.RSAPrivateKey) -> Mapping[str, Any]:
    """Return a key as an issuer lists it."""
    public: Json = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {"kty": "RSA", "use": "sig", "kid": _KEY, "n": public["n"], "e": public["e"], "endorsements": ["msteams"]}
