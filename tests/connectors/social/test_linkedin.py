"""LinkedIn's connector against a server that answers, misanswers and breaks off byte for byte as it is told."""

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.core.errors import NotConnected, Refused, TryLater, Uncertain
from bot.core.networks import canonical_permalink
from bot.core.ports import SocialNetwork
from bot.core.social import Door, Tokens
from tests.connectors.social.at_linkedin import (
    ACCESS,
    CODE,
    CREATED,
    DRAFT,
    FRESH,
    GRANTED,
    RENEWING,
    SECRET,
    TOKENS,
    URN,
    Outcome,
    Told,
    failure,
    linkedin_at,
)
from tests.connectors.social.raw_server import Break, RawServer, reply


async def test_the_agreement_is_asked_for_with_our_own_state(network: SocialNetwork, door: Door) -> None:
    url = network.authorization_url(door, state="our/own state", verifier="v" * 43)
    asked = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path == "/oauth/v2/authorization"
    assert asked == {
        "response_type": ["code"],
        "client_id": ["client"],
        "scope": ["openid profile w_member_social"],
        "state": ["our/own state"],
        "redirect_uri": [door.redirect_uri],
    }


async def test_a_code_is_exchanged_in_the_body_alone(server: RawServer, network: SocialNetwork, door: Door) -> None:
    server.will(reply(200, {**GRANTED, "refresh_token": RENEWING, "id_token": "x"}))
    tokens = await network.exchange(door, code=CODE, verifier="")
    assert (tokens.access, tokens.refresh, tokens.scopes) == (FRESH, RENEWING, frozenset(network.scopes))
    assert tokens.expires_at == datetime(2026, 11, 22, 18, tzinfo=UTC) + timedelta(days=60)
    (asked,) = server.asked
    assert asked.line == "POST /oauth/v2/accessToken HTTP/1.1"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": [CODE],
        "client_id": ["client"],
        "client_secret": [SECRET],
        "redirect_uri": [door.redirect_uri],
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(200, {**GRANTED, "scope": "openid,profile"}), (NotConnected, "scope")),
        (reply(401, {"error": "invalid_request", "error_description": "their words"}), (NotConnected, "expired")),
        (reply(400, {"error": "invalid_grant"}), (NotConnected, "expired")),
        (reply(401, {"error": "invalid_client"}), (Refused, "rejected")),
        (reply(429, {}), (TryLater, "rate_limited")),
        (reply(503, body=b"<html>their words"), (TryLater, "unreachable")),
        (reply(200, body=b"<html>their words"), (TryLater, "unreachable")),
        (reply(200, {"access_token": 7}), (TryLater, "unreachable")),
        (reply(302, headers={"Location": "/elsewhere"}), (TryLater, "unreachable")),
        (Break.AFTER, (TryLater, "unreachable")),
        (Break.SILENCE, (TryLater, "unreachable")),
    ],
)
async def test_an_exchange_that_gives_nothing_says_why(
    server: RawServer, door: Door, network: SocialNetwork, answer: Told, expected: Outcome
) -> None:
    server.will(answer)
    found = await failure(network.exchange(door, code=CODE, verifier=""))
    assert (type(found), found.code) == expected
    assert len(server.asked) == 1


async def test_only_partners_can_renew(server: RawServer, network: SocialNetwork, door: Door) -> None:
    assert (await failure(network.refresh(door, Tokens(access=ACCESS)))).code == "expired"
    server.will(reply(200, GRANTED))
    renewed = await network.refresh(door, TOKENS)
    assert (renewed.access, renewed.refresh) == (FRESH, RENEWING)
    server.will(reply(400, {"error": "invalid_grant"}))
    assert (await failure(network.refresh(door, TOKENS))).code == "revoked"


async def test_whose_account_it_is(server: RawServer, network: SocialNetwork, door: Door) -> None:
    server.will(reply(200, {"sub": "aB3_-x", "name": "Ada\u202e L.", "locale": {"language": "en"}}))
    profile = await network.identify(door, TOKENS)
    assert (profile.remote_id, profile.name, profile.limit) == ("aB3_-x", "Ada L.", None)
    (asked,) = server.asked
    assert asked.line == "GET /api/v2/userinfo HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {ACCESS}"
    server.will(reply(200, {"name": "nobody"}))
    assert (await failure(network.identify(door, TOKENS))).code == "unreachable"


