"""Secrets that all processes of one database must share, held against what the first of them left there."""

from bot.config import ConfigError
from bot.environment import Environment, secret_of
from storage.engine import Sessions
from storage.queries import agreements
from storage.types import keyed_hash
from storage.vault import Vault

MEND = "if it is lost for good, stop all and run `vouch keys accept` (docs/operations.md#several-machines)"
OTHER_SECRET = (
    "{place}: is not the secret that the other processes of this database have, so links and windows of one would be "
    "dead for another; take secret.key of their data folder, or set VOUCH_SECRET_KEY everywhere to what stands in it; "
    + MEND
)
OTHER_KEYS = (
    "{place}: cannot open what the other processes of this database have sealed; take tokens.keys of their data "
    "folder, or set VOUCH_TOKEN_KEYS everywhere to what stands in it; " + MEND
)


async def agree(environment: Environment, sessions: Sessions, *, has_accounts: bool) -> None:
    """Raise `ConfigError` if this process has another secret, or other keys for members' tokens, than the others."""
    problems = await _about_secret(environment, sessions)
    if has_accounts:
        problems += await _about_keys(environment, sessions)
    if problems:
        raise ConfigError(problems)


async def is_secret_other(environment: Environment, sessions: Sessions) -> bool:
    """Say whether this process would be refused for its secret; nothing is written, so one to be made is another."""
    async with sessions.reading() as session:
        kept = await agreements.find_secret_check(session)
    is_made = environment.secret_key or (environment.data / "secret.key").exists()
    return kept is not None and not (is_made and _check_of(environment) == kept)


def _check_of(environment: Environment) -> bytes:
    return keyed_hash(secret_of(environment.data, given=environment.secret_key), "vouch installation")


async def _about_secret(environment: Environment, sessions: Sessions) -> list[str]:
    async with sessions.begin() as session:
        is_same = await agreements.agree_on_secret(session, check=_check_of(environment))
    if is_same:
        return []
    place = "VOUCH_SECRET_KEY" if environment.secret_key else str(environment.data / "secret.key")
    return [OTHER_SECRET.format(place=place)]


async def _about_keys(environment: Environment, sessions: Sessions) -> list[str]:
    vault = Vault(environment.data, given=environment.token_keys)
    async with sessions.begin() as session:
        probe = await agreements.agree_on_probe(session, sealed=vault.seal("vouch installation"))
    if vault.can_open(probe):
        return []
    place = "VOUCH_TOKEN_KEYS" if environment.token_keys else str(environment.data / "tokens.keys")
    return [OTHER_KEYS.format(place=place)]
