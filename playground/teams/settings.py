"""What a Teams service can be told: the bot's registration, the limits and the time-outs."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from playground.settings import FOLDER
from playground.teams.ids import tenant_of

Windows = tuple[tuple[int, float], ...]
"""How many requests may come in how many seconds, from the shortest to the longest window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The connector's limits; `app_per_s` is for one app in one tenant, the others for one bot in one thread.

    Source: msteams-docs bots/how-to/rate-limit. Of the 30 and the 50 requests a second that pages name, the smaller.
    """

    is_on: bool = True
    send: Windows = ((7, 1), (8, 2), (60, 30), (1800, 3600))
    read: Windows = ((14, 1), (16, 2), (120, 30), (3600, 3600))
    app_per_s: int = 30
    says_when: bool = True
    """Whether a 429 has `Retry-After`."""

    def multiplied(self, times: int) -> Self:
        """Return limits that are so many times as high, every one of them."""
        send, read = (tuple((allowed * times, seconds) for allowed, seconds in one) for one in (self.send, self.read))
        return replace(self, send=send, read=read, app_per_s=self.app_per_s * times)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsSettings:
    """One Teams service. Durations are seconds of real time.

    `most_bytes` is a message's size in UTF-16 (msteams-docs format-your-bot-messages). An invoke is given up after 5 s
    (msteams-docs respond-to-search), a message after 15.
    """

    data: Path
    app_id: str = "7b1c2f9e-3d44-4c6a-9a0f-0c6d2b7e5a11"
    secret: str = "the-app's-own-secret~8Q"  # noqa: S105 - proves nothing outside of tests
    tenant: str = tenant_of("T0BRIGHT")
    bot_name: str = "Vouch"
    bot_path: str = "/teams/messages"
    company: Path = FOLDER / "company.yaml"
    has_chatter: bool = False
    expires_in: int = 3599
    invoke_s: float = 5.0
    message_s: float = 15.0
    most_bytes: int = 102_400
    least_page: int = 50
    most_page: int = 500
    targeted_s: float = 86_400.0
    ledger_size: int = 50_000
    limits: Limits = field(default_factory=Limits)
