"""What the operator's commands do besides running: migrate, doctor, admin-code, export, manifest, package."""

import asyncio
import csv
import dataclasses
import io
import json
import re
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from bot.addresses import StoredAddresses
from bot.clock import WallClock
from bot.config import ConfigError
from bot.core.commands import COMMANDS, Command
from bot.core.errors import NOT_REACHED, TryLater
from bot.core.programme import Programme
from bot.doctor import Advice, Finding, Level, Patient, PlatformCheck, examine
from bot.environment import Environment, missing_for_package, read_environment, secret_of
from bot.i18n.translator import Words, languages, words_for
from bot.installation import UNUSABLE, database_url, read_installation
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES, manifest
from connectors.chat.slack.probe import SlackProbe
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.workspace import Workspace
from connectors.chat.teams.package import BASE, MENU, WITH_SLASH, App, package
from connectors.http import new_session
from storage.engine import AWAY, Sessions
from storage.queries.reports import PostTotals, list_post_totals
from storage.queries.roles import add_admin_code
from storage.schema import SchemaState, schema_state
from storage.types import keyed_hash

CODE_LASTS = timedelta(minutes=15)
FETCH_SECONDS = 10
APP_VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", re.ASCII)
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
        patient = Patient(
            environment=environment,
            programme=programme,
            sessions=sessions,
            platforms=platforms_of(environment, sessions, http),
            fetch=lambda url: _status(http, url),
        )
        found = await examine(patient)
    await sessions.close()
    _print(found)
    return int(any(one.level is Level.WRONG for one in found))


def platforms_of(environment: Environment, sessions: Sessions, http: aiohttp.ClientSession) -> list[PlatformCheck]:
    """Return the platforms of which enough is set to ask them."""
    found = []
    if environment.slack_bot_token:
        found.append(_slack(environment, http))
    if environment.has_teams:
        found.append(_teams(environment, sessions, http))
    return found


def _slack(environment: Environment, http: aiohttp.ClientSession) -> PlatformCheck:
    client = new_client(environment.slack_bot_token, session=http, api_url=environment.slack_api_url)
    advice = Advice(
        away="check that this machine reaches the platform's API (SLACK_API_URL), and try again",
        refused="install the app again and set the new token (docs/install.md)",
        hidden="add the scope channels:read, or try again later",
        outside="type /invite @Vouch there",
    )
    return PlatformCheck(
        name="Slack",
        surface=SlackSurface(client, workspace=Workspace(client)),
        probe=SlackProbe(client),
        advice=advice,
        required_scopes=REQUIRED_SCOPES,
        scopes=SCOPES,
    )


def _teams(environment: Environment, sessions: Sessions, http: aiohttp.ClientSession) -> PlatformCheck:
    from bot.chat.teams import TeamsChat, admission_of, credentials_of
    from connectors.chat.teams.addresses import Addresses
    from connectors.chat.teams.probe import TeamsProbe
    from connectors.chat.teams.tokens import KeyCache, issuer_at
    from connectors.chat.teams.webhook import PATH

    teams, clock = environment.teams, WallClock()
    book = StoredAddresses(sessions, platform="teams", clock=clock)
    addresses = Addresses(book, may_call=admission_of(teams).trusts)
    credentials = credentials_of(teams, http)
    advice = Advice(
        proof="TEAMS_APP_ID, TEAMS_APP_PASSWORD or TEAMS_TENANT_ID",
        away="check that this machine reaches TEAMS_LOGIN_URL and TEAMS_OPENID_URL, and try again",
        refused="compare them with the Azure Bot; a client secret ends by itself, then make a new one (docs/teams.md)",
        hidden="try again later",
        outside="add the app to the team that the channel is in (docs/teams.md#install)",
        unreached="install the app, and write help to Vouch (docs/teams.md#install)",
    )
    return PlatformCheck(
        name="Teams",
        surface=TeamsChat(environment, sessions=sessions, clock=clock, http=http).surface,
        probe=TeamsProbe(credentials) if credentials else None,
        advice=advice,
        has_keys=KeyCache(http, issuer=issuer_at(teams.openid_url)).warm if credentials else None,
        is_reached=lambda: _is_told(addresses.service_url()),
        path=PATH,
        has_book=True,
    )


async def _is_told(address: Awaitable[str]) -> bool:
    try:
        await address
    except TryLater as error:
        if error.code != NOT_REACHED:
            raise
        return False
    return True


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
    await _write(output, text.encode())
    return 0


async def _write(output: Path, content: bytes) -> None:
    try:
        await asyncio.to_thread(output.write_bytes, content)
    except OSError as error:
        raise ConfigError([f"--output: {str(output)!r} cannot be written to ({error.strerror})"]) from error


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


def write_teams_package(output: Path, *, version: str, has_slash: bool) -> int:
    """Write the Teams app's package for this installation, and say what to do with it."""
    return _answer(lambda: _package(output, version=version, has_slash=has_slash))


async def _package(output: Path, *, version: str, has_slash: bool) -> int:
    environment, _, programme = read_installation()
    problems = missing_for_package(environment)
    if not APP_VERSION.fullmatch(version):
        problems.append(f"--app-version: {version!r} is no version; write three numbers, such as 1.0.1")
    if problems:
        raise ConfigError(problems)
    await _write(output, package(_app(environment, programme, version=version), has_slash=has_slash))
    if has_slash and not environment.teams.is_targeted:
        sys.stderr.write("TEAMS_TARGETED is not set, so what is asked by a slash is answered in the personal chat\n")
    sys.stdout.write(
        f"{output} holds the Teams app: version {version}, manifest {WITH_SLASH if has_slash else BASE}.\n"
        "Upload it in the Teams admin center: Teams apps, Manage apps, Upload new app (docs/teams.md).\n"
        "After a change Teams takes only a higher --app-version.\n"
    )
    return 0


def _app(environment: Environment, programme: Programme, *, version: str) -> App:
    """Return the app; of the three pages that Teams asks for there is one: the company's policy, where it has a safe
    address."""
    company, url = programme.company, environment.public_url or ""
    page = company.policy_url
    if not page.startswith("https://"):
        page = url
        sys.stderr.write(
            "company.policy_url in config.yaml is not set to an https address; "
            f"in Teams the app's links to its website, privacy and terms lead to {url}\n"
        )
    return App(
        app_id=environment.teams.app_id,
        version=version,
        company=company.name,
        page=page,
        public_url=url,
        menu={one: _menu(words_for(one, "UTC")) for one in languages()},
    )


def _menu(words: Words) -> dict[str, str]:
    """Return what help says of each word of the command menu."""
    return {word: _menu_line(words, COMMANDS[word]) for word in MENU}


def _menu_line(words: Words, command: Command) -> str:
    says = words.text(f"help.word_{command.word}")
    return f"{words.text(f'help.use_{command.word}')}: {says}" if command.usage else says
