"""Block Kit's limits, as the platform's documents state them (docs.slack.dev/reference/block-kit, read in 2026).

Stricter than Slack in one point, on purpose: an action_id must be unique in the whole payload, not only in its block.
"""

from typing import Any

from playground.limits_blocks import block
from playground.limits_rules import Check, Findings, boolean, listing, plain, shape, string
from playground.state import size_of

MOST_MESSAGE_BLOCKS = 50
MOST_VIEW_BLOCKS = 100
MOST_VIEW_BYTES = 250_000
MOST_TITLE = 24
MOST_PRIVATE_METADATA = 3000
VIEW: dict[str, Check] = {
    "private_metadata": string(MOST_PRIVATE_METADATA, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
MODAL = shape(
    {"title": plain(MOST_TITLE), "blocks": listing(block, 0, MOST_VIEW_BLOCKS)},
    {
        **VIEW,
        "submit": plain(MOST_TITLE),
        "close": plain(MOST_TITLE),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
HOME = shape({"blocks": listing(block, 0, MOST_VIEW_BLOCKS)}, VIEW)


def check_blocks(blocks: object, where: str = "/blocks") -> list[str]:
    """Return what is wrong with a message's blocks, each with its JSON pointer; empty if nothing is."""
    found = Findings("message")
    listing(block, 0, MOST_MESSAGE_BLOCKS)(found, where, blocks)
    return found.problems


def check_view(view: object) -> list[str]:
    """Return what is wrong with a window or a Home tab, each with its JSON pointer; empty if nothing is."""
    kind = view.get("type") if isinstance(view, dict) else None
    found = Findings("home" if kind == "home" else "modal")
    if not isinstance(view, dict):
        found.add("/view", "must provide an object")
    elif kind not in ("modal", "home"):
        found.add("/view/type", "must be one of: modal, home")
    elif kind == "home":
        HOME(found, "/view", view)
    else:
        MODAL(found, "/view", view)
        _check_submit(found, view)
    return found.problems


def is_view_too_large(view: object) -> bool:
    """Return whether the view has more bytes than Slack takes."""
    return size_of(view) > MOST_VIEW_BYTES


def _check_submit(found: Findings, view: dict[str, Any]) -> None:
    blocks = view.get("blocks")
    rows = blocks if isinstance(blocks, list) else []
    has_input = any(isinstance(row, dict) and row.get("type") == "input" for row in rows)
    if has_input and not view.get("submit"):
        found.add("/view", "submit is required when an input block is there")
