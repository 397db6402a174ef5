"""Small valid blocks, elements and views to build on."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]
URL = "https://example.com/picture.png"


def plain(text: str = "x", length: int = 0) -> Json:
    return {"type": "plain_text", "text": "x" * length if length else text}


def mark(length: int = 1) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def option(value: str = "v", **more: object) -> Json:
    return {"text": plain("o"), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(f"v{n}") for n in range(count)]


def button(**more: object) -> Json:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**more: object) -> Json:
    return {"type": "section", "text": mark(), **more}


def field(element: Json, **more: object) -> Json:
    return {"type": "input", "label": plain("Label"), "element": element, **more}


def select(**more: object) -> Json:
    return {"type": "static_select", "options": options(2), **more}


def confirm(**more: object) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **more}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def table(rows: int = 1, columns: int = 1, **more: object) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows, **more}


def data_table(rows: int = 2, **more: object) -> Json:
    return {"type": "data_table", "caption": "c", "rows": [[{"type": "raw_text", "text": "x"}]] * rows, **more}


def card(**more: object) -> Json:
    return {"type": "card", "title": mark(), **more}


def modal(*blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain("Title"), "submit": plain("Send"), "blocks": list(blocks), **more}


IMAGE = {"type": "image", "image_url": URL, "alt_text": "a picture"}
TEXT_INPUT = {"type": "plain_text_input"}

SAMPLES: dict[str, Json] = {
    "card": card(),
    "carousel": {"type": "carousel", "elements": [card()]},
    "container": {"type": "container", "title": plain(), "child_blocks": [section()]},
    "context_actions": {
        "type": "context_actions",
        "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}],
    },
    "data_table": data_table(),
    "data_visualization": {"type": "data_visualization"},
    "file": {"type": "file", "external_id": "1", "source": "remote"},
    "markdown": {"type": "markdown", "text": "x"},
    "plan": {"type": "plan", "title": "x"},
    "table": table(),
    "task_card": {"type": "task_card", "task_id": "1", "title": "x"},
    "alert": {"type": "alert", "text": mark()},
}


def distinct(payload: object) -> object:
    """Return a deep copy, so that blocks repeated by `*` are blocks of their own."""
    return deepcopy(payload)
