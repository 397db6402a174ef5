"""`click-teams`: a button under an announcement, against the SDK's turn alone plus the same statements by hand.

How it is measured says `clicking.py`. The first row is **Share**, which on Teams asks for a dialog: the drawn dialog is
the answer, and is measured. The second is **Not for me**, an Action.Execute that writes. Ours is put together as `vouch
run` does it; the keys of the issuer are on this machine and are read in the round that warms up. Where members are
reached was kept when they were met, and is looked up once they click, as after a start.

The baseline is `process_activity` of the SDK (botbuilder-core 4.17.1) with authentication of its own against the same
issuer, and a bot that does nothing but answer, behind a Starlette route that reads JSON and answers JSON. The SDK's one
defect of speed is mended: msrest looks 999 times into a list of 500 for each of the two clients that are made a turn.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from botbuilder.core import ActivityHandler, CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import Activity, CallerIdConstants
from botframework.connector.auth import (
    AuthenticationConstants,
    BotFrameworkAuthentication,
    BotFrameworkAuthenticationFactory,
    PasswordServiceClientCredentialFactory,
)
from msrest.universal_http.requests import ClientRetryPolicy
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.clicking import PROGRAMME, Click, Round, WayIn, dispatcher, measured, name_of, row, sizes
from benchmarks.grounds import Ground, Place, on_postgres, on_sqlite
from benchmarks.table import Result
from benchmarks.teams_click import APP_ID, ISSUER, PATH, TENANT, LocalIssuer, local_issuer, member
from bot.addresses import StoredAddresses
from bot.chat.teams import TeamsChat
from bot.clock import WallClock
from bot.environment import Environment, read_environment
from connectors.chat.teams.addresses import Addresses
from connectors.http import new_session
from storage.engine import Sessions
from storage.models import Dismissal, Share

_DIALOG = {"task": {"type": "message", "value": "OK"}}
_TOAST = {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "OK"}


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the rows of both clicks on either database, and in companies of ten and a hundred times the size."""
    with local_issuer() as issuer:
        return [one for opened in (on_sqlite, on_postgres) for one in _on(opened, issuer, budget)]


def _on(
    opened: Callable[[], AbstractContextManager[Ground]], issuer: LocalIssuer, budget: Mapping[str, Any]
) -> Sequence[Result]:
    clicks = {"click-teams": ("Share, its dialog drawn", share), "click-teams execute": ("Not for me", not_for_me)}
    with opened() as ground:
        return [
            _row(name_of(name, ground, times), measured(ground, click(issuer), given, times=times), said, budget)
            for times, given in sizes(budget)
            for name, (said, click) in clicks.items()
        ]


def _row(name: str, rounds: Sequence[Round], said: str, budget: Mapping[str, Any]) -> Result:
    took = median(one.after for one in rounds)
    note = f"{said}; what goes on after the answer: {took * 1e3:.2f} ms"
    return row(name, rounds, bare="SDK's turn + same SQL", most=budget["most_ratio"], note=note)


def share(issuer: LocalIssuer) -> Click:
    """Return the click on Share under an announcement."""
    return Click(
        member=member,
        request=issuer.share,
        way_in=_way_in_with(issuer),
        bare=lambda: _turn_only(issuer, _DIALOG),
        leaves=Share,
        meet=_meet_with(issuer),
    )


def not_for_me(issuer: LocalIssuer) -> Click:
    """Return the click on Not for me under an announcement."""
    return replace(share(issuer), request=issuer.not_for_me, bare=lambda: _turn_only(issuer, _TOAST), leaves=Dismissal)


def _way_in_with(issuer: LocalIssuer) -> Callable[[Place], AbstractAsyncContextManager[WayIn]]:
    """Return the real way in from Teams to a database; its service is the issuer's, so that nothing goes further."""

    @asynccontextmanager
    async def way_in(place: Place) -> AsyncIterator[WayIn]:
        sessions, clock = Sessions(place.url), WallClock()
        async with new_session() as http:
            chat = TeamsChat(_environment(place.folder, issuer), sessions=sessions, clock=clock, http=http)
            listening = chat.listen(dispatcher(sessions, clock), programme=PROGRAMME, clock=clock)

            async def settle() -> None:
                for part in listening.parts:
                    await part.stop()

            for part in listening.parts:
                await part.start()
            yield WayIn(app=Starlette(routes=listening.routes), settle=settle, sessions=sessions)
            await settle()
            for part in listening.closing:
                await part.stop()
            await sessions.close()

    return way_in


def _environment(folder: Path, issuer: LocalIssuer) -> Environment:
    return read_environment(
        {
            "VOUCH_DATA": str(folder),
            "TEAMS_APP_ID": APP_ID,
            "TEAMS_APP_PASSWORD": "bench",
            "TEAMS_TENANT_ID": TENANT,
            "TEAMS_LOGIN_URL": issuer.origin,
            "TEAMS_OPENID_URL": issuer.metadata_url,
            "TEAMS_SERVICE_HOSTS": urlsplit(issuer.origin).hostname or "",
        }
    )


def _meet_with(issuer: LocalIssuer) -> Callable[[Sessions, int], Awaitable[None]]:
    """Return what keeps where members are reached, as their first activity did."""

    async def meet(sessions: Sessions, count: int) -> None:
        book = StoredAddresses(sessions, platform="teams", clock=WallClock())
        addresses = Addresses(book, may_call=lambda _url: True)
        for number in range(count):
            addresses.notice(issuer.activity(number))
        await addresses.keep()

    return meet


def _turn_only(issuer: LocalIssuer, answer: Mapping[str, Any]) -> Starlette:
    """Return what only runs the SDK's turn, whose bot answers every invoke with 200 and `answer`."""
    ClientRetryPolicy.safe_codes = frozenset(ClientRetryPolicy.safe_codes)  # type: ignore[assignment]
    adapter, bot = CloudAdapterBase(_authentication(issuer)), ActivityHandler()

    async def accept(_context: TurnContext) -> InvokeResponse:
        return InvokeResponse(status=200, body=answer)

    async def endpoint(request: Request) -> JSONResponse:
        activity = Activity().deserialize(await request.json())
        result = await adapter.process_activity(request.headers["authorization"], activity, bot.on_turn)
        return JSONResponse(result.body, status_code=result.status)

    bot.on_invoke_activity = accept
    return Starlette(routes=[Route(PATH, endpoint, methods=["POST"])])


def _authentication(issuer: LocalIssuer) -> BotFrameworkAuthentication:
    """Return the SDK's own check of the same tokens, with what it would use of Microsoft's cloud otherwise."""
    return BotFrameworkAuthenticationFactory.create(
        validate_authority=True,
        to_channel_from_bot_login_url=f"{AuthenticationConstants.TO_CHANNEL_FROM_BOT_LOGIN_URL_PREFIX}{TENANT}",
        to_channel_from_bot_oauth_scope=AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE,
        to_bot_from_channel_token_issuer=ISSUER,
        oauth_url=AuthenticationConstants.OAUTH_URL,
        to_bot_from_channel_open_id_metadata_url=issuer.metadata_url,
        to_bot_from_emulator_open_id_metadata_url=issuer.metadata_url,
        caller_id=CallerIdConstants.public_azure_channel,
        credential_factory=PasswordServiceClientCredentialFactory(APP_ID, "bench", TENANT),
    )
