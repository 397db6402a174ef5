"""Every kind of reply is shown where it belongs, in exactly the shape that Teams takes, and nothing typed is lost."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from bot.core import actions as a
from bot.core.cards import Bold, Button, Buttons, Card, Channel, Code, Form, Link, LinkButton, Text, TextField
from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.reply import SILENCE, Match, Reply
from connectors.chat.teams.decode import Place, see
from connectors.chat.teams.display import Display
from connectors.chat.teams.guard import Answer
from tests.connectors.teams.activities import FakePrivate, activity, notices, with_data

CARD = Card(title="Done", body=(Text(("All is ", Bold("well"), ".")),))
LONG = Card(title="Done", body=(Text(("Well. " * 60,)),))
FALLBACK = Card(title="Again?")
FORM = Form(
    ref="share-5",
    title="Share",
    body=(Text(("Words",)), TextField(name="text", label="Text", value="As typed")),
    submit=a.SayShared(share_id=5),
    submit_label="Ok",
)
BAD = Form(ref="x", title="x", body=(TextField(name="t", label="T"), TextField(name="t", label="T")))
DIALOGS = ("task_fetch", "task_submit", "extension_fetch", "extension_submit")
OPENING = ("task_fetch", "extension_fetch")
SUBMITTED = ("task_submit", "extension_submit")
TYPED = {"task_submit": "My *own* <words> & more", "extension_submit": "because R&D did it"}
NEWS = {"19:news@thread.tacv2": "News"}


@pytest.fixture
def private() -> FakePrivate:
    return FakePrivate()


@pytest.fixture
def display(private: FakePrivate) -> Display:
    return Display(private, notices=notices, names=NEWS)


def at(name: str) -> Place:
    found = see(activity(name))
    assert found is not None
    return found.place


def dialog(answer: Answer) -> dict[str, Any]:
    """Return what a dialog shows next, after checking the shape around it."""
    assert answer.status == 200
    assert answer.body is not None
    assert set(answer.body) == {"task"}
    task = answer.body["task"]
    assert set(task) == {"type", "value"}
    assert task["type"] == "continue"
    shown: dict[str, Any] = task["value"]
    assert set(shown) == {"title", "width", "height", "card"}
    assert shown["card"]["contentType"] == "application/vnd.microsoft.card.adaptive"
    return shown


def words(shown: object) -> str:
    """Return every text in a card, one after the other."""
    if isinstance(shown, list):
        return " ".join(filter(None, map(words, shown)))
    if isinstance(shown, dict):
        own = str(shown["text"]) if "text" in shown else ""
        return " ".join(filter(None, [own, words(list(shown.values()))]))
    return ""


# Messages


async def test_a_message_is_accepted_at_once_and_answered_privately(display: Display, private: FakePrivate) -> None:
    for name in ("message_in_person", "message_in_channel", "button_message"):
        assert display.answer(Reply(card=CARD), at(name)) == Answer(status=202, body=None)
    await display.drain()
    assert [(card, place.kind.name) for card, place in private.sent] == [(CARD, "MESSAGE")] * 3


async def test_what_the_home_tab_shows_elsewhere_is_a_message_here(display: Display, private: FakePrivate) -> None:
    display.answer(Reply(home=CARD), at("message_in_person"))
    display.answer(Reply(card=LONG, home=CARD), at("message_in_person"))
    await display.drain()
    assert [card for card, _ in private.sent] == [CARD, LONG]


async def test_a_command_that_asks_for_a_window_gets_the_button_that_opens_it(
    display: Display, private: FakePrivate
) -> None:
    display.answer(Reply(form=FORM, fallback=FALLBACK), at("message_in_channel"), a.OpenSettings())
    await display.drain()
    button = Button(label="Share", action=a.OpenSettings(), style="primary")
    assert [card for card, _ in private.sent] == [Card(body=(Buttons((button,)),), summary="Share")]


@pytest.mark.parametrize("name", ["message_in_person", "execute"])
async def test_a_window_that_no_button_opens_is_replaced_by_a_message(
    display: Display, private: FakePrivate, name: str
) -> None:
    display.answer(Reply(form=FORM, fallback=FALLBACK), at(name), a.Approve(ref="12"))
    display.answer(Reply(form=FORM), at(name))
    await display.drain()
    titles = ["Again?", "No window (nl-NL)"]
    if name == "execute":  # both are told by the line at the button
        titles = []
    assert private.titles == titles


async def test_errors_that_no_window_shows_are_a_message(display: Display, private: FakePrivate) -> None:
    display.answer(Reply(errors={"link": "No link.", "why": "No reason."}), at("message_in_person"))
    await display.drain()
    assert [card for card, _ in private.sent] == [Card(body=(Text(("No link.",)), Text(("No reason.",))))]


# Buttons in messages


def executed(answer: Answer) -> str:
    assert answer.status == 200
    assert answer.body is not None
    assert set(answer.body) == {"statusCode", "type", "value"}
    assert (answer.body["statusCode"], type(answer.body["statusCode"])) == (200, int)
    assert answer.body["type"] == "application/vnd.microsoft.activity.message"
    return str(answer.body["value"])


async def test_a_click_is_answered_by_a_line_that_says_it_all(display: Display, private: FakePrivate) -> None:
    assert executed(display.answer(Reply(card=CARD), at("execute"))) == "Done All is well."
    in_channel = Card(body=(Text(("It is in ", Channel("19:news@thread.tacv2"), ".")),), summary="Posted")
    assert executed(display.answer(Reply(card=in_channel), at("execute"))) == "It is in News."
    assert executed(display.answer(Reply(card=Card(body=(Text(("Sending…",)),))), at("execute"))) == "Sending…"
    await display.drain()
    assert private.sent == []


@pytest.mark.parametrize(
    "card",
    [
        LONG,
        Card(title="Queue", body=(Buttons((Button(label="Approve", action=a.Approve(ref="12")),)),)),
        Card(title="Read", body=(Text((Link(url="https://x.example", text="this"),)),)),
    ],
)
async def test_what_a_line_cannot_say_comes_as_a_private_message_too(
    display: Display, private: FakePrivate, card: Card
) -> None:
    line = executed(display.answer(Reply(card=card), at("execute")))
    await display.drain()
    assert [one for one, _ in private.sent] == [card]
    assert 0 < len(line) <= 300
    assert line.startswith(card.title)
    assert line.endswith("More in the chat.")


async def test_who_asks_in_a_channel_and_cannot_be_written_to_is_told_how(
    display: Display, private: FakePrivate
) -> None:
    private.faults = [Refused("MessageWritesBlocked"), Refused("MessageWritesBlocked")]
    display.answer(Reply(card=CARD), at("message_in_channel"))
    display.answer(Reply(card=CARD), at("message_in_person"))
    await display.drain()
    assert [card.title for card, _ in private.replied] == ["No way to you (nl-NL)"]


async def test_what_may_still_come_is_not_called_impossible(display: Display, private: FakePrivate) -> None:
    private.faults = [TryLater(timedelta(hours=1)), Uncertain("no_answer")]
    for _ in range(2):
        display.answer(Reply(card=CARD), at("message_in_channel"))
    await display.drain()
    assert private.replied == []


def test_a_command_in_a_line_is_the_word_to_type_here(display: Display) -> None:
    card = Card(body=(Text(("See ", Code("/vouch home"), ".")),))
    assert executed(display.answer(Reply(card=card), at("execute"))) == "See home."


async def test_a_click_that_has_nothing_to_say_is_answered_all_the_same(display: Display, private: FakePrivate) -> None:
    assert executed(display.answer(SILENCE, at("execute"))) == "✓"
    assert display.answer(SILENCE, at("message_in_person")) == Answer(status=202, body=None)
    await display.drain()
    assert private.sent == []


# Dialogs


@pytest.mark.parametrize("name", DIALOGS)
def test_a_form_is_what_a_dialog_shows_next(display: Display, name: str) -> None:
    shown = dialog(display.answer(Reply(form=FORM), at(name)))
    assert shown["title"] == "Share"
    assert [one["type"] for one in shown["card"]["content"]["actions"]] == ["Action.Submit"]


@pytest.mark.parametrize("name", DIALOGS)
def test_a_card_is_shown_in_the_dialog_and_nothing_is_sent(display: Display, private: FakePrivate, name: str) -> None:
    for reply in (Reply(card=CARD), Reply(card=CARD, closes=True), Reply(home=CARD)):
        shown = dialog(display.answer(reply, at(name)))
        assert (shown["title"], words(shown["card"])) == ("Done", "All is  well .")
    untitled = Card(body=CARD.body)
    assert dialog(display.answer(Reply(card=untitled), at(name)))["title"] == "Vouch"
    assert private.sent == []


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_dialog_is_closed_by_an_answer_without_a_body(display: Display, name: str) -> None:
    for reply in (SILENCE, Reply(closes=True)):
        assert display.answer(reply, at(name)) == Answer(status=200, body=None)


@pytest.mark.parametrize("name", OPENING)
def test_a_dialog_that_is_to_open_has_something_to_show_in_any_case(display: Display, name: str) -> None:
    shown = dialog(display.answer(SILENCE, at(name)))
    assert (shown["title"], words(shown["card"])) == ("No window (nl-NL)", "Once more, please.")


@pytest.mark.parametrize("name", SUBMITTED)
def test_errors_redraw_the_form_as_it_was_typed(display: Display, name: str) -> None:
    shown = dialog(display.answer(Reply(errors={"text": "Too long.", "gone": "And this."}, form=FORM), at(name)))
    body = shown["card"]["content"]["body"]
    assert "And this." in words(body[0])
    assert "Text: Too long." in words(body)
    assert [one["value"] for one in body if one["type"] == "Input.Text"] == ["As typed"]


@pytest.mark.parametrize("name", SUBMITTED)
def test_errors_without_a_form_keep_the_words_too(display: Display, name: str) -> None:
    shown = words(dialog(display.answer(Reply(errors={"text": "Too long."}), at(name)))["card"])
    assert shown.startswith("Too long.")
    assert TYPED[name] in shown


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_notice_that_takes_the_place_of_a_dialog_keeps_the_words(display: Display, name: str) -> None:
    notice = Form(ref="notice-1", title="Vouch", body=(Text(("Please try again.",)),), close_label="Back")
    shown = words(dialog(display.answer(Reply(form=notice, is_stacked=True), at(name)))["card"])
    assert shown.startswith("Please try again.")
    assert TYPED[name] in shown


def test_a_form_that_leads_back_or_follows_repeats_no_words(display: Display) -> None:
    back = Form(ref="b", title="Ready", body=(Text(("Go on.",)),), close_label="Back", back=a.ChangeShare(share_id=5))
    for reply in (Reply(form=back, is_stacked=True), Reply(form=FORM)):
        shown = dialog(display.answer(reply, at("task_submit")))
        assert TYPED["task_submit"] not in words(shown["card"])
    shown = dialog(display.answer(Reply(form=back, is_stacked=True), at("task_submit")))
    assert [one["title"] for one in shown["card"]["content"]["actions"]] == ["Back"]


# Searches


def found(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200
    assert answer.body is not None
    assert set(answer.body) == {"composeExtension"}
    told: dict[str, Any] = answer.body["composeExtension"]
    return told


def test_results_of_a_search_have_a_preview_and_a_card_each(display: Display) -> None:
    matches = (
        Match(title="Winter report", note="brightwater.example", picture="https://x.example/a.png", card=CARD),
        Match(title="No picture", note="", picture="", card=CARD),
    )
    told = found(display.answer(Reply(matches=matches), at("extension_query")))
    assert (told["type"], told["attachmentLayout"]) == ("result", "list")
    first, second = told["attachments"]
    assert set(first) == {"contentType", "content", "preview"}
    assert (first["contentType"], first["content"]["type"]) == (
        "application/vnd.microsoft.card.adaptive",
        "AdaptiveCard",
    )
    assert first["preview"] == {
        "contentType": "application/vnd.microsoft.card.thumbnail",
        "content": {
            "title": "Winter report",
            "text": "brightwater.example",
            "images": [{"url": "https://x.example/a.png", "alt": "Winter report"}],
        },
    }
    assert "images" not in second["preview"]["content"]


def test_a_search_that_finds_nothing_has_no_results_and_one_that_failed_says_why(display: Display) -> None:
    nothing = {"type": "result", "attachmentLayout": "list", "attachments": []}
    assert found(display.answer(Reply(matches=()), at("extension_query"))) == nothing
    assert found(display.answer(SILENCE, at("extension_query"))) == nothing
    told = found(display.answer(Reply(card=CARD), at("extension_query")))
    assert told == {"type": "message", "text": "Done All is well."}


def test_a_result_that_cannot_be_drawn_is_left_out_and_logged(
    display: Display, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Card(body=(Buttons((LinkButton(label="x", url="nowhere", action=a.ShowHelp()),)),))
    matches = (Match(title="Bad", note="", picture="", card=bad), Match(title="Good", note="", picture="", card=CARD))
    told = found(display.answer(Reply(matches=matches), at("extension_query")))
    assert [one["preview"]["content"]["title"] for one in told["attachments"]] == ["Good"]
    assert "a result cannot be drawn" in caplog.text


# What goes wrong


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_that_cannot_be_drawn_says_so_and_keeps_the_words(
    display: Display, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    shown = dialog(display.answer(Reply(form=BAD), at(name)))
    assert shown["title"] == "No window (nl-NL)"
    assert TYPED.get(name, "") in words(shown["card"])
    assert "a reply cannot be drawn" in caplog.text


@pytest.mark.parametrize(
    ("name", "status"),
    [("execute", 200), ("message_in_person", 202), ("button_message", 202), ("task_fetch", 200)],
)
async def test_a_button_of_an_older_version_says_so_where_it_was_pressed(
    display: Display, private: FakePrivate, name: str, status: int
) -> None:
    answer = display.apologise(at(name))
    await display.drain()
    assert answer.status == status
    said = [*private.titles, str(answer.body)]
    assert any("Too old (nl-NL)" in one for one in said)
    assert len(private.sent) == (1 if status == 202 else 0)


def test_a_dialog_of_an_older_version_keeps_the_words(display: Display) -> None:
    old = see(with_data("task_submit", vouch="junk", fields=None))
    assert old is not None
    shown = dialog(display.apologise(old.place))
    assert shown["title"] == "Too old (nl-NL)"
    assert TYPED["task_submit"] in words(shown["card"])


async def test_a_message_that_cannot_be_drawn_is_replaced_by_one_that_can(
    display: Display, private: FakePrivate
) -> None:
    private.faults = [Refused("unrenderable")]
    display.answer(Reply(card=CARD), at("message_in_person"))
    await display.drain()
    assert private.titles == ["No window (nl-NL)"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Refused("BotNotInConversationRoster"), "Refused BotNotInConversationRoster"),
        (Uncertain("no_answer"), "Uncertain no_answer"),
        (TryLater(timedelta(seconds=60)), "TryLater ratelimited"),
        (RuntimeError("unforeseen"), "RuntimeError: unforeseen"),
    ],
)
async def test_a_private_message_that_fails_is_logged_without_anybodys_words(
    display: Display, private: FakePrivate, caplog: pytest.LogCaptureFixture, fault: Exception, told: str
) -> None:
    private.faults = [fault]
    with caplog.at_level(logging.DEBUG):
        display.answer(Reply(card=Card(title="very private words")), at("message_in_person"))
        await display.drain()
    assert "a reply could not be shown" in caplog.text
    assert told in caplog.text
    assert "private words" not in caplog.text
    assert private.sent == []


async def test_a_new_conversation_is_greeted_in_its_language(display: Display, private: FakePrivate) -> None:
    display.greet(at("message_in_person"))
    await display.drain()
    assert private.titles == ["Hello (nl-NL)"]


async def test_draining_waits_for_what_is_shown_and_gives_up_what_takes_too_long(
    display: Display, private: FakePrivate
) -> None:
    await display.drain()
    private.wait = asyncio.Event()
    display.answer(Reply(card=CARD), at("message_in_person"))
    asyncio.get_running_loop().call_later(0.05, private.wait.set)
    await display.drain()
    assert private.titles == ["Done"]
    private.wait = asyncio.Event()
    display.answer(Reply(card=CARD), at("message_in_person"))
    await display.drain(timedelta(seconds=0.05))
    private.wait.set()
    await display.drain()
    assert private.titles == ["Done"]
