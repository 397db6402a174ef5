"""The codec that puts an action into a button or window and back.

A button carries `pack(action)`; `unpack` reads it back and merges the fields of a window into it by name.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from bot.core import actions as catalogue
from bot.core.actions import Action, FieldValue, PostFields
from bot.core.errors import Unreadable


@cache
def actions() -> Mapping[str, type[Action]]:
    """Return every kind of action by its name ("open_share")."""
    found = (kind for kind in vars(catalogue).values() if isinstance(kind, type) and issubclass(kind, Action))
    return {name_of(kind): kind for kind in found if kind not in (Action, PostFields)}


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def name_of(action: Action | type[Action]) -> str:
    """Return the name of an action or of its kind, in snake case."""
    return _snake((action if isinstance(action, type) else type(action)).__name__)


def pack(action: Action) -> str:
    """Return `action` as compact JSON for a button or window, without what is as it would be anyway."""
    held = {one.name: getattr(action, one.name) for one in fields(action)}
    said = {one.name: held[one.name] for one in fields(action) if held[one.name] != one.default}
    return json.dumps({"do": name_of(action), **said}, separators=(",", ":"), ensure_ascii=False)


def unpack(packed: str, typed: Mapping[str, FieldValue] | None = None) -> Action:
    """Return the action in `packed`, with those `typed` fields that it has by name; junk raises `Unreadable`."""
    try:
        held: dict[str, Any] = json.loads(packed)
        kind = actions()[held.pop("do")]
        action = kind(**{key: _as_declared(kind, key, value) for key, value in held.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable from error
    return merge(action, typed or {})


def merge(action: Action, typed: Mapping[str, FieldValue]) -> Action:
    """Return `action` with those `typed` values whose names it has; an empty choice becomes "" or ()."""
    known = {one.name for one in fields(action)}
    kind = type(action)
    try:
        values = {key: _as_declared(kind, key, value) for key, value in typed.items() if key in known}
    except (TypeError, ValueError) as error:
        raise Unreadable from error
    return replace(action, **values) if values else action


@cache
def _declared(name: str) -> Mapping[str, Any]:
    return get_type_hints(actions()[name])


def _as_declared(kind: type[Action], key: str, value: object) -> object:
    declared = _declared(name_of(kind))[key]
    if get_origin(declared) is tuple:
        if not isinstance(value, list | tuple | None):
            raise TypeError(key)
        return tuple(_exactly(get_args(declared)[0], one) for one in value or ())
    return _exactly(declared, "" if value is None and declared is str else value)


def _exactly(declared: type, value: object) -> object:
    if type(value) is not declared:
        raise TypeError(declared.__name__)
    return value
