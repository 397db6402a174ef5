"""The way between the bot and Microsoft's Agents Playground, which knows no dialogs: they become cards in the chat.

Its page cannot press a button that opens a dialog (0.2.28: its log says "Task module (task/fetch)" is not supported,
and its renderer fails on such a button's data). So cards go there with that mark under another name, and a press, which
comes as a message, goes to the bot as the invoke that Teams would send (msteams-docs task-modules-bots). What the bot
answers is shown as a card, whose buttons are the dialog's. The bot is told what Teams tells it, and nothing else.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aiohttp
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from playground.controls import move_clock
from playground.parts import Playground
from playground.proxy import HOP
from playground.server import EVERY_METHOD
from playground.teams.agents import GENERAL, SECOND, roster
from playground.teams.ids import channel_of

Json = dict[str, Any]
Headers = list[tuple[str, str]]

PATH = "/teams/messages"
SERVICE = "/teams/service"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
FETCH = {"type": "task/fetch"}
OPENS = "opensDialog"
PATIENCE = aiohttp.ClientTimeout(total=15)
CLOSED_S = 10
A_MINUTE_S = 61
DROPPED = frozenset({*HOP, "host", "content-length"})
STRANGE = frozenset({"origin", "forwarded", "x-forwarded-for", "via"})
"""What only a page in a browser or a proxy says: nothing is learned from them, and the bot turns them away."""
NOTE = "Teams shows this as a dialog."
CLOSED = "The dialog is closed."
FAILED = "Something went wrong. Please try again."
CHANNELS = (channel_of(GENERAL), channel_of(SECOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered."""

    status: int
    kind: str
    body: bytes

    def response(self) -> Response:
        """Return the same for whoever asked."""
        return Response(self.body, status_code=self.status, media_type=self.kind or None)


class Relay:
    """Stands for the bot to Agents Playground, at `PATH`, and for its connector to the bot, below `SERVICE`.

    `service` is where Agents Playground is reached, "" until it has asked something.
    """

    def __init__(self, play: Playground) -> None:
        """Pass on to the bot of this playground."""
        self._play = play
        self.service = ""
        self._has_begun = False
        self._roster = roster()

    def routes(self) -> list[BaseRoute]:
        """Return the routes of both."""
        return [
            Route(PATH, self.activity, methods=["POST"]),
            Route(SERVICE + "/{rest:path}", self.call, methods=EVERY_METHOD),
        ]

    async def activity(self, request: Request) -> Response:
        """Pass an activity on to the bot; headers go along, for whom it lets in is the bot's to say."""
        headers = [(name, value) for name, value in request.headers.items() if name not in DROPPED]
        try:
            body = await request.body()
            activity = _object(body) if STRANGE.isdisjoint(request.headers) else None
            if activity is None or not self._knows(activity):
                return (await self._tell(body, headers)).response()
            return await self._pass(activity, headers)
        except ClientDisconnect:
            return Response(status_code=499)
        except (aiohttp.ClientError, TimeoutError):
            return PlainTextResponse("The bot does not answer.", status_code=502)

    def _knows(self, activity: Json) -> bool:
        """Learn where Agents Playground is; `False` for an activity of something else."""
        service = activity.get("serviceUrl")
        whole = all(isinstance(activity.get(name), dict) for name in ("conversation", "from", "recipient"))
        if not whole or not isinstance(service, str) or not _is_here(service):
            return False
        self.service = service.rstrip("/")
        return True

    async def _pass(self, activity: Json, headers: Headers) -> Response:
        ours = {**activity, "serviceUrl": f"{self._play.settings.address}{SERVICE}/"}
        invoke = as_invoke(ours)
        told = await self._tell(json.dumps(invoke or ours).encode(), headers)
        if not self._has_begun:
            self._has_begun = True
            await self._begin()
        if invoke is None:
            return Told(status=told.status, kind=told.kind, body=_marked(told.body)).response()
        is_new = invoke["name"] == "task/fetch"
        await self._show(activity, shown(told), instead_of="" if is_new else str(activity.get("replyToId") or ""))
        return Response(status_code=HTTPStatus.ACCEPTED)

    async def _begin(self) -> None:
        """Install the app in the team, by the route that the page takes when a channel is opened; and save a minute.

        So long the bot waits between two looks for where Teams is, which it knows since now, if never before.
        """
        root, team = self.service.removesuffix("/_connector"), quote(channel_of(GENERAL), safe="")
        url, headers = f"{root}/_debug/conversation/{team}/installation", [("content-type", "application/json")]
        await self._ask("POST", url, b"{}", headers)
        if self._play.clock.version == 0:
            await move_clock(self._play, {"advance_s": A_MINUTE_S})

    async def _tell(self, body: bytes, headers: Headers) -> Told:
        return await self._ask("POST", self._play.settings.bot_url + PATH, body, headers)

    async def _show(self, activity: Json, card: Json, *, instead_of: str) -> None:
        """Put a card into the conversation, in the place of the message named."""
        message = {
            "type": "message",
            "from": activity["recipient"],
            "recipient": activity["from"],
            "conversation": activity["conversation"],
            "attachments": [{"contentType": ADAPTIVE, "content": card}],
        }
        where = f"{self.service}/v3/conversations/{quote(str(activity['conversation'].get('id')), safe='')}/activities"
        method, url = ("PUT", f"{where}/{quote(instead_of, safe='')}") if instead_of else ("POST", where)
        await self._ask(method, url, json.dumps(message).encode(), [("content-type", "application/json")])

    async def call(self, request: Request) -> Response:
        """Pass a call of the bot on to Agents Playground; while that is not open, ask the bot to wait."""
        if not STRANGE.isdisjoint(request.headers):
            return PlainTextResponse("This is for the bot alone.", status_code=403)
        headers = [(name, value) for name, value in request.headers.items() if name not in DROPPED]
        rest = request.scope["raw_path"].decode("ascii").removeprefix(SERVICE)
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            body = _marked(await request.body())
            if not self.service:
                return _not_open()
            told = await self._ask(request.method, f"{self.service}{rest}{query}", body, headers)
        except ClientDisconnect:
            return Response(status_code=499)
        except aiohttp.ClientConnectorError:
            return _not_open()
        except (aiohttp.ClientError, TimeoutError):
            return Response(status_code=502)
        if _is_for_nobody(request.method, told):
            return JSONResponse({"id": uuid4().hex}, 201)
        return self._with_everybody(request.path_params["rest"], told)

    def _with_everybody(self, path: str, told: Told) -> Response:
        """Return an answer about people as Teams gives it: of all colleagues, not of the six that are shown."""
        *_, place, what = path.rsplit("/", 2)
        if place == "members" and told.status == HTTPStatus.NOT_FOUND and what in self._roster:
            return JSONResponse(self._roster[what])
        listed = _object(told.body) if what == "pagedmembers" and place.startswith(CHANNELS) else None
        if listed is None or not isinstance(listed.get("members"), list):
            return told.response()
        members = {str(one.get("id")): one for one in listed["members"]}
        return JSONResponse({**listed, "members": list((self._roster | members).values())})

    async def _ask(self, method: str, url: str, body: bytes, headers: Headers) -> Told:
        session = self._play.deliverer.session
        if session is None:
            raise aiohttp.ClientConnectionError("the playground is ending")
        async with session.request(
            method, url, data=body or None, headers=headers, timeout=PATIENCE, allow_redirects=False
        ) as answer:
            return Told(status=answer.status, kind=answer.headers.get("Content-Type", ""), body=await answer.read())


