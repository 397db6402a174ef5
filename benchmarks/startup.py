"""`startup`: how soon the bot is ready after a start, and how soon `vouch --help` has answered.

The bot starts with a database that is there already, against the playground as Slack, and is ready when `/readyz` says
so. The baselines are a process that imports the very modules of others that the bot has imported by then, and one that
imports typer. Each is started in turn with what it is compared with.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import BOT, ROOT, importing, libraries, running, slack, wait_for_line, wait_until_ready
from benchmarks.table import Result, at_most


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the rows of a start and of asking for help."""
    with tempfile.TemporaryDirectory(prefix="vouch-bench-") as name, slack(Path(name)) as environment:
        names = libraries(environment)
        pairs = _pairs(lambda: _ready(environment), lambda: _imported(names), rounds=budget["rounds"])
    rows = [_row("startup", pairs, what=f"importing its {len(names)} modules", most=budget["most_ratio"])]
    pairs = _pairs(lambda: _ended(*BOT, "--help"), lambda: _ended(sys.executable, "-c", "import typer"), rounds=9)
    return [*rows, _row("vouch --help", pairs, what="importing typer", most=budget["most_help_ratio"])]


def _pairs(ours: Callable[[], float], theirs: Callable[[], float], *, rounds: int) -> Sequence[tuple[float, float]]:
    ours(), theirs()  # what they read is in memory from here on
    return [(ours(), theirs()) for _ in range(rounds)]


def _row(name: str, pairs: Sequence[tuple[float, float]], *, what: str, most: float) -> Result:
    ratio = median(ours / theirs for ours, theirs in pairs)
    return Result(
        name=name,
        measured=f"{median(ours for ours, _ in pairs):.2f} s",
        baseline=f"{median(theirs for _, theirs in pairs):.2f} s {what}",
        ratio=f"{ratio:.2f}",
        target=f"<= {most}",
        verdict=at_most(ratio, most),
    )


def _ready(environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    with running([*BOT, "run"], environment) as process:
        wait_until_ready(process, int(environment["VOUCH_PORT"]))
        return time.perf_counter() - began


def _imported(names: Sequence[str]) -> float:
    began = time.perf_counter()
    with running(importing(names)) as process:
        wait_for_line(process, "imported")
        return time.perf_counter() - began


def _ended(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands
    return time.perf_counter() - began
