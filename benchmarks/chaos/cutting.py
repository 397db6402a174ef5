"""Put around the playground: cuts connections that post something, keeps a book of them, and lets its clock be stepped.

What is cut is what must not be sent twice: a message of a job, and a post at a network. `POST /chaos/cut` sets how
often (`{"share": 0.05}`), `POST /chaos/step` moves the clock, also back, and `GET /chaos/ledger` returns what
was cut and everything that is there in the end: the independent ledger.
"""

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.cutting import cut_connection

Json = dict[str, Any]
JOB_HEADER = "x-chaos-job"
MESSAGES = ("/slack/api/chat.postMessage", "/slack/api/files.completeUploadExternal")
POSTS = ("/net/linkedin/api/rest/posts", "/net/x/api/2/tweets", "/net/mastodon/api/v1/statuses")


@dataclass
class Cutting:
    """The application around the playground's."""

    app: ASGIApp
    playground: Any
    share: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - reproducible on purpose
    book: list[Json] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or cut its connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith("/chaos/"):
            await (await self._told(Request(scope, receive)))(scope, receive, send)
        elif self._is_to_cut(scope):
            await self._cut(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_to_cut(self, scope: Scope) -> bool:
        if scope["method"] != "POST" or scope["path"] not in (*MESSAGES, *POSTS):
            return False
        is_of_job = scope["path"] in POSTS or _job_of(scope) != ""
        return is_of_job and self.dice.random() < self.share

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        is_done = self.dice.random() < 0.5
        kind = "message" if scope["path"] in MESSAGES else "post"
        self.book.append({"kind": kind, "job": _job_of(scope), "body": body.decode(errors="replace"), "done": is_done})
        if is_done:
            await self.app(scope, _again(body), _swallow)
        await cut_connection(request)(scope, receive, send)

    async def _told(self, request: Request) -> Response:
        match request.url.path:
            case "/chaos/cut":
                self.share = float((await request.json())["share"])
            case "/chaos/step":
                seconds = float((await request.json())["seconds"])
                return JSONResponse({"taken": await self.playground.clock.move(timedelta(seconds=seconds))})
            case "/chaos/ledger":
                return JSONResponse(self._ledger())
        return JSONResponse({"cut": self.book})

    def _ledger(self) -> Json:
        """Return everything that is there: what the bot said, where and to whom, and the posts at the networks."""
        channels = self.playground.workspace.messages.values()
        messages = [
            {"channel": one.channel, "ts": one.ts, "to": one.to, "body": one.body}
            for there in channels
            for one in there.values()
            if one.body.get("bot_id")
        ]
        posts = [{"network": one.network, "who": one.who, "text": one.text} for one in self.playground.social.posts()]
        return {"messages": messages, "posts": posts, "cut": self.book}


def _job_of(scope: Scope) -> str:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    job = headers.get(JOB_HEADER, "")
    if job:
        kind, _, held = job.partition(" ")
        json.loads(held)
        return f"{kind} {held}"
    return ""


def _again(body: bytes) -> Receive:
    """Return what gives the body that was read once more."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return parts.pop() if parts else {"type": "http.disconnect"}

    return receive


async def _swallow(message: Message) -> None:
    """Send nothing: the connection is cut."""


def wrap(app: Starlette) -> ASGIApp:
    """Return the playground's application with this around it."""
    return Cutting(app, app.state.playground)
