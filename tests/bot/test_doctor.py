"""The doctor finds what is wrong, says what to do about it, and one finding does not hide another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.core.errors import Refused, TryLater
from bot.core.programme import AnnounceChannel, Programme, RoleSource
from bot.doctor import Level, Patient, check_database, check_environment, check_programme, examine
from bot.environment import Environment, read_environment
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES
from storage.engine import Sessions, sqlite_url
from tests.bot.patients import ADVICE, FakeProbe, FakeWeb, on_first, read_roles, troubles
from tests.fakes import FakeSurface
from tests.handlers.conftest import GENERAL


async def test_a_sound_installation_has_no_complaint_and_every_check_is_named(patient: Patient) -> None:
    found = await examine(patient)
    assert {one.level for one in found} == {Level.GOOD}
    about = ["environment", "proxies", "configuration", "database", "roles", "token", "scopes", "clock", "channels"]
    assert [one.about for one in found] == [*about, "public address"]


async def test_every_complaint_says_what_to_do(patient: Patient) -> None:
    worse = replace(patient, environment=read_environment({"VOUCH_DATA": str(patient.environment.data)}))
    found = await troubles(
        on_first(worse, surface=FakeSurface(), probe=FakeProbe(scopes=frozenset(), ahead=timedelta(hours=1)))
    )
    assert len(found) > 12
    assert all(one.do for one in found)


def test_what_run_needs_is_named(tmp_path: Path) -> None:
    found = check_environment(read_environment({"VOUCH_DATA": str(tmp_path)}))
    missing = [one.says.partition(" ")[0] for one in found if one.level is Level.WRONG]
    assert missing == ["no", "PUBLIC_URL"]
    (platform,) = [one for one in found if one.says == "no platform is set"]
    assert platform.do.startswith("for Slack set SLACK_BOT_TOKEN")
    assert "for Teams set TEAMS_APP_ID" in platform.do


def test_a_half_set_platform_is_named(environment: Environment) -> None:
    half = replace(environment, teams=replace(environment.teams, app_password="made-up"))  # noqa: S106
    found = [one.says for one in check_environment(half) if one.do]
    assert found == ["TEAMS_APP_ID is not set", "TEAMS_TENANT_ID is not set"]


def test_requests_that_nobody_signs_are_questioned(environment: Environment) -> None:
    open_to_all = replace(environment, teams=replace(environment.teams, is_anonymous=True))
    (finding,) = [one for one in check_environment(open_to_all) if one.do]
    assert (finding.level, finding.says[:21]) == (Level.WARNING, "TEAMS_ANONYMOUS is on")


def test_a_preview_that_could_show_private_answers_is_questioned(environment: Environment) -> None:
    targeted = replace(environment, teams=replace(environment.teams, is_targeted=True))
    (finding,) = [one for one in check_environment(targeted) if one.do]
    assert (finding.level, finding.says[:20]) == (Level.WARNING, "TEAMS_TARGETED is on")


def test_a_public_address_without_a_trusted_proxy_is_questioned(environment: Environment) -> None:
    (finding,) = [one for one in check_environment(replace(environment, trusted_proxies=())) if one.do]
    assert (finding.level, finding.about) == (Level.WARNING, "proxies")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"channels": ()}, "no channels"),
        ({"curators_channel": None}, "no curators_channel"),
        ({"curators": RoleSource(), "admins": RoleSource()}, "no curators or admins named"),
    ],
)
def test_a_programme_that_cannot_work_is_named(programme: Programme, change: dict[str, object], says: str) -> None:
    whole = replace(programme, curators=RoleSource(ids=("U1",)))
    assert [one.says for one in check_programme(whole) if one.do] == []
    assert [one.says for one in check_programme(replace(whole, **change)) if one.do] == [says]


@pytest.mark.parametrize(
    ("version", "says", "do"),
    [
        ("9999", "the schema is of a newer version of Vouch", "run that newer version, or restore"),
        ("0000", "the schema is older", "run vouch migrate"),
    ],
)
async def test_another_schema_is_named(patient: Patient, version: str, says: str, do: str) -> None:
    async with patient.sessions.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        await session.execute(text("UPDATE installation SET reads_from = :v"), {"v": version})
    (finding,) = await troubles(patient)
    assert (finding.level, finding.about, finding.says) == (Level.WRONG, "database", says)
    assert finding.do.startswith(do)


async def test_an_empty_database_is_to_be_migrated(tmp_path: Path) -> None:
    sessions = Sessions(sqlite_url(tmp_path))
    (finding,) = await check_database(sessions)
    assert (finding.says, finding.do) == ("the schema is empty", "run vouch migrate")
    await sessions.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "vouch.db").write_bytes(b"not a database at all, whatever its name may say. " * 100)
    sessions = Sessions(sqlite_url(tmp_path))
    (finding,) = await check_database(sessions)
    assert (finding.level, finding.do[:16]) == (Level.WRONG, "restore a backup")
    await sessions.close()


async def test_a_database_that_is_away_does_not_hide_the_rest(patient: Patient) -> None:
    away = Sessions("postgresql://vouch@/vouch?host=/nowhere-at-all")
    found = await examine(on_first(replace(patient, sessions=away), surface=FakeSurface()))
    wrong = [(one.about, one.says) for one in found if one.level is Level.WRONG]
    assert wrong[0] == ("database", "the database does not answer (FileNotFoundError)")
    assert ("channels", "the bot is not in #general") in wrong
    await away.close()


async def test_roles_that_were_never_read_are_named(patient: Patient) -> None:
    async with patient.sessions.begin() as session:
        await session.execute(text("DELETE FROM job"))
    (finding,) = await troubles(patient)
    assert (finding.about, finding.says) == ("roles", "not read yet")


async def test_roles_that_are_stale_are_named_with_their_age(patient: Patient) -> None:
    async with patient.sessions.begin() as session:
        await session.execute(text("DELETE FROM job"))
    await read_roles(patient.sessions, at=datetime.now(UTC) - timedelta(minutes=50))
    (finding,) = await troubles(patient)
    assert (finding.level, finding.says) == (Level.WARNING, "last read 50 minutes ago")


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_a_missing_scope_is_named_with_what_it_turns_off(patient: Patient, scope: str) -> None:
    (finding,) = await troubles(on_first(patient, probe=FakeProbe(scopes=frozenset(SCOPES) - {scope})))
    assert finding.says == f"{scope} is missing: {SCOPES[scope]}"
    assert finding.level is (Level.WRONG if scope in REQUIRED_SCOPES else Level.WARNING)


async def test_a_refused_token_is_told_from_a_platform_that_is_away(patient: Patient) -> None:
    (refused,) = await troubles(on_first(patient, probe=FakeProbe(error=Refused("token_revoked"))))
    assert (refused.about, refused.says) == ("token", "the platform refuses the token (token_revoked)")
    away = FakeProbe(error=TryLater(timedelta(seconds=10), "unreachable"))
    (silent,) = await troubles(on_first(patient, probe=away))
    assert silent.says == "the platform does not answer (unreachable)"
    assert (refused.do, silent.do) == (ADVICE.refused, ADVICE.away)


async def test_each_channel_that_the_bot_is_not_in_is_named(patient: Patient) -> None:
    more = (*patient.programme.channels, AnnounceChannel(ref="C9", name="far", language="en"))
    wider = replace(patient, programme=replace(patient.programme, channels=more))
    found = await troubles(on_first(wider, surface=FakeSurface(channels=(GENERAL,))))
    assert [one.says for one in found] == [
        f"the bot is not in {name}" for name in ("#nieuws", "#far", "the curators' channel")
    ]
    assert {one.do for one in found} == {ADVICE.outside}


async def test_channels_that_cannot_be_listed_are_said_so(patient: Patient) -> None:
    surface = FakeSurface(fail_next=[Refused("missing_scope")])
    (finding,) = await troubles(on_first(patient, surface=surface))
    assert (finding.level, finding.says) == (Level.WARNING, "the bot's channels could not be listed (missing_scope)")
    assert finding.do == ADVICE.hidden


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(minutes=-3)])
async def test_a_wrong_clock_is_named(patient: Patient, ahead: timedelta) -> None:
    (finding,) = await troubles(on_first(patient, probe=FakeProbe(ahead=ahead)))
    assert (finding.about, finding.level) == ("clock", Level.WRONG)
    assert "turn on time synchronisation" in finding.do


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (404, "https://vouch.example.com/healthz answers 404"),
        (502, "https://vouch.example.com/healthz answers 502"),
        (OSError("refused"), "https://vouch.example.com/healthz does not answer (OSError)"),
        (TimeoutError(), "https://vouch.example.com/healthz does not answer (TimeoutError)"),
    ],
)
async def test_a_public_address_that_leads_elsewhere_is_named(
    patient: Patient, answer: int | Exception, says: str
) -> None:
    web = FakeWeb(answer)
    (finding,) = await troubles(replace(patient, fetch=web.fetch))
    assert (finding.level, finding.about, finding.says) == (Level.WRONG, "public address", says)
    assert web.asked == ["https://vouch.example.com/healthz"]


async def test_a_public_address_without_encryption_is_questioned(patient: Patient) -> None:
    plain = replace(patient.environment, public_url="http://vouch.example.com")
    (finding,) = await troubles(replace(patient, environment=plain))
    assert (finding.level, finding.says) == (Level.WARNING, "http://vouch.example.com is not https")


async def test_running_without_a_public_address_is_said_with_what_it_costs(patient: Patient) -> None:
    without = replace(patient.environment, public_url=None, is_without_public_url=True)
    (finding,) = await troubles(replace(patient, environment=without))
    assert finding.says == "none: posts carry plain links and nothing is counted"
