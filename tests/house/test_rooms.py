"""Every file imports only what its room may: the table of the house, as data.

A file matches the first row whose pattern fits its path. `ours` and `others` name modules; whatever lies below them is
meant too. The standard library is always allowed. A file that matches no row needs one: decide where it belongs first.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

import pytest

from tests.house.sources import ROOMS, ROOT, list_paths, read_source

SESSION = "sqlalchemy.ext.asyncio"  # the session's type; statements belong in storage/queries
EVERYTHING = ("bot", "handlers", "connectors", "storage")


@dataclass(frozen=True, slots=True)
class Row:
    """What files that match `pattern` may import: of ours, and of others."""

    pattern: str
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


USE_CASE = (
    "bot.core",
    "bot.i18n",
    "storage",
    "handlers.context",
    "handlers.cards",
    "handlers.scene",
    "handlers.tokens",
)

TABLE = (
    # bot/: the entrances and the composition root
    Row("bot/__init__.py"),
    Row("bot/__main__.py", ours=("bot.cli",)),
    Row("bot/cli.py", ours=EVERYTHING, others=("typer", "rich", "alembic", "uvicorn")),
    Row(
        "bot/app.py",
        ours=EVERYTHING,
        others=("sqlalchemy", "starlette", "uvicorn", "aiohttp", "apscheduler", "slack_bolt", "slack_sdk", "structlog"),
    ),
    Row("bot/chat/*.py", ours=EVERYTHING, others=("aiohttp", "starlette")),
    Row("bot/addresses.py", ours=("bot.core", "storage"), others=(SESSION, "aiodataloader")),
    Row("bot/start.py", ours=EVERYTHING),
    Row("bot/serving.py", ours=EVERYTHING),
    Row("bot/agreement.py", ours=("bot.config", "bot.environment", "storage")),
    Row("bot/leading.py", ours=("bot.core", "storage")),
    Row("bot/operate/__init__.py"),
    Row("bot/operate/answer.py", ours=("bot.config",)),
    Row(
        "bot/operate/database.py",
        ours=("bot.config", "bot.database", "bot.environment", "bot.operate.answer", "storage"),
    ),
    Row("bot/operate/doctor.py", ours=EVERYTHING, others=("aiohttp", "rich")),
    Row("bot/operate/backup.py", ours=EVERYTHING, others=("sqlalchemy",)),
    Row("bot/operate/copy_database.py", ours=EVERYTHING, others=("rich", "sqlalchemy")),
    Row("bot/operate/*_check.py", ours=EVERYTHING, others=("aiohttp",)),
    Row("bot/operate/*.py", ours=EVERYTHING),
    Row("bot/database.py", ours=("bot.environment", "storage")),
    Row(
        "bot/process.py",
        ours=("bot.core", "bot.clock", "bot.environment", "bot.scheduler", "bot.web", "bot.worker", "storage"),
        others=("aiohttp", "uvicorn"),
    ),
    Row(
        "bot/installation.py",
        ours=("bot.apps", "bot.config", "bot.core", "bot.environment", "bot.programmes", "storage"),
    ),
    Row("bot/environment.py", ours=("bot.apps", "bot.config", "bot.config_parts", "bot.core")),
    Row("bot/apps.py", ours=("bot.core",)),
    Row("bot/social.py", ours=("bot.config", "bot.core", "bot.environment", "connectors")),
    Row("bot/programmes.py", ours=("bot.config", "bot.config_parts", "bot.core")),
    Row("bot/config.py", ours=("bot.config_parts", "bot.core"), others=("pydantic", "pydantic_settings", "yaml")),
    Row("bot/config_parts.py", ours=("bot.core",), others=("pydantic",)),
    Row("bot/clock.py", ours=("bot.core",), others=("aiohttp",)),
    Row("bot/logs.py", ours=("bot.core",), others=("structlog",)),
    Row(
        "bot/dispatch.py",
        ours=("bot.core", "bot.i18n", "handlers.context", "storage"),
        others=("sqlalchemy", "structlog"),
    ),
    Row(
        "bot/worker.py", ours=("bot.core", "bot.endings", "bot.finishing", "handlers", "storage"), others=("structlog",)
    ),
    Row("bot/finishing.py", ours=("bot.core", "bot.endings", "handlers", "storage"), others=("sqlalchemy",)),
    Row("bot/endings.py", ours=("bot.core", "storage")),
    Row("bot/scheduler.py", ours=("bot.core", "handlers", "storage"), others=("apscheduler", SESSION, "structlog")),
    Row("bot/doctor.py", ours=("bot.config", "bot.core", "bot.database", "bot.environment", "storage")),
    Row("bot/demo.py", ours=("bot.config", "bot.core", "handlers", "storage"), others=("yaml", SESSION)),
    Row("bot/web/__init__.py"),
    Row(
        "bot/web/app.py",
        ours=("bot.core", "bot.dispatch", "bot.i18n", "bot.web", "handlers", "storage.engine"),
        others=("starlette", "prometheus_client"),
    ),
    Row("bot/web/readiness.py", ours=("bot.core", "storage.engine", "storage.schema"), others=("starlette",)),
    Row("bot/web/redirect.py", ours=("bot.core", "bot.web", "storage"), others=(SESSION,)),
    Row("bot/web/visitors.py", ours=("bot.core", "bot.web", "storage"), others=("crawleruseragents",)),
    Row("bot/web/doubts.py", ours=("bot.web", "storage")),
    Row("bot/web/recording.py", ours=("bot.web", "storage"), others=("sqlalchemy.exc",)),
    Row("bot/web/unflushed.py", ours=("storage",)),
    Row("bot/web/journal.py", ours=("storage",)),
    Row("bot/web/tallies.py"),
    Row("bot/web/metrics.py", ours=("bot.core", "bot.web", "storage"), others=("prometheus_client", "starlette")),
    Row("bot/web/pictures.py", ours=("bot.core", "bot.web", "storage"), others=("starlette",)),
    Row("bot/web/*.py", ours=("bot.core", "bot.i18n", "bot.web", "handlers"), others=("starlette",)),
    Row("bot/i18n/*.py", ours=("bot.core", "bot.i18n"), others=("babel",)),
    # bot/core/: pure
    Row("bot/core/texts.py", ours=("bot.core",), others=("regex",)),
    Row("bot/core/wordings.py", ours=("bot.core",), others=("rapidfuzz",)),
    Row("bot/core/*.py", ours=("bot.core",)),
    # handlers/: one use case per file, none calls another
    Row("handlers/__init__.py"),
    Row("handlers/context.py", ours=("bot.core", "bot.i18n", "storage.vault"), others=(SESSION,)),
    Row("handlers/cards/*.py", ours=("bot.core", "bot.i18n", "handlers.context", "handlers.cards")),
    Row("handlers/*.py", ours=USE_CASE, others=(SESSION,)),
    # connectors/: of ours, the core only; beside it their own folder and the shared client
    Row("connectors/http.py", ours=("bot.core",), others=("aiohttp",)),
    Row("connectors/charts.py", ours=("bot.core",), others=("matplotlib",)),
    Row(
        "connectors/chat/slack/*.py",
        ours=("bot.core", "connectors.chat.bodies", "connectors.chat.moments", "connectors.chat.slack"),
        others=("slack_bolt", "slack_sdk", "aiohttp", "starlette"),
    ),
    Row(
        "connectors/chat/teams/adapter.py",
        ours=("bot.core", "connectors.chat.teams"),
        others=("botbuilder", "botframework"),
    ),
    Row(
        "connectors/chat/teams/*.py",
        ours=(
            "bot.core",
            "connectors.chat.bodies",
            "connectors.chat.moments",
            "connectors.chat.teams",
            "connectors.http",
        ),
        others=("aiohttp", "jwt", "starlette"),
    ),
    Row("connectors/guarded.py", ours=("bot.core", "connectors.http"), others=("aiohttp",)),
    Row(
        "connectors/social/mastodon.py",
        ours=("bot.core", "connectors.guarded", "connectors.http", "connectors.social.oauth"),
        others=("aiohttp",),
    ),
    Row(
        "connectors/social/x.py",
        ours=("bot.core", "connectors.http", "connectors.social.blocking", "connectors.social.oauth"),
        others=("tweepy", "requests"),
    ),
    Row("connectors/social/blocking.py", others=("requests", "urllib3")),
    Row(
        "connectors/social/linkedin.py",
        ours=(
            "bot.core",
            "connectors.http",
            "connectors.social.blocking",
            "connectors.social.linkedin_faults",
            "connectors.social.little_text",
            "connectors.social.oauth",
        ),
        others=("linkedin_v2",),
    ),
    Row("connectors/social/linkedin_faults.py", ours=("bot.core", "connectors.social.blocking")),
    Row("connectors/social/little_text.py", others=("regex",)),
    Row("connectors/social/*.py", ours=("bot.core", "connectors.http")),
    Row("connectors/previews/*.py", ours=("bot.core", "connectors.http"), others=("bs4",)),
    Row("connectors/__init__.py"),
    Row("connectors/chat/__init__.py"),
    Row("connectors/chat/bodies.py", others=("starlette",)),
    Row("connectors/chat/moments.py"),
    # storage/
    Row("storage/__init__.py"),
    Row("storage/models/*.py", ours=("bot.core", "storage.models", "storage.types"), others=("sqlalchemy",)),
    Row(
        "storage/queries/*.py",
        ours=(
            "bot.core",
            "storage.lists",
            "storage.models",
            "storage.prepared",
            "storage.queries",
            "storage.tables",
            "storage.types",
        ),
        others=("sqlalchemy",),
    ),
    Row(
        "storage/migrations/*.py",
        ours=("bot.core", "storage.engine", "storage.models", "storage.types"),
        others=("sqlalchemy", "alembic"),
    ),
    Row("storage/types.py", ours=("bot.core",), others=("sqlalchemy",)),
    Row("storage/vault.py", others=("cryptography",)),
    Row("storage/*.py", ours=("bot.core", "storage"), others=("sqlalchemy",)),
    # playground/: nothing of ours
    Row(
        "playground/teams/*.py",
        ours=("playground",),
        others=("starlette", "uvicorn", "aiohttp", "yaml", "jwt", "cryptography"),
    ),
    Row("playground/*.py", ours=("playground",), others=("starlette", "uvicorn", "websockets", "aiohttp", "yaml")),
)


def find_row(path: str) -> Row | None:
    """Return the first row whose pattern fits the path, or None."""
    return next((row for row in TABLE if fnmatch(path, row.pattern)), None)


def is_module(dotted: str) -> bool:
    """Tell whether `dotted` is a module or package of ours."""
    path = ROOT.joinpath(*dotted.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported(node: ast.stmt) -> Iterator[str]:
    """Yield the modules that an import statement names: `from bot.core import points` is `bot.core.points`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if node.module.split(".")[0] in ROOMS and is_module(inner) else node.module


