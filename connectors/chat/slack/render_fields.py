"""The fields of a window as Slack's input blocks.

A block_id is the field's name, with its edition behind a dot from the first new edition on ("text.2"): Slack keeps what
was typed for as long as block_id and action_id stay. An action_id is the field's name.
"""

from typing import assert_never

from bot.core.cards import DateField, Field, ManyField, Option, SelectField, TextField, TimeField
from connectors.chat.moments import is_day, is_time
from connectors.chat.slack import limits
from connectors.chat.slack.render_text import Json, Unrenderable, parts, plain_text, quiet_blocks, short, size


def field_blocks(field: Field) -> list[Json]:
    """Return the input block of a field; a choice without options becomes a quiet line that says so."""
    if isinstance(field, SelectField | ManyField) and not field.options:
        return quiet_blocks((f"{field.label.strip() or field.name}: — {field.hint}".strip(),))
    block: Json = {
        "type": "input",
        "block_id": _checked(f"{field.name}.{field.edition}" if field.edition else field.name),
        "label": plain_text(field.label or field.name, limits.MAX_INPUT_LABEL),
        "element": {**_element(field), "action_id": field.name},
        "optional": field.is_optional,
    }
    if field.hint.strip():
        block["hint"] = plain_text(field.hint, limits.MAX_HINT)
    if field.saves:
        block["dispatch_action"] = True
    return [block]


def _checked(name: str) -> str:
    if not name or size(name) > limits.MAX_IDENTIFIER:
        raise Unrenderable(f"a field is named {name!r}; a name has 1 to {limits.MAX_IDENTIFIER} characters")
    return name


def _element(field: Field) -> Json:
    match field:
        case TextField():
            return _text(field)
        case SelectField():
            return _select(field)
        case ManyField():
            return _many(field)
        case DateField(value=value):
            return {"type": "datepicker", **({"initial_date": value} if is_day(value) else {})}
        case TimeField(value=value):
            return {"type": "timepicker", **({"initial_time": value} if is_time(value) else {})}
        case _:
            assert_never(field)


def _text(field: TextField) -> Json:
    """Return a text input; a value longer than its own limit widens it, so that nobody's words are cut."""
    value = next(parts(field.value, limits.MAX_TYPED_TEXT), "")
    most = min(max(field.max_length, size(value), 1), limits.MAX_TYPED_TEXT)
    element: Json = {"type": "plain_text_input", "multiline": field.is_long, "max_length": most}
    if value:
        element["initial_value"] = value
    if field.placeholder.strip():
        element["placeholder"] = plain_text(field.placeholder, limits.MAX_PLACEHOLDER)
    if field.saves:
        element["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    return element


def _select(field: SelectField) -> Json:
    options = [_option(one) for one in field.options]
    chosen = next((one for one in options if one["value"] == field.value), None)
    return {"type": "static_select", **_listed(options), **({"initial_option": chosen} if chosen else {})}


def _many(field: ManyField) -> Json:
    options = [_option(one) for one in field.options]
    chosen = [one for one in options if one["value"] in field.values]
    first = {"initial_options": chosen[: limits.MAX_OPTIONS]} if chosen else {}
    if field.is_list and len(options) <= limits.MAX_CHECKBOXES:
        return {"type": "checkboxes", "options": options, **first}
    return {"type": "multi_static_select", **_listed(options), **first}


def _option(option: Option) -> Json:
    if not option.value or size(option.value) > limits.MAX_OPTION_VALUE:
        raise Unrenderable(f"an option's value has 1 to {limits.MAX_OPTION_VALUE} characters: {option.value[:20]!r}")
    return {"text": plain_text(option.label or option.value, limits.MAX_OPTION_TEXT), "value": option.value}


def _listed(options: list[Json]) -> Json:
    """Return `options` as they are, or, if there are more than a hundred, in groups named by their first and last."""
    step = limits.MAX_OPTIONS
    if len(options) <= step:
        return {"options": options}
    groups = [options[at : at + step] for at in range(0, len(options), step)]
    if len(groups) > limits.MAX_OPTION_GROUPS:
        raise Unrenderable(f"{len(options)} options, at most {step * limits.MAX_OPTION_GROUPS} fit")
    return {"option_groups": [{"label": _group_label(group), "options": group} for group in groups]}


def _group_label(group: list[Json]) -> Json:
    half = limits.MAX_GROUP_LABEL // 2 - 2
    first, last = (short(group[at]["text"]["text"], half) for at in (0, -1))
    return plain_text(f"{first} … {last}", limits.MAX_GROUP_LABEL)
