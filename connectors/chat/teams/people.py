"""People as rosters describe them (msteams-docs bots/how-to/get-teams-context), and the rosters, read page by page."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from bot.core.errors import Refused
from bot.core.people import Person
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.whereabouts import PersonAddress

PAGE = "500"  # msteams-docs get-teams-context: pages hold 50 to 500
MOST_PAGES = 200
TRUSTED_FOR = 240.0
"""So many seconds a roster that was read serves to find people by address; roles are refreshed every five minutes."""

ABSENT = frozenset({"BotNotInConversationRoster", "ConversationNotFound"})
"""What Teams calls it when the bot is no longer in a team, or the team no longer there."""

CLOSED = ABSENT | {"ConversationBlockedByUser", "MessageWritesBlocked", "ForbiddenOperationException"}
"""What it is called besides where one chat is closed to the bot, which says nothing of who is in it."""

_NOT_FULL = frozenset({"guest", "anonymous"})
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GUEST_NAME = "#EXT#"  # in the user name of everybody invited from another directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of a roster; `ref` is the person's object id, "" for who has none (an anonymous guest of a meeting)."""

    ref: str
    user_id: str
    name: str
    emails: tuple[str, ...]
    tenant: str
    role: str

    def is_of(self, tenant: str) -> bool:
        """Say whether this is a full member of the company with that tenant; "" stands for any tenant."""
        is_foreign = bool(tenant and _TENANT.fullmatch(self.tenant)) and self.tenant.lower() != tenant.lower()
        is_guest = self.role.lower() in _NOT_FULL or any(_GUEST_NAME in one for one in self.emails)
        return bool(self.ref) and not is_foreign and not is_guest

    def as_person(self, address: PersonAddress | None, *, tenant: str) -> Person:
        """Return the person, with the language and zone as last seen: rosters hold neither."""
        seen = address or PersonAddress()
        return Person(
            ref=self.ref,
            name=self.name or seen.name or self.ref,
            locale=seen.locale or "en",
            zone=seen.zone or "UTC",
            email=next(iter(self.emails), None),
            is_full_member=self.is_of(tenant),
        )


def listed_from(told: Mapping[str, Any]) -> Listed:
    """Return a roster's line; Teams calls the object id by two names, and gives the name in one piece or in two."""
    name = _text(told.get("name")) or f"{_text(told.get('givenName'))} {_text(told.get('surname'))}".strip()
    emails = (_text(told.get("email")), _text(told.get("userPrincipalName")))
    return Listed(
        ref=(_text(told.get("aadObjectId")) or _text(told.get("objectId"))).lower(),
        user_id=_text(told.get("id")),
        name=name,
        emails=tuple(dict.fromkeys(one for one in emails if one)),
        tenant=_text(told.get("tenantId")),
        role=_text(told.get("userRole")),
    )


def _text(told: object) -> str:
    return told.strip() if isinstance(told, str) else ""


@dataclass(slots=True)
class _Roster:
    """The people of a place, and until when that is trusted."""

    people: Sequence[Listed]
    until: float


@dataclass(slots=True, kw_only=True)
class Rosters:
    """Reads who is in a team, channel or chat; what was read serves some minutes to who only looks for somebody."""

    calls: TeamsCalls
    addresses: Addresses
    now: Callable[[], float] = time.monotonic
    _held: dict[str, _Roster] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, ref: str) -> Sequence[Listed]:
        """Return the people in a place as they are now."""
        service, people, token = await self.addresses.service_of(ref), list[Listed](), ""
        for _ in range(MOST_PAGES):
            query = {"pageSize": PAGE, **({"continuationToken": token} if token else {})}
            told = await self.calls.get(service, ("v3", "conversations", ref, "pagedmembers"), query=query)
            members = told.get("members")
            people += (
                [listed_from(one) for one in members if isinstance(one, dict)] if isinstance(members, list) else []
            )
            token, before = _text(told.get("continuationToken")), token
            if not token or token == before:
                break
        self._held[ref] = _Roster(people=tuple(people), until=self.now() + TRUSTED_FOR)
        return people

    async def find_one(self, service_url: str, ref: str, user_id: str) -> Listed | None:
        """Return one person of a place, `None` if Teams says that they are not in it; also takes an object id."""
        try:
            return listed_from(await self.calls.get(service_url, ("v3", "conversations", ref, "members", user_id)))
        except Refused as error:
            if error.params.get("status") != HTTPStatus.NOT_FOUND or error.code in ABSENT:
                raise
            return None

    async def search(self, is_wanted: Callable[[Listed], bool]) -> Listed | None:
        """Return the first who is wanted of all teams that the bot is in; one that it is no longer in is forgotten."""
        for team_id in sorted(await self.addresses.teams()):
            found = next((one for one in await self._of_team(team_id) if is_wanted(one)), None)
            if found is not None:
                return found
        return None

    async def _of_team(self, team_id: str) -> Sequence[Listed]:
        async with self._reading:  # who comes second finds it read
            held = self._held.get(team_id)
            if held is not None and self.now() < held.until:
                return held.people
            self._held = {ref: one for ref, one in self._held.items() if self.now() < one.until}
            try:
                return await self.read(team_id)
            except Refused as error:
                if error.code not in ABSENT:
                    raise
                await self.addresses.forget_team(team_id)
                return ()
