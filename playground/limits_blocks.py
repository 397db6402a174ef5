"""The limits of blocks, and which block a message, a window and the Home tab refuse.

Source: docs.slack.dev/reference/block-kit/blocks and blocks.json there, and nothing of ours.
"""

from playground.limits_elements import (
    ACCESSORY,
    ACTION,
    BUTTON,
    CONTEXT,
    CONTEXT_ACTION,
    FILE_INPUT,
    IMAGE,
    INPUTS,
    OVERFLOW,
    SLACK_FILE,
)
from playground.limits_rich import PART, RICH_TEXT
from playground.limits_rules import (
    Check,
    Findings,
    block_id,
    boolean,
    by_type,
    listing,
    one_of,
    plain,
    shape,
    string,
    text,
    url,
    whole,
)

MOST_MARKDOWN = 12_000
BLOCK: dict[str, Check] = {"block_id": block_id}
REFUSED = {
    "message": {"alert", "file"},
    "modal": {
        "card", "carousel", "container", "context_actions", "data_table", "data_visualization", "file", "markdown",
        "plan", "table", "task_card",
    },
    "home": {
        "alert", "container", "context_actions", "data_table", "data_visualization", "file", "markdown", "plan",
        "table", "task_card",
    },
}  # fmt: skip


def markdown(found: Findings, where: str, value: object) -> None:
    """Check markdown text: all of it in one payload has at most 12,000 characters."""
    string(MOST_MARKDOWN)(found, where, value)
    if isinstance(value, str):
        found.markdown_length += len(value)
        if found.markdown_length > MOST_MARKDOWN >= len(value):
            found.add(where, f"all markdown together must be less than {MOST_MARKDOWN + 1} characters")


def input_element(found: Findings, where: str, value: object) -> None:
    """Check the element of an input block; files can be asked for in a window only."""
    table = {**INPUTS, "file_input": FILE_INPUT} if found.surface == "modal" else INPUTS
    by_type(table, "input element")(found, where, value)


def single_table(base: Check) -> Check:
    """Check a block of the table family, of which a message holds one."""

    def check(found: Findings, where: str, value: object) -> None:
        base(found, where, value)
        found.tables += 1
        if found.tables > 1:
            found.add(where, "only_one_table_allowed")

    return check


def even_rows(base: Check) -> Check:
    """Check that all rows of a data table are equally long."""

    def check(found: Findings, where: str, value: object) -> None:
        base(found, where, value)
        rows = value.get("rows") if isinstance(value, dict) else None
        if isinstance(rows, list) and len({len(row) for row in rows if isinstance(row, list)}) > 1:
            found.add(f"{where}/rows", "all rows must have the same number of cells")

    return check


def anything(_found: Findings, _where: str, _value: object) -> None:
    """Accept whatever it is: the platform's page describes it only by example."""


RAW_NUMBER = shape({"value": lambda f, w, v: None if isinstance(v, int | float) else f.add(w, "must provide a number")},
                   {"text": string(3000)})  # fmt: skip
CELL = by_type({"raw_text": shape({"text": string(3000, least=0)}), "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT},
               "table cell")  # fmt: skip
COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def column(found: Findings, where: str, value: object) -> None:
    """Check a column's settings; null keeps the defaults."""
    if value is not None:
        COLUMN(found, where, value)


CARD = shape(
    {},
    {
        **BLOCK,
        "hero_image": by_type({"image": IMAGE}, "image"),
        "icon": by_type({"image": IMAGE}, "image"),
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": listing(by_type({"button": BUTTON, "overflow": OVERFLOW}, "card action"), 1, 25),
    },
    needs_one="hero_image title actions body",
)
VIDEO = shape(
    {"title": plain(199), "video_url": url(), "thumbnail_url": url(), "alt_text": string(2000)},
    {
        **BLOCK,
        "title_url": url(),
        "description": plain(200),
        "author_name": string(49),
        "provider_name": string(255),
        "provider_icon_url": url(),
    },
)
TASK = shape(
    {"task_id": string(255), "title": string(3000)},
    {
        **BLOCK,
        "status": one_of("pending", "in_progress", "complete", "error"),
        "details": RICH_TEXT,
        "output": RICH_TEXT,
        "sources": anything,
    },
)
BLOCKS: dict[str, Check] = {
    "section": shape(
        {},
        {**BLOCK, "text": text(3000), "fields": listing(text(2000), 1, 10), "accessory": ACCESSORY, "expand": boolean},
        needs_one="text fields",
    ),
    "divider": shape({}, BLOCK),
    "header": shape({"text": plain(150)}, BLOCK),
    "image": shape(
        {"alt_text": string(2000)},
        {**BLOCK, "image_url": url(), "slack_file": SLACK_FILE, "title": plain(2000)},
        needs_one="image_url slack_file",
    ),
    "context": shape({"elements": listing(CONTEXT, 1, 10)}, BLOCK),
    "actions": shape({"elements": listing(ACTION, 1, 25)}, BLOCK),
    "context_actions": shape({"elements": listing(CONTEXT_ACTION, 1, 5)}, BLOCK),
    "input": shape(
        {"label": plain(2000), "element": input_element},
        {**BLOCK, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": shape({"elements": listing(PART, 0, 1000)}, BLOCK),
    "markdown": shape({"text": markdown}, BLOCK),
    "video": VIDEO,
    "file": shape({"external_id": string(255), "source": one_of("remote")}, BLOCK),
    "table": single_table(
        shape(
            {"rows": listing(listing(CELL, 1, 20), 1, 100)}, {**BLOCK, "column_settings": listing(column, 0, 20)}
        )
    ),
    "data_table": single_table(
        even_rows(
            shape(
                {"rows": listing(listing(CELL, 1, 20), 2, 101), "caption": string(3000)},
                {**BLOCK, "page_size": whole(1, 100), "row_header_column_index": whole(0, 19)},
            )
        )
    ),
    "data_visualization": anything,
    "alert": shape(
        {"text": text(3000)}, {**BLOCK, "level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": CARD,
    "carousel": shape({"elements": listing(by_type({"card": CARD}, "carousel element"), 1, 10)}, BLOCK),
    "plan": shape({"title": string(3000)}, {**BLOCK, "tasks": listing(by_type({"task_card": TASK}, "task"), 0, 100)}),
    "task_card": TASK,
}  # fmt: skip


def block(found: Findings, where: str, value: object) -> None:
    """Check one block, whether its surface takes it included."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in REFUSED[found.surface]:
        found.add(f"{where}/type", f"{kind} blocks are not allowed in a {found.surface}")
        return
    by_type(BLOCKS, "block")(found, where, value)


BLOCKS["container"] = shape(
    {"child_blocks": listing(block, 1, 10)},
    {
        **BLOCK,
        "title": plain(150),
        "rich_text_title": by_type({"rich_text": RICH_TEXT}, "title"),
        "subtitle": plain(150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": by_type({"image": IMAGE}, "image"),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    needs_one="title rich_text_title",
)
