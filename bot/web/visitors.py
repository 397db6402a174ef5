"""Who follows a link: the day and its salt, the two hashes, the class; never the address."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from crawleruseragents import is_crawler

from bot.core.address_ranges import NetworkKind, Ranges
from bot.core.known_networks import known_ranges
from bot.core.leaderboard import local_date, midnight
from bot.core.ports import Clock
from bot.core.visitor_rules import FIRST_SECONDS, Evidence, classify
from bot.core.visitor_rules import class_of_agent as class_by_rules
from bot.core.visits import (
    AGENT_LENGTH,
    AGENTS_REMEMBERED,
    TrustedProxies,
    VisitClass,
    client_address,
    packed_address,
    prefix_hash,
    prefix_of,
    visitor_hash,
)
from bot.web.recent import NOTHING, Recent
from storage.engine import Sessions
from storage.queries import links, salts
from storage.queries.visits import NewVisit

SALT_BYTES = 32
SALT_SECONDS = 0.025
READ_PAUSE = 1.0
_TAG_BITS = 16
_EPOCH_NS = 1_577_836_800 * 10**9  # 2020 began; 47 bits of steps last until 2064

Headers = Iterable[tuple[bytes, bytes]]

log = logging.getLogger("vouch.visits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What tracked links need of their installation; `journal` is the folder for visits while the database is away.

    `ranges` are the networks that are known, those of the company among them; `first_seconds` is how soon after a link
    went out nobody can have followed it.
    """

    sessions: Sessions
    clock: Clock
    zone: ZoneInfo
    trusted: TrustedProxies
    journal: Path
    ranges: Ranges = field(default_factory=known_ranges)
    first_seconds: timedelta = FIRST_SECONDS


@lru_cache(maxsize=AGENTS_REMEMBERED)
def is_listed(agent: str) -> bool:
    """Say whether a list of crawlers knows the agent."""
    return bool(is_crawler(agent))


def class_of_agent(agent: str) -> VisitClass:
    """Return the class of a visit by its agent alone."""
    return class_by_rules(agent, is_known_crawler=is_listed(agent))


KnownLink = tuple[int, bytes, datetime]
"""What a process knows of a link: its number, where it leads, when it went out. Plain tuples, because up to 100,000 of
them are in memory, and the garbage collector leaves those alone."""


def is_fetching_agent(agent: str) -> bool:
    """Say whether an agent is that of a preview or a scanner of links; members may use any browser or tool."""
    kind = class_of_agent(agent)
    return kind is VisitClass.PREVIEW or (kind is VisitClass.SCANNER and bool(agent.strip()))


