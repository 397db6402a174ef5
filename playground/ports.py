"""Ports on loopback: one that is free, and one to listen on."""

import socket


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback, on any free port for 0; an `OSError` if the port is taken.

    It names its protocol: asyncio sends small parts at once only through sockets that do, and else each answer waits
    40 ms for the other side's acknowledgement (cpython, asyncio/base_events.py, _set_nodelay).
    """
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen(2048)
    except OSError:
        door.close()
        raise
    return door
