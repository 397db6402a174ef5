"""A test that has a database runs on SQLite and on PostgreSQL; the files that open SQLite by themselves say why."""

import ast
import re

from tests.house.sources import functions, list_sources, read_source

OF_SQLITE = re.compile(r"\bsqlite_url\(|\bON_SQLITE\b|sqlite(?:\+aiosqlite)?:///|\bsqlite3\.connect\(")
OF_A_DATABASE = {"database_url", "sessions", "url"}
LENT = OF_A_DATABASE | {"empty", "postgres_database_url", "postgres_databases", "postgres_server", "postgres_url"}
PLANTED = """
@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    yield Sessions(new_file(tmp_path))
"""
BY_ITSELF = {
    "tests/bot/commands.py": "the operator's commands in a data folder of their own",
    "tests/bot/test_click_rows.py": "one place of each kind",
    "tests/bot/test_cli.py": "a file that is damaged or of another version",
    "tests/bot/test_database_commands.py": "from a file to a server, and a copy of the file",
    "tests/bot/test_dispatch.py": "a lock on the whole database, and a disk that is full",
    "tests/bot/test_doctor.py": "a file that is not there yet, or cannot be opened",
    "tests/bot/test_keys.py": "the keys beside the file",
    "tests/bot/test_totals.py": "a data folder, as the command finds it",
    "tests/handlers/test_deliver_faults.py": "looks at the file past the bot, thousands of times",
    "tests/outbox/test_restored.py": "a copy of the file",
    "tests/outbox/test_scheduler.py": "a lock on the whole database",
    "tests/outbox/test_worker.py": "a lock on the whole database",
    "tests/postgres.py": "makes both kinds",
    "tests/scenarios/bad_input.py": "writes into a town's file",
    "tests/scenarios/agents_town.py": "looks into a town's file",
    "tests/scenarios/rows.py": "looks into a town's database, of either kind",
    "tests/scenarios/teams_town.py": "looks into a town's file",
    "tests/scenarios/test_bad_input_start.py": "a data folder as it was left",
    "tests/scenarios/test_bad_input_storage.py": "a lock on the whole database, and a disk that is full",
    "tests/scenarios/test_bad_input_teams_clicks.py": "a lock on the whole database",
    "tests/storage/test_copying.py": "from a file to a server",
    "tests/storage/test_engine.py": "the one writer of SQLite",
    "tests/storage/test_migrations.py": "the file as an earlier version left it",
    "tests/storage/test_prepared.py": "what SQLite is told at once",
    "tests/storage/test_restored.py": "a copy of the file",
    "tests/storage/test_visits.py": "SQLite's own word on which index it takes",
    "tests/tables.py": "makes the tables of a file",
    "tests/test_demo.py": "the demo as a newcomer starts it",
    "tests/web/conftest.py": "a lock on the whole database",
    "tests/web/test_app.py": "a database without its tables",
    "tests/web/test_away.py": "what away means on SQLite",
    "tests/web/test_connect_refused.py": "a lock on the whole database",
}
"""Files with a test, or a part of one, that is about SQLite alone."""


def test_what_runs_on_sqlite_alone_says_why() -> None:
    files = {source.path for source in list_sources("tests") if "tests/house/" not in source.path}
    found = {path for path in files if OF_SQLITE.search(read_source(path).text)}
    assert found - BY_ITSELF.keys() == set(), "take `sessions` or `database_url`, which are of both kinds, or say why"
    assert BY_ITSELF.keys() - found == set(), "no longer so"


def overridden(tree: ast.AST) -> list[str]:
    """Return the fixtures of a database that a file makes anew from none that is lent to it."""
    made = [one for one in functions(tree) if one.name in OF_A_DATABASE and one.decorator_list]
    return [one.name for one in made if not LENT & {given.arg for given in one.args.args}]


def test_no_file_has_a_database_of_its_own_in_place_of_both() -> None:
    others = [one for one in list_sources("tests") if one.path not in BY_ITSELF and "mark.postgres" not in one.text]
    assert {one.path: overridden(one.tree) for one in others if overridden(one.tree)} == {}
    assert overridden(ast.parse(PLANTED)) == ["sessions"]
