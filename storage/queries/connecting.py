"""Connections under way: one-time links and states, each used once; and the company's apps at instances."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.accounts import LINK_LIFETIME
from storage.models import Account, Connecting, InstanceApp, Member

# Apps at instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An instance at which the company has an app, for one address that members are sent back to."""

    network: str
    server: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The company's app at an instance; `redirect_uri` is where it has members sent back to."""

    redirect_uri: str
    client_id: str
    sealed_client_secret: bytes = field(repr=False)


_OF_APP = (InstanceApp.redirect_uri, InstanceApp.client_id, InstanceApp.sealed_client_secret)


def _is_at(place: Place) -> tuple[ColumnElement[bool], ...]:
    return (
        InstanceApp.network == place.network,
        InstanceApp.server == place.server,
        InstanceApp.redirect_uri == place.redirect_uri,
    )


async def find_app(session: AsyncSession, place: Place) -> App | None:
    """Return the company's app at an instance, `None` before one was made."""
    row = (await session.execute(select(*_OF_APP).where(*_is_at(place)))).mappings().first()
    return App(**row) if row else None


async def list_apps(session: AsyncSession, *, network: str, server: str) -> Sequence[App]:
    """Return the company's apps at an instance, newest first: one for each address that we have had."""
    is_there = (InstanceApp.network == network, InstanceApp.server == server)
    rows = await session.execute(select(*_OF_APP).where(*is_there).order_by(InstanceApp.made_at.desc()))
    return [App(**row) for row in rows.mappings()]


async def keep_app(session: AsyncSession, place: Place, app: App, *, now: datetime) -> App:
    """Keep an app and return the one that counts: where two are made at once it is the first one kept."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"network": place.network, "server": place.server, "redirect_uri": place.redirect_uri, "made_at": now}
    values |= {"client_id": app.client_id, "sealed_client_secret": app.sealed_client_secret}
    await session.execute(dialect.insert(InstanceApp).values(values).on_conflict_do_nothing())
    return await find_app(session, place) or app


async def forget_app(session: AsyncSession, place: Place) -> None:
    """Forget an app, so that the next member's connection makes another."""
    await session.execute(delete(InstanceApp).where(*_is_at(place)))


# Links and states


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link that a member was given; `share_id` is where they were."""

    token_hash: bytes
    member_id: int
    identity_id: int
    network: str
    share_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the browser in which the link was opened takes to the network and brings back."""

    state_hash: bytes
    browser_hash: bytes
    sealed_verifier: bytes = field(repr=False)
    server: str = ""


class LinkState(StrEnum):
    """What a link or a state is good for.

    OPEN: it can be used. USED: it was. EXPIRED: it was not, and is too old. ELSEWHERE: another browser has opened it.
    GONE: its member takes part no more. UNKNOWN: there is no such link or state.
    """

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A connection under way, with its member as somebody to speak to."""

    state: LinkState
    member_id: int = 0
    identity_id: int = 0
    network: str = ""
    server: str = ""
    share_id: int | None = None
    name: str = ""
    locale: str = ""
    sealed_verifier: bytes | None = field(default=None, repr=False)


async def add_link(session: AsyncSession, link: Link, *, now: datetime) -> None:
    """Keep a one-time link; the member's links that are over go."""
    await session.execute(
        delete(Connecting).where(Connecting.member_id == link.member_id, Connecting.expires_at <= now)
    )
    session.add(
        Connecting(
            token_hash=link.token_hash,
            member_id=link.member_id,
            identity_id=link.identity_id,
            network=link.network,
            share_id=link.share_id,
            expires_at=now + LINK_LIFETIME,
        )
    )


