"""Roles and crews, read anew by timer from configuration, addresses and user groups."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import OutsideError, Refused
from bot.core.jobs import RefreshRoles
from bot.core.people import Role
from bot.core.ports import ChatSurface
from bot.core.programme import RoleSource
from handlers.context import Outside, Record
from storage.queries import roles

T = TypeVar("T")


@dataclass(slots=True)
class _Found:
    """Who holds which role; while a source could not be read nobody loses a role.

    A platform that is `silent` now is asked nothing more until the next time: every answer would be waited for.
    """

    holders: dict[str, Role] = field(default_factory=dict)
    crews: dict[str, str] = field(default_factory=dict)
    is_complete: bool = True
    silent: list[ChatSurface] = field(default_factory=list)

    async def told(self, surface: ChatSurface, ask: Callable[[], Awaitable[T]], *, nothing: T) -> T:
        """Return what a platform tells, or `nothing` if it cannot be read now."""
        if not any(one is surface for one in self.silent):
            try:
                return await ask()
            except Refused:
                pass
            except OutsideError:
                self.silent.append(surface)
        self.is_complete = False
        return nothing


async def refresh_roles(out: Outside, job: RefreshRoles) -> Record:
    """Give members the roles and crews that configuration and groups say; who was made admin by code stays one.

    Nobody is added: who never came, or had themselves erased, is not written about until they come by themselves.
    """
    async with out.sessions.reading() as session:
        refs = await roles.refs_by_email(session)
    found = _Found()
    for role, source in ((Role.CURATOR, out.programme.curators), (Role.ADMIN, out.programme.admins)):
        for ref in await _refs(out, source, refs, found):
            found.holders[ref] = role
    for crew in out.programme.crews:
        source = RoleSource(ids=crew.ids, emails=crew.emails, groups=(crew.group,) if crew.group else ())
        listed = {*source.ids, *(ref for one in source.emails for ref in refs.get(one.lower(), ()))}
        found.crews |= dict.fromkeys([*listed, *await _group(out, source, found)], crew.name)
    return _record(out, found)


async def _refs(out: Outside, source: RoleSource, refs: Mapping[str, Sequence[str]], found: _Found) -> list[str]:
    listed = [*source.ids, *await _group(out, source, found)]
    for email in source.emails:
        known = refs.get(email.lower(), ())
        listed += known or await _by_email(out, email, found)
    return listed


async def _group(out: Outside, source: RoleSource, found: _Found) -> list[str]:
    listed: list[str] = []
    for group in source.groups:
        try:
            surface = out.surface_of(group)
        except Refused:
            found.is_complete = False
            continue
        listed += await found.told(surface, partial(surface.list_group, group), nothing=())
    return listed


async def _by_email(out: Outside, email: str, found: _Found) -> list[str]:
    """Return the references of who has this address, on every platform."""
    refs: list[str] = []
    for surface in out.surfaces.values():
        person = await found.told(surface, partial(surface.find_by_email, email), nothing=None)
        refs += [person.ref] if person else []
    return refs


def _record(out: Outside, found: _Found) -> Record:
    async def record(session: AsyncSession) -> None:
        now = out.clock.now()
        await roles.write_roles(session, holders=found.holders, may_demote=found.is_complete, now=now)
        await roles.write_crews(session, crews=found.crews, may_remove=found.is_complete)

    return record
