"""Whatever somebody writes in a card or form: all of it is shown, none of it is read as markup, and Teams takes it."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape as as_html

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.core import actions as a
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Channel,
    Code,
    Confirm,
    DateField,
    Divider,
    Fields,
    Form,
    Headline,
    Image,
    Italic,
    Link,
    LinkButton,
    ManyField,
    Mention,
    Menu,
    Option,
    SelectField,
    Table,
    Text,
    TextField,
    TimeField,
    When,
)
from bot.core.codec import unpack
from connectors.chat.teams.carrying import as_choice, from_choices, values_of
from connectors.chat.teams.render import render_card, render_dialog, render_message
from connectors.chat.teams.render_text import Json, escape, is_literal
from tests.connectors.teams.cardjson import actions, lines, parts
from tests.connectors.teams.samples import LINES, TRICKY
from tests.connectors.teams.schema import problems_of

MARKDOWN = MarkdownIt("default")
FUNCTION = re.compile(r"\{\{(?:DATE|TIME)\([^)]*\)\}\}")
SIGNS = st.text("*_~`[]()<>{}|\\&#;:=+-.!1aD/ \n", max_size=30)
WORDS = st.one_of(
    st.text(max_size=30),
    SIGNS,
    st.sampled_from(["", " ", "\n", TRICKY, LINES, "&copy;", "&#35;", "http://x.y", "a\n===", "    code", "x" * 80]),
)
LONG = WORDS | st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 300))
URLS = st.sampled_from(["https://example.com/", "http://x.example/?a=1&b=<>|", "javascript:x", "", "https://x/ y"])
ACTIONS = st.one_of(
    st.builds(a.OpenShare, post_id=st.integers(0, 10**9)),
    st.builds(a.Withdraw, ref=st.text(max_size=20)),
    st.builds(a.Suggest, link=st.just("https://example.com/" + "a" * 150), why=st.text(max_size=20)),
)
CONFIRMS = st.none() | st.builds(Confirm, title=WORDS, text=WORDS, yes=WORDS, no=WORDS)
STYLES = st.sampled_from(["plain", "primary", "danger"])
BUTTONS = st.builds(Button, label=WORDS, action=ACTIONS, style=STYLES, confirm=CONFIRMS, about=WORDS)
LINKS = st.builds(LinkButton, label=WORDS, url=st.just("https://example.com/go/1"), action=ACTIONS, about=WORDS)
MENUS = st.builds(Menu, items=st.lists(BUTTONS, max_size=7).map(tuple))
MOMENTS = st.builds(When, at=st.just(datetime(2026, 1, 1, tzinfo=UTC)), fallback=WORDS)
REFERENCES = st.sampled_from([Mention(""), Mention("29:x"), Channel("19:news"), Channel("19:gone"), Channel("")])
SPANS = st.one_of(
    WORDS, st.builds(Bold, LONG), st.builds(Italic, WORDS), st.builds(Code, WORDS), st.builds(Link, URLS, WORDS),
    REFERENCES, MOMENTS,
)  # fmt: skip
NAMES = {"19:news": "R&D *news*"}
TABLES = st.integers(0, 5).flatmap(
    lambda columns: st.builds(
        Table,
        st.tuples(*[WORDS] * columns),
        st.lists(st.tuples(*[WORDS] * columns), max_size=5).map(tuple),
        st.just((0,)),
    )
)
TEXTS = st.builds(Text, st.lists(SPANS, max_size=4).map(tuple), st.sampled_from(["body", "quiet", "heading", "quote"]))
ELEMENTS = st.one_of(
    TEXTS,
    st.builds(Fields, st.lists(st.tuples(WORDS, WORDS), max_size=12).map(tuple)),
    st.builds(Image, URLS, WORDS),
    st.builds(Headline, WORDS, WORDS, URLS),
    TABLES,
    st.just(Divider()),
    st.builds(Buttons, st.lists(BUTTONS | LINKS | MENUS, max_size=8).map(tuple)),
)
CARDS = st.builds(Card, title=WORDS, body=st.lists(ELEMENTS, max_size=4).map(tuple), summary=WORDS)
OPTIONS = st.lists(
    st.builds(Option, value=st.text(min_size=1, max_size=40), label=WORDS), max_size=6, unique_by=lambda one: one.value
).map(tuple)
FIELDS = (
    st.builds(
        TextField, name=st.just("text"), label=WORDS, value=LONG, hint=WORDS, placeholder=WORDS,
        max_length=st.integers(0, 5_000), is_long=st.booleans(),
    ),
    st.builds(
        SelectField, name=st.just("network"), label=WORDS, options=OPTIONS, value=st.none() | WORDS, hint=WORDS,
        is_optional=st.booleans(),
    ),
    st.builds(
        ManyField, name=st.just("channels"), label=WORDS, options=OPTIONS, is_list=st.booleans(), hint=WORDS,
        values=st.lists(WORDS, max_size=3).map(tuple),
    ),
    st.builds(DateField, name=st.just("publish_on"), label=WORDS, value=WORDS),
    st.builds(TimeField, name=st.just("publish_at"), label=WORDS, value=WORDS),
)  # fmt: skip
FORMS = st.builds(
    Form,
    ref=st.just("x"),
    title=WORDS,
    body=st.builds(lambda fields, more: (*fields, *more), st.tuples(*FIELDS), st.lists(ELEMENTS, max_size=2)),
    submit=st.none() | ACTIONS,
    submit_label=WORDS,
    close_label=WORDS,
    change=st.none() | ACTIONS,
    change_label=WORDS,
    back=st.none() | ACTIONS,
)
ERRORS = st.dictionaries(st.sampled_from(["text", "network", "channels", "publish_on", "", "gone"]), WORDS, max_size=3)
ANY = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def squeezed(text: str) -> str:
    """Return `text` without white space: how much of it stands where is the host's."""
    return "".join(text.split())


