"""Every test that docs/bad-input.md names exists, and every scenario of bad input is named there."""

import ast
import re
from pathlib import Path

from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "bad-input.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _tests_in(path: Path) -> set[str]:
    """Return the names of the tests of a file, read and not imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in tree.body if isinstance(one, kinds) and one.name.startswith("test_")}


def _missing(text: str) -> list[str]:
    """Return the tests that a page names and that are not there."""
    return [
        f"{file}::{name}"
        for file, name in NAMED.findall(text)
        if not (ROOT / file).is_file() or name not in _tests_in(ROOT / file)
    ]


def _rows(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith("| ---") and not line.endswith("| Tests |")]


def test_every_test_that_is_named_exists() -> None:
    assert _missing(PAGE.read_text(encoding="utf-8")) == []


def test_every_row_names_a_test() -> None:
    rows = _rows(PAGE.read_text(encoding="utf-8"))
    assert len(rows) > 50
    assert [row for row in rows if not NAMED.search(row)] == []


def test_every_scenario_of_bad_input_is_named() -> None:
    named = set(NAMED.findall(PAGE.read_text(encoding="utf-8")))
    files = sorted((ROOT / "tests" / "scenarios").glob("test_bad_input_*.py"))
    written = {(path.relative_to(ROOT).as_posix(), name) for path in files for name in _tests_in(path)}
    assert files
    assert written - named == set()


def test_a_planted_name_is_found() -> None:
    assert _missing("`tests/house/test_bad_input.py::test_not_there`") == [
        "tests/house/test_bad_input.py::test_not_there"
    ]
    assert _missing("`tests/no_such_file.py::test_it`") == ["tests/no_such_file.py::test_it"]
