"""A process starts its parts in order, and stops them so that what was begun is finished with what it needs."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp

from bot.chat.teams import TeamsChat
from bot.core.errors import TryLater
from bot.core.programme import Programme
from bot.environment import Environment, read_environment
from bot.process import Process, Startable
from bot.scheduler import Scheduler
from bot.web.redirect import TrackedLinks
from bot.worker import Worker
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


def process_of(done: list[str], environment: Environment) -> Process:
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
        links=cast(TrackedLinks, part("links")),
        worker=cast(Worker, Job("worker", done)),
        scheduler=cast(Scheduler, Timers("scheduler", done)),
    )


async def test_what_the_last_jobs_need_is_stopped_after_them(tmp_path: Path) -> None:
    done: list[str] = []
    process = process_of(done, read_environment({"VOUCH_DATA": str(tmp_path)}))
    await process.start()
    await process.stop()
    starts = ["start links", "start token", "start searches", "start inbound", "start socket"]
    stops = ["stop socket", "stop inbound", "the last job", "stop searches", "stop token", "stop links"]
    assert done == [*starts, *stops, "stop http", "stop database"]


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
