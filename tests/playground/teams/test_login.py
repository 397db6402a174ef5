"""Who may ask the connector, and with what the service signs."""

from typing import Any

import jwt
import pytest

from playground.teams.keys import STRANGER, UNENDORSED, Forgery
from tests.playground.teams.conftest import NADIA, Start, World


async def test_the_bot_gets_a_token_for_its_registration(world: World) -> None:
    status, told = await world.connector.log_in()
    assert status == 200
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3599)


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 400, "unauthorized_client"),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"tenant": "elsewhere"}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_registration_is_refused(world: World, changed: dict[str, str], status: int, error: str) -> None:
    found, told = await world.connector.log_in(**changed)
    assert (found, told["error"]) == (status, error)
    assert told["error_description"].startswith(f"AADSTS{told['error_codes'][0]}: ")
    assert "the-app's" not in str(world.service.asked("token"))


async def test_the_connector_wants_a_token_that_is_still_good(start: Start) -> None:
    world = await start(expires_in=0)
    status, told = await world.connector.ask("GET", f"teams/{world.service.state.team}")
    assert (status, told["error"]["code"]) == (401, "Unauthorized")
    world.service.parts.tokens.expires_in = 60
    await world.connector.log_in()
    assert (await world.connector.ask("GET", f"teams/{world.service.state.team}"))[0] == 200
    world.service.parts.tokens.revoke()
    assert (await world.connector.ask("GET", f"teams/{world.service.state.team}"))[0] == 401


async def _checked(world: World, token: str) -> dict[str, Any]:
    """Check a token as a bot does, with the key document of now."""
    session = world.connector.session
    async with session.get(world.service.environment()["TEAMS_OPENID_URL"]) as response:
        metadata = await response.json()
    async with session.get(metadata["jwks_uri"]) as response:
        keys = {one["kid"]: one for one in (await response.json())["keys"]}
    header = jwt.get_unverified_header(token)
    key = keys[header["kid"]]
    assert "msteams" in key["endorsements"]
    audience = world.service.settings.app_id
    told: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience=audience, issuer=metadata["issuer"]
    )
    return told


async def test_deliveries_are_signed_with_a_key_of_the_document(world: World) -> None:
    await world.service.people.say(NADIA, "help")
    token = world.bot.headers[0]["Authorization"].removeprefix("Bearer ")
    assert (await _checked(world, token))["serviceurl"] == world.bot.received[0]["serviceUrl"]


async def test_a_rotated_key_signs_and_the_old_one_leaves_the_document(world: World) -> None:
    old = world.service.token()
    world.service.parts.keys.rotate()
    assert await _checked(world, world.service.token())
    with pytest.raises(KeyError):
        await _checked(world, old)
    world.service.parts.keys.rotate(keeps_old=True)
    assert len(world.service.parts.keys.document()["keys"]) == 3


@pytest.mark.parametrize(
    ("forgery", "error"),
    [
        (Forgery(audience="another-app"), jwt.InvalidAudienceError),
        (Forgery(issuer="https://sts.windows.net/x/"), jwt.InvalidIssuerError),
        (Forgery(expires_s=-600), jwt.ExpiredSignatureError),
        (Forgery(starts_s=600), jwt.ImmatureSignatureError),
        (Forgery(lacks=("aud",)), jwt.MissingRequiredClaimError),
        (Forgery(key=STRANGER, kid="ours"), jwt.InvalidSignatureError),
        (Forgery(key=UNENDORSED), AssertionError),
        (Forgery(key=STRANGER), KeyError),
        (Forgery(is_unsigned=True), jwt.InvalidAlgorithmError),
    ],
)
async def test_each_forgery_fails_the_check_it_is_made_for(
    world: World, forgery: Forgery, error: type[Exception]
) -> None:
    if forgery.kid:
        forgery = Forgery(key=STRANGER, kid=jwt.get_unverified_header(world.service.token())["kid"])
    with pytest.raises(error):
        await _checked(world, world.service.token(forgery))


async def test_a_token_for_another_service_says_so(world: World) -> None:
    told = await _checked(world, world.service.token(Forgery(service_url="https://evil.example/")))
    assert told["serviceurl"] == "https://evil.example/"


async def test_anything_can_be_delivered_by_hand(world: World) -> None:
    outcome = await world.service.people.say(NADIA, "help")
    assert outcome.activity is not None
    await world.service.deliver(outcome.activity)
    assert world.bot.received[0] == world.bot.received[1]
    answer = await world.service.send_raw(b"[1", Content_Type="text/plain")
    assert (answer.status, answer.error) == (500, "not_accepted")
    assert world.service.told("raw")[0]["request"] == "[1"
