"""All processes of one database have the same secrets; one that has others does not start, and says what to do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.agreement import agree
from bot.config import ConfigError
from bot.environment import Environment, read_environment, secret_of
from storage.engine import Sessions
from storage.queries import seals
from storage.vault import Vault, new_key
from tests.bot.commands import TOKENS, Run, data, env, logging_as_before, vouch

__all__ = ["data", "env", "logging_as_before", "vouch"]
pytestmark = pytest.mark.postgres


@pytest.fixture
async def sessions(postgres_database_url: str) -> AsyncIterator[Sessions]:
    opened = Sessions(postgres_database_url)
    yield opened
    await opened.close()


def machine(folder: Path, **more: str) -> Environment:
    """Return the environment of a machine with a data folder of its own."""
    return read_environment({"VOUCH_DATA": str(folder), **more})


async def problems(environment: Environment, sessions: Sessions) -> list[str]:
    """Return what keeps a process from starting."""
    try:
        await agree(environment, sessions, has_accounts=True)
    except ConfigError as error:
        return list(error.problems)
    return []


async def test_another_secret_is_refused_and_the_same_is_not(sessions: Sessions, tmp_path: Path) -> None:
    first, second = machine(tmp_path / "first"), machine(tmp_path / "second")
    assert await problems(first, sessions) == []
    assert await problems(first, sessions) == []
    secret, keys = await problems(second, sessions)
    assert secret.startswith(f"{tmp_path}/second/secret.key: is not the secret that the other processes")
    assert keys.startswith(f"{tmp_path}/second/tokens.keys: cannot open what the other processes")
    for line in (secret, keys):
        assert "`vouch keys accept`" in line
    copied = (tmp_path / "first" / "secret.key").read_text()
    known = (tmp_path / "first" / "tokens.keys").read_text().strip()
    assert await problems(machine(tmp_path / "third", VOUCH_SECRET_KEY=copied, VOUCH_TOKEN_KEYS=known), sessions) == []
    wrong = machine(tmp_path / "third", VOUCH_SECRET_KEY="ab" * 32, VOUCH_TOKEN_KEYS=new_key())
    said = await problems(wrong, sessions)
    assert [line.partition(":")[0] for line in said] == ["VOUCH_SECRET_KEY", "VOUCH_TOKEN_KEYS"]
    for value in (copied, known, *wrong.token_keys, wrong.secret_key):
        assert value not in "".join(said)


async def test_of_two_first_starts_at_once_one_is_right(sessions: Sessions, tmp_path: Path) -> None:
    found = await asyncio.gather(*(problems(machine(tmp_path / name), sessions) for name in ("one", "two")))
    assert sorted(len(one) for one in found) == [0, 2]


async def test_what_shows_the_keys_is_sealed_anew_when_they_change(sessions: Sessions, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    assert await problems(machine(tmp_path, VOUCH_TOKEN_KEYS=old), sessions) == []
    both = Vault(tmp_path, given=(new, old))
    (place,) = (one for one in seals.list_places() if one.table.name == "installation")
    async with sessions.begin() as session:
        (probe,) = await seals.list_sealed(session, place, after=None)
        assert await seals.replace_sealed(session, probe, both.reseal(probe.value))
    assert await problems(machine(tmp_path, VOUCH_TOKEN_KEYS=new), sessions) == []
    (said,) = await problems(machine(tmp_path, VOUCH_TOKEN_KEYS=old), sessions)
    assert said.startswith("VOUCH_TOKEN_KEYS: cannot open")


def test_a_process_with_another_secret_does_not_start_until_it_is_accepted(
    vouch: Run, data: Path, postgres_database_url: str, tmp_path: Path
) -> None:
    async def begin() -> None:
        opened = Sessions(postgres_database_url)
        await agree(machine(tmp_path / "elsewhere"), opened, has_accounts=False)
        await opened.close()

    asyncio.run(begin())
    answer = vouch("run", DATABASE_URL=postgres_database_url, **TOKENS)
    assert answer.code == 2
    assert answer.err.startswith(f"{data}/secret.key: is not the secret")
    assert "✗ secret: the secret here is not" in vouch("doctor", DATABASE_URL=postgres_database_url, **TOKENS).out
    accepted = vouch("keys", "accept", DATABASE_URL=postgres_database_url)
    assert (accepted.code, "from then on" in accepted.out) == (0, True)

    async def start() -> list[str]:
        opened = Sessions(postgres_database_url)
        try:
            return await problems(machine(data), opened)
        finally:
            await opened.close()

    assert asyncio.run(start()) == []
    assert secret_of(data) != secret_of(tmp_path / "elsewhere")
