"""One process of an installation: started in order, served, and stopped so that what was begun is finished.

It does everything, or one of the duties that several processes share.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import aiohttp
import uvicorn

from bot.clock import FollowedClock
from bot.core.duties import Duty
from bot.core.ports import Clock
from bot.environment import Environment
from bot.scheduler import Scheduler
from bot.web.app import SERVER_OPTIONS, Served
from bot.web.readiness import Standing
from bot.worker import Worker
from storage.engine import Sessions

GRACEFUL_SECONDS = 10

TURN_SECONDS = 0.0005
"""So long a thread that has work waits for one that is busy. With Python's own 5 ms SQLite's thread, which runs code
at each statement, holds up its transaction, and with it everybody who wants to write, several times that long."""

log = logging.getLogger("vouch")


class Startable(Protocol):
    """A part that is started once and stopped once."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, once what was begun is finished."""


@dataclass(slots=True, kw_only=True)
class Process:
    """The parts of one process; `closing` are those that the worker's last jobs still need.

    `standing` says which of the parts are used: `listeners` and all of `links` on the web, `worker` and `scheduler` by
    a worker.
    """

    environment: Environment
    sessions: Sessions
    http: aiohttp.ClientSession
    clock: Clock
    listeners: Sequence[Startable]
    closing: Sequence[Startable]
    links: Served
    worker: Worker
    scheduler: Scheduler
    standing: Standing = field(default_factory=Standing)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Start everything but the web server."""
        if isinstance(self.clock, FollowedClock):
            await self.clock.read(self.http)
        await self.links.start()
        for one in (*self.closing, *self._listeners):
            await one.start()
        if self._is_worker:
            self.sessions.on_jobs.append(self.worker.wake)
            self._tasks = [asyncio.create_task(self.worker.run())]
            await self.scheduler.tick()
            self.scheduler.start()
        settle_in()

    @property
    def _is_worker(self) -> bool:
        return Duty.WORKER in self.standing.duties

    @property
    def _listeners(self) -> Sequence[Startable]:
        return self.listeners if Duty.WEB in self.standing.duties else ()

    async def follow_clock(self) -> None:
        """Follow the playground's clock, if there is one; time that moves brings a tick."""
        if isinstance(self.clock, FollowedClock):
            await self.clock.follow(self.http, self._on_moved_clock)

    async def _on_moved_clock(self) -> None:
        if self._is_worker:
            await self.scheduler.tick()
            self.worker.wake()

    def retire(self) -> None:
        """Say that this process stops, and begin no more jobs; whoever asks something is still answered."""
        self.standing.is_stopping = True
        if self._is_worker:
            self.scheduler.stop()
            self.worker.stop()

    async def stop(self) -> None:
        """Stop in the order in which work flows."""
        for one in reversed(self._listeners):
            await one.stop()
        self.retire()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in reversed(self.closing):
            await one.stop()
        await self.links.stop()
        await self.http.close()
        await self.sessions.close()


def settle_in() -> None:
    """Tell the interpreter that all has started: what is there stays, and threads take short turns."""
    gc.freeze()  # no collection has to look at it again
    gc.enable()
    sys.setswitchinterval(TURN_SECONDS)


class PortTakenError(Exception):
    """The address to listen on cannot be had."""


class _Server(uvicorn.Server):
    """A web server that leaves the signals to us, so that a stop can drain."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    async def serve_until_told(self) -> None:
        """Serve until `should_exit`; raises `PortTakenError`."""
        try:
            await self.serve()
        except SystemExit:  # uvicorn's way to say that it could not begin; its log says why
            raise PortTakenError from None

    def let_go(self) -> None:
        """Ask for every connection to be closed after its next answer: who has kept one open comes back elsewhere."""
        farewell = (b"connection", b"close")
        self.config.encoded_headers.append(farewell)
        self.server_state.default_headers = [*self.server_state.default_headers, farewell]


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop that uvicorn would choose: uvloop's; `None` for asyncio's own where there is none."""
    return uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()


async def serve(process: Process) -> None:
    """Serve until SIGINT or SIGTERM; then tell the balancer, answer what still comes for a while, and stop.

    A second signal ends the wait.
    """
    environment = process.environment
    server = _Server(_server_config(process))
    signals = asyncio.Queue[None]()
    with _on_signals(lambda: signals.put_nowait(None)):
        await process.start()
        log.info("ready on %s port %d", environment.host, environment.port)
        following = asyncio.create_task(process.follow_clock())
        serving = asyncio.create_task(server.serve_until_told())
        try:
            if await _is_stopped(serving, signals):
                process.retire()
                server.let_go()
                await _is_stopped(serving, signals, within=environment.drain_seconds)
            server.should_exit = True
            await serving
        finally:
            following.cancel()
            await process.stop()
    log.info("stopped; everything that was begun is finished or queued")


def _server_config(process: Process) -> uvicorn.Config:
    return uvicorn.Config(
        process.links,
        host=process.environment.host,
        port=process.environment.port,
        log_config=None,
        **SERVER_OPTIONS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


async def _is_stopped(serving: asyncio.Task[None], signals: asyncio.Queue[None], within: float | None = None) -> bool:
    """Wait for a signal, or for so many seconds; `False` if the server ended by itself."""
    signal_came = asyncio.create_task(signals.get())
    await asyncio.wait({serving, signal_came}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    signal_came.cancel()
    return not serving.done()


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
