"""Limits of texts, elements and options: what stands just inside passes, just outside is refused with where."""

import pytest

from playground.limits import check_blocks
from tests.playground.block_samples import (
    IMAGE,
    TEXT_INPUT,
    URL,
    Json,
    actions,
    button,
    distinct,
    mark,
    option,
    options,
    plain,
    section,
    select,
)

# (what is refused, what passes right beside it, where)
MESSAGES: list[tuple[str, list[Json], list[Json], str]] = [
    ("blocks", [{"type": "divider"}] * 51, [{"type": "divider"}] * 50, "/blocks"),
    ("section text", [section(text=mark(3001))], [section(text=mark(3000))], "/blocks/0/text/text"),
    ("section empty text", [section(text=plain(""))], [section()], "/blocks/0/text/text"),
    ("section with nothing", [{"type": "section"}], [section()], "/blocks/0"),
    ("section fields", [section(fields=[mark()] * 11)], [section(fields=[mark()] * 10)], "/blocks/0/fields"),
    ("field text", [section(fields=[mark(2001)])], [section(fields=[mark(2000)])], "/blocks/0/fields/0/text"),
    ("accessory kind", [section(accessory=TEXT_INPUT)], [section(accessory=button())], "/blocks/0/accessory"),
    (
        "header text",
        [{"type": "header", "text": plain(length=151)}],
        [{"type": "header", "text": plain(length=150)}],
        "/blocks/0/text/text",
    ),
    (
        "header is plain",
        [{"type": "header", "text": mark()}],
        [{"type": "header", "text": plain()}],
        "/blocks/0/text/type",
    ),
    (
        "context elements",
        [{"type": "context", "elements": [mark()] * 11}],
        [{"type": "context", "elements": [mark()] * 10}],
        "/blocks/0/elements",
    ),
    (
        "context text",
        [{"type": "context", "elements": [mark(3001)]}],
        [{"type": "context", "elements": [mark(3000)]}],
        "/blocks/0/elements/0/text",
    ),
    (
        "context empty",
        [{"type": "context", "elements": []}],
        [{"type": "context", "elements": [IMAGE]}],
        "/blocks/0/elements",
    ),
    (
        "context kind",
        [{"type": "context", "elements": [button()]}],
        [{"type": "context", "elements": [mark()]}],
        "/blocks/0/elements/0",
    ),
    ("actions elements", [actions(*[button()] * 26)], [actions(*[button()] * 25)], "/blocks/0/elements"),
    ("actions empty", [actions()], [actions(button())], "/blocks/0/elements"),
    ("actions kind", [actions(TEXT_INPUT)], [actions(select())], "/blocks/0/elements/0"),
    (
        "button text",
        [actions(button(text=plain(length=76)))],
        [actions(button(text=plain(length=75)))],
        "/blocks/0/elements/0/text/text",
    ),
    ("button text is plain", [actions(button(text=mark()))], [actions(button())], "/blocks/0/elements/0/text/type"),
    (
        "button value",
        [actions(button(value="x" * 2001))],
        [actions(button(value="x" * 2000))],
        "/blocks/0/elements/0/value",
    ),
    (
        "button url",
        [actions(button(url="https://e.x/" + "x" * 2989))],
        [actions(button(url="https://e.x/" + "x" * 2988))],
        "/blocks/0/elements/0/url",
    ),
    ("button url kind", [actions(button(url="no link"))], [actions(button(url=URL))], "/blocks/0/elements/0/url"),
    (
        "button label",
        [actions(button(accessibility_label="x" * 76))],
        [actions(button(accessibility_label="x" * 75))],
        "/blocks/0/elements/0/accessibility_label",
    ),
    (
        "button style",
        [actions(button(style="default"))],
        [actions(button(style="primary"))],
        "/blocks/0/elements/0/style",
    ),
    (
        "action_id",
        [actions(button(action_id="x" * 256))],
        [actions(button(action_id="x" * 255))],
        "/blocks/0/elements/0/action_id",
    ),
    ("block_id", [section(block_id="x" * 256)], [section(block_id="x" * 255)], "/blocks/0/block_id"),
    (
        "action_id twice",
        [actions(button(action_id="a")), actions(button(action_id="a"))],
        [actions(button(action_id="a")), actions(button(action_id="b"))],
        "/blocks/1/elements/0/action_id",
    ),
    (
        "block_id twice",
        [section(block_id="a"), section(block_id="a")],
        [section(block_id="a"), section(block_id="b")],
        "/blocks/1/block_id",
    ),
    (
        "options",
        [actions(select(options=options(101)))],
        [actions(select(options=options(100)))],
        "/blocks/0/elements/0/options",
    ),
    ("no options", [actions(select(options=[]))], [actions(select())], "/blocks/0/elements/0/options"),
    (
        "option text",
        [actions(select(options=[option(text=plain(length=76))]))],
        [actions(select(options=[option(text=plain(length=75))]))],
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        "option text is plain",
        [actions(select(options=[option(text=mark())]))],
        [actions(select(options=[option()]))],
        "/blocks/0/elements/0/options/0/text/type",
    ),
    (
        "option value",
        [actions(select(options=[option("x" * 151)]))],
        [actions(select(options=[option("x" * 150)]))],
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        "option description",
        [actions(select(options=[option(description=plain(length=76))]))],
        [actions(select(options=[option(description=plain(length=75))]))],
        "/blocks/0/elements/0/options/0/description/text",
    ),
    (
        "option groups",
        [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}] * 101})],
        [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}] * 100})],
        "/blocks/0/elements/0/option_groups",
    ),
    (
        "group label",
        [actions({"type": "static_select", "option_groups": [{"label": plain(length=76), "options": options(1)}]})],
        [actions({"type": "static_select", "option_groups": [{"label": plain(length=75), "options": options(1)}]})],
        "/blocks/0/elements/0/option_groups/0/label/text",
    ),
    (
        "options and groups",
        [actions(select(option_groups=[{"label": plain(), "options": options(1)}]))],
        [actions(select())],
        "/blocks/0/elements/0",
    ),
    (
        "initial option",
        [actions(select(initial_option=option("other")))],
        [actions(select(initial_option=option("v1")))],
        "/blocks/0/elements/0/initial_option",
    ),
    (
        "placeholder",
        [actions(select(placeholder=plain(length=151)))],
        [actions(select(placeholder=plain(length=150)))],
        "/blocks/0/elements/0/placeholder/text",
    ),
    (
        "placeholder is plain",
        [actions(select(placeholder=mark()))],
        [actions(select(placeholder=plain()))],
        "/blocks/0/elements/0/placeholder/type",
    ),
    (
        "overflow",
        [actions({"type": "overflow", "options": options(6)})],
        [actions({"type": "overflow", "options": options(5)})],
        "/blocks/0/elements/0/options",
    ),
    (
        "overflow empty",
        [actions({"type": "overflow", "options": []})],
        [actions({"type": "overflow", "options": options(1)})],
        "/blocks/0/elements/0/options",
    ),
    (
        "checkboxes",
        [actions({"type": "checkboxes", "options": options(11)})],
        [actions({"type": "checkboxes", "options": options(10)})],
        "/blocks/0/elements/0/options",
    ),
    (
        "radio buttons",
        [actions({"type": "radio_buttons", "options": options(11)})],
        [actions({"type": "radio_buttons", "options": options(10)})],
        "/blocks/0/elements/0/options",
    ),
]


@pytest.mark.parametrize(("bad", "good", "where"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_message_just_outside_a_limit_is_refused_and_just_inside_passes(
    bad: object, good: object, where: str
) -> None:
    assert check_blocks(distinct(good)) == []
    problems = check_blocks(distinct(bad))
    assert [problem for problem in problems if f"[json-pointer:{where}" in problem], problems
