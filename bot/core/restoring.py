"""What becomes of the work that was open in a restored database: nothing, until somebody decides."""

from enum import StrEnum

RESTORED = "restored"
"""The error of a job that was open when its database came back: it may have been done after the backup was made."""


class Release(StrEnum):
    """What an admin decides: send all of it (again), drop all of it, or leave it listed and decide one by one."""

    SEND = "send"
    DROP = "drop"
    KEEP = "keep"
