"""The connector's address book: learns from every activity where people and places are reached, and remembers it.

Learning asks nobody and is never waited for. `keep` writes what is new once an activity was handled: so who has become
a member by it is kept, and a guest is not.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from bot.core.errors import NOT_REACHED, OutsideError, Refused, TryLater
from bot.core.ports import AddressBook
from connectors.chat.teams.calls import UNREACHABLE
from connectors.chat.teams.remembered import MOST_HELD, PLACE, SERVICE, TRUSTED_FOR, Remembered
from connectors.chat.teams.whereabouts import (
    Acting,
    Activity,
    Lessons,
    PersonAddress,
    PlaceAddress,
    ended_by,
    is_an_end,
    lessons_of,
    merged,
    read_address,
)

log = logging.getLogger("vouch.teams")
T = TypeVar("T")

UNTIL_HEARD_OF = timedelta(minutes=1)
"""How soon to look again whether Teams has said where it is reached."""

SERVICE_WRITTEN_EVERY = 300.0
"""So many seconds the address at which Teams was last reached is not written again: a tenant may have several."""

MOST_ACTING = 1_000


class Addresses:
    """Where people and places are reached.

    `names` are those of the places by reference; they change by themselves, and stay when a place is gone, as cards may
    still speak of it. Names may be added of places that the bot has not heard of yet.
    """

    def __init__(
        self,
        book: AddressBook,
        *,
        may_call: Callable[[str], bool],
        most: int = MOST_HELD,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember in `book`, at most `most` in memory; service addresses that `may_call` refuses count for nothing."""
        self._book = book
        self._may_call = may_call
        self._now = now
        self._remembered = Remembered(book, most=most, now=now)
        self._places: dict[str, PlaceAddress] = {}
        self._listed_at = float("-inf")
        self._listing = asyncio.Lock()
        self._acting: OrderedDict[str, Acting] = OrderedDict()
        self._heard_from, self._heard_at, self._service_learned_at = "", float("-inf"), float("-inf")
        self.names: dict[str, str] = {}

    # Learning

    def notice(self, activity: Activity) -> None:
        """Learn what `activity` tells; nothing is written or asked."""
        told = lessons_of(activity)
        if is_an_end(activity) or not self._may_call(told.service_url):
            return
        self._notice_service(told.service_url)
        for ref, place in told.places.items() if told.is_there else ():
            self.learn_place(ref, place)
        if told.person_ref:
            self._notice_person(told.person_ref, told)

    def _notice_service(self, service_url: str) -> None:
        self._heard_from, self._heard_at = service_url, self._now()
        if self._heard_at - self._service_learned_at >= SERVICE_WRITTEN_EVERY:
            self._service_learned_at = self._heard_at
            self._remembered.learn(SERVICE, PlaceAddress(service_url=service_url))

    def _notice_person(self, person_ref: str, told: Lessons) -> None:
        self.learn_person(person_ref, told.person if told.is_there else replace(told.person, seen_in=""))
        self._acting[person_ref] = told.acting
        self._acting.move_to_end(person_ref)
        while len(self._acting) > MOST_ACTING:
            self._acting.popitem(last=False)

    def learn_person(self, person_ref: str, learned: PersonAddress) -> None:
        """Learn what is new of a person; nothing is written or asked."""
        self._remembered.learn(person_ref, learned)

    def learn_place(self, ref: str, place: PlaceAddress) -> None:
        """Learn what is new of a place; nothing is written or asked."""
        if self._remembered.learn(PLACE + ref, place):
            known = self._places.get(ref)
            self._show(ref, merged(known, place) if known else place)

    async def keep(self, activity: Activity | None = None) -> None:
        """Write what was learned of members and places, by `activity` and before; what cannot be written now waits."""
        try:
            if activity is not None:
                await self._learn_of_known(activity)
            await self._remembered.write()
        except OutsideError as error:
            log.warning("where people are reached could not be written, trying again later: %s", error.code)

    async def _learn_of_known(self, activity: Activity) -> None:
        """Learn what a click tells of places that the bot is in: the card may have been put where it is not.

        Where they are reached is left as it is: a tenant may have several addresses, and clicks are many.
        """
        told = lessons_of(activity)
        if told.person_ref:
            self._remembered.retry(told.person_ref)
        if told.is_there or not told.places or not self._may_call(told.service_url):
            return
        known = await self.places()
        for ref in known.keys() & told.places.keys():
            self.learn_place(ref, replace(told.places[ref], service_url=""))
        if told.person_ref and told.person.seen_in in known:
            self.learn_person(told.person_ref, PersonAddress(seen_in=told.person.seen_in))

    async def keep_person(self, person_ref: str, learned: PersonAddress) -> None:
        """Learn of a person what a call brought, and write it."""
        self.learn_person(person_ref, learned)
        await self.keep()

    # Forgetting

    async def forget(self, activity: Activity) -> None:
        """Forget what `activity` says is over: a channel or group chat, all of a team, or a person's chat."""
        ended = ended_by(activity)
        try:
            if ended.team_id:
                await self.forget_team(ended.team_id)
            if ended.place_ref:
                await self.forget_place(ended.place_ref)
            if ended.person_ref:
                await self.forget_chat(ended.person_ref)
        except OutsideError as error:  # what is gone is found out again when it is next written to
            log.warning("what is over could not be forgotten: %s", error.code)

    async def forget_team(self, team_id: str) -> None:
        """Forget a team and its channels."""
        places = await self.places()
        for ref in {team_id, *(ref for ref, one in places.items() if one.team_id == team_id)}:
            await self.forget_place(ref)

    async def forget_place(self, ref: str) -> None:
        """Forget a channel or group chat."""
        self._remembered.drop(PLACE + ref)
        self._places.pop(ref, None)
        await self._book.forget(PLACE + ref)

    async def forget_chat(self, person_ref: str) -> None:
        """Forget a person's chat with the bot; the rest is needed to look them up, and to open a new one."""
        address = await self.person(person_ref)
        if address is not None and address.conversation_id:
            await self._remembered.replace(person_ref, replace(address, conversation_id=""))

    # Looking up

    async def person(self, person_ref: str) -> PersonAddress | None:
        """Return how a person is reached, `None` if nothing is known of them."""
        found = await self._remembered.find(person_ref)
        if not isinstance(found, PersonAddress):
            return None
        return found if self._may_call(found.service_url) else replace(found, service_url="")

    def acting(self, person_ref: str) -> Acting:
        """Return what somebody's last activity told of them that is kept nowhere else."""
        return self._acting.get(person_ref) or Acting()

    async def place(self, ref: str) -> PlaceAddress | None:
        """Return how a channel or group chat is reached, `None` for one that the bot never heard of."""
        found = await self._remembered.find(PLACE + ref)
        if not isinstance(found, PlaceAddress):
            return None
        return found if self._may_call(found.service_url) else replace(found, service_url="")

    async def service_url(self) -> str:
        """Return where Teams was last reached; before the first activity came `TryLater`: then it is told."""
        newest = await self._newest()
        if not newest:
            raise TryLater(UNTIL_HEARD_OF, NOT_REACHED)
        return newest

    async def places(self) -> Mapping[str, PlaceAddress]:
        """Return every channel and group chat that the bot heard of and is still in, by reference."""
        async with self._listing:  # who comes second finds it listed
            if self._now() - self._listed_at >= TRUSTED_FOR:
                await self._list()
        return dict(self._places)

    async def teams(self) -> frozenset[str]:
        """Return the ids of the teams that the bot is in."""
        return frozenset(one.team_id for one in (await self.places()).values() if one.team_id)

    # Asking there

    async def ask_place(self, ref: str, ask: Callable[[str], Awaitable[T]]) -> T:
        """Return what `ask` gets at the address of a place, which for one never heard of is the newest of all."""
        found = await self.place(ref)
        answer, service_url = await self._ask(found.service_url if found else "", ask)
        if found is not None:
            self.learn_place(ref, PlaceAddress(service_url=service_url))
        return answer

    async def ask_person(self, person_ref: str, ask: Callable[[str], Awaitable[T]]) -> T:
        """Return what `ask` gets at the address of a person, which for one never heard of is the newest of all."""
        found = await self.person(person_ref)
        answer, service_url = await self._ask(found.service_url if found else "", ask)
        if found is not None:
            self.learn_person(person_ref, PersonAddress(service_url=service_url))
        return answer

    async def _ask(self, own: str, ask: Callable[[str], Awaitable[T]]) -> tuple[T, str]:
        """Ask at `own` and return what came of it, and where; if nothing is there any more, at the newest address.

        An address may change (msteams-docs send-proactive-messages), and a place where nobody acted since still has its
        old one. Whatever is not found there, or cannot be reached, was not done there, so it is done once all the same.
        """
        newest = await self._newest()
        if not own or newest in ("", own):
            service_url = own or await self.service_url()
            return await ask(service_url), service_url
        try:
            return await ask(own), own
        except (Refused, TryLater) as error:
            if error.params.get("status") != HTTPStatus.NOT_FOUND and error.code != UNREACHABLE:
                raise
        return await ask(newest), newest

    async def _newest(self) -> str:
        if self._now() - self._heard_at < SERVICE_WRITTEN_EVERY:
            return self._heard_from
        found = await self._remembered.find(SERVICE)
        return found.service_url if found is not None and self._may_call(found.service_url) else ""

    async def _list(self) -> None:
        await self._remembered.write()
        listed = await self._book.list_held(PLACE)
        self._listed_at = self._now()
        self._places.clear()
        for key, text in listed.items():
            if (place := read_address(PlaceAddress, text)) is not None:
                self._show(key.removeprefix(PLACE), place)

    def _show(self, ref: str, place: PlaceAddress) -> None:
        self._places[ref] = place
        name = place.name or (place.team_name if ref == place.team_id else "")
        if name:  # Teams gives the first channel of a team none, as each reader sees it in their language
            self.names[ref] = name
