"""`vouch keys`: the keys that seal members' tokens, made and changed."""

import asyncio
import sys
from dataclasses import dataclass

from bot.config import ConfigError
from bot.environment import read_environment
from bot.operate.answer import answer
from bot.operate.database import answer_from_database, open_database
from storage.engine import Sessions
from storage.queries import agreements, seals
from storage.queries.seals import Place, Sealed
from storage.vault import KeysUnreadableError, SealBrokenError, Vault, new_key

SETTLING_SECONDS = 5.0
"""So long a process may still commit what it sealed before the newest key was there."""


@dataclass(slots=True)
class _Tally:
    resealed: int = 0
    lost: int = 0


def print_key() -> int:
    """Print a new key for VOUCH_TOKEN_KEYS."""

    def work() -> int:
        sys.stdout.write(f"{new_key()}\n")
        return 0

    return answer(work)


def rotate_keys() -> int:
    """Seal everything with a new key, forget the old ones, and say how much that was; once more finishes what was cut.

    Keys that stand in VOUCH_TOKEN_KEYS are the operator's: everything is sealed with the first of them.
    """
    return answer_from_database(_rotate)


def accept_keys() -> int:
    """Let the next process to start say which secret and keys the installation has."""
    return answer_from_database(_accept)


async def _accept() -> int:
    async with open_database(read_environment()) as sessions, sessions.begin() as session:
        await agreements.forget_agreements(session)
    sys.stdout.write("the secret and the keys of the next `vouch run` are those of the installation from then on\n")
    return 0


async def _rotate() -> int:
    environment = read_environment()
    vault = Vault(environment.data, given=environment.token_keys)
    try:
        async with open_database(environment) as sessions:
            return await _rotate_in(vault, sessions)
    except KeysUnreadableError as error:
        raise ConfigError([str(error)]) from error


async def _rotate_in(vault: Vault, sessions: Sessions) -> int:
    if not vault.is_given and vault.count_keys() < 2:  # with two a run was cut: its new key is there
        vault.add_key()
    tally = await _reseal(vault, sessions)
    await asyncio.sleep(SETTLING_SECONDS)
    later = await _reseal(vault, sessions)
    tally.resealed += later.resealed
    sys.stdout.write(f"{tally.resealed} sealed values carry the newest key now\n")
    if later.lost:
        sys.stdout.write(f"{later.lost} can be opened by no key; whose they are will be asked to connect again\n")
    if vault.is_given:
        others = vault.count_keys() - 1
        sys.stdout.write(f"keep the first key of VOUCH_TOKEN_KEYS; the {others} after it can be taken out\n")
    else:
        sys.stdout.write(f"{vault.drop_old_keys()} old keys are forgotten\n")
    return 0


async def _reseal(vault: Vault, sessions: Sessions) -> _Tally:
    """Seal everything with the newest key until nothing is left that is not; what no key opens stays as it is."""
    tally = _Tally()
    while True:
        tally.lost, before = 0, tally.resealed
        for place in seals.list_places():
            await _reseal_place(vault, sessions, place, tally)
        if tally.resealed == before:
            return tally


async def _reseal_place(vault: Vault, sessions: Sessions, place: Place, tally: _Tally) -> None:
    after: tuple[object, ...] | None = None
    while True:
        async with sessions.reading() as session:
            portion = await seals.list_sealed(session, place, after=after)
        if not portion:
            return
        after = portion[-1].key
        changes = [found for one in portion if (found := _resealed(vault, one, tally)) is not None]
        if changes:
            async with sessions.begin() as session:
                done = [await seals.replace_sealed(session, *change) for change in changes]
            tally.resealed += sum(done)


def _resealed(vault: Vault, one: Sealed, tally: _Tally) -> tuple[Sealed, bytes] | None:
    if vault.is_newest(one.value):
        return None
    try:
        return one, vault.reseal(one.value)
    except SealBrokenError:
        tally.lost += 1
        return None
