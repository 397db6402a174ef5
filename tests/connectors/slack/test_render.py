"""Cards and forms drawn: every text as typed, every button with its action, the same picture each time (golden files).

`VOUCH_UPDATE_GOLDEN=1` writes the golden files anew; look at the difference before it is committed.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core import actions as a
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Channel,
    Confirm,
    DateField,
    Divider,
    Element,
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
from connectors.chat.slack.carrying import read_carried
from connectors.chat.slack.render import render_home, render_message, render_window
from connectors.chat.slack.render_text import Json, Unrenderable
from playground.limits import check_blocks, check_view

GOLDEN = Path(__file__).parents[1] / "golden" / "slack"
TRICKY = "<!channel> <@U1> *bold* _it_ ~no~ `code` & <b> &amp; :wave: 👩‍👩‍👧 שלום"
SHARE = a.OpenShare(post_id=7)
OPTIONS = (Option(value="linkedin", label="LinkedIn"), Option(value="x", label="X"))

POST = Card(
    title=TRICKY,
    summary="",
    body=(
        Image("https://vouch.example/p/1.png", "A turbine in the snow"),
        Text((TRICKY, "\n", Bold("Bold"), " ", Italic("italic"), " ", Link("https://example.com/a?b=1&c=2", TRICKY))),
        Text((TRICKY,), style="quote"),
        Fields((("Topic", "Wind"), ("Source", TRICKY))),
        Headline("Winter report", "What it says.", "https://vouch.example/p/1.png"),
        Headline(TRICKY, TRICKY, "https://vouch.example/p/1.png"),
        Headline("Winter report", "Without a picture"),
        Fields((("Topic", "Wind"), ("Shared", "Saturday 21 November, 23:14"))),
        Divider(),
        Text(("Read it at ", Link("https://example.com/", "Example"), " · ", Bold("Curated by Ann")), style="quiet"),
        Text(("Curated by ", Mention("U0BEN"), " in ", Channel("C0NEWS"), " on ", MOMENT := When(
            datetime(2026, 11, 21, 20, 0, tzinfo=UTC), "21 Nov, 21:00")), style="quiet"),
        Buttons((
            Button(label="Share", about="Winter report", action=SHARE, style="primary"),
            Button(label="Not for me", action=a.DismissPost(post_id=7)),
            LinkButton(label="Read", url="https://example.com/", action=a.OpenHome()),
            Menu(items=(
                Button(label="Edit", action=a.Edit(ref="P7")),
                Button(label="Withdraw", action=a.Withdraw(ref="P7"), style="danger", confirm=Confirm(
                    title="Withdraw?", text="Every card is updated.", yes="Withdraw", no="Keep")),
            )),
        )),
    ),
)  # fmt: skip
BOARD = Card(
    title="This week",
    summary="Anna leads with 40 points.",
    body=(
        Text(("Heading",), style="heading"),
        Table(("", "Name", "Points"), (("1", "Anna", "40"), ("2", TRICKY, "12")), numeric=(0, 2)),
        Table(("Team", "Mean"), (("North", "3"),), numeric=(1,)),
    ),
)
WINDOW = Form(
    ref="share-5",
    title="Share “Winter report” with your own network",
    submit=a.SubmitPermalink(share_id=5),
    submit_label="Keep",
    close_label="Close",
    change=a.ChangeShare(share_id=5),
    closed=a.UndoShare(share_id=5),
    body=(
        Text(("Your words",), style="quiet"),
        SelectField(name="network", label="Network", options=OPTIONS, value="x", saves=True),
        TextField(name="text", label="Text", value=TRICKY, is_long=True, saves=True, edition=2, placeholder="Say it"),
        ManyField(name="channels", label="Channels", options=OPTIONS, values=("x", "gone"), is_optional=True),
        ManyField(name="networks", label="Networks", options=OPTIONS, is_list=True, hint="As many as you like"),
        DateField(name="publish_on", label="Day", value="2026-12-01"),
        TimeField(name="publish_at", label="Time", value="25:99"),
        SelectField(name="topic", label="Topic", options=()),
        Buttons((Button(label="Share", action=SHARE), Button(label="Share again", action=SHARE))),
        Table(("Team", "Mean"), (("North", "3"),)),
    ),
)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("post_message", render_message(POST)),
        ("post_home", render_home(POST)),
        ("board_message", render_message(BOARD)),
        ("board_home", render_home(BOARD)),
        ("share_window", render_window(WINDOW)),
    ],
)
def test_a_card_is_drawn_as_it_was(name: str, drawn: Json) -> None:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("VOUCH_UPDATE_GOLDEN"):
        path.write_text(json.dumps(drawn, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert drawn == json.loads(path.read_text(encoding="utf-8"))
    assert check_view(drawn) == [] if "type" in drawn else check_blocks(drawn["blocks"]) == []


def texts(drawn: object) -> list[str]:
    """Return every text that is shown, in reading order."""
    if isinstance(drawn, list):
        return [one for part in drawn for one in texts(part)]
    if not isinstance(drawn, dict):
        return []
    shown = [drawn["text"]] if isinstance(drawn.get("text"), str) else []
    return shown + [one for key, part in drawn.items() if key not in {"text"} or isinstance(part, dict)
                    for one in texts(part)]  # fmt: skip


@pytest.mark.parametrize("style", ["body", "quiet", "heading", "quote"])
def test_a_persons_text_is_shown_as_typed_in_every_style(style: str) -> None:
    drawn = render_message(Card(body=(Text((TRICKY,), style=style),)))  # type: ignore[arg-type]
    assert TRICKY in texts(drawn["blocks"])
    assert "mrkdwn" not in json.dumps(drawn)


def test_the_fallback_is_escaped_and_calls_nobody() -> None:
    drawn = render_message(
        Card(
            title="A <!channel> & B",
            body=(
                Text(
                    ("for ", Mention("U1")),
                ),
            ),
        )
    )
    assert drawn["text"] == "A &lt;!channel&gt; &amp; B\nfor"


def test_the_fallback_says_the_summary_where_there_is_one() -> None:
    assert render_message(BOARD)["text"] == "Anna leads with 40 points."


def test_an_empty_card_is_still_a_message() -> None:
    drawn = render_message(Card())
    assert drawn["text"] == "Vouch"
    assert check_blocks(drawn["blocks"]) == []
    assert drawn["blocks"]


@pytest.mark.parametrize(
    "element",
    [
        Text(()), Text(("", "  ")), Text(("",), style="quiet"), Text((" ",), style="heading"), Fields(()),
        Fields((("", ""),)), Table((), ()), Buttons(()), Buttons((Menu(items=()),)), Text((Mention(""),)),
    ],
)  # fmt: skip
def test_what_is_empty_draws_nothing(element: Element) -> None:
    assert render_home(Card(body=(element,)))["blocks"] == []


def test_a_long_text_is_split_and_none_of_it_lost() -> None:
    words = "".join(f"{number} wörds 👩‍👩‍👧 " for number in range(2_000))
    for style in ("body", "quote", "quiet"):
        drawn = render_message(Card(body=(Text((words,), style=style),)))
        shown = "".join(texts(drawn["blocks"]))
        assert shown.replace(" ", "") == words.replace(" ", "")
        assert check_blocks(drawn["blocks"]) == []


def test_a_title_of_ten_thousand_characters_is_shown_whole() -> None:
    drawn = render_message(Card(title="x" * 10_000))
    assert "".join(texts(drawn["blocks"])) == "x" * 10_000
    assert len(drawn["text"]) <= 4_000


def test_more_buttons_than_a_row_takes_go_into_rows_and_their_names_stay_apart() -> None:
    drawn = render_home(Card(body=(Buttons(tuple(Button(label="Share", action=SHARE) for _ in range(60))),)))
    assert [len(row["elements"]) for row in drawn["blocks"]] == [25, 25, 10]
    names = [one["action_id"] for row in drawn["blocks"] for one in row["elements"]]
    assert names[:3] == ["open_share", "open_share#2", "open_share#3"]
    assert len(set(names)) == 60


def test_more_fields_than_a_section_takes_go_into_sections() -> None:
    pairs = (*((f"Label {number}", "value") for number in range(23)), ("Long", "y" * 5_000))
    drawn = render_home(Card(body=(Fields(pairs),)))
    assert [len(block.get("fields", ())) for block in drawn["blocks"]][:3] == [10, 10, 3]
    assert "".join(texts(drawn["blocks"])).count("y") == 5_000


def test_a_menu_carries_its_actions_itself_and_what_it_cannot_carry_stands_beside_it() -> None:
    long = a.Suggest(link="https://example.com/" + "a" * 200)
    items = tuple(Button(label=f"P{number}", action=a.Edit(ref=f"P{number}")) for number in range(7))
    drawn = render_home(Card(body=(Buttons((Menu(items=(*items, Button(label="Long", action=long))),)),)))
    elements = drawn["blocks"][0]["elements"]
    assert [one["type"] for one in elements] == ["button", "overflow", "overflow"]
    assert unpack(elements[0]["value"]) == long
    assert [unpack(one["value"]) for part in elements[1:] for one in part["options"]] == [one.action for one in items]


def test_an_action_that_fits_in_no_button_is_our_mistake_and_says_so() -> None:
    with pytest.raises(Unrenderable, match="suggest packs to"):
        render_home(Card(body=(Buttons((Button(label="x", action=a.Suggest(why="y" * 2_000)),)),)))


def test_more_blocks_than_a_message_takes_is_our_mistake_and_says_so() -> None:
    card = Card(body=(Divider(),) * 51)
    with pytest.raises(Unrenderable, match="51 blocks, at most 50"):
        render_message(card)
    assert len(render_home(card)["blocks"]) == 51


def test_a_table_too_large_for_a_block_becomes_lines_and_keeps_every_cell() -> None:
    rows = tuple((str(number), f"Person {number}") for number in range(1, 120))
    drawn = render_message(Card(body=(Table(("Rank", "Name"), rows),)))
    shown = "".join(texts(drawn["blocks"]))
    assert all(f"{rank} · {name}" in shown for rank, name in rows)
    assert "table" not in {block["type"] for block in drawn["blocks"]}


def test_a_picture_whose_address_slack_refuses_is_told_in_words() -> None:
    drawn = render_home(Card(body=(Image("ftp://x/y.png", "A chart of visits"),)))
    assert texts(drawn["blocks"]) == ["A chart of visits"]


def test_a_quiet_line_with_a_link_stays_quiet_unless_its_words_could_be_markup() -> None:
    def kinds(label: str) -> list[str]:
        card = Card(body=(Text(("See ", Link("https://example.com/a?b&c", label)), style="quiet"),))
        return [block["type"] for block in render_home(card)["blocks"]]

    assert (kinds("the page"), kinds("the *page*")) == (["context"], ["rich_text"])


def test_a_window_carries_what_it_asks_for_later() -> None:
    carried = read_carried(render_window(WINDOW)["private_metadata"])
    assert [unpack(one or "") for one in (carried.submit, carried.change, carried.closed)] == [
        a.SubmitPermalink(share_id=5),
        a.ChangeShare(share_id=5),
        a.UndoShare(share_id=5),
    ]
    with pytest.raises(Unrenderable, match="carries"):
        render_window(Form(ref="x", title="x", body=(), submit=a.Suggest(why="y" * 2_950), change=SHARE))


def test_a_new_edition_has_a_new_block_and_the_same_name() -> None:
    def block(edition: int) -> Json:
        form = Form(ref="x", title="x", body=(TextField(name="text", label="T", edition=edition),), submit=SHARE)
        return dict(render_window(form)["blocks"][0])

    assert [block(edition)["block_id"] for edition in (0, 1, 2)] == ["text", "text.1", "text.2"]
    assert {block(edition)["element"]["action_id"] for edition in (0, 1, 2)} == {"text"}


def test_only_what_is_valid_stands_in_a_field_at_first() -> None:
    fields = {block["block_id"]: block["element"] for block in render_window(WINDOW)["blocks"] if "element" in block}
    assert fields["publish_on"]["initial_date"] == "2026-12-01"
    assert "initial_time" not in fields["publish_at"]
    assert [one["value"] for one in fields["channels"]["initial_options"]] == ["x"]
    form = Form(ref="x", title="x", body=(DateField(name="d", label="D", value="2026-02-31"),), submit=SHARE)
    assert "initial_date" not in render_window(form)["blocks"][0]["element"]


def test_a_choice_without_options_says_so_instead_of_asking() -> None:
    form = Form(ref="x", title="x", body=(SelectField(name="topic", label="Topic", options=(), hint="None yet"),))
    drawn = render_window(form)
    assert texts(drawn["blocks"]) == ["Topic: — None yet"]
    assert "submit" not in drawn


def test_more_options_than_a_list_takes_go_into_groups() -> None:
    options = tuple(Option(value=str(number), label=f"Channel {number}") for number in range(250))
    form = Form(
        ref="x", title="x", submit=SHARE, body=(SelectField(name="c", label="C", options=options, value="249"),)
    )
    element = render_window(form)["blocks"][0]["element"]
    assert [len(group["options"]) for group in element["option_groups"]] == [100, 100, 50]
    assert element["option_groups"][0]["label"]["text"] == "Channel 0 … Channel 99"
    assert check_view(render_window(form)) == []


def test_what_somebody_wrote_is_in_its_box_whole_even_over_the_fields_own_limit() -> None:
    field = TextField(name="t", label="T", value="z" * 400, max_length=300)
    element = render_window(Form(ref="x", title="x", body=(field,), submit=SHARE))["blocks"][0]["element"]
    assert (len(element["initial_value"]), element["max_length"]) == (400, 400)


def test_a_window_with_fields_and_nothing_to_submit_gets_the_button_that_slack_demands() -> None:
    drawn = render_window(Form(ref="x", title="x", body=(TextField(name="t", label="T"),)))
    assert drawn["submit"]["text"] == "OK"
    assert read_carried(drawn["private_metadata"]).submit is None


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        (Form(ref="", title="x", body=()), "named"),
        (Form(ref="x", title="x", body=(TextField(name="", label="T"),)), "named"),
        (Form(ref="x", title="x", body=(TextField(name="t", label="T"), TextField(name="t", label="T"))), "two fields"),
        (Form(ref="x", title="x", body=(SelectField(name="s", label="S", options=(Option(value="", label="x"),)),)),
         "option's value"),
    ],
)  # fmt: skip
def test_a_window_that_slack_cannot_take_is_our_mistake_and_says_so(form: Form, problem: str) -> None:
    with pytest.raises(Unrenderable, match=problem):
        render_window(form)
