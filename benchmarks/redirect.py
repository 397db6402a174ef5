"""`redirect`: a tracked link answered with its visit kept, against an application that only answers; and `kill -9`."""

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import create_engine, insert

from benchmarks.table import MissingToolError, Result, at_least, at_most
from bot.core.links import new_slug
from storage.models import Base, Member, Post, Share, TrackedLink

LOAD_CORE = "1"
START_SECONDS = 20.0
NOW = datetime.now(UTC)
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
    """Return the rows of rate, p99, and visits that were answered and not kept when the process was killed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise MissingToolError("install wrk to measure this (Debian: apt install wrk)")
    with tempfile.TemporaryDirectory(prefix="vouch-bench-") as name:
        folder = Path(name)
        fill(folder, count=budget["links"])
        rounds = _rounds(folder, wrk, budget)
        kept, lost = _kill(folder, wrk, budget)
    ours, bare = ([one.rate for one in rounds[kind]] for kind in ("links", "bare"))
    ratio = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    p99 = median(one.p99_ms for one in rounds["links"])
    refused = sum(one.refused + one.broken for loads in rounds.values() for one in loads)
    return [
        Result(
            name="redirect",
            measured=f"{median(ours):,.0f}/s",
            baseline=f"{median(bare):,.0f}/s bare 302",
            ratio=f"{ratio:.2f}",
            target=f">= {budget['least_ratio']}",
            verdict=at_least(ratio if not refused else 0, budget["least_ratio"]),
            note=f"{refused} requests failed" if refused else "",
        ),
        Result(
            name="redirect p99",
            measured=f"{p99:.1f} ms",
            baseline=f"{median(one.p99_ms for one in rounds['bare']):.1f} ms",
            target=f"<= {budget['longest_p99_ms']} ms",
            verdict=at_most(p99, budget["longest_p99_ms"]),
        ),
        Result(
            name="redirect kill -9",
            measured=f"{lost} lost",
            baseline=f"{kept:,} answered",
            target="0",
            verdict=at_most(lost, 0),
        ),
    ]


def fill(folder: Path, *, count: int) -> None:
    """Make a database with one member, one post and `count` tracked links, and a file with their slugs."""
    engine = create_engine(f"sqlite:///{folder / 'vouch.db'}")
    Base.metadata.create_all(engine)
    random = Random(7)  # noqa: S311 - the same slugs in every run
    slugs = list(dict.fromkeys(new_slug(random) for _ in range(count + 100)))[:count]
    places = range(1, count + 1)
    with engine.begin() as connection:
        connection.execute(insert(Member).values(platform="slack", tenant_ref="T", person_ref="U", joined_at=NOW))
        connection.execute(insert(Post), [{"author_id": 1, "created_at": NOW, "updated_at": NOW} for _ in places])
        connection.execute(insert(Share), [_share(place) for place in places])
        connection.execute(insert(TrackedLink), [_link(place, slug) for place, slug in enumerate(slugs, 1)])
    engine.dispose()
    (folder / "slugs.txt").write_text("\n".join(slugs) + "\n")


def _share(place: int) -> dict[str, object]:
    return {"member_id": 1, "post_id": place, "network": "linkedin", "state": "opened", "created_at": NOW}


def _link(place: int, slug: str) -> dict[str, object]:
    target = f"https://example.com/articles/{place}?utm_source=linkedin&utm_medium=social"
    return {"share_id": place, "slug": slug, "target": target, "created_at": NOW}


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a server process of a kind and wait until it answers; it is ended at the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.redirect_server", kind, str(port), str(folder)]
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


def start_load(wrk: str, port: int, folder: Path, budget: Mapping[str, Any]) -> "subprocess.Popen[str]":
    """Start wrk, alone on its core, against a server."""
    options = ["-t1", f"-c{budget['connections']}", f"-d{budget['seconds']}s", "-s", str(SCRIPT)]
    arguments = [f"http://127.0.0.1:{port}/", "--", str(folder / "slugs.txt"), str(budget["agents"])]
    command = ["taskset", "-c", LOAD_CORE, wrk, *options, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def finish_load(load: "subprocess.Popen[str]") -> Load:
    """Return what wrk saw, once it is done."""
    said, _ = load.communicate()
    return Load(**json.loads(said.strip().splitlines()[-1]))


def _rounds(folder: Path, wrk: str, budget: Mapping[str, Any]) -> dict[str, list[Load]]:
    """Measure both servers in turns, after one round of each that is not counted."""
    rounds: dict[str, list[Load]] = {"bare": [], "links": []}
    with serving("bare", folder) as (_, bare), serving("links", folder) as (_, links):
        for number in range(budget["rounds"] + 1):
            for kind, port in (("bare", bare), ("links", links)):
                load = finish_load(start_load(wrk, port, folder, budget))
                if number:
                    rounds[kind].append(load)
    return rounds


def _kill(folder: Path, wrk: str, budget: Mapping[str, Any]) -> tuple[int, int]:
    """Kill the server in the middle of a load; return how many it had answered, and how many of those it lost."""
    before = _count_visits(folder)
    with serving("links", folder) as (process, port):
        load = start_load(wrk, port, folder, budget)
        time.sleep(budget["seconds"] / 2)
        process.kill()
        answered = finish_load(load).answered
    with serving("links", folder):
        time.sleep(1)  # what was journalled is read back
    return answered, max(answered - (_count_visits(folder) - before), 0)


def _count_visits(folder: Path) -> int:
    with sqlite3.connect(folder / "vouch.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM visit").fetchone()
    return int(count)
