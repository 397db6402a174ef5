"""Limits of blocks, windows and Home tabs, and which surface takes which block."""

import pytest

from playground.limits import check_blocks, check_view
from tests.playground.block_samples import (
    IMAGE,
    SAMPLES,
    TEXT_INPUT,
    URL,
    Json,
    actions,
    button,
    card,
    confirm,
    data_table,
    distinct,
    field,
    mark,
    modal,
    option,
    options,
    plain,
    rich,
    section,
    select,
    table,
)

MESSAGES: list[tuple[str, list[Json], list[Json], str]] = [
    (
        "confirm title",
        [actions(button(confirm=confirm(title=plain(length=101))))],
        [actions(button(confirm=confirm(title=plain(length=100))))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        "confirm text",
        [actions(button(confirm=confirm(text=plain(length=301))))],
        [actions(button(confirm=confirm(text=plain(length=300))))],
        "/blocks/0/elements/0/confirm/text/text",
    ),
    (
        "confirm buttons",
        [actions(button(confirm=confirm(deny=plain(length=31))))],
        [actions(button(confirm=confirm(deny=plain(length=30))))],
        "/blocks/0/elements/0/confirm/deny/text",
    ),
    (
        "confirm yes",
        [actions(button(confirm=confirm(confirm=plain(length=31))))],
        [actions(button(confirm=confirm(confirm=plain(length=30))))],
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    ("image alt", [{**IMAGE, "alt_text": "x" * 2001}], [{**IMAGE, "alt_text": "x" * 2000}], "/blocks/0/alt_text"),
    ("image without alt", [{"type": "image", "image_url": URL}], [IMAGE], "/blocks/0"),
    ("image without picture", [{"type": "image", "alt_text": "a"}], [IMAGE], "/blocks/0"),
    (
        "image title",
        [{**IMAGE, "title": plain(length=2001)}],
        [{**IMAGE, "title": plain(length=2000)}],
        "/blocks/0/title/text",
    ),
    (
        "image url",
        [{**IMAGE, "image_url": "https://e.x/" + "x" * 2989}],
        [{**IMAGE, "image_url": "https://e.x/" + "x" * 2988}],
        "/blocks/0/image_url",
    ),
    (
        "input label",
        [field(TEXT_INPUT, label=plain(length=2001))],
        [field(TEXT_INPUT, label=plain(length=2000))],
        "/blocks/0/label/text",
    ),
    ("input label is plain", [field(TEXT_INPUT, label=mark())], [field(TEXT_INPUT)], "/blocks/0/label/type"),
    (
        "input hint",
        [field(TEXT_INPUT, hint=plain(length=2001))],
        [field(TEXT_INPUT, hint=plain(length=2000))],
        "/blocks/0/hint/text",
    ),
    ("input without element", [{"type": "input", "label": plain()}], [field(TEXT_INPUT)], "/blocks/0"),
    ("input element kind", [field(button())], [field(select())], "/blocks/0/element"),
    (
        "initial value",
        [field({**TEXT_INPUT, "initial_value": "x" * 3001})],
        [field({**TEXT_INPUT, "initial_value": "x" * 3000})],
        "/blocks/0/element/initial_value",
    ),
    (
        "max length",
        [field({**TEXT_INPUT, "max_length": 3001})],
        [field({**TEXT_INPUT, "max_length": 3000})],
        "/blocks/0/element/max_length",
    ),
    (
        "lengths",
        [field({**TEXT_INPUT, "min_length": 5, "max_length": 4})],
        [field({**TEXT_INPUT, "min_length": 4, "max_length": 4})],
        "/blocks/0/element/min_length",
    ),
    (
        "focus twice",
        [field({**TEXT_INPUT, "focus_on_load": True})] * 2,
        [field({**TEXT_INPUT, "focus_on_load": True})],
        "/blocks/1/element/focus_on_load",
    ),
    (
        "number input",
        [field({"type": "number_input"})],
        [field({"type": "number_input", "is_decimal_allowed": False})],
        "/blocks/0/element",
    ),
    (
        "date",
        [actions({"type": "datepicker", "initial_date": "21-11-2026"})],
        [actions({"type": "datepicker", "initial_date": "2026-11-21"})],
        "/blocks/0/elements/0/initial_date",
    ),
    (
        "time",
        [actions({"type": "timepicker", "initial_time": "25:00"})],
        [actions({"type": "timepicker", "initial_time": "23:59"})],
        "/blocks/0/elements/0/initial_time",
    ),
    (
        "date and time",
        [actions({"type": "datetimepicker", "initial_date_time": 12})],
        [actions({"type": "datetimepicker", "initial_date_time": 1795000000})],
        "/blocks/0/elements/0/initial_date_time",
    ),
    ("file input", [field({"type": "file_input"})], [field(TEXT_INPUT)], "/blocks/0/element"),
    (
        "markdown",
        [{"type": "markdown", "text": "x" * 12001}],
        [{"type": "markdown", "text": "x" * 12000}],
        "/blocks/0/text",
    ),
    (
        "markdown together",
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        [{"type": "markdown", "text": "x" * 6000}] * 2,
        "/blocks/1/text",
    ),
    ("table rows", [table(rows=101)], [table(rows=100)], "/blocks/0/rows"),
    ("table columns", [table(columns=21)], [table(columns=20)], "/blocks/0/rows/0"),
    (
        "table settings",
        [table(column_settings=[None] * 21)],
        [table(column_settings=[None] * 20)],
        "/blocks/0/column_settings",
    ),
    (
        "table cell",
        [{"type": "table", "rows": [[mark()]]}],
        [{"type": "table", "rows": [[rich()]]}],
        "/blocks/0/rows/0/0",
    ),
    ("two tables", [table(), data_table()], [table()], "/blocks/1"),
    ("data table rows", [data_table(rows=102)], [data_table(rows=101)], "/blocks/0/rows"),
    ("data table few rows", [data_table(rows=1)], [data_table(rows=2)], "/blocks/0/rows"),
    ("data table page", [data_table(page_size=101)], [data_table(page_size=100)], "/blocks/0/page_size"),
    ("data table caption", [{"type": "data_table", "rows": data_table()["rows"]}], [data_table()], "/blocks/0"),
    ("card title", [card(title=mark(151))], [card(title=mark(150))], "/blocks/0/title/text"),
    ("card subtitle", [card(subtitle=mark(151))], [card(subtitle=mark(150))], "/blocks/0/subtitle/text"),
    ("card body", [card(body=mark(201))], [card(body=mark(200))], "/blocks/0/body/text"),
    ("card with nothing", [{"type": "card"}], [card()], "/blocks/0"),
    (
        "carousel",
        [{"type": "carousel", "elements": [card()] * 11}],
        [{"type": "carousel", "elements": [card()] * 10}],
        "/blocks/0/elements",
    ),
    (
        "carousel empty",
        [{"type": "carousel", "elements": []}],
        [{"type": "carousel", "elements": [card()]}],
        "/blocks/0/elements",
    ),
    (
        "container",
        [{"type": "container", "title": plain(), "child_blocks": [section()] * 11}],
        [{"type": "container", "title": plain(), "child_blocks": [section()] * 10}],
        "/blocks/0/child_blocks",
    ),
    (
        "context actions",
        [{"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}] * 6}],
        [{"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}] * 5}],
        "/blocks/0/elements",
    ),
    ("alert in a message", [{"type": "alert", "text": mark()}], [section()], "/blocks/0/type"),
    ("file in a message", [{"type": "file", "external_id": "1", "source": "remote"}], [section()], "/blocks/0/type"),
    ("unknown block", [{"type": "poster"}], [{"type": "divider"}], "/blocks/0"),
    ("unknown property", [section(colour="red")], [section()], "/blocks/0/colour"),
    ("null block", [None], [section()], "/blocks/0"),  # type: ignore[list-item]
    (
        "rich text part",
        [rich({"type": "text", "text": "x"})],
        [rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]})],
        "/blocks/0/elements/0",
    ),
    (
        "rich text list",
        [rich({"type": "rich_text_list", "style": "dotted", "elements": []})],
        [rich({"type": "rich_text_list", "style": "bullet", "elements": []})],
        "/blocks/0/elements/0/style",
    ),
    (
        "rich text list item",
        [
            rich(
                {"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_quote", "elements": []}]}
            )
        ],
        [
            rich(
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": []}],
                }
            )
        ],
        "/blocks/0/elements/0/elements/0",
    ),
    (
        "rich text link",
        [rich({"type": "rich_text_section", "elements": [{"type": "link", "text": "x"}]})],
        [rich({"type": "rich_text_section", "elements": [{"type": "link", "url": URL}]})],
        "/blocks/0/elements/0/elements/0",
    ),
    (
        "rich text style",
        [rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"loud": True}}]})],
        [rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]})],
        "/blocks/0/elements/0/elements/0/style/loud",
    ),
]
VIEWS: list[tuple[str, Json, Json, str]] = [
    ("blocks", modal(*[{"type": "divider"}] * 101), modal(*[{"type": "divider"}] * 100), "/view/blocks"),
    ("title", modal(title=plain(length=25)), modal(title=plain(length=24)), "/view/title/text"),
    ("title is plain", modal(title=mark()), modal(), "/view/title/type"),
    ("no title", {"type": "modal", "blocks": []}, modal(), "/view"),
    ("submit", modal(submit=plain(length=25)), modal(submit=plain(length=24)), "/view/submit/text"),
    ("close", modal(close=plain(length=25)), modal(close=plain(length=24)), "/view/close/text"),
    ("metadata", modal(private_metadata="x" * 3001), modal(private_metadata="x" * 3000), "/view/private_metadata"),
    ("callback_id", modal(callback_id="x" * 256), modal(callback_id="x" * 255), "/view/callback_id"),
    ("external_id", modal(external_id="x" * 256), modal(external_id="x" * 255), "/view/external_id"),
    ("input without submit", modal(field(TEXT_INPUT), submit=None), modal(field(TEXT_INPUT)), "/view"),
    (
        "file input",
        modal(field({"type": "file_input", "max_files": 11})),
        modal(field({"type": "file_input", "max_files": 10})),
        "/view/blocks/0/element/max_files",
    ),
    ("type", {"type": "window", "blocks": []}, modal(), "/view/type"),
    ("home title", {"type": "home", "blocks": [], "title": plain()}, {"type": "home", "blocks": []}, "/view/title"),
    (
        "home blocks",
        {"type": "home", "blocks": [{"type": "divider"}] * 101},
        {"type": "home", "blocks": [{"type": "divider"}] * 100},
        "/view/blocks",
    ),
]
REFUSED = {
    "modal": "card carousel container context_actions data_table data_visualization file markdown plan table task_card",
    "home": "alert container context_actions data_table data_visualization file markdown plan table task_card",
}


