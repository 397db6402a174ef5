"""`click`: a signed click on Share, against Bolt that only acknowledges plus the same statements written by hand.

How it is measured says `clicking.py`. The window is drawn and its call made after the answer, as for a member; the
note says what that took. The baseline is Bolt behind its own Starlette adapter, verifying the signature, with a
listener that only acks.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from statistics import median
from typing import Any

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from benchmarks.clicking import Click, WayIn, dispatcher, measured, name_of, row, sizes
from benchmarks.grounds import Ground, Place, on_postgres, on_sqlite
from benchmarks.slack_click import PATH, SECRET, member, signed
from benchmarks.table import Result
from bot.clock import WallClock
from bot.core.cards import Card
from connectors.chat.slack.display import Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from connectors.http import new_session
from storage.engine import Sessions
from storage.models import Share

HOME = {"ok": True, "team_id": "T1", "user_id": "U0BOT", "bot_id": "B1"}


class QuietClient(AsyncWebClient):
    """Answers every call at once: the call that opens the window is not part of the measure."""

    async def api_call(self, api_method: str, **_more: Any) -> Any:  # noqa: ANN401
        """Return what Slack would."""
        return _Answer(HOME)


class _Answer:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the rows of a click on either database, and in companies of ten and a hundred times the size."""
    return [one for opened in (on_sqlite, on_postgres) for one in _on(opened, budget)]


def _on(opened: Callable[[], AbstractContextManager[Ground]], budget: Mapping[str, Any]) -> Sequence[Result]:
    with opened() as ground:
        return [_row(ground, times, given) for times, given in sizes(budget)]


def _row(ground: Ground, times: int, budget: Mapping[str, Any]) -> Result:
    rounds = measured(ground, share(), budget, times=times)
    drawing = median(one.after for one in rounds)
    note = f"drawing the window after the answer: {drawing * 1e3:.2f} ms" if times == 1 else ""
    name = name_of("click", ground, times)
    return row(name, rounds, bare="Bolt's ack + same SQL", most=budget["most_ratio"], note=note)


def share() -> Click:
    """Return the click on Share under an announcement."""
    return Click(member=member, request=signed, way_in=_way_in, bare=_ack_only, leaves=Share)


@asynccontextmanager
async def _way_in(place: Place) -> AsyncIterator[WayIn]:
    """Yield the real way in from Slack to a database, with a client that answers at once."""
    sessions, clock = Sessions(place.url), WallClock()
    async with new_session() as http:
        client = QuietClient(token="xoxb-bench", session=http)  # noqa: S106
        inbound = SlackInbound(
            dispatcher(sessions, clock),
            client=client,
            workspace=Workspace(client),
            notices=Notices(window_failed=Card(), unreadable=Card()),
            clock=clock,
        )
        await inbound.start()
        yield WayIn(app=SlackWebhook(inbound, signing_secret=SECRET), settle=inbound.stop, sessions=sessions)
        await inbound.stop()
        await sessions.close()


def _ack_only() -> Starlette:
    async def authorize(**_more: object) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id="T1",
            bot_token="xoxb-bench",  # noqa: S106 - nothing is called with it
            bot_id="B1",
            bot_user_id="U0BOT",
        )

    bolt = AsyncApp(signing_secret=SECRET, process_before_response=True, authorize=authorize)

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    bolt.action("open_share")(acknowledge)
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[WebRoute(PATH, endpoint, methods=["POST"])])
