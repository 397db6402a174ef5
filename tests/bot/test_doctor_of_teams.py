"""The doctor asks a Teams service for real: with a right and a wrong registration, and with the app here and there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.addresses import StoredAddresses
from bot.clock import WallClock
from bot.core.programme import AnnounceChannel, Programme
from bot.doctor import Finding, Level, PlatformCheck, check_platform
from bot.environment import Environment, read_environment
from bot.operate.doctor import platforms_of
from connectors.chat.teams.whereabouts import CHANNEL, PlaceAddress, as_text
from connectors.http import new_session
from playground.teams.service import TeamsService
from storage.engine import Sessions


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[TeamsService]:
    """A Teams service; no bot of it runs."""
    async with TeamsService.at(tmp_path) as served:
        yield served


@pytest.fixture
def environment(tmp_path: Path, service: TeamsService) -> Environment:
    """What leads a bot to that service."""
    return read_environment({"VOUCH_DATA": str(tmp_path / "data"), **service.environment()})


@pytest.fixture
def there(programme: Programme) -> Programme:
    """A programme with two channels of that company, and with none of another platform."""
    channels = [
        AnnounceChannel(ref=TeamsService.ref(key), name=name, language="en")
        for key, name in (("C0PRODUCT", "product"), ("C0ELSEWHERE", "elsewhere"))
    ]
    return replace(programme, channels=tuple(channels), curators_channel=None)


async def examined(environment: Environment, sessions: Sessions, programme: Programme) -> list[Finding]:
    """Return what is found about Teams."""
    async with new_session() as http:
        (platform,) = platforms_of(environment, sessions, http)
        return await check_platform(platform, programme, is_sound=True)


async def hear(service: TeamsService, sessions: Sessions) -> None:
    """Let the bot have heard from its team."""
    book = StoredAddresses(sessions, platform="teams", clock=WallClock())
    team = service.state.team
    service.state.has_team = True
    await book.keep("service:", as_text(PlaceAddress(service_url=service.service_url)), is_person=False)
    place = PlaceAddress(kind=CHANNEL, service_url=service.service_url, team_id=team)
    await book.keep(f"place:{team}", as_text(place), is_person=False)


async def test_a_right_registration_that_nobody_has_written_to_says_what_to_do(
    environment: Environment, sessions: Sessions, there: Programme
) -> None:
    found = await examined(environment, sessions, there)
    assert [(one.level, one.about) for one in found] == [
        (Level.GOOD, "token"),
        (Level.GOOD, "clock"),
        (Level.GOOD, "keys"),
        (Level.WARNING, "channels"),
    ]
    assert found[0].says == f"valid, app {environment.teams.app_id} of tenant {environment.teams.tenant_id}"
    assert found[3].do == "install the app, and write help to Vouch (docs/teams.md#install)"


async def test_a_channel_whose_team_has_not_the_app_is_named(
    environment: Environment, sessions: Sessions, there: Programme, service: TeamsService
) -> None:
    await hear(service, sessions)
    found = await examined(environment, sessions, there)
    assert [one.says for one in found if one.level is not Level.GOOD] == ["the bot is not in #elsewhere"]
    assert found[-1].do == "add the app to the team that the channel is in (docs/teams.md#install)"
    inside = await examined(environment, sessions, replace(there, channels=there.channels[:1]))
    assert [one.says for one in inside if one.about == "channels"] == ["the bot is in all 1"]


async def test_a_wrong_secret_is_told_from_a_service_that_is_away(
    environment: Environment, sessions: Sessions, there: Programme
) -> None:
    wrong = replace(environment, teams=replace(environment.teams, app_password="made-up"))  # noqa: S106
    refused, keys = await examined(wrong, sessions, there)
    assert (refused.level, refused.about, keys.level) == (Level.WRONG, "token", Level.GOOD)
    assert refused.says == ("the platform refuses TEAMS_APP_ID, TEAMS_APP_PASSWORD or TEAMS_TENANT_ID (invalid_client)")
    assert "made-up" not in repr(refused)
    nowhere = replace(environment.teams, login_url="http://127.0.0.1:9", openid_url="http://127.0.0.1:9/keys")
    silent, unread = await examined(replace(environment, teams=nowhere), sessions, there)
    assert silent.says == "the platform does not answer (login_unreachable)"
    assert (unread.level, unread.about) == (Level.WRONG, "keys")


async def test_the_development_mode_shows_nobody_who_it_is(
    environment: Environment, sessions: Sessions, there: Programme
) -> None:
    alone = replace(environment, teams=replace(environment.teams, is_anonymous=True, app_id="", app_password=""))
    (finding,) = await examined(alone, sessions, there)
    assert finding.about == "channels"


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["Teams"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, ["Slack", "Teams"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "TEAMS_APP_PASSWORD": ""}, ["Slack"]),
    ],
)
async def test_every_platform_of_which_enough_is_set_is_asked(
    service: TeamsService, sessions: Sessions, tmp_path: Path, given: dict[str, str], names: list[str]
) -> None:
    environment = read_environment({"VOUCH_DATA": str(tmp_path / "data"), **service.environment(), **given})
    async with new_session() as http:
        found: list[PlatformCheck] = platforms_of(environment, sessions, http)
    assert [one.name for one in found] == names
