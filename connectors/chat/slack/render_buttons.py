"""Buttons, link buttons and menus as Slack's elements, each with the packed action that it asks for."""

from collections.abc import Iterator
from typing import assert_never

from bot.core.actions import Action
from bot.core.cards import Button, Buttons, Confirm, LinkButton, Menu
from bot.core.codec import name_of, pack
from connectors.chat.slack import limits
from connectors.chat.slack.render_text import Json, Unrenderable, is_address, plain_text, short, size


class Ids:
    """The action_ids of one payload: the first of a kind has its action's name, the others "name#2", "name#3"."""

    def __init__(self) -> None:
        """Begin with none taken."""
        self._taken: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return `name` made unique within the payload."""
        count = self._taken.get(name, 0) + 1
        self._taken[name] = count
        return name if count == 1 else f"{name}#{count}"


def button_rows(buttons: Buttons, ids: Ids) -> list[Json]:
    """Return actions blocks with `buttons`, 25 elements in each."""
    elements = [element for one in buttons.items for element in _elements(one, ids)]
    step = limits.MAX_BUTTONS_PER_ROW
    rows = [elements[at : at + step] for at in range(0, len(elements), step)]
    return [{"type": "actions", "elements": row} for row in rows]


def _elements(one: Button | LinkButton | Menu, ids: Ids) -> Iterator[Json]:
    match one:
        case Button():
            yield _button(one, ids)
        case LinkButton():
            yield _link_button(one, ids)
        case Menu(items=items):
            yield from _menu(items, ids)
        case _:
            assert_never(one)


def packed(action: Action, limit: int = limits.MAX_BUTTON_VALUE) -> str:
    """Return `action` packed; raises `Unrenderable` if it is longer than `limit`."""
    value = pack(action)
    if size(value) > limit:
        raise Unrenderable(f"{name_of(action)} packs to {size(value)} characters, at most {limit} fit")
    return value


def _button(button: Button, ids: Ids) -> Json:
    element = _face(button, ids)
    if button.confirm is not None:
        element["confirm"] = _confirm(button.confirm, is_danger=button.style == "danger")
    return element


def _link_button(button: LinkButton, ids: Ids) -> Json:
    if not is_address(button.url, limits.MAX_BUTTON_URL):
        raise Unrenderable(f"the address of link button {name_of(button.action)} is not one that Slack takes")
    return {**_face(button, ids), "url": button.url}


def _face(button: Button | LinkButton, ids: Ids) -> Json:
    element: Json = {
        "type": "button",
        "action_id": ids.take(name_of(button.action)),
        "text": plain_text(button.label or button.about, limits.MAX_BUTTON_TEXT),
        "value": packed(button.action),
    }
    if button.about.strip():
        spoken = f"{button.label.strip()}: {button.about.strip()}" if button.label.strip() else button.about
        element["accessibility_label"] = short(spoken, limits.MAX_ACCESSIBILITY_LABEL)
    if button.style != "plain":
        element["style"] = button.style
    return element


def _confirm(confirm: Confirm, *, is_danger: bool) -> Json:
    shown: Json = {
        "title": plain_text(confirm.title, limits.MAX_CONFIRM_TITLE),
        "text": plain_text(confirm.text, limits.MAX_CONFIRM_TEXT),
        "confirm": plain_text(confirm.yes, limits.MAX_CONFIRM_BUTTON),
        "deny": plain_text(confirm.no, limits.MAX_CONFIRM_BUTTON),
    }
    return {**shown, "style": "danger"} if is_danger else shown


def _menu(choices: tuple[Button, ...], ids: Ids) -> Iterator[Json]:
    """Yield menus of five; what a menu cannot carry (a question before it, a long action) stands beside it as a button.

    The value of a choice is the packed action itself, so that it needs no memory of ours to be understood.
    """
    listed = [one for one in choices if one.confirm is None and size(pack(one.action)) <= limits.MAX_OPTION_VALUE]
    yield from (_button(one, ids) for one in choices if one not in listed)
    for at in range(0, len(listed), limits.MAX_OVERFLOW_OPTIONS):
        some = listed[at : at + limits.MAX_OVERFLOW_OPTIONS]
        options = [{"text": plain_text(one.label, limits.MAX_OPTION_TEXT), "value": pack(one.action)} for one in some]
        yield {"type": "overflow", "action_id": ids.take("menu"), "options": options}
