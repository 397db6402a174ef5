"""A small Teams service on 127.0.0.1: the token endpoint, the connector's REST API and a store for files.

It keeps what it was asked, holds people, teams and messages, and answers what a test says instead when told to. Shapes:
microsoft/teams.net core/docs/CreateConversation-API-Behavior, msteams-docs bots/how-to/get-teams-context.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER_TENANT = "3f3d1cea-7a18-41af-872b-cfbbd5140984"
APP_ID = "c9e8c047-2a34-40a1-b28a-b162d5f5327c"
SECRET = "not-a-secret-of-anybody"  # noqa: S105
TEAM = "19:LydFnezGKSkhYoiLNP6kZ8AuXQr36EDAkvG9CNJSPKc1@thread.tacv2"
NEWS = "19:6d97d816470f481dbcda38244b98689a@thread.tacv2"
CHAT = "19:b8f0f0d2c9a84b0fb1a0a2e9a7b1c3d4@thread.v2"
ADA, BEN, GUS = (
    "7faf8ab2-3d56-4244-b585-20c8a42ed2b8",
    "76b0b09f-d410-48fd-993e-84da521a597b",
    "6b7b3b2a-2c4b-4175-8582-41c9e685c1b5",
)
USER_ADA = (
    "29:1GcS4EyB_oSI8A88XmWBN7NJFyMqe3QGnJdgLfFGkJnVelzRGos0bPbpsfJjcbAD22bmKc4GMbrY2g4JDrrA8vM06X1-cHHle4zOE6U4ttcc"
)
CHAT_ADA = (
    "a:1p0iicaJlVi-_KIYKDDvLi4c2pMZMc8B0bPauUJq9pZ6IHPzMOrXbWS4g7Wktn1hwl8J3FecCj4cn33DInsp7AGj8mSSb23S5cQJTjU_"
    "CXlYs-eph-CchluBdnSKVFm40"
)


def member(ref: str, name: str, user_id: str = "", **changes: object) -> Json:
    """Return a line of a roster."""
    given, _, surname = name.partition(" ")
    email = f"{given.lower()}@brightwater.example"
    told = {
        "id": user_id or f"29:{ref}",
        "objectId": ref,
        "name": name,
        "givenName": given,
        "surname": surname,
        "email": email,
        "userPrincipalName": email,
        "tenantId": TENANT,
        "userRole": "user",
    }
    return {**told, **changes}


ADA_LISTED, BEN_LISTED = member(ADA, "Ada Lovelace", USER_ADA), member(BEN, "Ben Vos")
GUS_LISTED = member(GUS, "Gus Guest", userRole="guest")


@dataclass
class Answer:
    """What to answer once: a body, a status, or a connection that is cut after the request was read."""

    body: Json | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    is_cut: bool = False
    delay_s: float = 0.0


@dataclass
class Call:
    """What was asked: the parts of the path that name something, the query, the body and the token."""

    parts: dict[str, str]
    query: dict[str, str]
    body: Json
    token: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeTeams:
    """The service's memory; `script` holds the next answers by the name of a call."""

    calls: list[tuple[str, Call]] = field(default_factory=list)
    script: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    rosters: dict[str, list[Json]] = field(default_factory=dict)
    teams: dict[str, dict[str, str | None]] = field(default_factory=dict)
    chats: dict[str, str] = field(default_factory=dict)
    messages: dict[tuple[str, str], Json] = field(default_factory=dict)
    uploads: list[tuple[str, bytes]] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    page: int = 500
    url: str = ""
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)
    _numbers: "count[int]" = field(default_factory=lambda: count(1776390257332))
    _tokens: "count[int]" = field(default_factory=lambda: count(1))

    def will(self, name: str, **answer: Any) -> None:  # noqa: ANN401 - the fields of Answer
        """Answer the next call of this name like this."""
        self.script[name].append(Answer(**answer))

    def refuse(self, name: str, status: int, code: str) -> None:
        """Refuse the next call of this name in Teams' words."""
        self.will(name, status=status, body={"error": {"code": code, "message": "whatever"}})

    def asked(self, name: str) -> list[Call]:
        """Return every call of this name."""
        return [call for known, call in self.calls if known == name]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something has happened, 30 s at most."""
        async with self.heard, asyncio.timeout(30):
            await self.heard.wait_for(happened)

    @property
    def names(self) -> list[str]:
        """The names of what was asked, in order, tokens left out."""
        return [name for name, _ in self.calls if name != "token"]

    @property
    def service_url(self) -> str:
        """Where the REST API is reached, as activities say it."""
        return f"{self.url}/emea/"

    async def _scripted(self, name: str, request: web.Request) -> web.StreamResponse | None:
        raw = await request.read()
        if request.content_type == "application/x-www-form-urlencoded":
            body: Json = dict(await request.post())
        else:
            body = await request.json() if request.content_type == "application/json" and raw else {}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = Call(
            parts=dict(request.match_info),
            query=dict(request.query),
            body=body,
            token=token,
            headers=dict(request.headers),
        )
        async with self.heard:
            self.calls.append((name, call))
            self.heard.notify_all()
        if token in self.revoked:
            return web.json_response({"error": {"code": "Unauthorized", "message": "no"}}, status=401)
        if not self.script[name]:
            return None
        answer = self.script[name].pop(0)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.is_cut:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if answer.text is not None:
            return web.Response(
                text=answer.text, status=answer.status, headers=answer.headers, content_type="text/html"
            )
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Give out a token."""
        if answer := await self._scripted("token", request):
            return answer
        token = f"token-{next(self._tokens)}"
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Create a chat with one person, or begin a thread in a channel."""
        if answer := await self._scripted("create", request):
            return answer
        body = self.calls[-1][1].body
        if not body.get("isGroup"):
            user_id = body["members"][0]["id"]
            return web.json_response({"id": self.chats.setdefault(user_id, f"a:1{user_id[3:]}")}, status=201)
        number = str(next(self._numbers))
        conversation = f"{body['channelData']['channel']['id']};messageid={number}"
        self.messages[conversation, number] = body["activity"]
        return web.json_response({"id": conversation, "activityId": number}, status=201)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take a message in a conversation."""
        if answer := await self._scripted("send", request):
            return answer
        number = str(next(self._numbers))
        self.messages[request.match_info["conversation"], number] = self.calls[-1][1].body
        return web.json_response({"id": number}, status=201)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """Take a message anew."""
        if answer := await self._scripted("update", request):
            return answer
        place = (request.match_info["conversation"], request.match_info["activity"])
        if place not in self.messages:
            return _refused(404, "ActivityNotFoundInConversation")
        self.messages[place] = self.calls[-1][1].body
        return web.json_response({"id": place[1]})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Remove a message."""
        if answer := await self._scripted("delete", request):
            return answer
        self.messages.pop((request.match_info["conversation"], request.match_info["activity"]), None)
        return web.Response(status=200)

    def _roster_of(self, conversation: str) -> list[Json] | None:
        """Return who is in a conversation; in a channel without a roster of its own those of its team."""
        team = next((team for team, channels in self.teams.items() if conversation in channels), "")
        return self.rosters.get(conversation, self.rosters.get(team))

    async def member(self, request: web.Request) -> web.StreamResponse:
        """Return one person of a conversation."""
        if answer := await self._scripted("member", request):
            return answer
        roster = self._roster_of(request.match_info["conversation"])
        if roster is None:
            return _refused(404, "ConversationNotFound")
        wanted = request.match_info["user"]
        found = next((one for one in roster if wanted in (one["id"], one.get("objectId"))), None)
        return _refused(404, "MemberNotFoundInConversation") if found is None else web.json_response(found)

    async def roster(self, request: web.Request) -> web.StreamResponse:
        """Return a page of a conversation's people."""
        if answer := await self._scripted("roster", request):
            return answer
        roster = self._roster_of(request.match_info["conversation"])
        if roster is None:
            return _refused(403, "BotNotInConversationRoster")
        start = int(request.query.get("continuationToken", "0"))
        end = start + self.page
        told: Json = {"members": roster[start:end]}
        return web.json_response({**told, "continuationToken": str(end)} if end < len(roster) else told)

    async def channels(self, request: web.Request) -> web.StreamResponse:
        """Return a team's channels."""
        if answer := await self._scripted("channels", request):
            return answer
        team = self.teams.get(request.match_info["team"])
        if team is None:
            return _refused(404, "ConversationNotFound")
        return web.json_response({"conversations": [{"id": ref, "name": name} for ref, name in team.items()]})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take a file."""
        body = await request.read()
        if answer := await self._scripted("upload", request):
            return answer
        self.uploads.append((request.headers["Content-Range"], body))
        return web.json_response({"id": "item"}, status=201)

    def app(self) -> web.Application:
        """Return the service's routes."""
        app = web.Application()
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self.token)
        app.router.add_put("/store/{name}", self.upload)
        base = "/emea/v3/conversations"
        app.router.add_post(base, self.create)
        app.router.add_post(f"{base}/{{conversation}}/activities", self.send)
        app.router.add_put(f"{base}/{{conversation}}/activities/{{activity}}", self.update)
        app.router.add_delete(f"{base}/{{conversation}}/activities/{{activity}}", self.delete)
        app.router.add_get(f"{base}/{{conversation}}/members/{{user}}", self.member)
        app.router.add_get(f"{base}/{{conversation}}/pagedmembers", self.roster)
        app.router.add_get("/emea/v3/teams/{team}/conversations", self.channels)
        return app


def _refused(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "whatever"}}, status=status)


async def started(fake: FakeTeams) -> TestServer:
    """Start the service and tell `fake` where it is."""
    server = TestServer(fake.app(), host="127.0.0.1")
    await server.start_server()
    fake.url = str(server.make_url("")).rstrip("/")
    return server
