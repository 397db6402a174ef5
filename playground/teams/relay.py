"""Passes activities on to the bot, and shows its dialogs, which Microsoft's Agents Playground cannot.

There a button that opens a dialog in Teams comes as a message with the button's data (its log says "Task module
(task/fetch)" is not supported). So that message goes on as the invoke that Teams would send, and the dialog is shown as
a card in the chat; its buttons go on as what is submitted, and the card becomes what the dialog shows next. The
bot is told what Teams tells it, and nothing else. Source: msteams-docs task-modules-bots.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from playground.parts import Playground

Json = dict[str, Any]
Headers = list[tuple[str, str]]
PATH = "/teams/messages"
PATIENCE = aiohttp.ClientTimeout(total=15)
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
DROPPED = frozenset({"host", "content-length", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})
FAILED = "Something went wrong. Please try again."
CLOSED = "This dialog is closed."
NOTE = "Teams shows this as a dialog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the bot answered."""

    status: int
    kind: str
    body: bytes


class Relay:
    """The route at `PATH`, where Agents Playground believes the bot to be."""

    def __init__(self, play: Playground) -> None:
        """Pass on to the bot of this playground."""
        self._play = play

    async def answer(self, request: Request) -> Response:
        """Pass one activity on. Headers go along: whom the bot lets in is for the bot to say."""
        headers = [(name, value) for name, value in request.headers.items() if name not in DROPPED]
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=499)
        try:
            activity = _dialogs_message(body)
            if activity is not None:
                return await self._in_dialog(activity, headers)
            told = await self._tell(body, headers)
        except (aiohttp.ClientError, TimeoutError):
            return PlainTextResponse("The bot does not answer.", status_code=502)
        return Response(told.body, status_code=told.status, media_type=told.kind or None)

    async def _tell(self, body: bytes, headers: Headers) -> Told:
        async with self._session.post(
            self._play.settings.bot_url + PATH, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
        ) as answer:
            return Told(status=answer.status, kind=answer.headers.get("Content-Type", ""), body=await answer.read())

    async def _in_dialog(self, activity: Json, headers: Headers) -> Response:
        """Open a dialog, or submit the one that the button stands in."""
        invoke = as_invoke(activity)
        told = await self._tell(json.dumps(invoke).encode(), headers)
        card = shown(told)
        is_new = invoke["name"] == "task/fetch"
        if card is not None:
            await self._show(activity, card, instead_of="" if is_new else str(activity.get("replyToId") or ""))
        return Response(status_code=HTTPStatus.ACCEPTED)

    async def _show(self, activity: Json, card: Json, *, instead_of: str) -> None:
        """Put a card into the conversation, in the place of the message named."""
        where = f"{str(activity['serviceUrl']).rstrip('/')}/v3/conversations/{_part(activity['conversation']['id'])}/activities"
        message = {
            "type": "message",
            "from": activity["recipient"],
            "recipient": activity["from"],
            "conversation": activity["conversation"],
            "attachments": [{"contentType": ADAPTIVE, "content": card}],
        }
        method, url = ("PUT", f"{where}/{_part(instead_of)}") if instead_of else ("POST", where)
        async with self._session.request(method, url, json=message, timeout=PATIENCE) as answer:
            await answer.read()

    @property
    def _session(self) -> aiohttp.ClientSession:
        session = self._play.deliverer.session
        if session is None:
            raise aiohttp.ClientConnectionError("the playground is ending")
        return session


def _part(text: object) -> str:
    return quote(str(text), safe="")


def _dialogs_message(body: bytes) -> Json | None:
    """Return the activity if it is a button that opens a dialog or stands in one, and can be read at all."""
    try:
        activity = json.loads(body)
    except ValueError:
        return None
    if not isinstance(activity, dict) or activity.get("type") != "message":
        return None
    value = activity.get("value")
    whole = all(isinstance(activity.get(name), dict) for name in ("conversation", "from", "recipient"))
    if not whole or not isinstance(value, dict) or "serviceUrl" not in activity:
        return None
    return activity if _opens(value) or "fields" in value else None


def _opens(value: Json) -> bool:
    told = value.get("msteams")
    return isinstance(told, dict) and told.get("type") == "task/fetch"


def as_invoke(activity: Json) -> Json:
    """Return what Teams would send: of a button that opens a dialog the `task/fetch`, of one in a dialog the submit."""
    value = activity["value"]
    name = "task/fetch" if _opens(value) else "task/submit"
    return {**activity, "type": "invoke", "name": name, "value": {"data": value, "context": {"theme": "default"}}}


def shown(told: Told) -> Json:
    """Return the card that stands for what a dialog shows after this answer."""
    if told.status != HTTPStatus.OK:
        return _line(f"{FAILED} ({told.status})")
    try:
        task = json.loads(told.body)["task"]
    except (ValueError, KeyError, TypeError):
        return _line(CLOSED) if not told.body else _line(FAILED)
    if task.get("type") == "message":
        return _line(str(task.get("value")))
    inside = task["value"]
    card: Json = inside["card"]["content"]
    return {**card, "body": [*_title(str(inside.get("title") or "")), *card["body"]]}


def _title(title: str) -> Iterable[Json]:
    yield {"type": "TextBlock", "text": NOTE, "isSubtle": True, "size": "Small", "wrap": True}
    if title:
        yield {"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Large", "spacing": "None", "wrap": True}


def _line(text: str) -> Json:
    body = [{"type": "TextBlock", "text": text, "isSubtle": True, "wrap": True}]
    return {"type": "AdaptiveCard", "version": "1.5", "body": body}
