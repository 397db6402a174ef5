"""Processes of the bot and of the playground that start in a moment: forks of one that has imported everything.

There is one such process beside each process of the tests; it is started by the first town and ends with the tests.
What is forked runs the same commands, has an environment, a log and a number of its own, and dies like any process.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from typing import Any

ROOT = Path(__file__).parents[2]
ALSO = ("tests.scenarios.forks", "bot.chat.teams", "playground.__main__", "playground.server")


def run_bot(words: Sequence[str]) -> None:
    """Run a command of the operator's, in this process."""
    from bot.cli import command_line

    sys.argv = ["vouch", *words]
    command_line()(list(words), standalone_mode=True)


def run_playground(words: Sequence[str]) -> None:
    """Run `python -m playground`, in this process."""
    from playground.__main__ import main

    sys.argv = ["playground", *words]
    sys.exit(main())


@dataclass(slots=True)
class Fork:
    """A process that was forked, asked as one of asyncio's is asked; `log` is where it writes."""

    pid: int
    log: Path
    _ended: Future[int] = field(default_factory=Future, repr=False)

    @property
    def returncode(self) -> int | None:
        """How it ended, negative for a signal; `None` while it runs."""
        return self._ended.result() if self._ended.done() else None

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if not self._ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Return how it ended, once it has."""
        return await asyncio.shield(asyncio.wrap_future(self._ended))


class Forks:
    """Speaks with the process that everything is forked from."""

    def __init__(self) -> None:
        """Start it, and wait until it has imported everything."""
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "benchmarks.fleet.zygote", *ALSO],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._numbers, self._asking = count(1), Lock()
        self._asked: dict[int, tuple[Path, Future[Fork]]] = {}
        self._running: dict[int, Fork] = {}
        if b"ready" not in self._output.readline():
            raise RuntimeError("what everything is forked from did not start")
        Thread(target=self._listen, daemon=True).start()

    @property
    def _output(self) -> Any:  # noqa: ANN401 - a pipe, as there is one
        return self._process.stdout

    def start(self, launch: str, *words: str, environment: Mapping[str, str], log: Path) -> Fork:
        """Start a process and return it at once: it is not ready yet."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with self._asking:
            number, asked = next(self._numbers), Future[Fork]()
            self._asked[number] = (log, asked)
            order = {"number": number, "environment": dict(environment), "log": str(log), "words": words}
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({**order, "launch": f"{__name__}:{launch}"}).encode() + b"\n")
            self._process.stdin.flush()
        return asked.result(timeout=60)

    def close(self) -> None:
        """End it, and with it everything that still runs."""
        self._process.communicate()

    def _listen(self) -> None:
        for line in self._output:
            self._heard(json.loads(line))

    def _heard(self, told: dict[str, int]) -> None:
        if "forked" in told:
            log, asked = self._asked.pop(told["forked"])
            fork = self._running[told["pid"]] = Fork(told["pid"], log)
            asked.set_result(fork)
        elif "ended" in told and (over := self._running.pop(told["ended"], None)):
            over._ended.set_result(told["code"])


@cache
def forks() -> Forks:
    """Return what forks processes for these tests."""
    return Forks()


def end_forks() -> None:
    """End what forks processes, if it was ever needed."""
    if forks.cache_info().currsize:
        forks().close()
        forks.cache_clear()
