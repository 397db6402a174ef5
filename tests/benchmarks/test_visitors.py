"""The labelled visits: whole, with sources, in two halves that do not overlap; and the half for tuning stays learnt."""

import csv
from hashlib import sha256

import pytest

from benchmarks import __main__ as program
from benchmarks import visitors
from benchmarks.visitors import Labelled, Score
from bot.core.visits import VisitClass

LABELS = {"human", "preview", "crawler", "scanner"}


@pytest.fixture(scope="module")
def halves() -> dict[str, list[Labelled]]:
    """Both halves."""
    return {half: list(visitors.read_half(half)) for half in visitors.HALVES}


def test_every_row_has_a_known_label_and_a_source(halves: dict[str, list[Labelled]]) -> None:
    for rows in halves.values():
        assert {row.label for row in rows} == LABELS <= set(VisitClass)
        assert all(row.source.startswith(("https://", "http://", "github:", "pypi:", "npm:")) for row in rows)
    assert sum(map(len, halves.values())) >= 200


def test_no_visit_is_in_both_halves_and_each_is_where_its_hash_puts_it() -> None:
    for half, digits in (("known", "89abcdef"), ("frozen", "01234567")):
        with (visitors.FOLDER / f"{half}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                columns = (row[name] for name in ("agent", "method", "gap_ms", "network", "pattern"))
                digest = sha256("|".join(columns).encode()).hexdigest()
                assert (row["id"], digest[-1] in digits) == (digest[:8], True)


def test_the_half_for_tuning_is_held(halves: dict[str, list[Labelled]]) -> None:
    held = visitors.score(halves["known"])
    assert min(*held.rates(of_people=True), *held.rates(of_people=False)) >= 0.98


def test_precision_and_recall_are_counted_for_people_and_for_all_others() -> None:
    counts = {("human", "human"): 6, ("human", "scanner"): 2, ("scanner", "human"): 1, ("preview", "crawler"): 9}
    held = Score(counts=counts, wrong=())
    assert held.rows == 18
    assert held.rates(of_people=True) == (6 / 7, 6 / 8)
    assert held.rates(of_people=False) == (9 / 11, 9 / 10)


def test_the_table_has_a_row_for_each_half_and_says_which_rows_are_wrong_if_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.visitors.HALVES", ("known",))
    assert program.main(["visitors", "--verbose"]) == 0
    verbose = capsys.readouterr().out
    assert "visitors known" in verbose
    assert "taken for" in verbose
    assert program.main(["visitors"]) == 0
    assert "taken for" not in capsys.readouterr().out
