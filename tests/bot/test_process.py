"""A process starts its parts in order, and stops them so that what was begun is finished with what it needs."""

import asyncio
import os
import signal
from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.chat.teams import TeamsChat
from bot.core.duties import ALL_DUTIES, Duty
from bot.core.errors import TryLater
from bot.core.programme import Programme
from bot.environment import Environment, read_environment
from bot.process import Process, Startable, serve
from bot.scheduler import Scheduler
from bot.web.app import Served
from bot.web.readiness import Standing
from bot.worker import Worker
from playground.ports import free_port
from storage.engine import Sessions
from tests.connectors.teams.activities import FakeDispatch
from tests.connectors.teams.fake_service import APP_ID, SECRET, TENANT, FakeTeams
from tests.connectors.teams.parts import session, teams
from tests.fakes import FakeClock
from tests.handlers.conftest import programme

__all__ = ["programme", "session", "teams"]
CLOCK = FakeClock(datetime(2026, 11, 23, 10, tzinfo=UTC))


class Part:
    """Writes down what is done with it."""

    def __init__(self, name: str, done: list[str]) -> None:
        self._name, self._done = name, done

    async def start(self) -> None:
        self._done.append(f"start {self._name}")

    async def stop(self) -> None:
        self._done.append(f"stop {self._name}")

    close = stop


class Job(Part):
    """A worker that ends with its last job."""

    def wake(self) -> None:
        """Nothing sleeps."""

    async def run(self) -> None:
        self._done.append("the last job")

    def stop(self) -> None:  # type: ignore[override]
        """Begin nothing more."""


class Timers(Part):
    """A scheduler of nothing."""

    async def tick(self) -> None:
        """Nothing is due."""

    def start(self) -> None:  # type: ignore[override]
        """Begin."""

    def stop(self) -> None:  # type: ignore[override]
        """End."""


def process_of(done: list[str], environment: Environment, duties: Set[Duty] = ALL_DUTIES) -> Process:
    def part(name: str) -> Startable:
        return Part(name, done)

    sessions = SimpleNamespace(on_jobs=[], close=Part("database", done).stop)
    return Process(
        environment=environment,
        sessions=cast(Sessions, sessions),
        http=cast(aiohttp.ClientSession, Part("http", done)),
        clock=CLOCK,
        listeners=[part("inbound"), part("socket")],
        closing=[part("token"), part("searches")],
        links=cast(Served, part("links")),
        worker=cast(Worker, Job("worker", done)),
        scheduler=cast(Scheduler, Timers("scheduler", done)),
        standing=Standing(duties=duties),
    )


async def test_what_the_last_jobs_need_is_stopped_after_them(tmp_path: Path) -> None:
    done: list[str] = []
    process = process_of(done, read_environment({"VOUCH_DATA": str(tmp_path)}))
    await process.start()
    await process.stop()
    starts = ["start links", "start token", "start searches", "start inbound", "start socket"]
    stops = ["stop socket", "stop inbound", "the last job", "stop searches", "stop token", "stop links"]
    assert done == [*starts, *stops, "stop http", "stop database"]


@pytest.mark.parametrize(
    ("duty", "heard", "worked"),
    [
        (Duty.WEB, ["start inbound", "start socket", "stop socket", "stop inbound"], []),
        (Duty.WORKER, [], ["the last job"]),
    ],
)
async def test_a_process_with_one_duty_leaves_the_other_to_others(
    tmp_path: Path, duty: Duty, heard: list[str], worked: list[str]
) -> None:
    done: list[str] = []
    process = process_of(done, read_environment({"VOUCH_DATA": str(tmp_path)}), {duty})
    await process.start()
    await process.stop()
    assert [one for one in done if "inbound" in one or "socket" in one] == heard
    assert [one for one in done if "job" in one] == worked
    assert {"start links", "start token", "stop token", "stop links"} <= set(done)


async def test_who_retires_says_so_and_begins_no_more_jobs_while_people_are_still_heard(tmp_path: Path) -> None:
    done: list[str] = []
    process = process_of(done, read_environment({"VOUCH_DATA": str(tmp_path)}))
    await process.start()
    process.retire()
    assert process.standing.is_stopping
    await asyncio.gather(*process._tasks)
    assert done[-1] == "the last job"
    await process.stop()


class Hello:
    """A web application that greets."""

    async def start(self) -> None:
        """Nothing to read."""

    async def stop(self) -> None:
        """Nothing to keep."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("hello")(scope, receive, send)


async def test_between_two_signals_it_is_no_longer_ready_and_still_answers(tmp_path: Path) -> None:
    port, done = free_port(), list[str]()
    told = {"VOUCH_DATA": str(tmp_path), "VOUCH_PORT": str(port), "VOUCH_DRAIN_SECONDS": "60"}
    process = replace(process_of(done, read_environment(told)), links=Hello())
    serving = asyncio.create_task(serve(process))
    connector = aiohttp.TCPConnector(force_close=False)
    async with asyncio.timeout(20), aiohttp.ClientSession(connector=connector) as http:

        async def ask() -> str:
            async with http.get(f"http://127.0.0.1:{port}/") as response:
                assert await response.text() == "hello"
                return response.headers.get("connection", "")

        while True:
            with suppress(aiohttp.ClientConnectionError):
                assert await ask() == ""
                break
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        while not process.standing.is_stopping:  # noqa: ASYNC110 - a signal comes when it comes
            await asyncio.sleep(0)
        assert (await ask(), "stop inbound" in done) == ("close", False)
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
        with pytest.raises(aiohttp.ClientConnectionError):
            await ask()
    assert done[-1] == "stop database"


async def test_the_token_of_teams_is_still_fetched_while_nothing_comes_in_any_more(
    teams: FakeTeams, session: aiohttp.ClientSession, programme: Programme, tmp_path: Path
) -> None:
    environment = read_environment(
        {
            "VOUCH_DATA": str(tmp_path),
            "TEAMS_APP_ID": APP_ID,
            "TEAMS_APP_PASSWORD": SECRET,
            "TEAMS_TENANT_ID": TENANT,
            "TEAMS_LOGIN_URL": teams.url,
        }
    )
    chat = TeamsChat(environment, sessions=cast(Sessions, None), clock=CLOCK, http=session)
    listening = chat.listen(FakeDispatch(), programme=programme, clock=CLOCK)
    assert chat._credentials is not None
    teams.will("token", body={"access_token": "late", "expires_in": 3599}, delay_s=0.1)
    waiting = asyncio.create_task(chat._credentials.token())
    await teams.until(lambda: bool(teams.asked("token")))
    for part in listening.parts:
        await part.stop()
    assert await waiting == "late"
    chat._credentials.discard("late")
    teams.will("token", delay_s=5)
    waiting = asyncio.create_task(chat._credentials.token())
    await teams.until(lambda: len(teams.asked("token")) == 2)
    for part in listening.closing:
        await part.stop()
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], TryLater)
