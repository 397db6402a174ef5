"""Every check of an installation, and what to do about each finding."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.core.errors import OutsideError, TryLater
from bot.core.jobs import RefreshRoles
from bot.core.ports import ChatSurface, Identity, Probe
from bot.core.programme import Programme
from bot.database import why_away
from bot.environment import Environment, is_loopback, missing_for_run
from storage.engine import AWAY, Sessions
from storage.queries import jobs
from storage.queries.installation import find_holding
from storage.schema import SchemaState, schema_state

MOST_SKEW = timedelta(seconds=60)
ROLES_AGE = timedelta(minutes=15)
SECONDS = 10
NOT_ALLOWED = 405  # how an address that takes only what is sent to it answers to a look


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
class Advice:
    """What to do about a platform, in its own words.

    `away`: it does not answer. `refused`: it does not take `proof`, which shows it who we are. `unreached`: it is not
    known where to send. `hidden`: it does not tell the bot's channels. `outside`: the bot is not in a channel.
    """

    away: str
    refused: str
    hidden: str
    outside: str
    unreached: str = ""
    proof: str = "the token"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCheck:
    """One platform as it is examined.

    `probe` asks who we are; `None` in a development mode that shows nobody anything. `scopes` says what each scope is
    for. `has_keys` says whether what requests are signed with could be read, `is_reached` whether it is known where to
    send. `path` is where the platform calls us, if it does that at one address of ours. `has_book`: where to send is
    remembered in the database.
    """

    name: str
    surface: ChatSurface
    probe: Probe | None
    advice: Advice
    required_scopes: Collection[str] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    has_keys: Callable[[], Awaitable[bool]] | None = None
    is_reached: Callable[[], Awaitable[bool]] | None = None
    path: str = ""
    has_book: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is examined. `fetch` returns the status of an address."""

    environment: Environment
    programme: Programme
    sessions: Sessions
    platforms: Sequence[PlatformCheck]
    fetch: Callable[[str], Awaitable[int]]


async def examine(patient: Patient) -> Sequence[Finding]:
    """Run every check; one that fails does not keep the others from running.

    Where there are two platforms, each finding about one begins with its name.
    """
    found = list(check_environment(patient.environment))
    found += check_programme(patient.programme)
    found += check_references(patient.programme, patient.platforms)
    database = await check_database(patient.sessions)
    found += database
    is_sound = all(one.level is not Level.WRONG for one in database)
    if is_sound:
        found += await check_held(patient.sessions)
        found += await check_roles(patient.sessions, patient.programme)
    for platform in patient.platforms:
        told = await check_platform(platform, patient.programme, is_sound=is_sound)
        found += _named(platform, told, patient.platforms)
    found += await check_public_url(patient)
    for platform in patient.platforms:
        found += _named(platform, await check_path(platform, patient), patient.platforms)
    return found


def _named(platform: PlatformCheck, found: Iterable[Finding], platforms: Sequence[PlatformCheck]) -> list[Finding]:
    """Return the findings with the platform's name before them, if there is another to be told from."""
    before = f"{platform.name}: " if len(platforms) > 1 else ""
    return [replace(one, about=f"{before}{one.about}") for one in found]


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
    if environment.teams.is_anonymous:
        found.append(
            _warning(
                "environment",
                "TEAMS_ANONYMOUS is on: every program on this machine may speak for anybody",
                "use it for development alone; take it out where real people are",
            )
        )
    if environment.teams.is_targeted:
        found.append(
            _warning(
                "environment",
                "TEAMS_TARGETED is on, a preview of Teams: where it is ignored, a whole channel sees private answers",
                "say help in a channel and let a colleague look there; take it out if they see the answer",
            )
        )
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
        says = f"the database does not answer ({why_away(error)})"
        return [_wrong("database", says, "check DATABASE_URL or the data folder, and that the server runs")]
    match state:
        case SchemaState.CURRENT:
            return [_good("database", "answers, and its schema is current")]
        case SchemaState.AHEAD:
            return [_good("database", "answers; its schema is of a newer version, which this one can live with")]
        case SchemaState.NEWER:
            says = "the schema is of a newer version of Vouch"
            return [_wrong("database", says, "run that newer version, or restore a backup of before the upgrade")]
        case SchemaState.COPYING:
            return [_wrong("database", "a copy into it was cut short", "run the same vouch copy-database again")]
        case SchemaState.DAMAGED:
            says = "what is there is no database, or a damaged one"
            return [_wrong("database", says, "restore a backup (docs/operations.md#backup-and-restore)")]
        case SchemaState.EMPTY | SchemaState.OLDER:
            return [_wrong("database", f"the schema is {state}", "run vouch migrate")]


async def check_held(sessions: Sessions) -> list[Finding]:
    """Check that nobody has to decide first what of a restored database is sent."""
    async with sessions.reading() as session:
        found = await find_holding(session)
    if found.since is None:
        return []
    says = f"held since {found.since:%Y-%m-%d %H:%M} UTC: it was put back (jobs to decide on: {found.waiting})"
    return [_warning("outbox", says, "see /vouch failures, or vouch release (docs/operations.md#a-restored-database)")]


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


