"""What Teams refuses in a card, and what a client sends of one that is filled in."""

from typing import Any

import pytest

from playground.teams.cards import find_action, texts_of
from playground.teams.checks import CardError, check_card
from playground.teams.inputs import gather
from tests.playground.teams.conftest import EXECUTE, FETCH, text_card

Json = dict[str, Any]
OPEN = {"type": "Action.OpenUrl", "title": "Open", "url": "https://example.org/"}
TEXT = {"type": "Input.Text", "id": "text", "label": "Text", "value": "as it was"}
CHOICES = [{"title": "One", "value": "1"}, {"title": "Two", "value": "2"}]
MANY = {"type": "Input.ChoiceSet", "id": "many", "choices": CHOICES, "isMultiSelect": True}
DATE = {"type": "Input.Date", "id": "on"}
SUBMIT = {"type": "Action.Submit", "title": "Save", "data": {"do": "save", "text": "from the data"}}
SHOWN = {"type": "Action.ShowCard", "title": "Sure?", "card": text_card(DATE, actions=[SUBMIT])}
TABLE = {
    "type": "Table",
    "columns": [{"width": 1}],
    "rows": [{"type": "TableRow", "cells": [{"type": "TableCell", "items": [{"type": "TextBlock", "text": "a"}]}]}],
}
RICH: list[Json] = [
    {"type": "RichTextBlock", "inlines": ["plain", {"type": "TextRun", "text": "bold"}]},
    {"type": "ColumnSet", "columns": [{"type": "Column", "items": [{"type": "TextBlock", "text": "x"}], "width": 2}]},
    {"type": "Image", "url": "https://example.org/a.png", "altText": "A tank"},
    {"type": "FactSet", "facts": [{"title": "Posts", "value": "3"}]},
    {"type": "ActionSet", "actions": [OPEN, EXECUTE]},
    TABLE,
]


@pytest.mark.parametrize(
    "card", [text_card(), text_card(*RICH, TEXT, MANY, actions=[FETCH, SHOWN]), {**text_card(), "version": "1.2"}]
)
def test_a_good_card_is_shown(card: Json) -> None:
    check_card(card)


def _set(**more: object) -> Json:
    return {"type": "ActionSet", **more}


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (None, "no AdaptiveCard"),
        ({"type": "HeroCard"}, "no AdaptiveCard"),
        ({**text_card(), "version": "1.6"}, "1.6"),
        ({**text_card(), "version": None}, "None"),
        ({**text_card(), "body": {}}, "AdaptiveCard.body"),
        ({**text_card(), "body": 7}, "AdaptiveCard.body"),
        (text_card({"type": "Badge", "text": "new"}), "Badge"),
        (text_card({"type": "TextBlock"}), "TextBlock needs text"),
        (text_card({"type": "Container"}), "Container needs items"),
        (text_card({"type": "Container", "items": [5]}), "Container.items"),
        (text_card({"type": "Image", "url": "data:image/png;base64,AA"}), "on the web"),
        (text_card({"type": "FactSet", "facts": [{"title": "x"}]}), "a fact needs"),
        (text_card({"type": "Input.Text"}), "Input.Text needs id"),
        (text_card({"type": "Input.Text", "id": ""}), "not empty"),
        (text_card(TEXT, {**DATE, "id": "text"}), "two inputs are called 'text'"),
        (text_card(DATE, actions=[SHOWN]), "two inputs are called 'on'"),
        (text_card({**MANY, "choices": [CHOICES[0], CHOICES[0]]}), "twice"),
        (text_card({**MANY, "choices": [{"title": "One", "value": 1}]}), "a choice needs"),
        (text_card(actions=[EXECUTE] * 7), "7 actions"),
        (text_card(_set(actions=[OPEN] * 7)), "7 actions"),
        (text_card(actions=[{**SHOWN, "card": text_card({"type": "Badge"})}]), "Badge"),
        (text_card(_set(actions=[{**SHOWN, "card": {"type": "AdaptiveCard", "body": 1}}])), "AdaptiveCard.body"),
        (text_card(actions=[{"type": "Action.Http"}]), "Action.Http"),
        (text_card(actions=[{**OPEN, "url": "javascript:x"}]), "cannot be opened"),
        (text_card(actions=[{**EXECUTE, "mode": "third"}]), "third"),
        (text_card(actions=[{**EXECUTE, "fallback": {"type": "Action.Http"}}]), "Action.Http"),
        ({**text_card(), "refresh": {"userIds": ["x"] * 61}}, "60 people"),
    ],
)
def test_a_bad_card_is_refused_with_a_reason(card: object, why: str) -> None:
    with pytest.raises(CardError) as caught:
        check_card(card)
    assert why in str(caught.value)