async def test_a_post_goes_out_as_the_documents_have_it(server: RawServer, network: SocialNetwork, door: Door) -> None:
    server.will(CREATED)
    published = await network.publish(door, TOKENS, DRAFT, key="share-1")
    assert (published.remote_id, published.url) == (URN, f"https://www.linkedin.com/feed/update/{URN}")
    assert canonical_permalink("linkedin", published.url) == published.url
    (asked,) = server.asked
    assert asked.line == "POST /api/rest/posts HTTP/1.1"
    named = {name: asked.headers[name] for name in ("authorization", "linkedin-version", "x-restli-protocol-version")}
    assert named == {
        "authorization": f"Bearer {ACCESS}",
        "linkedin-version": "202607",
        "x-restli-protocol-version": "2.0.0",
    }
    assert asked.told == {
        "author": "urn:li:person:aB3_-x",
        "commentary": "#ExampleEmployee\n\nWind \\(really\\) works\n\nhttps://go.example.com/l/abcdefg",
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "content": {
            "article": {"source": DRAFT.link, "title": "Wind works (really)", "description": "What *we* learned."}
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


DUPLICATE = {
    "message": "their words",
    "status": 422,
    "errorDetails": {
        "inputErrors": [
            {"code": "DUPLICATE_POST", "description": "Content is a duplicate of urn:li:share:7111111111111111111"}
        ]
    },
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(400, {"message": "their words", "code": "VERSION_MISSING"}), (Refused, "rejected")),
        (reply(401, {"serviceErrorCode": 65602, "message": "their words"}), (NotConnected, "expired")),
        (reply(401, {"serviceErrorCode": 65601}), (NotConnected, "revoked")),
        (reply(401, {"code": "REVOKED_ACCESS_TOKEN"}), (NotConnected, "revoked")),
        (reply(401, body=b"<html>"), (NotConnected, "expired")),
        (reply(403, {"serviceErrorCode": 100, "code": "ACCESS_DENIED"}), (NotConnected, "scope")),
        (reply(404, {}), (Refused, "rejected")),
        (reply(422, DUPLICATE), (Refused, "duplicate")),
        (reply(422, {"errorDetails": {"inputErrors": [{"code": "FIELD_LENGTH_TOO_LONG"}]}}), (Refused, "too_long")),
        (reply(422, {"errorDetails": "odd", "message": ["odd"]}), (Refused, "rejected")),
        (reply(426, {"code": "NONEXISTENT_VERSION"}), (Refused, "sunset")),
        (reply(429, {"code": "TOO_MANY_REQUESTS"}), (TryLater, "rate_limited")),
        (reply(408), (Uncertain, "408")),
        (reply(500, {}), (Uncertain, "500")),
        (reply(503, body=b"<html>"), (Uncertain, "503")),
        (reply(504), (Uncertain, "504")),
        (reply(307, headers={"Location": "/api/rest/posts"}), (Uncertain, "307")),
        (reply(302, headers={"Location": "http://[odd"}), (Uncertain, "302")),
        (reply(200, body=b"<html>"), (Uncertain, "200")),
        (reply(201, {}), (Uncertain, "201")),
        (reply(201, headers={"x-restli-id": "odd"}), (Uncertain, "201")),
        (b"HTTP/1.1 garbage\r\n\r\n", (Uncertain, "no_answer")),
        (b"\x16\x03\x01", (Uncertain, "no_answer")),
        (b"", (Uncertain, "no_answer")),
        (b"HTTP/1.1 201 Cre", (Uncertain, "201")),
        (Break.BEFORE, (Uncertain, "no_answer")),
        (Break.AFTER, (Uncertain, "no_answer")),
        (Break.SILENCE, (Uncertain, "no_answer")),
    ],
)
async def test_a_post_that_did_not_land_says_whether_that_is_certain(
    server: RawServer, door: Door, network: SocialNetwork, answer: Told, expected: Outcome
) -> None:
    server.will(answer)
    found = await failure(network.publish(door, TOKENS, DRAFT, key="share-1"))
    assert (type(found), found.code) == expected
    assert len(server.asked) <= 1


async def test_the_earlier_post_of_a_duplicate_is_named(server: RawServer, door: Door, network: SocialNetwork) -> None:
    server.will(reply(422, DUPLICATE))
    found = await failure(network.publish(door, TOKENS, DRAFT, key="k"))
    assert found.params == {"earlier": "https://www.linkedin.com/feed/update/urn:li:share:7111111111111111111"}
    server.will(reply(422, {"message": "Duplicate"}))
    assert (await failure(network.publish(door, TOKENS, DRAFT, key="k"))).params == {"earlier": ""}


