"""Mastodon's connector: servers that members name, answers of other software, and what is never believed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.social import Door, Draft, Fault, Tokens
from connectors.social.mastodon import Mastodon
from tests.connectors.social.raw_server import DATE, RawServer, raw_server, reply
from tests.connectors.web import FakeResolver

BACK = "https://vouch.example/connect/callback/mastodon"
TOKENS = Tokens(access="acc3ss-a1")
DRAFT = Draft(author_id="7", text="De molens.", link="", language="nl_NL")
ME = {"id": "7", "username": "ada", "display_name": "Ada L."}


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
def mastodon(server: RawServer) -> Mastodon:
    return Mastodon(app_name="Vouch", website="https://vouch.example", allow=[server.address])


@pytest.fixture
def door(server: RawServer) -> Door:
    return door_of(server)


def door_of(server: RawServer) -> Door:
    return Door(server=server.address, client_id="client", client_secret="s3cret", redirect_uri=BACK)  # noqa: S106


async def refusal(work: Any) -> OutsideError:  # noqa: ANN401 - any coroutine
    with pytest.raises(OutsideError) as caught:
        await work
    return caught.value


async def test_an_app_is_registered_with_what_it_may_do(server: RawServer, mastodon: Mastodon) -> None:
    server.will(reply(200, {"client_id": "c1", "client_secret": "s1", "redirect_uri": BACK}))
    door = await mastodon.register(server.address, redirect_uri=BACK)
    assert (door.server, door.client_id, door.client_secret, door.redirect_uri) == (server.address, "c1", "s1", BACK)
    assert server.lines == ["POST /api/v1/apps"]
    assert parse_qs(server.asked[0].body.decode()) == {
        "client_name": ["Vouch"],
        "redirect_uris": [BACK],
        "scopes": ["read:accounts read:statuses write:statuses"],
        "website": ["https://vouch.example"],
    }


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, body=b"<html>"),
        reply(200, body=b"<html>"),
        reply(200, {"client_id": "c1"}),
        reply(200, {"client_id": 1, "client_secret": "s"}),
        reply(200, {"client_id": "c" * 201, "client_secret": "s"}),
        reply(200, [1]),
        reply(403, {"error": "no"}),
        reply(301, headers={"Location": "https://www.example/api/v1/apps"}),
    ],
)
async def test_what_is_no_mastodon_is_no_server(server: RawServer, mastodon: Mastodon, answer: bytes) -> None:
    server.will(answer)
    error = await refusal(mastodon.register(server.address, redirect_uri=BACK))
    assert (type(error), error.code) == (Refused, "no_server")
    assert len(server.asked) == 1


@pytest.mark.parametrize("server_typed", ["http://127.0.0.1:1", "https://10.0.0.7", "https://nowhere.example", "x"])
async def test_private_and_unknown_addresses_are_no_server(server_typed: str) -> None:
    mastodon = Mastodon(app_name="Vouch", website="", resolver=FakeResolver({"inside.example": [["10.0.0.7"]]}))
    error = await refusal(mastodon.register(server_typed, redirect_uri=BACK))
    assert (type(error), error.code) == (Refused, "no_server")
    error = await refusal(mastodon.register("https://inside.example", redirect_uri=BACK))
    assert (type(error), error.code) == (Refused, "no_server")


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (reply(503, body=b"<html>"), TryLater, Fault.UNREACHABLE),
        (reply(429, {"error": "Too many requests"}), TryLater, Fault.RATE_LIMITED),
        (reply(422, {"error": "Validation failed: Redirect URI must be an absolute URI."}), Refused, Fault.REJECTED),
    ],
)
async def test_a_mastodon_that_will_not_now_is_no_missing_server(
    server: RawServer, mastodon: Mastodon, answer: bytes, error: type[OutsideError], code: str
) -> None:
    server.will(answer)
    told = await refusal(mastodon.register(server.address, redirect_uri=BACK))
    assert (type(told), told.code) == (error, code)


@pytest.mark.parametrize(
    ("answers", "limit"),
    [
        ([reply(200, {"configuration": {"statuses": {"max_characters": 5000}}})], 5000),
        ([reply(404, {"error": "no"}), reply(200, {"configuration": {"statuses": {"max_characters": 600}}})], 600),
        ([reply(404, {"error": "no"}), reply(200, {"max_toot_chars": 700})], 700),
        ([reply(200, {"max_toot_chars": 10**30})], 1_000_000),
        ([reply(404, {"error": "no"}), reply(200, {"configuration": 1})], None),
        ([reply(200, {"configuration": {"statuses": {"max_characters": -1}}}), reply(200, {})], None),
        ([reply(503, body=b"")], None),
    ],
)
async def test_the_servers_own_limit_is_asked_for_but_not_needed(
    server: RawServer, mastodon: Mastodon, door: Door, answers: list[bytes], limit: int | None
) -> None:
    server.will(reply(200, {**ME, "display_name": "Ada\u202e L."}), *answers)
    profile = await mastodon.identify(door, TOKENS)
    assert (profile.remote_id, profile.name, profile.limit) == ("7", "Ada L.", limit)
    assert profile.url == f"{server.address}/@ada"


async def test_a_post_is_public_and_in_its_language(server: RawServer, mastodon: Mastodon, door: Door) -> None:
    server.will(reply(200, {"id": "17", "url": f"{server.address}/@ada/17", "account": ME}))
    published = await mastodon.publish(door, TOKENS, DRAFT, key="share-1")
    assert (published.remote_id, published.url) == ("17", f"{server.address}/@ada/17")
    [asked] = server.asked
    assert asked.told == {"status": "De molens.", "visibility": "public", "language": "nl"}
    assert (asked.headers["idempotency-key"], asked.headers["authorization"]) == ("share-1", "Bearer acc3ss-a1")


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/@ada/17", "javascript:alert(1)", "http://[", "", None, 7, "x" * 3000]
)
async def test_an_address_on_another_server_is_not_believed(
    server: RawServer, mastodon: Mastodon, door: Door, url: object
) -> None:
    server.will(reply(200, {"id": "17", "url": url, "account": ME}))
    assert (await mastodon.publish(door, TOKENS, DRAFT, key="k")).url == f"{server.address}/@ada/17"


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (reply(401, {"error": "The access token is invalid"}), NotConnected, Fault.REVOKED),
        (reply(401, {"error": "The access token was revoked"}), NotConnected, Fault.REVOKED),
        (reply(401, {"error": "The access token expired"}), NotConnected, Fault.EXPIRED),
        (reply(403, {"error": "This action is outside the authorized scopes"}), NotConnected, Fault.SCOPE),
        (reply(403, {"error": "Your login is currently disabled"}), Refused, Fault.REJECTED),
        (reply(422, {"error": "Validation failed: Text character limit of 500 exceeded"}), Refused, Fault.TOO_LONG),
        (reply(422, {"error": "Validation failed: Text can't be blank"}), Refused, Fault.REJECTED),
        (reply(422, {"error": ["character limit"]}), Refused, Fault.TOO_LONG),
        (reply(200, {"id": 17}), Uncertain, "no_answer"),
        (reply(200, {"id": "1" * 300}), Uncertain, "no_answer"),
        (reply(200, {"id": "1\u0000"}), Uncertain, "no_answer"),
        (reply(200, {"uri": "x"}), Uncertain, "no_answer"),
    ],
)
async def test_what_a_server_says_of_a_post_is_understood(
    server: RawServer, mastodon: Mastodon, answer: bytes, error: type[OutsideError], code: str
) -> None:
    server.will(answer)
    told = await refusal(mastodon.publish(door_of(server), TOKENS, DRAFT, key="k"))
    assert (type(told), told.code) == (error, code)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": datetime(2026, 11, 22, 18, 5, tzinfo=UTC).isoformat()}, 300),
        ({"X-RateLimit-Reset": "2026-11-22T18:05:00.000000Z"}, 300),
        ({"X-RateLimit-Reset": "2026-11-22T18:05:00"}, 300),
        ({"X-RateLimit-Reset": "2020-01-01T00:00:00Z"}, 1),
        ({"X-RateLimit-Reset": "soon", "Retry-After": "42"}, 42),
        ({}, 30),
    ],
)
async def test_too_much_waits_until_the_server_counts_anew_by_its_own_clock(
    server: RawServer, mastodon: Mastodon, door: Door, headers: dict[str, str], wait: int
) -> None:
    server.will(reply(429, {"error": "Too many requests"}, headers={"Date": DATE, **headers}))
    told = await refusal(mastodon.publish(door, TOKENS, DRAFT, key="k"))
    assert isinstance(told, TryLater)
    assert told.after == timedelta(seconds=wait)


async def test_wider_permissions_hold_the_narrower_ones(server: RawServer, mastodon: Mastodon, door: Door) -> None:
    server.will(reply(200, {"access_token": "t", "scope": "read write"}))
    assert (await mastodon.exchange(door, code="c", verifier="v" * 43)).access == "t"
    server.will(reply(200, {"access_token": "t", "scope": "read"}))
    error = await refusal(mastodon.exchange(door, code="c", verifier="v" * 43))
    assert (type(error), error.code) == (NotConnected, Fault.SCOPE)


async def test_figures_that_were_told_are_kept_when_the_rest_must_wait(
    server: RawServer, mastodon: Mastodon, door: Door
) -> None:
    counted = {"favourites_count": 5, "reblogs_count": 0, "replies_count": None}
    server.will(reply(200, counted), reply(404, {"error": "gone"}), reply(429, {"error": "Too many requests"}))
    assert await mastodon.metrics(door, TOKENS, ["1", "2", "3", "4"]) == {"1": {"likes": 5, "reshares": 0}}
    assert server.lines == [f"GET /api/v1/statuses/{one}" for one in (1, 2, 3)]
    assert isinstance(await refusal(mastodon.metrics(door, TOKENS, ["1"])), TryLater)


async def test_a_token_that_the_server_does_not_know_is_ended(
    server: RawServer, mastodon: Mastodon, door: Door
) -> None:
    server.will(reply(401, {"error": "invalid_client"}))
    await mastodon.revoke(door, TOKENS)
    server.will(reply(403, {"error": "unauthorized_client"}))
    assert isinstance(await refusal(mastodon.revoke(door, TOKENS)), Refused)
