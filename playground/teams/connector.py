"""The connector's door: token, faults, limits, ledger; behind it the table of what can be asked.

Source: bot-docs bot-framework-rest-connector-api-reference, msteams-docs conversation-messages and get-teams-context.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from playground.cutting import cut_connection
from playground.teams import rosters, writing
from playground.teams.faults import Fault
from playground.teams.ids import base_of
from playground.teams.parts import Parts
from playground.teams.refused import CODE_OF, ConnectorError, error_body

Json = dict[str, Any]

GATEWAY = (502, 503, 504)
"""What a gateway says, in words of its own and not in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: the names in its path, its query and its body (None without one)."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


Run = Callable[[Parts, Asked], tuple[int, Json | None]]


@dataclass(frozen=True, slots=True)
class Method:
    """One thing that can be asked; `kind` is how its requests are limited."""

    name: str
    run: Run
    kind: str = ""


def routes(parts: Parts) -> list[BaseRoute]:
    """Return the connector's routes, below whatever its address is now."""
    door = Door(parts)
    base = "/teams/{door}/v3"
    activities = f"{base}/conversations/{{conversation}}/activities"
    create, send = Method("create", _create, "send"), Method("send", _send, "send")
    member, members = Method("member", _member, "read"), Method("members", _members, "read")
    return [
        Route(f"{base}/conversations", door.opens(create), methods=["POST"]),
        Route(activities, door.opens(send), methods=["POST"]),
        Route(f"{activities}/{{activity}}", door.opens(send), methods=["POST"]),
        Route(f"{activities}/{{activity}}", door.opens(Method("update", _update)), methods=["PUT"]),
        Route(f"{activities}/{{activity}}", door.opens(Method("delete", _delete)), methods=["DELETE"]),
        Route(f"{base}/conversations/{{conversation}}/members/{{member}}", door.opens(member)),
        Route(f"{base}/conversations/{{conversation}}/pagedmembers", door.opens(members)),
        Route(f"{base}/teams/{{team}}", door.opens(Method("team", _team))),
        Route(f"{base}/teams/{{team}}/conversations", door.opens(Method("channels", _channels, "read"))),
    ]


@dataclass(slots=True)
class Door:
    """Answers every request as the connector would, or misbehaves as told."""

    parts: Parts

    def opens(self, method: Method) -> Callable[[Request], Any]:
        """Return the route of that method."""

        async def answer(request: Request) -> Response:
            return await self.answer(method, request)

        return answer

    async def answer(self, method: Method, request: Request) -> Response:
        """Answer one request."""
        try:
            raw = await request.body()
        except ClientDisconnect:
            return Response(status_code=499)
        asked = Asked(path=request.path_params, query=request.query_params, body=_read(raw))
        entry = self.parts.ledger.begin("in", method.name, asked.body, path=dict(asked.path), query=dict(asked.query))
        fault = self.parts.faults.take(method.name)
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        status, body, headers = self._answer(method, asked, fault, request)
        if fault.cut:
            self.parts.ledger.finish(entry, 0, body, "cut")
            return cut_connection(request)
        code = body["error"]["code"] if body and "error" in body else "ok"
        self.parts.ledger.finish(entry, status, body, code)
        if status in GATEWAY:
            return HTMLResponse(f"<html><h1>{status}</h1>", status_code=status, headers=headers)
        return Response(status_code=status) if body is None else JSONResponse(body, status, headers)

    def _answer(
        self, method: Method, asked: Asked, fault: Fault, request: Request
    ) -> tuple[int, Json | None, dict[str, str]]:
        if fault.cut == "before":
            return 0, None, {}
        if fault.status and not fault.is_done:
            return _broken(fault)
        try:
            self._let_in(method, asked, request)
            status, body = method.run(self.parts, asked)
        except ConnectorError as error:
            headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            return error.status, error_body(error.code, error.detail), headers
        return _broken(fault) if fault.status else (status, body, {})

    def _let_in(self, method: Method, asked: Asked, request: Request) -> None:
        if asked.path["door"] != self.parts.door:
            raise ConnectorError("ConversationNotFound", "This service has moved.")
        if not self.parts.tokens.is_good(request.headers.get("authorization", "")):
            raise ConnectorError("Unauthorized")
        if wait := self.parts.limiter.wait_for(method.kind, _thread(asked)):
            says_when = self.parts.limiter.limits.says_when
            raise ConnectorError("Throttled", retry_after=wait if says_when else None)


def _read(raw: bytes) -> object:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


def _broken(fault: Fault) -> tuple[int, Json | None, dict[str, str]]:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return fault.status, error_body(fault.code or CODE_OF.get(fault.status, "ServiceError")), headers


def _thread(asked: Asked) -> str:
    """Return the conversation that a request counts for; a new one for the channel or person it is made with."""
    if "conversation" in asked.path:
        return base_of(asked.path["conversation"])
    return writing.made_in(asked.body) or asked.path.get("team", "")


def _create(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    return 201, writing.create(parts, asked.body)


def _send(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    where = writing.Where(asked.path["conversation"], asked.path.get("activity", ""), _is_targeted(asked))
    return 201, writing.send(parts, where, asked.body)


def _update(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    where = writing.Where(asked.path["conversation"], asked.path["activity"], _is_targeted(asked))
    return 200, writing.update(parts, where, asked.body)


def _delete(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    where = writing.Where(asked.path["conversation"], asked.path["activity"], _is_targeted(asked))
    writing.delete(parts, where)
    return 200, None


def _is_targeted(asked: Asked) -> bool:
    return asked.query.get("isTargetedActivity", "").lower() == "true"


def _member(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    return 200, rosters.member(parts, asked.path["conversation"], asked.path["member"])


def _members(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    return 200, rosters.members(parts, asked.path["conversation"], asked.query)


def _team(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    return 200, rosters.team(parts, asked.path["team"])


def _channels(parts: Parts, asked: Asked) -> tuple[int, Json | None]:
    return 200, rosters.channels(parts, asked.path["team"])
