"""The issuer's keys: read once for all who wait, again when they are old or unknown, and kept when it fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import jwt
import pytest

from connectors.chat.teams.limits import KEYS_LIVE_FOR, KEYS_READ_AGAIN_AFTER, UNKNOWN_KEYS_PAUSE
from connectors.chat.teams.tokens import COMMERCIAL, GOVERNMENT, KeyCache, KeysUnavailable, TokenCheck, issuer_at
from tests.connectors.teams.issuer import (
    APP_ID,
    KEYS,
    METADATA,
    Fault,
    LocalIssuer,
    Seconds,
    endless,
    hang_up,
    listed_key,
    moved,
    private_key,
    refusal,
    running_issuer,
    saying,
    silent,
    token,
)


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with running_issuer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def keys(issuer: LocalIssuer, session: aiohttp.ClientSession, seconds: Seconds) -> KeyCache:
    return KeyCache(session, issuer=issuer.issuer, seconds=seconds)


@pytest.fixture
def check(keys: KeyCache) -> TokenCheck:
    return TokenCheck(keys, app_id=APP_ID)


async def test_many_requests_at_once_cause_one_reading(check: TokenCheck, issuer: LocalIssuer) -> None:
    good = f"Bearer {token()}"
    assert len(await asyncio.gather(*(check.check(good) for _ in range(50)))) == 50
    assert issuer.asked == [METADATA, KEYS]


async def test_a_rotated_key_is_read_once_and_then_works(check: TokenCheck, issuer: LocalIssuer) -> None:
    await check.check(f"Bearer {token()}")
    issuer.listed = [listed_key("second", 2)]
    fresh = f"Bearer {token(key=2, kid='second')}"
    assert len(await asyncio.gather(*(check.check(fresh) for _ in range(20)))) == 20
    assert issuer.readings == 2
    assert (await refusal(check, f"Bearer {token()}")).status == 401  # the first one is listed no more


async def test_a_flood_of_unknown_keys_causes_one_reading_in_five_minutes(
    check: TokenCheck, issuer: LocalIssuer, seconds: Seconds
) -> None:
    await check.check(f"Bearer {token()}")
    made_up = [f"Bearer {token(key=2, kid=f'made-up-{number}')}" for number in range(30)]
    for refused in await asyncio.gather(*(refusal(check, one) for one in made_up)):
        assert refused.status == 401
    assert issuer.readings == 2
    seconds.pass_by(UNKNOWN_KEYS_PAUSE)
    for one in made_up:
        await refusal(check, one)
    assert issuer.readings == 3
    assert await check.check(f"Bearer {token()}")


async def test_a_rotation_during_a_flood_is_seen_within_five_minutes(
    check: TokenCheck, issuer: LocalIssuer, seconds: Seconds
) -> None:
    await refusal(check, f"Bearer {token(key=2, kid='made-up')}")
    issuer.listed.append(listed_key("second", 2))
    seconds.pass_by(UNKNOWN_KEYS_PAUSE)
    assert await check.check(f"Bearer {token(key=2, kid='second')}")


async def test_keys_are_read_again_after_a_day(check: TokenCheck, issuer: LocalIssuer, seconds: Seconds) -> None:
    await check.check(f"Bearer {token()}")
    seconds.now += KEYS_LIVE_FOR.total_seconds() - 1
    await check.check(f"Bearer {token()}")
    assert issuer.readings == 1
    seconds.now += 1
    issuer.listed = [listed_key("second", 2)]
    assert (await refusal(check, f"Bearer {token()}")).status == 401
    assert issuer.readings == 2


FAULTS = {
    "hangs-up": (METADATA, hang_up),
    "500": (METADATA, saying(b"{}", 500)),
    "404": (KEYS, saying(b"{}", 404)),
    "junk": (METADATA, saying(b"<html>")),
    "array": (METADATA, saying(b"[]")),
    "no-text": (KEYS, saying(b"\xff\xfe\x00")),
    "deep": (KEYS, saying(b"[" * 200_000)),
    "without-address": (METADATA, saying(b"{}")),
    "strange-address": (METADATA, saying(b'{"jwks_uri": ["https://login.botframework.com"]}')),
    "broken-address": (METADATA, saying(b'{"jwks_uri": "https://[::1"}')),
    "address-not-https": (METADATA, saying(b'{"jwks_uri": "http://login.botframework.com/v1/.well-known/keys"}')),
    "file": (METADATA, saying(b'{"jwks_uri": "file:///etc/passwd"}')),
    "no-keys": (KEYS, saying(b'{"keys": []}')),
    "keys-of-junk": (
        KEYS,
        saying(b'{"keys": [1, null, "x", {}, {"kty": "RSA", "kid": "first", "n": 5, "e": "AQAB"}]}'),
    ),
    "no-list": (KEYS, saying(b'{"keys": {"first": 1}}')),
    "huge": (KEYS, endless),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_an_issuer_that_fails_costs_a_503_and_no_flood(check: TokenCheck, issuer: LocalIssuer, name: str) -> None:
    path, fault = FAULTS[name]
    issuer.faults[path] = fault
    good = f"Bearer {token()}"
    for refused in await asyncio.gather(*(refusal(check, good) for _ in range(10))):
        assert isinstance(refused, KeysUnavailable)
        assert (refused.status, "try again" in refused.words) == (503, True)
    assert issuer.readings == 1 + (fault is hang_up)  # aiohttp asks once more where a connection ends


@pytest.mark.parametrize("name", FAULTS)
async def test_keys_that_are_held_outlive_an_issuer_that_fails(
    check: TokenCheck, issuer: LocalIssuer, seconds: Seconds, name: str
) -> None:
    path, fault = FAULTS[name]
    good = f"Bearer {token()}"
    await check.check(good)
    issuer.faults[path] = fault
    seconds.pass_by(KEYS_LIVE_FOR)
    for _ in range(5):
        assert await check.check(good)
    assert issuer.readings == 2 + (fault is hang_up)
    assert (await refusal(check, f"Bearer {token(key=2, kid='second')}")).status == 503  # may be a new one: not 401


def padded(issuer: LocalIssuer, status: int, padding: int) -> Fault:
    return saying(json.dumps({"keys": issuer.listed, "more": "x" * padding}).encode(), status)


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: moved("/v1/.well-known/keys-elsewhere"),
        lambda issuer: padded(issuer, 500, 0),
        lambda issuer: padded(issuer, 203, 0),
        lambda issuer: padded(issuer, 200, 1_000_000),
    ],
)
async def test_good_keys_that_come_in_a_strange_way_are_not_taken(
    check: TokenCheck, issuer: LocalIssuer, fault: Callable[[LocalIssuer], Fault]
) -> None:
    issuer.faults[KEYS] = fault(issuer)
    assert (await refusal(check, f"Bearer {token()}")).status == 503
    assert issuer.asked == [METADATA, KEYS]


async def test_an_issuer_that_is_down_costs_a_503(session: aiohttp.ClientSession) -> None:
    async with running_issuer() as gone:
        pass
    check = TokenCheck(KeyCache(session, issuer=gone.issuer), app_id=APP_ID)
    assert (await refusal(check, f"Bearer {token()}")).status == 503


async def test_an_issuer_that_comes_back_is_asked_again_after_half_a_minute(
    check: TokenCheck, issuer: LocalIssuer, seconds: Seconds
) -> None:
    issuer.faults[KEYS] = saying(b"", 500)
    await refusal(check, f"Bearer {token()}")
    issuer.faults.clear()
    assert (await refusal(check, f"Bearer {token()}")).status == 503
    seconds.pass_by(KEYS_READ_AGAIN_AFTER)
    assert await check.check(f"Bearer {token()}")
    assert (await refusal(check, f"Bearer {token(key=2, kid='second')}")).status == 401


@pytest.mark.parametrize("path", [METADATA, KEYS])
async def test_a_slow_issuer_is_not_waited_for(
    issuer: LocalIssuer, session: aiohttp.ClientSession, seconds: Seconds, path: str
) -> None:
    keys = KeyCache(session, issuer=issuer.issuer, within=timedelta(milliseconds=50), seconds=seconds)
    check = TokenCheck(keys, app_id=APP_ID)
    issuer.faults[path] = silent
    assert (await refusal(check, f"Bearer {token()}")).status == 503
    issuer.faults.clear()
    seconds.pass_by(KEYS_READ_AGAIN_AFTER)
    await check.check(f"Bearer {token()}")
    issuer.faults[path] = silent
    seconds.pass_by(KEYS_LIVE_FOR)
    assert await check.check(f"Bearer {token()}")


async def test_a_request_that_is_given_up_leaves_the_reading_to_the_next(
    check: TokenCheck, issuer: LocalIssuer
) -> None:
    begun = asyncio.Event()

    async def hold(request: object) -> Any:  # noqa: ANN401
        begun.set()
        return await silent(request)  # type: ignore[arg-type]

    issuer.faults[METADATA] = hold
    first = asyncio.create_task(check.check(f"Bearer {token()}"))
    await begun.wait()
    second = asyncio.create_task(check.check(f"Bearer {token()}"))
    await asyncio.sleep(0)
    issuer.faults.clear()
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_keys_that_may_not_sign_are_passed_over(check: TokenCheck, issuer: LocalIssuer) -> None:
    good = listed_key("first", 1)
    unfit = [
        listed_key("weak", 3, bits=1024),
        {**listed_key("enciphers", 2), "use": "enc"},
        {**jwt.algorithms.RSAAlgorithm.to_jwk(private_key(2), as_dict=True), "kid": "private"},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "EC", "kid": "curve", "crv": "P-256", "x": "AA", "y": "AA"},
        {**listed_key("x", 2), "kid": 7},
    ]
    issuer.listed = [*unfit, {**good, "endorsements": ["msteams", 5, None]}]
    found = await check.check(f"Bearer {token()}")
    assert found.channels == {"msteams"}
    for name in ("weak", "enciphers", "private", "secret", "curve"):
        assert (await refusal(check, f"Bearer {token(key=2, kid=name)}")).status == 401


async def test_keys_may_be_read_before_the_first_request(keys: KeyCache, issuer: LocalIssuer, seconds: Seconds) -> None:
    issuer.faults[METADATA] = saying(b"", 500)
    assert not await keys.warm()
    issuer.faults.clear()
    assert not await keys.warm()
    seconds.pass_by(KEYS_READ_AGAIN_AFTER)
    assert await keys.warm()
    assert await keys.warm()
    assert issuer.readings == 2
    assert await keys.find("first")


@pytest.mark.parametrize("url", ["http://login.botframework.com/keys", "file:///keys", "", "login.botframework.com"])
async def test_an_issuer_that_could_be_exchanged_on_the_way_is_refused(
    session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(ValueError, match="https"):
        KeyCache(session, issuer=issuer_at(url))


def test_each_cloud_signs_under_its_own_name() -> None:
    assert issuer_at(COMMERCIAL.metadata_url) == COMMERCIAL
    assert issuer_at(GOVERNMENT.metadata_url) == GOVERNMENT
    assert issuer_at("http://127.0.0.1:9999/keys").name == COMMERCIAL.name


def test_both_clouds_say_where_their_keys_are_over_https() -> None:
    assert {one.metadata_url.split("/")[2] for one in (COMMERCIAL, GOVERNMENT)} == {
        "login.botframework.com",
        "login.botframework.azure.us",
    }
    assert all(one.metadata_url.startswith("https://") for one in (COMMERCIAL, GOVERNMENT))
