"""One fake per port: each does what its port promises, remembers what it was asked, and can be told to fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import quote

from bot.core.cards import Card, Chart, Form
from bot.core.errors import OutsideError, PageUnreadable, Refused
from bot.core.people import Person
from bot.core.ports import Attachment, Page


@dataclass
class FakeClock:
    """A clock that stands still until it is told otherwise."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass
class FakeSurface:
    """A platform in memory, whose references begin with `prefix`.

    `fail_next` is raised by the next calls, one each, instead of doing anything.
    """

    prefix: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    windows: set[str] = field(default_factory=set)
    fail_next: list[OutsideError] = field(default_factory=list)
    posted: list[tuple[str, Card]] = field(default_factory=list)
    updated: list[tuple[str, str, Card]] = field(default_factory=list)
    told: list[tuple[str, Card]] = field(default_factory=list)
    files: list[tuple[str, Attachment]] = field(default_factory=list)
    redrawn: list[tuple[str, Form]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def _maybe_fail(self) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)

    def knows(self, ref: str) -> bool:
        return ref.startswith(self.prefix)

    async def post(self, channel_ref: str, card: Card, *, key: str) -> str:
        self._maybe_fail()
        self.posted.append((channel_ref, card))
        self.keys.append(key)
        return f"m{next(self._numbers)}"

    async def update(self, channel_ref: str, message_ref: str, card: Card) -> None:
        self._maybe_fail()
        self.updated.append((channel_ref, message_ref, card))

    async def tell(self, person_ref: str, card: Card, *, key: str) -> str:
        self._maybe_fail()
        self.told.append((person_ref, card))
        self.keys.append(key)
        return f"m{next(self._numbers)}"

    async def send_file(self, person_ref: str, attachment: Attachment) -> None:
        self._maybe_fail()
        self.files.append((person_ref, attachment))

    async def redraw_window(self, window: str, form: Form) -> None:
        self._maybe_fail()
        if window not in self.windows:
            raise Refused("not_found")
        self.redrawn.append((window, form))

    async def look_up(self, person_ref: str) -> Person:
        self._maybe_fail()
        if person_ref not in self.people:
            raise Refused("user_not_found")
        return self.people[person_ref]

    async def find_by_email(self, email: str) -> Person | None:
        self._maybe_fail()
        return next((one for one in self.people.values() if one.email == email), None)

    async def list_group(self, group_ref: str) -> Sequence[str]:
        self._maybe_fail()
        return self.groups[group_ref]

    async def list_channels(self) -> Sequence[str]:
        self._maybe_fail()
        return self.channels


@dataclass
class FakePages:
    """Pages in memory, by address; an error instead of a page is raised."""

    pages: dict[str, Page | OutsideError] = field(default_factory=dict)
    read_urls: list[str] = field(default_factory=list)

    async def read(self, url: str) -> Page:
        self.read_urls.append(url)
        found = self.pages.get(url, PageUnreadable("not_found", 404))
        if isinstance(found, OutsideError):
            raise found
        return found


@dataclass
class FakeCharts:
    """Paints nothing, and remembers what it was given."""

    painted: list[Chart] = field(default_factory=list)

    async def paint(self, chart: Chart) -> bytes:
        self.painted.append(chart)
        return b"\x89PNG\r\n\x1a\n"


class FakeComposers:
    """A composer for every network, with everything it was given in its address."""

    def address(self, network: str, *, text: str, link: str | None, title: str) -> str:
        shown = f"https://composer.example/{network}?text={quote(text, safe='')}&title={quote(title, safe='')}"
        return shown if link is None else f"{shown}&url={quote(link, safe='')}"