async def find_link(session: AsyncSession, *, token_hash: bytes, browser_hash: bytes | None, now: datetime) -> Underway:
    """Return what a link is good for in a browser; in the one that has opened it, it may be opened again."""
    row = await _find(session, Connecting.token_hash == token_hash)
    if row is None:
        return Underway(state=LinkState.UNKNOWN)
    held, member = row
    is_elsewhere = held.browser_hash is not None and held.browser_hash != browser_hash
    return _underway(held, member, now=now, otherwise=LinkState.ELSEWHERE if is_elsewhere else LinkState.OPEN)


async def begin(
    session: AsyncSession, begun: Begun, *, token_hash: bytes, browser_hash: bytes | None, now: datetime
) -> bool:
    """Use a link: one browser goes to the network with it; `False` if it is not open (any more) for that browser."""
    is_free = or_(Connecting.browser_hash.is_(None), Connecting.browser_hash == browser_hash)
    values = {
        "state_hash": begun.state_hash,
        "browser_hash": begun.browser_hash,
        "sealed_verifier": begun.sealed_verifier,
        "server": begun.server,
    }
    used = await session.execute(
        update(Connecting)
        .where(Connecting.token_hash == token_hash, is_free, *_is_open(now))
        .values(values)
        .returning(Connecting.id)
    )
    return used.first() is not None


async def use_state(
    session: AsyncSession, *, state_hash: bytes, browser_hash: bytes | None, network: str, now: datetime
) -> Underway:
    """Use the state that a network gave back, and return what it stands for; OPEN exactly once."""
    used = await session.execute(
        update(Connecting)
        .where(
            Connecting.state_hash == state_hash,
            Connecting.browser_hash == browser_hash,
            Connecting.network == network,
            *_is_open(now),
        )
        .values(used_at=now)
        .returning(Connecting.id)
        .execution_options(synchronize_session=False)
    )
    is_used = used.first() is not None
    row = await _find(session, Connecting.state_hash == state_hash)
    if row is None or row[0].network != network:
        return Underway(state=LinkState.UNKNOWN)
    held, member = row
    if is_used:
        is_gone = member.left_at is not None or member.erased_at is not None
        return _told(held, member, LinkState.GONE if is_gone else LinkState.OPEN)
    return _underway(held, member, now=now, otherwise=LinkState.ELSEWHERE)


async def forget_over(session: AsyncSession, *, before: datetime) -> None:
    """Forget links and states that ended before an instant."""
    await session.execute(delete(Connecting).where(Connecting.expires_at < before))


async def forget_of(session: AsyncSession, *, member_id: int) -> None:
    """Forget all links and states of a member."""
    await session.execute(delete(Connecting).where(Connecting.member_id == member_id))


async def last_server(session: AsyncSession, *, member_id: int, network: str) -> str:
    """Return the instance of a member's account, "" without one."""
    wanted = (Account.member_id == member_id, Account.network == network)
    return await session.scalar(select(Account.server).where(*wanted)) or ""


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Connecting.used_at.is_(None), Connecting.expires_at > now)


async def _find(session: AsyncSession, wanted: ColumnElement[bool]) -> tuple[Connecting, Member] | None:
    rows = await session.execute(
        select(Connecting, Member)
        .join(Member, Member.id == Connecting.member_id)
        .where(wanted)
        .execution_options(populate_existing=True)
    )
    row = rows.first()
    return (row[0], row[1]) if row else None


def _underway(held: Connecting, member: Member, *, now: datetime, otherwise: LinkState) -> Underway:
    if member.left_at is not None or member.erased_at is not None:
        return _told(held, member, LinkState.GONE)
    if held.used_at is not None:
        return _told(held, member, LinkState.USED)
    return _told(held, member, LinkState.EXPIRED if held.expires_at <= now else otherwise)


def _told(held: Connecting, member: Member, state: LinkState) -> Underway:
    return Underway(
        state=state,
        member_id=held.member_id,
        identity_id=held.identity_id,
        network=held.network,
        server=held.server,
        share_id=held.share_id,
        name=member.name,
        locale=member.chosen_locale or member.locale,
        sealed_verifier=held.sealed_verifier,
    )
