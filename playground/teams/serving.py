"""Serves an app in the loop that runs already, and ends at once: many tests start a service each."""

import asyncio
import socket
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from playground.cutting import CuttingProtocol

LAST_S = 0.2
SOON = 3
"""So many rounds of the loop later a broken connection is gone."""


@dataclass(slots=True)
class Serving:
    """One app on one socket."""

    app: Starlette
    door: socket.socket
    state: ServerState = field(default_factory=ServerState)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Serve from now on."""
        config = uvicorn.Config(
            self.app,
            http=CuttingProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="off",
        )
        config.load()

        def connect() -> CuttingProtocol:
            return CuttingProtocol(config=config, server_state=self.state, app_state={})

        self._server = await asyncio.get_running_loop().create_server(connect, sock=self.door)

    async def stop(self) -> None:
        """Break every connection; what is being answered has a moment to end."""
        if self._server is None:
            self.door.close()
            return
        self._server.close()
        for connection in list(self.state.connections):
            if (transport := connection.transport) is not None:
                transport.abort()
        if self.state.tasks:
            _, late = await asyncio.wait(self.state.tasks, timeout=LAST_S)
            for task in late:
                task.cancel()
        for _ in range(SOON):
            await asyncio.sleep(0)
