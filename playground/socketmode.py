"""Socket Mode: envelopes over a WebSocket, each acknowledged by its id, to one of the connections that are open."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

Json = dict[str, Any]
KINDS = {"event": "events_api", "command": "slash_commands", "interaction": "interactive"}
TICKET_S = 30.0
LIFETIME_S = 18_060


@dataclass(slots=True)
class Sockets:
    """The open connections, at most ten, and who waits for an acknowledgement."""

    app_id: str
    tickets: dict[str, float] = field(default_factory=dict)
    connections: list[WebSocket] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    turn: int = 0

    def add_ticket(self) -> str:
        """Return a ticket that opens one connection within 30 s."""
        ticket = secrets.token_urlsafe(18)
        self.tickets[ticket] = time.monotonic()
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Take a connection with a valid ticket and listen for acknowledgements until it ends."""
        made_at = self.tickets.pop(socket.query_params.get("ticket", ""), None)
        if made_at is None or time.monotonic() - made_at > TICKET_S or len(self.connections) >= 10:
            await socket.close(code=4404, reason="link is not valid")
            return
        await socket.accept()
        self.connections.append(socket)
        try:
            await socket.send_json(self._hello())
            while True:
                self._acknowledged(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            with suppress(ValueError):
                self.connections.remove(socket)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": LIFETIME_S},
            "connection_info": {"app_id": self.app_id},
        }

    def _acknowledged(self, text: str) -> None:
        try:
            told = json.loads(text)
        except ValueError:
            return
        waiter = self.waiting.get(str(told.get("envelope_id"))) if isinstance(told, dict) else None
        if waiter is not None and not waiter.done():
            waiter.set_result(told)

    async def send(self, kind: str, payload: Json, *, retry: Json, seconds: float) -> Json:
        """Send an envelope to one connection and return its acknowledgement; `TimeoutError` without one in time."""
        envelope_id = secrets.token_hex(16)
        waiter: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.waiting[envelope_id] = waiter
        self.turn += 1
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": KINDS[kind],
            "payload": payload,
            "accepts_response_payload": kind != "event",
        }
        if kind == "event":
            envelope |= {"retry_attempt": retry["retry"], "retry_reason": retry["reason"]}
        try:
            await self.connections[self.turn % len(self.connections)].send_json(envelope)
            return await asyncio.wait_for(waiter, seconds)
        finally:
            del self.waiting[envelope_id]

    async def disconnect(self, reason: str) -> None:
        """Tell every connection to go, as Slack does before it refreshes them, and close it."""
        await self._end(lambda socket: socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}}))

    async def drop(self) -> None:
        """Close every connection without a word."""
        await self._end(None)

    async def _end(self, farewell: Callable[[WebSocket], Any] | None) -> None:
        gone, self.connections[:] = list(self.connections), []
        for socket in gone:
            with suppress(RuntimeError, WebSocketDisconnect):
                if farewell is not None:
                    await farewell(socket)
                await socket.close()
