"""Looks somebody up where they may be known, and says that an account is gone only where that is proven."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from bot.core.errors import OutsideError, Refused, TryLater
from bot.core.people import Person
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.flights import landed
from connectors.chat.teams.limits import AGAIN_AFTER
from connectors.chat.teams.people import CLOSED, Listed, Rosters, is_foreign
from connectors.chat.teams.private import PersonalChats
from connectors.chat.teams.whereabouts import GUID, PersonAddress

MOST_AT_ONCE = 32
FOUND_WITHIN = timedelta(minutes=1)

log = logging.getLogger("vouch.teams")


class Finder:
    """Finds people; whoever stops waiting finds more the next time, as the search goes on without them.

    At most `MOST_AT_ONCE` searches go on at once, each for `FOUND_WITHIN` at most.
    """

    def __init__(self, rosters: Rosters, *, chats: PersonalChats, addresses: Addresses, tenant: str) -> None:
        """Look in `rosters` and `chats` for the people of `tenant`; `addresses` know where."""
        self._rosters = rosters
        self._chats = chats
        self._addresses = addresses
        self._tenant = tenant
        self._searches: dict[str, asyncio.Task[Person]] = {}

    async def look_up(self, person_ref: str) -> Person:
        """Return a person as a roster describes them now; raises `Refused` for whom no roster knows.

        Only their own chat with the bot can tell that an account is gone: whoever is missing in a team may have left
        just that. Somebody who acts as a person of another company is no full member, whatever a roster says.
        """
        search = self._searches.get(person_ref)
        if search is None:
            if len(self._searches) >= MOST_AT_ONCE:
                raise TryLater(AGAIN_AFTER, "too_many_searches")
            search = self._searches[person_ref] = asyncio.get_running_loop().create_task(self._search(person_ref))
            search.add_done_callback(lambda done: self._ended(person_ref, done))
        return await landed(search, given_up="search_given_up")

    async def close(self) -> None:
        """Give up what is still being searched."""
        for search in (searches := tuple(self._searches.values())):
            search.cancel()
        await asyncio.gather(*searches, return_exceptions=True)

    def _ended(self, person_ref: str, search: asyncio.Task[Person]) -> None:
        self._searches.pop(person_ref, None)
        error = None if search.cancelled() else search.exception()
        if error is not None and not isinstance(error, OutsideError):
            log.error("somebody could not be looked up", exc_info=error)

    async def _search(self, person_ref: str) -> Person:
        try:
            async with asyncio.timeout(FOUND_WITHIN.total_seconds()):
                return await self._person(person_ref)
        except TimeoutError:
            raise TryLater(AGAIN_AFTER, "slow_rosters") from None

    async def _person(self, person_ref: str) -> Person:
        address = await self._addresses.person(person_ref) or PersonAddress()
        stranger = Person(
            ref=person_ref,
            name=address.name or person_ref,
            locale=address.locale,
            zone=address.zone,
            is_full_member=False,
        )
        if is_foreign(self._addresses.acting(person_ref).tenant, ours=self._tenant):
            return stranger
        found, is_gone = await self._in_own_chat(person_ref, address)
        found = found or await self._elsewhere(person_ref, address)
        if found is not None:
            return replace(found.as_person(address, tenant=self._tenant), ref=person_ref)
        if is_gone:
            return replace(stranger, is_active=False)
        raise Refused("user_not_found")

    async def _in_own_chat(self, person_ref: str, address: PersonAddress) -> tuple[Listed | None, bool]:
        """Return the person as their own chat with the bot knows them, and whether it says that they are gone."""
        if not address.conversation_id:
            return None, False
        user_id = address.user_id or person_ref
        try:
            found = await self._rosters.find_one(address.conversation_id, user_id, chat_of=person_ref)
        except Refused as error:
            if error.code not in CLOSED:
                raise
            return None, False
        return found, found is None

    async def _elsewhere(self, person_ref: str, address: PersonAddress) -> Listed | None:
        """Return the person from where they were seen and are just now, a chat that is opened for it, or any team."""
        places = (address.seen_in, *self._addresses.acting(person_ref).places)
        for place in dict.fromkeys(one for one in places if one):
            if (found := await self._in_place(place, address.user_id or person_ref)) is not None:
                return found
        if not address.conversation_id and GUID.fullmatch(person_ref):
            found = await self._in_new_chat(person_ref, address)
            if found is not None:
                return found
        return await self._rosters.search(lambda one: one.ref == person_ref)

    async def _in_place(self, place: str, user_id: str) -> Listed | None:
        try:
            return await self._rosters.find_one(place, user_id)
        except Refused as error:
            if error.code not in CLOSED:
                raise
            return None

    async def _in_new_chat(self, person_ref: str, address: PersonAddress) -> Listed | None:
        """Return the person as a chat with them knows them, which exists for all who have the app for themselves."""
        try:
            chat = await self._chats.open(person_ref)
            found = await self._rosters.find_one(chat, address.user_id or person_ref, chat_of=person_ref)
        except Refused as error:
            log.debug("a chat that could not be opened knows nobody: %s", error.code)
            return None
        if found is not None:
            self._addresses.learn_person(person_ref, PersonAddress(conversation_id=chat))
        return found
