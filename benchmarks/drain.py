"""`drain`: jobs that wait are done, their ends committed, with lanes, leases and fences on.

Both sides have a backlog on the same server, which waits for the disk at every commit, and handlers that do nothing;
they work in turn, in this process, on the loop that `vouch run` has. Ours is the worker as it runs, for announcements
spread over a thousand channels, with limits too wide to be felt. The baseline is procrastinate with as many jobs at
once; its jobs have no locks, so it keeps nothing in order. Ours is timed by the clock on the wall, from the first job
until the worker has stopped with everything recorded; procrastinate by its own events, from the first start to the last
success.
"""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

import procrastinate
from sqlalchemy import func, select, text

from benchmarks.clicking import PROGRAMME
from benchmarks.fleet.postgres import PostgresServer, postgres_server
from benchmarks.grounds import SYNCED
from benchmarks.table import Result, at_least
from bot.clock import WallClock
from bot.core.jobs import AnnounceIn, pack_job
from bot.core.programme import Pace, Programme
from bot.process import fastest_loop
from bot.worker import AT_ONCE, Worker
from handlers.context import Outside
from storage.engine import Sessions, sqlite_url
from storage.models import JobRow
from storage.schema import create_schema

CHANNELS = 1_000
UNFELT = Pace(posts_a_minute=100_000_000, channel_pause=timedelta(0))
AT_MOST_SECONDS = 120.0

_ADD = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {size})
INSERT INTO job (kind, held, pool, lane, priority, state, run_at, tries, error, created_at)
SELECT 'announce_in', '{held}', 'post', 'C' || (n % {channels}), 0, 'queued', {at}, 0, '', {at} FROM number
"""
_ADD_THEIRS = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args)
SELECT 'default', 'nothing', '{{"number": 1}}' FROM generate_series(1, {size})
"""


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return a row for each size of the backlog on PostgreSQL, and one for SQLite."""
    with (
        postgres_server(SYNCED) as server,
        TemporaryDirectory(prefix="vouch-bench-") as name,
        asyncio.Runner(loop_factory=fastest_loop()) as runner,
    ):
        return runner.run(_measure(budget, server, Path(name)))


async def _measure(budget: Mapping[str, Any], server: PostgresServer, folder: Path) -> Sequence[Result]:
    rows = [await _compare(budget, server, times) for times in (1, *budget["growth"])]
    files = count(1)
    rates = []
    for _ in range(budget["rounds"]):
        place = folder / str(next(files))
        place.mkdir()
        rates.append(await _ours(sqlite_url(place), size=budget["waiting"], most=budget["jobs"]))
    return [*rows, Result(name="drain sqlite", measured=f"{median(rates):,.0f}/s")]


async def _compare(budget: Mapping[str, Any], server: PostgresServer, times: int) -> Result:
    size, ours, theirs = budget["waiting"] * times, [], []
    for _ in range(budget["rounds"] if times == 1 else budget["growth_rounds"]):
        ours.append(await _ours(_new_database(server), size=size, most=budget["jobs"]))
        theirs.append(await _theirs(_new_database(server), size=size, most=budget["their_jobs"]))
    ratio = median(ours) / median(theirs)
    return Result(
        name="drain" if times == 1 else f"drain {times}x",
        measured=f"{median(ours):,.0f}/s",
        baseline=f"{median(theirs):,.0f}/s procrastinate",
        ratio=f"{ratio:.2f}",
        target=f">= {budget['least_ratio']}",
        verdict=at_least(ratio, budget["least_ratio"]),
    )


_DATABASES = count(1)


def _new_database(server: PostgresServer) -> str:
    return server.create_database(f"drain{next(_DATABASES)}")


async def _ours(url: str, *, size: int, most: int) -> float:
    """Return how many jobs a second our worker ends, of so many that wait."""
    sessions = Sessions(url)
    try:
        await create_schema(sessions)
        await _fill(sessions, size)
        done, seconds = await _work(sessions, most)
    finally:
        await sessions.close()
    return done / seconds


async def _fill(sessions: Sessions, size: int) -> None:
    held = pack_job(AnnounceIn(announcement_id=1)).replace(":", r"\:")
    at = "'2026-01-01T00\\:00\\:00.000000+00\\:00'"
    async with sessions.writer.begin() as connection:
        await connection.execute(text(_ADD.format(size=size, held=held, channels=CHANNELS, at=at)))
        await connection.execute(text("ANALYZE"))


async def _work(sessions: Sessions, most: int) -> tuple[int, float]:
    began, calls, is_enough = 0.0, 0, asyncio.Event()

    async def nothing(_out: Outside, _job: AnnounceIn) -> None:
        nonlocal began, calls
        began = began or time.perf_counter()
        calls += 1
        if calls == most:
            is_enough.set()

    worker = Worker(out=_outside(sessions), handlers={AnnounceIn: nothing}, is_alone=sessions.is_sqlite)
    gc.collect()
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(AT_MOST_SECONDS):
        await is_enough.wait()
    worker.stop()
    await running
    seconds = time.perf_counter() - began
    async with sessions.reading() as session:
        done = await session.scalar(select(func.count()).where(JobRow.state == "done"))
    return done or 0, seconds


def _outside(sessions: Sessions) -> Outside:
    """Return what a job may call, without the parts that a job without work has no use for."""
    unused = cast("Any", None)
    programme: Programme = replace(PROGRAMME, paces={"slack": UNFELT})
    return Outside(
        sessions=sessions,
        surfaces={"slack": unused},
        pages=unused,
        charts=unused,
        composers=unused,
        networks={},
        vault=unused,
        clock=WallClock(),
        programme=programme,
        words=unused,
        secret=b"",
    )


async def _theirs(url: str, *, size: int, most: int) -> float:
    """Return how many jobs a second procrastinate ends, of so many that wait."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    calls, is_enough = 0, asyncio.Event()

    @app.task(name="nothing", pass_context=False)
    async def nothing(number: int) -> None:
        nonlocal calls
        calls += 1
        if calls == most:
            is_enough.set()

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await app.connector.execute_query_async(_ADD_THEIRS.format(size=size))
        await app.connector.execute_query_async("ANALYZE")
        gc.collect()
        running = asyncio.create_task(app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False))
        async with asyncio.timeout(AT_MOST_SECONDS):
            await is_enough.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        took = await app.connector.execute_query_one_async(
            "SELECT extract(epoch FROM max(at) - min(at))::float AS seconds, "
            "count(*) FILTER (WHERE type = 'succeeded') AS done "
            "FROM procrastinate_events WHERE type IN ('started', 'succeeded')"
        )
    return float(took["done"] / took["seconds"])
