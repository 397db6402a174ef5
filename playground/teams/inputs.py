"""Filling in a card's inputs, and what an action sends of them, as Microsoft's own renderer does it.

Source: the `adaptivecards` package for browsers: `Action.Submit` merges the values of all inputs of its card and of the
cards around it into its data; a choice that was not made is left out, an empty text is sent as an empty text.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from playground.teams.cards import Placed, inputs_of

Json = dict[str, Any]
Typed = Mapping[str, Any]


def first_value(field: Json) -> str:
    """Return what stands in an input before anybody touched it."""
    if field["type"] == "Input.Toggle":
        return str(field.get("value", field.get("valueOff", "false")))
    value = field.get("value")
    return "" if value is None else str(value)


def typed_value(field: Json, value: object) -> str:
    """Return what a person enters as the client holds it; `ValueError` if the client offers no such thing."""
    kind = field["type"]
    if kind == "Input.ChoiceSet":
        return _chosen(field, value)
    if kind == "Input.Toggle":
        on, off = str(field.get("valueOn", "true")), str(field.get("valueOff", "false"))
        return on if value in (True, on) else off
    text = "" if value is None else str(value)
    if text and kind == "Input.Date":
        date.fromisoformat(text)
    if text and kind == "Input.Time":
        time.fromisoformat(text)
    if text and kind == "Input.Number":
        float(text)
    if kind == "Input.Text" and len(text) > int(field.get("maxLength") or len(text)):
        raise ValueError(f"{field['id']} takes {field['maxLength']} characters, not {len(text)}")
    return text


def _chosen(field: Json, value: object) -> str:
    wanted = [value] if isinstance(value, str) else list(value) if isinstance(value, Sequence) else []
    wanted = [one for one in wanted if one != ""]
    offered = [str(one["value"]) for one in field["choices"]]
    if unknown := [one for one in wanted if one not in offered]:
        raise ValueError(f"{field['id']} offers {offered}, not {unknown}")
    if len(wanted) > 1 and not field.get("isMultiSelect"):
        raise ValueError(f"{field['id']} takes one choice")
    return ",".join(wanted)


def values_of(fields: Mapping[str, Json], typed: Typed) -> dict[str, str]:
    """Return what stands in the inputs once `typed` is entered; an unknown field is a `LookupError`."""
    if unknown := set(typed) - set(fields):
        raise LookupError(f"no input {', '.join(sorted(unknown))} among {', '.join(fields)}")
    return {
        name: typed_value(field, typed[name]) if name in typed else first_value(field) for name, field in fields.items()
    }


def problems_of(fields: Mapping[str, Json], values: Mapping[str, str]) -> dict[str, str]:
    """Return what the client would object to before it sends, by input."""
    found = {name: _problem(field, values[name]) for name, field in fields.items()}
    return {name: problem for name, problem in found.items() if problem}


def _problem(field: Json, value: str) -> str:
    said = str(field.get("errorMessage") or "This is not right.")
    if field.get("isRequired") and value == "":
        return said
    if not value:
        return ""
    pattern = field.get("regex")
    is_wrong = isinstance(pattern, str) and re.search(pattern, value) is None
    return said if is_wrong or _is_out_of_range(field, value) else ""


def _is_out_of_range(field: Json, value: str) -> bool:
    least, most = field.get("min"), field.get("max")
    if field["type"] == "Input.Number":
        number = float(value)
        return (least is not None and number < float(least)) or (most is not None and number > float(most))
    if field["type"] in ("Input.Date", "Input.Time"):
        return (bool(least) and value < str(least)) or (bool(most) and value > str(most))
    return False


def gather(placed: Placed, typed: Typed) -> tuple[Json, dict[str, str]]:
    """Return what the action sends with `typed` entered, and what the client objects to (then nothing is sent)."""
    data = placed.action.get("data")
    told: Json = dict(data) if isinstance(data, dict) else {}
    fields = inputs_of(*placed.cards)
    values = values_of(fields, typed)
    if placed.action.get("associatedInputs") == "none":
        return told, {}
    sent = {name: value for name, value in values.items() if value or fields[name]["type"] != "Input.ChoiceSet"}
    return {**told, **sent}, problems_of(fields, values)
