"""A playground's parts, put together once: what every route works with."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from playground.clock import Clock
from playground.company import Company, read_company
from playground.faults import Faults
from playground.ledger import Ledger
from playground.outbound import Deliverer
from playground.rates import RateLimiter
from playground.settings import Settings
from playground.social.app import SocialApp
from playground.social.settings import SocialSettings
from playground.socketmode import Sockets
from playground.state import Workspace
from playground.store import Store
from playground.triggers import Permits
from playground.windows import Windows

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Playground:
    """Everything one playground is made of. `scopes` and the limiter's numbers may change while it runs."""

    settings: Settings
    company: Company
    clock: Clock
    store: Store
    ledger: Ledger
    faults: Faults
    limiter: RateLimiter
    workspace: Workspace
    windows: Windows
    permits: Permits
    sockets: Sockets
    deliverer: Deliverer
    social: SocialApp
    scopes: tuple[str, ...]
    uploads: dict[str, Json] = field(default_factory=dict)
    composers: list[Json] = field(default_factory=list)
    posts: dict[str, Json] = field(default_factory=dict)

    async def end(self) -> None:
        """Let go of everyone who waits for news, so that the server can stop at once."""
        for listener in self.workspace.listeners:
            listener.put_nowait({"kind": "end"})
        await self.clock.end()

    def load(self) -> None:
        """Open the store and take back what was kept."""
        self.store.open()
        kept = self.store.shelf("clock").get("clock")
        if kept:
            self.clock.offset = timedelta(seconds=float(kept["offset_s"]))
            self.clock.version = int(kept["version"])
        self.ledger.load()
        self.workspace.load(has_history=self.settings.has_history)
        self.windows.load()
        self.uploads.update(self.store.shelf("uploads"))
        self.composers.extend(self.store.shelf("composers").values())
        self.posts.update(self.store.shelf("posts"))
        self.social.load()


def make_playground(settings: Settings) -> Playground:
    """Return the parts for these settings; nothing is opened yet."""
    company = read_company(settings.company)
    clock = Clock()
    store = Store(settings.data / "playground" / "playground.db")
    ledger = Ledger(clock, store, settings.ledger_size)
    workspace = Workspace(company, clock, store)
    faults, sockets = Faults(), Sockets(company.bot.app)
    deliverer = Deliverer(settings, ledger, faults, sockets, settings.ack_s, settings.event_retry_s)
    permits = Permits(settings.address, settings.trigger_s, settings.response_url_s, settings.response_url_uses)
    at_networks = SocialSettings(apps=settings.apps, address=settings.address)
    return Playground(
        settings=settings,
        company=company,
        clock=clock,
        store=store,
        ledger=ledger,
        faults=faults,
        limiter=RateLimiter(settings.rates),
        workspace=workspace,
        windows=Windows(workspace),
        permits=permits,
        sockets=sockets,
        deliverer=deliverer,
        social=SocialApp(at_networks, clock=clock, store=store, company=company),
        scopes=settings.scopes,
    )
