"""One interaction: one transaction, the inbox, the member, the right, the handler; expected failures become cards."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Action, DirectMessage, Interaction
from bot.core.cards import Card, Form, Text
from bot.core.codec import name_of
from bot.core.commands import PREFIX, is_command, parse_command
from bot.core.errors import NotAllowed, OutsideError, StrangerUnknown, Unable, VouchError
from bot.core.jobs import RefreshRoles
from bot.core.people import Person, Role
from bot.core.ports import ChatSurface, Clock, ComposerAddresses
from bot.core.programme import Programme
from bot.core.reply import REPEATED, SILENCE, Reply
from bot.i18n.translator import Words, words_for
from handlers.context import Context, Me, SessionMaker
from storage.engine import AWAY, at_once, may_be_kept
from storage.prepared import Row
from storage.queries import inbox, jobs, members

Handler = Callable[[Context, Any], Awaitable[Reply]]

LOOK_UP_SECONDS = 1.0
ANSWER_SECONDS = 2.5
"""How long the database has: a platform waits three seconds for an answer, and shows one of its own after that."""

JUST_MET = timedelta(seconds=30)
"""How long after the first contact the groups that somebody is in may not be read yet."""

log = logging.getLogger("vouch.dispatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who handles an action, the right it takes, and whether it is open to those who left the programme."""

    handler: Handler
    right: Role = Role.MEMBER
    is_open: bool = False


