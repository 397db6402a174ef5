"""One way to act on both platforms: the same deeds by the same names, whatever a platform makes of them.

How a text reaches the composer is the one step that differs, and only the platform's own class knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Protocol

from tests.scenarios.town import PRODUCT

Json = dict[str, Any]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a person sees in one place: its words, the buttons by what they ask for, and what stands in its fields."""

    said: str
    buttons: frozenset[str]
    fields: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Json, ...] = ()
    handle: Any = None


class Chat(Protocol):
    """A platform with the demo company on it, and the deeds of its people."""

    name: str

    @property
    def address(self) -> str: ...
    @property
    def bot_log(self) -> str: ...
    def ref(self, key: str) -> str: ...
    def rows(self, statement: str, *values: object) -> Rows: ...
    def points(self, who: str) -> int: ...

    async def say(self, who: str, text: str) -> str:
        """Type a command and return what is told privately in answer."""

    async def open(self, who: str, text: str) -> Seen:
        """Type a command that is answered with a window, and return the window."""

    async def write(self, who: str, text: str) -> str:
        """Write to the bot itself and return its answer."""

    async def suggest_this(self, who: str, by: str, text: str, channel: str) -> Seen:
        """Have `by` write in a channel and `who` use "Suggest this" on it; the window."""

    async def announcement(self, who: str, title: str, channel: str = PRODUCT) -> Seen:
        """Return what stands in a channel for a post."""

    async def channel(self, who: str, channel: str) -> list[str]:
        """Return the words of every message that a person sees in a channel."""

    async def find(self, who: str, words: str, channel: str = "") -> Seen:
        """Return the bot's newest message with `words`, in the person's own chat with it if no channel is named."""

    async def card(self, ref: str) -> Seen:
        """Return the curators' card of a suggestion ("S6")."""

    async def press(self, who: str, seen: Seen, action: str) -> str:
        """Press a button of a message and return what is told at once, a window's words included."""

    async def window(self, who: str) -> Seen | None:
        """Return the window that a person sees."""

    async def choose(self, who: str, action: str, **typed: object) -> str:
        """Press a button in the open window, with fields changed; what is told at once."""

    async def submit(self, who: str, **typed: object) -> str:
        """Press the open window's own button, with fields changed; what is told at once, faults included."""

    async def keep(self, who: str, **typed: object) -> None:
        """Type in the open post form so that it is kept, and close it."""

    async def close(self, who: str) -> None:
        """Close every window that a person sees."""

    async def share(self, who: str, post: Seen, text: str, network: str = "linkedin") -> str:
        """Share a post with one's own text; the address of the network's composer that it led to."""

    async def leave(self, who: str, *, text: str, network: str) -> str:
        """Try to go on to a network with a text from the open window; what it says then."""

    async def delay_redrawing(self) -> None:
        """Have the next redrawn card arrive late, so that people still press on the old one."""

    async def home(self, who: str) -> Seen:
        """Return a person's Home, as fresh as it gets."""

    async def file(self, who: str) -> Json:
        """Return the newest file that the person was sent, taken as the platform has it taken."""

    async def get(self, path: str, who: str = "someone-else", **headers: str) -> tuple[int, str]:
        """Get an address as a person; status and where it redirects."""

    async def settle(self) -> None: ...
    async def advance(self, **by: float) -> None: ...
    async def to(self, moment: datetime) -> None: ...
    async def now(self) -> datetime: ...
    async def next_moment(self, weekdays: Sequence[int], at: time) -> datetime: ...
    async def to_working_hours(self) -> None: ...


def member_of(chat: Chat, who: str, columns: str) -> tuple[object, ...]:
    """Return columns of a member's row."""
    return chat.rows(f"SELECT {columns} FROM member WHERE person_ref = ?", chat.ref(who))[0]  # noqa: S608


def ref_of(chat: Chat, title: str) -> str:
    """Return how curators name a post."""
    ((post_id,),) = chat.rows("SELECT id FROM post WHERE title = ?", title)
    return f"P{post_id}"


def shares_of(chat: Chat, who: str, title: str) -> Rows:
    """Return network, state, text and whether in own words of a member's shares of a post, oldest first."""
    return chat.rows(
        "SELECT network, share.state, share.text, is_own_words FROM share JOIN member ON member.id = member_id "
        "JOIN post ON post.id = post_id WHERE person_ref = ? AND title LIKE ? ORDER BY share.id",
        chat.ref(who),
        f"{title}%",
    )
