"""Functions and files stay small enough to read at once."""

import ast
from statistics import quantiles

import pytest

from tests.house.sources import ROOMS, ROOT, functions, list_files, list_sources

MAX_FUNCTION_LINES = 60
MAX_LINES_OF_MOST_FUNCTIONS = 40
MAX_FILE_LINES = 400
MAX_ARGUMENTS = 5
COUNTED_FILES = {".py", ".js", ".css", ".html", ".sh"}
SHIPPED = (*ROOMS, "benchmarks")
DRAFTED = "storage/migrations/versions/"  # written by Alembic from the models, and long by nature


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines the function takes, its decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many arguments the function takes beyond `self` or `cls`."""
    listed = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([one for one in listed if one.arg not in {"self", "cls"}])


def too_long(tree: ast.AST) -> list[str]:
    """Return "name: lines" for every function of the tree that is over the limit."""
    return [f"{one.name}: {lines_of(one)}" for one in functions(tree) if lines_of(one) > MAX_FUNCTION_LINES]


def too_many_arguments(tree: ast.AST) -> list[str]:
    """Return "name: arguments" for every function of the tree that takes too many."""
    return [f"{one.name}: {arguments_of(one)}" for one in functions(tree) if arguments_of(one) > MAX_ARGUMENTS]


def test_no_function_is_over_sixty_lines() -> None:
    read = [source for source in list_sources(*SHIPPED, "tests") if not source.path.startswith(DRAFTED)]
    assert {source.path: long for source in read if (long := too_long(source.tree))} == {}


def test_nearly_all_functions_are_under_forty_lines() -> None:
    lengths = [lines_of(one) for source in list_sources(*SHIPPED) for one in functions(source.tree)]
    if len(lengths) < 2:
        pytest.skip("there is no code yet")
    assert quantiles(lengths, n=20)[-1] < MAX_LINES_OF_MOST_FUNCTIONS


def test_no_function_takes_more_than_five_arguments() -> None:
    found = {source.path: many for source in list_sources(*SHIPPED) if (many := too_many_arguments(source.tree))}
    assert found == {}


def test_no_file_is_over_four_hundred_lines() -> None:
    counted = [path for path in list_files() if path.suffix in COUNTED_FILES]
    lengths = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in counted}
    written = {path: lines for path, lines in lengths.items() if not path.startswith(DRAFTED)}
    assert {path: lines for path, lines in written.items() if lines > MAX_FILE_LINES} == {}


def test_planted_giants_are_found() -> None:
    body = "\n".join(f"    a{number} = {number}" for number in range(60))
    assert too_long(ast.parse(f"def small(): ...\nasync def big():\n{body}")) == ["big: 61"]
    many = "class A:\n    def fine(self, a, b, *, c, d, e): ...\n    def many(self, a, b, *, c, d, e, f): ..."
    assert too_many_arguments(ast.parse(many)) == ["many: 6"]
