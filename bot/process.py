"""One running installation in one process: started in order, served, and stopped so that what was begun is finished."""

import asyncio
import contextlib
import fcntl
import gc
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import aiohttp
import uvicorn

from bot.clock import FollowedClock
from bot.core.ports import Clock
from bot.environment import Environment
from bot.scheduler import Scheduler
from bot.web.app import SERVER_OPTIONS
from bot.web.redirect import TrackedLinks
from bot.worker import Worker
from storage.engine import Sessions

GRACEFUL_SECONDS = 10

log = logging.getLogger("vouch")


class Startable(Protocol):
    """A part that is started once and stopped once."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, once what was begun is finished."""


@dataclass(slots=True, kw_only=True)
class Process:
    """The parts of one process; `closing` are those that the worker's last jobs still need."""

    environment: Environment
    sessions: Sessions
    http: aiohttp.ClientSession
    clock: Clock
    listeners: Sequence[Startable]
    closing: Sequence[Startable]
    links: TrackedLinks
    worker: Worker
    scheduler: Scheduler
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Start everything but the web server."""
        self.sessions.on_jobs.append(self.worker.wake)
        if isinstance(self.clock, FollowedClock):
            await self.clock.read(self.http)
        await self.links.start()
        for one in (*self.closing, *self.listeners):
            await one.start()
        self._tasks = [asyncio.create_task(self.worker.run())]
        await self.scheduler.tick()
        self.scheduler.start()
        gc.freeze()  # what is there by now stays: no collection has to look at it again
        gc.enable()

    async def follow_clock(self) -> None:
        """Follow the playground's clock, if there is one; time that moves brings a tick."""
        if isinstance(self.clock, FollowedClock):
            await self.clock.follow(self.http, self._on_moved_clock)

    async def _on_moved_clock(self) -> None:
        await self.scheduler.tick()
        self.worker.wake()

    async def stop(self) -> None:
        """Stop in the order in which work flows."""
        for one in reversed(self.listeners):
            await one.stop()
        self.scheduler.stop()
        self.worker.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in reversed(self.closing):
            await one.stop()
        await self.links.stop()
        await self.http.close()
        await self.sessions.close()


class _Server(uvicorn.Server):
    """A web server that leaves the signals to us, so that a stop can drain."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop that uvicorn would choose: uvloop's; `None` for asyncio's own where there is none."""
    return uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()


async def serve(process: Process) -> None:
    """Serve until SIGINT or SIGTERM, then stop."""
    environment = process.environment
    config = uvicorn.Config(
        process.links,
        host=environment.host,
        port=environment.port,
        log_config=None,
        **SERVER_OPTIONS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    server = _Server(config)
    with _on_signals(lambda: setattr(server, "should_exit", True)):
        await process.start()
        log.info("ready on %s port %d", environment.host, environment.port)
        following = asyncio.create_task(process.follow_clock())
        try:
            await server.serve()
        finally:
            following.cancel()
            await process.stop()
    log.info("stopped; everything that was begun is finished or queued")


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    yield
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[bool]:
    """Hold a data folder for this process alone; `False` if another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    file: IO[str] = (folder / "vouch.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        file.close()
