"""A playground without a bot behind it: it serves the page and canned messages, and remembers what the page asked for.

With it a test shows what the page makes of blocks, errors and keys, and nothing else can be the cause.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Self

from aiohttp import web

PAGE = Path(__file__).parents[2] / "playground" / "page"
START = 1_795_000_000.0  # Wed 18 Nov 2026
Json = dict[str, Any]

ANA = {"id": "U1", "name": "Ana Kovač", "role": "employee", "locale": "en-GB", "tz": "Europe/London", "im": "D1"}
BEN = {"id": "U2", "name": "Ben Jansen", "role": "curator", "locale": "nl-NL", "tz": "Europe/Amsterdam", "im": "D2"}
PEOPLE: list[Json] = [
    {**ANA, "title": "Engineer", "initials": "AK", "colour": "#7a3e9d"},
    {**BEN, "title": "Communications", "initials": "BJ", "colour": "#a34a12"},
]
BOT = {"id": "B9", "user": "U9", "name": "Vouch", "initials": "V", "colour": "#12684a"}
EVERYONE = ["U1", "U2", "U9"]
CHANNELS: list[Json] = [
    {"id": "C1", "name": "good-news", "kind": "public", "topic": "What we are proud of", "members": EVERYONE},
    {"id": "C2", "name": "general", "kind": "public", "topic": "", "members": EVERYONE},
    {"id": "C3", "name": "curators", "kind": "private", "topic": "", "members": ["U2", "U9"]},
    {"id": "D1", "name": "Vouch", "kind": "im", "person": "U1", "members": ["U1", "U9"]},
    {"id": "D2", "name": "Vouch", "kind": "im", "person": "U2", "members": ["U2", "U9"]},
]
SHORTCUT = {"callback_id": "suggest_this", "name": "Suggest this", "type": "message"}
COMMAND = {"command": "/vouch", "description": "Share, suggest, decide", "usage_hint": "help"}
COMPANY = {"name": "Testwell", "logo": "🧪", "bot": BOT, "commands": [COMMAND], "shortcuts": [SHORTCUT]}


class ChatFake:
    """The JSON API with what a test puts in: `messages` by channel, `view` by person, `answers` by path."""

    def __init__(self) -> None:
        self.messages: dict[str, list[Json]] = {}
        self.view: dict[str, Json | None] = {}
        self.home: dict[str, Json | None] = {}
        self.answers: dict[str, Json] = {}
        self.asked: list[tuple[str, Json]] = []
        self.opened: list[str] = []
        self._streams: set[asyncio.Queue[Json]] = set()
        self._posted = asyncio.Condition()
        self.may_answer = asyncio.Event()  # clear it to keep what is posted without an answer for a while
        self.may_answer.set()
        self._count = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.may_answer.set()
        for stream in self._streams:
            stream.put_nowait({})
        await self._runner.cleanup()

    def add(self, channel: str, person: str = "U9", **message: Any) -> str:  # noqa: ANN401 - a message's JSON
        """Put a message into a channel, a minute after the one before, and tell the page. Returns its `ts`."""
        self._count += 1
        ts = f"{START + 60 * self._count:.6f}"
        known = next((entry for entry in [*PEOPLE, BOT | {"id": "U9", "is_bot": True}] if entry["id"] == person), {})
        sender = {name: known.get(name) for name in ("name", "initials", "colour")} | {"is_bot": person == "U9"}
        plain = {"ts": ts, "user": person, "text": "", "blocks": [], "ephemeral": False, "sender": sender}
        self.messages.setdefault(channel, []).append(plain | message)
        self.tell(kind="messages", channel=channel)
        return ts

    def show(self, person: str, view: Json | None) -> None:
        """Open that window for the person, or close it, and tell the page."""
        self.view[person] = view
        self.tell(kind="view", users=[person])

    def tell(self, **notice: Any) -> None:  # noqa: ANN401 - a notice's JSON
        """Send a notice to every open page."""
        for stream in self._streams:
            stream.put_nowait(notice)

    def bodies(self, path: str) -> list[Json]:
        """Return what was posted to `path`, oldest first."""
        return [body for asked, body in self.asked if asked == path]

    async def posted(self, path: str, *, count: int = 1) -> Json:
        """Return the first body that is posted to `path`, once `count` have come."""
        async with asyncio.timeout(40), self._posted:
            await self._posted.wait_for(lambda: len(self.bodies(path)) >= count)
        return self.bodies(path)[0]

    def _routes(self) -> list[web.RouteDef]:
        routes = {
            "/api/company": lambda _: COMPANY | {"people": PEOPLE, "channels": CHANNELS},
            "/api/state": lambda ask: {
                "people": PEOPLE,
                "channels": [c for c in CHANNELS if ask["as"] in c["members"]],
            },
            "/api/messages": self._list_messages,
            "/api/thread": self._list_thread,
            "/api/view": lambda ask: {"view": self.view.get(ask["as"]), "stack": 1, "errors": {}},
            "/api/home": lambda ask: {"view": self.home.get(ask["as"])},
            "/api/clock": lambda _: {"now": "2026-11-18T14:00:00+00:00", "offset_s": 0, "version": 0},
            "/api/ledger": lambda _: {"entries": [], "counts": {}, "last": 0},
            "/api/health": lambda _: {"ok": True, "bot": True},
        }
        answering = [web.get(path, self._answer(make)) for path, make in routes.items()]
        return [
            web.get("/", self._page),
            web.get("/page/{name}", self._page),
            web.get("/open", self._open),
            web.get("/api/stream", self._stream),
            web.post("/api/{name}", self._post),
            *answering,
        ]

    @staticmethod
    def _answer(make: Any) -> Any:  # noqa: ANN401 - a handler of aiohttp
        async def handle(request: web.Request) -> web.Response:
            return web.json_response(make(dict(request.query)))

        return handle

    def _list_messages(self, ask: dict[str, str]) -> Json:
        found = self.messages.get(ask["channel"], [])
        return {"messages": [m for m in found if m.get("for", ask["as"]) == ask["as"]][-int(ask.get("limit", "500")) :]}

    def _list_thread(self, ask: dict[str, str]) -> Json:
        found = self.messages.get(ask["channel"], [])
        return {"messages": [m for m in found if ask["ts"] in (m["ts"], m.get("thread_ts"))]}

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / request.match_info.get("name", "index.html"))

    async def _open(self, request: web.Request) -> web.Response:
        self.opened.append(request.query_string)
        return web.Response(text="opened")

    async def _post(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        async with self._posted:
            self.asked.append((request.path, body))
            self._posted.notify_all()
        await self.may_answer.wait()
        return web.json_response(self.answers.get(request.path, {"ok": True}))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        await answer.prepare(request)
        notices: asyncio.Queue[Json] = asyncio.Queue()
        self._streams.add(notices)
        try:
            await answer.write(b": hello\n\n")
            while notice := await notices.get():
                await answer.write(f"data: {json.dumps(notice)}\n\n".encode())
        finally:
            self._streams.discard(notices)
        return answer
