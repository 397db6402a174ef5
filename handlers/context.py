"""What a use case may use: `Context` inside the transaction of one interaction, `Outside` for a job after it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Interaction
from bot.core.cards import Span, Spans
from bot.core.errors import Refused, TryLater
from bot.core.people import Role
from bot.core.ports import ChartPainter, ChatSurface, Clock, ComposerAddresses, PagePreview, SocialNetwork
from bot.core.programme import Programme
from bot.core.timing import next_working_time
from bot.i18n.translator import Words
from storage.vault import Vault

Record = Callable[[AsyncSession], Awaitable[None]]
"""Writes down what a job brought, in the same transaction that marks the job as done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The member who acts; `role` is the one that counts now.

    Of one who is here on two platforms `identity_id` is the number of the row of the identity that they act with: an
    answer goes there. For everyone else it is `id`.
    """

    id: int
    identity_id: int
    platform: str
    tenant_ref: str
    person_ref: str
    name: str
    role: Role
    locale: str
    zone: str
    crew_id: int | None
    default_network: str | None
    disclosure: str | None = None
    is_named: bool | None
    muted_topics: tuple[str, ...]
    joined_at: datetime
    welcomed_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One interaction: its open transaction, who acts, and the programme. `secret` keys hashes of one-time tokens."""

    session: AsyncSession
    interaction: Interaction
    me: Me
    now: datetime
    programme: Programme
    words: Words
    composers: ComposerAddresses
    secret: bytes

    @property
    def member_id(self) -> int:
        """The number of the member who acts."""
        return self.me.id

    def text(self, key: str, **params: object) -> str:
        """Return the text for `key` in the member's language; `count` chooses the plural form."""
        return self.words.text(key, **params)

    def rich(self, key: str, **params: Span | int) -> Spans:
        """Return the text for `key` as spans: a placeholder may be bold, a link or a person."""
        return self.words.rich(key, **params)


class SessionMaker(Protocol):
    """Opens transactions."""

    def begin(self, *, is_next: bool = False) -> AbstractAsyncContextManager[AsyncSession]:
        """Open one writing transaction; one that `is_next` does not queue."""

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open one reading transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a job may call; surfaces, networks, pages and charts are called with no transaction open, always."""

    sessions: SessionMaker
    surfaces: Mapping[str, ChatSurface]
    pages: PagePreview
    charts: ChartPainter
    composers: ComposerAddresses
    networks: Mapping[str, SocialNetwork]
    vault: Vault
    clock: Clock
    programme: Programme
    words: Callable[[str, str], Words]
    secret: bytes

    @property
    def platform(self) -> str:
        """The one platform of an installation that has one; the first of several."""
        return next(iter(self.surfaces))

    def surface_on(self, platform: str) -> ChatSurface:
        """Return the surface of a member's platform; `Refused` if the installation has it no more."""
        if platform not in self.surfaces:
            raise Refused("platform_not_connected")
        return self.surfaces[platform]

    def surface_of(self, ref: str) -> ChatSurface:
        """Return the surface that knows the reference of a channel or group; `Refused` if none does (any more)."""
        known = next((one for one in self.surfaces.values() if one.knows(ref)), None)
        if known is None:
            raise Refused("platform_not_connected")
        return known

    def check_hours(self, zone: tzinfo) -> None:
        """Return if someone in `zone` may be written to now, else raise `TryLater` until they may.

        For what is no answer to what they just did: a job planned for their hours may run when these are over.
        """
        now = self.clock.now()
        begins = next_working_time(now, zone, self.programme.working_hours)
        if begins > now:
            raise TryLater(begins - now, "quiet_hours")
