"""Socket Mode: the same payloads over a connection that we open, for installations without a public address.

One process of an installation runs it. Slack gives each payload to any one of an app's connections, at most ten, so for
the moment of a hand-over there may be two: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol, cast

from aiohttp import WSMessage
from slack_bolt import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import Refused, TryLater
from connectors.chat.slack.calls import AGAIN_AFTER, call
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.workspace import Workspace

log = logging.getLogger("vouch.slack")
SILENT_FOR = timedelta(seconds=60)
_LOOK_EVERY = timedelta(seconds=5)
_PING_EVERY_S = 5.0
_CONNECT_WITHIN = timedelta(seconds=10)


class _Connection(Protocol):
    """What the SDK leaves without types."""

    async def connect(self) -> None: ...
    async def close(self) -> None: ...


class SlackSocket:
    """Runs Socket Mode: `start` fails at once with a bad token, a watchdog connects again after a minute of silence.

    After `stop` it can be started again.
    """

    def __init__(
        self,
        inbound: SlackInbound,
        *,
        client: AsyncWebClient,
        workspace: Workspace,
        app_token: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take payloads to `inbound`; nothing is opened before `start`. `seconds` measures silence."""
        self._inbound = inbound
        self._client = client
        self._workspace = workspace
        self._app_token = app_token
        self._seconds = seconds
        self._socket: SocketModeClient | None = None
        self._watchdog: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[Any]] = set()
        self._heard_at = 0.0
        self._pong = 0.0
        self._is_stopping = False

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands and something was heard on it within a minute; for the readiness check."""
        session = self._socket.current_session if self._socket is not None else None
        return session is not None and not session.closed and not self._is_silent()

    async def problem(self) -> str | None:
        """Return what is wrong with the connection, or `None`."""
        return None if self.is_connected else "Socket Mode is not connected"

    async def start(self) -> None:
        """Check both tokens, connect and listen; raises `Refused` for a bad token, `TryLater` without Slack."""
        self._is_stopping = False
        await self._workspace.home()
        opened = await call(self._client.apps_connections_open(app_token=self._app_token))
        logger = logging.getLogger("vouch.slack.socket")
        logger.setLevel(logging.WARNING)  # below it the SDK writes what people typed
        socket = SocketModeClient(
            app_token=self._app_token, logger=logger, web_client=self._client, ping_interval=_PING_EVERY_S
        )
        socket.wss_uri = str(opened["url"])
        socket.on_message_listeners.append(self._heard)
        socket.socket_mode_request_listeners.append(self._take)
        self._socket = socket
        self._note_sign_of_life()
        try:
            async with asyncio.timeout(_CONNECT_WITHIN.total_seconds()):
                await cast(_Connection, socket).connect()
        except TimeoutError:
            await self._close(socket)
            raise TryLater(AGAIN_AFTER, "unreachable") from None
        self._note_sign_of_life()
        self._watchdog = asyncio.get_running_loop().create_task(self._watch(socket))

    async def stop(self) -> None:
        """Take nothing new, wait for what is being handled so that it is acknowledged, then close the connection."""
        self._is_stopping = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            with suppress(asyncio.CancelledError):
                await self._watchdog
        if self._working:
            await asyncio.wait(set(self._working), timeout=3)
        if self._socket is not None:
            await self._close(self._socket)

    async def _close(self, socket: SocketModeClient) -> None:
        self._socket = None
        ended = [socket.message_processor, socket.current_session_monitor, socket.message_receiver]
        await cast(_Connection, socket).close()
        await asyncio.gather(*(one for one in ended if one is not None), return_exceptions=True)

    async def _heard(self, _message: WSMessage) -> None:
        self._note_sign_of_life()

    def _note_sign_of_life(self) -> None:
        self._heard_at = self._seconds()

    def _is_silent(self) -> bool:
        """Say whether nothing was heard for a minute, neither a message nor the answer to one of our pings."""
        pong = (self._socket.last_ping_pong_time if self._socket is not None else None) or 0.0
        if pong > self._pong:
            self._pong = pong
            self._note_sign_of_life()
        return self._seconds() - self._heard_at > SILENT_FOR.total_seconds()

    async def _watch(self, socket: SocketModeClient) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            if not self._is_silent():
                continue
            log.warning("nothing was heard from Slack for a minute; connecting again")
            try:
                async with asyncio.timeout(_CONNECT_WITHIN.total_seconds()):
                    await socket.connect_to_new_endpoint(force=True)
                self._note_sign_of_life()
            except Exception as error:  # whatever it is, the next round tries again
                log.warning("Slack could not be reached: %s", type(error).__name__)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Handle one envelope and acknowledge it; one that is not acknowledged is sent again by Slack."""
        self._note_sign_of_life()
        task = asyncio.current_task()
        if self._is_stopping or task is None:
            return
        self._working.add(task)
        try:
            answer = await self._inbound.receive(dict(request.payload))
            if answer.status == HTTPStatus.OK:
                await client.send_socket_mode_response(_acknowledgement(request.envelope_id, answer))
            else:
                log.warning("an envelope was not acknowledged: status %s", answer.status)
        finally:
            self._working.discard(task)


def _acknowledgement(envelope_id: str, answer: BoltResponse) -> SocketModeResponse:
    if not answer.body:
        return SocketModeResponse(envelope_id=envelope_id)
    payload = json.loads(answer.body) if answer.body.startswith("{") else {"text": answer.body}
    return SocketModeResponse(envelope_id=envelope_id, payload=payload)


async def check_app_token(client: AsyncWebClient, app_token: str) -> str:
    """Return "" if Slack would open a connection with `app_token`, else Slack's own word for why not."""
    try:
        await call(client.apps_connections_open(app_token=app_token))
    except Refused as error:
        return error.code
    return ""
