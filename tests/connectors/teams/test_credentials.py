"""The token is fetched once for all, renewed before it ends, and stands in no log and no error."""

import asyncio
import logging
from datetime import UTC, datetime

import aiohttp
import pytest

from bot.core.errors import OutsideError, Refused, TryLater
from connectors.chat.teams.credentials import Credentials, Registration
from connectors.chat.teams.probe import TeamsProbe
from tests.connectors.teams.fake_service import APP_ID, SECRET, TENANT, FakeTeams
from tests.connectors.teams.parts import Ticking, clock, registration, session, teams

__all__ = ["clock", "session", "teams"]


@pytest.fixture
async def held(teams: FakeTeams, session: aiohttp.ClientSession, clock: Ticking) -> Credentials:
    return Credentials(registration(teams), session=session, now=clock)


async def renewed(held: Credentials) -> None:
    """Wait for the renewal that was begun meanwhile."""
    assert held._flight is not None
    await asyncio.wait([held._flight])


async def test_the_token_is_asked_for_as_the_bots_own(held: Credentials, teams: FakeTeams) -> None:
    assert await held.token() == "token-1"
    (asked,) = teams.asked("token")
    assert asked.parts == {"tenant": TENANT}
    assert asked.body == {
        "grant_type": "client_credentials",
        "client_id": APP_ID,
        "client_secret": SECRET,
        "scope": "https://api.botframework.com/.default",
    }


async def test_many_callers_share_one_fetch_and_then_one_token(held: Credentials, teams: FakeTeams) -> None:
    teams.will("token", body={"access_token": "slow", "expires_in": 3599}, delay_s=0.05)
    assert await asyncio.gather(*(held.token() for _ in range(50))) == ["slow"] * 50
    assert await held.token() == "slow"
    assert len(teams.asked("token")) == 1


async def test_a_caller_who_stops_waiting_stops_nobody_else(held: Credentials, teams: FakeTeams) -> None:
    teams.will("token", body={"access_token": "slow", "expires_in": 3599}, delay_s=0.1)
    impatient = asyncio.create_task(held.token())
    patient = asyncio.create_task(held.token())
    await teams.until(lambda: bool(teams.asked("token")))
    impatient.cancel()
    assert await patient == "slow"
    assert len(teams.asked("token")) == 1


async def test_a_token_that_soon_ends_is_renewed_while_it_still_serves(
    held: Credentials, teams: FakeTeams, clock: Ticking
) -> None:
    assert await held.token() == "token-1"
    clock.at += 3599 - 299
    assert await held.token() == "token-1"
    await renewed(held)
    assert await held.token() == "token-2"
    assert len(teams.asked("token")) == 2


async def test_a_renewal_that_fails_is_tried_again_a_little_later_and_nobody_notices(
    held: Credentials, teams: FakeTeams, clock: Ticking
) -> None:
    await held.token()
    clock.at += 3500
    teams.will("token", status=503)
    assert await held.token() == "token-1"
    await renewed(held)
    assert [await held.token() for _ in range(3)] == ["token-1"] * 3
    assert len(teams.asked("token")) == 2
    clock.at += 11
    assert await held.token() == "token-1"
    await renewed(held)
    assert await held.token() == "token-2"


async def test_a_token_that_has_ended_is_waited_for(held: Credentials, clock: Ticking) -> None:
    await held.token()
    clock.at += 3600
    assert await held.token() == "token-2"


async def test_a_refused_token_is_thrown_away_once(held: Credentials, teams: FakeTeams) -> None:
    old = await held.token()
    held.discard(old)
    new = await held.token()
    held.discard(old)
    assert (await held.token(), new) == ("token-2", "token-2")
    assert len(teams.asked("token")) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ({"status": 401, "body": {"error": "invalid_client"}}, Refused, "invalid_client"),
        ({"status": 400, "body": {"error": "unauthorized_client"}}, Refused, "unauthorized_client"),
        ({"status": 400, "body": {"error": "Anna's own words"}}, Refused, "login_http_400"),
        ({"status": 404, "text": "<html>"}, Refused, "login_http_404"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, Refused, "login_http_302"),
        ({"status": 400, "body": {"error": "temporarily_unavailable"}}, TryLater, "temporarily_unavailable"),
        ({"status": 429, "body": {}}, TryLater, "login_http_429"),
        ({"status": 503, "text": "<html>"}, TryLater, "login_http_503"),
        ({"text": "not json"}, TryLater, "no_token"),
        ({"body": {"access_token": "", "expires_in": 3599}}, TryLater, "no_token"),
        ({"body": {"access_token": "x", "expires_in": "soon"}}, TryLater, "no_token"),
        ({"is_cut": True}, TryLater, "login_unreachable"),
    ],
)  # fmt: skip
async def test_a_login_that_gives_no_token_says_why(
    held: Credentials, teams: FakeTeams, answer: dict[str, object], kind: type[OutsideError], code: str
) -> None:
    teams.will("token", **answer)
    with pytest.raises(OutsideError) as caught:
        await held.token()
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert await held.token() == "token-1"


async def test_a_login_that_is_not_there_is_tried_later(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    nobody = Registration(app_id="a", secret="s", tenant="t", login_url=f"http://127.0.0.1:{unused_tcp_port}")  # noqa: S106
    with pytest.raises(TryLater, match="login_unreachable"):
        await Credentials(nobody, session=session).token()


async def test_a_failure_fails_everyone_who_waits_and_the_next_asks_anew(held: Credentials, teams: FakeTeams) -> None:
    teams.will("token", status=401, body={"error": "invalid_client"}, delay_s=0.05)
    failed = await asyncio.gather(*(held.token() for _ in range(5)), return_exceptions=True)
    assert [getattr(one, "code", one) for one in failed] == ["invalid_client"] * 5
    assert await held.token() == "token-1"
    assert len(teams.asked("token")) == 2


async def test_neither_secret_nor_token_is_ever_shown(
    held: Credentials, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await held.token()
    teams.will("token", status=401, body={"error": "invalid_client", "error_description": SECRET})
    held.discard("token-1")
    with pytest.raises(Refused) as caught:
        await held.token()
    shown = [repr(held.registration), repr(held._held), repr(caught.value), str(caught.value), caplog.text]
    assert not any(SECRET in one or "token-1" in one for one in shown)


async def test_closing_gives_up_what_is_being_asked_and_says_that_nothing_was_done(
    held: Credentials, teams: FakeTeams
) -> None:
    teams.will("token", delay_s=5)
    waiting = asyncio.create_task(held.token())
    await teams.until(lambda: bool(teams.asked("token")))
    await held.close()
    with pytest.raises(TryLater, match="login_given_up"):
        await waiting


async def test_a_caller_who_is_cancelled_with_the_request_is_cancelled(held: Credentials, teams: FakeTeams) -> None:
    teams.will("token", delay_s=5)
    waiting = asyncio.create_task(held.token())
    await teams.until(lambda: bool(teams.asked("token")))
    waiting.cancel()
    await held.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_probe_says_who_we_are_by_the_services_own_time(held: Credentials, teams: FakeTeams) -> None:
    told = {"access_token": "x", "expires_in": 3599}
    teams.will("token", body=told, headers={"Date": "Sat, 21 Nov 2026 20:00:00 GMT"})
    identity = await TeamsProbe(held).identify()
    assert identity.at == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert (identity.scopes, APP_ID in identity.name, TENANT in identity.name) == (frozenset(), True, True)
    teams.will("token", status=401, body={"error": "invalid_client"})
    with pytest.raises(Refused, match="invalid_client"):
        await TeamsProbe(held).identify()
