"""Expected failures: each is a class with the key of the text that a person reads; anything else is a bug."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

RATE_LIMITED = "ratelimited"
"""The code of a `TryLater` with which the outside says: too much for now, whatever it is."""

NOT_REACHED = "not_reached_yet"
"""The code of a `TryLater` for a platform that has not said yet where it is reached; waiting for that is no try."""

NO_FILES = frozenset({"missing_scope", "not_allowed_token_type", "file_uploads_disabled", "restricted_action"})
"""The codes of a `Refused` with which a platform says that it takes no files from us."""


class VouchError(Exception):
    """A failure that was foreseen; the dispatcher shows `key` with `params` to the person who caused it."""

    key: ClassVar[str] = "error.unexpected"

    def __init__(self, message: str = "", **params: object) -> None:
        """Fail with a `message` for logs and `params` for the text."""
        super().__init__(message or self.key)
        self.params: Mapping[str, object] = params

    @property
    def text_key(self) -> str:
        """The key of the text to show."""
        return self.key


class Unable(VouchError):
    """What was asked cannot be done now; `reason` is the key of a text that says why and what to do instead."""

    def __init__(self, reason: str, **params: object) -> None:
        """Fail for `reason`, a text key, with `params` for its placeholders."""
        super().__init__(reason, **params)
        self.reason = reason

    @property
    def text_key(self) -> str:
        """The key of the text to show."""
        return self.reason


class NotAllowed(VouchError):
    """The person lacks the right (`right`: "curator" or "admin") for what they asked."""

    key = "error.not_allowed"


class NotFound(VouchError):
    """What a button, command or window speaks of is not there (any more)."""

    key = "error.not_found"


class Unreadable(VouchError):
    """A button or window carries an action that this version does not understand."""

    key = "error.unreadable"


class StrangerUnknown(VouchError):
    """Nothing is known yet of a person and the platform did not answer in time; nothing was kept."""

    key = "error.try_again"


class OutsideError(VouchError):
    """An outside service did not do what was asked; `code` is its own word for it, never its body."""

    def __init__(self, code: str = "", **params: object) -> None:
        """Fail with the service's own `code`."""
        super().__init__(code, **params)
        self.code = code


class TryLater(OutsideError):
    """Certainly not done: may be asked again after `after`."""

    key = "error.try_later"

    def __init__(self, after: timedelta, code: str = RATE_LIMITED) -> None:
        """Fail until `after` has passed."""
        super().__init__(code)
        self.after = after


class Refused(OutsideError):
    """Certainly not done, and asking again will not help; `code` says what the service calls it."""

    key = "error.refused"


class Uncertain(OutsideError):
    """The request left and no answer came: it may or may not have been done, so it is never repeated by itself."""

    key = "error.uncertain"


class NotConnected(OutsideError):
    """A token is missing, expired or revoked."""

    key = "error.not_connected"


class PageUnreadable(OutsideError):
    """A page could not be read; `code` is the reason ("private", "not_found", "too_large", "not_html", "slow", ...)."""

    key = "error.page_unreadable"

    def __init__(self, reason: str, status: int | None = None) -> None:
        """Fail for `reason`, with the HTTP `status` if there was one."""
        super().__init__(reason, status=status)
        self.reason = reason
        self.status = status
