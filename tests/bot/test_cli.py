"""The command line, as an operator meets it.

What a command says and ends with is asked in this process. What only a process shows (that it starts, that each
command finds what it needs by itself, its exit code, its streams, another process beside it) is asked of one:
`python -m bot …`.
"""

import csv
import hashlib
import json
import re
import socket
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.environment import secret_of
from bot.process import hold_folder
from connectors.chat.slack.manifest import SCOPES
from connectors.chat.teams.package import MAX_MENU_DESCRIPTION
from storage.migrations import HEAD
from storage.types import keyed_hash
from tests.bot.commands import (
    CONFIG,
    TOKENS,
    Run,
    add_shares,
    ask,
    data,
    env,
    logging_as_before,
    process,
    tables,
    vouch,
)

__all__ = ["data", "env", "logging_as_before", "process", "tables", "vouch"]

COMMANDS = ("run", "migrate", "doctor", "admin-code", "export", "manifest", "package", "keys")
ON_THE_DATABASE = ("backup", "hold", "release", "copy-database")
APP_ID = "7d0f5b52-5f8e-4d1c-9a53-0f3b6f2c9a11"
TEAMS_APP = {"TEAMS_APP_ID": APP_ID, "PUBLIC_URL": "https://vouch.example.com"}


def test_help_names_every_command(process: Run) -> None:
    answer = process("--help")
    assert answer.code == 0
    assert all(command in answer.out for command in (*COMMANDS, *ON_THE_DATABASE))


def test_an_unknown_command_is_refused_and_the_nearest_named(vouch: Run) -> None:
    answer = vouch("migrat")
    assert answer.code == 2
    assert "migrate" in answer.err


def test_migrate_makes_the_tables_and_a_second_time_changes_nothing(process: Run, vouch: Run, data: Path) -> None:
    first = process("migrate")
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
        connection.execute("UPDATE installation SET reads_from = '9999'")
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


@pytest.mark.usefixtures("tables")
def test_export_writes_totals_as_csv_without_a_person(process: Run, data: Path) -> None:
    add_shares(data)
    answer = process("export", PYTHONIOENCODING="ascii")  # as where nothing says what the terminal takes
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


