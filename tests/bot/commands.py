"""The operator's commands, run in this process or in one of their own, and what they find and leave in a database."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import command_line
from storage.engine import Sessions, sqlite_url
from tests.house.sources import ROOT
from tests.tables import add_tables

CONFIG = """
company: {name: Brightwater}
channels: [{id: C1, name: news}]
"""
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_SIGNING_SECRET": "signing", "PUBLIC_URL": "http://127.0.0.1:9"}
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
        await add_tables(sessions)
        await sessions.close()

    data.mkdir()
    asyncio.run(make())


@pytest.fixture
def env(tmp_path: Path, data: Path) -> Mapping[str, str]:
    """The environment of a command: a small configuration, its data folder, and nothing else set."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    system = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ
    }
    chosen = {"VOUCH_CONFIG": str(config), "VOUCH_DATA": str(data), "SLACK_API_URL": "http://127.0.0.1:9/"}
    return {**system, **chosen, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Put back the logging of the tests, which `vouch run` sets up anew."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before


@pytest.fixture
def vouch(env: Mapping[str, str], logging_as_before: None) -> Run:
    """Run a command in this process, with that environment alone; an exception that it lets out fails the test."""

    def run(*words: str, folder: Path = ROOT, **more: str) -> Answer:
        with pytest.MonkeyPatch.context() as patch:
            for name in tuple(os.environ):
                patch.delenv(name)
            patch.chdir(folder)
            told = CliRunner(env={**env, **more}).invoke(command_line(), words, catch_exceptions=False)
        return Answer(code=told.exit_code, out=told.stdout, err=told.stderr)

    return run


@pytest.fixture
def process(env: Mapping[str, str]) -> Run:
    """Run a command in a process of its own, with that environment alone."""

    def run(*words: str, **more: str) -> Answer:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", *words],
            cwd=ROOT,
            env={**env, **more},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


def ask(data: Path, query: str) -> list[tuple[object, ...]]:
    """Return what the database in the data folder holds."""
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


def add_shares(data: Path) -> None:
    """Add one published post with a title that a spreadsheet would run, shared by one member."""
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        connection.executescript(SHARED.replace("NOW", "'2026-11-20T10:00:00.000000+00:00'"))
