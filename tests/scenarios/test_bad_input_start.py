"""Nothing starts on what is wrong: the operator reads all of it at once, and what was kept stays as it was."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.engine import Sessions, sqlite_url
from tests.scenarios.town import ROOT
from tests.tables import add_tables

TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-made-up",
    "SLACK_SIGNING_SECRET": "made-up",
    "PUBLIC_URL": "http://127.0.0.1:9",
    "SLACK_API_URL": "http://127.0.0.1:9/",
    "VOUCH_HOST": "127.0.0.1",
}
TEN_MISTAKES = """
company: {nam: x}
time_zone: Mars
languages: [xx]
topics: 1
smallest_team: 1
second_pair_of_eyes: perhaps
retention: {visits: none}
late: {board_hours: -1}
limits: {updates_a_minute: 0}
unheard_of: true
"""


def _vouch(
    data: Path, *words: str, config: Path = ROOT / "playground" / "config.yaml"
) -> subprocess.CompletedProcess[str]:
    told = {**TOKENS, "VOUCH_DATA": str(data), "VOUCH_CONFIG": str(config)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("VOUCH_", "SLACK_", "DATABASE_"))}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bot", *words], cwd=ROOT, env=kept | told, capture_output=True, text=True, timeout=60
    )


def _prints(data: Path) -> dict[str, str]:
    """Return every file of a folder with a hash of what is in it."""
    files = [data] if data.is_file() else sorted(one for one in data.rglob("*") if one.is_file())
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files if one.name != "vouch.lock"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a database in it."""
    folder = tmp_path / "data"
    folder.mkdir()

    async def make() -> None:
        sessions = Sessions(sqlite_url(folder))
        await add_tables(sessions)
        await sessions.close()

    asyncio.run(make())
    return folder


def test_ten_mistakes_are_told_at_once_and_nothing_starts(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(TEN_MISTAKES)
    before = _prints(data)
    answer = _vouch(data, "run", config=config)
    assert answer.returncode == 2
    for name in (line.partition(":")[0] for line in TEN_MISTAKES.split("\n") if line):
        assert name in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "ready on" not in answer.stderr + answer.stdout
    assert _prints(data) == before


def test_a_data_folder_that_is_a_file_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.write_text("I was here first")
    before = _prints(folder)
    for words in (["run"], ["migrate"], ["admin-code"]):
        answer = _vouch(folder, *words)
        assert answer.returncode == 2
        assert answer.stderr.startswith("VOUCH_DATA: ")
        assert "Traceback" not in answer.stderr
    assert _prints(folder) == before
