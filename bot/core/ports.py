"""What the inside needs from the outside, as protocols; every connector of a port passes that port's contract suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.actions import Interaction
from bot.core.cards import Card, Chart, Form
from bot.core.people import Person
from bot.core.reply import Reply
from bot.core.social import Counts, Door, Draft, Profile, Published, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says of itself; texts are plain, white space folded, at most 300 (title) and 2,000 characters."""

    url: str
    title: str
    summary: str
    picture: str | None
    language: str | None
    site: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to send: `body` is what it holds."""

    name: str
    body: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a platform's token belongs to, what it may do, and the platform's own time."""

    name: str
    scopes: frozenset[str]
    at: datetime


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class Dispatch(Protocol):
    """Handles one interaction and returns what to show; never raises for anything foreseen."""

    async def __call__(self, interaction: Interaction) -> Reply:
        """Handle `interaction` once, however often it arrives; a repetition returns silence."""


class ChatSurface(Protocol):
    """Where people talk. Every call is one outside call and raises only `OutsideError`s.

    `TryLater`: certainly not done, may be asked again. `Refused`: certainly not done; `code` is the platform's word.
    `Uncertain`: the request left and no answer came.
    """

    def knows(self, ref: str) -> bool:
        """Say whether `ref` has the form of this platform's references to people, channels and groups; asks nobody."""

    async def post(self, channel_ref: str, card: Card, *, key: str) -> str:
        """Post `card` in a channel and return the message's reference; `key` marks the message, it does not dedupe."""

    async def update(self, channel_ref: str, message_ref: str, card: Card) -> None:
        """Redraw a message of ours; doing it twice is harmless."""

    async def tell(self, person_ref: str, card: Card, *, key: str) -> str:
        """Send `card` to one person's private conversation with the bot and return the message's reference."""

    async def send_file(self, person_ref: str, attachment: Attachment) -> None:
        """Send a file to one person's private conversation with the bot."""

    async def redraw_window(self, window: str, form: Form) -> None:
        """Redraw the open window whose `Form.ref` is `window`; `Refused("not_found")` if it is not open."""

    async def look_up(self, person_ref: str) -> Person:
        """Return a person as the platform describes them now."""

    async def find_by_email(self, email: str) -> Person | None:
        """Return the person with this address, or `None`."""

    async def list_group(self, group_ref: str) -> Sequence[str]:
        """Return the references of the people in a user group."""

    async def list_channels(self) -> Sequence[str]:
        """Return the references of the channels that the bot is in."""


class AddressBook(Protocol):
    """Remembers where one platform reaches people and places; what is held is opaque text of its connector."""

    async def find(self, ref: str) -> str | None:
        """Return what is held of a person or place, `None` if nothing is."""

    async def keep(self, ref: str, held: str, *, is_person: bool) -> None:
        """Keep `held` in place of what was; of a person only while they are a member, so of guests nothing."""

    async def forget(self, ref: str) -> None:
        """Forget a person or place; an unknown one is none to forget."""

    async def list_held(self, prefix: str) -> Mapping[str, str]:
        """Return what is held of all whose reference begins with `prefix`, by reference."""


class FileShelf(Protocol):
    """Keeps files for some days until somebody takes them, behind a token that cannot be guessed."""

    async def put(self, body: bytes) -> str:
        """Keep `body` and return its token."""

    async def take(self, token: str) -> bytes | None:
        """Return what was put and keep it no longer; `None` if it was taken before or is too old."""


class PagePreview(Protocol):
    """Reads what a page says of itself, safely."""

    async def read(self, url: str) -> Page:
        """Read `url`; raises `PageUnreadable` with the reason."""


class ChartPainter(Protocol):
    """Draws charts."""

    async def paint(self, chart: Chart) -> bytes:
        """Return `chart` as a PNG."""


class ComposerAddresses(Protocol):
    """Knows the address of each network's own share dialog."""

    def address(self, network: str, *, text: str, link: str | None, title: str) -> str:
        """Return the address that opens `network`'s composer with `text` (whole, as composed) and `link`."""


class SocialNetwork(Protocol):
    """One network's API. Every async call is one outside call (a picture may go before a post).

    It raises only `OutsideError`s, whose codes are those of `social.Fault`; what raises anything but `Uncertain` has
    certainly published nothing. Texts are escaped here and nowhere else. No token, code or remote body is in an error,
    a log or an address.
    """

    name: str
    scopes: tuple[str, ...]
    honours_key: bool
    """Whether `publish` with the same `key` again never makes a second post."""

    can_revoke: bool

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        """Return the company's app at `server`, made there if the network wants one for each; else the one it has.

        `Refused("no_server")` where there is no such network at that address.
        """

    def authorization_url(self, door: Door, *, state: str, verifier: str) -> str:
        """Return where a member agrees; `verifier` is the PKCE secret (43 to 128 characters), where that is used."""

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        """Return the tokens for the code that came back; `NotConnected("scope")` if a permission was not given."""

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        """Return new tokens; the old ones may be dead now. `NotConnected` if the member must agree anew."""

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        """Return whose account it is."""

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        """Publish `draft` once; `key` is the same for every try of one share."""

    async def delete(self, door: Door, tokens: Tokens, remote_id: str) -> None:
        """Delete a post of the member's; one that is gone is deleted."""

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        """End the tokens at the network; does nothing where `can_revoke` is false or they are dead already."""

    async def metrics(self, door: Door, tokens: Tokens, remote_ids: Sequence[str]) -> Mapping[str, Counts]:
        """Return what the network counts, by post; posts that are gone or not told of are left out.

        At most 100 posts a call. `Refused("not_available")` where the app may not ask at all.
        """


class Probe(Protocol):
    """Asks a platform who we are."""

    async def identify(self) -> Identity:
        """Return who the token belongs to; raises `Refused` or `TryLater`."""
