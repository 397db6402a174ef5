"""Lives mornings and prints a table of each: `python -m benchmarks.load --database both --platform slack`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.load.judging import judge, last_line
from benchmarks.load.morning import POSTGRESQL, PROCESSES, SQLITE, live
from benchmarks.load.plan import SLACK, TEAMS, Plan
from benchmarks.table import exit_code, format_table

BOTH = "both"
SHORT_SHARE = 10


def read_plans(words: Sequence[str]) -> list[Plan]:
    """Return the mornings that a command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description="A morning at many times the limits."
    )
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL, BOTH), default=BOTH)
    parser.add_argument("--platform", choices=(SLACK, TEAMS, BOTH), default=BOTH)
    parser.add_argument("--members", type=int, default=Plan().members)
    parser.add_argument("--channels", type=int, default=Plan().channels)
    parser.add_argument("--times", type=int, default=Plan().times, help="what every limit is multiplied by")
    parser.add_argument("--short", action="store_true", help="a company of a tenth of the size")
    told = parser.parse_args(words)
    share = SHORT_SHARE if told.short else 1
    databases = (SQLITE, POSTGRESQL) if told.database == BOTH else (told.database,)
    platforms = (SLACK, TEAMS) if told.platform == BOTH else (told.platform,)
    plan = Plan(members=told.members // share, channels=told.channels // share, times=told.times)
    return [replace(paced(plan, one), database=kind) for kind in databases for one in platforms]


def paced(plan: Plan, platform: str) -> Plan:
    """Return the plan on a platform, with decisions that come well before their messages are due."""
    on_it = replace(plan, platform=platform)
    return replace(on_it, decisions=1.5 * on_it.posts_a_second / plan.authors)


def head_of(plan: Plan) -> str:
    """Return what stands above a table: everything that its numbers depend on."""
    bots = " and ".join(" ".join(("vouch run", *options)) for options in PROCESSES[plan.database])
    pace = plan.pace
    return (
        f"{plan.platform}, {plan.database}: {plan.members:,} members, {plan.channels:,} channels, {bots}\n"
        f"limits x {plan.times}, in the bot's configuration and at the platform: {pace.posts_a_minute:,} messages a "
        f"minute, {pace.channel_pause.total_seconds():g} s between two in one place, {pace.updates_a_minute:,} changes "
        f"a minute; the 3 s to answer and for opening a window are real ones"
    )


def main(words: Sequence[str]) -> int:
    """Live the mornings one after the other; return 0 if everything was met."""
    codes: list[int] = []
    lines: list[str] = []
    for plan in read_plans(words):
        seen = live(plan)
        rows = judge(seen)
        print(f"{head_of(plan)}\n\n{format_table(rows)}\n", flush=True)  # noqa: T201 - the table is what this is for
        codes.append(exit_code(rows))
        lines.append(last_line(seen))
    print("\n".join(lines))  # noqa: T201
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
