"""LinkedIn's connector before a raw server: what is asked of it, and what must never be seen."""

from collections.abc import Coroutine
from typing import Any

import pytest

from bot.core.errors import OutsideError
from bot.core.social import Draft, NetworkApp, Tokens
from connectors.http import GuardedFetcher
from connectors.social.linkedin import LinkedIn
from tests.connectors.social.raw_server import Break, reply

SECRETS = ("Secret-of-the-app", "Code-that-came", "Token-of-ada", "Renewing-token", "Fresh-token")
SECRET, CODE, ACCESS, RENEWING, FRESH = SECRETS
TOKENS = Tokens(access=ACCESS, refresh=RENEWING)
DRAFT = Draft(
    author_id="aB3_-x",
    text="#ExampleEmployee\n\nWind (really) works\n\nhttps://go.example.com/l/abcdefg",
    link="https://go.example.com/l/abcdefg",
    title="Wind works (really)",
    summary="What *we* learned.",
)
URN = "urn:li:share:7000000000000000001"
Told = bytes | Break
Outcome = tuple[type[OutsideError], str]
CREATED = reply(201, headers={"x-restli-id": URN})
GRANTED = {"access_token": FRESH, "expires_in": 5_184_000, "scope": "openid,profile,w_member_social"}


def app_at(address: str) -> NetworkApp:
    """Return the app with log-in and API there."""
    return NetworkApp(client_id="client", client_secret=SECRET, login_url=address, api_url=f"{address}/api")


def linkedin_at(address: str, *, is_vetted: bool = False, allow: tuple[str, ...] = ()) -> LinkedIn:
    """Return the connector with time-outs that suit a test."""
    pictures = GuardedFetcher(allow=allow)
    return LinkedIn(app_at(address), version="202607", is_vetted=is_vetted, pictures=pictures, timeout=(1.0, 0.6))


async def failure(work: Coroutine[Any, Any, object]) -> OutsideError:
    """Return the error that the work ends in, which holds nothing of what was answered or is secret."""
    with pytest.raises(OutsideError) as caught:
        await work
    shown = f"{caught.value!r} {caught.value.params} {caught.value.__context__!r}"
    assert not any(one in shown for one in (*SECRETS, "Wind", "their words"))
    return caught.value
