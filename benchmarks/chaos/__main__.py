"""`make chaos`: runs on PostgreSQL with three replicas and on SQLite with one process, and prints what came of it."""

import argparse
import asyncio
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos.run import Outcome, Wanted, new_folder, run
from benchmarks.fleet.postgres import postgres_server

KILLS = 500
ON_POSTGRES = 0.7
"""So many of the kills are on PostgreSQL, where three replicas die at once."""

REPLICAS = 3
MOST_SHOWN = 12


def read_words(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make chaos", description="Kill processes, and see what was lost.")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same seed plans the same kills")  # noqa: S311
    parser.add_argument("--kills", type=int, default=KILLS, help="of both databases together")
    parser.add_argument("--on", choices=("both", "postgresql", "sqlite"), default="both")
    parser.add_argument("--keep", action="store_true", help="keep the folders with the logs")
    return parser.parse_args(words)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def last_line(outcomes: Sequence[Outcome]) -> str:
    """Return the line that everything ends with."""
    lost, doubled = (sum(len(getattr(one.verdict, name)) for one in outcomes) for name in ("lost", "doubled"))
    uncertain, cut = (sum(len(getattr(one, name)) for one in outcomes) for name in ("uncertain", "cut"))
    return f"lost={lost} doubled={doubled} uncertain={uncertain} cut={cut}"


def report(outcome: Outcome) -> None:
    """Print what was done, what was found, and the run's own last line."""
    name = outcome.wanted.name
    say(f"\n{name}: {outcome.kills} kills in {sum(outcome.spent):.0f} s, at {outcome.covered} named points")
    say("  seconds of the first day, of trouble, until all is quiet: {:.0f}, {:.0f}, {:.0f}".format(*outcome.spent))
    for kind, (tried, taken) in outcome.acts.items():
        say(f"  {kind:12} {tried:6} tried {taken:6} acknowledged")
    for what, number in sorted(outcome.counts.items()):
        say(f"  {what:34} {number:6}")
    say("  died most often: " + ", ".join(f"{point} ({number})" for point, number in outcome.died.most_common(8)))
    _evidence("lost", outcome.verdict.lost)
    _evidence("doubled", outcome.verdict.doubled)
    for what, names in (
        ("uncertain, and not cut", outcome.uncertain - outcome.cut),
        ("cut, and not uncertain", outcome.cut - outcome.uncertain),
    ):
        _evidence(what, [f"{one}: {outcome.about.get(one, '')}" for one in sorted(names)])
    _evidence("strange", outcome.strange)
    say(f"{name}: {last_line([outcome])}")


def _evidence(what: str, lines: Sequence[str]) -> None:
    for line in lines[:MOST_SHOWN]:
        say(f"  {what}: {line}")
    if len(lines) > MOST_SHOWN:
        say(f"  {what}: and {len(lines) - MOST_SHOWN} more")


def _run(wanted: Wanted, *, is_kept: bool) -> Outcome:
    folder = new_folder()
    try:
        outcome = asyncio.run(run(wanted, folder))
    finally:
        _leave(folder, is_kept=is_kept)
    report(outcome)
    return outcome


def _leave(folder: Path, *, is_kept: bool) -> None:
    if is_kept:
        say(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run what the command line asks for; 0 if nothing was lost or doubled and all that is uncertain was cut."""
    told = read_words(sys.argv[1:])
    say(f"seed {told.seed}, {told.kills} kills")
    on_postgres = {"both": round(told.kills * ON_POSTGRES), "postgresql": told.kills, "sqlite": 0}[told.on]
    outcomes = []
    if on_postgres:
        with postgres_server() as postgres:
            postgres.create_database()
            wanted = Wanted(name="PostgreSQL", seed=told.seed, kills=on_postgres, replicas=REPLICAS, postgres=postgres)
            outcomes.append(_run(wanted, is_kept=told.keep))
    if told.kills - on_postgres:
        wanted = Wanted(name="SQLite", seed=told.seed, kills=told.kills - on_postgres, replicas=1)
        outcomes.append(_run(wanted, is_kept=told.keep))
    say(f"\n{last_line(outcomes)}")
    return 0 if all(one.is_good for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
