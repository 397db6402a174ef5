"""What the doctor says of networks used by their APIs, of members' accounts, and of the keys."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config import read_config
from bot.doctor import Finding, Level
from bot.environment import Environment, read_environment
from bot.operate.networks_check import check_networks, check_version
from storage.vault import FILE, Vault
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import World, programme, world

__all__ = ["programme", "world"]

CONFIG = "company: {name: Brightwater}\nchannels: [{id: C1, name: news}]\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment whose keys lie in a folder of its own."""
    return read_environment({"VOUCH_DATA": str(tmp_path / "data"), "VOUCH_CONFIG": str(tmp_path / "config.yaml")})


async def examined(world: World, environment: Environment, *apis: str, **changes: object) -> list[Finding]:
    networks = ", ".join(f"{name}: {{mode: api}}" for name in apis) or "bluesky: {}"
    environment.config_path.write_text(f"{CONFIG}networks: {{{networks}}}\n")
    config = read_config(environment.config_path)
    programme = replace(world.programme, **changes)  # type: ignore[arg-type]
    return await check_networks(environment, config, programme, world.sessions)


def said(found: list[Finding], level: Level) -> str:
    return "\n".join(f"{one.about}: {one.says} -> {one.do}" for one in found if one.level is level)


async def test_where_no_api_is_used_and_nobody_has_an_account_nothing_is_said(
    world: World, environment: Environment
) -> None:
    assert await examined(world, environment) == []


async def test_all_is_well_with_accounts_that_the_keys_open(world: World, environment: Environment) -> None:
    world.vault = Vault(environment.data)
    await connect_account(world, await world.add_member())
    await connect_account(world, await world.add_member("Bob"), state="broken", fault="expired")
    found = await examined(world, environment, "linkedin", "x", "mastodon")
    assert {one.level for one in found} == {Level.GOOD}
    good = said(found, Level.GOOD)
    assert "members can connect accounts: LinkedIn, X, Mastodon" in good
    assert "https://vouch.brightwater.example/connect/callback/x" in good
    assert "1 connected, 1 to be connected again" in good
    assert "1 there; they open what is sealed" in good


async def test_without_an_address_the_composer_is_used_and_an_open_one_is_wrong(
    world: World, environment: Environment
) -> None:
    assert "needs PUBLIC_URL" in said(await examined(world, environment, "x", public_url=None), Level.WARNING)
    open_one = await examined(world, environment, "x", public_url="http://vouch.example.com")
    assert "not https" in said(open_one, Level.WRONG)
    here = await examined(world, environment, "x", public_url="http://127.0.0.1:8080")
    assert said(here, Level.WRONG) == ""


async def test_more_broken_accounts_than_connected_ones_are_worth_a_look(
    world: World, environment: Environment
) -> None:
    world.vault = Vault(environment.data)
    await connect_account(world, await world.add_member(), state="broken", fault="revoked")
    assert "0 connected, 1 to be" in said(await examined(world, environment, "x"), Level.WARNING)


async def test_keys_that_are_gone_or_unreadable_are_wrong(world: World, environment: Environment) -> None:
    world.vault = Vault(environment.data)
    await connect_account(world, await world.add_member())
    (environment.data / FILE).unlink()
    assert "2 of 2 sealed values can be opened by no key" in said(await examined(world, environment), Level.WRONG)
    (environment.data / FILE).write_text("nonsense")
    wrong = said(await examined(world, environment), Level.WRONG)
    assert str(environment.data / FILE) in wrong
    assert "nonsense" not in wrong


@pytest.mark.parametrize(
    ("version", "level"), [("202607", Level.GOOD), ("202601", Level.GOOD), ("202512", Level.WARNING)]
)
def test_a_version_of_linkedins_api_that_soon_ends_is_warned_of(version: str, level: Level) -> None:
    assert check_version(version, datetime(2026, 11, 23, tzinfo=UTC)).level is level
