"""Buttons, fields and dialogs drawn: every button with its action, every field with what was typed in it."""

import pytest

from bot.core import actions as a
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Confirm,
    DateField,
    Field,
    Form,
    LinkButton,
    ManyField,
    Menu,
    Option,
    SelectField,
    Text,
    TextField,
    TimeField,
)
from bot.core.codec import unpack
from connectors.chat.teams.render import (
    render_card,
    render_card_dialog,
    render_dialog,
    render_message,
)
from connectors.chat.teams.render_text import Unrenderable
from tests.connectors.teams.cardjson import actions, body_of, inputs_of, lines, parts
from tests.connectors.teams.samples import ERRORS, NAMES, POST, SHARE, TRICKY, WINDOW

# Buttons


def test_in_a_message_a_button_executes_and_one_that_opens_a_window_fetches_a_dialog() -> None:
    opens, executes = actions(body_of(Buttons((Button(label="Share", action=SHARE, style="primary"),
                                               Button(label="No", action=a.DismissPost(post_id=7))))))  # fmt: skip
    assert (opens["type"], opens["style"], opens["data"]["msteams"]) == (
        "Action.Submit", "positive", {"type": "task/fetch"}
    )  # fmt: skip
    assert unpack(opens["data"]["vouch"]) == SHARE
    assert (executes["type"], executes["verb"], unpack(executes["data"]["vouch"])) == (
        "Action.Execute", "dismiss_post", a.DismissPost(post_id=7)
    )  # fmt: skip
    assert executes["fallback"] == {"type": "Action.Submit", "title": "No", "data": executes["data"]}


def test_in_a_dialog_every_button_submits_and_says_of_which_kind_the_fields_are() -> None:
    content = render_dialog(WINDOW, NAMES)["card"]["content"]
    shown = [one for one in actions(content) if one["type"] != "Action.ShowCard"]
    assert {one["type"] for one in shown} == {"Action.Submit"}
    kinds = {
        "network": "one", "text": "text", "url": "text", "channels": "many", "networks": "many", "publish_on": "date",
        "publish_at": "time",
    }  # fmt: skip
    assert all(one["data"]["fields"] == kinds and sorted(one["data"]) == ["fields", "vouch"] for one in shown)
    assert all("associatedInputs" not in one for one in shown)


def test_the_bottom_of_a_dialog_submits_keeps_and_goes_back_in_this_order() -> None:
    shown = render_dialog(WINDOW, NAMES)["card"]["content"]["actions"]
    assert [(one["title"], one.get("style"), unpack(one["data"]["vouch"])) for one in shown] == [
        ("Send", "positive", WINDOW.submit), ("Keep", None, WINDOW.change), ("Back", None, WINDOW.back)
    ]  # fmt: skip


def test_a_window_that_only_shows_has_no_buttons_at_the_bottom() -> None:
    form = Form(ref="x", title="x", body=(Text(("x",)),), close_label="Close", change=SHARE, closed=SHARE)
    assert "actions" not in render_dialog(form)["card"]["content"]


def test_what_completes_a_label_stands_with_it_in_the_tooltip_and_only_these_two_are_shortened() -> None:
    long, bare = actions(body_of(Buttons((Button(label="Share " * 20, about="Winter " * 40, action=SHARE),
                                          Button(label=" ", about="Winter", action=SHARE)))))  # fmt: skip
    assert (len(long["title"]) <= 75, len(long["tooltip"]) <= 150) == (True, True)
    assert long["tooltip"].startswith("Share Share")
    assert (bare["title"], bare["tooltip"]) == ("Winter", "Winter")


def test_a_question_opens_below_its_button_and_holds_the_one_that_does_it() -> None:
    (asks,) = [one for one in actions(render_card(POST, NAMES)) if one["type"] == "Action.ShowCard"]
    assert (asks["title"], asks["style"], "mode" in asks) == ("Withdraw", "destructive", False)
    assert lines(asks["card"]["body"]) == ["Withdraw?", TRICKY]
    (yes,) = asks["card"]["actions"]
    assert (yes["style"], unpack(yes["data"]["vouch"])) == ("destructive", a.Withdraw(ref="P7"))


def test_a_menu_and_what_is_more_than_six_is_behind_the_dots_but_never_a_question() -> None:
    confirm = Confirm(title="t", text="x", yes="y", no="n")
    asking = tuple(Button(label=f"Q{number}", action=SHARE, confirm=confirm) for number in range(7))
    plain = tuple(Button(label=f"B{number}", action=a.Approve(ref="S1")) for number in range(8))
    menu = Menu(items=(Button(label="M", action=SHARE), Button(label="MQ", action=SHARE, confirm=confirm)))
    rows = body_of(Buttons((menu, *plain, *asking)))
    shown = [[(one["title"], one.get("mode")) for one in row["actions"]] for row in rows]
    first = [("MQ", None), *((f"B{number}", None) for number in range(5))]
    hidden = [("M", "secondary"), *((f"B{number}", "secondary") for number in range(5, 8))]
    assert shown == [[*first, *hidden], [(f"Q{number}", None) for number in range(6)], [("Q6", None)]]
    assert rows[0]["actions"][7]["fallback"]["mode"] == "secondary"


def test_a_link_button_opens_its_address_and_tells_nothing() -> None:
    (drawn,) = actions(body_of(Buttons((LinkButton(label="Open", url="https://x.example/go", action=SHARE),))))
    assert drawn == {"type": "Action.OpenUrl", "title": "Open", "url": "https://x.example/go"}
    with pytest.raises(Unrenderable, match="open_share"):
        body_of(Buttons((LinkButton(label="Open", url="javascript:x", action=SHARE),)))


