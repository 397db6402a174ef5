"""What a programme's clicks would have cost, what the programme cost, and what is left: on the company's own figures.

Earned value is counted by clicks alone: adding what the same posts were seen would count them twice (docs/value.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")
MILLION = 1_000_000
DAYS_A_MONTH = Decimal("30.4375")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What an estimate of who saw a share is made of: how many follow a member, and which part of them sees a post."""

    audience: int
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePolicy:
    """The company's own figures, all in `currency`; without a cost per click of any network no value is given.

    `cpc` is what a click costs by network, `since` and `source` when and where the company took that from.
    """

    currency: str = ""
    cpc: Mapping[str, Decimal] = field(default_factory=dict)
    since: date | None = None
    source: str = ""
    cost_per_month: Decimal | None = None
    reach: Mapping[str, Reach] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """Whether there is anything to value clicks with."""
        return bool(self.currency and self.cpc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a stretch of time brought and cost; `None` where a figure that it needs was not entered.

    `unvalued_clicks` are those on networks without a cost per click. `ratio` is (earned - cost) / cost.
    """

    earned: Decimal | None
    unvalued_clicks: int
    programme_cost: Decimal | None
    network_cost: Decimal

    @property
    def cost(self) -> Decimal | None:
        """What programme and networks cost together; `None` while the company has not said what the first does."""
        return None if self.programme_cost is None else _cents(self.programme_cost + self.network_cost)

    @property
    def ratio(self) -> Decimal | None:
        """The return: 0.5 is half as much again as was spent; `None` without a cost or a value."""
        if self.earned is None or not self.cost:
            return None
        return ((self.earned - self.cost) / self.cost).quantize(Decimal("0.001"), ROUND_HALF_EVEN)


def earned_value(policy: ValuePolicy, network: str, clicks: int) -> Decimal | None:
    """Return what unique human clicks on a network are worth, to the cent; `None` where its clicks are not valued."""
    price = policy.cpc.get(network)
    return None if price is None or not policy.is_on else _cents(price * clicks)


def estimated_reach(policy: ValuePolicy, network: str, shares: int) -> int | None:
    """Return how many people may have seen so many shares: an estimate, `None` where no figures for it were entered."""
    figures = policy.reach.get(network)
    if figures is None:
        return None
    return int((figures.audience * figures.rate * shares).to_integral_value(ROUND_HALF_EVEN))


def worth_of(policy: ValuePolicy, clicks: Mapping[str, int], *, days: int, spent_millionths: int) -> Worth:
    """Return what `days` days brought and cost: unique human clicks by network, and what networks billed."""
    values = {network: earned_value(policy, network, number) for network, number in clicks.items()}
    valued = [one for one in values.values() if one is not None]
    monthly = policy.cost_per_month
    return Worth(
        earned=_cents(sum(valued, Decimal(0))) if policy.is_on else None,
        unvalued_clicks=sum(clicks[network] for network, one in values.items() if one is None),
        programme_cost=None if monthly is None else _cents(monthly * days / DAYS_A_MONTH),
        network_cost=_cents(Decimal(spent_millionths) / MILLION),
    )


def millionths(amount: Decimal | int) -> int:
    """Return an amount as it is kept."""
    return int((Decimal(amount) * MILLION).to_integral_value(ROUND_HALF_EVEN))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_EVEN)
