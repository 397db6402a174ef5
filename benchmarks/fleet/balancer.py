"""What stands in front of replicas: one address, and each connection goes to one of them that accepts it.

What was sent to a replica is never sent to another: who dies takes the connections along, as behind any such door.
`python -m benchmarks.fleet.balancer PORT TARGET...` runs one as a process of its own, with ports of this machine.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

NOBODY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
MOST_WAITING = 1 << 20
CONNECT_SECONDS = 2.0


class _End(asyncio.Protocol):
    """One end of a connection that is passed on; what is read goes to the other end once there is one."""

    def __init__(self) -> None:
        """Wait for a connection, and for the other end."""
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.waiting: deque[bytes] = deque()
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=MOST_WAITING)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self.waiting.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end too, after what was written to it."""
        self.is_over = True
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Read no more of the other end for now."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read the other end again."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def join(self, other: "_End") -> None:
        """Pass on to `other` from now on, and what came before first."""
        self.other = other
        while self.waiting and other.transport is not None:
            other.transport.write(self.waiting.popleft())


class _Front(_End):
    """The end at the client."""

    def __init__(self, balancer: "Balancer") -> None:
        """Look for a replica once there is a connection."""
        super().__init__()
        self._balancer = balancer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look for a replica."""
        super().connection_made(transport)
        self._balancer.begin(self)


class Balancer:
    """Passes connections on to the ports of replicas in turn; who refuses is passed over."""

    def __init__(self, targets: Sequence[int], *, port: int = 0) -> None:
        """Prepare a front for those ports of this machine."""
        self.targets = list(targets)
        self.port = port
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Return the address, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; `port` is then the one that was found."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Front(self), "127.0.0.1", self.port, backlog=2048)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def begin(self, front: _Front) -> None:
        """Connect a new client to the next replica that accepts."""
        task = asyncio.get_running_loop().create_task(self._connect(front))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _connect(self, front: _Front) -> None:
        back = await self._first_of(self._in_turn())
        if front.is_over or front.transport is None:
            if back is not None and back.transport is not None:
                back.transport.close()
        elif back is None:
            front.transport.write(NOBODY)
            front.transport.close()
        else:
            back.join(front)
            front.join(back)

    def _in_turn(self) -> Sequence[int]:
        self._turn += 1
        start = self._turn % len(self.targets) if self.targets else 0
        return [*self.targets[start:], *self.targets[:start]]

    async def _first_of(self, ports: Sequence[int]) -> _End | None:
        loop = asyncio.get_running_loop()
        for port in ports:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    _, end = await loop.create_connection(_End, "127.0.0.1", port)
                return end
        return None


async def _serve(port: int, targets: Sequence[int]) -> None:
    balancer = Balancer(targets, port=port)
    await balancer.start()
    sys.stdout.write(f"ready {balancer.address}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Run a front for the ports of the command line until it is ended."""
    port, *targets = (int(word) for word in sys.argv[1:])
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(port, targets))


if __name__ == "__main__":
    main()
