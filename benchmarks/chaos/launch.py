"""What a replica of the chaos run is: `vouch run`, with points to die at around its drivers, and shorter leases.

Nothing of this is in the product: the database drivers' commits and the HTTP clients' calls are wrapped in the process
that was forked, before it runs. A call outward says in a header which job makes it.
"""

import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import aiosqlite
import asyncpg  # type: ignore[import-untyped]
import requests.adapters

import bot.app
from benchmarks.chaos.points import LEASE, Points, place, points_of
from benchmarks.fleet.zygote import run_vouch
from bot.core.jobs import Job, kind_of, pack_job
from bot.worker import Worker
from handlers.context import Outside

JOB_HEADER = "X-Chaos-Job"
_JOB: ContextVar[str] = ContextVar("job", default="")
NAMING = re.compile(r"application_name = '\w*'")
"""How the bot names its connections once they stand; here each process has a name of its own, to be found by."""

_QUIET = ("/api/clock", "/readyz")


def run(words: Sequence[str]) -> None:
    """Run the bot with points around what it does, in this process."""
    points = points_of(os.environ)
    _around_sqlite(points)
    _around_postgres(points)
    _around_calls(points)
    _around_requests(points)
    _name_jobs()
    lease = timedelta(seconds=float(os.environ[LEASE]))
    setattr(bot.app, "Worker", partial(Worker, lease=lease))  # noqa: B010 - it is a class, which is replaced here
    run_vouch(words)


def _around_sqlite(points: Points) -> None:
    whole = aiosqlite.Connection.commit

    async def commit(self: aiosqlite.Connection) -> None:
        name = f"commit {place()}"
        points.passed(name, "before")
        await whole(self)
        points.passed(name, "after")

    aiosqlite.Connection.commit = commit  # type: ignore[method-assign]
    connect = sqlite3.connect

    class Counted(sqlite3.Connection):
        """A connection that knows a COMMIT that is written out, as the fast path for visits has it."""

        def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as the driver has it
            """Run a statement."""
            is_commit = sql == "COMMIT"
            if is_commit:
                points.passed("commit at_once", "before")
            cursor = super().execute(sql, *given)
            if is_commit:
                points.passed("commit at_once", "after")
            return cursor

    def counted(*given: Any, **more: Any) -> Any:  # noqa: ANN401
        return connect(*given, **{"factory": Counted, **more})

    sqlite3.connect = counted


def _around_postgres(points: Points) -> None:
    connect, name = asyncpg.connect, f"chaos-{os.getpid()}"

    class Counted(asyncpg.Connection):  # type: ignore[misc]
        """A connection that knows its commits, those of single statements included."""

        async def execute(self, query: str, *given: Any, **more: Any) -> str:  # noqa: ANN401 - as the driver has it
            """Run a statement or several."""
            is_commit = query.lstrip()[:6].upper() == "COMMIT"
            query = NAMING.sub(f"application_name = '{name}'", query)
            return str(await self._at(is_commit, super().execute(query, *given, **more)))

        async def fetch(self, query: str, *given: Any, **more: Any) -> list[Any]:  # noqa: ANN401
            """Return rows."""
            rows: list[Any] = await self._at(not self.is_in_transaction(), super().fetch(query, *given, **more))
            return rows

        async def executemany(self, command: str, args: Any, **more: Any) -> None:  # noqa: ANN401
            """Run a statement many times."""
            await self._at(not self.is_in_transaction(), super().executemany(command, args, **more))

        async def _at(self, is_commit: bool, done: Awaitable[Any]) -> Any:  # noqa: ANN401, FBT001
            point = f"commit {place()}"
            if is_commit:
                points.passed(point, "before")
            answer = await done
            if is_commit:
                points.passed(point, "after")
            return answer

    async def named(*given: Any, **more: Any) -> Any:  # noqa: ANN401
        settings = {**(more.pop("server_settings", None) or {}), "application_name": name}
        return await connect(*given, server_settings=settings, **{"connection_class": Counted, **more})

    asyncpg.connect = named


def operation_of(url: str) -> str:
    """Return what a call asks for, without numbers and names: "chat.postMessage", "net/x/2/tweets"."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts[:2] == ["slack", "api"]:
        return parts[-1]
    return "/".join(part for part in parts if part.isascii() and len(part) < 20 and not part.isdigit())[:60]


def _around_calls(points: Points) -> None:
    whole = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> aiohttp.ClientResponse:  # noqa: ANN401
        if str(url).partition("?")[0].endswith(_QUIET):
            return await whole(self, method, url, **more)
        name = f"call {operation_of(str(url))}"
        points.begins(name)
        if job := _JOB.get():
            more["headers"] = {**(more.get("headers") or {}), JOB_HEADER: job}
        response = await whole(self, method, url, **more)
        points.passed(name, "after")
        return response

    aiohttp.ClientSession._request = request  # type: ignore[assignment,method-assign]


def _around_requests(points: Points) -> None:
    whole = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: Any, *given: Any, **more: Any) -> Any:  # noqa: ANN401 - as requests has it
        name = f"call {operation_of(str(request.url))}"
        points.begins(name)
        answer = whole(self, request, *given, **more)
        points.passed(name, "after")
        return answer

    requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]


def _name_jobs() -> None:
    """Let every job's calls say whose they are."""

    def named(work: Callable[[Outside, Any], Awaitable[Any]]) -> Callable[[Outside, Job], Awaitable[Any]]:
        async def run_job(out: Outside, job: Job) -> Any:  # noqa: ANN401 - what the job records
            _JOB.set(f"{kind_of(type(job))} {pack_job(job)}")
            return await work(out, job)

        return run_job

    bot.app.JOBS = {kind: named(work) for kind, work in bot.app.JOBS.items()}  # type: ignore[misc,unused-ignore]
