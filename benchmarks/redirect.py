"""`redirect`: a tracked link answered with its visit kept, against an application that only answers; and `kill -9`.

The server to be measured has a core of its own and the load the other one; PostgreSQL runs on what they leave.
"""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, case, func, insert, literal, select, update

from benchmarks.clicking import name_of, sizes
from benchmarks.crowd import NUMBER, add_rows, know_tables, named
from benchmarks.grounds import Ground, Place, on_postgres, on_sqlite
from benchmarks.table import MissingToolError, Result, at_least, at_most
from bot.core.links import new_slug
from storage.engine import Sessions
from storage.models import Base, Visit
from storage.tables import LINK, MEMBER, POST, SHARE

LOAD_CORE = "1"
START_SECONDS = 20.0
NOW = datetime.now(UTC)
NETWORKS = ("linkedin", "x", "mastodon", "bluesky")
VISIT = cast(Table, Visit.__table__)
_MEMBER: Mapping[str, Any] = {"platform": "slack", "tenant_ref": "T", "person_ref": "U", "joined_at": NOW}
_TEXTS = dict.fromkeys(("title", "summary", "link", "link_key", "source", "picture", "disclosure"), "")
_POST: Mapping[str, Any] = {
    "channels": [],
    "topics": [],
    "networks": [],
    "typed": {},
    "state": "published",
    "language": "en",
    **_TEXTS,
}
_SHARE: Mapping[str, Any] = {
    "text": "",
    "disclosure": "",
    "member_id": 1,
    "state": "opened",
    "is_own_words": False,
}
_VISIT: Mapping[str, Any] = {"kind": "human", "visitor": bytes(16), "prefix": bytes(16), "credited_at": NOW}
ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("visitors.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one round of wrk saw."""

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the rows of rate, p99, and visits that were answered and not kept, on either database and as it grows."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise MissingToolError("install wrk to measure this (Debian: apt install wrk)")
    return [one for opened in (on_sqlite, on_postgres) for one in _on(opened, wrk, budget)]


def _on(opened: Callable[[], AbstractContextManager[Ground]], wrk: str, budget: Mapping[str, Any]) -> Sequence[Result]:
    with opened() as ground:
        return [one for times, given in sizes(budget) for one in _rows(ground, wrk, times, given)]


def _rows(ground: Ground, wrk: str, times: int, budget: Mapping[str, Any]) -> Sequence[Result]:
    place = ground.empty()
    asyncio.run(fill(place, count=budget["links"], times=times))
    rounds = _rounds(place, wrk, budget)
    name = name_of("redirect", ground, times)
    rows = [_rate(name, rounds, budget), _p99(f"{name} p99", rounds, budget)]
    return rows if times > 1 else [*rows, _killed(f"{name} kill -9", place, wrk, budget)]


def _rate(name: str, rounds: Mapping[str, Sequence[Load]], budget: Mapping[str, Any]) -> Result:
    ours, bare = ([one.rate for one in rounds[kind]] for kind in ("links", "bare"))
    ratio = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    refused = sum(one.refused + one.broken for loads in rounds.values() for one in loads)
    return Result(
        name=name,
        measured=f"{median(ours):,.0f}/s",
        baseline=f"{median(bare):,.0f}/s bare 302",
        ratio=f"{ratio:.2f}",
        target=f">= {budget['least_ratio']}",
        verdict=at_least(ratio if not refused else 0, budget["least_ratio"]),
        note=f"{refused} requests failed" if refused else "",
    )


def _p99(name: str, rounds: Mapping[str, Sequence[Load]], budget: Mapping[str, Any]) -> Result:
    p99 = median(one.p99_ms for one in rounds["links"])
    return Result(
        name=name,
        measured=f"{p99:.1f} ms",
        baseline=f"{median(one.p99_ms for one in rounds['bare']):.1f} ms",
        target=f"<= {budget['longest_p99_ms']} ms",
        verdict=at_most(p99, budget["longest_p99_ms"]),
    )


def _killed(name: str, place: Place, wrk: str, budget: Mapping[str, Any]) -> Result:
    answered, lost = _kill(place, wrk, budget)
    return Result(
        name=name, measured=f"{lost} lost", baseline=f"{answered:,} answered", target="0", verdict=at_most(lost, 0)
    )


async def fill(place: Place, *, count: int, times: int = 1) -> None:
    """Make a database with one member, and `times` as many links and visits as are followed; and a file of slugs."""
    sessions = Sessions(place.url)
    random = Random(7)  # noqa: S311 - the same slugs in every run
    slugs = list(dict.fromkeys(new_slug(random) for _ in range(count + 100)))[:count]
    async with sessions.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(MEMBER), [_MEMBER])
        await connection.run_sync(_add_links, count=count * times)
        newest = [{"number": count * (times - 1) + place, "slug": slug} for place, slug in enumerate(slugs, 1)]
        await connection.execute(
            update(LINK).where(LINK.c.id == bindparam("number")).values(slug=bindparam("slug"), changed_at=None), newest
        )
    async with sessions.writer.begin() as connection:
        await connection.run_sync(know_tables)
    await sessions.close()
    (place.folder / "slugs.txt").write_text("\n".join(slugs) + "\n")


