"""One fake per port: each does what its port promises, remembers what it was asked, and can be told to fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import quote

from bot.core.cards import Card, Chart, Form
from bot.core.errors import OutsideError, PageUnreadable, Refused, Uncertain
from bot.core.people import Person
from bot.core.ports import Attachment, Page
from bot.core.social import Counts, Door, Draft, Profile, Published, Tokens


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
class FakeNetwork:
    """A network in memory. `fail_next` is raised by the next calls, one each, instead of doing anything.

    `lose_next` does what was asked and then raises `Uncertain`, as a connection that is cut too late.
    """

    name: str = "linkedin"
    scopes: tuple[str, ...] = ("post",)
    honours_key: bool = False
    can_revoke: bool = True
    lasts: timedelta | None = timedelta(days=60)
    fail_next: list[OutsideError] = field(default_factory=list)
    lose_next: int = 0
    profile: Profile = field(
        default_factory=lambda: Profile(remote_id="r1", name="Ada L.", url="https://n.example/ada")
    )
    counts: dict[str, Counts] = field(default_factory=dict)
    published: list[Draft] = field(default_factory=list)
    by_key: dict[str, Published] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    clock: FakeClock | None = None
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def _maybe_fail(self) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)

    def _tokens(self) -> Tokens:
        number = next(self._numbers)
        ends = self.clock.now() + self.lasts if self.clock and self.lasts else None
        scopes = frozenset(self.scopes)
        return Tokens(access=f"access-{number}", refresh=f"refresh-{number}", expires_at=ends, scopes=scopes)

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        if server:
            self._maybe_fail()
        return Door(server=server, client_id="client", client_secret="not-said", redirect_uri=redirect_uri)  # noqa: S106

    def authorization_url(self, door: Door, *, state: str, verifier: str) -> str:
        return f"{door.server or 'https://n.example'}/authorize?client_id={door.client_id}&state={state}"

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        self._maybe_fail()
        return self._tokens()

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        self._maybe_fail()
        self.refreshed.append(tokens.refresh)
        return self._tokens()

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        self._maybe_fail()
        return self.profile

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        self._maybe_fail()
        if self.honours_key and key in self.by_key:
            return self.by_key[key]
        self.published.append(draft)
        number = str(next(self._numbers))
        done = self.by_key[key] = Published(remote_id=number, url=f"https://n.example/posts/{number}")
        if self.lose_next:
            self.lose_next -= 1
            raise Uncertain("no answer")
        return done

    async def delete(self, door: Door, tokens: Tokens, remote_id: str) -> None:
        self._maybe_fail()
        self.deleted.append(remote_id)

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        self._maybe_fail()
        self.revoked.append(tokens.access)

    async def metrics(self, door: Door, tokens: Tokens, remote_ids: Sequence[str]) -> Mapping[str, Counts]:
        self._maybe_fail()
        return {one: self.counts[one] for one in remote_ids if one in self.counts}


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
