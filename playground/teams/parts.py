"""A Teams service's parts, put together once: what its routes and its people work with."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from playground.ledger import Ledger
from playground.parts import Playground, make_playground
from playground.settings import Settings
from playground.store import Store
from playground.teams.faults import Faults
from playground.teams.keys import BotTokens, Keys
from playground.teams.limiting import Limiter
from playground.teams.settings import TeamsSettings
from playground.teams.state import Tenancy

Json = dict[str, Any]


class Forgetful(Store):
    """A store that keeps nothing: the service lives as long as its test."""

    def put(self, shelf: str, key: str, value: object) -> None:
        """Forget the value."""

    def drop(self, shelf: str, key: str) -> None:
        """There is nothing to forget."""


@dataclass(slots=True, kw_only=True)
class Upload:
    """One place to put a file, and what has arrived there."""

    name: str
    size: int
    who: str
    content: bytes = b""
    is_whole: bool = False


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything one service is made of. `play` is the rest of the town: clock, site, composers, the bot's paths.

    `door` is the part of the service's address that `move` changes.
    """

    settings: TeamsSettings
    play: Playground
    tenancy: Tenancy
    keys: Keys
    tokens: BotTokens
    ledger: Ledger
    faults: Faults
    limiter: Limiter
    door: str = "service"
    uploads: MutableMapping[str, Upload] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return the address of everything, without a trailing slash."""
        return self.play.settings.address

    @property
    def service_url(self) -> str:
        """Return the address of the connector as deliveries name it."""
        return f"{self.address}/teams/{self.door}/"


def make_parts(settings: TeamsSettings, *, port: int, bot_url: str) -> Parts:
    """Return the parts of a service that listens on that port."""
    play = make_playground(Settings(data=settings.data, port=port, bot_url=bot_url, company=settings.company))
    play.store = Forgetful(settings.data)
    tenancy = Tenancy(settings=settings, company=play.company, clock=play.clock, team_name=play.company.name)
    tenancy.load()
    return Parts(
        settings=settings,
        play=play,
        tenancy=tenancy,
        keys=Keys(settings),
        tokens=BotTokens(settings.expires_in),
        ledger=Ledger(play.clock, play.store, settings.ledger_size),
        faults=Faults(),
        limiter=Limiter(settings.limits),
    )
