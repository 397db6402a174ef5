"""Only what the Bot Framework signed for this bot gets in."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from connectors.chat.teams.guard import Rejected
from connectors.chat.teams.tokens import Claims, KeyCache, TokenCheck
from tests.connectors.teams.issuer import (
    APP_ID,
    SERVICE_URL,
    LocalIssuer,
    activity,
    claims,
    listed_key,
    private_key,
    public_pem,
    refusal,
    running_issuer,
    token,
)

WORDS = "the request is not signed for this bot"


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with running_issuer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def keys(issuer: LocalIssuer, session: aiohttp.ClientSession) -> KeyCache:
    return KeyCache(session, issuer=issuer.issuer)


@pytest.fixture
def check(keys: KeyCache) -> TokenCheck:
    return TokenCheck(keys, app_id=APP_ID)


def by_hand(header: dict[str, Any], held: dict[str, Any], secret: bytes | None) -> str:
    """Return a token that no library would sign."""

    def encoded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(held).encode())}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
    return f"{signed}.{encoded(signature)}"


async def test_a_token_for_this_bot_is_let_in_with_what_it_stands_for(check: TokenCheck) -> None:
    found = await check.check(f"Bearer {token()}")
    assert found == Claims(service_url=SERVICE_URL, channels=frozenset({"msteams"}))
    found.check_fits(activity())


async def test_an_app_id_in_capitals_is_the_same_app(keys: KeyCache) -> None:
    assert await TokenCheck(keys, app_id=f" {APP_ID.upper()}\n").check(f"bearer  {token()}")


@pytest.mark.parametrize("app_id", ["", "  "])
def test_without_an_app_id_nothing_is_checked_because_nothing_starts(keys: KeyCache, app_id: str) -> None:
    with pytest.raises(ValueError, match="app id"):
        TokenCheck(keys, app_id=app_id)


@pytest.mark.parametrize(("claim", "seconds_from_now"), [("exp", -240), ("nbf", 240)])
async def test_clocks_may_differ_by_five_minutes(check: TokenCheck, claim: str, seconds_from_now: int) -> None:
    assert await check.check(f"Bearer {token(**{claim: int(time.time()) + seconds_from_now})}")


BAD = {
    "forged": lambda: token(key=2),
    "tampered": lambda: ".".join((token().split(".")[0], token(aud="x").split(".")[1], token().split(".")[2])),
    "expired": lambda: token(nbf=int(time.time()) - 4_000, exp=int(time.time()) - 310),
    "not-yet-valid": lambda: token(nbf=int(time.time()) + 310),
    "without-end": lambda: token(exp=None),
    "strange-end": lambda: token(exp="never"),
    "endless": lambda: token(exp=float("inf")),
    "wrong-issuer": lambda: token(iss="https://api.botframework.us"),
    "emulator": lambda: token(iss="https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/", appid=APP_ID),
    "without-issuer": lambda: token(iss=None),
    "without-audience": lambda: token(aud=None),
    "without-service-url": lambda: token(serviceurl=None),
    "empty-service-url": lambda: token(serviceurl=""),
    "strange-service-url": lambda: token(serviceurl=[SERVICE_URL]),
    "service-url-under-another-name": lambda: token(serviceurl=None, serviceUrl=SERVICE_URL),
    "unsigned": lambda: jwt.encode(claims(), None, algorithm="none", headers={"kid": "first"}),
    "unsigned-as-RS256": lambda: by_hand({"alg": "RS256", "kid": "first"}, claims(), None),
    "HS256-with-public-key": lambda: by_hand({"alg": "HS256", "kid": "first"}, claims(), public_pem(1)),
    "HS256-as-RS256": lambda: by_hand({"alg": "RS256", "kid": "first"}, claims(), public_pem(1)),
    "RS384": lambda: token(algorithm="RS384"),
    "PS256": lambda: token(algorithm="PS256"),
    "own-key-in-header": lambda: jwt.encode(
        claims(), private_key(2), "RS256", headers={"kid": "first", "jwk": listed_key("first", 2)}
    ),
    "critical-extension": lambda: jwt.encode(
        claims(), private_key(1), "RS256", headers={"kid": "first", "crit": ["x"], "x": 1}
    ),
    "without-key-name": lambda: token(kid=None),
    "strange-key-name": lambda: by_hand({"alg": "RS256", "kid": {"a": 1}}, claims(), None),
    "empty-key-name": lambda: by_hand({"alg": "RS256", "kid": ""}, claims(), None),
    "header-that-is-a-list": lambda: "W10.e30.",
    "deep-header": lambda: base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.",
    "one-part": lambda: "abc",
    "four-parts": lambda: token() + ".x",
    "junk": lambda: "é.ü.ö",
    "huge": lambda: token(x="y" * 20_000),
    "nothing": lambda: "",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_gets_401_in_words_that_give_nothing_away(check: TokenCheck, name: str) -> None:
    refused = await refusal(check, f"Bearer {BAD[name]()}")
    assert (refused.status, refused.words, refused.reason) == (401, WORDS, "")


@pytest.mark.parametrize("audience", ["another-app", [APP_ID], [APP_ID, "another-app"]])
async def test_a_wrong_audience_is_told_to_the_operator_only(check: TokenCheck, audience: object) -> None:
    refused = await refusal(check, f"Bearer {token(aud=audience)}")
    assert (refused.status, refused.words) == (401, WORDS)
    assert "another app id" in refused.reason


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer,", "\x00"])
async def test_a_token_comes_as_bearer_or_not_at_all(check: TokenCheck, scheme: str) -> None:
    assert (await refusal(check, f"{scheme}{token()}")).status == 401


async def test_no_bad_header_makes_us_ask_the_issuer(check: TokenCheck, issuer: LocalIssuer) -> None:
    for bad in (BAD["unsigned"](), BAD["HS256-with-public-key"](), BAD["without-key-name"](), "abc", ""):
        await refusal(check, f"Bearer {bad}")
    assert issuer.asked == []


@pytest.mark.parametrize("changes", [{"serviceUrl": SERVICE_URL.upper()}, {"serviceUrl": "https://evil.example/"}])
async def test_a_token_of_a_wrong_service_url_gets_401(check: TokenCheck, changes: dict[str, Any]) -> None:
    found = await check.check(f"Bearer {token()}")
    with pytest.raises(Rejected) as caught:
        found.check_fits(activity(**changes))
    assert (caught.value.status, caught.value.words) == (401, WORDS)


@pytest.mark.parametrize("endorsements", [("webchat", "directline"), (), None])
async def test_a_key_with_a_wrong_endorsement_gets_401(
    issuer: LocalIssuer, check: TokenCheck, endorsements: tuple[str, ...] | None
) -> None:
    issuer.listed = [listed_key("first", 1, endorsements)]
    found = await check.check(f"Bearer {token()}")
    with pytest.raises(Rejected) as caught:
        found.check_fits(activity())
    assert (caught.value.status, caught.value.words) == (401, WORDS)
