"""Every card and window that there is, and one with everything, is an Adaptive Card of version 1.5."""

import pytest

from bot.core.cards import Card
from connectors.chat.teams.render import render_card
from tests.connectors.teams.photograph import contents
from tests.connectors.teams.schema import problems_of

CARDS = {f"{kind} {name}": content for name, kind, content in contents()}


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_one_of_version_1_5(name: str) -> None:
    assert problems_of(CARDS[name]) == []


def test_the_schema_check_finds_what_is_wrong() -> None:
    good = render_card(Card(title="x"))
    assert problems_of({**good, "body": [{"type": "TextBlock", "wrap": True}]})
    assert problems_of({**good, "body": [{"type": "Unknown"}]})
    assert problems_of({**good, "body": [{"type": "TextBlock", "text": ""}]}) == ["TextBlock.text is empty"]
    assert problems_of({**good, "colour": "red"})
