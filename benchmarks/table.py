"""What a benchmark brings, and the table in which all of it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a target was reached; a row without a target has none."""

    MET = "met"
    SHORT = "SHORT"
    MISSING = "not run"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row: everything as it is printed, and the verdict. `note` stands on a line of its own."""

    name: str
    measured: str
    baseline: str = ""
    ratio: str = ""
    target: str = ""
    verdict: Verdict = Verdict.NONE
    note: str = ""


class MissingToolError(Exception):
    """A benchmark needs a program that is not there; the message says what to install."""


def at_least(value: float, target: float) -> Verdict:
    """Return the verdict on a value that must not be below its target."""
    return Verdict.MET if value >= target else Verdict.SHORT


def at_most(value: float, target: float) -> Verdict:
    """Return the verdict on a value that must not be above its target."""
    return Verdict.MET if value <= target else Verdict.SHORT


def format_table(results: Sequence[Result]) -> str:
    """Return the rows as a table of aligned columns, with the notes below it."""
    head = ("name", "measured", "baseline", "ratio", "target", "")
    rows = [(one.name, one.measured, one.baseline, one.ratio, one.target, one.verdict.value) for one in results]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    notes = [f"{one.name}: {one.note}" for one in results if one.note]
    return "\n".join([*(line.rstrip() for line in lines), *notes])


def exit_code(results: Sequence[Result]) -> int:
    """Return 1 if a target was missed, else 2 if something could not be run, else 0."""
    verdicts = {one.verdict for one in results}
    if Verdict.SHORT in verdicts:
        return 1
    return 2 if Verdict.MISSING in verdicts else 0
