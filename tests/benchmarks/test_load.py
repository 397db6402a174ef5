"""The load's morning runs as a whole, and its judge finds what is missing, double, slow or refused."""

from dataclasses import replace

import pytest

from benchmarks.load.__main__ import read_plans
from benchmarks.load.deeds import Report
from benchmarks.load.judging import Kept, Seen, burst_of, growth_of, judge, last_line, share_of_limits, sums_of
from benchmarks.load.morning import live
from benchmarks.load.plan import SLACK, TEAMS, Plan
from benchmarks.load.watching import Taken
from benchmarks.table import Verdict

TINY = Plan(members=20, channels=10, authors=5, decisions=20, shares=1, suggestions=1, boards=1, visits=40, begin=0.3)
PLAN = Plan(members=3, channels=2, authors=1)


def seen(**changed: object) -> Seen:
    """What a morning is like in which everything went well, but for what is changed in its report."""
    keyed = [number / 100 for number in range(1006)] + [0.0] * 50 + [5.0] * 50
    report = Report(
        announced=[1, 1],
        told=[1, 1, 1],
        keyed=sorted(keyed),
        phases={"post": (0.0, 5.0), "decision": (5.0, 10.05)},
        ms=[20.0] * 99 + [300.0],
        failed={},
        done={"suggestion": 4, "said": 2, "confirmed": 1},
        opened=7,
        not_opened=0,
        asked={"chat.postMessage ok": 5, "views.open ok": 7},
    )
    read = {"seconds": 10.0, "sent": 20_000, "right": 20_000, "wrong": 0, "broken": 0, "p50_ms": 1.0, "p99_ms": 9.0}
    return Seen(
        plan=PLAN,
        report=replace(report, **changed),  # type: ignore[arg-type]
        read=read,
        taken={"bot": Taken(memory=(100, 101, 102, 102, 103, 103), cores=0.5)},
        kept=Kept(visits=20_000, suggestions=4, said=2, confirmed=1, left={}),
    )


def short(one: Seen) -> list[str]:
    """The names of the rows that are not met."""
    return [row.name for row in judge(one) if row.verdict is Verdict.SHORT]


@pytest.mark.slow
def test_a_tiny_company_lives_a_morning_and_nothing_is_lost_or_doubled() -> None:
    lived = live(TINY)
    assert sums_of(lived) == sums_of(seen())
    assert (lived.report.announced, lived.report.told) == ([1] * 10, [1] * 20)
    assert lived.kept.visits == lived.read["right"] > 0
    assert "bot, memory" in [row.name for row in judge(lived)]
    assert "load sqlite: lost=0 doubled=0" in last_line(lived)


def test_a_good_morning_meets_every_target() -> None:
    assert short(seen()) == []
    assert last_line(seen()) == "load sqlite: lost=0 doubled=0 (slack, limits x 20, met)"


@pytest.mark.parametrize(
    ("changed", "rows"),
    [
        ({"announced": [0, 1]}, ["lost"]),
        ({"told": [1, 0, 0]}, ["lost"]),
        ({"told": [1, 3, 1]}, ["doubled"]),
        ({"announced": [2, 0]}, ["lost", "doubled"]),
        ({"done": {"suggestion": 5}}, ["lost"]),
        ({"asked": {"chat.postMessage ratelimited": 1}}, ["limits broken"]),
        ({"asked": {"send Throttled": 1}}, ["limits broken"]),
        ({"ms": [600.0] * 100}, ["answers, p99"]),
        ({"failed": {"click: operation_timeout": 1}}, ["deeds that failed"]),
        ({"not_opened": 1}, ["windows missed"]),
        ({"asked": {"views.open expired_trigger_id": 1}}, ["windows missed"]),
        ({"phases": {"post": (0.0, 5.0), "decision": (5.0, 12.0)}}, ["told 3 members"]),
    ],
)
def test_what_goes_wrong_is_found(changed: dict[str, object], rows: list[str]) -> None:
    assert short(seen(**changed)) == rows
    assert last_line(seen(**changed)).endswith("SHORT)")


def test_visits_that_were_answered_are_counted_in_the_database() -> None:
    kept = seen().kept
    assert sums_of(replace(seen(), kept=replace(kept, visits=19_990))).lost == 10
    assert sums_of(replace(seen(), kept=replace(kept, visits=20_001))).doubled == 1


def test_the_first_burst_counts_for_nothing() -> None:
    burst = burst_of(PLAN)
    report = replace(seen().report, keyed=[0.0] * burst + [1.0] * 95, phases={"post": (0.0, 1.0)})
    assert share_of_limits(report, "post", plan=PLAN) == pytest.approx(0.95)


def test_memory_is_compared_from_the_middle_on() -> None:
    assert growth_of([10, 50, 100, 100, 110, 120]) == pytest.approx(0.2)


def test_a_command_line_names_the_mornings() -> None:
    plans = read_plans(["--platform", "both", "--database", "both", "--short"])
    assert [(one.database, one.platform) for one in plans] == [
        ("sqlite", SLACK),
        ("sqlite", TEAMS),
        ("postgresql", SLACK),
        ("postgresql", TEAMS),
    ]
    assert {(one.members, one.channels, one.times) for one in plans} == {(1_000, 100, 20)}
    assert plans[0].posts_a_second == 100
    assert plans[1].posts_a_second == 400
