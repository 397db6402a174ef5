"""Slack's three addresses on our web server, as raw ASGI: read, guard, handle, answer."""

import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.chat.bodies import TooLarge, read_body
from connectors.chat.slack.guard import Rejected, check_signature, too_large
from connectors.chat.slack.guard import read_body as read_payload
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.limits import MAX_REQUEST_BYTES
from connectors.chat.slack.manifest import PATHS

_TEXT = b"text/plain; charset=utf-8"
_NEVER_AGAIN = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_JSON = b"application/json; charset=utf-8"


class SlackWebhook:
    """The ASGI app behind each of `PATHS`; every kind of request is understood at every one of them."""

    def __init__(self, inbound: SlackInbound, *, signing_secret: str, seconds: Callable[[], float] = time.time) -> None:
        """Let in what is signed with `signing_secret`; `seconds` is real time, the same that Slack signs with."""
        if not signing_secret:
            raise ValueError("without a signing secret every request would be let in")
        self._inbound = inbound
        self._secret = signing_secret.encode()
        self._seconds = seconds

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [Route(path, self, methods=["POST"]) for path in PATHS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever is wrong with it, the answer says so in plain words."""
        try:
            body = await _read(scope, receive)
            if body is None:
                return
            headers = dict(scope["headers"])
            check_signature(
                self._secret,
                body,
                timestamp=headers.get(b"x-slack-request-timestamp", b"").decode("latin-1"),
                signature=headers.get(b"x-slack-signature", b"").decode("latin-1"),
                now=self._seconds(),
            )
            answer = await self._inbound.receive(read_payload(body))
        except Rejected as rejected:
            await _send(send, rejected.status, rejected.words.encode(), _TEXT)
            return
        text = answer.body or ""
        await _send(send, answer.status, text.encode(), _JSON if text.startswith("{") else _TEXT)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body, `None` if the sender went away; raises `Rejected` as soon as it is too large."""
    try:
        return await read_body(scope, receive, most=MAX_REQUEST_BYTES)
    except TooLarge:
        raise too_large() from None


async def _send(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status in _NEVER_AGAIN:
        headers.append((b"x-slack-no-retry", b"1"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