@pytest.mark.parametrize(("bad", "good", "where"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_message_just_outside_a_limit_is_refused_and_just_inside_passes(
    bad: object, good: object, where: str
) -> None:
    assert check_blocks(distinct(good)) == []
    problems = check_blocks(distinct(bad))
    assert [problem for problem in problems if f"[json-pointer:{where}" in problem], problems


@pytest.mark.parametrize(("bad", "good", "where"), [row[1:] for row in VIEWS], ids=[row[0] for row in VIEWS])
def test_a_view_just_outside_a_limit_is_refused_and_just_inside_passes(bad: object, good: object, where: str) -> None:
    assert check_view(distinct(good)) == []
    problems = check_view(distinct(bad))
    assert [problem for problem in problems if f"[json-pointer:{where}" in problem], problems


@pytest.mark.parametrize(
    ("surface", "kind"), [(surface, kind) for surface, kinds in REFUSED.items() for kind in kinds.split()]
)
def test_a_surface_refuses_the_blocks_that_are_not_for_it(surface: str, kind: str) -> None:
    view = modal(SAMPLES[kind]) if surface == "modal" else {"type": "home", "blocks": [SAMPLES[kind]]}
    assert any(f"{kind} blocks are not allowed in a {surface}" in problem for problem in check_view(view))


@pytest.mark.parametrize("kind", [kind for kind in SAMPLES if kind not in ("alert", "file")])
def test_a_message_takes_the_blocks_that_windows_refuse(kind: str) -> None:
    assert check_blocks([SAMPLES[kind]]) == []


def test_a_home_takes_cards_and_a_modal_takes_alerts() -> None:
    assert check_view({"type": "home", "blocks": [card(), {"type": "carousel", "elements": [card()]}]}) == []
    assert check_view(modal({"type": "alert", "text": mark(), "level": "info"})) == []


@pytest.mark.parametrize(
    "element",
    [
        {"type": "users_select"},
        {"type": "multi_users_select", "max_selected_items": 2},
        {"type": "conversations_select", "filter": {"include": ["public"]}},
        {"type": "multi_conversations_select", "default_to_current_conversation": True},
        {"type": "channels_select"},
        {"type": "multi_channels_select", "initial_channels": ["C1"]},
        {"type": "multi_static_select", "options": options(3), "initial_options": options(2)},
        {"type": "external_select", "min_query_length": 2},
        {"type": "email_text_input"},
        {"type": "url_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]}},
        {"type": "rich_text_input"},
        {"type": "datepicker", "placeholder": plain()},
        {"type": "timepicker"},
        {"type": "datetimepicker"},
        {"type": "checkboxes", "options": [option(text=mark())], "initial_options": [option(text=mark())]},
        {"type": "radio_buttons", "options": options(2), "initial_option": option("v0")},
    ],
    ids=lambda element: str(element["type"]),
)
def test_a_window_takes_every_input_element(element: Json) -> None:
    assert check_view(modal(field(element, dispatch_action=True, optional=True))) == []
