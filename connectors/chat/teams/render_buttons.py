"""Buttons, link buttons and menus as actions of Adaptive Cards, each with the packed action that it asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.core.actions import Action
from bot.core.cards import Bold, Button, Buttons, Confirm, LinkButton, Menu
from bot.core.codec import name_of, pack
from connectors.chat.teams import limits
from connectors.chat.teams.carrying import FIELDS, VOUCH
from connectors.chat.teams.render_text import NO_NAMES, Json, Unrenderable, is_address, rich_blocks, short, size

_STYLES: Mapping[str, Json] = {
    "plain": {},
    "primary": {"style": "positive"},
    "danger": {"style": "destructive"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where buttons stand: in a message, or in a dialog, where `kinds` are those of the fields that come along."""

    is_dialog: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)


MESSAGE = Spot()


def action_sets(buttons: Buttons, spot: Spot) -> list[Json]:
    """Return action sets with `buttons`: six show, the others go behind the three dots, where a menu's choices are.

    What first asks a question is never there: it does not open there (MicrosoftDocs/msteams-docs issue 9223), so it
    stands beside, in a further row if need be.
    """
    shown: list[Json] = []
    hidden: list[Json] = []
    for one, is_in_menu in _flat(buttons):
        must_show = isinstance(one, Button) and one.confirm is not None
        can_show = not is_in_menu and len(shown) < limits.MAX_PRIMARY_ACTIONS
        (shown if must_show or can_show else hidden).append(_action(one, spot))
    step = limits.MAX_PRIMARY_ACTIONS
    rows = [shown[at : at + step] for at in range(0, len(shown), step)] or [[]]
    rows[0] = [*rows[0], *map(_secondary, hidden)]
    return [{"type": "ActionSet", "actions": row} for row in rows if row]


def _flat(buttons: Buttons) -> Iterator[tuple[Button | LinkButton, bool]]:
    for one in buttons.items:
        match one:
            case Button() | LinkButton():
                yield one, False
            case Menu(items=items):
                yield from ((item, True) for item in items)
            case _:
                assert_never(one)


def _secondary(action: Json) -> Json:
    hidden = {**action, "mode": "secondary"}
    if "fallback" in action:
        hidden["fallback"] = {**action["fallback"], "mode": "secondary"}
    return hidden


def _action(one: Button | LinkButton, spot: Spot) -> Json:
    if isinstance(one, LinkButton):
        if not is_address(one.url):
            raise Unrenderable(f"the address of link button {name_of(one.action)} is not one that Teams takes")
        return {"type": "Action.OpenUrl", **_face(one), "url": one.url}
    if one.confirm is not None:
        return {"type": "Action.ShowCard", **_face(one), "card": _question(one, one.confirm, spot)}
    return asking(one.action, _face(one), spot)


def asking(action: Action, face: Json, spot: Spot) -> Json:
    """Return what asks for `action`: in a message by opening a dialog or at once, in a dialog with what was typed."""
    data: Json = {VOUCH: packed(action)}
    if spot.is_dialog:
        return {"type": "Action.Submit", **face, "data": {**data, FIELDS: dict(spot.kinds)}}
    if type(action).opens_window:
        return {"type": "Action.Submit", **face, "data": {"msteams": {"type": "task/fetch"}, **data}}
    fallback = {"type": "Action.Submit", **face, "data": data}
    return {"type": "Action.Execute", **face, "verb": name_of(action), "data": data, "fallback": fallback}


def face_of(label: str, *, style: str = "plain", about: str = "") -> Json:
    """Return what is seen of a button; what completes its label is read by screen readers and shown on hovering."""
    face: Json = {"title": short(label.strip() or about, limits.MAX_ACTION_TITLE) or "…", **_STYLES[style]}
    if about.strip():
        face["tooltip"] = short(f"{label.strip()}: {about}" if label.strip() else about, limits.MAX_TOOLTIP)
    return face


def _face(button: Button | LinkButton) -> Json:
    return face_of(button.label, style=button.style, about=button.about)


def packed(action: Action) -> str:
    """Return `action` packed; raises `Unrenderable` if it is too long for a button."""
    value = pack(action)
    if size(value) > limits.MAX_ACTION:
        raise Unrenderable(f"{name_of(action)} packs to {size(value)} characters, at most {limits.MAX_ACTION} fit")
    return value


def _question(button: Button, confirm: Confirm, spot: Spot) -> Json:
    """Return the card that opens below a button, with its question and the one button that does it.

    Who does not want it closes the card by the button that opened it.
    """
    yes = asking(button.action, face_of(confirm.yes, style=button.style, about=button.about), spot)
    lines = [*rich_blocks((Bold(confirm.title),), NO_NAMES), *rich_blocks((confirm.text,), NO_NAMES)]
    return {"type": "AdaptiveCard", "body": lines, "actions": [yes]}
