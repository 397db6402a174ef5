"""`python -m benchmarks.arriving URL FOLDER RATE LINKS`: visits arrive in a process of their own, and are credited.

They are kept in groups, as tracked links keep them, until standard input closes; then a line of JSON says how many
were, and how long each waited to be kept.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.company import NOW, ZONE, programme, visit_number
from bot.web.journal import Journal
from bot.web.recording import Recorder
from handlers.credit import credit_everything
from storage.engine import Sessions
from storage.models import Visit
from storage.queries.visits import IS_WAITING, NewVisit

STEP_SECONDS = 0.005
CREDIT_EVERY_SECONDS = 1.0


async def arrive(sessions: Sessions, folder: Path, *, rate: int, links: int) -> dict[str, float]:
    """Keep `rate` visits a second, of the newest links, until standard input closes."""
    recorder = Recorder(sessions, Journal(folder))
    recorder.start()
    waited_before = await _waiting(sessions)
    ended, waited, tasks = asyncio.Event(), list[float](), set[asyncio.Task[None]]()
    reading = asyncio.create_task(_until_closed(ended))
    crediting = asyncio.create_task(_credit(sessions))
    begun, made, first = time.perf_counter(), 0, NOW + timedelta(seconds=time.time() % 3600)
    while not ended.is_set():
        due = int((time.perf_counter() - begun) * rate)
        for place in range(made, due):
            tasks.add(task := asyncio.create_task(_keep(recorder, _visit(place, links, first), waited)))
            task.add_done_callback(tasks.discard)
        made = due
        await asyncio.sleep(STEP_SECONDS)
    seconds = time.perf_counter() - begun
    await asyncio.gather(*tasks, reading)
    crediting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await crediting
    journalled = recorder.journalled
    await recorder.stop()
    credited = waited_before + made - await _waiting(sessions)
    waited.sort()
    p99 = waited[int(len(waited) * 0.99)] * 1e3
    return {"rate": made / seconds, "p99_ms": p99, "journalled": journalled, "credited": credited}


def _visit(place: int, links: int, first: datetime) -> NewVisit:
    """Return one of the visits that begin to arrive at `first`: each run has others."""
    at = first + timedelta(microseconds=500 * place)
    who = (1 << 64 | place).to_bytes(16)
    link = links - place * 7919 % max(links // 100, 10)
    return NewVisit(visit_number(at, place), link, at, at.astimezone(ZONE).date(), "human", who, who)


async def _keep(recorder: Recorder, visit: NewVisit, waited: list[float]) -> None:
    begun = time.perf_counter()
    await recorder.keep(visit)
    waited.append(time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        return self.at


async def _credit(sessions: Sessions) -> None:
    """Credit what has arrived, sixty times as often as the bot does, until cancelled."""
    company = programme()
    while True:
        await credit_everything(sessions, clock=_Fixed(NOW), programme=company)
        await asyncio.sleep(CREDIT_EVERY_SECONDS)


async def _waiting(sessions: Sessions) -> int:
    """Return how many visits are not credited."""
    async with sessions.reading() as session:
        return await session.scalar(select(func.count()).select_from(Visit).where(IS_WAITING)) or 0


async def _until_closed(ended: asyncio.Event) -> None:
    print("ready", flush=True)  # noqa: T201 - read by the benchmark
    await asyncio.to_thread(sys.stdin.read)
    ended.set()


async def _main(url: str, folder: str, rate: str, links: str) -> None:
    sessions = Sessions(url)
    try:
        found = await arrive(sessions, Path(folder), rate=int(rate), links=int(links))
    finally:
        await sessions.close()
    print(json.dumps(found), flush=True)  # noqa: T201


def command(url: str, folder: Path, *, rate: int, links: int) -> Sequence[str]:
    """Return the command that starts this as a process."""
    return (sys.executable, "-m", "benchmarks.arriving", url, str(folder), str(rate), str(links))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
