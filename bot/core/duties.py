"""What one process of an installation does: everything, or a part that other processes complete."""

from enum import StrEnum


class Duty(StrEnum):
    """`WEB` hears people: chat, links, pages. `WORKER` does what was queued, and what is done by time."""

    WEB = "web"
    WORKER = "worker"


ALL_DUTIES = frozenset(Duty)
"""What a process does that is alone."""
