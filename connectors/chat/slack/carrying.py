"""What a window carries in its private_metadata: the packed actions that it asks for later."""

import json
from dataclasses import dataclass

from bot.core.cards import Form
from bot.core.errors import Unreadable
from connectors.chat.slack.limits import MAX_PRIVATE_METADATA
from connectors.chat.slack.render_buttons import packed
from connectors.chat.slack.render_text import Unrenderable, size


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The packed actions of a window, `None` where it asks for nothing."""

    submit: str | None = None
    change: str | None = None
    closed: str | None = None


def carry(form: Form) -> str:
    """Return the private_metadata of `form`; raises `Unrenderable` if its actions do not fit."""
    actions = {"submit": form.submit, "change": form.change, "closed": form.closed}
    pieces = [
        f'"{name}":{packed(action, MAX_PRIVATE_METADATA)}' for name, action in actions.items() if action is not None
    ]
    whole = "{" + ",".join(pieces) + "}"
    if size(whole) > MAX_PRIVATE_METADATA:
        raise Unrenderable(f"window {form.ref} carries {size(whole)} characters, at most {MAX_PRIVATE_METADATA} fit")
    return whole


def read_carried(metadata: str) -> Carried:
    """Return what a window carries; raises `Unreadable` for what is not ours."""
    try:
        held = json.loads(metadata or "{}")
        return Carried(**{name: json.dumps(action, ensure_ascii=False) for name, action in held.items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable from error
