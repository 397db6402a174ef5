"""One morning with every process: database, platform, bot, followers of links; from nothing to what was seen."""

import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.fleet.postgres import PostgresServer, postgres_server
from benchmarks.load.deeds import Report
from benchmarks.load.filling import fill
from benchmarks.load.judging import Kept, Seen
from benchmarks.load.plan import POSTS_OF_HISTORY, Plan, write_plan
from benchmarks.load.town import write_config
from benchmarks.load.watching import Watch
from benchmarks.processes import ROOT, free_port
from bot.core.jobs import JobState
from playground.child import own_environment
from storage.engine import Sessions, sqlite_url
from storage.models import Share, Suggestion, Visit
from storage.tables import JOB

SQLITE, POSTGRESQL = "sqlite", "postgresql"
PROCESSES: Mapping[str, Sequence[tuple[str, ...]]] = {SQLITE: ((),), POSTGRESQL: (("--web",), ("--worker",))}
"""How a company of this size would run the bot on one machine: the options of each process, the web first."""

NOTHING_READ = dict.fromkeys(("seconds", "sent", "right", "wrong", "broken", "p50_ms", "p99_ms"), 0)
READY_WITHIN = 60.0
END_WITHIN = 40.0
BROUGHT_IN_WITHIN = 90.0
CALM_SECONDS = 2.0

SAFE = {"fsync": "on", "full_page_writes": "on"}
"""PostgreSQL's own defaults: what a company relies on."""

Process = subprocess.Popen[str]


def live(plan: Plan) -> Seen:
    """Live one morning and return what was seen; everything it needs is made and goes again."""
    with tempfile.TemporaryDirectory(prefix="vouch-load-") as folder, _database(plan) as server:
        data = Path(folder)
        url = server.create_database("vouch") if server else sqlite_url(data)
        return _live(plan, data, url=url, server=server)


@contextmanager
def _database(plan: Plan) -> Iterator[PostgresServer | None]:
    if plan.database == SQLITE:
        yield None
        return
    with postgres_server(SAFE) as server:
        yield server


def _live(plan: Plan, data: Path, *, url: str, server: PostgresServer | None) -> Seen:
    write_plan(plan, data / "plan.json")
    write_config(plan, data / "config.json")
    (data / "side").mkdir()
    with ExitStack() as ending:
        side = ending.enter_context(_talking("benchmarks.load.side", str(data / "plan.json"), str(data / "side")))
        there = _hear(side)
        fill(plan, url, slugs=data / "slugs.txt", service=there["service"])
        port = free_port()
        bots = _start_bots(plan, ending, environment=_environment(data, there, url=url, port=port))
        pids = {**{name: bot.pid for name, bot in bots.items()}, "platform and people": side.pid}
        if server is not None:
            pids["PostgreSQL"] = _postmaster(server)
        read, taken = _spend(side, port, plan=plan, slugs=data / "slugs.txt", pids=pids)
        _until_brought_in(port)
        _end(list(bots.values()))
        report = Report(**_answered(side, ""))
    return Seen(plan=plan, report=report, read=read, taken=taken, kept=asyncio.run(_kept(url)))


