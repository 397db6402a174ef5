"""What `vouch doctor` says of the networks that are used by their APIs, of members' accounts, and of its keys."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from bot.agreement import is_secret_other
from bot.config import Config, ConfigError
from bot.core.networks import NETWORKS
from bot.core.programme import Programme
from bot.doctor import Finding, Level
from bot.environment import Environment, is_loopback
from storage.engine import AWAY, Sessions
from storage.queries import accounts, seals
from storage.schema import USABLE, schema_state
from storage.vault import KeysUnreadableError, Vault

OLD_MONTHS = 11
"""A version of LinkedIn's API is answered for a year: https://learn.microsoft.com/en-us/linkedin/marketing/versioning"""


async def check_networks(
    environment: Environment, config: Config, programme: Programme, sessions: Sessions
) -> list[Finding]:
    """Return what is found; nothing where no network is used by its API and nobody has an account."""
    wanted = [name for name, part in config.networks.items() if part.enabled and part.mode == "api"]
    found = [*_check_address(wanted, programme)]
    if "linkedin" in wanted:
        found.append(check_version(config.networks["linkedin"].api_version, datetime.now(UTC)))
    vault = Vault(environment.data, given=environment.token_keys)
    try:
        vault.check()
        if await schema_state(sessions) in USABLE:
            found += [*await _check_secret(environment, sessions), *await _check_accounts(wanted, sessions, vault)]
    except KeysUnreadableError as error:
        found.append(_wrong("keys", str(error), "see docs/operations.md#keys; until then nobody's account can be used"))
    except AWAY:
        pass  # that the database is away is a finding of its own
    return found


async def _check_secret(environment: Environment, sessions: Sessions) -> Iterable[Finding]:
    try:
        if not await is_secret_other(environment, sessions):
            return []
    except ConfigError as error:  # it is damaged
        return [_wrong("secret", *error.problems[0].split("; ", 1))]
    says = "the secret here is not the one that the processes of this database have, so vouch run refuses to start"
    return [_wrong("secret", says, "see docs/operations.md#several-machines")]


def _check_address(wanted: list[str], programme: Programme) -> Iterator[Finding]:
    if not wanted:
        return
    names = ", ".join(NETWORKS[name].label for name in wanted)
    if programme.public_url is None:
        yield _warning(
            "networks",
            f"{names}: mode api needs PUBLIC_URL, so members share by the composer",
            "set PUBLIC_URL, to which the networks send members back, or write mode: composer",
        )
        return
    if not programme.public_url.startswith("https:") and not is_loopback(programme.public_url):
        yield _wrong(
            "networks",
            f"{names}: PUBLIC_URL is not https, and networks send nobody back to an open connection",
            "put a reverse proxy with a certificate before Vouch (docs/install.md)",
        )
        return
    yield Finding(level=Level.GOOD, about="networks", says=f"members can connect accounts: {names}")
    for name in wanted:
        address = f"{programme.public_url.rstrip('/')}/connect/callback/{name}"
        if name in ("linkedin", "x"):
            yield Finding(
                level=Level.GOOD, about="networks", says=f"{NETWORKS[name].label} must have {address} in its app"
            )


def check_version(version: str, now: datetime) -> Finding:
    """Return how much longer a version of LinkedIn's API, "YYYYMM", is answered."""
    months = (now.year - int(version[:4])) * 12 + now.month - int(version[4:])
    if months < OLD_MONTHS:
        return Finding(level=Level.GOOD, about="networks", says=f"LinkedIn's API version is {version}")
    return _warning(
        "networks",
        f"LinkedIn's API version {version} is {months} months old, and is answered for a year only",
        "set networks.linkedin.api_version to a newer one and share something as a trial (docs/connectors/linkedin.md)",
    )


async def _check_accounts(wanted: list[str], sessions: Sessions, vault: Vault) -> list[Finding]:
    async with sessions.reading() as session:
        states = await accounts.count_states(session)
        sealed = [one for place in seals.list_places() for one in await seals.list_sealed(session, place, after=None)]
    if not wanted and not states:
        return []
    found = [_about_keys(vault, [one.value for one in sealed])]
    by_state = Counter[str]()
    for (_, state), count in states.items():
        by_state[state] += count
    says = f"{by_state['connected']} connected, {by_state['broken']} to be connected again by their members"
    is_much = by_state["broken"] > by_state["connected"]
    if is_much:
        do = "if that is not what was to be expected, see whether the app still stands with its network"
        return [*found, _warning("accounts", says, do)]
    return [*found, Finding(level=Level.GOOD, about="accounts", says=says)]


def _about_keys(vault: Vault, sealed: list[bytes]) -> Finding:
    known = vault.count_keys()
    if not sealed:
        return Finding(level=Level.GOOD, about="keys", says=f"{known} there, and nothing sealed yet")
    lost = sum(not vault.can_open(one) for one in sealed)
    if lost:
        return _wrong(
            "keys",
            f"{lost} of {len(sealed)} sealed values can be opened by no key that is there",
            "put tokens.keys back from the backup, or VOUCH_TOKEN_KEYS; else those members have to connect again",
        )
    return Finding(level=Level.GOOD, about="keys", says=f"{known} there; they open what is sealed")


def _warning(about: str, says: str, do: str) -> Finding:
    return Finding(level=Level.WARNING, about=about, says=says, do=do)


def _wrong(about: str, says: str, do: str) -> Finding:
    return Finding(level=Level.WRONG, about=about, says=says, do=do)