def test_the_teams_package_is_written_where_one_is_and_says_what_is_next(vouch: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("company: {name: Brightwater, policy_url: 'https://brightwater.example/p'}\n")
    answer = vouch("package", "teams", folder=tmp_path, **TEAMS_APP)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(
        "vouch-teams.zip holds the Teams app: version 1.0.0, manifest 1.25.\nUpload it in the Teams"
    )
    with zipfile.ZipFile(tmp_path / "vouch-teams.zip") as archive:
        assert sorted(archive.namelist()) == ["color.png", "manifest.json", "nl.json", "outline.png"]
        told, dutch = json.loads(archive.read("manifest.json")), json.loads(archive.read("nl.json"))
    assert (told["id"], told["version"], told["validDomains"]) == (APP_ID, "1.0.0", ["vouch.example.com"])
    assert told["developer"]["name"] == "Brightwater"
    assert told["developer"]["privacyUrl"] == "https://brightwater.example/p"
    menu = {one["title"]: one["description"] for one in told["bots"][0]["commandLists"][0]["commands"]}
    assert menu["suggest"] == "<link> [why]: suggest something worth sharing"
    assert menu["me"] == "what your own shares brought; only you see it"
    assert dutch["bots[0].commandLists[0].commands[0].description"].startswith("<link> [waarom]: ")
    said = [*menu.values(), *(text for place, text in dutch.items() if "commandLists" in place)]
    assert max(map(len, said)) <= MAX_MENU_DESCRIPTION


def test_the_teams_package_with_slash_commands_says_what_else_to_set(vouch: Run, tmp_path: Path) -> None:
    output = tmp_path / "with-slash.zip"
    answer = vouch("package", "teams", "--slash", "--app-version", "1.4.0", "--output", str(output), **TEAMS_APP)
    assert answer.code == 0
    assert answer.out.startswith(f"{output} holds the Teams app: version 1.4.0, manifest 1.29.\n")
    assert "TEAMS_TARGETED is not set, so what is asked by a slash is answered in the personal chat" in answer.err
    assert "company.policy_url in config.yaml is not set to an https address" in answer.err
    with zipfile.ZipFile(output) as archive:
        told = json.loads(archive.read("manifest.json"))
    assert (told["manifestVersion"], told["version"]) == ("1.29", "1.4.0")
    assert told["bots"][0]["supportsTargetedMessages"] is True
    assert told["developer"]["privacyUrl"] == "https://vouch.example.com"


def test_the_teams_package_names_everything_that_keeps_it_from_being_written(vouch: Run, tmp_path: Path) -> None:
    answer = vouch("package", "teams", "--app-version", "1.0", folder=tmp_path, PUBLIC_URL="http://vouch.example.com")
    assert (answer.code, answer.out) == (2, "")
    app, address, version = answer.err.splitlines()
    assert app.startswith("TEAMS_APP_ID is not set; the package must name your Azure Bot")
    assert address.startswith("PUBLIC_URL: 'http://vouch.example.com' is not https; Teams needs an address")
    assert version == "--app-version: '1.0' is no version; write three numbers, such as 1.0.1"
    assert list(tmp_path.glob("*.zip")) == []


def test_a_teams_package_that_cannot_be_written_says_so(vouch: Run, tmp_path: Path) -> None:
    answer = vouch("package", "teams", "--output", str(tmp_path), **TEAMS_APP)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith(f"--output: {str(tmp_path)!r} cannot be written to (Is a directory)\n")


def test_run_without_tokens_names_everything_that_is_missing(process: Run) -> None:
    answer = process("run")
    assert answer.code == 2
    platform, address = answer.err.splitlines()
    assert platform.startswith("no platform is set; for Slack set SLACK_BOT_TOKEN")
    assert "for Teams set TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID" in platform
    assert address.startswith("PUBLIC_URL is not set")


def test_run_refuses_a_teams_without_app_id_also_beside_slack(vouch: Run) -> None:
    answer = vouch("run", **TOKENS, TEAMS_APP_PASSWORD="very-secret", TEAMS_TENANT_ID=APP_ID)  # noqa: S106 - made up
    assert answer.code == 2
    assert answer.err.startswith("TEAMS_APP_ID is not set; it is the app id of your Azure Bot")
    assert len(answer.err.splitlines()) == 1
    assert "very-secret" not in answer.err


def test_run_by_an_api_wants_the_app_that_it_needs(vouch: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"{CONFIG}networks: {{linkedin: {{mode: api}}, mastodon: {{mode: api}}}}\n")
    answer = vouch("run", **TOKENS)
    assert answer.code == 2
    names = [line.partition(" is not set")[0] for line in answer.err.splitlines()]
    assert names == ["LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET"]
    assert "or write mode: composer (docs/connectors/linkedin.md)" in answer.err


def test_run_with_keys_that_are_damaged_leaves_them_alone(vouch: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"{CONFIG}networks: {{mastodon: {{mode: api}}}}\n")
    data.mkdir()
    (data / "tokens.keys").write_text("half a k")
    answer = vouch("run", **TOKENS)
    assert answer.code == 2
    assert "holds no keys that can be used; put it back from a backup" in answer.err
    assert "half a k" not in answer.err
    assert (data / "tokens.keys").read_text() == "half a k"


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
def test_a_second_process_on_the_same_data_folder_is_refused(process: Run, data: Path) -> None:
    with hold_folder(data) as is_ours:
        assert is_ours
        answer = process("run", **TOKENS)
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


def test_why_a_database_is_away_is_said_in_words(vouch: Run) -> None:
    answer = vouch("migrate", DATABASE_URL="postgresql://vouch:geheim@127.0.0.1:1/vouch", **TOKENS)
    assert answer.err == (
        "the database does not answer (nothing listens at that host and port); `vouch doctor` says more\n"
    )


def test_doctor_says_what_is_wrong_and_ends_with_1(process: Run) -> None:
    answer = process("doctor", **TOKENS)
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


@pytest.mark.parametrize("words", [["--web"], ["--worker"]])
def test_one_process_alone_has_a_sqlite_database(vouch: Run, words: list[str]) -> None:
    answer = vouch("run", *words, **TOKENS)
    assert answer.code == 2
    assert answer.err.startswith(
        f"vouch run {words[0]}: SQLite is for one process that does everything; leave {words[0]}"
    )


def test_a_port_that_is_taken_is_said_so(vouch: Run, tables: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = vouch("run", "--web", "--worker", VOUCH_PORT=port, **TOKENS)
    assert answer.code == 2
    assert "VOUCH_HOST, VOUCH_PORT: another program listens there" in answer.err
    assert "Traceback" not in answer.err