class Numbers:
    """Numbers for visits, rising and different in every process: steps of 10 µs since 2020, then the process's tag."""

    def __init__(self) -> None:
        """Choose the tag."""
        self._tag = secrets.randbits(_TAG_BITS)
        self._last = 0

    def next(self) -> int:
        """Return the next number."""
        self._last = max(self._last + 1, (time.time_ns() - _EPOCH_NS) // 10_000)
        return self._last << _TAG_BITS | self._tag


class Visitors:
    """Tells visits apart by what a request says of itself, with the salt of the programme's day."""

    def __init__(self, tracking: Tracking) -> None:
        """Prepare; nothing is read before the first day is asked for."""
        self._sessions = tracking.sessions
        self._clock = tracking.clock
        self._zone = tracking.zone
        self._trusted = tracking.trusted
        self._ranges = tracking.ranges
        self._first_seconds = tracking.first_seconds
        self._recent = Recent()
        self._numbers = Numbers()
        self._salts: dict[date, bytes] = {}
        self._offered: dict[date, bytes] = {}
        self._own: dict[int, set[bytes]] = {}
        self._day = date.min
        self._salt = b""
        self._begins = self._ends = datetime.min.replace(tzinfo=UTC)
        self._turning = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    def is_today(self, now: datetime) -> bool:
        """Say whether `now` is in the day whose salt is at hand."""
        return self._begins <= now < self._ends

    def now(self) -> datetime:
        """Return the present instant."""
        return self._clock.now()

    async def turn_to(self, now: datetime) -> None:
        """Begin the day of `now` with its salt; that of the next day is read ahead.

        With the database away a day that has no salt yet begins with one of this process, offered to the others later.
        """
        async with self._turning:
            if self.is_today(now):
                return
            self._day = day = local_date(now, self._zone)
            self._own = {}
            await self._stop_reading()
            self._reading = asyncio.create_task(self._read_until_known(day))
            if day not in self._salts:
                await asyncio.wait({self._reading}, timeout=SALT_SECONDS)
            self._salt = self._salts.get(day) or self._offer(day)
            self._begins, self._ends = midnight(day, self._zone), midnight(day + timedelta(days=1), self._zone)

    async def stop(self) -> None:
        """Read nothing more, and forget who came in the last seconds."""
        self._recent.stop()
        await self._stop_reading()

    async def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read_until_known(self, day: date) -> None:
        while True:
            try:
                await self.read_day(day)
            except Exception as error:  # whatever it is, the day goes on with this process's own salt until then
                log.warning("the day's salt could not be read: %s", type(error).__name__)
                await asyncio.sleep(READ_PAUSE)
            else:
                return

    async def read_day(self, day: date) -> None:
        """Read, or make, the salts of a day and the next, and which visitors of the day are the members themselves."""
        wanted = (day, day + timedelta(days=1))
        async with self._sessions.reading() as session:
            found = dict(await salts.find_salts(session, days=wanted))
        if missing := [one for one in wanted if one not in found]:
            offered = {one: self._offer(one) for one in missing}
            async with self._sessions.begin() as session:
                found |= await salts.keep_salts(session, offered=offered)
        async with self._sessions.reading() as session:
            own = await links.list_own_visitors(session, on_day=day)
        self._salts = found
        self._offered = {one: salt for one, salt in self._offered.items() if one >= day and one not in found}
        if self._day == day:
            self._salt = found[day]
            self._add_own(own)

    def _offer(self, day: date) -> bytes:
        """Return this process's own salt for a day, always the same: with it a day may have begun before it is kept."""
        return self._offered.setdefault(day, secrets.token_bytes(SALT_BYTES))

    def _add_own(self, own: Iterable[tuple[int, bytes]]) -> None:
        for link_id, visitor in own:
            self._own.setdefault(link_id, set()).add(visitor)

    async def read_own(self, link_ids: list[int]) -> None:
        """Read anew which visitors of these links are the members themselves today."""
        async with self._sessions.reading() as session:
            self._add_own(await links.list_own_visitors(session, on_day=self._day, link_ids=link_ids))

    async def who(self, headers: Headers, peer: str) -> "Who":
        """Return whoever asks, as they are known today."""
        now = self._clock.now()
        if not self.is_today(now):
            await self.turn_to(now)
        agent, address = self.asked_by(headers, peer)
        return Who(on_day=self._day, hash_for=partial(_hash_for, self._salt, address, agent))

    def know_own(self, link_id: int, who: "Who") -> None:
        """Take this visitor of a link, for the day, for the member whose link it is."""
        if who.on_day == self._day:
            self._add_own([(link_id, who.hash_for(link_id))])

    def asked_by(self, headers: Headers, peer: str) -> tuple[str, str]:
        """Return the agent, cut to a sensible length, and the address of whoever asked."""
        agent = forwarded = b""
        for name, value in headers:
            if name == b"user-agent":
                agent = value
            elif name == b"x-forwarded-for":
                forwarded = forwarded + b"," + value if forwarded else value
        said = forwarded.decode("latin-1") if forwarded else None
        return agent[:AGENT_LENGTH].decode("latin-1"), client_address(peer, said, self._trusted)

    def visit(self, link: KnownLink, *, headers: Headers, peer: str, now: datetime) -> tuple[NewVisit, tuple[int, ...]]:
        """Return the visit of `link` that this request is, and earlier visits that it shows to be a burst's.

        `now` is today.
        """
        link_id, _, out_at = link
        agent, address = self.asked_by(headers, peer)
        packed = packed_address(address)
        network = self._ranges.kind_of(packed)
        visitor = visitor_hash(self._salt, link_id, address, agent)
        number = self._numbers.next()
        seen = NOTHING
        if packed is not None and network is not NetworkKind.PRIVATE:
            seen = self._recent.note(packed, (time.monotonic(), link_id, number))
        evidence = Evidence(
            agent,
            is_listed(agent),
            visitor in self._own.get(link_id, ()),
            "GET",
            now - out_at,
            network,
            seen.is_burst,
            seen.came_after_head,
            seen.is_repeat,
        )
        kind = classify(evidence, first_seconds=self._first_seconds)
        prefix = prefix_hash(self._salt, link_id, prefix_of(packed))
        return NewVisit(number, link_id, now, self._day, kind.value, visitor, prefix), seen.burst

    def note_head(self, link_id: int, *, headers: Headers, peer: str) -> None:
        """Remember for some seconds that this address asked for the head of a link."""
        packed = packed_address(self.asked_by(headers, peer)[1])
        if packed is not None and self._ranges.kind_of(packed) is not NetworkKind.PRIVATE:
            self._recent.note(packed, (time.monotonic(), link_id, 0))

    def is_fetcher(self, headers: Headers, peer: str) -> bool:
        """Say whether a chat's or network's preview, or a scanner of links, asks, by its agent or its address."""
        agent, address = self.asked_by(headers, peer)
        return is_fetching_agent(agent) or self._ranges.kind_of(packed_address(address)) is NetworkKind.PREVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody on one day: their hash for each link, and no more."""

    on_day: date
    hash_for: Callable[[int], bytes]


def _hash_for(salt: bytes, address: str, agent: str, link_id: int) -> bytes:
    return visitor_hash(salt, link_id, address, agent)