def _add_links(connection: Connection, *, count: int) -> None:
    """Add posts with a share on each network, its link and a visit of that."""
    target = named("https://example.com/articles/") + literal("?utm_source=linkedin&utm_medium=social")
    add_rows(
        connection,
        POST,
        -(-count // len(NETWORKS)),
        {"id": NUMBER, "author_id": 1, "created_at": NOW, "updated_at": NOW, **_POST},
    )
    network = case(*[(NUMBER % len(NETWORKS) == place, name) for place, name in enumerate(NETWORKS)])
    add_rows(
        connection,
        SHARE,
        count,
        {"id": NUMBER, "post_id": (NUMBER - 1) // len(NETWORKS) + 1, "network": network, "created_at": NOW, **_SHARE},
    )
    add_rows(
        connection,
        LINK,
        count,
        {"id": NUMBER, "share_id": NUMBER, "slug": named("s"), "target": target, "created_at": NOW},
    )
    add_rows(connection, VISIT, count, {"id": NUMBER, "link_id": NUMBER, "at": NOW, "on_day": NOW.date(), **_VISIT})


@contextmanager
def serving(kind: str, place: Place) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a server process of a kind and wait until it answers; it is ended at the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.redirect_server", kind, str(port), place.url, str(place.folder)]
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own module
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server to be measured did not start")


def start_load(wrk: str, port: int, place: Place, budget: Mapping[str, Any]) -> "subprocess.Popen[str]":
    """Start wrk, alone on its core, against a server."""
    options = ["-t1", f"-c{budget['connections']}", f"-d{budget['seconds']}s", "-s", str(SCRIPT)]
    arguments = [f"http://127.0.0.1:{port}/", "--", str(place.folder / "slugs.txt"), str(budget["agents"])]
    command = ["taskset", "-c", LOAD_CORE, wrk, *options, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def finish_load(load: "subprocess.Popen[str]") -> Load:
    """Return what wrk saw, once it is done."""
    said, _ = load.communicate()
    return Load(**json.loads(said.strip().splitlines()[-1]))


def _rounds(place: Place, wrk: str, budget: Mapping[str, Any]) -> dict[str, list[Load]]:
    """Measure both servers in turns, after one round of each that is not counted."""
    rounds: dict[str, list[Load]] = {"bare": [], "links": []}
    with serving("bare", place) as (_, bare), serving("links", place) as (_, links):
        for number in range(budget["rounds"] + 1):
            for kind, port in (("bare", bare), ("links", links)):
                load = finish_load(start_load(wrk, port, place, budget))
                if number:
                    rounds[kind].append(load)
    return rounds


def _kill(place: Place, wrk: str, budget: Mapping[str, Any]) -> tuple[int, int]:
    """Kill the server in the middle of a load; return how many it had answered, and how many of those it lost."""
    before = asyncio.run(_count_visits(place))
    with serving("links", place) as (process, port):
        load = start_load(wrk, port, place, budget)
        time.sleep(budget["seconds"] / 2)
        process.kill()
        answered = finish_load(load).answered
    with serving("links", place):
        time.sleep(1)  # what was journalled is read back
    return answered, max(answered - (asyncio.run(_count_visits(place)) - before), 0)


async def _count_visits(place: Place) -> int:
    sessions = Sessions(place.url)
    async with sessions.reading() as session:
        count = await session.scalar(select(func.count()).select_from(Visit))
    await sessions.close()
    return count or 0
