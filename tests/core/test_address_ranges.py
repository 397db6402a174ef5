"""Ranges of addresses: which kind an address is, and what may be configured."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.address_ranges import NetworkKind, network_written, ranges_of
from bot.core.known_networks import KNOWN, known_ranges, ranges_with
from bot.core.programme import VisitRules
from bot.core.visits import packed_address


def kind_of(address: str, rules: VisitRules | None = None) -> NetworkKind:
    """Return the kind of network of an address."""
    return (ranges_with(rules) if rules else known_ranges()).kind_of(packed_address(address))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("52.112.74.60", NetworkKind.PREVIEW),  # Teams, within a cloud
        ("31.13.115.8", NetworkKind.PREVIEW),
        ("2a03:2880:f::1", NetworkKind.PREVIEW),
        ("40.94.16.20", NetworkKind.SCANNER),
        ("40.107.218.12", NetworkKind.SCANNER),
        ("20.44.17.8", NetworkKind.DATACENTRE),
        ("35.190.10.20", NetworkKind.DATACENTRE),
        ("2607:f8b0::7", NetworkKind.DATACENTRE),
        ("104.28.0.1", NetworkKind.UNKNOWN),  # iCloud Private Relay: people
        ("203.0.113.7", NetworkKind.UNKNOWN),
        ("0.0.0.1", NetworkKind.UNKNOWN),
        ("255.255.255.255", NetworkKind.UNKNOWN),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NetworkKind.UNKNOWN),
        ("127.0.0.1", NetworkKind.PRIVATE),
        ("::ffff:10.1.2.3", NetworkKind.PRIVATE),
        ("100.64.0.1", NetworkKind.PRIVATE),
        ("no address", NetworkKind.PRIVATE),
    ],
)
def test_known_networks(address: str, kind: NetworkKind) -> None:
    assert kind_of(address) is kind


def test_every_known_range_is_a_network_with_a_page_that_says_so() -> None:
    for one in KNOWN:
        assert one.source.startswith("https://")
        assert [str(ip_network(written)) for written in one.ranges.split()] == one.ranges.split()


def test_the_companys_own_ranges_hold_over_all_others() -> None:
    rules = VisitRules(
        company_ranges=("20.44.17.0/24", "10.0.0.0/8"),
        scanner_ranges=("203.0.113.0/25",),
        datacentre_ranges=("203.0.113.0/24",),
    )
    assert kind_of("20.44.17.8", rules) is kind_of("10.1.2.3", rules) is NetworkKind.COMPANY
    assert kind_of("20.44.18.8", rules) is kind_of("203.0.113.200", rules) is NetworkKind.DATACENTRE
    assert kind_of("203.0.113.7", rules) is NetworkKind.SCANNER


NETWORKS = st.ip_addresses(v=4).flatmap(
    lambda ip: st.integers(0, 32).map(lambda size: str(ip_network(f"{ip}/{size}", strict=False)))
)
LISTED = st.lists(st.tuples(st.sampled_from(list(NetworkKind)[1:]), NETWORKS), max_size=12)


@settings(max_examples=50)
@given(listed=LISTED, address=st.ip_addresses(v=4))
def test_of_ranges_that_overlap_the_strongest_kind_holds(
    listed: list[tuple[NetworkKind, str]], address: object
) -> None:
    order = list(NetworkKind)
    every = [ip_address(str(address)), *(ip_network(written)[where] for _, written in listed for where in (0, -1))]
    ranges = ranges_of(listed)
    for one in every:
        holding = [kind for kind, written in listed if one in ip_network(written)]
        wanted = max(holding, key=order.index, default=NetworkKind.UNKNOWN)
        assert ranges.kind_of(one.packed) is wanted


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        (" 2001:DB8::/32 ", "2001:db8::/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
    ],
)
def test_a_configured_range_is_a_network_or_an_address(written: str, network: str) -> None:
    assert network_written(written) == network


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("office", "is no address and no network"),
        ("203.0.113.0/99", "is no address and no network"),
        ("203.0.113.7/24", 'write "203.0.113.0/24"'),
        ("0.0.0.0/0", "too much of the internet"),
        ("2000::/3", "too much of the internet"),
    ],
)
def test_any_other_range_is_refused_with_what_to_write(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        network_written(written)
