"""People as rosters describe them (msteams-docs bots/how-to/get-teams-context), and the rosters, read page by page."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from bot.core.errors import Refused
from bot.core.people import Person
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.whereabouts import GUID, PersonAddress

PAGE = "500"  # msteams-docs get-teams-context: pages hold 50 to 500
MOST_PAGES = 200
TRUSTED_FOR = 240.0
"""So many seconds a roster that was read serves to find people by address; roles are refreshed every five minutes."""

ABSENT = frozenset({"BotNotInConversationRoster", "ConversationNotFound"})
"""What Teams calls it when the bot is no longer in a team, or the team no longer there."""

CLOSED = ABSENT | {"ConversationBlockedByUser", "MessageWritesBlocked", "ForbiddenOperationException"}
"""What it is called besides where one chat is closed to the bot, which says nothing of who is in it."""

_NOT_THERE = "MemberNotFoundInConversation"
_NOT_FULL = frozenset({"guest", "anonymous"})
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
        is_guest = self.role.lower() in _NOT_FULL or any(_GUEST_NAME in one for one in self.emails)
        return bool(self.ref) and not is_foreign(self.tenant, ours=tenant) and not is_guest

    def as_person(self, address: PersonAddress | None, *, tenant: str) -> Person:
        """Return the person, with the language and zone as last seen, if they were: rosters hold neither."""
        seen = address or PersonAddress()
        return Person(
            ref=self.ref,
            name=self.name or seen.name or self.ref,
            locale=seen.locale,
            zone=seen.zone,
            email=next(iter(self.emails), None),
            is_full_member=self.is_of(tenant),
        )


def is_foreign(tenant: str, *, ours: str) -> bool:
    """Say whether `tenant` is a company's that is not ours; what is no tenant's id says nothing."""
    return bool(ours and GUID.fullmatch(tenant.lower())) and tenant.lower() != ours.lower()


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
        people = await self.addresses.ask_place(ref, lambda service: self._pages(service, ref))
        self._held[ref] = _Roster(people=people, until=self.now() + TRUSTED_FOR)
        return people

    async def _pages(self, service: str, ref: str) -> Sequence[Listed]:
        people, token = list[Listed](), ""
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
        return tuple(people)

    async def find_one(self, ref: str, user_id: str, *, chat_of: str = "") -> Listed | None:
        """Return one person of a place, `None` if Teams says that they are not in it; `user_id` may be an object id.

        `chat_of` is whose chat with the bot the place is, if it is one.
        """

        async def ask(service: str) -> Listed:
            return listed_from(await self.calls.get(service, ("v3", "conversations", ref, "members", user_id)))

        try:
            if chat_of:
                return await self.addresses.ask_person(chat_of, ask)
            return await self.addresses.ask_place(ref, ask)
        except Refused as error:
            is_not_found = error.params.get("status") == HTTPStatus.NOT_FOUND and error.code not in ABSENT
            if is_not_found or error.code == _NOT_THERE:
                return None
            raise

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
