"""Our own files as the house tests read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "connectors", "storage", "playground")
NOT_OURS = {"__pycache__", "build", "dist", "data", "vouch-data", "artifacts", "bench-results", "htmlcov"} | {
    "node_modules"
}
HIDDEN_BUT_OURS = {".ci", ".editorconfig", ".gitattributes", ".gitignore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file of ours: its path from the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module


@cache
def read_source(path: str) -> Source:
    """Return the file at `path`, parsed."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return Source(path=path, text=text, tree=ast.parse(text, path))


def list_paths(*folders: str) -> list[str]:
    """Return the path of each Python file below the folders (all rooms if none is named); a missing folder has none."""
    paths = sorted(path for folder in folders or ROOMS for path in (ROOT / folder).rglob("*.py"))
    return [path.relative_to(ROOT).as_posix() for path in paths if not NOT_OURS & set(path.parts)]


def list_sources(*folders: str) -> list[Source]:
    """Return those files, read and parsed."""
    return [read_source(path) for path in list_paths(*folders)]


def list_files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file that belongs to the project, hidden and generated ones left out."""
    for path in sorted(folder.iterdir()):
        is_hidden = path.name.startswith(".") and path.name not in HIDDEN_BUT_OURS
        if is_hidden or path.name in NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from list_files(path)
        else:
            yield path


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of the tree, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
