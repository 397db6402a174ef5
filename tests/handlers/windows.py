"""Looking at what a use case answered: texts, buttons and fields of cards and windows."""

from collections.abc import Iterator
from typing import TypeVar

from bot.core.actions import Action
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Element,
    Field,
    Fields,
    Form,
    Headline,
    LinkButton,
    ManyField,
    Menu,
    SelectField,
    Table,
    Text,
    TextField,
    plain,
)

A = TypeVar("A", bound=Action)


def words_of(shown: Card | Form | None) -> str:
    """Return everything that can be read, buttons and fields left out, a line each."""
    assert shown is not None
    lines = [shown.title, *(line for one in shown.body for line in _lines(one))]
    return "\n".join(line for line in lines if line)


def _lines(element: Element | Field) -> Iterator[str]:
    match element:
        case Text():
            yield plain(element.spans)
        case Headline(title=title, note=note):
            yield from (title, note)
        case Fields():
            yield from (f"{name}: {value}" for name, value in element.pairs)
        case Table():
            yield from (" | ".join(row) for row in (element.header, *element.rows))
        case TextField() | SelectField() | ManyField() if element.hint:
            yield element.hint


def buttons_of(shown: Card | Form | None) -> list[Button | LinkButton]:
    """Return all buttons in order, those behind three dots too."""
    assert shown is not None
    found: list[Button | LinkButton] = []
    for element in shown.body:
        if isinstance(element, Buttons):
            for one in element.items:
                found += one.items if isinstance(one, Menu) else [one]
    return found


def action_of(shown: Card | Form | None, kind: type[A]) -> A:
    """Return the first button's action of this kind."""
    actions = [one.action for one in buttons_of(shown)]
    return next(one for one in actions if isinstance(one, kind))


def has_action(shown: Card | Form | None, kind: type[Action]) -> bool:
    """Say whether a button asks for an action of this kind."""
    return any(isinstance(one.action, kind) for one in buttons_of(shown))


def link_of(shown: Card | Form | None) -> str:
    """Return where the first link button leads."""
    return next(one.url for one in buttons_of(shown) if isinstance(one, LinkButton))


def field_of(shown: Form | None, name: str) -> Field:
    """Return the field of this name."""
    assert shown is not None
    return next(one for one in shown.body if isinstance(one, TextField | SelectField | ManyField) and one.name == name)


def text_of(shown: Form | None) -> str:
    """Return what the box named "text" holds."""
    field = field_of(shown, "text")
    assert isinstance(field, TextField)
    return field.value
