"""`visitors`: how well the classes of visits hold on labelled ones, apart for the half that rules may be tuned on.

What the rows are and where they come from is in `benchmarks/visitors/README.md`.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from crawleruseragents import is_crawler

from benchmarks.table import Result
from bot.core.address_ranges import NetworkKind, Ranges
from bot.core.known_networks import KNOWN, known_ranges
from bot.core.visitor_rules import Evidence, classify
from bot.core.visits import VisitClass, packed_address

FOLDER = Path(__file__).parent / "visitors"
HALVES = ("known", "frozen")

# What the sources call an operator whose ranges are listed under another name.
_ALSO = {"aws": "amazon", "gcp": "google", "azure": "microsoft"}
_OPERATORS = {one.name: one.kind for one in KNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One row: what the source says a visit was, and what the visit showed."""

    id: str
    label: str
    evidence: Evidence
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one half went: how often each label became each class, and the rows of which people were taken for
    machines or the other way round.
    """

    counts: Mapping[tuple[str, str], int]
    wrong: Sequence[str]

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return sum(self.counts.values())

    def rates(self, *, of_people: bool) -> tuple[float, float]:
        """Return precision and recall of `human`, or of all that is not."""
        hits = claimed = real = 0
        for (label, found), count in self.counts.items():
            is_claimed, is_real = ((one == VisitClass.HUMAN) is of_people for one in (found, label))
            hits += count * (is_claimed and is_real)
            claimed += count * is_claimed
            real += count * is_real
        return hits / claimed, hits / real


def read_half(half: str) -> Sequence[Labelled]:
    """Return the rows of "known" or "frozen"."""
    ranges = known_ranges()
    with (FOLDER / f"{half}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(id=row["id"], label=row["label"], evidence=_evidence(row, ranges), source=row["source"])
            for row in csv.DictReader(file)
        ]


def _evidence(row: Mapping[str, str], ranges: Ranges) -> Evidence:
    """Return what an installation would have seen of the visit in a row."""
    return Evidence(
        agent=row["agent"],
        is_known_crawler=is_crawler(row["agent"]),
        method=row["method"],
        since_out=timedelta(milliseconds=int(row["gap_ms"])) if row["gap_ms"] else None,
        network=_network(row["network"], ranges),
        is_burst=row["pattern"] == "burst",
        came_after_head=row["pattern"] == "head-then-get" and row["method"] == "GET",
        is_repeat=row["pattern"].startswith("repeat-"),
    )


def _network(said: str, ranges: Ranges) -> NetworkKind:
    """Return the kind of an address's network; of one in words only if that operator's ranges are among ours."""
    packed = packed_address(said)
    if packed is not None:
        return ranges.kind_of(packed)
    name = said.removeprefix("datacentre:").partition("-")[0]
    return _OPERATORS.get(_ALSO.get(name, name), NetworkKind.UNKNOWN)


def score(rows: Sequence[Labelled]) -> Score:
    """Return how well the rules do on labelled visits."""
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for row in rows:
        found = classify(row.evidence)
        counts[row.label, found.value] += 1
        if (row.label == VisitClass.HUMAN) is not (found is VisitClass.HUMAN):
            wrong.append(f"{row.id} ({row.label} taken for {found.value})")
    return Score(counts=counts, wrong=wrong)


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return a row for each half; nothing is promised of them."""
    return [_result(half, score(read_half(half)), is_verbose=budget.get("verbose", False)) for half in HALVES]


def _result(half: str, held: Score, *, is_verbose: bool) -> Result:
    human, other = held.rates(of_people=True), held.rates(of_people=False)
    counts = ", ".join(f"{label} as {found} {count}" for (label, found), count in sorted(held.counts.items()))
    note = f"{held.rows} rows: {counts}"
    if is_verbose:
        note += f"; wrong: {', '.join(held.wrong) or 'none'}"
    return Result(
        name=f"visitors {half}",
        measured=f"people: precision {human[0]:.3f}, recall {human[1]:.3f}",
        baseline=f"others: precision {other[0]:.3f}, recall {other[1]:.3f}",
        note=note,
    )
