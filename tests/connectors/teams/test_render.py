"""Cards and forms drawn: every text as typed, every button with its action, the same picture each time (golden files).

`VOUCH_UPDATE_GOLDEN=1` writes the golden files anew; look at the difference before it is committed.
"""

import json
import os
from pathlib import Path
from typing import get_args

import pytest

from bot.core.cards import (
    Bold,
    Buttons,
    Card,
    Channel,
    Divider,
    Element,
    Fields,
    Form,
    Headline,
    Image,
    Link,
    Mention,
    Menu,
    Table,
    Text,
    When,
)
from connectors.chat.teams.render import (
    fallback_words,
    render_attachment,
    render_card,
    render_card_dialog,
    render_dialog,
    render_message,
    short_words,
)
from connectors.chat.teams.render_text import Json
from tests.connectors.teams.cardjson import body_of, lines, parts
from tests.connectors.teams.samples import AT, BOARD, ERRORS, LINES, NAMES, NEWS, PICTURE, POST, TRICKY, WINDOW

GOLDEN = Path(__file__).parents[1] / "golden" / "teams"
MOMENT = "{{DATE(2026-11-21T20:00:00Z, SHORT)}} {{TIME(2026-11-21T20:00:00Z)}}"
STYLES = get_args(Text.__annotations__["style"])


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("post_message", render_message(POST, NAMES)),
        ("board_message", render_message(BOARD, NAMES)),
        ("share_dialog", render_dialog(WINDOW, NAMES)),
        ("share_dialog_with_errors", render_dialog(WINDOW, NAMES, errors=ERRORS)),
        ("post_dialog", render_card_dialog(POST, NAMES, title="Shared")),
    ],
)
def test_a_card_is_drawn_as_it_was(name: str, drawn: Json) -> None:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("VOUCH_UPDATE_GOLDEN"):
        path.write_text(json.dumps(drawn, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert drawn == json.loads(path.read_text(encoding="utf-8"))


# Words


@pytest.mark.parametrize("style", STYLES)
def test_a_persons_text_is_shown_as_typed_in_every_style(style: str) -> None:
    drawn = body_of(Text((TRICKY,), style=style))  # type: ignore[arg-type]
    assert lines(drawn) == [TRICKY]
    assert not list(parts(drawn, "TextBlock", "FactSet"))


def test_every_line_is_an_element_of_its_own_and_a_blank_line_a_wider_gap() -> None:
    drawn = body_of(Text(("one\n", Bold("two\nthree"), "\n \r\n\r\nfour\n")))
    assert lines(drawn) == ["one", "two", "three", "four"]
    assert [one.get("spacing") for one in drawn] == [None, "none", "none", "medium"]
    assert [one["inlines"][0].get("weight") for one in drawn] == [None, "bolder", "bolder", None]


def test_what_looks_like_a_date_function_is_parted_between_its_braces() -> None:
    (drawn,) = body_of(Text(("at {{{DATE(2026-01-01T00:00:00Z)}} ", Bold("{"), "{TIME(2026-01-01T00:00:00Z)}}")))
    runs = [run["text"] for run in drawn["inlines"]]
    assert "".join(runs) == "at {{{DATE(2026-01-01T00:00:00Z)}} {{TIME(2026-01-01T00:00:00Z)}}"
    assert not [run for run in runs if "{{" in run]


def test_a_heading_is_one_for_screen_readers_unless_its_words_hold_a_sign() -> None:
    drawn = body_of(Text(("How we keep going at -30 °C (1/2)",), "heading"), Text(("R&D: 2 * 3",), "heading"))
    assert [one["type"] for one in drawn] == ["TextBlock", "RichTextBlock"]
    assert drawn[0]["style"] == "heading"
    assert (drawn[1]["inlines"][0]["size"], drawn[1]["inlines"][0]["weight"]) == ("large", "bolder")


@pytest.mark.parametrize(
    "words",
    ["- x", "1. x", "2) x", "# x", "> x", "a*b", "[x](y)", "&amp; x", "&#65;", "=x", "<at>", "{{x", "a\\b", "a\nb"],
)
def test_a_heading_that_markdown_would_read_is_no_text_block(words: str) -> None:
    assert not list(parts(render_card(Card(title=words)), "TextBlock"))


def test_an_instant_is_in_the_readers_own_time_where_its_line_can_be_a_text_block() -> None:
    spans = ("Announced ", When(AT, "21 Nov, 21:00"), " in ", Channel(NEWS), ".\nWhy: *spring*")
    drawn = body_of(Text(spans, "quiet"))
    assert lines(drawn) == [f"Announced {MOMENT} in Company news.", "Why: *spring*"]
    assert drawn[0] == {
        "type": "TextBlock", "text": lines(drawn)[0], "wrap": True, "isSubtle": True, "size": "small"
    }  # fmt: skip


@pytest.mark.parametrize("other", ["*Ann*", Bold("Ann"), Link("https://example.com/", "Ann"), "<b>", "{{DATE("])
def test_an_instant_among_words_that_are_no_plain_text_is_told_in_words(other: str | Bold | Link) -> None:
    drawn = body_of(Text(("By ", other, " at ", When(AT, "21 Nov, 21:00"))))
    assert lines(drawn)[0].endswith(" at 21 Nov, 21:00")
    assert drawn[0]["type"] == "RichTextBlock"


def test_channels_have_their_names_and_never_their_references() -> None:
    drawn = body_of(Text((Channel(NEWS), " ", Channel("19:gone"), " ", Mention("29:ben"), Mention(""), Channel(""))))
    assert lines(drawn) == ["Company news ? ?"]


def test_a_link_leads_where_it_says_and_one_without_an_address_is_words() -> None:
    (drawn,) = body_of(Text((Link("https://example.com/", " "), " ", Link("javascript:x", "no"), Link("ftp://x", ""))))
    first, *others = drawn["inlines"]
    assert first["selectAction"] == {"type": "Action.OpenUrl", "url": "https://example.com/"}
    assert first["text"] == "https://example.com/"
    assert [one["text"] for one in others] == [" ", "no", "ftp://x"]
    assert not [one for one in others if "selectAction" in one]


def test_a_quote_is_set_off_and_a_divider_is_a_line_above_what_follows() -> None:
    drawn = body_of(Divider(), Text(("a",)), Divider(), Divider(), Text((" ",)), Text(("b",), "quote"), Divider())
    assert [one.get("separator", False) for one in drawn] == [False, True]
    assert (drawn[1]["type"], drawn[1]["style"]) == ("Container", "emphasis")


def test_pairs_are_rows_and_tables_are_tables_with_every_cell() -> None:
    drawn = body_of(Fields((("Topic", "Wind"), ("", ""), ("Source", ""))))
    assert [one["type"] for one in drawn] == ["ColumnSet", "ColumnSet"]
    assert lines(drawn) == ["Topic", "Wind", "Source", "\u00a0"]
    (table,) = body_of(Table(("", "Name"), (("1", "Anna"), ("2", "")), numeric=(0,)))
    assert [column["horizontalCellContentAlignment"] for column in table["columns"]] == ["right", "left"]
    assert lines(table) == ["\u00a0", "Name", "1", "Anna", "2", "\u00a0"]


def test_a_table_too_long_or_ragged_becomes_lines_and_keeps_every_cell() -> None:
    rows = tuple((str(number), f"Person {number}") for number in range(1, 120))
    assert lines(body_of(Table(("Rank", "Name"), rows))) == [
        "Rank · Name",
        *(f"{rank} · {name}" for rank, name in rows),
    ]
    assert lines(body_of(Table(("A",), (("1", "2"),)))) == ["A", "1 · 2"]


def test_only_a_wide_table_takes_the_full_width() -> None:
    def width(columns: int) -> object:
        return render_card(Card(body=(Table(("x",) * columns, (("y",) * columns,)),))).get("msteams")

    assert (width(3), width(4)) == (None, {"width": "Full"})


def test_a_picture_whose_address_teams_would_not_show_is_told_in_words() -> None:
    assert lines(body_of(Image("http://x.example/y.png", "A chart"))) == ["A chart"]
    (headline,) = body_of(Headline("Title", "Note", "http://x.example/y.png"))
    assert headline["type"] == "Container"
    assert [one["altText"] for one in parts(body_of(Image(PICTURE, " A\nchart "), Image(PICTURE, "")), "Image")] == [
        "A chart", "…"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "element",
    [
        Text(()), Text(("", "  ")), Text(("",), style="quiet"), Text((" ",), style="heading"), Fields(()),
        Fields((("", ""),)), Table((), ()), Buttons(()), Buttons((Menu(items=()),)), Text((Mention(""),)),
        Text(("\n",), style="quote"), Headline(" ", "", PICTURE), Image("", ""), Divider(),
    ],
)  # fmt: skip
def test_what_is_empty_draws_nothing(element: Element) -> None:
    assert lines(render_card(Card(title="x", body=(element,)))["body"]) == ["x"]
    assert len(render_card(Card(title="x", body=(element,)))["body"]) == 1


def test_an_empty_card_still_says_who_it_is() -> None:
    assert lines(render_card(Card())["body"]) == ["Vouch"]
    assert lines(render_dialog(Form(ref="x", title=" A window ", body=()))["card"]["content"]["body"]) == ["A window"]
    assert render_dialog(Form(ref="x", title="", body=()))["title"] == "Vouch"


# Notifications and fallbacks


def test_a_message_has_a_summary_and_its_card_and_no_text_of_its_own() -> None:
    drawn = render_message(BOARD, NAMES)
    assert (drawn["type"], drawn["summary"], sorted(drawn)) == (
        "message", "Anna leads with 40 points.", ["attachments", "summary", "type"]
    )  # fmt: skip
    assert drawn["attachments"] == [render_attachment(BOARD, NAMES)]
    assert drawn["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert drawn["attachments"][0]["content"]["version"] == "1.5"


def test_the_fallback_says_everything_that_can_be_read_once_and_is_literal() -> None:
    card = Card(
        title="1. A *b*",
        body=(Image(PICTURE, "Winter"), Text((Bold("Winter"),)), Text(("in ", Channel(NEWS))), Fields((("a", "b"),))),
    )
    assert fallback_words(card, NAMES) == "1. A *b*\nWinter\nin Company news\na: b"
    assert render_card(card, NAMES)["fallbackText"] == "1\\. A \\*b\\*\n\nWinter\n\nin Company news\n\na: b"
    assert render_card(card, NAMES)["speak"] == fallback_words(card, NAMES)


def test_nothing_is_said_aloud_that_could_be_read_as_speech_markup() -> None:
    assert "speak" not in render_card(Card(title="R&D"))
    assert "speak" not in render_card(Card(title="a < b"))


def test_short_words_are_one_line_that_is_cut_at_a_word() -> None:
    card = Card(title="One two", body=(Text(("three\nfour",)),))
    assert short_words(card, 100) == "One two three four"
    assert short_words(card, 12) == "One two…"
    assert short_words(Card(), 10) == "Vouch"
    assert len(render_message(Card(title="word " * 400))["summary"]) <= 300


def test_a_heading_with_a_link_is_rich_text() -> None:
    drawn = body_of(Text((Link("https://example.com/", "Title"),), "heading"))
    assert drawn[0]["type"] == "RichTextBlock"
    assert drawn[0]["inlines"][0]["selectAction"]["url"] == "https://example.com/"


def test_line_starts_are_literal_in_a_quote() -> None:
    assert lines(body_of(Text((LINES,), "quote"))) == [line for line in LINES.split("\n") if line]
