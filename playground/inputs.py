"""What is filled into inputs: from plain values to Slack's `state.values`, kept when a window is drawn anew."""

import re
from collections.abc import Iterator
from typing import Any

from playground.refused import PersonError

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]

# type of element -> (key in state.values, key of its initial value)
KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
TEXTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
PATTERNS = {
    "datepicker": r"\d{4}-\d{2}-\d{2}",
    "timepicker": r"([01]\d|2[0-3]):[0-5]\d",
    "email_text_input": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "url_text_input": r"https?://\S+",
    "number_input": r"-?\d+(\.\d+)?",
}
WORDS = {
    "email_text_input": "Please write an e-mail address.",
    "url_text_input": "Please write a link that begins with https://.",
    "number_input": "Please write a number.",
}


def elements(blocks: object) -> Iterator[tuple[Json, Json]]:
    """Yield (block, element) for everything that can be pressed or filled in, in reading order."""
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, dict):
            yield from ((block, one) for one in _inside(block) if isinstance(one, dict))
            if block.get("type") in ("container", "carousel"):
                yield from elements(block.get("child_blocks") or block.get("elements"))


def _inside(block: Json) -> list[Any]:
    match block.get("type"):
        case "section":
            return [block.get("accessory")]
        case "input":
            return [block.get("element")]
        case "actions" | "context_actions":
            return list(block.get("elements") or [])
        case "card":
            return list(block.get("actions") or [])
    return []


def find_element(blocks: object, action_id: str, block_id: str) -> tuple[Json, Json]:
    """Return the (block, element) with that action_id, in that block if one is named; a `PersonError` otherwise."""
    for block, element in elements(blocks):
        if element.get("action_id") == action_id and block_id in ("", block.get("block_id")):
            return block, element
    raise PersonError("not_found")


def first_values(blocks: object, before: Values | None = None) -> Values:
    """Return `state.values`: what was filled in before where block, action and type stayed, else what is initial."""
    values: Values = {}
    for block, element in elements(blocks):
        keys = KEYS.get(element.get("type", ""))
        if keys is None:
            continue
        old = (before or {}).get(block["block_id"], {}).get(element["action_id"])
        if old is None or old["type"] != element["type"]:
            empty: Any = [] if keys[0].endswith("s") else None
            old = {"type": element["type"], keys[0]: element.get(keys[1], empty)}
        values.setdefault(block["block_id"], {})[element["action_id"]] = old
    return values


def to_state(element: Json, value: object) -> Json:
    """Return the element's entry of `state.values` for a plain value (or Slack's own shape), if it fits."""
    kind = element["type"]
    key = KEYS[kind][0]
    if isinstance(value, dict) and "type" in value and kind != "rich_text_input":
        value = _plain(value.get(key))
    if key in ("selected_option", "selected_options"):
        return {"type": kind, key: _chosen(element, value, is_many=key == "selected_options")}
    if key.endswith("s"):
        return {"type": kind, key: _words(value)}
    return {"type": kind, key: None if value in (None, "") else _single(kind, value)}


def _plain(told: object) -> object:
    if isinstance(told, list):
        return [_plain(one) for one in told]
    return told.get("value") if isinstance(told, dict) else told


def _single(kind: str, value: object) -> object:
    if kind == "datetimepicker":
        if isinstance(value, int) and 10**9 <= value < 10**10:
            return value
        raise PersonError("invalid_value")
    if kind == "rich_text_input":
        return value
    if kind in TEXTS and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (
        kind not in TEXTS and kind in PATTERNS and not re.fullmatch(PATTERNS[kind], value)
    ):
        raise PersonError("invalid_value")
    return value


def _words(value: object) -> list[str]:
    rows = [] if value is None else value
    if not isinstance(rows, list) or not all(isinstance(one, str) for one in rows):
        raise PersonError("invalid_value")
    return rows


def options_of(element: Json) -> list[Json]:
    """Return all options of a menu, those in groups included."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def _chosen(element: Json, value: object, *, is_many: bool) -> Any:  # noqa: ANN401 - one option, a list, or nothing
    by_value = {option["value"]: option for option in options_of(element)}
    if is_many:
        wanted = _words(value)
        if not set(wanted) <= set(by_value):
            raise PersonError("invalid_value")
        return [by_value[one] for one in by_value if one in wanted]
    if value is None:
        return None
    if not isinstance(value, str) or value not in by_value:
        raise PersonError("invalid_value")
    return by_value[value]


def fill(values: Values, blocks: object, typed: object) -> None:
    """Put plain values (block_id → action_id → value) into `values`; `not_found` for an input that is not there."""
    if not isinstance(typed, dict):
        raise PersonError("invalid_request")
    for block_id, row in typed.items():
        if not isinstance(row, dict):
            raise PersonError("invalid_request")
        for action_id, value in row.items():
            _block, element = find_element(blocks, action_id, block_id)
            if element["type"] in KEYS:
                values.setdefault(block_id, {})[action_id] = to_state(element, value)


def missing(blocks: object, values: Values) -> dict[str, str]:
    """Return what Slack's own client says before it submits: block_id → sentence, empty if all is well."""
    said: dict[str, str] = {}
    for block, element in elements(blocks):
        if block.get("type") != "input":
            continue
        entry = values.get(block["block_id"], {}).get(element["action_id"], {})
        value = entry.get(KEYS[element["type"]][0])
        if value in (None, "", []):
            if not block.get("optional"):
                said[block["block_id"]] = "Please complete this required field."
        elif problem := _problem(element, value):
            said[block["block_id"]] = problem
    return said


def _problem(element: Json, value: Any) -> str:  # noqa: ANN401 - whatever that element holds
    kind = element["type"]
    if kind == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if len(value) < least:
            return f"Please write at least {least} characters."
        return f"Please shorten this to {most} characters." if len(value) > most else ""
    if kind in WORDS and not re.fullmatch(PATTERNS[kind], value):
        return WORDS[kind]
    if kind == "number_input":
        return _number_problem(element, value)
    most = element.get("max_selected_items")
    return f"Please choose at most {most}." if most and len(value) > most else ""


def _number_problem(element: Json, value: str) -> str:
    if not element.get("is_decimal_allowed") and "." in value:
        return "Please write a whole number."
    if "min_value" in element and float(value) < float(element["min_value"]):
        return f"Please write {element['min_value']} or more."
    if "max_value" in element and float(value) > float(element["max_value"]):
        return f"Please write {element['max_value']} or less."
    return ""
