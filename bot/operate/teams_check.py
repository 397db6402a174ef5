"""Teams as the doctor examines it."""

from collections.abc import Awaitable

import aiohttp

from bot.addresses import StoredAddresses
from bot.chat.teams import TeamsChat, admission_of, credentials_of
from bot.clock import WallClock
from bot.core.errors import NOT_REACHED, TryLater
from bot.doctor import Advice, PlatformCheck
from bot.environment import Environment
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.probe import TeamsProbe
from connectors.chat.teams.tokens import KeyCache, issuer_at
from connectors.chat.teams.webhook import PATH
from storage.engine import Sessions


def teams_check(environment: Environment, sessions: Sessions, http: aiohttp.ClientSession) -> PlatformCheck:
    """Return what is asked of Teams, and what to do about each answer."""
    teams, clock = environment.teams, WallClock()
    book = StoredAddresses(sessions, platform="teams", clock=clock)
    addresses = Addresses(book, may_call=admission_of(teams).trusts)
    credentials = credentials_of(teams, http)
    advice = Advice(
        proof="TEAMS_APP_ID, TEAMS_APP_PASSWORD or TEAMS_TENANT_ID",
        away="check that this machine reaches TEAMS_LOGIN_URL and TEAMS_OPENID_URL, and try again",
        refused="compare them with the Azure Bot; a client secret ends by itself, then make a new one (docs/teams.md)",
        hidden="try again later",
        outside="add the app to the team that the channel is in (docs/teams.md#install)",
        unreached="install the app, and write help to Vouch (docs/teams.md#install)",
    )
    return PlatformCheck(
        name="Teams",
        surface=TeamsChat(environment, sessions=sessions, clock=clock, http=http).surface,
        probe=TeamsProbe(credentials) if credentials else None,
        advice=advice,
        has_keys=KeyCache(http, issuer=issuer_at(teams.openid_url)).warm if credentials else None,
        is_reached=lambda: _is_told(addresses.service_url()),
        path=PATH,
        has_book=True,
    )


async def _is_told(address: Awaitable[str]) -> bool:
    try:
        await address
    except TryLater as error:
        if error.code != NOT_REACHED:
            raise
        return False
    return True
