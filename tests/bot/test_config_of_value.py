"""`value` in `config.yaml`: the company's own figures, complete or refused."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, read_config
from bot.core.value import Reach, ValuePolicy
from bot.programmes import programme_of

FIGURES = """
company: {name: Example}
value:
  currency: EUR
  cpc: {linkedin: 5.50}
  since: 2026-01-01
  source: our own campaigns
  cost_per_month: 500
  reach: {linkedin: {audience: 500, rate: 0.12}}
"""


def test_the_companys_figures_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(FIGURES)
    assert programme_of(read_config(path), path, public_url=None).value == ValuePolicy(
        currency="EUR",
        cpc={"linkedin": Decimal("5.5")},
        since=date(2026, 1, 1),
        source="our own campaigns",
        cost_per_month=Decimal(500),
        reach={"linkedin": Reach(audience=500, rate=Decimal("0.12"))},
    )


def test_value_is_off_until_somebody_enters_figures(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("company: {name: Example}\n")
    assert not programme_of(read_config(path), path, public_url=None).value.is_on


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{cpc: {linkedin: 5}, since: 2026-01-01, source: ads}", "value.currency: is missing"),
        ("{cost_per_month: 5}", "value.currency: is missing"),
        ("{currency: EUR, cpc: {linkedin: 5}, source: ads}", "value: write with cpc from when and where it is"),
        ("{currency: EUR, cpc: {linkedin: 5}, since: 2026-01-01}", "value: write with cpc from when and where it is"),
        ("{currency: euro}", "value.currency: 'euro'"),
        ("{currency: EUR, cpc: {linkedin: -1}, since: 2026-01-01, source: ads}", "value.cpc.linkedin: -1"),
        ("{currency: EUR, cpc: {myspace: 1}, since: 2026-01-01, source: ads}", "no network that Vouch knows"),
        ("{reach: {linkedin: {audience: 500, rate: 12}}}", "value.reach.linkedin.rate: 12"),
    ],
)
def test_a_figure_that_nobody_can_judge_is_refused(tmp_path: Path, written: str, problem: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"company: {{name: Example}}\nvalue: {written}\n")
    with pytest.raises(ConfigError, match="value") as caught:
        read_config(path)
    assert any(problem in one for one in caught.value.problems), caught.value.problems