def is_below(module: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether `module` is one of the allowed ones or lies below one."""
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


def forbidden_imports(path: str, tree: ast.AST) -> list[str]:
    """Return "path:line: module" for each import that the file's row does not allow; a file without a row is one."""
    row = find_row(path)
    if row is None:
        return [f"{path}: no row of the table fits; where does it belong?"]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append(f"{path}:{node.lineno}: a relative import")
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for module in imported(node):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or is_below(module, row.ours if top in ROOMS else row.others):
                continue
            found.append(f"{path}:{node.lineno}: {module} (allowed: {', '.join(row.ours + row.others) or 'nothing'})")
    return found


@pytest.mark.parametrize("path", list_paths())
def test_a_file_imports_only_what_its_room_may(path: str) -> None:
    assert forbidden_imports(path, read_source(path).tree) == []


def sample_path(row: Row) -> str:
    """Return a path that fits the row and no row above it."""
    return row.pattern.replace("*", "planted_file")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.pattern)
@pytest.mark.parametrize("planted", ["import httpx", "def f():\n    from feedparser import parse"])
def test_a_planted_import_of_others_breaks_every_row(row: Row, planted: str) -> None:
    assert find_row(sample_path(row)) is row
    assert forbidden_imports(sample_path(row), ast.parse(planted))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.pattern)
