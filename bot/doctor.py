"""Every check of an installation, and what to do about each finding."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.core.errors import OutsideError, TryLater
from bot.core.jobs import RefreshRoles
from bot.core.ports import ChatSurface, Identity, Probe
from bot.core.programme import Programme
from bot.environment import Environment, is_loopback, missing_for_run
from storage.engine import AWAY, Sessions
from storage.queries import jobs
from storage.schema import SchemaState, schema_state

MOST_SKEW = timedelta(seconds=60)
ROLES_AGE = timedelta(minutes=15)
SECONDS = 10


class Level(StrEnum):
    """How a check ended."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found: `about` what, `says` how it is, `do` what to do about it ("" when all is well)."""

    level: Level
    about: str
    says: str
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is examined. `scopes` says what each scope is for; `fetch` returns the status of an address."""

    environment: Environment
    programme: Programme
    sessions: Sessions
    surface: ChatSurface
    probe: Probe
    required_scopes: Collection[str]
    scopes: Mapping[str, str]
    fetch: Callable[[str], Awaitable[int]]


async def examine(patient: Patient) -> Sequence[Finding]:
    """Run every check; one that fails does not keep the others from running."""
    found = list(check_environment(patient.environment))
    found += check_programme(patient.programme)
    database = await check_database(patient.sessions)
    found += database
    if all(one.level is not Level.WRONG for one in database):
        found += await check_roles(patient.sessions, patient.programme)
    found += await check_platform(patient)
    found += await check_public_url(patient)
    return found


def _good(about: str, says: str) -> Finding:
    return Finding(level=Level.GOOD, about=about, says=says)


def _warning(about: str, says: str, do: str) -> Finding:
    return Finding(level=Level.WARNING, about=about, says=says, do=do)


def _wrong(about: str, says: str, do: str) -> Finding:
    return Finding(level=Level.WRONG, about=about, says=says, do=do)


def check_environment(environment: Environment) -> list[Finding]:
    """Check what the environment must hold, and the proxies."""
    missing = missing_for_run(environment)
    found = [_wrong("environment", *_split(one)) for one in missing]
    if not missing:
        found.append(_good("environment", "everything that vouch run needs is set"))
    if environment.public_url and not is_loopback(environment.public_url) and not environment.trusted_proxies:
        found.append(
            _warning(
                "proxies",
                "TRUSTED_PROXIES is empty, so every visit counts as coming from whoever connects",
                "behind a proxy set TRUSTED_PROXIES to its address; without one leave it",
            )
        )
    else:
        found.append(_good("proxies", ", ".join(environment.trusted_proxies) or "none trusted"))
    return found


def _split(line: str) -> tuple[str, str]:
    says, _, do = line.partition("; ")
    return says, do


def check_programme(programme: Programme) -> list[Finding]:
    """Check that posts can go somewhere and somebody can decide."""
    found = [_good("configuration", f"{programme.company.name}, {len(programme.channels)} channels")]
    if not programme.channels:
        found.append(_wrong("configuration", "no channels", "list the channels for posts under `channels`"))
    if programme.curators_channel is None:
        found.append(
            _warning("configuration", "no curators_channel", "name one, so that suggestions appear where curators are")
        )
    sources = (programme.curators, programme.admins)
    if not any(one.ids or one.emails or one.groups for one in sources):
        found.append(
            _warning("configuration", "no curators or admins named", "name them under `roles`, or use vouch admin-code")
        )
    return found


async def check_database(sessions: Sessions) -> list[Finding]:
    """Check that the database answers and has the right schema."""
    try:
        async with asyncio.timeout(SECONDS):
            state = await schema_state(sessions)
    except (*AWAY, TimeoutError) as error:
        says = f"the database does not answer ({type(error).__name__})"
        return [_wrong("database", says, "check DATABASE_URL or the data folder, and that the server runs")]
    match state:
        case SchemaState.CURRENT:
            return [_good("database", "answers, and its schema is current")]
        case SchemaState.NEWER:
            says = "the schema is of a newer version of Vouch"
            return [_wrong("database", says, "run that newer version, or restore a backup of before the upgrade")]
        case SchemaState.DAMAGED:
            says = "what is there is no database, or a damaged one"
            return [_wrong("database", says, "restore a backup (docs/operations.md#backup-and-restore)")]
        case SchemaState.EMPTY | SchemaState.OLDER:
            return [_wrong("database", f"the schema is {state}", "run vouch migrate")]


async def check_roles(sessions: Sessions, programme: Programme) -> list[Finding]:
    """Check that roles were read lately."""
    async with sessions.reading() as session:
        last = await jobs.last_done(session, RefreshRoles)
    if last is None:
        return [_warning("roles", "not read yet", "start vouch run; roles are read within five minutes")]
    age = datetime.now(UTC) - last
    if age > ROLES_AGE:
        says = f"last read {int(age.total_seconds() // 60)} minutes ago"
        return [_warning("roles", says, "see that vouch run is running, and /vouch failures")]
    return [_good("roles", "read within the last minutes")]


async def check_platform(patient: Patient) -> list[Finding]:
    """Check token, scopes, clock, and the channels that the bot is not in."""
    try:
        identity = await patient.probe.identify()
    except TryLater as error:
        says = f"the platform does not answer ({error.code})"
        return [
            _wrong("token", says, "check that this machine reaches the platform's API (SLACK_API_URL), and try again")
        ]
    except OutsideError as error:
        says = f"the platform refuses the token ({error.code or error.key})"
        return [_wrong("token", says, "install the app again and set the new token (docs/install.md)")]
    found = [_good("token", f"valid, {identity.name}"), *_scopes(patient, identity), _clock(identity)]
    try:
        joined = set(await patient.surface.list_channels())
    except OutsideError as error:
        says = f"the bot's channels could not be listed ({error.code})"
        return [*found, _warning("channels", says, "add the scope channels:read, or try again later")]
    wanted = {one.ref: f"#{one.name}" for one in patient.programme.channels}
    if patient.programme.curators_channel:
        wanted[patient.programme.curators_channel] = "the curators' channel"
    outside = [name for ref, name in wanted.items() if ref not in joined]
    found += [_wrong("channels", f"the bot is not in {name}", "type /invite @Vouch there") for name in outside]
    if not outside:
        found.append(_good("channels", f"the bot is in all {len(wanted)}"))
    return found


def _scopes(patient: Patient, identity: Identity) -> list[Finding]:
    found = []
    for scope, purpose in patient.scopes.items():
        if scope in identity.scopes:
            continue
        make = _wrong if scope in patient.required_scopes else _warning
        found.append(make("scopes", f"{scope} is missing: {purpose}", "add it to the app and install it again"))
    return found or [_good("scopes", "all granted")]


def _clock(identity: Identity) -> Finding:
    skew = abs(datetime.now(UTC) - identity.at)
    if skew > MOST_SKEW:
        says = f"this machine is {int(skew.total_seconds())} s off"
        return _wrong("clock", says, "turn on time synchronisation; signatures older than 5 minutes are refused")
    return _good("clock", "agrees with the platform")


async def check_public_url(patient: Patient) -> list[Finding]:
    """Check that the public address leads to this installation."""
    url = patient.environment.public_url
    if url is None:
        return [_warning("public address", "none: posts carry plain links and nothing is counted", "set PUBLIC_URL")]
    found = []
    if not url.startswith("https://") and not is_loopback(url):
        found.append(_warning("public address", f"{url} is not https", "put a proxy with a certificate before Vouch"))
    try:
        status = await patient.fetch(f"{url}/healthz")
    except (OSError, TimeoutError) as error:
        says = f"{url}/healthz does not answer ({type(error).__name__})"
        return [*found, _wrong("public address", says, "start vouch run and check proxy and DNS")]
    if status != 200:
        says = f"{url}/healthz answers {status}"
        return [*found, _wrong("public address", says, "point the proxy at vouch run (VOUCH_HOST, VOUCH_PORT)")]
    return [*found, _good("public address", url)]
