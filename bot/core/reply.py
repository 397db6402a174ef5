"""What a handler answers; the connector shows it after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.cards import Card, Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A post that was searched for: what its line among others shows, and the card that may be put in a message."""

    title: str
    note: str
    picture: str
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one interaction, seen by the person who acted and by nobody else.

    `card` is a private message. `form` opens a window, or redraws the one that the interaction came from; with
    `is_stacked` it is laid over it. `errors` (field name to sentence) keep a submitted window open, with `form` beside
    them as it was typed, for platforms that have to draw it anew. `closes` takes the windows away. `home` redraws the
    person's Home tab. `matches` answer a search. All empty: silence. A window that could not be opened is replaced by
    `fallback`, a private message with a button to try again. `is_repeat`: this interaction was handled before, and what
    was answered then is not known here.
    """

    card: Card | None = None
    form: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    home: Card | None = None
    matches: tuple[Match, ...] | None = None
    fallback: Card | None = None
    is_stacked: bool = False
    closes: bool = False
    is_repeat: bool = field(default=False, compare=False)


SILENCE = Reply()
REPEATED = Reply(is_repeat=True)