async def test_a_text_over_the_limit_is_too_long_whatever_linkedin_calls_it(
    server: RawServer, door: Door, network: SocialNetwork
) -> None:
    server.will(reply(422, {"message": "their words"}))
    for length, code in ((3000, "rejected"), (3001, "too_long")):
        found = await failure(network.publish(door, TOKENS, replace(DRAFT, text="x" * length), key="k"))
        assert found.code == code


async def test_limits_begin_anew_at_midnight_utc_by_linkedins_own_clock(
    server: RawServer, door: Door, network: SocialNetwork
) -> None:
    server.will(reply(429, {}))
    found = await failure(network.publish(door, TOKENS, DRAFT, key="k"))
    assert isinstance(found, TryLater)
    assert found.after == timedelta(hours=6)


@pytest.mark.parametrize(
    "answer",
    [
        reply(201, headers={"x-restli-id": URN}, body=b"<html>"),
        reply(201, headers={"x-restli-id": URN, "Content-Length": "500"}, body=b"half"),
        reply(201, headers={"x-restli-id": URN, "Content-Encoding": "gzip"}, body=b"no gzip"),
        reply(201, headers={"x-restli-id": URN}, body=b"x" * 1_500_000),
    ],
    ids=["html", "half", "no gzip", "huge"],
)
async def test_a_post_that_is_named_is_there_whatever_the_body_is(
    server: RawServer, door: Door, network: SocialNetwork, answer: bytes
) -> None:
    server.will(answer)
    assert (await network.publish(door, TOKENS, DRAFT, key="k")).remote_id == URN


async def test_where_nothing_was_sent_it_may_be_sent_later(server: RawServer, door: Door) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{closed.getsockname()[1]}"
    server.will(b"no TLS here")
    plain = server.address.removeprefix("http://")
    for address in (f"http://{nowhere}", f"http://{'x' * 64}.invalid", f"https://{plain}"):
        found = await failure(linkedin_at(address).publish(door, TOKENS, DRAFT, key="k"))
        assert (type(found), found.code) == (TryLater, "unreachable")


async def test_the_environment_is_left_alone(
    server: RawServer, door: Door, network: SocialNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.will(CREATED)
    await network.publish(door, TOKENS, DRAFT, key="k")
    assert server.asked[0].headers["authorization"] == f"Bearer {ACCESS}"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(204), None),
        (reply(404), None),
        (reply(401), "expired"),
        (reply(500), "unreachable"),
        (Break.AFTER, "unreachable"),
    ],
)
async def test_a_post_is_deleted_once_and_for_all(
    server: RawServer, door: Door, network: SocialNetwork, answer: Told, code: str | None
) -> None:
    server.will(answer)
    if code is None:
        await network.delete(door, TOKENS, URN)
    else:
        assert (await failure(network.delete(door, TOKENS, URN))).code == code
    assert server.lines == ["DELETE /api/rest/posts/urn%3Ali%3Ashare%3A7000000000000000001"]


async def test_figures_are_asked_only_where_the_app_is_vetted(
    server: RawServer, door: Door, network: SocialNetwork
) -> None:
    assert (await failure(network.metrics(door, TOKENS, [URN]))).code == "not_available"
    assert server.asked == []
    vetted = linkedin_at(server.address, is_vetted=True)
    assert "r_member_postAnalytics" in vetted.scopes
    server.will(reply(403, {}))
    assert (await failure(vetted.metrics(door, TOKENS, [URN]))).code == "not_available"


async def test_what_is_not_told_is_no_zero(server: RawServer, door: Door) -> None:
    vetted = linkedin_at(server.address, is_vetted=True)
    told = [reply(200, {"elements": [{"count": number}]}) for number in (120, 7)]
    server.will(*told, reply(200, {"elements": []}), reply(200, {"elements": [{"count": 0}]}), reply(404), reply(429))
    gone, late = "urn:li:ugcPost:7000000000000000002", "urn:li:share:7000000000000000003"
    found = await vetted.metrics(door, TOKENS, [URN, gone, late])
    assert found == {URN: {"impressions": 120, "likes": 7, "reshares": 0}}
    query = "q=entity&entity=({})&queryType=IMPRESSION&aggregation=TOTAL"
    assert server.lines[0] == "GET /api/rest/memberCreatorPostAnalytics?" + query.format(
        "share:urn%3Ali%3Ashare%3A7000000000000000001"
    )
    assert server.lines[4].endswith(query.format("ugc:urn%3Ali%3AugcPost%3A7000000000000000002"))
    assert (await failure(vetted.metrics(door, TOKENS, [late]))).code == "rate_limited"
