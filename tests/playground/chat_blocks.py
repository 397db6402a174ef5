"""Blocks of every kind, for the page's tests."""

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str) -> Json:
    """Return an mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def option(value: str, text: str = "", description: str = "") -> Json:
    """Return an option of a select, overflow, checkbox or radio element."""
    more = {"description": plain(description)} if description else {}
    return {"text": plain(text or value.title()), "value": value, **more}


def button(action_id: str, text: str, **more: Any) -> Json:  # noqa: ANN401 - a button's JSON
    """Return a button."""
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": f"{action_id}-value", **more}


def field(name: str, element: Json, **more: Any) -> Json:  # noqa: ANN401 - a block's JSON
    """Return an input block called `name` with an element called the same."""
    return {
        "type": "input",
        "block_id": name,
        "label": plain(name.title()),
        "element": {"action_id": name, **element},
        **more,
    }


OPTIONS = [option("one"), option("two", "Two", "the second"), option("three")]
SURE = {
    "title": plain("Withdraw it?"),
    "text": mrkdwn("Nobody can share it *any more*."),
    "confirm": plain("Withdraw"),
    "deny": plain("Keep it"),
    "style": "danger",
}
PIXEL = "/page/icon.svg"

RICH: Json = {
    "type": "rich_text",
    "block_id": "rich",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Bold", "style": {"bold": True}},
                {"type": "text", "text": " and "},
                {"type": "text", "text": "struck", "style": {"strike": True, "italic": True}},
                {"type": "text", "text": " by "},
                {"type": "user", "user_id": "U2"},
                {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C2"},
                {"type": "emoji", "name": "tada"},
                {"type": "link", "url": "https://example.com/a", "text": "a page"},
                {"type": "date", "timestamp": 1795000000, "format": " on {date_long}"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "first point"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said so"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x < y"}]},
    ],
}
TABLE: Json = {
    "type": "table",
    "block_id": "table",
    "column_settings": [{"is_wrapped": True}, {"align": "right"}],
    "rows": [
        [{"type": "raw_text", "text": "Team"}, {"type": "raw_text", "text": "Points"}],
        [RICH | {"elements": RICH["elements"][:1]}, {"type": "raw_text", "text": "112"}],
        [{"type": "raw_text", "text": "Workshop"}, {"type": "raw_text", "text": "98"}],
    ],
}
LAYOUT: list[Json] = [
    {"type": "header", "block_id": "header", "text": plain("Rain in the cellar :sparkles:")},
    {"type": "image", "block_id": "image", "image_url": PIXEL, "alt_text": "A cellar", "title": plain("The cellar")},
    {
        "type": "section",
        "block_id": "section",
        "text": mrkdwn("*Bold* _italic_ ~gone~ `code` <https://example.com|a link> &lt;b&gt; <@U2> <#C2>"),
        "fields": [mrkdwn("*Source*\nexample.com"), mrkdwn("*Curated by*\n<@U2>")],
        "accessory": {"type": "image", "image_url": PIXEL, "alt_text": "Small"},
    },
    {
        "type": "context",
        "block_id": "context",
        "elements": [
            {"type": "image", "image_url": PIXEL, "alt_text": "Icon"},
            mrkdwn("12 colleagues shared this · <!date^1795000000^{date_num} {time}|then>"),
        ],
    },
    {"type": "divider", "block_id": "divider"},
    RICH,
    TABLE,
    {
        "type": "markdown",
        "block_id": "markdown",
        "text": "# Title\n\n**strong** and [a link](https://example.com)\n- point",
    },
]
ACTIONS: list[Json] = [
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            button("share", "Share", style="primary"),
            button("not_for_me", "Not for me"),
            button("withdraw", "Withdraw", style="danger", confirm=SURE),
            button("open", "Open LinkedIn", url="https://example.com/go/1"),
            {"type": "overflow", "action_id": "overflow", "options": OPTIONS},
        ],
    },
    {
        "type": "actions",
        "block_id": "selects",
        "elements": [
            {"type": "static_select", "action_id": "one", "placeholder": plain("Network"), "options": OPTIONS},
            {"type": "users_select", "action_id": "person", "placeholder": plain("Who")},
            {"type": "channels_select", "action_id": "channel", "placeholder": plain("Where")},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-21"},
            {"type": "timepicker", "action_id": "time", "initial_time": "09:30"},
        ],
    },
]
INPUTS: list[Json] = [
    field(
        "text", {"type": "plain_text_input", "max_length": 40, "initial_value": "A title"}, hint=plain("Short is good")
    ),
    field("words", {"type": "plain_text_input", "multiline": True}, optional=True),
    field(
        "live",
        {"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}},
        dispatch_action=True,
    ),
    field("network", {"type": "static_select", "options": OPTIONS, "initial_option": OPTIONS[1]}),
    field("topics", {"type": "multi_static_select", "options": OPTIONS, "placeholder": plain("Any")}, optional=True),
    field("rooms", {"type": "multi_conversations_select", "initial_conversations": ["C1"]}),
    field("day", {"type": "datepicker", "initial_date": "2026-11-21"}),
    field("moment", {"type": "datetimepicker", "initial_date_time": 1795000000}),
    field("ticks", {"type": "checkboxes", "options": OPTIONS, "initial_options": [OPTIONS[0]]}),
    field("choice", {"type": "radio_buttons", "options": OPTIONS, "initial_option": OPTIONS[2]}),
]


def window(blocks: list[Json], **more: Any) -> Json:  # noqa: ANN401 - a view's JSON
    """Return a modal view with those blocks."""
    title = {"title": plain("Share this"), "submit": plain("Share now"), "close": plain("Not now")}
    return {
        "id": "V1",
        "type": "modal",
        "callback_id": "share",
        "hash": "1",
        "blocks": blocks,
        "state": {"values": {}},
        **title,
        **more,
    }