def test_more_than_six_actions_go_into_the_overflow() -> None:
    check_card(text_card(actions=[EXECUTE] * 6 + [{**EXECUTE, "mode": "secondary"}] * 4))


def test_a_dialog_knows_no_execute() -> None:
    with pytest.raises(CardError):
        check_card(text_card(actions=[EXECUTE]), in_dialog=True)


def _sent(card: Json, **typed: object) -> Json:
    data, problems = gather(find_action(card, "Save"), typed)
    assert problems == {}
    return data


def test_inputs_are_merged_over_the_data_and_choices_joined() -> None:
    card = text_card(TEXT, MANY, DATE, actions=[SUBMIT])
    assert _sent(card) == {"do": "save", "text": "as it was", "on": ""}
    told = _sent(card, text="mine", many=["2", "1"], on="2026-11-23")
    assert told == {"do": "save", "text": "mine", "many": "2,1", "on": "2026-11-23"}


def test_a_shown_card_sends_the_inputs_around_it_too() -> None:
    assert _sent(text_card(TEXT, actions=[SHOWN]), on="2026-11-23") == {
        "do": "save",
        "text": "as it was",
        "on": "2026-11-23",
    }


def test_an_action_can_leave_the_inputs_out() -> None:
    assert _sent(text_card(TEXT, actions=[{**SUBMIT, "associatedInputs": "none"}]), text="x")["text"] == "from the data"


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ({"type": "Input.Toggle", "id": "f", "title": "Yes"}, True, "true"),
        ({"type": "Input.Toggle", "id": "f", "title": "Yes", "valueOff": "no"}, False, "no"),
        ({"type": "Input.Number", "id": "f"}, 7, "7"),
        ({"type": "Input.Time", "id": "f"}, "09:30", "09:30"),
    ],
)
def test_every_input_is_sent_as_a_text(field: Json, typed: object, expected: str) -> None:
    assert _sent(text_card(field, actions=[SUBMIT]), f=typed)["f"] == expected


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        (MANY, ["3"]),
        ({**MANY, "isMultiSelect": False}, ["1", "2"]),
        (DATE, "tomorrow"),
        ({"type": "Input.Number", "id": "f"}, "many"),
        ({**TEXT, "maxLength": 3}, "four"),
    ],
)
def test_a_client_lets_nobody_enter_what_it_does_not_offer(field: Json, typed: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _sent(text_card(field, actions=[SUBMIT]), **{field["id"]: typed})


def test_an_input_that_is_not_there_is_a_mistake_of_the_test() -> None:
    with pytest.raises(LookupError, match="no input txt among text"):
        _sent(text_card(TEXT, actions=[SUBMIT]), txt="x")


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({"isRequired": True}, ""),
        ({"regex": "^https://"}, "ftp://x"),
        ({"type": "Input.Number", "max": 3}, "4"),
        ({"type": "Input.Date", "min": "2026-11-23"}, "2026-11-22"),
    ],
)
def test_the_client_objects_before_anything_is_sent(more: Json, value: str) -> None:
    field = {**TEXT, "errorMessage": "Please look again.", **more}
    placed = find_action(text_card(field, actions=[SUBMIT]), "Save")
    assert gather(placed, {"text": value})[1] == {"text": "Please look again."}


def test_an_action_is_found_by_title_verb_or_anything_else_about_it() -> None:
    card = text_card(_set(actions=[EXECUTE]), actions=[SHOWN, FETCH])
    assert find_action(card, "approve").action == EXECUTE
    assert find_action(card, "Save").action == SUBMIT
    assert find_action(card, lambda action: action.get("data", {}).get("n") == 2).action == FETCH
    with pytest.raises(LookupError, match=r"Action\.Execute 'Approve' approve"):
        find_action(card, "Decline")


def test_everything_that_is_written_in_a_card_is_found() -> None:
    assert texts_of(text_card(*RICH, TEXT, actions=[SUBMIT])) == (
        "plain bold x A tank Posts 3 Open Approve a Text as it was Save"
    )