def check_references(programme: Programme, platforms: Sequence[PlatformCheck]) -> list[Finding]:
    """Check that every id of the configuration is one of a platform that is set up."""
    names = " or ".join(one.name for one in platforms)
    return [
        _wrong(
            "configuration",
            f"{place}: {ref!r} is no id of {names}, so nothing can be sent or read there",
            "copy it anew (docs/configuration.md#channels, docs/teams.md#channels), or set up the platform it is of",
        )
        for place, ref in _references(programme)
        if platforms and not any(one.surface.knows(ref) for one in platforms)
    ]


def _references(programme: Programme) -> Iterator[tuple[str, str]]:
    """Yield each id of the configuration, with where it stands."""
    for channel in programme.channels:
        yield f"channels, #{channel.name}", channel.ref
    if programme.curators_channel:
        yield "curators_channel", programme.curators_channel
    for role, source in (("curators", programme.curators), ("admins", programme.admins)):
        yield from ((f"roles.{role}", ref) for ref in (*source.ids, *source.groups))
    for crew in programme.crews:
        yield from ((f"teams, {crew.name}", ref) for ref in (*crew.ids, *((crew.group,) if crew.group else ())))


async def check_platform(platform: PlatformCheck, programme: Programme, *, is_sound: bool) -> list[Finding]:
    """Check who we are there, scopes, clock and keys, and the channels that the bot is not in.

    `is_sound`: the database can be asked where a platform is reached.
    """
    found = []
    if platform.probe is not None:
        found += await _identity(platform, platform.probe)
    if platform.has_keys is not None:
        found.append(await _keys(platform, platform.has_keys))
    if any(one.level is Level.WRONG and one.about == "token" for one in found):
        return found
    if platform.has_book and not is_sound:
        says = "not asked for: the database, which knows where they are, must be mended first"
        return [*found, _warning("channels", says, "see above")]
    return [*found, *await _channels(platform, programme)]


async def _identity(platform: PlatformCheck, probe: Probe) -> list[Finding]:
    try:
        identity = await probe.identify()
    except TryLater as error:
        return [_wrong("token", f"the platform does not answer ({error.code})", platform.advice.away)]
    except OutsideError as error:
        says = f"the platform refuses {platform.advice.proof} ({error.code or error.key})"
        return [_wrong("token", says, platform.advice.refused)]
    return [_good("token", f"valid, {identity.name}"), *_scopes(platform, identity), _clock(identity)]


async def _keys(platform: PlatformCheck, has_keys: Callable[[], Awaitable[bool]]) -> Finding:
    if await has_keys():
        return _good("keys", "those that requests are signed with can be read")
    says = "those that requests are signed with cannot be read, so every request is refused"
    return _wrong("keys", says, platform.advice.away)


async def _channels(platform: PlatformCheck, programme: Programme) -> list[Finding]:
    try:
        if platform.is_reached is not None and not await platform.is_reached():
            says = f"nothing has come from {platform.name} yet, so Vouch does not know where it is reached"
            return [_warning("channels", says, platform.advice.unreached)]
        joined = set(await platform.surface.list_channels())
    except OutsideError as error:
        says = f"the bot's channels could not be listed ({error.code})"
        return [_warning("channels", says, platform.advice.hidden)]
    wanted = {one.ref: f"#{one.name}" for one in programme.channels if platform.surface.knows(one.ref)}
    if programme.curators_channel and platform.surface.knows(programme.curators_channel):
        wanted[programme.curators_channel] = "the curators' channel"
    outside = [name for ref, name in wanted.items() if ref not in joined]
    if outside:
        return [_wrong("channels", f"the bot is not in {name}", platform.advice.outside) for name in outside]
    return [_good("channels", f"the bot is in all {len(wanted)}" if wanted else "none is configured here")]


def _scopes(platform: PlatformCheck, identity: Identity) -> list[Finding]:
    found = []
    for scope, purpose in platform.scopes.items():
        if scope in identity.scopes:
            continue
        make = _wrong if scope in platform.required_scopes else _warning
        found.append(make("scopes", f"{scope} is missing: {purpose}", "add it to the app and install it again"))
    return found or ([_good("scopes", "all granted")] if platform.scopes else [])


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


async def check_path(platform: PlatformCheck, patient: Patient) -> list[Finding]:
    """Check that the platform reaches the address that it calls: https, and this installation behind it."""
    if not platform.path:
        return []
    about, url = "endpoint", patient.environment.public_url
    if url is None:
        says = f"PUBLIC_URL is not set, so it cannot be seen whether {platform.name} reaches Vouch"
        return [_warning(about, says, f"set it; {platform.name} sends to its {platform.path}")]
    address = f"{url}{platform.path}"
    if is_loopback(url) and platform.probe is not None:
        says = f"{address} is on this machine, where {platform.name} cannot reach it"
        return [_warning(about, says, "set PUBLIC_URL to the address that the outside reaches (docs/install.md)")]
    if not url.startswith("https://") and not is_loopback(url):
        says = f"{address} is not https, and {platform.name} sends to no other"
        return [_wrong(about, says, "put a proxy with a certificate before Vouch, and set PUBLIC_URL to its address")]
    try:
        status = await patient.fetch(address)
    except (OSError, TimeoutError) as error:
        says = f"{address} does not answer ({type(error).__name__})"
        return [_wrong(about, says, "start vouch run and check proxy and DNS")]
    if status != NOT_ALLOWED:
        says = f"{address} answers {status} to a look, not {NOT_ALLOWED} as Vouch does"
        return [_wrong(about, says, "start vouch run again with this environment, and let the proxy pass all paths on")]
    return [_good(about, address)]
