"""Reports: sums that agree, no crew so small that its people could be guessed, and a file for spreadsheets."""

import csv
import io
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.leaderboard import Dates, Period
from bot.core.reporting import Brought, By, Cut, Frame, Report, csv_of, report_of, rows_of, shown_crews
from bot.core.value import Reach, ValuePolicy

QUARTER = Dates(first=date(2026, 10, 1), end=date(2027, 1, 1))
TITLES = {1: "Rain", 2: "=Sun", 3: "Rain"}
POLICY = ValuePolicy(
    currency="EUR", cpc={"linkedin": Decimal(5)}, reach={"linkedin": Reach(audience=100, rate=Decimal("0.1"))}
)


def cut(post_id: int, network: str, *, crew_id: int = 0, shares: int = 1, people: int = 1) -> Cut:
    visits = {"human": people, "preview": 1}
    return Cut(
        post_id=post_id, network=network, crew_id=crew_id, facts={"shares": shares}, people=people, visits=visits
    )


def report(*cuts: Cut, sizes: dict[int, int] | None = None, policy: ValuePolicy = POLICY, **changes: object) -> Report:
    brought = Brought(
        cuts=cuts,
        titles={one.post_id: TITLES[one.post_id] for one in cuts},
        topics={1: ("water", "people"), 2: ("water",)},
        crews={7: "Pumps", 8: "Pipes"},
        sizes=sizes or {},
        day_people={},
        told=[],
        spent={},
    )
    values = {"period": Period.QUARTER, "dates": QUARTER, "today": date(2026, 11, 23), "policy": policy, "smallest": 5}
    return report_of(brought, Frame(**(values | changes)))  # type: ignore[arg-type]


def test_every_cut_stands_in_the_total_and_in_one_line_of_each_kind_but_topics() -> None:
    cuts = (cut(1, "linkedin", people=4), cut(1, "x", people=3), cut(2, "x", shares=2, people=9))
    made = report(*cuts)
    assert (made.total.people, made.total.all_visits, made.total.facts["shares"]) == (16, 19, 4)
    assert [(one.name, one.people) for one in made.networks] == [("x", 12), ("linkedin", 4)]
    assert [(one.name, one.people) for one in made.posts] == [("=Sun", 9), ("Rain", 7)]
    assert [(one.name, one.people) for one in made.topics] == [("water", 16), ("people", 7)]


def test_a_post_without_topic_stands_last_and_two_of_one_title_are_told_apart() -> None:
    made = report(cut(1, "x"), cut(3, "x", people=9))
    assert [one.name for one in made.posts] == ["Rain (P3)", "Rain (P1)"]
    assert [one.name for one in made.topics][-1] == ""


def test_only_networks_with_a_figure_are_valued_and_nothing_is_worth_nothing() -> None:
    made = report(cut(1, "linkedin", people=4, shares=3), cut(2, "x", people=2))
    assert {one.name: (one.earned, one.reach) for one in made.networks} == {
        "linkedin": (Decimal(20), 30),
        "x": (None, None),
    }
    assert (made.total.earned, made.worth.unvalued_clicks) == (Decimal(20), 2)
    assert report(cut(1, "linkedin"), policy=ValuePolicy()).total.earned is None


def test_a_small_crew_is_with_everyone_else_and_nobody_is_alone_there() -> None:
    cuts = (cut(1, "x", crew_id=7, people=5), cut(1, "x", crew_id=8, people=2), cut(1, "x", people=1))
    assert [(one.name, one.people) for one in report(*cuts, sizes={7: 6, 8: 4, 0: 1}).crews] == [("Pumps", 5), ("", 3)]
    assert report(*cuts, sizes={7: 6, 8: 2, 0: 1}).crews == []
    assert [one.name for one in report(cuts[0], sizes={7: 5}).crews] == ["Pumps"]


@given(st.dictionaries(st.integers(0, 9), st.integers(1, 20)), st.integers(5, 9))
def test_no_few_people_can_be_had_from_what_is_shown(sizes: dict[int, int], smallest: int) -> None:
    shown = shown_crews(sizes, smallest=smallest)
    assert all(sizes[one] >= smallest for one in shown)
    rest = sum(size for crew, size in sizes.items() if crew not in shown)
    assert rest == 0 or rest >= smallest or not shown


def test_cost_is_that_of_the_days_that_have_begun() -> None:
    assert report().days == 54
    assert report(today=date(2027, 3, 1)).days == 92
    assert report(today=date(2026, 10, 1)).days == 1


def test_what_is_no_longer_kept_is_said_only_where_it_matters() -> None:
    assert report(kept_since=date(2026, 10, 20)).kept_since == date(2026, 10, 20)
    assert report(kept_since=date(2026, 9, 1)).kept_since is None


def test_the_file_has_every_line_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_of(rows_of(report(cut(2, "linkedin", people=3), cut(1, "x")))))))
    assert [row["by"] for row in rows] == ["total", "network", "network", "post", "post", "topic", "topic"]
    assert rows[0] | {"first_day": "2026-10-01", "last_day": "2026-12-31", "earned": "15.00"} == rows[0]
    assert {row["name"]: row["earned"] for row in rows if row["by"] == By.NETWORK} == {"linkedin": "15.00", "x": ""}
    assert "'=Sun" in [row["name"] for row in rows]


def test_what_was_never_counted_is_an_empty_cell() -> None:
    row = rows_of(report(cut(1, "linkedin"), is_counted=False))[0]
    assert (row["people"], row["visits"], row["human_visits"], row["earned"], row["return"]) == (None,) * 5
    assert row["shares"] == 1
