"""`visits` in `config.yaml`: networks of one's own, checked, and in force once read."""

from pathlib import Path

import pytest

from bot.config import ConfigError, read_config
from bot.core.address_ranges import NetworkKind
from bot.core.known_networks import ranges_with
from bot.core.visits import packed_address
from bot.programmes import programme_of


def test_configured_networks_are_in_force(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "company: {name: Example}\n"
        "visits:\n"
        "  company_ranges: [203.0.113.0/24, 2001:db8::/32]\n"
        "  scanner_ranges: [198.51.100.7]\n"
        "  first_seconds: 0\n"
    )
    rules = programme_of(read_config(path), path, public_url=None).visits
    kinds = [ranges_with(rules).kind_of(packed_address(one)) for one in ("203.0.113.9", "2001:db8::1", "198.51.100.7")]
    assert kinds == [NetworkKind.COMPANY, NetworkKind.COMPANY, NetworkKind.SCANNER]
    assert not rules.first_seconds


def test_wrong_ones_are_refused_with_place_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("company: {name: Example}\nvisits: {company_ranges: [office, 10.0.0.0/4], first_seconds: 60}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    first, second, third = caught.value.problems
    assert first == (
        "config.yaml: visits.company_ranges.0: 'office' is no address and no network; "
        'write one like "203.0.113.0/24" (docs/configuration.md#visits)'
    )
    assert "visits.company_ranges.1: '10.0.0.0/4' is one address within a network" in second
    assert "visits.first_seconds: 60" in third
