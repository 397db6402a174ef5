"""What a dialog carries beside its buttons, so that what was typed is understood when it comes back.

Teams sends the fields of a dialog as strings next to a button's own data: several choices joined by commas, an empty
field as "" or not at all. So each button of a dialog says of which kind its fields are.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, assert_never

from bot.core.actions import FieldValue
from bot.core.cards import DateField, Element, Field, ManyField, SelectField, TextField, TimeField
from bot.core.errors import Unreadable
from connectors.chat.teams.render_text import Unrenderable

Kind = Literal["text", "one", "many", "date", "time"]
Kinds = Mapping[str, Kind]

VOUCH = "vouch"
FIELDS = "fields"
NO_CHOICE = "%none"
"""The value of the choice that stands for none: an empty value is refused by mobile clients."""

_KINDS = ("text", "one", "many", "date", "time")
_RESERVED = frozenset({VOUCH, FIELDS, "msteams", ""})
_ENCODED = re.compile(r"%(2C|25)")


def as_choice(value: str) -> str:
    """Return the value of one of several choices as it travels: commas would part it, so they are encoded."""
    return value.replace("%", "%25").replace(",", "%2C")


def from_choices(text: str) -> tuple[str, ...]:
    """Return the values of the choices that were made, from their one string."""
    return tuple(_ENCODED.sub(lambda found: "," if found[1] == "2C" else "%", one) for one in text.split(",") if one)


def kinds_of(body: Iterable[Element | Field]) -> Kinds:
    """Return the kind of every field that can be filled in, by name; two fields of one name are refused."""
    kinds: dict[str, Kind] = {}
    for one in body:
        if isinstance(one, Field) and can_be_filled(one):
            if one.name in kinds or one.name in _RESERVED:
                raise Unrenderable(f"a field is named {one.name!r}; a name is not empty, not ours and stands once")
            kinds[one.name] = _kind(one)
    return kinds


def can_be_filled(field: Field) -> bool:
    """Say whether there is anything to choose or to type in `field`."""
    return bool(field.options) if isinstance(field, SelectField | ManyField) else True


def _kind(field: Field) -> Kind:
    match field:
        case TextField():
            return "text"
        case SelectField():
            return "one"
        case ManyField():
            return "many"
        case DateField():
            return "date"
        case TimeField():
            return "time"
        case _:
            assert_never(field)


def values_of(data: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Return what stood in the fields of a dialog by name, from a button's data; raises `Unreadable` for junk."""
    kinds = data.get(FIELDS, {}) if isinstance(data, Mapping) else None
    if not isinstance(kinds, Mapping) or any(kind not in _KINDS for kind in kinds.values()):
        raise Unreadable
    return {name: _value(kind, data.get(name)) for name, kind in kinds.items()}


def _value(kind: Kind, typed: object) -> FieldValue:
    text = "" if typed is None else typed
    if not isinstance(text, str):
        raise Unreadable
    if kind == "many":
        return from_choices(text)
    return "" if kind == "one" and text == NO_CHOICE else text
