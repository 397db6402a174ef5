"""Block Kit's limits once more, written from docs.slack.dev/reference/block-kit and not from the renderer."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
MODAL_REFUSES = {"table", "data_table", "markdown", "card", "carousel", "container", "file", "plan", "task_card"}
REFERENCE = re.compile(r"<(?:@\w+|#\w+|!date\^\d+\^[^|<>]+\|[^<>]*|https?://[^|<>\s]+\|[^<>*_~`]+)>")
MARKUP = re.compile(r"[*_~`<>]|:[\w+'-]+:|&(?!amp;|lt;|gt;)")
RICH = {"text", "link", "user", "channel", "date"}
PLAIN = {("header", "text"): 150, ("input", "label"): 2000, ("input", "hint"): 2000}


def problems_of(blocks: list[Json], *, most: int, refused: set[str]) -> list[str]:
    """Return what Slack would refuse in these blocks."""
    found = [] if len(blocks) <= most else [f"{len(blocks)} blocks"]
    seen: set[str] = set()
    for at, block in enumerate(blocks):
        if block["type"] in refused:
            found.append(f"{at}: {block['type']} is refused here")
        found += [f"{at}: {problem}" for problem in _block(block)]
        for element in _interactive(block):
            if not 1 <= len(element["action_id"]) <= 255 or element["action_id"] in seen:
                found.append(f"{at}: action_id {element['action_id'][:30]} is there twice or has the wrong length")
            seen.add(element["action_id"])
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)) or any(not 1 <= len(one) <= 255 for one in ids):
        found.append("block_ids")
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append("only_one_table_allowed")
    return found


def problems_of_view(view: Json) -> list[str]:
    """Return what Slack would refuse in a window or a Home tab."""
    is_modal = view["type"] == "modal"
    refused = MODAL_REFUSES if is_modal else MODAL_REFUSES - {"card", "carousel"}
    found = problems_of(view["blocks"], most=100, refused=refused)
    if is_modal:
        has_input = any(block["type"] == "input" for block in view["blocks"])
        found += [] if view["blocks"] else ["no blocks"]
        found += [] if not has_input or "submit" in view else ["input without submit"]
        for name in ("title", "submit", "close"):
            found += _plain(view[name], 24, name) if name in view else []
        found += [] if len(view["private_metadata"]) <= 3000 else ["private_metadata"]
        found += [] if 1 <= len(view["external_id"]) <= 255 else ["external_id"]
    return found


def _interactive(block: Json) -> Iterator[Json]:
    yield from (block.get("elements", ()) if block["type"] == "actions" else ())
    yield from ([block["element"]] if block["type"] == "input" else [])


def _plain(told: Json, most: int, where: str) -> list[str]:
    is_fine = told["type"] == "plain_text" and told["text"].strip() and len(told["text"]) <= most
    return [] if is_fine else [f"{where}: {told['text'][:30]!r} ({len(told['text'])})"]


def _block(block: Json) -> Iterator[str]:
    for name in ("text", "label", "hint"):
        if (limit := PLAIN.get((block["type"], name))) and name in block:
            yield from _plain(block[name], limit, name)
    check = {
        "section": _section, "context": _context, "actions": _actions, "input": _input, "rich_text": _rich,
        "image": _image, "table": _table, "header": _nothing, "divider": _nothing,
    }[block["type"]]  # fmt: skip
    yield from check(block)


def _nothing(_block: Json) -> Iterator[str]:
    yield from ()


def _section(block: Json) -> Iterator[str]:
    if "fields" in block and not 1 <= len(block["fields"]) <= 10:
        yield "fields"
    for told in block.get("fields", ()):
        yield from _titled(told, 2000, "field")
    if "text" in block:
        yield from _titled(block["text"], 3000, "section")
    if "accessory" in block:
        yield from _image(block["accessory"])


def _titled(told: Json, most: int, where: str) -> Iterator[str]:
    """Check plain text, or mrkdwn with a first line in bold and nothing else that Slack would read."""
    if told["type"] == "plain_text":
        yield from _plain(told, most, where)
        return
    title, _, note = told["text"].partition("\n")
    is_bold = len(title) > 2 and title[0] == title[-1] == "*" and title[1:-1].strip() == title[1:-1]
    if not told["verbatim"] or not is_bold or MARKUP.search(title[1:-1] + note) or len(told["text"]) > most:
        yield f"{where}: mrkdwn with more markup than a bold title: {told['text'][:30]!r}"


def _context(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "context elements"
    for told in block["elements"]:
        if told["type"] == "plain_text":
            yield from _plain(told, 3000, "context")
        elif not (told["type"] == "mrkdwn" and told["verbatim"] and len(told["text"]) <= 3000):
            yield f"mrkdwn that Slack would read on its own: {told['text'][:30]!r}"
        elif MARKUP.search(REFERENCE.sub("", told["text"])):
            yield f"mrkdwn with markup beside its references: {told['text'][:30]!r}"


def _actions(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 25:
        yield "actions elements"
    for told in block["elements"]:
        yield from _button(told) if told["type"] == "button" else _overflow(told)


def _button(told: Json) -> Iterator[str]:
    yield from _plain(told["text"], 75, "button")
    if not 1 <= len(told["value"]) <= 2000 or len(told.get("url", "")) > 3000:
        yield "value or url"
    if "accessibility_label" in told and not 1 <= len(told["accessibility_label"]) <= 75:
        yield "accessibility_label"
    if told.get("style", "primary") not in {"primary", "danger"}:
        yield "style"
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if "confirm" in told:
            yield from _plain(told["confirm"][name], limit, name)


def _overflow(told: Json) -> Iterator[str]:
    if told["type"] != "overflow" or not 1 <= len(told["options"]) <= 5:
        yield "overflow"
    yield from _options(told["options"])


def _options(options: list[Json]) -> Iterator[str]:
    if not 1 <= len(options) <= 100:
        yield "options"
    for told in options:
        yield from _plain(told["text"], 75, "option")
        if not 1 <= len(told["value"]) <= 150:
            yield "option value"


def _input(block: Json) -> Iterator[str]:
    element = block["element"]
    offered = element.get("options") or [one for group in element.get("option_groups", ()) for one in group["options"]]
    for group in element.get("option_groups", ()):
        yield from _plain(group["label"], 75, "group")
        yield from _options(group["options"])
    if "options" in element:
        yield from _options(element["options"])
    if element["type"] == "checkboxes" and len(element["options"]) > 10:
        yield "checkboxes"
    first = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else None)
    if first is not None and (not first or any(one not in offered for one in first)):
        yield "initial options"
    if element["type"] == "plain_text_input":
        yield from _typed(element)


def _typed(element: Json) -> Iterator[str]:
    if not 1 <= element["max_length"] <= 3000 or len(element.get("initial_value", "")) > element["max_length"]:
        yield "max_length"
    if "placeholder" in element:
        yield from _plain(element["placeholder"], 150, "placeholder")


def _rich(block: Json) -> Iterator[str]:
    for part in block["elements"]:
        if part["type"] not in {"rich_text_section", "rich_text_quote"} or not part["elements"]:
            yield "rich text part"
        for told in part["elements"]:
            if told["type"] not in RICH or (told["type"] == "text" and not told["text"]):
                yield f"rich text {told['type']}"
        if sum(len(told.get("text", "")) for told in part["elements"]) > 3000:
            yield "rich text is too long"


def _image(block: Json) -> Iterator[str]:
    if not block["image_url"].startswith("http") or len(block["image_url"]) > 3000:
        yield "image_url"
    if not 1 <= len(block["alt_text"]) <= 2000:
        yield "alt_text"


def _table(block: Json) -> Iterator[str]:
    if not 1 <= len(block["rows"]) <= 100 or any(not 1 <= len(row) <= 20 for row in block["rows"]):
        yield "table size"
    if len({len(row) for row in block["rows"]}) > 1 or any(not cell["text"] for row in block["rows"] for cell in row):
        yield "table cells"