@dataclass(slots=True)
class _Known:
    """What is known of an interaction: the member's words, and the reply to show if it turns out to be handled."""

    words: Words | None = None
    reply: Reply = REPEATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Handles interactions; the one entrance from chat."""

    sessions: SessionMaker
    routes: Mapping[type[Action], Route]
    surfaces: Mapping[str, ChatSurface]
    programme: Programme
    composers: ComposerAddresses
    clock: Clock
    secret: bytes

    async def __call__(self, interaction: Interaction) -> Reply:
        """Handle `interaction` once, however often it arrives, and return what to show; never raises."""
        known = _Known()
        try:
            return await _in_time(self._handle(_routed(interaction), known))
        except VouchError as error:
            return _sorry(interaction, self._words(known), error.text_key, error.params)
        except AWAY as error:
            log.error("the database is away: %s", type(error).__name__)
            is_unsure = known.reply is not REPEATED and may_be_kept(error)
            return _sorry(interaction, self._words(known), "error.away_unsure" if is_unsure else "error.away", {})
        except Exception:
            log.exception("a defect while handling %s", name_of(interaction.action))
            return _sorry(interaction, self._words(known), "error.unexpected", {})

    async def _handle(self, interaction: Interaction, known: _Known) -> Reply:
        reply = await at_once(partial(self._once, interaction, known))
        if reply is not None:
            return reply
        person = await self._look_up(interaction)
        if not (person.is_full_member and person.is_active):
            known.words = words_for(person.locale, person.zone)
            raise Unable("error.guest")
        if not await at_once(partial(self._welcome, interaction, person)):
            return SILENCE
        return await at_once(partial(self._once, interaction, known)) or SILENCE

    async def _welcome(self, interaction: Interaction, person: Person) -> bool:
        """Make a member of somebody new; `False` if this very interaction erased the member who did it."""
        async with self.sessions.begin(is_next=True) as session:
            if await inbox.has_interaction(session, key=interaction.key):
                return False
            await self._add(session, interaction, person)
            if self._has_groups:  # who is in them is not known of somebody new
                await jobs.add_job(session, RefreshRoles(), now=self.clock.now())
        return True

    @property
    def _has_groups(self) -> bool:
        sources = (self.programme.curators, self.programme.admins)
        return any(one.groups for one in sources) or any(one.group for one in self.programme.crews)

    async def _once(self, interaction: Interaction, known: _Known) -> Reply | None:
        """Handle the interaction in one transaction; `None`, with nothing kept, for someone without a row.

        A commit whose answer was lost may have happened: handled again, the interaction is known, and its reply is too.
        """
        now = self.clock.now()
        async with self.sessions.begin(is_next=True) as session:
            found, is_new = await inbox.receive(
                session,
                key=interaction.key,
                platform=interaction.platform,
                person_ref=interaction.person_ref,
                now=now,
            )
            if found is None:
                await session.rollback()
                return None
            me = _me(found)
            known.words = words_for(me.locale, me.zone)
            route = self._route(interaction, me)
            if not is_new:
                return known.reply
            context = Context(
                session=session,
                interaction=interaction,
                me=me,
                now=now,
                programme=self.programme,
                words=known.words,
                composers=self.composers,
                secret=self.secret,
            )
            reply = await route.handler(context, interaction.action)
            known.reply = reply
        return reply

    def _route(self, interaction: Interaction, me: Me) -> Route:
        route = self.routes[type(interaction.action)]
        if not me.role.may(route.right):
            if self._has_groups and self.clock.now() - me.joined_at < JUST_MET:
                raise Unable("error.just_met")
            if route.right is Role.ADMIN:
                raise Unable("error.not_allowed_admin")
            raise NotAllowed
        if me.left_at is not None and not route.is_open:
            raise Unable("error.left")
        return route

    async def _look_up(self, interaction: Interaction) -> Person:
        surface = self.surfaces[interaction.platform]
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                return await surface.look_up(interaction.person_ref)
        except (TimeoutError, OutsideError) as error:
            log.warning("a person could not be looked up: %s", error)
            raise StrangerUnknown from error

    async def _add(self, session: AsyncSession, interaction: Interaction, person: Person) -> None:
        newcomer = members.Newcomer(
            platform=interaction.platform,
            tenant_ref=interaction.tenant_ref,
            person=person,
            role=self._configured_role(person),
        )
        await members.add_member(session, newcomer, now=self.clock.now())

    def _configured_role(self, person: Person) -> Role:
        for role, source in ((Role.ADMIN, self.programme.admins), (Role.CURATOR, self.programme.curators)):
            emails = {email.lower() for email in source.emails}
            if person.ref in source.ids or (person.email or "").lower() in emails:
                return role
        return Role.MEMBER

    def _words(self, known: _Known) -> Words:
        return known.words or words_for(self.programme.languages[0], str(self.programme.zone))


async def _in_time(work: Coroutine[Any, Any, Reply]) -> Reply:
    """Return what `work` returns; raises `TimeoutError` once an answer would be too late, without waiting for its end.

    What hangs with the database is given up then; whether it had been committed, the next click will see.
    """
    handling = asyncio.ensure_future(work)
    try:
        await asyncio.wait({handling}, timeout=ANSWER_SECONDS)
    except asyncio.CancelledError:
        handling.cancel()
        await asyncio.wait({handling})
        raise
    if not handling.done():
        handling.cancel()
        handling.add_done_callback(_forget)
        raise TimeoutError
    return handling.result()


def _forget(given_up: asyncio.Future[Reply]) -> None:
    """Look at how something ended that nobody waits for any more."""
    if not given_up.cancelled() and (error := given_up.exception()) is not None:
        log.warning("what was given up failed: %s", type(error).__name__)


def _routed(interaction: Interaction) -> Interaction:
    """A direct message that is a command becomes that command."""
    action = interaction.action
    if not isinstance(action, DirectMessage):
        return interaction
    line = action.text.strip().removeprefix(PREFIX).removeprefix("vouch ").strip()
    return replace(interaction, action=parse_command(line)) if is_command(line) else interaction


def _me(row: Row) -> Me:
    values = dict(row)
    chosen = values.pop("chosen_locale")
    values["locale"] = chosen or values["locale"]
    values["role"] = Role(values["role"])
    values["muted_topics"] = tuple(values["muted_topics"])
    return Me(**values)


def _sorry(interaction: Interaction, words: Words, key: str, params: Mapping[str, object]) -> Reply:
    """Say it where the person is: over the open window, so that nothing typed is lost, else as a private message."""
    body = (Text(words.rich(key, **{name: _shown(value) for name, value in params.items()})),)
    if interaction.window_ref is None:
        return Reply(card=Card(body=body))
    form = Form(
        ref=f"notice-{interaction.key}"[:255],
        title="Vouch",
        body=body,
        close_label=words.text("button.back"),
    )
    return Reply(form=form, is_stacked=True)


def _shown(value: object) -> str | int:
    return value if isinstance(value, str | int) else str(value)
