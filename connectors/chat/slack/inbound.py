"""From Slack's requests to interactions: one Bolt listener per kind of payload, with a table behind it.

The order is always the same: read what is asked for, dispatch it (one transaction, committed when it returns), answer.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import OutsideError, Refused, Unreadable
from bot.core.ports import Clock, Dispatch
from bot.core.reply import SILENCE, Reply
from connectors.chat.slack import decode
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.decode import Place, Seen, Undecodable
from connectors.chat.slack.display import Display, Notices
from connectors.chat.slack.limits import ACKNOWLEDGE_WITHIN
from connectors.chat.slack.render_text import Json, Unrenderable
from connectors.chat.slack.workspace import Home, Workspace

log = logging.getLogger("vouch.slack")
ANY = re.compile("")
GONE = {"app_uninstalled", "tokens_revoked"}
_LATE_AFTER = ACKNOWLEDGE_WITHIN.total_seconds() - 0.4
Reader = Callable[[Json, Home], Seen | None]


class _Authorize(AsyncAuthorize):
    """Tells Bolt whose bot it is from what is known, without a call per request."""

    def __init__(self, workspace: Workspace, token: str) -> None:
        self._workspace = workspace
        self._token = token

    async def __call__(
        self, *, context: AsyncBoltContext, team_id: str | None, user_id: str | None, **_more: object
    ) -> AuthorizeResult:
        home = await self._workspace.home()
        return AuthorizeResult(
            enterprise_id=home.enterprise_id,
            team_id=team_id,
            bot_id=home.bot_id,
            bot_user_id=home.bot_person_ref,
            bot_token=self._token,
            user_id=user_id,
        )


class SlackInbound:
    """Takes authenticated payloads, from HTTP and Socket Mode alike, to the dispatcher, and shows the reply."""

    def __init__(
        self, dispatch: Dispatch, *, client: AsyncWebClient, workspace: Workspace, notices: Notices, clock: Clock
    ) -> None:
        """Dispatch to `dispatch` and answer with `client`."""
        self._dispatch = dispatch
        self._workspace = workspace
        self._clock = clock
        self._display = Display(client, notices=notices)
        self._working: set[asyncio.Task[object]] = set()
        self._bolt = self._listen(client)

    def _listen(self, client: AsyncWebClient) -> AsyncApp:
        silent = logging.getLogger("vouch.slack.bolt")
        silent.setLevel(logging.CRITICAL + 1)  # Bolt writes whole payloads, which hold people's words
        if client.session is None:
            raise ValueError("the client needs a session: build it with new_client")
        app = AsyncApp(
            logger=silent,
            name="vouch.slack.bolt",
            process_before_response=True,
            client=new_client(None, session=client.session, api_url=client.base_url),
            authorize=_Authorize(self._workspace, client.token or ""),
            request_verification_enabled=False,  # the guard did it, before anything was parsed
            ignoring_self_events_enabled=False,  # decoding does it
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        app.action(ANY)(self._listener(decode.see_click))
        app.command(ANY)(self._listener(decode.see_command))
        app.view_submission(ANY)(self._listener(decode.see_submission))
        app.view_closed(ANY)(self._listener(decode.see_closed))
        app.shortcut(ANY)(self._listener(decode.see_shortcut))
        app.event(ANY)(self._listener(decode.see_event))
        return app

    def _listener(self, read: Reader) -> Callable[..., Awaitable[BoltResponse]]:
        async def listen(body: Json, ack: AsyncAck) -> BoltResponse:
            return await self._handle(read, body, ack)

        return listen

    async def start(self) -> None:
        """Ask Slack whose token this is; a refused token raises `Refused`, a Slack that does not answer is waited for.

        Until it answers, requests get 503 and the tracked links work all the same.
        """
        try:
            await self._workspace.home()
        except Refused:
            raise
        except OutsideError as error:
            log.warning("Slack does not answer yet (%s); it is asked again at the first request", error.code)

    async def stop(self) -> None:
        """Wait for what is being handled and shown, for some seconds at most."""
        if self._working:
            await asyncio.wait(set(self._working), timeout=ACKNOWLEDGE_WITHIN.total_seconds())
        await self._display.drain()

    async def receive(self, body: Json) -> BoltResponse:
        """Handle one authenticated payload and return the acknowledgement; never raises.

        What Slack sends and nobody here waits for is acknowledged too: a refusal would count against the app.
        """
        task = asyncio.current_task()
        if task is not None:
            self._working.add(task)
        try:
            await self._workspace.home()
            answer = await self._bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        except OutsideError as error:
            log.warning("Slack did not say whose token this is: %s", error.code)
            return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, body="please try again in a moment")
        except (KeyError, TypeError, AttributeError, IndexError, ValueError):
            return _not_slacks()
        finally:
            if task is not None:
                self._working.discard(task)
        if answer.status == HTTPStatus.NOT_FOUND:
            log.info("acknowledged and ignored: a payload of type %s", _type_of(body))
            return BoltResponse(status=HTTPStatus.OK)
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and not answer.body:  # Bolt stumbled over its shape
            return _not_slacks()
        return answer

    async def _handle(self, read: Reader, body: Json, ack: AsyncAck) -> BoltResponse:
        began = time.monotonic()
        try:
            seen = decode.see(read, body, await self._workspace.home())
            if seen is None:
                self._note(body)
                return await ack()
            return await self._answer(seen, ack, began=began)
        except Undecodable as error:
            log.warning("a signed payload of type %s lacks something: %s", _type_of(body), error)
            return _not_slacks()
        except Exception:
            log.exception("a payload of type %s could not be handled", _type_of(body))
            return BoltResponse(status=HTTPStatus.INTERNAL_SERVER_ERROR, body="please try again in a moment")

    async def _answer(self, seen: Seen, ack: AsyncAck, *, began: float) -> BoltResponse:
        try:
            interaction = seen.interaction(self._clock.now())
        except Unreadable:
            self._display.apologise(seen.place, is_unreadable=True)
            return await ack()
        reply = SILENCE if interaction is None else await self._dispatch(interaction)
        shown = {} if reply is SILENCE or reply.is_repeat else self._shown(reply, seen.place, is_late=_is_late(began))
        return BoltResponse(status=HTTPStatus.OK, body=shown) if shown else await ack()

    def _shown(self, reply: Reply, place: Place, *, is_late: bool) -> Json:
        try:
            return self._display.acknowledge(reply, place, is_late=is_late)
        except Unrenderable as error:
            log.error("a reply cannot be drawn: %s", error)
            self._display.apologise(place)
            return {}

    def _note(self, body: Json) -> None:
        kind = _type_of(body)
        if kind in GONE:
            log.error("Slack says %s: nothing can be posted until the app is installed again", kind)
            self._workspace.forget()
        else:
            log.debug("acknowledged and ignored: %s", kind)


def _not_slacks() -> BoltResponse:
    return BoltResponse(status=HTTPStatus.BAD_REQUEST, body="the request is not what Slack sends")


def _is_late(began: float) -> bool:
    return time.monotonic() - began > _LATE_AFTER


def _type_of(body: Json) -> str:
    event = body.get("event")
    kind = event.get("type") if isinstance(event, dict) else body.get("type") or body.get("command")
    return str(kind)[:80]