def read_by_markdown(words: str) -> bool:
    """Say whether Markdown shows something else than the words themselves."""
    return MARKDOWN.render(words).strip() != f"<p>{as_html(words, quote=False).replace(chr(34), '&quot;')}</p>"


def check_words(drawn: Json) -> None:
    """Nothing that Markdown or a date function could be found in stands where these are read."""
    for block in parts(drawn, "TextBlock"):
        words = FUNCTION.sub("0", block["text"])
        assert not read_by_markdown(words), words
        assert "{{" not in words
    assert not [run for run in parts(drawn, "TextRun") if "{{" in run["text"]]


@ANY
@given(CARDS)
def test_teams_takes_every_card_and_reads_no_word_of_it_as_markup(card: Card) -> None:
    drawn = render_message(card, NAMES)
    content = drawn["attachments"][0]["content"]
    assert problems_of(content) == []
    check_words(content)
    assert 1 <= len(drawn["summary"]) <= 300
    for one in actions(content):
        assert one["type"] in {"Action.OpenUrl", "Action.ShowCard"} or unpack(one["data"]["vouch"])


@ANY
@given(FORMS, ERRORS)
def test_teams_takes_every_form_and_reads_no_word_of_it_as_markup(form: Form, errors: dict[str, str]) -> None:
    content = render_dialog(form, NAMES, errors=errors)["card"]["content"]
    assert problems_of(content) == []
    check_words(content)
    shown = squeezed("".join(lines(content)))
    assert all(squeezed(error) in shown for error in errors.values())
    assert next(parts(content, "Input.Text")).get("value", "") == form.body[0].value  # type: ignore[union-attr]


@ANY
@given(st.lists(st.one_of(WORDS, st.builds(Bold, LONG), st.builds(Code, WORDS)), max_size=4))
def test_all_that_was_written_is_shown_in_its_order(spans: Iterable[str | Bold | Code]) -> None:
    written = squeezed("".join(one if isinstance(one, str) else one.text for one in spans))
    drawn = render_card(Card(title="T", body=(Text(tuple(spans), "quote"),)))
    assert squeezed("".join(lines(drawn["body"][1:]))) == written


@given(WORDS)
def test_escaped_words_are_what_markdown_shows(words: str) -> None:
    shown = [f"<p>{as_html(line.strip(), quote=False)}</p>" for line in re.split(r"\r\n?|\n", words) if line.strip()]
    drawn = MARKDOWN.render(escape(words)).replace("&quot;", '"').split("\n")
    assert [line for line in drawn if line] == [line.replace("\0", "\ufffd") for line in shown]


@given(SIGNS.filter(lambda words: "\n" not in words and bool(words.strip())))
def test_words_said_to_be_literal_are_not_read_by_markdown(words: str) -> None:
    if is_literal(words):
        assert not read_by_markdown(words.strip())


@given(st.lists(st.text("a,%2C5 é", min_size=1, max_size=8), max_size=5))
def test_choices_come_back_as_they_were(values: list[str]) -> None:
    assert from_choices(",".join(map(as_choice, values))) == tuple(values)


@given(CARDS)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_same_card_is_always_drawn_the_same(card: Card) -> None:
    assert json.dumps(render_message(card, NAMES)) == json.dumps(render_message(card, NAMES))


@ANY
@given(FORMS)
def test_a_form_sent_back_untouched_says_what_stood_in_it(form: Form) -> None:
    content = render_dialog(form)["card"]["content"]
    sent = {one["id"]: one.get("value", "") for one in parts(content) if one["type"].startswith("Input.")}
    for button in actions(content):
        if button["type"] == "Action.Submit":
            read = values_of({**button["data"], **sent})
            assert sorted(read) == sorted(sent)
            assert read["text"] == form.body[0].value  # type: ignore[union-attr]
