"""Ranges of addresses: what kind of network an address is in, found among sorted ranges without remembering it."""

import socket
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

NARROWEST_V4, NARROWEST_V6 = 8, 16
"""How wide a configured range may be at most: whoever writes 0.0.0.0/0 did not mean it."""

_ENDS = {4: 1 << 32, 16: 1 << 128}


class NetworkKind(StrEnum):
    """What is known of the network that an address is in.

    `private` addresses are those of the same machine or building, of a proxy that is not trusted, or of a carrier's
    shared gateway: many people may stand behind one.
    """

    UNKNOWN = ""
    PRIVATE = "private"
    DATACENTRE = "datacentre"
    SCANNER = "scanner"
    PREVIEW = "preview"
    COMPANY = "company"


_RANK = {kind: rank for rank, kind in enumerate(NetworkKind)}
"""Where ranges overlap the later kind holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNetwork:
    """Somebody's ranges, divided by spaces, and the page that says so."""

    name: str
    kind: NetworkKind
    source: str
    ranges: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Kinds of networks by address: for each length of address where a stretch begins, and the kind from there on."""

    starts: dict[int, Sequence[int]]
    kinds: dict[int, Sequence[NetworkKind]]

    def kind_of(self, packed: bytes | None) -> NetworkKind:
        """Return the kind of network of an address in bytes, 4 or 16; `None`, which is no address, is private."""
        if packed is None:
            return NetworkKind.PRIVATE
        length = len(packed)
        return self.kinds[length][bisect_right(self.starts[length], int.from_bytes(packed)) - 1]


def ranges_of(listed: Iterable[tuple[NetworkKind, str]]) -> Ranges:
    """Return the ranges of networks such as "203.0.113.0/24", each with its kind; raises `ValueError` for any other."""
    found: dict[int, list[tuple[int, int, NetworkKind]]] = {4: [], 16: []}
    for kind, written in listed:
        packed, size = _packed(written)
        first = int.from_bytes(packed)
        found[len(packed)].append((first, first + size, kind))
    stretches = {length: _stretches(edges, _ENDS[length]) for length, edges in found.items()}
    return Ranges(
        starts={length: [start for start, _ in one] for length, one in stretches.items()},
        kinds={length: [kind for _, kind in one] for length, one in stretches.items()},
    )


def _packed(written: str) -> tuple[bytes, int]:
    """Return a network's first address in bytes and how many it has; by `ip_network` that takes ten times as long."""
    address, _, prefix = written.partition("/")
    try:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except OSError as error:
        raise ValueError(f"{written} is no network") from error
    return packed, 1 << (8 * len(packed) - int(prefix))


def _stretches(edges: Iterable[tuple[int, int, NetworkKind]], end: int) -> list[tuple[int, NetworkKind]]:
    """Return where each stretch of addresses begins, with the kind that holds there; the first begins at 0."""
    changes: dict[int, list[tuple[int, int]]] = {0: [(_RANK[NetworkKind.UNKNOWN], 1)]}
    for first, after, kind in edges:
        changes.setdefault(first, []).append((_RANK[kind], 1))
        changes.setdefault(after, []).append((_RANK[kind], -1))
    kinds = tuple(NetworkKind)
    open_now = [0] * len(kinds)
    found: list[tuple[int, NetworkKind]] = []
    for at in sorted(one for one in changes if one < end):
        for rank, more in changes[at]:
            open_now[rank] += more
        held = kinds[max(rank for rank, count in enumerate(open_now) if count)]
        if not found or found[-1][1] is not held:
            found.append((at, held))
    return found


def network_written(value: str) -> str:
    """Return a configured address or network as a network; raises `ValueError` that says what to write instead."""
    try:
        network = ip_network(value.strip(), strict=False)
    except ValueError as error:
        raise ValueError('is no address and no network; write one like "203.0.113.0/24"') from error
    if "/" in value and str(network) != value.strip() and not _is_same(network, value.strip()):
        raise ValueError(f'is one address within a network; write "{network}", or the address alone')
    narrowest = NARROWEST_V4 if network.version == 4 else NARROWEST_V6
    if network.prefixlen < narrowest:
        raise ValueError(f"is too much of the internet; write networks of /{narrowest} and smaller")
    return str(network)


def _is_same(network: IPv4Network | IPv6Network, written: str) -> bool:
    """Say whether what was written is this network in other words, such as 2001:DB8:0::/32."""
    try:
        return ip_network(written) == network
    except ValueError:
        return False
