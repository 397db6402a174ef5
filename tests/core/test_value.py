"""What clicks are worth and what is left: exact to the cent, and nothing where nobody entered a figure."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.value import Reach, ValuePolicy, earned_value, estimated_reach, millionths, worth_of

EUROS = ValuePolicy(
    currency="EUR",
    cpc={"linkedin": Decimal("5.50"), "x": Decimal("0.125")},
    cost_per_month=Decimal("304.375"),
    reach={"linkedin": Reach(audience=500, rate=Decimal("0.125"))},
)
AMOUNTS = st.decimals(min_value=0, max_value=1_000_000, places=6)


def test_a_click_is_worth_what_the_company_entered_for_its_network() -> None:
    assert earned_value(EUROS, "linkedin", 3) == Decimal("16.50")
    assert earned_value(EUROS, "linkedin", 0) == Decimal("0.00")
    assert earned_value(EUROS, "mastodon", 3) is None
    assert earned_value(ValuePolicy(), "linkedin", 3) is None
    assert earned_value(ValuePolicy(cpc=EUROS.cpc), "linkedin", 3) is None


def test_halves_of_a_cent_go_to_the_even_cent() -> None:
    assert [earned_value(EUROS, "x", number) for number in (1, 3)] == [Decimal("0.12"), Decimal("0.38")]


def test_reach_is_an_estimate_of_the_shares_that_are_out_and_nothing_without_figures() -> None:
    assert estimated_reach(EUROS, "linkedin", 4) == 250
    assert estimated_reach(EUROS, "x", 4) is None


def test_the_return_is_what_is_left_after_programme_and_networks() -> None:
    worth = worth_of(EUROS, {"linkedin": 40, "mastodon": 2}, days=10, spent_millionths=10_000_000)
    assert (worth.earned, worth.unvalued_clicks) == (Decimal("220.00"), 2)
    assert (worth.programme_cost, worth.network_cost, worth.cost) == (Decimal(100), Decimal(10), Decimal(110))
    assert worth.ratio == Decimal("1.000")


def test_without_a_cost_or_a_value_there_is_no_return() -> None:
    free = ValuePolicy(currency="EUR", cpc=EUROS.cpc, cost_per_month=Decimal(0))
    assert worth_of(free, {"linkedin": 40}, days=7, spent_millionths=0).ratio is None
    unknown = ValuePolicy(currency="EUR", cpc=EUROS.cpc)
    worth = worth_of(unknown, {"linkedin": 40}, days=7, spent_millionths=200_000)
    assert (worth.cost, worth.ratio, worth.network_cost) == (None, None, Decimal("0.20"))
    off = worth_of(ValuePolicy(), {"linkedin": 40}, days=7, spent_millionths=0)
    assert (off.earned, off.ratio, off.unvalued_clicks) == (None, None, 40)


@given(
    cpc=AMOUNTS, monthly=AMOUNTS, clicks=st.integers(0, 10**7), spent=st.integers(0, 10**12), days=st.integers(1, 92)
)
def test_no_figures_break_the_sums(cpc: Decimal, monthly: Decimal, clicks: int, spent: int, days: int) -> None:
    policy = ValuePolicy(currency="EUR", cpc={"x": cpc}, cost_per_month=monthly)
    worth = worth_of(policy, {"x": clicks}, days=days, spent_millionths=spent)
    assert worth.earned is not None
    assert abs(worth.earned - cpc * clicks) <= Decimal("0.005")
    assert (worth.ratio is None) is (worth.cost == 0)


@given(AMOUNTS)
def test_an_amount_is_kept_to_the_millionth(amount: Decimal) -> None:
    assert Decimal(millionths(amount)) / 1_000_000 == amount
