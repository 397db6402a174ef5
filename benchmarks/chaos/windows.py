"""What people see in the playground, as they read it: the fields of a window, its buttons, all its words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]


def elements(blocks: list[Json]) -> Iterator[Json]:
    """Yield everything that can be pressed or filled in."""
    for block in blocks:
        for one in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
            if isinstance(one, dict) and "action_id" in one:
                yield one


def find_button(shown: Json | None, action: str) -> Json | None:
    """Return the first button in a message or window that asks for `action`."""
    blocks = (shown or {}).get("blocks", [])
    return next((one for one in elements(blocks) if str(one["action_id"]).partition("#")[0] == action), None)


def has_field(view: Json | None, name: str) -> bool:
    """Say whether a window has a field of that name."""
    return any(block.get("type") == "input" and block["block_id"] == name for block in (view or {}).get("blocks", []))


def chosen(view: Json, name: str) -> str:
    """Return what is chosen in a list of a window; "" for nothing."""
    told = view.get("state", {}).get("values", {}).get(name, {}).get(name, {}).get("selected_option") or {}
    return str(told.get("value", ""))


def filled(view: Json, fields: Mapping[str, object]) -> Json:
    """Return the values of those fields that the window has, as the playground takes them."""
    return {name: {name: value} for name, value in fields.items() if has_field(view, name)}


def words_of(shown: object) -> str:
    """Return everything that is said in a message or window."""
    if isinstance(shown, dict):
        own = [str(shown[key]) for key in ("text", "alt_text") if isinstance(shown.get(key), str)]
        return " ".join([*own, *(words_of(one) for one in shown.values() if isinstance(one, dict | list))])
    if isinstance(shown, list):
        return " ".join(words_of(one) for one in shown)
    return ""


def carried(told: object, name: str) -> int:
    """Return the number that a button or a window carries under a name, 0 if it carries none."""
    for text in (told.get("value"), told.get("private_metadata")) if isinstance(told, dict) else ():
        if isinstance(text, str) and text.startswith("{"):
            return _number_in(json.loads(text), name)
    return 0


def _number_in(held: Json, name: str) -> int:
    found = held.get(name)
    if isinstance(found, int):
        return found
    inner = (_number_in(one, name) for one in held.values() if isinstance(one, dict))
    return next((one for one in inner if one), 0)
