"""What the operator's commands do besides running: migrate, doctor, admin-code, export, manifest."""

import asyncio
import csv
import dataclasses
import io
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from bot.config import ConfigError
from bot.doctor import Finding, Level, Patient, examine
from bot.environment import Environment, read_environment, secret_of
from bot.installation import UNUSABLE, database_url, read_installation
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES, manifest
from connectors.chat.slack.probe import SlackProbe
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.workspace import Workspace
from connectors.http import new_session
from storage.engine import AWAY, Sessions
from storage.queries.reports import PostTotals, list_post_totals
from storage.queries.roles import add_admin_code
from storage.schema import SchemaState, schema_state
from storage.types import keyed_hash

CODE_LASTS = timedelta(minutes=15)
FETCH_SECONDS = 10
MARKS = {Level.GOOD: "[green]✓[/green]", Level.WARNING: "[yellow]![/yellow]", Level.WRONG: "[red]✗[/red]"}


def _answer(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `work`; 2 for a wrong configuration, 1 for a database that is away, each said on standard error."""
    try:
        return asyncio.run(work())
    except ConfigError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 2
    except AWAY as error:
        sys.stderr.write(f"the database does not answer ({type(error).__name__}); `vouch doctor` says more\n")
        return 1


def migrate_database() -> int:
    """Bring the schema up to date, and say so on standard error; one that no command may touch is left as it is."""
    return _answer(_migrate)


async def _migrate() -> int:
    from storage.migrations.upgrade import upgrade

    sessions = Sessions(database_url(read_environment()))
    state = await schema_state(sessions)
    if state in UNUSABLE:
        raise ConfigError([f"database: {UNUSABLE[state]}; nothing was changed"])
    await upgrade(sessions)
    await sessions.close()
    sys.stderr.write("the schema is current\n")
    return 0


def print_findings() -> int:
    """Print every finding; 1 if something is wrong."""
    return _answer(_examine)


async def _examine() -> int:
    environment, _, programme = read_installation()
    sessions = Sessions(database_url(environment))
    async with new_session() as http:
        client = new_client(environment.slack_bot_token, session=http, api_url=environment.slack_api_url)
        patient = Patient(
            environment=environment,
            programme=programme,
            sessions=sessions,
            surface=SlackSurface(client, workspace=Workspace(client)),
            probe=SlackProbe(client),
            required_scopes=REQUIRED_SCOPES,
            scopes=SCOPES,
            fetch=lambda url: _status(http, url),
        )
        found = await examine(patient)
    await sessions.close()
    _print(found)
    return int(any(one.level is Level.WRONG for one in found))


async def _status(http: aiohttp.ClientSession, url: str) -> int:
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS)) as response:
            return response.status
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from error


def _print(found: Sequence[Finding]) -> None:
    console = Console(highlight=False)
    for one in found:
        console.print(f"{MARKS[one.level]} [bold]{escape(one.about)}[/bold]: {escape(one.says)}", soft_wrap=True)
        if one.do:
            console.print(f"  → {escape(one.do)}", soft_wrap=True)


def print_admin_code() -> int:
    """Print a new one-time code; only its hash is kept."""
    return _answer(_add_code)


@asynccontextmanager
async def _database(environment: Environment) -> AsyncIterator[Sessions]:
    """Open the database; raises `ConfigError` if its schema is not this version's."""
    sessions = Sessions(database_url(environment))
    try:
        state = await schema_state(sessions)
        if state is not SchemaState.CURRENT:
            raise ConfigError(
                [f"database: its schema is {state}; run `vouch migrate` first (`vouch doctor` says more)"]
            )
        yield sessions
    finally:
        await sessions.close()


async def _add_code() -> int:
    environment = read_environment()
    code = secrets.token_hex(8)
    async with _database(environment) as sessions, sessions.begin() as session:
        hashed = keyed_hash(secret_of(environment.data), code)
        await add_admin_code(session, code_hash=hashed, expires_at=datetime.now(UTC) + CODE_LASTS)
    sys.stdout.write(f"Within 15 minutes, type this to Vouch in your chat:\n\n  /vouch setup {code}\n")
    return 0


def write_export(style: str, output: Path | None) -> int:
    """Write the totals of every post and network; no person is in them."""
    return _answer(lambda: _export(style, output))


async def _export(style: str, output: Path | None) -> int:
    async with _database(read_environment()) as sessions, sessions.reading() as session:
        rows = [dataclasses.asdict(one) for one in await list_post_totals(session)]
    text = json.dumps(rows, indent=2, default=str, ensure_ascii=False) if style == "json" else _csv(rows)
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        await asyncio.to_thread(output.write_text, text, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"--output: {str(output)!r} cannot be written to ({error.strerror})"]) from error
    return 0


def _csv(rows: Sequence[dict[str, object]]) -> str:
    held = io.StringIO()
    names = [one.name for one in dataclasses.fields(PostTotals)]
    writer = csv.DictWriter(held, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return held.getvalue()


def _cell(value: object) -> object:
    """Keep a spreadsheet from reading somebody's title as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def print_slack_manifest(*, is_socket_mode: bool) -> int:
    """Print the Slack app's manifest for this installation's address."""

    async def work() -> int:
        public_url = read_environment().public_url
        if public_url is None and not is_socket_mode:
            raise ConfigError(["PUBLIC_URL is not set; Slack must know where to send requests (docs/install.md)"])
        sys.stdout.write(json.dumps(manifest(public_url or "", is_socket_mode=is_socket_mode), indent=2) + "\n")
        return 0

    return _answer(work)
