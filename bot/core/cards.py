"""What people see, as plain data: cards for messages and the Home tab, forms for windows; every label is in them.

Texts here are literal: a renderer escapes them, splits what is too long for its platform and adds the plain fallback.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.actions import Action


@dataclass(frozen=True, slots=True)
class Bold:
    """Words in bold."""

    text: str


@dataclass(frozen=True, slots=True)
class Italic:
    """Words in italics."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Words to type as they are, such as a command."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to `url`."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person, shown by the platform with their name and notified by it; `person_ref` is the platform's id."""

    person_ref: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, shown by the platform with its name."""

    channel_ref: str


@dataclass(frozen=True, slots=True)
class When:
    """An instant, shown in the reader's own zone where the platform can; `fallback` is used where it cannot."""

    at: datetime
    fallback: str


Span = str | Bold | Italic | Code | Link | Mention | Channel | When
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. "quiet" is small and grey, "heading" large, "quote" set off as somebody's words."""

    spans: Spans
    style: Literal["body", "quiet", "heading", "quote"] = "body"


@dataclass(frozen=True, slots=True)
class Headline:
    """What something is about, in little room: its title, a note below it, and beside them a small picture, if any."""

    title: str
    note: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """Pairs of a label and a value in two columns, at most ten."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture at a public address; `alt` says what it shows."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; every row has as many cells as the header. `numeric` names the columns set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Divider:
    """A thin line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """A question before a button does what cannot be undone."""

    title: str
    text: str
    yes: str
    no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button that asks for `action`; `about` completes the label for a screen reader ("Share: Winter report")."""

    label: str
    action: Action
    style: Literal["plain", "primary", "danger"] = "plain"
    confirm: Confirm | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkButton:
    """A button that opens `url`; where the platform tells of the click, `action` arrives with what was typed."""

    label: str
    url: str
    action: Action
    style: Literal["plain", "primary", "danger"] = "plain"
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Further choices behind three dots, at most five."""

    items: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Buttons:
    """A row of buttons."""

    items: tuple[Button | LinkButton | Menu, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A choice: `value` (at most 150 characters) is ours, `label` (75) is read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """A box to type in. A new `edition` makes the platform show `value` even after somebody typed there."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    placeholder: str = ""
    is_long: bool = False
    is_optional: bool = False
    max_length: int = 3000
    saves: bool = False
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectField:
    """One choice of several; with `saves` every change asks for the form's `change` action."""

    name: str
    label: str
    options: tuple[Option, ...]
    value: str | None = None
    hint: str = ""
    is_optional: bool = False
    saves: bool = False
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyField:
    """Any number of choices; `is_list` shows them all as boxes to tick (at most ten), else as a menu."""

    name: str
    label: str
    options: tuple[Option, ...]
    values: tuple[str, ...] = ()
    hint: str = ""
    is_optional: bool = False
    is_list: bool = False
    saves: bool = False
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField:
    """A day as "YYYY-MM-DD"."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    is_optional: bool = True
    saves: bool = False
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeField:
    """A time of day as "HH:MM"."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    is_optional: bool = True
    saves: bool = False
    edition: int = 0


Field = TextField | SelectField | ManyField | DateField | TimeField
Element = Text | Headline | Fields | Image | Table | Divider | Buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A message or a Home tab. `summary` is what a screen reader or a notification says; empty: title and texts."""

    title: str = ""
    body: tuple[Element, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A window. `ref` is our own name for it (unique, at most 255 characters), by which a job may redraw it later.

    `submit` is asked for with the fields' values merged in by name; `change` likewise whenever a field that `saves`
    changes; `closed` when the window is dismissed. Without `submit` the window only shows. Where the platform does not
    tell of changes by itself, a button with `change_label` asks for `change`; where no window can lie over another, a
    button with `close_label` asks for `back`, which shows again what this one was laid over.
    """

    ref: str
    title: str
    body: tuple[Element | Field, ...]
    submit: Action | None = None
    submit_label: str = ""
    close_label: str = ""
    change: Action | None = None
    change_label: str = ""
    closed: Action | None = None
    back: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A bar chart without any person's name: `bars` are labels and values, `unit` names what is counted."""

    title: str
    bars: tuple[tuple[str, int], ...] = field(default=())
    unit: str = ""


def plain(spans: Spans) -> str:
    """Return the words of `spans` without any markup."""
    return "".join(_words(span) for span in spans)


def _words(span: Span) -> str:
    match span:
        case str():
            return span
        case Bold(text=text) | Italic(text=text) | Code(text=text) | Link(text=text):
            return text
        case When(fallback=fallback):
            return fallback
        case _:
            return ""
