"""Reading Adaptive Cards as a client does: what is in them, which actions there are, what was typed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
NESTED = ("body", "items", "columns", "rows", "cells", "images", "inlines")
TOLD = ("text", "title", "label", "placeholder", "altText", "value", "errorMessage")
SILENT = ("data", "fallback", "msteams", "refresh", "requires")


def elements_of(element: Json) -> Iterator[Json]:
    """Yield everything inside a card or element, from the top; cards that an action shows are left out."""
    for name in NESTED:
        for one in element.get(name) or ():
            if isinstance(one, dict):
                yield one
                yield from elements_of(one)


@dataclass(frozen=True, slots=True)
class Placed:
    """An action, and the cards it stands in: the outermost first."""

    action: Json
    cards: tuple[Json, ...]


def actions_of(card: Json, within: tuple[Json, ...] = ()) -> Iterator[Placed]:
    """Yield every action of a card from the top, with those in the cards that actions show."""
    cards = (*within, card)
    for action in _own_actions(card):
        yield Placed(action, cards)
        if action.get("type") == "Action.ShowCard" and isinstance(action.get("card"), dict):
            yield from actions_of(action["card"], cards)


def _own_actions(card: Json) -> Iterator[Json]:
    for element in elements_of(card):
        yield from _listed(element)
    yield from _listed(card)


def _listed(element: Json) -> Iterator[Json]:
    actions = [*(element.get("actions") or ()), element.get("selectAction"), element.get("inlineAction")]
    yield from (one for one in actions if isinstance(one, dict))


def find_action(card: Json, wanted: str | Callable[[Json], bool]) -> Placed:
    """Return the first action of that title, verb or id, or that `wanted` accepts; `LookupError` names those there."""
    placed = list(actions_of(card))
    for one in placed:
        if (
            wanted(one.action)
            if callable(wanted)
            else wanted in (one.action.get(key) for key in ("title", "verb", "id"))
        ):
            return one
    there = [f"{one.action.get('type')} {one.action.get('title')!r} {one.action.get('verb', '')}" for one in placed]
    raise LookupError(f"no action {wanted} among {there}")


def inputs_of(*cards: Json) -> dict[str, Json]:
    """Return the inputs of the cards by their ids."""
    found = (one for card in cards for one in elements_of(card))
    return {str(one.get("id")): one for one in found if str(one.get("type", "")).startswith("Input.")}


def texts_of(thing: object) -> str:
    """Return everything that is written in a card or in several, from the top, blanks and breaks as one blank."""
    return " ".join(" ".join(_written(thing)).split())


def _written(thing: object) -> Iterator[str]:
    if isinstance(thing, list):
        for one in thing:
            yield from [one] if isinstance(one, str) else _written(one)
    if isinstance(thing, dict):
        yield from (thing[key] for key in TOLD if isinstance(thing.get(key), str))
        yield from (text for key, value in thing.items() if key not in SILENT for text in _written(value))
