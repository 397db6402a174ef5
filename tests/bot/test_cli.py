"""The command line, as an operator meets it: `python -m bot …` in a process of its own."""

import asyncio
import csv
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.environment import secret_of
from bot.process import hold_folder
from connectors.chat.slack.manifest import SCOPES
from storage.engine import Sessions, sqlite_url
from storage.migrations import HEAD
from storage.schema import create_schema
from storage.types import keyed_hash

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "migrate", "doctor", "admin-code", "export", "manifest")
CONFIG = """
company: {name: Brightwater}
channels: [{id: C1, name: news}]
"""
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_SIGNING_SECRET": "signing", "PUBLIC_URL": "http://127.0.0.1:9"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "data"


@pytest.fixture
def tables(data: Path) -> None:
    """The tables, as `vouch migrate` makes them, without waiting for it."""

    async def make() -> None:
        sessions = Sessions(sqlite_url(data))
        await create_schema(sessions)
        await sessions.close()

    data.mkdir()
    asyncio.run(make())


@pytest.fixture
def vouch(tmp_path: Path, data: Path) -> Run:
    """Run a command with a small configuration, its data folder, and nothing else set."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    system = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ
    }
    base = {**system, "VOUCH_CONFIG": str(config), "VOUCH_DATA": str(data), "SLACK_API_URL": "http://127.0.0.1:9/"}

    def run(*words: str, **env: str) -> Answer:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", *words],
            cwd=ROOT,
            env=base | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


def ask(data: Path, query: str) -> list[tuple[object, ...]]:
    """Return what the database in the data folder holds."""
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


def test_help_names_every_command(vouch: Run) -> None:
    answer = vouch("--help")
    assert answer.code == 0
    assert all(command in answer.out for command in COMMANDS)


def test_an_unknown_command_is_refused_and_the_nearest_named(vouch: Run) -> None:
    answer = vouch("migrat")
    assert answer.code == 2
    assert "migrate" in answer.err


def test_migrate_makes_the_tables_and_a_second_time_changes_nothing(vouch: Run, data: Path) -> None:
    first = vouch("migrate")
    assert (first.code, first.err) == (0, "the schema is current\n")
    assert ask(data, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    before = hashlib.sha256((data / "vouch.db").read_bytes()).hexdigest()
    assert vouch("migrate") == first
    assert hashlib.sha256((data / "vouch.db").read_bytes()).hexdigest() == before


@pytest.mark.parametrize("command", ["migrate", "run"])
@pytest.mark.usefixtures("tables")
def test_a_newer_schema_is_refused_and_left_alone(vouch: Run, data: Path, command: str) -> None:
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = vouch(command, **TOKENS)
    assert answer.code == 2
    assert answer.err.startswith("database: its schema is of a newer version of Vouch; run that version")
    assert "Traceback" not in answer.err
    assert ask(data, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("command", ["migrate", "run"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(vouch: Run, data: Path, command: str) -> None:
    data.mkdir()
    (data / "vouch.db").write_bytes(b"somebody else's file, which must not be lost. " * 200)
    answer = vouch(command, **TOKENS)
    assert answer.code == 2
    assert answer.err.startswith("database: it is no database or a damaged one; restore a backup")
    assert (data / "vouch.db").read_bytes().startswith(b"somebody else's file")


@pytest.mark.usefixtures("tables")
def test_an_admin_code_is_shown_once_and_kept_as_a_hash(vouch: Run, data: Path) -> None:
    answer = vouch("admin-code")
    found = re.search(r"/vouch setup ([0-9a-f]{16})\n", answer.out)
    assert answer.code == 0
    assert found is not None
    ((kept, expires),) = ask(data, "SELECT code_hash, expires_at FROM admin_code")
    assert kept == keyed_hash(secret_of(data), found[1])
    left = datetime.fromisoformat(str(expires)) - datetime.now(UTC)
    assert 13 * 60 < left.total_seconds() <= 15 * 60
    everything = b"".join(path.read_bytes() for path in data.iterdir())
    assert found[1].encode() not in everything + answer.err.encode()


def test_an_admin_code_needs_the_tables_and_says_so(vouch: Run) -> None:
    answer = vouch("admin-code")
    assert answer.code == 2
    assert answer.err == "database: its schema is empty; run `vouch migrate` first (`vouch doctor` says more)\n"


SHARED = """
    INSERT INTO member (id, platform, tenant_ref, person_ref, name, email, locale, zone, role, role_is_fixed,
                        muted_topics, joined_at)
    VALUES (1, 'slack', 'T1', 'U1', 'Ada Secret', 'ada@example.com', 'en', 'UTC', 'member', 0, '[]', NOW);
    INSERT INTO post (id, state, title, summary, link, link_key, source, picture, language, channels, topics,
                      networks, disclosure, typed, author_id, created_at, updated_at, published_at)
    VALUES (1, 'published', '=1+1, "naïve" 💧', '', 'https://example.com', '', '', '', 'en', '[]', '[]', '[]',
            '', '{}', 1, NOW, NOW, NOW);
    INSERT INTO share (id, member_id, post_id, network, state, text, disclosure, is_own_words, created_at,
                       opened_at, confirmed_at)
    VALUES (1, 1, 1, 'linkedin', 'confirmed', 'my very own words', '', 0, NOW, NOW, NOW);
