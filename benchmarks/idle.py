"""`idle`: the memory and the processor time of a bot that nobody needs, with Slack alone.

Its memory is compared with that of a process that has only imported the same modules of others.
"""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import BOT, importing, libraries, running, slack, wait_for_line, wait_until_ready
from benchmarks.table import MissingToolError, Result, at_most

SETTLED_AFTER_SECONDS = 3.0


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return the rows of an idle bot's memory and processor time."""
    if not Path("/proc/self/stat").exists():
        raise MissingToolError("needs /proc: run it on Linux")
    with tempfile.TemporaryDirectory(prefix="vouch-bench-") as name, slack(Path(name)) as environment:
        names = libraries(environment)
        with running([*BOT, "run"], environment) as bot, running(importing(names)) as bare:
            wait_until_ready(bot, int(environment["VOUCH_PORT"]))
            wait_for_line(bare, "imported")
            time.sleep(SETTLED_AFTER_SECONDS)
            before, began = _cpu_seconds(bot.pid), time.monotonic()
            time.sleep(budget["seconds"])
            share = 100 * (_cpu_seconds(bot.pid) - before) / (time.monotonic() - began)
            ours, theirs = _memory_mb(bot.pid), _memory_mb(bare.pid)
    ratio = ours / theirs
    return [
        Result(
            name="idle memory",
            measured=f"{ours:.0f} MB",
            baseline=f"{theirs:.0f} MB importing its {len(names)} modules",
            ratio=f"{ratio:.2f}",
            target=f"<= {budget['most_ratio']}",
            verdict=at_most(ratio, budget["most_ratio"]),
        ),
        Result(
            name="idle processor",
            measured=f"{share:.2f} % of a core",
            target=f"<= {budget['most_percent']} %",
            verdict=at_most(share, budget["most_percent"]),
        ),
    ]


def _cpu_seconds(pid: int) -> float:
    """Return the time that a process has had so far, in its own words and in the kernel's."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
