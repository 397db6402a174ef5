"""Runs the named benchmarks, or all of them, and prints one table; `python -m benchmarks redirect`.

With `--verbose` those that can say more do.
"""

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import announce, board, click, click_teams, drain, first_start, idle, redirect, startup, visitors
from benchmarks.table import MissingToolError, Result, Verdict, exit_code, format_table

Budget = Mapping[str, Any]

BENCHMARKS: Mapping[str, Callable[[Budget], Sequence[Result]]] = {
    "click": click.measure,
    "click-teams": click_teams.measure,
    "redirect": redirect.measure,
    "announce": announce.measure,
    "drain": drain.measure,
    "board": board.measure,
    "startup": startup.measure,
    "idle": idle.measure,
    "first-start": first_start.measure,
    "visitors": visitors.measure,
}


def run_one(name: str, budget: Budget) -> Sequence[Result]:
    """Run one benchmark; a program that it lacks becomes a row that says what to install."""
    try:
        return BENCHMARKS[name](budget)
    except MissingToolError as error:
        return [Result(name=name, measured="-", verdict=Verdict.MISSING, note=str(error))]


def main(arguments: Sequence[str]) -> int:
    """Run and print; return the exit code: 0 all met, 1 something short, 2 something could not be run."""
    is_verbose = "--verbose" in arguments
    names = [one for one in arguments if one != "--verbose"]
    budgets = tomllib.loads(Path(__file__).with_name("budgets.toml").read_text(encoding="utf-8"))
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)  # noqa: T201
        return 2
    results = [row for name in names or BENCHMARKS for row in run_one(name, budgets[name] | {"verbose": is_verbose})]
    print(format_table(results))  # noqa: T201 - the table is what this program is for
    return exit_code(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
