"""`first-start`: seconds from `make run` to a usable demo, once everything is installed; for information."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import free_port, running, wait_for_line
from benchmarks.table import Result


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the row of a first start, each round with an empty data folder."""
    took = [_first_start() for _ in range(budget["rounds"])]
    return [Result(name="first-start", measured=f"{median(took):.1f} s")]


def _first_start() -> float:
    with tempfile.TemporaryDirectory(prefix="vouch-bench-") as name:
        environment = {"PORT": str(free_port()), "VOUCH_DATA": str(Path(name) / "data")}
        began = time.perf_counter()
        with running(["make", "-s", "run"], environment) as process:
            wait_for_line(process, "ready")
            return time.perf_counter() - began
