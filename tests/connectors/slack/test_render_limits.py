"""No card and no form, whatever is written in it, breaks a limit of Slack's."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import actions as a
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
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
from connectors.chat.slack.render import render_home, render_message, render_window
from playground.limits import check_blocks, check_view
from tests.connectors.slack.blockkit import problems_of, problems_of_view

LINES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "\n", "<!channel>", "*_~`&<>", "👩‍👩‍👧" * 40, "e\u0301" * 200, "x" * 80]),
)
WORDS = st.one_of(
    LINES,
    st.just("word " * 900),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 1_500)),
)
SHORT = st.text(max_size=20)
URLS = st.sampled_from(
    [
        "https://example.com/",
        "http://x.example/?a=1&b=<>|",
        "javascript:x",
        "",
        "https://x/ y",
        "https://e/" + "a" * 4_000,
    ]
)
ACTIONS = st.one_of(
    st.builds(a.OpenShare, post_id=st.integers(0, 10**9)),
    st.builds(a.Withdraw, ref=SHORT),
    st.builds(a.Suggest, link=st.just("https://example.com/" + "a" * 150), why=SHORT),
)
CONFIRMS = st.none() | st.builds(Confirm, title=WORDS, text=WORDS, yes=WORDS, no=WORDS)
STYLES = st.sampled_from(["plain", "primary", "danger"])
BUTTONS = st.builds(Button, label=WORDS, action=ACTIONS, style=STYLES, confirm=CONFIRMS, about=WORDS)
LINKS = st.builds(LinkButton, label=WORDS, url=st.just("https://example.com/go/1"), action=ACTIONS, about=WORDS)
MENUS = st.builds(Menu, items=st.lists(BUTTONS, max_size=7).map(tuple))
MOMENTS = st.builds(When, at=st.just(datetime(2026, 1, 1, tzinfo=UTC)), fallback=WORDS)
SPANS = st.one_of(WORDS, st.builds(Bold, WORDS), st.builds(Italic, WORDS), st.builds(Code, WORDS),
                  st.builds(Link, URLS, WORDS),
                  st.builds(Mention, st.sampled_from(["", "U0ANNA"])), MOMENTS)  # fmt: skip
TABLES = st.integers(0, 22).flatmap(
    lambda columns: st.builds(
        Table,
        st.tuples(*[SHORT] * columns),
        st.lists(st.tuples(*[st.just("cell")] * columns), max_size=102).map(tuple),
        st.just((0,)),
    )
)
ELEMENTS = st.one_of(
    st.builds(Text, st.lists(SPANS, max_size=4).map(tuple), st.sampled_from(["body", "quiet", "heading", "quote"])),
    st.builds(Fields, st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple)),
    st.builds(Fields, st.lists(st.tuples(LINES, LINES), max_size=12).map(tuple)),
    st.builds(Image, URLS, WORDS),
    st.builds(Headline, WORDS, WORDS, URLS),
    TABLES,
    st.just(Divider()),
    st.builds(Buttons, st.lists(BUTTONS | LINKS | MENUS, max_size=8).map(tuple)),
)
SMALL_ELEMENTS = st.one_of(
    st.builds(Text, st.lists(LINES | MOMENTS, max_size=4).map(tuple), st.sampled_from(["body", "quiet", "quote"])),
    st.builds(Fields, st.lists(st.tuples(LINES, LINES), max_size=12).map(tuple)),
    st.builds(Image, URLS, LINES),
    st.builds(Buttons, st.lists(BUTTONS | LINKS | MENUS, max_size=8).map(tuple)),
)
# One element of any length: three of them may need more than the 50 blocks of a message, which is refused as it should.
BODIES = st.tuples(SMALL_ELEMENTS, ELEMENTS, SMALL_ELEMENTS)
CARDS = st.builds(Card, title=WORDS, body=BODIES | BODIES.map(lambda body: body[:2]) | st.just(()), summary=WORDS)
OPTIONS = st.lists(
    st.builds(Option, value=st.text(min_size=1, max_size=75), label=WORDS), max_size=12, unique_by=lambda one: one.value
).map(tuple)
MANY = st.integers(90, 210).map(lambda count: tuple(Option(value=str(one), label=f"O {one}") for one in range(count)))
EDITION = st.integers(0, 3)
FIELDS = (
    st.builds(
        TextField, name=st.just("text"), label=WORDS, value=WORDS, hint=WORDS, placeholder=WORDS,
        max_length=st.integers(0, 5_000), saves=st.booleans(), edition=EDITION,
    ),
    st.builds(
        SelectField, name=st.just("network"), label=WORDS, options=OPTIONS | MANY, value=st.none() | SHORT, hint=WORDS,
        saves=st.booleans(), edition=EDITION,
    ),
    st.builds(
        ManyField, name=st.just("channels"), label=WORDS, options=OPTIONS | MANY,
        values=st.lists(SHORT, max_size=3).map(tuple), is_list=st.booleans(), hint=WORDS,
    ),
    st.builds(DateField, name=st.just("publish_on"), label=WORDS, value=SHORT),
    st.builds(TimeField, name=st.just("publish_at"), label=WORDS, value=SHORT),
)  # fmt: skip
FORMS = st.builds(
    Form,
    ref=st.text(min_size=1, max_size=100),
    title=WORDS,
    body=st.builds(lambda fields, more: (*fields, *more), st.tuples(*FIELDS), st.lists(ELEMENTS, max_size=2)),
    submit=st.none() | ACTIONS,
    submit_label=WORDS,
    close_label=WORDS,
    change=st.none() | ACTIONS,
    closed=st.none() | ACTIONS,
)
ANY = settings(max_examples=75, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@ANY
@given(CARDS)
def test_no_message_breaks_a_limit(card: Card) -> None:
    drawn = render_message(card)
    assert 1 <= len(drawn["text"]) <= 4_000
    assert problems_of(drawn["blocks"], most=50, refused=set()) == []
    assert check_blocks(drawn["blocks"]) == []


@ANY
@given(CARDS)
def test_no_home_tab_breaks_a_limit(card: Card) -> None:
    drawn = render_home(card)
    assert problems_of_view(drawn) == []
    assert check_view(drawn) == []


@ANY
@given(FORMS)
def test_no_window_breaks_a_limit(form: Form) -> None:
    drawn = render_window(form)
    assert problems_of_view(drawn) == []
    assert check_view(drawn) == []


@given(CARDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_same_card_is_always_drawn_the_same(card: Card) -> None:
    assert render_message(card) == render_message(card)