def _not_open() -> Response:
    told = {"error": {"code": "NotOpen", "message": "Agents Playground is not open."}}
    return JSONResponse(told, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(CLOSED_S)})


def _is_for_nobody(method: str, told: Told) -> bool:
    """Say whether a message was for a colleague whom Agents Playground does not know: it is as good as sent."""
    return method == "POST" and told.status == HTTPStatus.INTERNAL_SERVER_ERROR and b'"UserNotFound"' in told.body


def _is_here(url: str) -> bool:
    """Say whether an address is one of this machine."""
    try:
        parts = urlsplit(url)
        is_loopback = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
        return parts.scheme == "http" and is_loopback
    except ValueError:
        return False


def _object(body: bytes) -> Json | None:
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _marked(body: bytes) -> bytes:
    """Return what the bot sends, its buttons that open dialogs marked by the other name."""
    told = _object(body) if b"task/fetch" in body else None
    return body if told is None else json.dumps(_renamed(told)).encode()


def _renamed(told: Any) -> Any:  # noqa: ANN401 - JSON goes in and out
    if isinstance(told, list):
        return [_renamed(one) for one in told]
    if not isinstance(told, dict):
        return told
    if told.get("msteams") == FETCH:
        told = {**{name: value for name, value in told.items() if name != "msteams"}, OPENS: True}
    return {name: _renamed(value) for name, value in told.items()}


def as_invoke(activity: Json) -> Json | None:
    """Return what Teams would send of a pressed button that opens a dialog or stands in one; `None` of all else.

    Every button in a dialog of ours carries the kinds of its fields.
    """
    value = activity.get("value")
    if activity.get("type") != "message" or not isinstance(value, dict):
        return None
    if OPENS in value:
        name, data = "task/fetch", {"msteams": FETCH, **{key: told for key, told in value.items() if key != OPENS}}
    elif "fields" in value:
        name, data = "task/submit", value
    else:
        return None
    return {**activity, "type": "invoke", "name": name, "value": {"data": data, "context": {"theme": "default"}}}


def shown(told: Told) -> Json:
    """Return the card that stands for what a dialog shows after this answer."""
    if told.status != HTTPStatus.OK:
        return _card(_line(f"{FAILED} ({told.status})"))
    task = (_object(told.body) or {}).get("task")
    if not isinstance(task, dict):
        return _card(_line(CLOSED if not told.body else FAILED))
    if task.get("type") == "message":
        return _card(_line(str(task.get("value"))))
    card: Json = task["value"]["card"]["content"]
    title = {"type": "TextBlock", "text": str(task["value"].get("title") or ""), "weight": "Bolder", "size": "Large"}
    return {**card, "body": [_line(NOTE), {**title, "spacing": "None", "wrap": True}, *card["body"]]}


def _line(text: str) -> Json:
    return {"type": "TextBlock", "text": text, "isSubtle": True, "size": "Small", "wrap": True}


def _card(line: Json) -> Json:
    return {"type": "AdaptiveCard", "version": "1.5", "body": [line]}
