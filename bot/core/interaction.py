"""One thing that one person did in chat, with the one `Action` that they ask for by it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

FieldValue = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that a person asks for; `opens_window` says so of what is answered with a window."""

    opens_window: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing that one person did in chat.

    `key` is the same for every delivery of the same deed. `person_ref`, `channel_ref`, `message_ref` and `window_ref`
    are the platform's own, opaque to us; a window that a job may redraw is named by `Form.ref` instead. `is_live`: the
    platform tells at once of every change in a window and of every link that is followed; where it does not, windows
    have a button for that.
    """

    key: str
    platform: str
    tenant_ref: str
    person_ref: str
    action: Action
    received_at: datetime
    channel_ref: str | None = None
    message_ref: str | None = None
    window_ref: str | None = None
    is_direct: bool = False
    is_live: bool = True
