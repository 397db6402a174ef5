"""Ports on loopback: one that is free, and one to listen on."""

import socket


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback; an `OSError` if the port is taken."""
    return socket.create_server(("127.0.0.1", port), backlog=2048)
