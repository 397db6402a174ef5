"""What the connector's parts get in tests: a book, a shelf and a clock in memory, activities, and the parts themselves.

A test's module imports the fixtures that it needs, and `teams` with them.
"""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import pytest

from bot.core.errors import OutsideError
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.credentials import Credentials, Registration
from connectors.chat.teams.guard import SERVICE_HOSTS, Admission
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.teams.fake_service import (
    ADA,
    ADA_LISTED,
    APP_ID,
    BEN,
    BEN_LISTED,
    CHAT,
    CHAT_ADA,
    GUS_LISTED,
    NEWS,
    SECRET,
    TEAM,
    TENANT,
    USER_ADA,
    FakeTeams,
    Json,
    started,
)

LOCAL = Admission(tenants=frozenset({TENANT}), hosts=SERVICE_HOSTS | {"127.0.0.1"})
"""An admission that takes the fake on this machine for Teams, as `TEAMS_SERVICE_HOSTS` can say."""


@dataclass
class FakeBook:
    """An address book in memory, which keeps addresses of `members` only; `error` is raised by every call instead."""

    held: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=lambda: {ADA, BEN})
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    async def find(self, ref: str) -> str | None:
        self._note(f"find {ref}")
        return self.held.get(ref)

    async def keep(self, ref: str, held: str, *, is_person: bool) -> None:
        self._note(f"keep {ref}")
        if not is_person or ref in self.members:
            self.held[ref] = held

    async def forget(self, ref: str) -> None:
        self._note(f"forget {ref}")
        self.held.pop(ref, None)

    async def list_held(self, prefix: str) -> dict[str, str]:
        self._note(f"list {prefix}")
        return {ref: held for ref, held in self.held.items() if ref.startswith(prefix)}


@dataclass
class FakeShelf:
    """A shelf for files in memory."""

    files: dict[str, bytes] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def put(self, body: bytes) -> str:
        token = f"shelf-{next(self._numbers)}"
        self.files[token] = body
        return token

    async def take(self, token: str) -> bytes | None:
        return self.files.pop(token, None)


@dataclass
class Ticking:
    """A clock that is moved by hand."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def activity_from(fake: FakeTeams, ref: str = ADA, **changes: object) -> Json:
    """Return a message of a person in the channel `NEWS`."""
    told: Json = {
        "type": "message",
        "id": "1485983408511",
        "channelId": "msteams",
        "serviceUrl": fake.service_url,
        "from": {"id": USER_ADA if ref == ADA else f"29:{ref}", "name": "Ada Lovelace", "aadObjectId": ref.upper()},
        "recipient": {"id": f"28:{APP_ID}", "name": "Vouch"},
        "conversation": {
            "conversationType": "channel",
            "isGroup": True,
            "tenantId": TENANT,
            "id": f"{NEWS};messageid=1776390257331",
        },
        "entities": [{"type": "clientInfo", "locale": "nl-NL", "timezone": "Europe/Amsterdam", "country": "NL"}],
        "channelData": {"tenant": {"id": TENANT}, "team": {"id": TEAM}, "channel": {"id": NEWS}},
        "locale": "nl-NL",
        "text": "<at>Vouch</at> help",
    }
    return {**told, **changes}


def personal_from(fake: FakeTeams, ref: str = ADA, **changes: object) -> Json:
    """Return a message of a person in their own chat with the bot."""
    chat = {"conversationType": "personal", "id": CHAT_ADA if ref == ADA else f"a:1{ref}", "tenantId": TENANT}
    told = {"conversation": chat, "channelData": {"tenant": {"id": TENANT}}}
    return {**activity_from(fake, ref), **told, **changes}


def registration(fake: FakeTeams) -> Registration:
    """Return the bot's registration with the fake's login."""
    return Registration(app_id=APP_ID, secret=SECRET, tenant=TENANT, login_url=fake.url)


# Fixtures, for a test's module to import


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    fake = FakeTeams(
        rosters={TEAM: [ADA_LISTED, BEN_LISTED, GUS_LISTED], CHAT_ADA: [ADA_LISTED], CHAT: [ADA_LISTED, BEN_LISTED]},
        teams={TEAM: {TEAM: None, NEWS: "Nieuws"}},
        chats={USER_ADA: CHAT_ADA},
    )
    server = await started(fake)
    yield fake
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def credentials(teams: FakeTeams, session: aiohttp.ClientSession) -> AsyncIterator[Credentials]:
    held = Credentials(registration(teams), session=session)
    yield held
    await held.close()


@pytest.fixture
def calls(teams: FakeTeams, session: aiohttp.ClientSession, credentials: Credentials) -> TeamsCalls:
    return TeamsCalls(
        session,
        credentials=credentials,
        may_call=lambda url: url.rstrip("/") == teams.service_url.rstrip("/"),
        may_put=LOCAL.is_store,
    )


@pytest.fixture
def book() -> FakeBook:
    return FakeBook()


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def addresses(teams: FakeTeams, book: FakeBook, clock: Ticking) -> Addresses:
    return Addresses(book, may_call=lambda url: url == teams.service_url, now=clock)


@pytest.fixture
def shelf() -> FakeShelf:
    return FakeShelf()


@pytest.fixture
def surface(
    calls: TeamsCalls, addresses: Addresses, teams: FakeTeams, shelf: FakeShelf, clock: Ticking
) -> TeamsSurface:
    addresses.notice(activity_from(teams))
    found = TeamsSurface(calls, addresses=addresses, shelf=shelf, tenant=TENANT)
    found._rosters.now = clock
    return found


async def outcome(work: Awaitable[object]) -> tuple[str, str]:
    """Return the kind and the code of the failure."""
    with pytest.raises(OutsideError) as caught:
        await work
    return type(caught.value).__name__, caught.value.code
