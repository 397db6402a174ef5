"""The table of `make bench`: what it shows, and with which code it ends."""

import pytest

from benchmarks import __main__ as program
from benchmarks import redirect
from benchmarks.table import MissingToolError, Result, Verdict, at_least, at_most, exit_code, format_table

MET = Result(name="redirect", measured="9/s", baseline="20/s", ratio="0.45", target=">= 0.35", verdict=Verdict.MET)
SHORT = Result(name="p99", measured="12 ms", target="<= 10 ms", verdict=Verdict.SHORT, note="it was a busy day")
UNMEASURED = Result(name="redirect", measured="-", verdict=Verdict.MISSING, note="install wrk")
WITHOUT = Result(name="first-start", measured="1.8 s")


def test_the_table_is_aligned_and_notes_stand_below_it() -> None:
    assert format_table([MET, SHORT]).splitlines() == [
        "name     | measured | baseline | ratio | target   |",
        "---------+----------+----------+-------+----------+------",
        "redirect | 9/s      | 20/s     | 0.45  | >= 0.35  | met",
        "p99      | 12 ms    |          |       | <= 10 ms | SHORT",
        "p99: it was a busy day",
    ]


@pytest.mark.parametrize(
    ("results", "code"),
    [([], 0), ([MET, WITHOUT], 0), ([MET, SHORT], 1), ([MET, UNMEASURED], 2), ([SHORT, UNMEASURED], 1)],
)
def test_it_ends_with_one_if_something_is_short_and_with_two_if_something_could_not_run(
    results: list[Result], code: int
) -> None:
    assert exit_code(results) == code


def test_a_target_that_is_just_reached_is_met() -> None:
    assert (at_least(0.35, 0.35), at_least(0.349, 0.35)) == (Verdict.MET, Verdict.SHORT)
    assert (at_most(10.0, 10.0), at_most(10.1, 10.0)) == (Verdict.MET, Verdict.SHORT)


def test_without_wrk_the_row_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="install wrk"):
        redirect.measure({})
    (row,) = program.run_one("redirect", {})
    assert (row.verdict, row.note) == (Verdict.MISSING, "install wrk to measure this (Debian: apt install wrk)")


def test_an_unknown_name_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["speed"]) == 2
    assert "no such benchmark: speed; there are " in capsys.readouterr().err
