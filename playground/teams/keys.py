"""Keys and tokens: what the service signs its deliveries with, and what the bot proves itself with."""

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from playground.teams.settings import TeamsSettings

Json = dict[str, Any]

ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
VALID_S = 3600
STRANGER, UNENDORSED = -1, -2
"""The key of somebody else, which the key document does not name, and one that it endorses for other channels only."""


@cache
def private_key(number: int) -> RSAPrivateKey:
    """Return the key of that number, the same throughout a process: making one takes a while."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def public_key(number: int) -> Json:
    """Return the public half as the key document lists it."""
    told: Json = json.loads(RSAAlgorithm.to_jwk(private_key(number).public_key()))
    return {"kty": "RSA", "use": "sig", "kid": key_id(number), "x5t": key_id(number), "n": told["n"], "e": told["e"]}


def key_id(number: int) -> str:
    """Return the id of the key of that number."""
    return base64.urlsafe_b64encode(f"key {number} of the local service".encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """What is wrong with a token; what is None is as it should be.

    `key` is a key's number or `STRANGER` or `UNENDORSED`, `kid` the id that the header claims, `expires_s` may be past.
    """

    audience: str | None = None
    issuer: str | None = None
    service_url: str | None = None
    key: int | None = None
    kid: str | None = None
    expires_s: float = VALID_S
    starts_s: float = -60.0
    is_unsigned: bool = False
    lacks: tuple[str, ...] = ()


GENUINE = Forgery()


@dataclass(slots=True)
class Keys:
    """The service's keys. `listed` are the numbers in the key document, the last of them signs."""

    settings: TeamsSettings
    listed: list[int] = field(default_factory=lambda: [0])
    _signed: dict[str, tuple[float, str]] = field(default_factory=dict)

    def rotate(self, *, keeps_old: bool = False) -> None:
        """Sign with a new key from now on; the old ones leave the key document unless they are kept."""
        number = max(self.listed) + 1
        self.listed = [*self.listed, number] if keeps_old else [number]
        self._signed.clear()

    def document(self) -> Json:
        """Return the key document: ours endorsed for Teams, and one that is endorsed for other channels."""
        ours = [{**public_key(number), "endorsements": ["msteams", "skype"]} for number in self.listed]
        return {"keys": [*ours, {**public_key(UNENDORSED), "endorsements": ["webchat", "directline"]}]}

    def token(self, service_url: str, forgery: Forgery = GENUINE) -> str:
        """Return a token for a delivery from this address; a genuine one is used again for most of an hour."""
        if forgery is not GENUINE:
            return self._sign(service_url, forgery)
        until, held = self._signed.get(service_url, (0.0, ""))
        if until < time.monotonic():
            until, held = time.monotonic() + VALID_S / 2, self._sign(service_url, GENUINE)
            self._signed[service_url] = until, held
        return held

    def _sign(self, service_url: str, forgery: Forgery) -> str:
        now = int(time.time())
        claims: Json = {
            "iss": forgery.issuer or ISSUER,
            "aud": forgery.audience or self.settings.app_id,
            "nbf": now + int(forgery.starts_s),
            "exp": now + int(forgery.expires_s),
            "serviceurl": service_url if forgery.service_url is None else forgery.service_url,
        }
        claims = {name: value for name, value in claims.items() if name not in forgery.lacks}
        number = self.listed[-1] if forgery.key is None else forgery.key
        headers = {"kid": forgery.kid or key_id(number), "x5t": forgery.kid or key_id(number)}
        if forgery.is_unsigned:
            return jwt.encode(claims, "", algorithm="none", headers=headers)
        return jwt.encode(claims, private_key(number), algorithm="RS256", headers=headers)


@dataclass(slots=True)
class BotTokens:
    """The tokens that the bot was given, and until when each is good."""

    expires_in: int
    given: dict[str, float] = field(default_factory=dict)

    def issue(self) -> Json:
        """Return the token endpoint's answer with a new token."""
        now = time.monotonic()
        self.given = {held: until for held, until in self.given.items() if until > now}
        token = f"eyJ0eXAiOiJKV1Qi.{secrets.token_urlsafe(96)}"
        self.given[token] = now + self.expires_in
        told = {"token_type": "Bearer", "expires_in": self.expires_in, "ext_expires_in": self.expires_in}
        return {**told, "access_token": token}

    def is_good(self, authorization: str) -> bool:
        """Return whether that header holds a token that is still good."""
        scheme, _, token = authorization.partition(" ")
        return scheme == "Bearer" and self.given.get(token, 0.0) > time.monotonic()

    def revoke(self) -> None:
        """Take all tokens back before their time."""
        self.given.clear()
