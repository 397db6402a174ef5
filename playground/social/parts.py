"""The test network's parts, put together once, and whose account is whose."""

import hashlib
import re
from dataclasses import dataclass, field

from playground.clock import Clock
from playground.company import Company, Person
from playground.social.faults import Faults
from playground.social.ledger import SocialLedger
from playground.social.memory import Memory
from playground.social.settings import SocialSettings
from playground.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account at a network: its id there, the name that it shows, and its handle where there is one."""

    id: str
    name: str
    handle: str


@dataclass(slots=True, kw_only=True)
class SocialParts:
    """Everything the test network is made of."""

    settings: SocialSettings
    company: Company
    clock: Clock
    store: Store
    ledger: SocialLedger = field(init=False)
    faults: Faults = field(default_factory=Faults)
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        """Make what stands on the others, and note the apps' secrets."""
        self.ledger, self.memory = SocialLedger(self.clock), Memory(self.clock, self.store)
        for app in (self.settings.apps.linkedin, self.settings.apps.x):
            self.ledger.issue("client secret", app.client_secret)

    def account(self, network: str, who: str) -> Account:
        """Return the account that a person has at a network; everybody has one."""
        person: Person | None = self.company.people.get(who)
        made = hashlib.sha256(f"{network} {who}".encode())
        number = str(int.from_bytes(made.digest()[:7], "big") + 10**16)
        name = person.name if person else "Someone else"
        handle = re.sub(r"[^a-z0-9]+", "_", (person.handle if person else who).lower()).strip("_")
        return Account(id=made.hexdigest()[:10] if network == "linkedin" else number, name=name, handle=handle)

    def who_is(self, network: str, account_id: str) -> str:
        """Return whose account that is among the grants, or nothing."""
        people = {one.who for one in self.memory.grants.values() if one.network == network}
        return next((who for who in people if self.account(network, who).id == account_id), "")
