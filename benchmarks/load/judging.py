"""Judges what was seen of a morning: what is lost or doubled, and each row of the table with its target."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.load.deeds import Report
from benchmarks.load.plan import Plan
from benchmarks.load.visiting import percentile
from benchmarks.load.watching import Taken
from benchmarks.table import Result, Verdict, at_least, at_most
from bot.core.jobs import Pool
from bot.worker import limits_of

LEAST_SHARE = 0.95
LONGEST_ANSWER_MS = 500.0
MOST_GROWTH = 0.10
LIMITED = ("ratelimited", "Throttled")
"""How the platforms say that a limit is broken."""

EXPIRED = ("expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id")
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the bot's database holds of the morning at its end; `left` counts jobs that are not done, by what they say.

    A key of `left` is as "tell_decision failed: refused".
    """

    visits: int
    suggestions: int
    said: int
    confirmed: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that was seen of one morning: on the platform, by followers of links, on the machine, in the database.

    `read` is what followers of links say (benchmarks/load/visiting.py).
    """

    plan: Plan
    report: Report
    read: Mapping[str, Any]
    taken: Mapping[str, Taken]
    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """How often what should be there once is not there, and is there again; `missing` says of what kind that is."""

    missing: Mapping[str, int]
    doubled: int

    @property
    def lost(self) -> int:
        """Return how much is lost, of whatever kind."""
        return sum(self.missing.values())


def sums_of(seen: Seen) -> Sums:
    """Return what is lost and doubled, of messages and of what the bot acknowledged."""
    report, done, kept = seen.report, seen.report.done, seen.kept
    missing = {
        "announced": report.announced.count(0),
        "told": report.told.count(0),
        "visits": max(0, seen.read["right"] - kept.visits),
        "suggestions": max(0, done.get("suggestion", 0) - kept.suggestions),
        "said": max(0, done.get("said", 0) - kept.said),
        "confirmed": max(0, done.get("confirmed", 0) - kept.confirmed),
    }
    again = sum(times - 1 for times in (*report.announced, *report.told) if times > 1)
    return Sums(
        missing={what: times for what, times in missing.items() if times},
        doubled=again + max(0, kept.visits - seen.read["right"]),
    )


def burst_of(plan: Plan) -> int:
    """Return how many messages the bot may send at once after a rest, beside the even pace."""
    pools, _ = limits_of({plan.platform: plan.pace})
    return pools[Pool.POST.value].burst


def share_of_limits(report: Report, phase: str, *, plan: Plan) -> float:
    """Return which share of the messages that the limits allow came while a phase lasted, the first burst left out."""
    first, last = report.phases[phase]
    came = bisect_right(report.keyed, last) - bisect_left(report.keyed, first) - burst_of(plan)
    return max(0, came) / (plan.posts_a_second * (last - first)) if last > first else 0.0


def judge(seen: Seen) -> Sequence[Result]:
    """Return the rows of the table."""
    return [*_of_messages(seen), *_of_answers(seen), *_of_links(seen), *_of_machine(seen)]


def _of_messages(seen: Seen) -> Sequence[Result]:
    report, plan, sums = seen.report, seen.plan, sums_of(seen)
    limited = {asked: times for asked, times in report.asked.items() if asked.endswith(LIMITED)}
    return [
        _share(seen, "post", f"announced in {plan.channels:,} channels"),
        _share(seen, "decision", f"told {plan.members:,} members"),
        _none("limits broken", sum(limited.values()), note=_counted(limited)),
        _none("lost", sums.lost, note=_lost(seen) if sums.lost else ""),
        _none("doubled", sums.doubled),
    ]


def _lost(seen: Seen) -> str:
    return f"{_counted(sums_of(seen).missing)}; jobs left: {_counted(seen.kept.left) or 'none'}"


def _share(seen: Seen, phase: str, name: str) -> Result:
    first, last = seen.report.phases[phase]
    share = share_of_limits(seen.report, phase, plan=seen.plan)
    return Result(
        name=name,
        measured=f"{last - first:.1f} s",
        baseline=f"{seen.plan.posts_a_second:.0f} a second",
        ratio=f"{share:.1%}",
        target=f">= {LEAST_SHARE:.0%}",
        verdict=at_least(share, LEAST_SHARE),
    )


def _none(name: str, times: int, note: str = "") -> Result:
    return Result(name=name, measured=f"{times:,}", target="0", verdict=at_most(times, 0), note=note)


def _counted(times: Mapping[str, int]) -> str:
    return ", ".join(f"{what} ({number})" for what, number in sorted(times.items()))


def _of_answers(seen: Seen) -> Sequence[Result]:
    report = seen.report
    slow = percentile(report.ms, 99)
    expired = sum(times for asked, times in report.asked.items() if asked.endswith(EXPIRED))
    done = ", ".join(f"{times:,} x {what}" for what, times in sorted(report.done.items()))
    return [
        Result(
            name="answers, p99",
            measured=f"{slow:.0f} ms",
            baseline=f"{len(report.ms):,} answers, p50 {percentile(report.ms, 50):.0f} ms",
            target=f"< {LONGEST_ANSWER_MS:.0f} ms",
            verdict=Verdict.MET if 0 < slow < LONGEST_ANSWER_MS else Verdict.SHORT,
            note=f"the slowest took {max(report.ms, default=0):.0f} ms; done to the end: {done}",
        ),
        _none("deeds that failed", sum(report.failed.values()), note=_counted(report.failed)),
        _none("windows missed", report.not_opened + expired, note=f"{report.opened:,} opened in time"),
    ]


def _of_links(seen: Seen) -> Sequence[Result]:
    read = seen.read
    if not read["sent"]:
        return []
    pace = read["right"] / read["seconds"]
    return [
        Result(
            name="links followed a second",
            measured=f"{pace:,.0f}",
            baseline=f"p50 {read['p50_ms']:.1f} ms, p99 {read['p99_ms']:.1f} ms",
            target=f">= {0.99 * seen.plan.visits:,.0f}",
            verdict=at_least(pace, 0.99 * seen.plan.visits),
        ),
        _none("links not answered", read["wrong"] + read["broken"] + read["sent"] - read["right"] - read["wrong"]),
    ]


def _of_machine(seen: Seen) -> Sequence[Result]:
    return [_memory(name, one) for name, one in seen.taken.items() if name.startswith("bot")] + [
        Result(name=f"{name}, processor", measured=f"{one.cores:.0%} of a core") for name, one in seen.taken.items()
    ]


def _memory(name: str, taken: Taken) -> Result:
    """Return the row of a process's memory: its growth over the second half."""
    held = taken.memory
    if len(held) < 4:
        return Result(name=f"{name}, memory", measured="-", verdict=Verdict.MISSING, note="the morning was too short")
    growth = growth_of(held)
    start, middle, end = held[0], held[len(held) // 2], held[-1]
    return Result(
        name=f"{name}, memory",
        measured=f"{start / MEGABYTE:.0f}, {middle / MEGABYTE:.0f}, {end / MEGABYTE:.0f} MB",
        baseline="start, middle, end",
        ratio=f"{growth:+.1%}",
        target=f"< {MOST_GROWTH:+.0%} in the second half",
        verdict=Verdict.MET if growth < MOST_GROWTH else Verdict.SHORT,
    )


def growth_of(held: Sequence[int]) -> float:
    """Return by which share the memory grew from the middle of the looks to their end."""
    few = max(1, len(held) // 10)
    middle = len(held) // 2
    return median(held[-few:]) / median(held[middle : middle + few]) - 1


def last_line(seen: Seen) -> str:
    """Return the line that says it all."""
    sums, plan = sums_of(seen), seen.plan
    is_met = all(one.verdict not in (Verdict.SHORT, Verdict.MISSING) for one in judge(seen))
    return (
        f"load {plan.database}: lost={sums.lost} doubled={sums.doubled} "
        f"({plan.platform}, limits x {plan.times}, {'met' if is_met else 'SHORT'})"
    )