def test_a_planted_import_of_ours_breaks_every_row(row: Row) -> None:
    foreign = "bot.core" if row.pattern.startswith("playground/") else "playground"
    for planted in (f"import {foreign}", f"from {foreign} import anything", "from . import anything"):
        assert len(forbidden_imports(sample_path(row), ast.parse(planted))) == 1, planted


BROKEN = (
    ("bot/core/points.py", "from storage.models import Share"),
    ("bot/core/points.py", "import sqlalchemy"),
    ("bot/core/points.py", "import regex"),
    ("bot/dispatch.py", "from connectors.chat.slack import render"),
    ("bot/dispatch.py", "from handlers.share import share_post"),
    ("bot/worker.py", "import connectors.http"),
    ("bot/scheduler.py", "from bot.app import JOBS"),
    ("bot/web/app.py", "from storage.queries import shares"),
    ("bot/web/app.py", "import connectors"),
    ("bot/web/go.py", "from storage.models import Share"),
    ("bot/web/redirect.py", "from handlers.share import share_post"),
    ("bot/config.py", "from bot.i18n.translator import Translator"),
    ("bot/i18n/translator.py", "from bot.config import Config"),
    ("handlers/share.py", "from connectors.chat.slack import render"),
    ("handlers/share.py", "from handlers.suggest import suggest_post"),
    ("handlers/share.py", "from handlers import suggest"),
    ("handlers/share.py", "from sqlalchemy import select"),
    ("handlers/share.py", "from bot.config import Config"),
    ("handlers/context.py", "import handlers.share"),
    ("handlers/cards/post.py", "from storage.queries import shares"),
    ("connectors/chat/slack/render.py", "from handlers.context import Context"),
    ("connectors/chat/slack/render.py", "import storage"),
    ("connectors/chat/slack/render.py", "from connectors.social import composer"),
    ("connectors/social/composer.py", "import connectors.chat.slack.render"),
    ("connectors/social/mastodon.py", "import slack_sdk"),
    ("connectors/http.py", "from bot.config import Config"),
    ("storage/engine.py", "from bot.config import Config"),
    ("storage/models/shares.py", "from storage.queries import shares"),
    ("storage/queries/shares.py", "from handlers.context import Context"),
    ("playground/server.py", "import slack_sdk"),
    ("playground/server.py", "from connectors.chat.slack import limits"),
    ("bot/helpers/strings.py", "import re"),
)


