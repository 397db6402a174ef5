"""Short ways to connect to the test network and to post there, as an app does it over HTTP."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from playground.social.app import SocialApp
from playground.social.visiting import agree

Json = dict[str, Any]
Headers = dict[str, str]
NADIA, OMAR = "U0NADIA", "U0OMAR"
NETWORKS = ("linkedin", "x", "mastodon")
on_each = pytest.mark.parametrize("network", NETWORKS)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOGIN = {"linkedin": "/oauth/v2/authorization", "x": "/i/oauth2/authorize", "mastodon": "/oauth/authorize"}
TOKEN = {"linkedin": "/oauth/v2/accessToken", "x": "/api/2/oauth2/token", "mastodon": "/oauth/token"}
POST = {"linkedin": "/api/rest/posts", "x": "/api/2/tweets", "mastodon": "/api/v1/statuses"}
ME = {"linkedin": "/api/v2/userinfo", "x": "/api/2/users/me", "mastodon": "/api/v1/accounts/verify_credentials"}
SCOPES = {
    "linkedin": "openid profile w_member_social",
    "x": "tweet.read tweet.write users.read offline.access",
    "mastodon": "read:accounts read:statuses write:statuses",
}
VERSIONED = {"LinkedIn-Version": "202607", "X-Restli-Protocol-Version": "2.0.0"}


@dataclass
class Answer:
    """What came back: an empty body is an empty object."""

    status: int
    body: Json
    headers: Headers


@dataclass
class Visits:
    """The served test network and a client."""

    social: SocialApp
    http: aiohttp.ClientSession
    mastodon_app: tuple[str, str] = ("", "")
    numbers: int = field(default=0)

    def url(self, network: str, path: str) -> str:
        return self.social.settings.base(network) + path

    async def ask(self, method: str, network: str, path: str, **more: Any) -> Answer:  # noqa: ANN401
        async with self.http.request(method, self.url(network, path), allow_redirects=False, **more) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else {"page": await response.text()}
            return Answer(response.status, body, {name.lower(): value for name, value in response.headers.items()})

    async def app(self, network: str) -> tuple[str, str]:
        if known := self.social.settings.apps.of(network):
            return known.client_id, known.client_secret
        if not self.mastodon_app[0]:
            told = {"client_name": "Vouch", "redirect_uris": self.social.redirect_uri(network)}
            made = await self.ask("POST", network, "/api/v1/apps", data={**told, "scopes": SCOPES[network]})
            self.mastodon_app = made.body["client_id"], made.body["client_secret"]
        return self.mastodon_app

    async def login(self, network: str, **changed: str) -> str:
        """Return the address on which a person agrees, its parameters changed; "" leaves one out."""
        client_id, _secret = await self.app(network)
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": self.social.redirect_uri(network),
            "state": "st-1 &=/ü",
            "scope": SCOPES[network],
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        query = urlencode({name: value for name, value in {**asked, **changed}.items() if value})
        return self.url(network, LOGIN[network]) + "?" + query

    async def code(self, network: str, who: str = NADIA, without: Collection[str] = (), **changed: str) -> str:
        came = await agree(self.http, await self.login(network, **changed), who=who, without=without)
        return parse_qs(urlsplit(came).query)["code"][0]

    async def exchange(self, network: str, code: str, **changed: str) -> Answer:
        client_id, secret = await self.app(network)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.social.redirect_uri(network)}
        form |= {"code_verifier": VERIFIER, "client_id": client_id, "client_secret": secret, **changed}
        return await self.ask("POST", network, TOKEN[network], data=form, headers=await self.basic(network))

    async def basic(self, network: str) -> Headers:
        client_id, secret = await self.app(network)
        told = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {told}"} if network == "x" else {}

    async def connect(self, network: str, who: str = NADIA, without: Collection[str] = (), **changed: str) -> Headers:
        """Return the headers of a person who has just agreed."""
        given = await self.exchange(network, await self.code(network, who, without, **changed))
        token = {"Authorization": f"Bearer {given.body['access_token']}"}
        return {**token, **VERSIONED} if network == "linkedin" else token

    def body(self, network: str, text: str, who: str = NADIA, **more: object) -> Json:
        """Return what publishes a text."""
        if network != "linkedin":
            return {"text" if network == "x" else "status": text, **more}
        author = f"urn:li:person:{self.social.parts.account(network, who).id}"
        told = {"author": author, "commentary": text, "visibility": "PUBLIC", "lifecycleState": "PUBLISHED"}
        return {**told, "distribution": {"feedDistribution": "MAIN_FEED"}, **more}

    async def publish(self, network: str, headers: Headers, text: str, who: str = NADIA, **more: object) -> Answer:
        return await self.ask(
            "POST", network, POST[network], headers=headers, json=self.body(network, text, who, **more)
        )

    async def me(self, network: str, headers: Headers) -> int:
        """Return the status of asking who one is."""
        return (await self.ask("GET", network, ME[network], headers=headers)).status

    def unique(self) -> str:
        """Return a text that nobody has posted yet."""
        self.numbers += 1
        return f"Nine litres a minute, {self.numbers}"
