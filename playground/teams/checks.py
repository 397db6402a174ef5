"""What Teams would refuse in a card: written from the schema of Adaptive Cards 1.5 and Microsoft's card reference.

Sources: adaptivecards.io explorer (elements and what each needs); msteams-docs cards-reference (version 1.5 at most,
six actions in a row, more only in the overflow), universal-actions (60 people for a refresh), task-modules (no
`Action.Execute` in a dialog). Unknown properties are left alone, as every client does.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from playground.teams.cards import actions_of, elements_of

Json = dict[str, Any]

VERSION = re.compile(r"1\.[0-5]")
MOST_PRIMARY = 6
MOST_REFRESHED = 60
NEEDED: Mapping[str, Mapping[str, type]] = {
    "TextBlock": {"text": str},
    "RichTextBlock": {"inlines": list},
    "TextRun": {"text": str},
    "Image": {"url": str},
    "ImageSet": {"images": list},
    "Media": {"sources": list},
    "Container": {"items": list},
    "ColumnSet": {},
    "Column": {},
    "FactSet": {"facts": list},
    "ActionSet": {"actions": list},
    "Table": {},
    "TableRow": {},
    "TableCell": {"items": list},
    "Input.Text": {"id": str},
    "Input.Number": {"id": str},
    "Input.Date": {"id": str},
    "Input.Time": {"id": str},
    "Input.Toggle": {"id": str, "title": str},
    "Input.ChoiceSet": {"id": str},
}
ACTIONS: Mapping[str, Mapping[str, type]] = {
    "Action.OpenUrl": {"url": str},
    "Action.Submit": {},
    "Action.Execute": {},
    "Action.ShowCard": {"card": dict},
    "Action.ToggleVisibility": {"targetElements": list},
}
LISTS = ("body", "items", "columns", "rows", "cells", "images", "actions", "inlines", "facts", "choices")
INNER = (("items", ""), ("rows", "TableRow"), ("cells", "TableCell"), ("images", "Image"), ("inlines", "TextRun"))
"""What lies inside an element, and its type where it need not say it."""


class CardError(ValueError):
    """Teams would not show this; the words say what."""


def check_card(card: object, *, in_dialog: bool = False) -> None:
    """Return if Teams would show the card; raise `CardError` otherwise."""
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        raise CardError("the content is no AdaptiveCard")
    version = card.get("version")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise CardError(f"version {version!r} is not one of 1.0 to 1.5")
    _check_body(card)
    for one in _every_card(card):
        _check_rows(one)
    _check_unique_inputs(card)
    for placed in actions_of(card):
        _check_action(placed.action, in_dialog=in_dialog)
    _check_refresh(card.get("refresh"))


def _every_card(card: Json) -> Iterator[Json]:
    yield card
    for placed in actions_of(card):
        if placed.action.get("type") == "Action.ShowCard" and isinstance(placed.action.get("card"), dict):
            yield placed.action["card"]


def _check_body(card: Json) -> None:
    _check_lists(card)
    for element in card.get("body") or ():
        _check_element(element)
    _check_shown(card)


def _check_shown(element: Json) -> None:
    for action in element.get("actions") or ():
        if isinstance(action, dict) and isinstance(action.get("card"), dict):
            _check_body(action["card"])


def _check_lists(element: Json) -> None:
    for name in LISTS:
        held = element.get(name)
        if held is not None and (not isinstance(held, list) or not all(isinstance(one, dict | str) for one in held)):
            raise CardError(f"{element.get('type')}.{name} is no list of elements")


def _check_element(element: object, kind: str = "") -> None:
    if isinstance(element, str) and kind == "TextRun":
        return
    if not isinstance(element, dict):
        raise CardError(f"{element!r:.60} is no element")
    kind = str(element.get("type", kind))
    if kind not in NEEDED:
        raise CardError(f"{kind!r} is no element of version 1.5")
    _check_needed(element, kind, NEEDED[kind])
    _check_lists(element)
    _check_own(element, kind)
    _check_shown(element)
    for name, inner in INNER:
        for one in element.get(name) or ():
            _check_element(one, inner)
    for one in element.get("columns") or () if kind == "ColumnSet" else ():
        _check_element(one, "Column")


def _check_needed(element: Json, kind: str, needed: Mapping[str, type]) -> None:
    for name, wanted in needed.items():
        if not isinstance(element.get(name), wanted):
            raise CardError(f"{kind} needs {name}")
    if kind.startswith("Input.") and not element["id"]:
        raise CardError(f"{kind} needs an id that is not empty")


def _check_own(element: Json, kind: str) -> None:
    if kind == "Image" and not is_web(element["url"]):
        raise CardError(f"an image must be on the web, not {element['url']!r:.60}")
    if kind == "FactSet":
        _check_pairs(element["facts"], ("title", "value"), "fact")
    if kind == "Input.ChoiceSet":
        _check_pairs(element.get("choices") or [], ("title", "value"), "choice")
        values = Counter(one["value"] for one in element.get("choices") or ())
        if doubled := [value for value, times in values.items() if times > 1]:
            raise CardError(f"{element['id']} offers {doubled[0]!r} twice")


def _check_pairs(held: list[object], names: tuple[str, ...], what: str) -> None:
    for one in held:
        if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in names):
            raise CardError(f"a {what} needs {' and '.join(names)} as texts")


def _check_rows(card: Json) -> None:
    for element in (card, *elements_of(card)):
        actions = list(_primary(element.get("actions")))
        if len(actions) > MOST_PRIMARY:
            raise CardError(f"{len(actions)} actions in a row, {MOST_PRIMARY} are shown")


def _primary(actions: object) -> Iterator[Json]:
    held = actions if isinstance(actions, list) else []
    yield from (one for one in held if isinstance(one, dict) and one.get("mode", "primary") == "primary")


def _check_unique_inputs(card: Json) -> None:
    every = (one for shown in _every_card(card) for one in elements_of(shown))
    times = Counter(str(one.get("id")) for one in every if str(one.get("type", "")).startswith("Input."))
    if doubled := [name for name, count in times.items() if count > 1]:
        raise CardError(f"two inputs are called {doubled[0]!r}")


def _check_action(action: Json, *, in_dialog: bool) -> None:
    kind = str(action.get("type"))
    if kind not in ACTIONS:
        raise CardError(f"{kind!r} is no action of version 1.5")
    _check_needed(action, kind, ACTIONS[kind])
    if in_dialog and kind == "Action.Execute":
        raise CardError("a dialog knows no Action.Execute")
    if kind == "Action.OpenUrl" and urlsplit(action["url"]).scheme not in ("http", "https", "mailto", "tel"):
        raise CardError(f"{action['url']!r:.60} cannot be opened")
    if action.get("mode", "primary") not in ("primary", "secondary"):
        raise CardError(f"mode {action['mode']!r} is neither primary nor secondary")
    fallback = action.get("fallback")
    if isinstance(fallback, dict):
        _check_action(fallback, in_dialog=in_dialog)


def _check_refresh(refresh: object) -> None:
    people = refresh.get("userIds", []) if isinstance(refresh, dict) else []
    if not isinstance(people, list) or len(people) > MOST_REFRESHED:
        raise CardError(f"a refresh names at most {MOST_REFRESHED} people")


def is_web(url: object) -> bool:
    """Return whether that is an address of the web."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
