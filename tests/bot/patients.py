"""Installations to examine: one in which all is well, one with a second platform, and ways to make either worse."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.errors import OutsideError
from bot.core.ports import Identity
from bot.core.programme import AnnounceChannel, Programme, RoleSource
from bot.doctor import Advice, Finding, Level, Patient, PlatformCheck, examine
from bot.environment import Environment, read_environment
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES
from storage.engine import Sessions
from storage.models import JobRow
from tests.fakes import FakeSurface
from tests.handlers.conftest import CURATORS, GENERAL, NEWS

COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "secret",
    "PUBLIC_URL": "https://vouch.example.com",
    "TRUSTED_PROXIES": "10.0.0.1",
}
ADVICE = Advice(
    away="look at the network",
    refused="set a new token",
    hidden="ask for the right",
    outside="invite it",
    unreached="say help",
)
PLACE = "19:product@thread.tacv2"
PATH = "/chat/messages"
ENDPOINT = f"https://vouch.example.com{PATH}"


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
    """What the public address answers, and what the address that a platform calls; an error is raised."""

    answer: int | Exception = 200
    to_look: int | Exception = 405
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> int:
        self.asked.append(url)
        answer = self.to_look if url.endswith(PATH) else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Knowing(FakeSurface):
    """A platform whose ids begin with `prefix`."""

    prefix: str = ""

    def knows(self, ref: str) -> bool:
        return ref.startswith(self.prefix)


def saying(answer: object) -> Callable[[], Awaitable[bool]]:
    """Return a question with this answer; an error is raised."""

    async def ask() -> bool:
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    return ask


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A complete environment."""
    return read_environment({**COMPLETE, "VOUCH_DATA": str(tmp_path / "data")})


@pytest.fixture
async def migrated(sessions: Sessions) -> Sessions:
    """A database with the current schema, whose roles were read just now."""
    await read_roles(sessions, at=datetime.now(UTC))
    return sessions


async def read_roles(sessions: Sessions, *, at: datetime) -> None:
    async with sessions.begin() as session:
        held = {"pool": "inside", "lane": "", "priority": 0, "tries": 1, "run_at": at, "created_at": at}
        session.add(JobRow(kind="refresh_roles", held="{}", state="done", done_at=at, **held))


@pytest.fixture
def patient(environment: Environment, programme: Programme, migrated: Sessions) -> Patient:
    """An installation in which all is well."""
    return Patient(
        environment=environment,
        programme=replace(programme, curators=RoleSource(groups=("C-COMMS",))),
        sessions=migrated,
        platforms=(
            PlatformCheck(
                name="Slack",
                surface=Knowing(prefix="C-", channels=(GENERAL, NEWS, CURATORS)),
                probe=FakeProbe(),
                advice=ADVICE,
                required_scopes=REQUIRED_SCOPES,
                scopes=SCOPES,
            ),
        ),
        fetch=FakeWeb().fetch,
    )


@pytest.fixture
def beside(patient: Patient) -> Patient:
    """The same, with a second platform that calls an address, signs with keys and has to be heard from first."""
    there = AnnounceChannel(ref=PLACE, name="product", language="en")
    second = PlatformCheck(
        name="Teams",
        surface=Knowing(prefix="19:", channels=(PLACE,)),
        probe=FakeProbe(scopes=frozenset()),
        advice=ADVICE,
        has_keys=saying(answer=True),
        is_reached=saying(answer=True),
        path=PATH,
        has_book=True,
    )
    programme = replace(patient.programme, channels=(*patient.programme.channels, there))
    return replace(patient, programme=programme, platforms=(*patient.platforms, second))


def on_first(patient: Patient, **changes: object) -> Patient:
    """Return the installation with something else about its first platform."""
    first, *rest = patient.platforms
    return replace(patient, platforms=(replace(first, **changes), *rest))


def on_second(patient: Patient, **changes: object) -> Patient:
    """Return the installation with something else about its second platform."""
    first, second = patient.platforms
    return replace(patient, platforms=(first, replace(second, **changes)))


async def troubles(patient: Patient) -> list[Finding]:
    """Return what is not good."""
    return [one for one in await examine(patient) if one.level is not Level.GOOD]
