"""`vouch doctor`: every finding about an installation, printed."""

from collections.abc import Sequence

import aiohttp
from rich.console import Console
from rich.markup import escape

from bot.database import database_url
from bot.doctor import Finding, Level, Patient, PlatformCheck, examine
from bot.environment import Environment
from bot.installation import read_installation
from bot.operate.database import answer_from_database
from bot.operate.networks_check import check_networks
from connectors.http import new_session
from storage.engine import Sessions

FETCH_SECONDS = 10
MARKS = {Level.GOOD: "[green]✓[/green]", Level.WARNING: "[yellow]![/yellow]", Level.WRONG: "[red]✗[/red]"}


def print_findings() -> int:
    """Print every finding; 1 if something is wrong."""
    return answer_from_database(_examine)


async def _examine() -> int:
    environment, config, programme = read_installation()
    sessions = Sessions(database_url(environment))
    async with new_session() as http:
        patient = Patient(
            environment=environment,
            programme=programme,
            sessions=sessions,
            platforms=platforms_of(environment, sessions, http),
            fetch=lambda url: _status(http, url),
        )
        found = [*await examine(patient), *await check_networks(environment, config, programme, sessions)]
    await sessions.close()
    _print(found)
    return int(any(one.level is Level.WRONG for one in found))


def platforms_of(environment: Environment, sessions: Sessions, http: aiohttp.ClientSession) -> list[PlatformCheck]:
    """Return the platforms of which enough is set to ask them."""
    found = []
    if environment.slack_bot_token:
        from bot.operate.slack_check import slack_check

        found.append(slack_check(environment, http))
    if environment.has_teams:
        from bot.operate.teams_check import teams_check

        found.append(teams_check(environment, sessions, http))
    return found


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
