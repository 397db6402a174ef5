"""From Teams' activities to interactions: each is decoded, dispatched (one transaction) and answered, in this order.

What nobody waits for (a message, an installation) is answered with 202 once it is kept; an invoke is its own answer.
"""

import asyncio
import logging
from http import HTTPStatus

from bot.core.errors import Unreadable
from bot.core.ports import Clock, Dispatch
from connectors.chat.teams import decode
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.decode import Undecodable
from connectors.chat.teams.display import ACCEPTED, Display
from connectors.chat.teams.files import Files
from connectors.chat.teams.guard import Answer, Json
from connectors.chat.teams.limits import ANSWER_INVOKE_WITHIN
from connectors.chat.teams.repeats import Repeats
from connectors.chat.teams.whereabouts import ended_by, is_an_end

log = logging.getLogger("vouch.teams")


class TeamsInbound:
    """Takes authenticated activities to the dispatcher, and shows the reply."""

    def __init__(
        self, dispatch: Dispatch, *, clock: Clock, display: Display, addresses: Addresses, files: Files
    ) -> None:
        """Dispatch to `dispatch` and answer by `display`; `addresses` learn from everything that comes."""
        self._dispatch = dispatch
        self._clock = clock
        self._display = display
        self._addresses = addresses
        self._files = files
        self._repeats = Repeats()
        self._working: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        """Nothing has to be asked first: Teams says with every activity where it is reached."""

    async def stop(self) -> None:
        """Wait for what is being handled, shown and delivered, for some seconds at most."""
        if self._working:
            await asyncio.wait(set(self._working), timeout=ANSWER_INVOKE_WITHIN.total_seconds())
        await asyncio.gather(self._display.drain(), self._files.drain())

    async def receive(self, activity: Json) -> Answer:
        """Handle one authenticated activity and return the answer; what asks for nothing is accepted.

        An activity that comes again gets the same answer.
        """
        task = asyncio.current_task()
        if task is not None:
            self._working.add(task)
        try:
            return await self._repeats.once(decode.key_of(activity), lambda: self._receive(activity))
        except Undecodable as error:
            log.warning("an activity of type %s lacks something: %s", _type_of(activity), error)
            return Answer(status=HTTPStatus.BAD_REQUEST)
        finally:
            if task is not None:
                self._working.discard(task)

    async def _receive(self, activity: Json) -> Answer:
        self._addresses.notice(activity)
        match _type_of(activity):
            case "installationUpdate":
                answer = await self._installed(activity)
            case "conversationUpdate":
                answer = await self._changed(activity)
            case "fileConsent/invoke":
                answer = await self._files.consent(activity)
            case _:
                answer = await self._asked(activity)
        keeping = asyncio.get_running_loop().create_task(self._keep(activity))  # nobody waits for it but `stop`
        self._working.add(keeping)
        keeping.add_done_callback(self._working.discard)
        return answer

    async def _keep(self, activity: Json) -> None:
        """Write what was learned; the deed is done and has its answer, whatever becomes of this."""
        try:
            await self._addresses.keep(activity)
        except Exception:
            log.exception("where people are reached could not be written")

    async def _asked(self, activity: Json) -> Answer:
        seen = decode.see(activity)
        if seen is None:
            log.debug("accepted and ignored: %s", _type_of(activity))
            return _ignored(activity)
        try:
            interaction = seen.interaction(self._clock.now())
        except Unreadable:
            return self._display.apologise(seen.place)
        reply = await self._dispatch(interaction)
        if reply.is_repeat:
            return self._display.repeat(seen.place)
        return self._display.answer(reply, seen.place, interaction.action)

    async def _installed(self, activity: Json) -> Answer:
        """Say hello to who has just installed the app, and nothing in channels: nobody there asked for it."""
        action = str(activity.get("action") or "").lower()
        place = decode.place_of(activity)
        if action == "add" and place.is_direct:
            self._display.greet(place)
        elif action.startswith("remove"):
            await self._addresses.forget(activity)
            where = "a personal chat" if place.is_direct else "a team or a group chat"
            log.warning("the app was taken out of %s; nothing can be written there until it is installed again", where)
        return ACCEPTED

    async def _changed(self, activity: Json) -> Answer:
        if is_an_end(activity):
            await self._addresses.forget(activity)
            ended, event = ended_by(activity), activity["channelData"]["eventType"]
            over = ended.place_ref or ended.team_id
            log.warning("Teams says %s of %s; take it out of config.yaml if posts are announced there", event, over)
        return ACCEPTED


def _ignored(activity: Json) -> Answer:
    """Return the answer to what asks for nothing: an invoke is told that nobody here knows it."""
    return Answer(status=HTTPStatus.NOT_IMPLEMENTED) if activity["type"] == "invoke" else ACCEPTED


def _type_of(activity: Json) -> str:
    return str(activity.get("name") if activity.get("type") == "invoke" else activity.get("type"))[:80]
