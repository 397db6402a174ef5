"""X's connector against a server that answers byte for byte as it is told: errors, requests, and what is left alone."""

import base64
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.social import Door, Draft, Fault, NetworkApp, Tokens
from connectors.social.x import LOGGERS, X
from tests.connectors.social.raw_server import DATE, RawServer, raw_server, reply

TOKENS = Tokens(access="acc3ss-a1", refresh="r3fresh-a1")
DOOR = Door(server="", client_id="client", client_secret="s3cret", redirect_uri="https://vouch.example/cb")  # noqa: S106
DRAFT = Draft(author_id="7", text="De duplicate molens. https://go.example/l/a", link="https://go.example/l/a")
GIVEN = {"access_token": "acc3ss-b2", "token_type": "bearer", "expires_in": 7200}
CREATED = reply(201, {"data": {"id": "17", "text": "De molens."}})


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
def x(server: RawServer) -> X:
    app = NetworkApp(client_id="client", client_secret="s3cret", login_url=server.address, api_url=server.address)  # noqa: S106
    return X(app)


async def refusal(x: X) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        await x.publish(DOOR, TOKENS, DRAFT, key="k")
    return caught.value


async def test_a_post_is_asked_for_at_our_address_with_the_token_in_the_header(server: RawServer, x: X) -> None:
    server.will(CREATED)
    published = await x.publish(DOOR, TOKENS, DRAFT, key="share-1")
    assert (published.remote_id, published.url) == ("17", "https://x.com/i/status/17")
    [asked] = server.asked
    assert asked.line == "POST /2/tweets HTTP/1.1"
    assert asked.told == {"text": DRAFT.text}
    assert asked.headers["authorization"] == f"Bearer {TOKENS.access}"
    assert asked.headers["host"] in server.address


async def test_figures_are_asked_for_in_one_request(server: RawServer, x: X) -> None:
    metrics = {"like_count": 5, "retweet_count": 2, "impression_count": 90, "bookmark_count": "?"}
    server.will(reply(200, {"data": [{"id": "17", "public_metrics": metrics}, {"id": "19"}, 7], "errors": []}))
    found = await x.metrics(DOOR, TOKENS, ["17", "18", "not-ours", "19"])
    assert found == {"17": {"likes": 5, "reshares": 2, "impressions": 90}}
    assert server.lines == ["GET /2/tweets?tweet.fields=public_metrics&ids=17%2C18%2C19"]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (reply(401, {"title": "Unauthorized"}), NotConnected, Fault.EXPIRED),
        (reply(402, {"title": "CreditsDepleted"}), Refused, Fault.NO_CREDITS),
        (reply(402, body=b"<html>"), Refused, Fault.NO_CREDITS),
        (reply(403, {"detail": "Your account does not have any credits."}), Refused, Fault.NO_CREDITS),
        (reply(403, {"title": "SpendCapReached"}), Refused, Fault.NO_CREDITS),
        (reply(429, {"title": "UsageCapExceeded"}), Refused, Fault.NO_CREDITS),
        (reply(403, {"detail": "You are not allowed to create a Tweet with duplicate content."}), Refused, "duplicate"),
        (reply(403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}), Refused, Fault.DUPLICATE),
        (reply(403, {"type": "https://api.twitter.com/2/problems/oauth1-permissions"}), NotConnected, Fault.SCOPE),
        (reply(403, {"detail": "You are not permitted to perform this action."}), NotConnected, Fault.SCOPE),
        (reply(403, {"detail": "Forbidden", "title": "Forbidden"}), Refused, Fault.REJECTED),
        (reply(403, {"reason": "client-not-enrolled", "title": "Client Forbidden"}), Refused, Fault.REJECTED),
        (reply(403, [1]), Refused, Fault.REJECTED),
        (reply(403, body=b"<html>duplicate</html>"), Refused, Fault.REJECTED),
        (reply(400, {"errors": [{"message": "Your Tweet text is too long."}]}), Refused, Fault.TOO_LONG),
        (reply(422, {"detail": "Text is longer than allowed"}), Refused, Fault.TOO_LONG),
        (reply(400, {"errors": [{"parameters": {"text": [DRAFT.text]}, "message": "no"}]}), Refused, Fault.REJECTED),
        (reply(403, {"errors": ["x", {"parameters": {"text": [DRAFT.text]}}]}), Refused, Fault.REJECTED),
        (reply(404, {"title": "Not Found Error"}), Refused, Fault.REJECTED),
        (reply(201, {"data": {"text": "no id"}}), Uncertain, "no_answer"),
        (reply(201, {"data": {"id": "../17"}}), Uncertain, "no_answer"),
        (reply(200, {"data": [17]}), Uncertain, "no_answer"),
        (reply(302, headers={"Location": "/2/users/me"}), Uncertain, "no_answer"),
    ],
)
async def test_what_x_says_is_understood(
    server: RawServer, x: X, answer: bytes, error: type[OutsideError], code: str
) -> None:
    server.will(answer)
    told = await refusal(x)
    assert (type(told), told.code) == (error, code)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-rate-limit-reset": str(int(datetime(2026, 11, 22, 18, 10, tzinfo=UTC).timestamp()))}, 600),
        ({"x-rate-limit-reset": str(int(datetime(2026, 11, 22, 17, tzinfo=UTC).timestamp()))}, 1),
        ({"x-rate-limit-reset": "soon", "Retry-After": "42"}, 42),
        ({"x-rate-limit-reset": "9" * 30}, 30),
        ({}, 30),
    ],
)
async def test_too_much_waits_until_x_counts_anew_by_its_own_clock(
    server: RawServer, x: X, headers: dict[str, str], wait: int
) -> None:
    server.will(reply(429, {"title": "Too Many Requests"}, headers={"Date": DATE, **headers}))
    told = await refusal(x)
    assert isinstance(told, TryLater)
    assert (told.code, told.after) == (Fault.RATE_LIMITED, timedelta(seconds=wait))