@pytest.mark.parametrize(("path", "planted"), BROKEN)
def test_a_planted_violation_is_found(path: str, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "is_module", lambda dotted: dotted == "handlers.suggest")
    assert len(forbidden_imports(path, ast.parse(planted))) == 1


def test_what_the_table_allows_is_not_reported() -> None:
    fine = (
        ("handlers/share.py", "from sqlalchemy.ext.asyncio import AsyncSession\nfrom storage.queries import shares"),
        ("handlers/share.py", "from bot.core import sharing\nfrom handlers.cards.post import post_card"),
        ("bot/core/texts.py", "import regex\nimport dataclasses"),
        ("connectors/http.py", "import aiohttp\nfrom bot.core.errors import TryLater"),
    )
    assert [forbidden_imports(path, ast.parse(text)) for path, text in fine] == [[]] * len(fine)


def test_the_command_line_loads_only_typer_before_it_is_needed() -> None:
    if not (ROOT / "bot/cli.py").exists():
        pytest.skip("bot/cli.py is not there yet")
    tops = {
        module.split(".")[0]
        for node in read_source("bot/cli.py").tree.body
        for module in imported(node)
        if module.split(".")[0] not in sys.stdlib_module_names and not is_below(module, ("bot.core",))
    }
    assert tops <= {"typer"}
