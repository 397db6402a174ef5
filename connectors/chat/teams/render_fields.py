"""The fields of a window as inputs of Adaptive Cards; an input's id is the field's name.

No input is marked as required: the answer tells what is missing, so that an unfinished form can be kept. The text of a
choice is literal in Teams (MicrosoftDocs/msteams-docs issue 12228), and so are labels and values.
"""

from typing import assert_never

from bot.core.cards import DateField, Field, ManyField, Option, SelectField, TextField, TimeField
from connectors.chat.moments import is_day, is_time
from connectors.chat.teams import limits
from connectors.chat.teams.carrying import NO_CHOICE, as_choice, can_be_filled
from connectors.chat.teams.render_text import ERROR, NO_NAMES, QUIET, Json, Unrenderable, rich_blocks, short, size

_NONE = "—"


def field_blocks(field: Field, error: str = "") -> list[Json]:
    """Return the input of a field, what is wrong with it above, its hint below.

    A choice without options becomes a quiet line that says so.
    """
    blocks = error_blocks(error, label=field.label)
    if not can_be_filled(field):
        return [*blocks, *rich_blocks((f"{_label(field)}: — {field.hint}".strip(),), NO_NAMES, QUIET)]
    shown: Json = {"type": "", "id": field.name, "label": _label(field), **_input(field)}
    if blocks:
        shown["spacing"] = "small"
    hint = rich_blocks((field.hint,), NO_NAMES, QUIET)
    return [
        *blocks,
        shown,
        *({**line, "spacing": "small" if place == 0 else "none"} for place, line in enumerate(hint)),
    ]


def error_blocks(error: str, *, label: str = "") -> list[Json]:
    """Return the lines that say what is wrong, with the name of the field if it is one's."""
    words = f"{label.strip()}: {error.strip()}" if label.strip() and error.strip() else error
    return rich_blocks((words,), NO_NAMES, ERROR)


def _label(field: Field) -> str:
    return " ".join(field.label.split()) or field.name


def _input(field: Field) -> Json:
    match field:
        case TextField():
            return _text(field)
        case SelectField():
            return _select(field)
        case ManyField():
            return _many(field)
        case DateField(value=value):
            return {"type": "Input.Date", **({"value": value} if is_day(value) else {})}
        case TimeField(value=value):
            return {"type": "Input.Time", **({"value": value} if is_time(value) else {})}
        case _:
            assert_never(field)


def _text(field: TextField) -> Json:
    """Return a text input; a value longer or of more lines than it should be widens it, so that nothing is cut."""
    shown: Json = {
        "type": "Input.Text",
        "isMultiline": field.is_long or "\n" in field.value,
        "maxLength": max(field.max_length, size(field.value), 1),
    }
    if field.value:
        shown["value"] = field.value
    if field.placeholder.strip():
        shown["placeholder"] = short(field.placeholder, limits.MAX_PLACEHOLDER)
    return shown


def _select(field: SelectField) -> Json:
    """Return a list to choose from; where it is optional, a dash undoes a choice."""
    choices = [_choice(one, one.value) for one in field.options]
    chosen = field.value if any(one.value == field.value for one in field.options) else None
    if field.is_optional:
        choices.insert(0, {"title": _NONE, "value": NO_CHOICE})
        chosen = chosen or NO_CHOICE
    return {
        "type": "Input.ChoiceSet",
        "style": "compact",
        "isMultiSelect": False,
        "choices": choices,
        **({"value": chosen} if chosen else {}),
    }


def _many(field: ManyField) -> Json:
    chosen = [as_choice(one.value) for one in field.options if one.value in field.values]
    return {
        "type": "Input.ChoiceSet",
        "style": "expanded" if field.is_list else "compact",
        "isMultiSelect": True,
        "wrap": True,
        "choices": [_choice(one, as_choice(one.value)) for one in field.options],
        **({"value": ",".join(chosen)} if chosen else {}),
    }


def _choice(option: Option, value: str) -> Json:
    if not option.value or option.value == NO_CHOICE:
        raise Unrenderable(f"{option.value!r} cannot be the value of a choice")
    return {"title": short(option.label or option.value, limits.MAX_CHOICE_TITLE) or "…", "value": value}
