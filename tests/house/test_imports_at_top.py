"""Imports stand at the top, and importing a module does nothing but define.

Only the composition root, the start and the commands import inside functions, so that what is heavy or optional is
loaded when it is needed. Each such import is listed here, so that one can see them all.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOMS, functions, list_sources

# file: the modules that it imports inside functions.
LATE: dict[str, set[str]] = {
    "bot/app.py": {"connectors.charts", "bot.chat.slack", "bot.chat.teams"},  # matplotlib, and each platform's SDK
    "bot/cli.py": {  # each command what it needs, and `vouch --help` none of it
        "bot.operate.admin_code",
        "bot.operate.backup",
        "bot.operate.copy_database",
        "bot.operate.doctor",
        "bot.operate.export",
        "bot.operate.hold",
        "bot.operate.keys",
        "bot.operate.manifest",
        "bot.operate.migrate",
        "bot.operate.package",
        "bot.operate.totals",
        "bot.start",
    },
    "bot/social.py": {  # each network with its first use: tweepy and linkedin_v2 bring requests with them
        "connectors.social.linkedin",
        "connectors.social.mastodon",
        "connectors.social.x",
    },
    "bot/start.py": {"bot.demo", "storage.migrations.upgrade"},  # YAML and Alembic, at a first start only
    "bot/operate/doctor.py": {"bot.operate.slack_check", "bot.operate.teams_check"},  # the SDK of each platform
    "playground/__main__.py": {"playground.server"},  # the bot, which needs longer, is started before
}


def late_imports(tree: ast.AST) -> set[str]:
    """Return the modules that functions of the tree import in their bodies."""
    found = set()
    for function in functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or ".")
    return found


def side_effects(tree: ast.Module) -> Iterator[int]:
    """Yield the line of each bare call, `with` or loop that runs when the module is imported."""
    for node in tree.body:
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
        if is_call or isinstance(node, ast.With | ast.AsyncWith | ast.For | ast.While):
            yield node.lineno


def opened_at_import(tree: ast.Module) -> Iterator[int]:
    """Yield the line of each file, socket or engine that a module-level value opens."""
    openers = {"open", "read_text", "read_bytes", "connect", "create_engine", "create_async_engine", "socket"}
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for call in (one for one in ast.walk(node.value) if isinstance(one, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in openers:
                yield node.lineno


def test_only_listed_imports_stand_inside_functions() -> None:
    found = {source.path: late for source in list_sources(*ROOMS, "benchmarks") if (late := late_imports(source.tree))}
    assert found == LATE


def test_only_the_composition_root_and_the_commands_are_listed() -> None:
    assert LATE.keys() <= {
        "bot/app.py",
        "bot/cli.py",
        "bot/operate/doctor.py",
        "bot/social.py",
        "bot/start.py",
        "playground/__main__.py",
    }


def test_importing_a_module_does_nothing() -> None:
    shipped = [source for source in list_sources() if not source.path.endswith("migrations/env.py")]
    found = {
        source.path: lines
        for source in shipped
        if (lines := [*side_effects(source.tree), *opened_at_import(source.tree)])
    }
    assert found == {}


@pytest.mark.parametrize("planted", ["print('hello')", "with open('a') as b:\n    pass", "for a in b:\n    a()"])
def test_a_planted_side_effect_is_found(planted: str) -> None:
    assert list(side_effects(ast.parse(f'"""Say."""\n\n{planted}'))) == [3]


def test_a_planted_open_file_is_found() -> None:
    assert list(opened_at_import(ast.parse("a = 1\nTEXT = Path('a').read_text()"))) == [2]


def test_a_planted_late_import_is_found() -> None:
    assert late_imports(ast.parse("def f():\n    from os import path\n    import re")) == {"os", "re"}
