"""Agreeing at the test network: who is sent back, with what, and what it is good for."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from playground.social.consent import CANCEL, LEAVE
from playground.social.visiting import NoPageError, agree
from tests.playground.social.visits import NADIA, OMAR, SCOPES, Visits, on_each

pytestmark = pytest.mark.asyncio(loop_scope="module")


@on_each
async def test_who_agrees_comes_back_with_a_code_and_the_very_same_state(visits: Visits, network: str) -> None:
    came = await agree(visits.http, await visits.login(network), who=NADIA)
    assert came.startswith(visits.social.redirect_uri(network) + "?")
    assert parse_qs(urlsplit(came).query)["state"] == ["st-1 &=/ü"]


@pytest.mark.parametrize(
    ("network", "answer", "error"),
    [
        ("linkedin", CANCEL, "user_cancelled_authorize"),
        ("linkedin", LEAVE, "user_cancelled_login"),
        ("x", CANCEL, "access_denied"),
        ("mastodon", CANCEL, "access_denied"),
    ],
)
async def test_who_does_not_agree_comes_back_with_an_error(
    visits: Visits, network: str, answer: str, error: str
) -> None:
    query = parse_qs(urlsplit(await agree(visits.http, await visits.login(network), who=NADIA, answer=answer)).query)
    assert (query["error"], "code" in query, query["state"]) == ([error], False, ["st-1 &=/ü"])


@on_each
@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"redirect_uri": "http://127.0.0.1:9/else"}])
async def test_a_wrong_app_or_address_sends_nobody_anywhere(
    visits: Visits, network: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(NoPageError):
        await agree(visits.http, await visits.login(network, **wrong), who=NADIA)


@pytest.mark.parametrize("wrong", [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"state": ""}])
async def test_x_wants_pkce_and_a_state(visits: Visits, wrong: dict[str, str]) -> None:
    with pytest.raises(NoPageError):
        await agree(visits.http, await visits.login("x", **wrong), who=NADIA)


@on_each
async def test_an_unknown_permission_goes_back_as_an_error(visits: Visits, network: str) -> None:
    came = await agree(visits.http, await visits.login(network, scope="everything"), who=NADIA)
    assert parse_qs(urlsplit(came).query)["error"][0] in ("unauthorized_scope_error", "invalid_scope")


@on_each
async def test_the_page_says_who_and_what(visits: Visits, network: str) -> None:
    path = (await visits.login(network)).removeprefix(visits.url(network, ""))
    told = await visits.ask("GET", network, path, headers={"X-Playground-As": NADIA})
    assert "Nadia" in told.body["page"]
    assert all(scope in told.body["page"] for scope in SCOPES[network].split())


@on_each
async def test_a_code_is_good_once(visits: Visits, network: str) -> None:
    code = await visits.code(network)
    given = await visits.exchange(network, code)
    assert given.status == 200
    assert given.body.get("expires_in") == {"linkedin": 5_184_000, "x": 7200}.get(network)
    assert set(given.body["scope"].replace(",", " ").split()) == set(SCOPES[network].split())
    assert (await visits.exchange(network, code)).status == 400


@pytest.mark.parametrize(("network", "seconds"), [("linkedin", 1800), ("x", 30), ("mastodon", 600)])
async def test_a_code_is_good_for_a_while(visits: Visits, network: str, seconds: int) -> None:
    clock = visits.social.parts.clock
    early, late = await visits.code(network), await visits.code(network)
    clock.offset += timedelta(seconds=seconds - 5)
    assert (await visits.exchange(network, early)).status == 200
    clock.offset += timedelta(seconds=10)
    assert (await visits.exchange(network, late)).status == 400


@on_each
async def test_the_secret_and_the_address_are_checked(visits: Visits, network: str) -> None:
    code = await visits.code(network)
    if network != "x":  # which reads the secret of the header alone
        wrong = await visits.exchange(network, code, client_secret="wrong")  # noqa: S106 - made up
        assert (wrong.status, wrong.body["error"]) == (401, "invalid_client")
    assert (await visits.exchange(network, code, redirect_uri="http://127.0.0.1:9/")).status == 400


async def test_x_takes_the_secret_by_http_basic_alone(visits: Visits) -> None:
    client_id, secret = await visits.app("x")
    form = {"grant_type": "authorization_code", "code": await visits.code("x"), "client_id": client_id}
    told = await visits.ask("POST", "x", "/api/2/oauth2/token", data={**form, "client_secret": secret})
    assert (told.status, told.body["error"]) == (401, "unauthorized_client")


@pytest.mark.parametrize("network", ["x", "mastodon"])
async def test_a_wrong_verifier_gets_nothing(visits: Visits, network: str) -> None:
    code = await visits.code(network)
    assert (await visits.exchange(network, code, code_verifier="w" * 43)).status == 400


async def test_mastodon_before_4_3_knows_no_pkce(visits: Visits) -> None:
    visits.social.settings.has_pkce = False
    try:
        server = await visits.ask("GET", "mastodon", "/.well-known/oauth-authorization-server")
        given = await visits.exchange("mastodon", await visits.code("mastodon"), code_verifier="")
    finally:
        visits.social.settings.has_pkce = True
    assert (server.status, given.status) == (404, 200)


async def test_a_refresh_token_of_x_is_good_once(visits: Visits) -> None:
    first = (await visits.exchange("x", await visits.code("x"))).body

    async def refresh(token: str) -> tuple[int, dict[str, str]]:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        told = await visits.ask("POST", "x", "/api/2/oauth2/token", data=form, headers=await visits.basic("x"))
        return told.status, told.body

    status, second = await refresh(first["refresh_token"])
    assert status == 200
    assert (await refresh(first["refresh_token"]))[0] == 400
    assert await visits.me("x", {"Authorization": f"Bearer {first['access_token']}"}) == 401
    assert await visits.me("x", {"Authorization": f"Bearer {second['access_token']}"}) == 200


@on_each
async def test_a_token_ends_when_it_is_over_or_taken_back(visits: Visits, network: str) -> None:
    headers = await visits.connect(network, OMAR)
    assert await visits.me(network, headers) == 200
    visits.social.expire(network, OMAR)
    assert await visits.me(network, headers) == 401
    headers = await visits.connect(network, OMAR)
    visits.social.revoke(network, OMAR)
    assert await visits.me(network, headers) == 401


@pytest.mark.parametrize(("network", "path"), [("x", "/api/2/oauth2/revoke"), ("mastodon", "/oauth/revoke")])
async def test_an_app_can_end_a_token(visits: Visits, network: str, path: str) -> None:
    headers = await visits.connect(network, OMAR)
    client_id, secret = await visits.app(network)
    form = {"token": headers["Authorization"].removeprefix("Bearer "), "client_id": client_id, "client_secret": secret}
    told = await visits.ask("POST", network, path, data=form, headers=await visits.basic(network))
    assert (told.status, await visits.me(network, headers)) == (200, 401)


@pytest.mark.parametrize(
    ("network", "scope"), [("linkedin", "w_member_social"), ("x", "tweet.write"), ("mastodon", "write:statuses")]
)
async def test_a_permission_that_was_left_out_is_missing(visits: Visits, network: str, scope: str) -> None:
    headers = await visits.connect(network, OMAR, without=[scope])
    assert (await visits.publish(network, headers, visits.unique(), OMAR)).status == 403
