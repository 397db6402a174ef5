"""Announcing one post in a thousand channels at twenty times Slack's limits: how much of what they allow is used.

The baseline is the time that the limits alone need. In ten channels everything goes in the first burst.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.load.judging import burst_of, share_of_limits
from benchmarks.load.morning import live
from benchmarks.load.plan import Plan
from benchmarks.table import Result, Verdict, at_least

MEMBERS = 5


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Announce in each number of channels of the budget; the target is for the last, the others show the growth."""
    numbers: Sequence[int] = budget["channels"]
    return [_announced(channels, budget, is_target=channels == numbers[-1]) for channels in numbers]


def _announced(channels: int, budget: Mapping[str, Any], *, is_target: bool) -> Result:
    plan = Plan(members=MEMBERS, channels=channels, times=budget["times"], authors=MEMBERS, visits=0, is_quiet=True)
    seen = live(plan)
    first, last = seen.report.phases["post"]
    share = share_of_limits(seen.report, "post", plan=plan)
    twice = sum(times - 1 for times in seen.report.announced if times > 1)
    missing = seen.report.announced.count(0)
    limited = seen.report.asked.get("chat.postMessage ratelimited", 0)
    is_right = not (twice or missing or limited)
    return Result(
        name="announce" if is_target else f"announce, {channels} channels",
        measured=f"{last - first:.2f} s",
        baseline=f"{channels / plan.posts_a_second:.2f} s",
        ratio=f"{share:.1%}" if channels > burst_of(plan) else "",
        target=f">= {budget['least_share']:.0%}" if is_target else "",
        verdict=(at_least(share, budget["least_share"]) if is_right else Verdict.SHORT) if is_target else Verdict.NONE,
        note=f"limits x {plan.times}; {missing} lost, {twice} doubled, {limited} refused",
    )
