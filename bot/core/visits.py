"""Visits: their classes, whose address one came from, and the hashes by which visits are told apart.

All of this runs on every tracked click, so it is kept to what a click needs.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_network

AGENTS_REMEMBERED = 4096
AGENT_LENGTH = 512
# How many hops of a forwarding header are looked at; more is no honest chain of proxies.
MAX_HOPS = 20

_HASH_BYTES = 16
_MAPPED = b"\x00" * 10 + b"\xff\xff"


class VisitClass(StrEnum):
    """Who or what a visit was; only `human` counts. `company` is somebody in the company's own network."""

    HUMAN = "human"
    PREVIEW = "preview"
    CRAWLER = "crawler"
    SCANNER = "scanner"
    SELF = "self"
    COMPANY = "company"


def visitor_hash(salt: bytes, link_id: int | str, ip: str, agent: str) -> bytes:
    """Return what tells one visitor of one link from another on one day; without the day's salt it tells nothing."""
    return _hash(salt, "visitor", link_id, f"{ip}\x00{agent[:AGENT_LENGTH]}")


def prefix_hash(salt: bytes, link_id: int | str, prefix: str) -> bytes:
    """Return what tells one address prefix from another for points on one link and day."""
    return _hash(salt, "prefix", link_id, prefix)


def _hash(salt: bytes, purpose: str, link_id: int | str, text: str) -> bytes:
    hasher = _keyed(salt).copy()
    hasher.update(f"{purpose}\x00{link_id}\x00{text}".encode("utf-8", "surrogateescape"))
    return hasher.digest()


@lru_cache(maxsize=1)  # no longer than its day
def _keyed(salt: bytes) -> blake2b:
    return blake2b(digest_size=_HASH_BYTES, key=salt)


def address_prefix(ip: str) -> str:
    """Return the network an address is in, /24 or for IPv6 /56: "203.0.113.0/24"; empty for what is no address."""
    return prefix_of(packed_address(ip))


def prefix_of(packed: bytes | None) -> str:
    """Return the same for an address in bytes; empty for `None`."""
    if packed is None:
        return ""
    if len(packed) == 4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.0/24"
    return socket.inet_ntop(socket.AF_INET6, packed[:7] + b"\x00" * 9) + "/56"


def packed_address(ip: str) -> bytes | None:
    """Return an address's bytes, 4 or 16, an IPv4 one inside IPv6 as 4; `None` for what is no address."""
    try:
        if ":" not in ip:
            return socket.inet_pton(socket.AF_INET, ip)
        packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
    except (OSError, ValueError):  # ValueError: a null or a letter that no address has
        return None
    return packed[12:] if packed.startswith(_MAPPED) else packed


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxies:
    """Networks whose forwarding header is believed, as (address length, mask, network) for quick comparing."""

    networks: tuple[tuple[int, int, int], ...] = ()

    def has(self, ip: str) -> bool:
        """Say whether the address is a trusted proxy's; what is no address is not."""
        packed = packed_address(ip) if self.networks else None
        if packed is None:
            return False
        length, number = len(packed), int.from_bytes(packed)
        for size, mask, net in self.networks:  # noqa: SIM110 - asked twice a visit; `any` costs three times as much
            if length == size and number & mask == net:
                return True
        return False


def trusted_proxies(networks: Iterable[str]) -> TrustedProxies:
    """Return the proxies to trust, each written as an address or a network ("10.0.0.0/8"); raises `ValueError`."""
    known = [ip_network(one.strip(), strict=False) for one in networks if one.strip()]
    return TrustedProxies(
        networks=tuple((one.max_prefixlen // 8, int(one.netmask), int(one.network_address)) for one in known)
    )


def client_address(peer: str, forwarded_for: str | None, trusted: TrustedProxies) -> str:
    """Return the address of whoever asked: `peer`, or what trusted proxies say of it in `X-Forwarded-For`.

    The header is read from its right end, each entry believed only because a trusted proxy wrote it: the first that is
    no trusted proxy is the answer. Junk, or more hops than a chain has, ends the reading at the last believed address.
    """
    if not forwarded_for or not trusted.has(peer):
        return peer
    if "," not in forwarded_for:
        return _address_of(forwarded_for.strip()) or peer
    believed = peer
    for entry in reversed(forwarded_for.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
        address = _address_of(entry.strip())
        if address is None:
            return believed
        if not trusted.has(address):
            return address
        believed = address
    return believed


def _address_of(entry: str) -> str | None:
    """Return the address in one entry of the header, which may have a port; `None` for junk."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    return entry if packed_address(entry) is not None else None
