"""The commands about the database as a whole: backup, hold, release, copy-database; and a start on one put back."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from bot.core.jobs import AnnounceIn
from bot.core.programme import Programme
from bot.process import hold_folder
from storage.backups import back_up
from storage.engine import Sessions, sqlite_url
from storage.fingerprints import check_in
from storage.models import Announcement
from storage.queries.jobs import Plan, add_job
from tests.bot.commands import TOKENS, Run, add_shares, ask, data, env, logging_as_before, tables, vouch
from tests.connectors.slack.conftest import slack
from tests.connectors.slack.fake_slack import FakeSlack
from tests.handlers.conftest import NOW, World, programme
from tests.house.sources import ROOT

__all__ = ["data", "env", "logging_as_before", "programme", "slack", "tables", "vouch"]

AWAY = "postgresql://vouch:geheim@127.0.0.1:9/vouch"
"""The address of a server that is not there."""


def add_open_job(data: Path) -> None:
    async def add() -> None:
        sessions = Sessions(sqlite_url(data))
        await check_in(sessions, now=NOW)
        async with sessions.begin() as session:
            await add_job(session, AnnounceIn(announcement_id=1), now=NOW)
        await sessions.close()

    asyncio.run(add())


@pytest.mark.usefixtures("tables")
def test_a_backup_is_one_file_for_its_owner_alone_and_says_what_belongs_to_it(
    vouch: Run, data: Path, tmp_path: Path
) -> None:
    (data / "secret.key").write_text("0" * 64)
    answer = vouch("backup", str(tmp_path / "copy.db"))
    assert (answer.code, answer.err) == (0, "")
    assert "as the database was a moment ago" in answer.out
    assert f"keep secret.key of {data} and config.yaml as well" in answer.out
    assert "put back, it starts held" in answer.out
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.glob("*copy*")) == ["copy.db"]


@pytest.mark.usefixtures("tables")
def test_a_backup_writes_over_nothing_and_into_no_folder_that_is_not_there(vouch: Run, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("an older backup")
    answer = vouch("backup", str(tmp_path / "copy.db"))
    assert answer.code == 2
    assert "is there already, and nothing is written over" in answer.err
    assert (tmp_path / "copy.db").read_text() == "an older backup"
    answer = vouch("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert (answer.code, "is no folder; make it first" in answer.err) == (2, True)


def test_without_a_database_no_backup_is_made(vouch: Run, data: Path, tmp_path: Path) -> None:
    answer = vouch("backup", str(tmp_path / "copy.db"))
    assert answer.code == 1
    assert "could not be copied" in answer.err
    assert not list(tmp_path.glob("*copy*"))
    assert not (data / "vouch.db").exists()


@pytest.mark.usefixtures("tables")
def test_a_damaged_database_makes_no_backup_that_looks_sound(vouch: Run, data: Path, tmp_path: Path) -> None:
    held = bytearray((data / "vouch.db").read_bytes())
    held[20_000:40_000] = b"\xff" * 20_000
    (data / "vouch.db").write_bytes(held)
    answer = vouch("backup", str(tmp_path / "copy.db"))
    assert answer.code == 1
    assert not list(tmp_path.glob("*copy*"))


def test_where_the_tool_of_postgresql_is_not_its_line_is_shown_without_the_password(vouch: Run, tmp_path: Path) -> None:
    answer = vouch("backup", str(tmp_path / "copy"), DATABASE_URL=f"{AWAY}?ssl=require", PATH="")
    assert answer.code == 1
    assert "pg_dump is not here" in answer.err
    assert "--dbname=postgresql://vouch@127.0.0.1:9/vouch?sslmode=require" in answer.err
    assert "geheim" not in answer.out + answer.err


@pytest.mark.usefixtures("tables")
def test_held_and_released_by_commands(vouch: Run, data: Path) -> None:
    assert vouch("release", "send").out == "this database is not held; nothing was changed\n"
    add_open_job(data)
    held = vouch("hold")
    assert (held.code, held.out.startswith("held: none of the open jobs (1) is sent")) == (0, True)
    assert ask(data, "SELECT state, error FROM job") == [("uncertain", "restored")]
    doctor = vouch("doctor", **TOKENS)
    assert "outbox: held since" in doctor.out
    assert "(jobs to decide on: 1)" in doctor.out
    assert vouch("release").code == 2
    assert vouch("release", "send").out.startswith("the jobs that were open (1) are on their way")
    assert ask(data, "SELECT state, error FROM job") == [("queued", "")]
    assert "outbox" not in vouch("doctor", **TOKENS).out


@pytest.mark.usefixtures("tables")
def test_a_database_is_copied_and_every_table_named(vouch: Run, data: Path, tmp_path: Path) -> None:
    add_shares(data)
    source, target = f"sqlite:///{data}/vouch.db", f"sqlite:///{tmp_path}/to.db"
    answer = vouch("copy-database", source, target)
    assert answer.code == 0
    assert "copying share: 1 rows\n" in answer.err
    assert "comparing share: 1 rows\n" in answer.err
    assert f" rows of 32 tables are in {target}, each compared and the same\n" in answer.out
    again = vouch("copy-database", source, target)
    assert (again.code, again.err) == (2, "TO: holds something already; name an empty database\n")


@pytest.mark.usefixtures("tables")
def test_a_database_on_which_vouch_runs_is_not_copied(vouch: Run, data: Path, tmp_path: Path) -> None:
    with hold_folder(data) as is_ours:
        assert is_ours
        answer = vouch("copy-database", f"sqlite:///{data}/vouch.db", f"sqlite:///{tmp_path}/to.db")
    assert answer.code == 2
    assert answer.err == f"another vouch is running on {data}; stop that one first\n"
    assert not (tmp_path / "to.db").exists()


def test_addresses_that_are_none_are_named_and_never_repeated(vouch: Run, tmp_path: Path) -> None:
    answer = vouch("copy-database", f"sqlite:///{tmp_path}/nowhere.db", "mysql://vouch:geheim@db.example/vouch")
    assert answer.code == 2
    start, then = answer.err.splitlines()
    assert start == f"FROM: '{tmp_path}/nowhere.db' is no file"
    assert then.startswith("TO: only sqlite and postgresql are supported; write one like postgresql://")
    answer = vouch("copy-database", "geheim", "postgresql://vouch:geheim@db.example/vouch?geheim=1")
    assert "TO: has an unknown option after its ?; known are host, " in answer.err
    assert "geheim" not in answer.err
    answer = vouch("copy-database", "geheim", "postgresql://vouch:geheim@db.example")
    assert answer.code == 2
    assert "FROM: is no database's address" in answer.err
    assert "TO: names no database" in answer.err
    assert "geheim" not in answer.err


@pytest.mark.usefixtures("tables")
def test_a_server_that_is_away_is_said_without_its_password(vouch: Run, data: Path) -> None:
    answer = vouch("copy-database", f"sqlite:///{data}/vouch.db", AWAY)
    assert answer.code == 1
    assert answer.err.startswith("TO: the database does not answer (")
    assert "geheim" not in answer.out + answer.err


def test_a_file_that_is_no_database_is_said_and_nothing_is_made(vouch: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database, whatever it is called")
    answer = vouch("copy-database", f"sqlite:///{tmp_path}/notes.txt", f"sqlite:///{tmp_path}/to.db")
    assert (answer.code, answer.err) == (2, "FROM: is no database, or a damaged one\n")
    assert not (tmp_path / "to.db").exists()


async def test_a_process_that_starts_on_a_backup_says_so_and_sends_nothing(
    env: Mapping[str, str], tables: None, data: Path, programme: Programme, slack: FakeSlack
) -> None:
    world = World(sessions=Sessions(sqlite_url(data)), programme=programme)
    await check_in(world.sessions, now=NOW)
    post = await world.add_post()
    async with world.sessions.begin() as session:
        session.add(placed := Announcement(post_id=post.id, channel_ref="C1"))
        await session.flush()
        await add_job(session, AnnounceIn(announcement_id=placed.id), now=NOW, plan=Plan(lane="C1"))
    await world.sessions.close()
    await asyncio.to_thread(back_up, data / "vouch.db", data / "copy.db", now=NOW)
    (data / "copy.db").replace(data / "vouch.db")
    async with aiohttp.ClientSession() as http:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        told = {**env, **TOKENS, "SLACK_API_URL": f"{slack.url}/api/", "VOUCH_PORT": str(port), "VOUCH_LOG": "plain"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=ROOT, env=told, stderr=asyncio.subprocess.PIPE
        )
        try:
            said = await _until_ready(process)
            ready = json.loads(await _asked(http, f"http://127.0.0.1:{port}/readyz"))
            counts = await _asked(http, f"http://127.0.0.1:{port}/metrics")
        finally:
            process.send_signal(signal.SIGTERM)
            await process.communicate()
    assert ready["ready"]
    assert "(jobs to decide on: 1)" in ready["checks"]["outbox"]
    assert "none of the open jobs in it (1) is sent" in said
    assert {"vouch_held 1.0", "vouch_jobs_due 0.0", "vouch_jobs_uncertain 1.0"} <= set(counts.splitlines())
    assert slack.asked("chat.postMessage") == []


async def _until_ready(process: asyncio.subprocess.Process) -> str:
    """Return what a process says until it is ready."""
    said, stream = "", process.stderr
    assert stream is not None
    async with asyncio.timeout(60):
        while "ready on" not in said:
            line = (await stream.readline()).decode()
            assert line, said
            said += line
    return said


async def _asked(http: aiohttp.ClientSession, url: str) -> str:
    """Return what is answered, once somebody listens."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with http.get(url) as response:
                    return await response.text()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)