def _spend(
    side: Process, port: int, *, plan: Plan, slugs: Path, pids: Mapping[str, int]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Live the morning and return what the followers of links say, and what the processes took."""
    if not plan.visits:
        _answered(side, f"http://127.0.0.1:{port}")
        return NOTHING_READ, {}
    with _talking("benchmarks.load.visiting", str(port), str(slugs), str(plan.visits)) as visiting:
        begin = time.monotonic()
        with Watch({**pids, "followers of links": visiting.pid}) as watch:
            _answered(side, f"http://127.0.0.1:{port}")
            read = _answered(visiting, "")
        seconds = time.monotonic() - begin
    time.sleep(CALM_SECONDS)
    return read, watch.taken(seconds)


@contextmanager
def _talking(module: str, *words: str) -> Iterator[Process]:
    """Yield a process of ours that takes and says lines; it ends with the block."""
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", module, *words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()


def _hear(process: Process) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"{process.args!r} ended early")
    told: dict[str, Any] = json.loads(line)
    return told


def _answered(process: Process, line: str) -> dict[str, Any]:
    """Return what a process says after a line."""
    if process.stdin is not None:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    return _hear(process)


def _environment(data: Path, there: Mapping[str, Any], *, url: str, port: int) -> Mapping[str, str]:
    return {
        **own_environment(),
        **there["environment"],
        "PUBLIC_URL": there["address"],
        "DATABASE_URL": url,
        "VOUCH_CONFIG": str(data / "config.json"),
        "VOUCH_DATA": str(data),
        "VOUCH_HOST": "127.0.0.1",
        "VOUCH_PORT": str(port),
        "TRUSTED_PROXIES": "127.0.0.1",
        "VOUCH_LOG_LEVEL": "warning",
    }


def _start_bots(plan: Plan, ending: ExitStack, *, environment: Mapping[str, str]) -> dict[str, Process]:
    """Return the bot's processes by name once each is ready; they end with the stack."""
    started: dict[str, Process] = {}
    for options in PROCESSES[plan.database]:
        port = environment["VOUCH_PORT"] if not started else str(free_port())
        log = ending.enter_context((Path(environment["VOUCH_DATA"]) / f"bot-{len(started)}.log").open("w"))
        bot: Process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", "run", *options],
            cwd=ROOT,
            env={**environment, "VOUCH_PORT": port},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ending.callback(_end, [bot])
        started[" ".join(("bot", *options))] = bot
        _wait_until_ready(bot, int(port), log=Path(log.name))
    return started


def _wait_until_ready(bot: Process, port: int, *, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and bot.poll() is None:
        if _is_ready(port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the bot does not come up:\n{log.read_text(encoding='utf-8')[-3000:]}")


def _is_ready(port: int) -> bool:
    return _get(port, "/readyz")[0] == http.HTTPStatus.OK


def _get(port: int, path: str) -> tuple[int, str]:
    """Return the status and the words of an answer; 0 and nothing if there is none."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as door:
        try:
            door.request("GET", path)
            answer = door.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""


def _until_brought_in(port: int) -> None:
    """Wait until the visits that were answered are in the database: some may be in the journal for a while."""
    until = time.monotonic() + BROUGHT_IN_WITHIN
    while time.monotonic() < until and "\nvouch_journal_bytes 0.0\n" not in _get(port, "/metrics")[1]:
        time.sleep(0.5)


def _end(bots: Sequence[Process]) -> None:
    """Ask the processes to end, and make those that do not."""
    for bot in bots:
        with suppress(ProcessLookupError):
            bot.terminate()
    for bot in bots:
        try:
            bot.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()


def _postmaster(server: PostgresServer) -> int:
    return int((server.folder / "db" / "postmaster.pid").read_text(encoding="utf-8").split()[0])


async def _kept(url: str) -> Kept:
    """Count in the database what the bot had acknowledged; earlier shares are on other posts."""
    sessions = Sessions(url)
    new = Share.post_id > POSTS_OF_HISTORY
    try:
        async with sessions.reading() as session:
            return Kept(
                visits=await session.scalar(select(func.count()).select_from(Visit)) or 0,
                suggestions=await session.scalar(
                    select(func.count()).where(Suggestion.link.like("https://found.example.com/%"))
                )
                or 0,
                said=await session.scalar(select(func.count()).where(new, Share.said_at.is_not(None))) or 0,
                confirmed=await session.scalar(select(func.count()).where(new, Share.permalink_key.is_not(None))) or 0,
                left=await _left(session),
            )
    finally:
        await sessions.close()


async def _left(session: AsyncSession) -> Mapping[str, int]:
    """Count the jobs that are not done, but for those that wait for a time of their own."""
    what = (JOB.c.kind, JOB.c.state, func.coalesce(JOB.c.error, ""))
    is_left = (JOB.c.state != JobState.DONE.value, JOB.c.run_at <= datetime.now(UTC))
    rows = await session.execute(select(*what, func.count()).where(*is_left).group_by(*what))
    return {f"{kind} {state}: {error}".removesuffix(": "): times for kind, state, error, times in rows}
