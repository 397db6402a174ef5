"""A migration only adds what the release before can live with; what takes away says since when nothing uses it."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import Source, list_sources

FOLDER = "storage/migrations/versions"
FIRST = "0005"
"""Before it nothing was released; from it on, processes of two releases share a database during an upgrade."""

TAKES_AWAY = {"drop_table", "drop_column", "drop_constraint", "rename_table"}


def way_forward(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield every call of a migration but those of its way back."""
    for part in tree.body:
        if not (isinstance(part, ast.FunctionDef) and part.name == "downgrade"):
            yield from (one for one in ast.walk(part) if isinstance(one, ast.Call))


def has_argument(call: ast.Call, name: str, value: object) -> bool:
    return any(
        one.arg == name and isinstance(one.value, ast.Constant) and one.value.value == value for one in call.keywords
    )


def troubles(tree: ast.Module) -> Iterator[str]:
    """Yield what in a migration's way forward the release before could not live with."""
    if any(isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "unused_since" for one in tree.body):
        return
    for call in way_forward(tree):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in TAKES_AWAY:
            yield f"{name}: the release before may still use it; take it away a release later, with unused_since"
        if name == "alter_column":
            yield "alter_column: the release before writes what it wrote; add a column beside it instead"
        if name == "add_column" and not is_filled_by_itself(call):
            yield "add_column: the release before does not fill it; let it be empty, or give it a server_default"


def is_filled_by_itself(call: ast.Call) -> bool:
    column = next(one for one in call.args if isinstance(one, ast.Call))
    return not has_argument(column, "nullable", False) or any(one.arg == "server_default" for one in column.keywords)


@pytest.mark.parametrize("source", list_sources(FOLDER), ids=lambda one: one.path.rpartition("/")[2])
def test_the_release_before_can_live_with_the_new_tables(source: Source) -> None:
    if source.path.rpartition("/")[2][:4] >= FIRST:
        assert list(troubles(source.tree)) == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("op.drop_column('share', 'text')", "drop_column"),
        ("op.alter_column('share', 'text', nullable=False)", "alter_column"),
        ("op.add_column('share', sa.Column('mood', sa.Text(), nullable=False))", "add_column"),
    ],
)
def test_what_it_could_not_live_with_is_found(line: str, word: str) -> None:
    planted = f"def upgrade():\n    {line}\n"
    assert [one.partition(":")[0] for one in troubles(ast.parse(planted))] == [word]
    assert list(troubles(ast.parse("unused_since = '0007'\n" + planted))) == []


def test_what_fills_itself_is_allowed() -> None:
    line = "op.add_column('share', sa.Column('mood', sa.Text(), server_default=sa.text(\"''\"), nullable=False))"
    assert list(troubles(ast.parse(f"def upgrade():\n    {line}\n"))) == []
