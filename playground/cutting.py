"""Cuts a connection after the request was read: the server's protocol remembers its transports, a route aborts one."""

import asyncio
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class CuttingProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also knows every open connection by its other end."""

    open: ClassVar[dict[Any, asyncio.BaseTransport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        self.open[transport.get_extra_info("peername")] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.open.pop(self.transport.get_extra_info("peername"), None)
        super().connection_lost(exc)


def cut_connection(request: Request) -> Response:
    """Abort the request's connection without an answer; the returned response goes nowhere."""
    client = request.client
    transport = CuttingProtocol.open.get((client.host, client.port)) if client else None
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    return Response(status_code=502)
