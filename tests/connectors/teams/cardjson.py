"""Looking at what was drawn: the parts of a card of one kind, and the words that they show."""

from collections.abc import Iterator
from typing import Any

from bot.core.actions import OpenHome
from bot.core.cards import Card, Element, Field, Form
from connectors.chat.teams.render import render_card, render_dialog
from tests.connectors.teams.samples import NAMES

Json = dict[str, Any]


def parts(drawn: object, *kinds: str) -> Iterator[Json]:
    """Yield every part of the kinds named (all if none is), in reading order, those in questions too."""
    if isinstance(drawn, list):
        for one in drawn:
            yield from parts(one, *kinds)
    elif isinstance(drawn, dict):
        if "type" in drawn and (not kinds or drawn["type"] in kinds):
            yield drawn
        for key, value in drawn.items():
            if key != "fallback":
                yield from parts(value, *kinds)


def lines(drawn: object) -> list[str]:
    """Return the lines of words that are shown, in reading order, without those of buttons and inputs."""
    shown = parts(drawn, "RichTextBlock", "TextBlock")
    return [one.get("text", "") + "".join(run["text"] for run in one.get("inlines", ())) for one in shown]


def actions(drawn: object) -> list[Json]:
    """Return every button, those in questions too."""
    return [one for one in parts(drawn) if one["type"].startswith("Action.") and "title" in one]


def body_of(*elements: Element) -> list[Json]:
    """Return what is drawn of `elements` in a message."""
    return list(render_card(Card(body=elements), NAMES)["body"])


def inputs_of(*fields: Field) -> list[Json]:
    """Return what is drawn of `fields` in a dialog."""
    form = Form(ref="x", title="x", body=fields, submit=OpenHome())
    return list(render_dialog(form)["card"]["content"]["body"])
