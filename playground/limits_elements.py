"""The limits of block elements and composition objects.

Source: docs.slack.dev/reference/block-kit/block-elements and …/composition-objects.
"""

from typing import Any

from playground.limits_rich import RICH_TEXT
from playground.limits_rules import (
    Check,
    Findings,
    action_id,
    boolean,
    by_type,
    focus,
    listing,
    matching,
    one_of,
    plain,
    shape,
    string,
    text,
    url,
    whole,
)

STYLE = one_of("primary", "danger")
CONFIRM = shape({"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}, {"style": STYLE})
SLACK_FILE = shape({}, {"id": string(255), "url": url()}, needs_one="id url")
IMAGE = shape(
    {"alt_text": string(2000)}, {"image_url": url(), "slack_file": SLACK_FILE}, needs_one="image_url slack_file"
)
PLACEHOLDER = plain(150)
OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75)})
MARKED_OPTION = shape({"text": text(75), "value": string(150)}, {"description": text(75)})
LINK_OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": url()})
GROUP = shape({"label": plain(75), "options": listing(OPTION, 1, 100)})
DISPATCH = shape(
    {}, {"trigger_actions_on": listing(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)  # fmt: skip
FILTER = shape(
    {},
    {
        "include": listing(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
ID = string(255)
BASE: dict[str, Check] = {"action_id": action_id, "focus_on_load": focus}
MENU: dict[str, Check] = {**BASE, "placeholder": PLACEHOLDER, "confirm": CONFIRM}
FEW = whole(1, 100)
DATE = matching(r"\d{4}-\d{2}-\d{2}", "a date like 2026-11-21")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time like 09:30")
LENGTH = whole(0, 3000)


def choosing(base: Check) -> Check:
    """Check a menu: options or groups but not both, and initial options that are among them."""

    def check(found: Findings, where: str, value: object) -> None:
        base(found, where, value)
        if not isinstance(value, dict):
            return
        if ("options" in value) == ("option_groups" in value):
            found.add(where, "must provide either options or option_groups")
        offered = _offered(value)
        first = value.get("initial_option")
        for name, chosen in (("initial_option", [first] if first else []), ("initial_options", _rows(value))):
            if not all(_core(option) in offered for option in chosen):
                found.add(f"{where}/{name}", "must exactly match one of the provided options")

    return check


def _rows(value: dict[str, Any]) -> list[Any]:
    rows = value.get("initial_options")
    return rows if isinstance(rows, list) else []


def _core(option: object) -> tuple[object, object]:
    if not isinstance(option, dict) or not isinstance(option.get("text"), dict):
        return (None, None)
    return option.get("value"), option["text"].get("text")


def _offered(value: dict[str, Any]) -> list[tuple[object, object]]:
    groups = value.get("option_groups")
    sources = [value, *(groups if isinstance(groups, list) else [])]
    options = [source.get("options") for source in sources if isinstance(source, dict)]
    return [_core(option) for rows in options if isinstance(rows, list) for option in rows]


def ranged(base: Check, low: str, high: str) -> Check:
    """Check that of two numbers the first is not above the second."""

    def check(found: Findings, where: str, value: object) -> None:
        base(found, where, value)
        if isinstance(value, dict) and low in value and high in value:
            try:
                is_wrong = float(value[low]) > float(value[high])
            except (TypeError, ValueError):
                return
            if is_wrong:
                found.add(f"{where}/{low}", f"must not be more than {high}")

    return check


OPTIONS: dict[str, Check] = {"options": listing(OPTION, 1, 100), "option_groups": listing(GROUP, 1, 100)}
BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": action_id,
        "url": url(),
        "value": string(2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
OVERFLOW = shape({"options": listing(LINK_OPTION, 1, 5)}, {"action_id": action_id, "confirm": CONFIRM})
MARKED = {"options": listing(MARKED_OPTION, 1, 10)}
CHECKBOXES = choosing(
    shape(MARKED, {**BASE, "confirm": CONFIRM, "initial_options": listing(MARKED_OPTION, 1, 10)})
)  # fmt: skip
RADIO_BUTTONS = choosing(shape(MARKED, {**BASE, "confirm": CONFIRM, "initial_option": MARKED_OPTION}))
SELECTS: dict[str, Check] = {
    "static_select": choosing(shape({}, {**MENU, **OPTIONS, "initial_option": OPTION})),
    "external_select": shape({}, {**MENU, "initial_option": OPTION, "min_query_length": whole(0, 100)}),
    "users_select": shape({}, {**MENU, "initial_user": ID}),
    "conversations_select": shape(
        {},
        {
            **MENU,
            "initial_conversation": ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": FILTER,
        },
    ),
    "channels_select": shape({}, {**MENU, "initial_channel": ID, "response_url_enabled": boolean}),
}
MULTI: dict[str, Check] = {**MENU, "max_selected_items": FEW}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": choosing(shape({}, {**MULTI, **OPTIONS, "initial_options": listing(OPTION, 1, 100)})),
    "multi_external_select": shape(
        {}, {**MULTI, "initial_options": listing(OPTION, 1, 100), "min_query_length": whole(0, 100)}
    ),
    "multi_users_select": shape({}, {**MULTI, "initial_users": listing(ID, 1, 100)}),
    "multi_conversations_select": shape(
        {},
        {
            **MULTI,
            "initial_conversations": listing(ID, 1, 100),
            "default_to_current_conversation": boolean,
            "filter": FILTER,
        },
    ),
    "multi_channels_select": shape({}, {**MULTI, "initial_channels": listing(ID, 1, 100)}),
}
PICKERS: dict[str, Check] = {
    "datepicker": shape({}, {**MENU, "initial_date": DATE}),
    "timepicker": shape({}, {**MENU, "initial_time": TIME, "timezone": ID}),
}
DATETIME: dict[str, Check] = {
    "datetimepicker": shape({}, {**BASE, "confirm": CONFIRM, "initial_date_time": whole(10**9, 10**10 - 1)})
}
TYPED: dict[str, Check] = {**BASE, "placeholder": PLACEHOLDER, "dispatch_action_config": DISPATCH}
NUMBER = matching(r"-?\d+(\.\d+)?", "a number in a string")
TEXT_INPUTS: dict[str, Check] = {
    "plain_text_input": ranged(
        shape(
            {},
            {
                **TYPED,
                "initial_value": string(3000, least=0),
                "multiline": boolean,
                "min_length": LENGTH,
                "max_length": whole(1, 3000),
            },
        ),
        "min_length",
        "max_length",
    ),
    "email_text_input": shape({}, {**TYPED, "initial_value": string(3000)}),
    "url_text_input": shape({}, {**TYPED, "initial_value": string(3000)}),
    "number_input": ranged(
        shape(
            {"is_decimal_allowed": boolean},
            {**TYPED, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
        ),
        "min_value",
        "max_value",
    ),
    "rich_text_input": shape({}, {**TYPED, "initial_value": RICH_TEXT}),
}
FILE_INPUT = shape(
    {}, {"action_id": action_id, "filetypes": listing(string(50), 1, 100), "max_files": whole(1, 10)}
)  # fmt: skip
WORKFLOW = shape(
    {"text": plain(75), "workflow": lambda _found, _where, _value: None, "action_id": action_id},
    {"style": STYLE, "accessibility_label": string(75)},
)
COMMON: dict[str, Check] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    "checkboxes": CHECKBOXES,
    "radio_buttons": RADIO_BUTTONS,
    **SELECTS,
    **MULTI_SELECTS,
    **PICKERS,
    "workflow_button": WORKFLOW,
}
ACCESSORY = by_type({**COMMON, "image": IMAGE}, "accessory")
ACTION = by_type({**COMMON, **DATETIME}, "action element")
CONTEXT = by_type({"image": IMAGE, "plain_text": text(3000), "mrkdwn": text(3000)}, "context element")
INPUTS: dict[str, Check] = {
    "checkboxes": CHECKBOXES,
    "radio_buttons": RADIO_BUTTONS,
    **SELECTS,
    **MULTI_SELECTS,
    **PICKERS,
    **DATETIME,
    **TEXT_INPUTS,
}
FEEDBACK_BUTTON = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
CONTEXT_ACTION = by_type(
    {
        "feedback_buttons": shape(
            {"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON}, {"action_id": action_id}
        ),
        "icon_button": shape(
            {"icon": string(255), "text": plain(75)},
            {
                "action_id": action_id,
                "value": string(2000),
                "confirm": CONFIRM,
                "accessibility_label": string(75),
                "visible_to_user_ids": listing(ID, 1, 100),
            },
        ),
    },
    "context action",
)
