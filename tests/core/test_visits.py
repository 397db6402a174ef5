"""Hashes that tell visits apart, and whose address it was."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.visits import (
    address_prefix,
    client_address,
    prefix_hash,
    trusted_proxies,
    visitor_hash,
)

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
SLACK_APP = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/138.0 Electron/37 Safari/537.36 "
    "Slack_SSB/4.46.99"
)


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2ff:3::9", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("203.0.113", ""),
        ("203.0.113.999", ""),
        ("junk", ""),
        ("a\x00b", ""),
        ("é", ""),
        (":", ""),
        ("", ""),
    ],
)
def test_an_addresss_prefix(ip: str, prefix: str) -> None:
    assert address_prefix(ip) == prefix


@given(ip=st.ip_addresses())
def test_a_prefix_is_the_addresss_network(ip: object) -> None:
    address = ip_address(str(ip))
    mapped = getattr(address, "ipv4_mapped", None) or address
    wanted = ip_network(f"{mapped}/{24 if mapped.version == 4 else 56}", strict=False)
    assert ip_network(address_prefix(str(ip))) == wanted


SALT = bytes(range(32))


def test_hashes_tell_visits_apart_and_nothing_else() -> None:
    first = visitor_hash(SALT, 1, "203.0.113.7", CHROME)
    assert first == visitor_hash(SALT, 1, "203.0.113.7", CHROME)
    others = {
        visitor_hash(SALT[::-1], 1, "203.0.113.7", CHROME),
        visitor_hash(SALT, 2, "203.0.113.7", CHROME),
        visitor_hash(SALT, 1, "203.0.113.8", CHROME),
        visitor_hash(SALT, 1, "203.0.113.7", SLACK_APP),
        prefix_hash(SALT, 1, "203.0.113.0/24"),
        prefix_hash(SALT, 1, "203.0.114.0/24"),
    }
    assert len(others | {first}) == 7
    assert all(len(one) == 16 for one in others)
    assert prefix_hash(SALT, 1, "a\udcffb") != prefix_hash(SALT, 1, "ab")


@given(ip=st.text(max_size=20), agent=st.text(max_size=40))
def test_whatever_is_sent_can_be_hashed(ip: str, agent: str) -> None:
    assert len(visitor_hash(SALT, "abcd2345", ip, agent)) == 16


PROXIES = trusted_proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", " "])
TRUSTED = st.sampled_from(["127.0.0.1", "10.1.2.3", "2001:db8::7", "::ffff:10.0.0.9"])
OTHERS = st.ip_addresses().map(str).filter(lambda ip: not PROXIES.has(ip))


@pytest.mark.parametrize(
    ("peer", "header", "address"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("127.0.0.1", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("127.0.0.1", "198.51.100.1:5012", "198.51.100.1"),
        ("127.0.0.1", "[2001:db9::1]:443", "2001:db9::1"),
        ("127.0.0.1", "1.1.1.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1, <script>, 10.2.2.2", "10.2.2.2"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1," + "10.0.0.1," * 500 + "10.0.0.2", "10.0.0.1"),
        ("", "1.1.1.1", ""),
        ("unix:", "1.1.1.1", "unix:"),
    ],
)
def test_whose_address_it_was(peer: str, header: str | None, address: str) -> None:
    assert client_address(peer, header, PROXIES) == address


@given(peer=OTHERS, header=st.text(max_size=60))
def test_who_is_no_trusted_proxy_says_nothing_about_addresses(peer: str, header: str) -> None:
    assert client_address(peer, header, PROXIES) == peer
    assert client_address(peer, header, trusted_proxies([])) == peer


@given(peer=TRUSTED, forged=st.text(max_size=60) | OTHERS, real=OTHERS, hops=st.lists(TRUSTED, max_size=5))
def test_nothing_left_of_the_first_untrusted_address_counts(peer: str, forged: str, real: str, hops: list[str]) -> None:
    assert client_address(peer, ", ".join([forged, real, *hops]), PROXIES) == real


@given(peer=TRUSTED, header=st.text(alphabet="0123456789.:,[]% abc\x00é", max_size=80))
def test_junk_in_the_header_never_breaks_anything(peer: str, header: str) -> None:
    found = client_address(peer, header, PROXIES)
    assert found == peer or address_prefix(found)


@given(
    ip=st.ip_addresses(), net=st.sampled_from(["10.0.0.0/8", "192.168.1.0/24", "0.0.0.0/0", "::/0", "2001:db8::/33"])
)
def test_trust_is_by_network(ip: object, net: str) -> None:
    address = ip_address(str(ip))
    address = getattr(address, "ipv4_mapped", None) or address
    assert trusted_proxies([net]).has(str(ip)) is (address in ip_network(net))


def test_a_wrong_proxy_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        trusted_proxies(["10.0.0.0/99"])
