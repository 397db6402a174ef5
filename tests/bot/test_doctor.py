"""The doctor finds what is wrong, says what to do about it, and one finding does not hide another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.core.errors import OutsideError, Refused, TryLater
from bot.core.ports import Identity
from bot.core.programme import AnnounceChannel, Programme, RoleSource
from bot.doctor import Finding, Level, Patient, check_database, check_environment, check_programme, examine
from bot.environment import Environment, read_environment
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES
from storage.engine import Sessions, sqlite_url
from storage.migrations.upgrade import upgrade
from storage.models import JobRow
from tests.fakes import FakeSurface
from tests.handlers.conftest import CURATORS, GENERAL, NEWS

COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "secret",
    "PUBLIC_URL": "https://vouch.example.com",
    "TRUSTED_PROXIES": "10.0.0.1",
}


@dataclass
class FakeProbe:
    """A platform that says who we are, or fails."""

    scopes: frozenset[str] = frozenset(SCOPES)
    ahead: timedelta = timedelta(0)
    error: OutsideError | None = None

    async def identify(self) -> Identity:
        if self.error is not None:
            raise self.error
        return Identity(name="Brightwater as vouch", scopes=self.scopes, at=datetime.now(UTC) + self.ahead)


@dataclass
class FakeWeb:
    """What the public address answers; an error is raised."""

    answer: int | Exception = 200
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> int:
        self.asked.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A complete environment."""
    return read_environment({**COMPLETE, "VOUCH_DATA": str(tmp_path / "data")})


@pytest.fixture
async def migrated(tmp_path: Path) -> AsyncIterator[Sessions]:
    """A database with the current schema, whose roles were read just now."""
    opened = Sessions(sqlite_url(tmp_path))
    await upgrade(opened)
    await read_roles(opened, at=datetime.now(UTC))
    yield opened
    await opened.close()


async def read_roles(sessions: Sessions, *, at: datetime) -> None:
    async with sessions.begin() as session:
        held = {"pool": "inside", "lane": "", "priority": 0, "tries": 1, "run_at": at, "created_at": at}
        session.add(JobRow(kind="refresh_roles", held="{}", state="done", done_at=at, **held))


@pytest.fixture
def patient(environment: Environment, programme: Programme, migrated: Sessions) -> Patient:
    """An installation in which all is well."""
    return Patient(
        environment=environment,
        programme=replace(programme, curators=RoleSource(groups=("S1",))),
        sessions=migrated,
        surface=FakeSurface(channels=(GENERAL, NEWS, CURATORS)),
        probe=FakeProbe(),
        required_scopes=REQUIRED_SCOPES,
        scopes=SCOPES,
        fetch=FakeWeb().fetch,
    )


async def troubles(patient: Patient) -> list[Finding]:
    """Return what is not good."""
    return [one for one in await examine(patient) if one.level is not Level.GOOD]


async def test_a_sound_installation_has_no_complaint_and_every_check_is_named(patient: Patient) -> None:
    found = await examine(patient)
    assert {one.level for one in found} == {Level.GOOD}
    about = ["environment", "proxies", "configuration", "database", "roles", "token", "scopes", "clock", "channels"]
    assert [one.about for one in found] == [*about, "public address"]


async def test_every_complaint_says_what_to_do(patient: Patient) -> None:
    broken = replace(
        patient,
        environment=read_environment({"VOUCH_DATA": str(patient.environment.data)}),
        surface=FakeSurface(),
        probe=FakeProbe(scopes=frozenset(), ahead=timedelta(hours=1)),
    )
    found = await troubles(broken)
    assert len(found) > 12
    assert all(one.do for one in found)


def test_what_run_needs_is_named(tmp_path: Path) -> None:
    found = check_environment(read_environment({"VOUCH_DATA": str(tmp_path)}))
    missing = [one.says.partition(" ")[0] for one in found if one.level is Level.WRONG]
    assert missing == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "PUBLIC_URL"]


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
    found = await examine(replace(patient, sessions=away, surface=FakeSurface()))
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
    (finding,) = await troubles(replace(patient, probe=FakeProbe(scopes=frozenset(SCOPES) - {scope})))
    assert finding.says == f"{scope} is missing: {SCOPES[scope]}"
    assert finding.level is (Level.WRONG if scope in REQUIRED_SCOPES else Level.WARNING)


async def test_a_refused_token_is_told_from_a_platform_that_is_away(patient: Patient) -> None:
    (refused,) = await troubles(replace(patient, probe=FakeProbe(error=Refused("token_revoked"))))
    assert (refused.about, refused.says) == ("token", "the platform refuses the token (token_revoked)")
    away = FakeProbe(error=TryLater(timedelta(seconds=10), "unreachable"))
    (silent,) = await troubles(replace(patient, probe=away))
    assert silent.says == "the platform does not answer (unreachable)"


async def test_each_channel_that_the_bot_is_not_in_is_named(patient: Patient) -> None:
    more = (*patient.programme.channels, AnnounceChannel(ref="C9", name="far", language="en"))
    found = await troubles(
        replace(patient, surface=FakeSurface(channels=(GENERAL,)), programme=replace(patient.programme, channels=more))
    )
    assert [one.says for one in found] == [
        f"the bot is not in {name}" for name in ("#nieuws", "#far", "the curators' channel")
    ]
    assert {one.do for one in found} == {"type /invite @Vouch there"}


async def test_channels_that_cannot_be_listed_are_said_so(patient: Patient) -> None:
    surface = FakeSurface(fail_next=[Refused("missing_scope")])
    (finding,) = await troubles(replace(patient, surface=surface))
    assert (finding.level, finding.says) == (Level.WARNING, "the bot's channels could not be listed (missing_scope)")


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(minutes=-3)])
async def test_a_wrong_clock_is_named(patient: Patient, ahead: timedelta) -> None:
    (finding,) = await troubles(replace(patient, probe=FakeProbe(ahead=ahead)))
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
