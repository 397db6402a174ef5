"""Reading what a platform sends over HTTP, as raw ASGI and never more of it than is allowed."""

from starlette.types import Receive, Scope


class TooLarge(Exception):
    """A body is larger than it may be; what came of it was thrown away."""


async def read_body(scope: Scope, receive: Receive, *, most: int) -> bytes | None:
    """Return the body of a request, `None` if the sender went away; raises `TooLarge` as soon as it is over `most`."""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if told.isdigit() and int(told[:12]) > most:
        raise TooLarge
    chunks: list[bytes] = []
    held = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        held += len(chunk)
        if held > most:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
