"""What addresses asked for in the last seconds: enough to see a burst, and nothing longer.

An address is remembered as a number that only this process can make of it. What is remembered goes after
`TURN_SECONDS` to twice that, whether or not anybody else comes, and sooner where more than `MOST` would be held.
"""

import asyncio
from typing import NamedTuple

BURST_SECONDS = 2.0
BURST_LINKS = 3
BEFORE_SECONDS = 10.0
TURN_SECONDS = 10.0
MOST = 20_000
MOST_OF_ONE = 16


Ask = tuple[float, int, int]
"""One request: when (monotonic), for which link, and the visit's number; 0 for one that only asked for the head. Plain
tuples, which cost the garbage collector nothing."""


class Seen(NamedTuple):
    """What an address did just before; `burst` are the earlier visits of the burst that this one belongs to."""

    is_burst: bool = False
    came_after_head: bool = False
    is_repeat: bool = False
    burst: tuple[int, ...] = ()


NOTHING = Seen()


class Recent:
    """The requests of the last seconds, by address, in two halves of which the older is dropped as a whole."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._young: dict[int, tuple[Ask, ...]] = {}
        self._old: dict[int, tuple[Ask, ...]] = {}
        self._turning: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many addresses are remembered at most."""
        return len(self._young) + len(self._old)

    def note(self, address: bytes, ask: Ask) -> Seen:
        """Remember a request and return what its address did in the seconds before."""
        key = hash(address)
        before = self._young.get(key) or self._old.get(key)
        if before is None:
            if len(self._young) >= MOST // 2:
                self._drop()
            self._young[key] = (ask,)
            if self._turning is None:
                self._turning = asyncio.get_running_loop().call_later(TURN_SECONDS, self._turn)
            return NOTHING
        self._young[key] = (*before[1 - MOST_OF_ONE :], ask)
        return _seen(before, ask)

    def _drop(self) -> None:
        self._old, self._young = self._young, {}

    def _turn(self) -> None:
        """Drop the older half, and come again as long as there is one."""
        self._drop()
        self._turning = asyncio.get_running_loop().call_later(TURN_SECONDS, self._turn) if self._old else None

    def stop(self) -> None:
        """Forget everything."""
        if self._turning is not None:
            self._turning.cancel()
        self._turning = None
        self._young, self._old = {}, {}


def _seen(before: tuple[Ask, ...], ask: Ask) -> Seen:
    now, wanted, number = ask
    same = [visit_id for at, link_id, visit_id in before if link_id == wanted and now - at <= BEFORE_SECONDS]
    just = [(link_id, visit_id) for at, link_id, visit_id in before if visit_id and now - at <= BURST_SECONDS]
    is_burst = bool(number) and len({wanted, *(link_id for link_id, _ in just)}) >= BURST_LINKS
    return Seen(
        is_burst=is_burst,
        came_after_head=0 in same,
        is_repeat=any(same),
        burst=tuple(visit_id for _, visit_id in just) if is_burst else (),
    )