async def test_a_code_is_exchanged_in_the_body_with_the_secret_in_the_header(server: RawServer, x: X) -> None:
    server.will(reply(200, {**GIVEN, "refresh_token": "r3fresh-b2", "scope": " ".join(x.scopes)}))
    tokens = await x.exchange(DOOR, code="c0de", verifier="v" * 43)
    assert (tokens.access, tokens.refresh, tokens.scopes) == ("acc3ss-b2", "r3fresh-b2", frozenset(x.scopes))
    [asked] = server.asked
    assert asked.line == "POST /2/oauth2/token HTTP/1.1"
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(b'client:s3cret').decode()}"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["c0de"],
        "code_verifier": ["v" * 43],
        "redirect_uri": [DOOR.redirect_uri],
        "client_id": ["client"],
    }


async def test_a_refresh_token_that_is_not_replaced_is_kept(server: RawServer, x: X) -> None:
    server.will(reply(200, GIVEN))
    new = await x.refresh(DOOR, TOKENS)
    assert (new.access, new.refresh) == ("acc3ss-b2", TOKENS.refresh)


async def test_renewing_with_fewer_permissions_says_so(server: RawServer, x: X) -> None:
    server.will(reply(200, {**GIVEN, "scope": "tweet.read users.read"}))
    with pytest.raises(NotConnected) as caught:
        await x.refresh(DOOR, TOKENS)
    assert caught.value.code == Fault.SCOPE


async def test_without_anything_to_renew_nothing_is_asked(server: RawServer, x: X) -> None:
    with pytest.raises(NotConnected):
        await x.refresh(DOOR, replace(TOKENS, refresh=""))
    assert server.asked == []


async def test_disconnecting_ends_both_tokens(server: RawServer, x: X) -> None:
    server.will(reply(200, {"revoked": True}))
    await x.revoke(DOOR, TOKENS)
    assert [parse_qs(one.body.decode())["token"][0] for one in server.asked] == [TOKENS.refresh, TOKENS.access]
    server.will(reply(400, {"error": "invalid_request"}))
    await x.revoke(DOOR, TOKENS)
    server.will(reply(503, body=b"<html>"))
    with pytest.raises(TryLater):
        await x.revoke(DOOR, TOKENS)


async def test_the_environment_is_left_alone(
    server: RawServer, x: X, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login nobody password wrong\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.will(CREATED)
    await x.publish(DOOR, TOKENS, DRAFT, key="k")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKENS.access}"


@pytest.mark.parametrize("name", LOGGERS)
def test_loggers_that_write_tokens_are_never_below_info(name: str, x: X) -> None:
    assert x.name == "x"
    assert logging.getLogger(name).level >= logging.INFO
    assert not logging.getLogger(f"{name}.client").isEnabledFor(logging.DEBUG)
