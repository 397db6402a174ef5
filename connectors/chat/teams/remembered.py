"""Addresses in memory, in front of the book that all replicas share: what was read, and what was learned since."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.errors import OutsideError
from bot.core.ports import AddressBook
from connectors.chat.teams.whereabouts import PersonAddress, PlaceAddress, as_text, merged, read_address

Address = PersonAddress | PlaceAddress

MOST_HELD = 20_000
TRUSTED_FOR = 60.0
"""So many seconds an address in memory counts: every replica has forgotten a person within them after the book did."""

UNKEPT_FOR = 900.0
"""So many seconds an address that the book did not take, one of a guest, is still good for an answer."""

PLACE, SERVICE = "place:", "service:"
"""What keys begin with that are not a person's reference."""

_NEVER = float("-inf")


@dataclass(slots=True)
class _Held:
    """One address: what the book said when it was last read, and what was learned since and is not in it."""

    stored: Address | None = None
    new: Address | None = None
    read_at: float = _NEVER
    learned_at: float = _NEVER

    @property
    def known(self) -> Address | None:
        """Both as one."""
        return self.new if self.stored is None else _both(self.stored, self.new)


class Remembered:
    """Holds the addresses that were used last; reads one again that is too old, and writes what is new when told to."""

    def __init__(self, book: AddressBook, *, most: int = MOST_HELD, now: Callable[[], float] = time.monotonic) -> None:
        """Hold at most `most` addresses of `book`; `now` is the clock by which they age."""
        self._book = book
        self._most = most
        self._now = now
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._due: dict[str, None] = {}
        self._writing = asyncio.Lock()

    def learn(self, key: str, new: Address) -> bool:
        """Learn what may be new of an address and say whether it is; it is due to be written then."""
        held = self._held.setdefault(key, _Held())
        self._held.move_to_end(key)
        if held.known is not None and _both(held.known, new) == held.known:
            return False
        held.new = _both(held.new, new) if held.new is not None else new
        held.learned_at = self._now()
        self._due[key] = None
        self._make_room()
        return True

    def retry(self, key: str) -> None:
        """Let what was learned of an address and not taken be written again: who was no member may be one by now."""
        held = self._held.get(key)
        if held is not None and held.new is not None:
            self._due[key] = None

    async def find(self, key: str) -> Address | None:
        """Return what is known of an address, `None` for nothing; while the book is away what is held will do."""
        held = self._held.get(key)
        if held is None or self._is_old(held):
            try:
                held = await self._look(key)
            except OutsideError:
                if held is None or held.known is None:
                    raise
        if held.known is None:
            self._held.pop(key, None)
        return held.known

    def _is_old(self, held: _Held) -> bool:
        return self._now() - held.read_at >= TRUSTED_FOR

    async def _look(self, key: str) -> _Held:
        now, text = self._now(), await self._book.find(key)
        held = self._held.setdefault(key, _Held())
        held.stored, held.read_at = _read(key, text), now
        if now - held.learned_at >= UNKEPT_FOR and key not in self._due:
            held.new = None
        self._make_room()
        return held

    async def write(self) -> None:
        """Write what is due; what cannot be written now stays due."""
        async with self._writing:
            while self._due:
                key, _ = self._due.popitem()
                try:
                    await self._save(key)
                except BaseException:
                    self._due[key] = None
                    raise

    async def replace(self, key: str, address: Address) -> None:
        """Write an address in place of all that was known."""
        self.drop(key)
        await self._book.keep(key, as_text(address), is_person=isinstance(address, PersonAddress))

    def drop(self, key: str) -> None:
        """Hold an address no longer, nor what was learned of it."""
        self._held.pop(key, None)
        self._due.pop(key, None)

    async def _save(self, key: str) -> None:
        """Write an address that the book holds otherwise; it takes those of members, and of no other people."""
        held = self._held.get(key)
        if held is None:
            return
        held = await self._look(key) if self._is_old(held) else held
        known = held.known
        if known is None:
            return
        is_person = isinstance(known, PersonAddress)
        if known != held.stored:
            await self._book.keep(key, as_text(known), is_person=is_person)
            if is_person and held.stored is None and await self._book.find(key) is None:
                return
            held.stored, held.read_at = known, self._now()
        if held.known == known:  # nothing was learned meanwhile
            held.new = None

    def _make_room(self) -> None:
        while len(self._held) > self._most:
            gone, _ = self._held.popitem(last=False)
            self._due.pop(gone, None)


def _read(key: str, text: str | None) -> Address | None:
    if key.startswith((PLACE, SERVICE)):
        return read_address(PlaceAddress, text)
    return read_address(PersonAddress, text)


def _both(old: Address, new: Address | None) -> Address:
    match old, new:
        case PersonAddress(), PersonAddress():
            return merged(old, new)
        case PlaceAddress(), PlaceAddress():
            return merged(old, new)
    return new or old