def test_an_action_that_fits_in_no_button_is_our_mistake_and_says_so() -> None:
    with pytest.raises(Unrenderable, match="suggest packs to"):
        body_of(Buttons((Button(label="x", action=a.Suggest(why="y" * 4_000)),)))


@pytest.mark.parametrize("letter", ["x", "日", "😀"])
def test_a_card_that_teams_would_not_carry_is_our_mistake_and_says_so(letter: str) -> None:
    fitting = "".join([letter] * (11_000 // len(letter.encode("utf-16-le")) * 2))
    render_message(Card(body=(Text((fitting,)),), summary="x"))
    with pytest.raises(Unrenderable, match="at most 80000 fit"):
        render_message(Card(body=(Text((fitting * 4,)),), summary="x"))
    with pytest.raises(Unrenderable, match="at most 80000 fit"):
        render_dialog(Form(ref="x", title="x", body=(TextField(name="t", label="T", value=fitting * 4),)))


# Fields


def test_an_error_stands_above_its_field_and_one_of_no_field_at_the_top() -> None:
    body = render_dialog(WINDOW, NAMES, errors=ERRORS)["card"]["content"]["body"]
    at = next(place for place, one in enumerate(body) if one.get("id") == "url")
    assert lines(body)[0] == "Nothing was sent."
    assert lines(body[at - 1]) == ["Link: This is not a link."]
    assert body[at - 1]["inlines"][0]["color"] == "attention"
    assert "Topic: Choose one." in lines(body)


def test_what_was_typed_stands_in_its_field_even_over_the_fields_own_limit() -> None:
    (box, line) = inputs_of(
        TextField(name="t", label="T", value="z" * 400, max_length=300), TextField(name="u", label="U", value="a\nb")
    )
    assert (len(box["value"]), box["maxLength"], box["isMultiline"]) == (400, 400, False)
    assert (line["value"], line["isMultiline"]) == ("a\nb", True)


def test_no_field_is_required_so_that_an_unfinished_form_can_be_kept() -> None:
    drawn = list(parts(render_dialog(WINDOW, NAMES)["card"]["content"]))
    assert not [one for one in drawn if "isRequired" in one]
    assert all(one["label"] for one in drawn if one["type"].startswith("Input."))


def test_only_what_is_valid_stands_in_a_date_or_time_at_first() -> None:
    day, bad_day, time, bad_time = inputs_of(
        DateField(name="a", label="A", value="2026-12-01"), DateField(name="b", label="B", value="2026-02-31"),
        TimeField(name="c", label="C", value="09:30"), TimeField(name="d", label="D", value="25:99"),
    )  # fmt: skip
    assert (day["value"], time["value"]) == ("2026-12-01", "09:30")
    assert "value" not in bad_day
    assert "value" not in bad_time


def test_several_choices_travel_encoded_and_a_single_one_as_it_is() -> None:
    options = (Option(value="a,b", label="A"), Option(value="50%", label=""))
    many, one = inputs_of(
        ManyField(name="m", label="M", options=options, values=("a,b", "50%", "gone")),
        SelectField(name="s", label="S", options=options, value="a,b"),
    )
    assert many["value"] == "a%2Cb,50%25"
    assert [choice["value"] for choice in many["choices"]] == ["a%2Cb", "50%25"]
    assert (one["value"], one["choices"][1]) == ("a,b", {"title": "50%", "value": "50%"})


def test_an_optional_choice_can_be_undone() -> None:
    options = (Option(value="x", label="X"),)
    free, fixed = inputs_of(
        SelectField(name="a", label="A", options=options, is_optional=True),
        SelectField(name="b", label="B", options=options),
    )
    assert ([one["title"] for one in free["choices"]], free["value"]) == (["—", "X"], "%none")
    assert ([one["title"] for one in fixed["choices"]], "value" in fixed) == (["X"], False)


def test_a_choice_without_options_says_so_instead_of_asking() -> None:
    drawn = inputs_of(SelectField(name="topic", label="Topic", options=(), hint="None yet"))
    assert lines(drawn) == ["Topic: — None yet"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ((TextField(name="", label="T"),), "named ''"),
        ((TextField(name="vouch", label="T"),), "named 'vouch'"),
        ((TextField(name="t", label="T"), DateField(name="t", label="T")), "named 't'"),
        ((SelectField(name="s", label="S", options=(Option(value="", label="x"),)),), "value of a choice"),
        ((SelectField(name="s", label="S", options=(Option(value="%none", label="x"),)),), "value of a choice"),
    ],
)
def test_a_window_that_teams_cannot_take_is_our_mistake_and_says_so(fields: tuple[Field, ...], problem: str) -> None:
    with pytest.raises(Unrenderable, match=problem):
        inputs_of(*fields)


# Dialogs of cards


def test_a_card_in_a_dialog_has_its_buttons_and_says_its_title_once() -> None:
    shown = render_card_dialog(
        Card(title="Shared", body=(Buttons((Button(label="Go", action=SHARE),)),)), title="Shared"
    )
    assert (shown["title"], shown["card"]["content"]["body"][0]["type"]) == ("Shared", "ActionSet")
    (go,) = actions(shown["card"])
    assert (go["type"], go["data"]["fields"]) == ("Action.Submit", {})
    assert lines(render_card_dialog(Card(title="Shared", body=(Text(("x",)),)), title="Vouch")["card"]) == [
        "Shared",
        "x",
    ]


def test_a_long_dialog_is_larger_than_a_short_one() -> None:
    short = Form(ref="x", title="x", body=(TextField(name="t", label="T"),), submit=SHARE)
    assert (render_dialog(short)["height"], render_dialog(WINDOW)["height"]) == ("medium", "large")