"""


def add_shares(data: Path) -> None:
    """Add one published post with a title that a spreadsheet would run, shared by one member."""
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        connection.executescript(SHARED.replace("NOW", "'2026-11-20T10:00:00.000000+00:00'"))


@pytest.mark.usefixtures("tables")
def test_export_writes_totals_as_csv_without_a_person(vouch: Run, data: Path) -> None:
    add_shares(data)
    answer = vouch("export")
    (row,) = csv.DictReader(answer.out.splitlines())
    assert answer.code == 0
    assert (row["post_id"], row["network"], row["opened"], row["confirmed"]) == ("1", "linkedin", "1", "1")
    assert row["title"] == '\'=1+1, "naïve" 💧', "a spreadsheet must not take it for a formula"
    for private in ("Ada", "ada@example.com", "U1", "my very own words"):
        assert private not in answer.out


@pytest.mark.usefixtures("tables")
def test_export_writes_json_to_a_file(vouch: Run, data: Path, tmp_path: Path) -> None:
    add_shares(data)
    answer = vouch("export", "--format", "json", "--output", str(tmp_path / "totals.json"))
    (row,) = json.loads((tmp_path / "totals.json").read_text(encoding="utf-8"))
    assert (answer.code, answer.out) == (0, "")
    assert (row["title"], row["confirmed"], row["human_visits"]) == ('=1+1, "naïve" 💧', 1, 0)


@pytest.mark.usefixtures("tables")
def test_an_empty_export_still_names_its_columns(vouch: Run) -> None:
    assert vouch("export").out.startswith("post_id,title,state,published_at,network,opened,")
    assert json.loads(vouch("export", "--format", "json").out) == []


@pytest.mark.usefixtures("tables")
def test_an_export_that_cannot_be_written_says_so(vouch: Run, tmp_path: Path) -> None:
    answer = vouch("export", "--output", str(tmp_path / "nowhere" / "totals.csv"))
    assert answer.code == 2
    assert "cannot be written to" in answer.err
    assert "Traceback" not in answer.err


def test_the_manifest_is_json_with_the_installations_address(vouch: Run) -> None:
    answer = vouch("manifest", "slack", PUBLIC_URL="https://vouch.example.com/")
    told = json.loads(answer.out)
    assert (answer.code, answer.err) == (0, "")
    assert told["settings"]["event_subscriptions"]["request_url"].startswith("https://vouch.example.com/")
    assert set(told["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


def test_the_manifest_for_socket_mode_needs_no_address(vouch: Run) -> None:
    answer = vouch("manifest", "slack", "--socket-mode")
    assert answer.code == 0
    assert json.loads(answer.out)["settings"]["socket_mode_enabled"] is True
    assert "http" not in answer.out


def test_the_manifest_without_an_address_says_what_to_set(vouch: Run) -> None:
    answer = vouch("manifest", "slack")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("PUBLIC_URL is not set; Slack must know where to send requests")


def test_run_without_tokens_names_everything_that_is_missing(vouch: Run) -> None:
    answer = vouch("run")
    assert answer.code == 2
    names = [line.partition(" ")[0] for line in answer.err.splitlines()]
    assert names == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "PUBLIC_URL"]


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_wrong_configuration_is_named_line_by_line(vouch: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "config.yaml").write_text("company: {nam: x}\ntime_zone: Mars\n")
    answer = vouch(command, **TOKENS)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 3
    assert all(line.startswith("config.yaml: ") for line in answer.err.splitlines())


@pytest.mark.parametrize("command", ["run", "export"])
def test_a_data_folder_that_is_a_file_stops_every_command_kindly(vouch: Run, data: Path, command: str) -> None:
    data.write_text("I was here first")
    answer = vouch(command, **TOKENS)
    assert answer.code == 2
    assert answer.err.startswith("VOUCH_DATA: ")
    assert data.read_text() == "I was here first"


@pytest.mark.usefixtures("tables")
def test_a_second_process_on_the_same_data_folder_is_refused(vouch: Run, data: Path) -> None:
    with hold_folder(data) as is_ours:
        assert is_ours
        answer = vouch("run", **TOKENS)
    assert answer.code == 2
    assert answer.err == f"VOUCH_DATA: another vouch is running on {data}; stop that one first\n"


@pytest.mark.parametrize("command", ["run", "migrate", "export"])
def test_a_database_that_is_away_ends_every_command_with_one_line(vouch: Run, command: str) -> None:
    url = "postgresql://vouch:geheim@/vouch?host=/nowhere-at-all"
    answer = vouch(command, DATABASE_URL=url, **TOKENS)
    assert answer.code == 1
    assert answer.err.startswith("the database does not answer")
    assert "geheim" not in answer.err
    assert "Traceback" not in answer.err


def test_doctor_says_what_is_wrong_and_ends_with_1(vouch: Run) -> None:
    answer = vouch("doctor", **TOKENS)
    assert answer.code == 1
    assert "database: the schema is empty" in answer.out
    assert "→ run vouch migrate" in answer.out
    assert "token: the platform does not answer (unreachable)" in answer.out
    assert "Traceback" not in answer.err


@pytest.mark.postgres
def test_run_leaves_the_schema_of_a_shared_database_to_migrate(vouch: Run, postgres_url: str) -> None:
    answer = vouch("run", DATABASE_URL=postgres_url, **TOKENS)
    assert answer.code == 2
    assert answer.err == "database: its schema is empty; run `vouch migrate` first\n"
    assert vouch("migrate", DATABASE_URL=postgres_url).code == 0
    assert vouch("export", DATABASE_URL=postgres_url).code == 0
