"""The tokens that act for a member, for every use case that calls a network: renewed in time, kept before their use."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.core.accounts import RENEWAL_LEASE, AccountState, ends_at, is_over, is_renewed_now
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater
from bot.core.ports import SocialNetwork
from bot.core.social import Door, Fault, Tokens
from handlers.context import Outside
from storage.engine import patiently
from storage.queries import accounts, connecting
from storage.queries.accounts import AccountRow, NewTokens
from storage.types import keyed_hash
from storage.vault import SealBrokenError, Vault

POLL_SECONDS = 0.1
WAIT_SECONDS = 5.0
REVOKE_SECONDS = 5.0
SOON = timedelta(seconds=30)
_PLACE_LETTERS = 16

log = logging.getLogger("vouch.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What it takes to act for a member at a network; `remote_id` is the account's own id there."""

    door: Door
    tokens: Tokens
    account: AccountRow
    remote_id: str = field(repr=False)


class At(Protocol):
    """Where tokens are from: a network, and the instance of it, "" where it has one site."""

    @property
    def network(self) -> str:
        """The network."""

    @property
    def server(self) -> str:
        """The instance."""


async def tokens_for(out: Outside, *, account_id: int) -> Access:
    """Return tokens that can be used now, renewed if they end soon; no transaction may be open.

    Raises `NotConnected` (the account is marked as broken, if it is not gone), `TryLater`, or `Refused` where the
    network is not used by its API any more; nothing was published then.
    """
    async with out.sessions.reading() as session:
        account = await accounts.find_account_by_id(session, account_id=account_id)
    account = _usable(account)
    network = network_of(out, account.network)
    door = next(iter(await known_doors(out, network, account.server)), _doorless(account.server))
    tokens = opened_tokens(out.vault, account)
    if is_renewed_now(tokens, out.clock.now()):
        account, tokens = await _renewed(out, door, account)
    elif is_over(tokens, out.clock.now()):
        await _break(out, account, Fault.EXPIRED)
        raise NotConnected(Fault.EXPIRED.value)
    return Access(door=door, tokens=tokens, account=account, remote_id=_open(out.vault, account.sealed_remote_id))


async def renewed_access(out: Outside, refused: Access) -> Access:
    """Return tokens renewed after the network refused these before their end: it may end them when it likes.

    Raises `NotConnected` where they cannot be renewed (the account is marked as broken), or `TryLater`.
    """
    if not refused.tokens.refresh:
        raise NotConnected(Fault.EXPIRED.value)
    account, tokens = await _renewed(out, refused.door, refused.account)
    if tokens.access == refused.tokens.access:
        raise TryLater(SOON, Fault.UNREACHABLE.value)
    return replace(refused, account=account, tokens=tokens)


def network_of(out: Outside, name: str) -> SocialNetwork:
    """Return the network of that name; `Refused` where it is not used by its API (any more)."""
    network = out.networks.get(name)
    if network is None:
        raise Refused(Fault.REJECTED.value)
    return network


# The company's apps


def place_of(out: Outside, network: str, server: str) -> str:
    """Return how the way back from an instance is told from those of others, "" where a network has one site.

    Each instance sends members back to an address of its own, so that none gets the code of another
    (www.rfc-editor.org/rfc/rfc9700#section-4.4).
    """
    return keyed_hash(out.secret, f"{network}\n{server}").hex()[:_PLACE_LETTERS] if server else ""


def callback_address(out: Outside, network: str, server: str) -> str:
    """Return where the network or instance sends a member back to; `Refused` without a public address."""
    if out.programme.public_url is None:
        raise Refused(Fault.REJECTED.value)
    place = place_of(out, network, server)
    return f"{out.programme.public_url.rstrip('/')}/connect/callback/{network}" + (f"/{place}" if place else "")


async def door_of(out: Outside, network: SocialNetwork, server: str) -> Door:
    """Return the company's app for who agrees now, made with the first use at an instance.

    For tokens that there are already `known_doors` has all that is needed.
    """
    redirect_uri = callback_address(out, network.name, server)
    if not server:
        return await network.register("", redirect_uri=redirect_uri)
    place = connecting.Place(network=network.name, server=server, redirect_uri=redirect_uri)
    async with out.sessions.reading() as session:
        held = await connecting.find_app(session, place)
    if held is None:
        made = await network.register(server, redirect_uri=redirect_uri)
        sealed = out.vault.seal(made.client_secret)
        async with out.sessions.begin() as session:
            app = connecting.App(redirect_uri=redirect_uri, client_id=made.client_id, sealed_client_secret=sealed)
            held = await connecting.keep_app(session, place, app, now=out.clock.now())
    try:
        client_secret = out.vault.open(held.sealed_client_secret)
    except SealBrokenError:
        async with out.sessions.begin() as session:
            await connecting.forget_app(session, place)
        raise NotConnected(Fault.EXPIRED.value) from None
    return Door(server=server, client_id=held.client_id, client_secret=client_secret, redirect_uri=redirect_uri)


async def known_doors(out: Outside, network: SocialNetwork, server: str) -> Sequence[Door]:
    """Return the apps that tokens may have been given to, the newest first; no instance is asked for another.

    There are several at an instance if our public address has changed; those that no key opens are left out.
    """
    if not server:
        back = callback_address(out, network.name, "") if out.programme.public_url else ""
        return (await network.register("", redirect_uri=back),)
    async with out.sessions.reading() as session:
        apps = await connecting.list_apps(session, network=network.name, server=server)
    return [door for app in apps if (door := _opened_door(out.vault, server, app))]


def _opened_door(vault: Vault, server: str, app: connecting.App) -> Door | None:
    try:
        secret = vault.open(app.sealed_client_secret)
    except SealBrokenError:
        return None
    return Door(server=server, client_id=app.client_id, client_secret=secret, redirect_uri=app.redirect_uri)


def _doorless(server: str) -> Door:
    """Return what is enough to act at an instance: whoever has a token needs no app there."""
    return Door(server=server, client_id="", client_secret="", redirect_uri="")


# Opening and sealing


def _usable(account: AccountRow | None) -> AccountRow:
    if account is None or account.state is AccountState.ENDING:
        raise NotConnected(Fault.REVOKED.value)
    if account.state is AccountState.BROKEN:
        raise NotConnected(account.fault)
    return account


def opened_tokens(vault: Vault, account: AccountRow) -> Tokens:
    """Return the tokens of an account; raises `NotConnected` where no key opens them."""
    return Tokens(
        access=_open(vault, account.sealed_access or b""),
        refresh=_open(vault, account.sealed_refresh) if account.sealed_refresh else "",
        expires_at=account.expires_at,
        scopes=frozenset(account.scopes),
    )


def _open(vault: Vault, sealed: bytes) -> str:
    try:
        return vault.open(sealed)
    except SealBrokenError:  # the account is not marked as broken: a key that is put back mends it
        raise NotConnected(Fault.EXPIRED.value) from None


def sealed_tokens(vault: Vault, tokens: Tokens) -> NewTokens:
    """Return tokens as they are kept."""
    return NewTokens(
        sealed_access=vault.seal(tokens.access),
        sealed_refresh=vault.seal(tokens.refresh) if tokens.refresh else None,
        expires_at=tokens.expires_at,
        ends_at=ends_at(tokens),
    )


# Renewing


async def _renewed(out: Outside, door: Door, account: AccountRow) -> tuple[AccountRow, Tokens]:
    """Return renewed tokens: by ourselves if we get the lease, else those of whoever has it, who is waited for."""
    tokens = opened_tokens(out.vault, account)
    for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
        async with out.sessions.begin() as session:  # there may be others before us: the lease begins inside
            now = out.clock.now()
            until = now + RENEWAL_LEASE
            is_ours = await accounts.lease_renewal(session, account, now=now, until=until)
            found = await accounts.find_account_by_id(session, account_id=account.id)
        account = _usable(found)
        tokens = opened_tokens(out.vault, account)
        if is_ours:
            return await _renew(out, door, account, until=until)
        if not is_renewed_now(tokens, out.clock.now()):
            return account, tokens
        await asyncio.sleep(POLL_SECONDS)
    return account, _still_good(out, tokens)


async def _renew(out: Outside, door: Door, account: AccountRow, *, until: datetime) -> tuple[AccountRow, Tokens]:
    old = opened_tokens(out.vault, account)
    try:
        new = await network_of(out, account.network).refresh(door, old)
    except NotConnected as error:
        await _break(out, account, error.code)
        raise
    except OutsideError:
        async with out.sessions.begin() as session:
            await accounts.end_lease(session, account, until=until)
        return account, _still_good(out, old)
    is_kept = await patiently(partial(_keep, out, account, new, until=until))  # the old ones are dead by now
    async with out.sessions.reading() as session:
        found = await accounts.find_account_by_id(session, account_id=account.id)
    if not is_kept and (found is None or not found.is_connected):
        await forget_tokens(out, account, new)
    account = _usable(found)
    return account, opened_tokens(out.vault, account)


async def _keep(out: Outside, account: AccountRow, new: Tokens, *, until: datetime) -> bool:
    """Keep renewed tokens, sealed in this very moment: a key that was the newest when they came may be gone.

    `False` if they are not kept: somebody else has renewed them meanwhile, or the account is not what it was.
    """
    async with out.sessions.begin() as session:
        return await accounts.keep_tokens(session, account, sealed_tokens(out.vault, new), until=until)


def _still_good(out: Outside, tokens: Tokens) -> Tokens:
    """Return tokens that could not be renewed just now if they last a little; else `TryLater`."""
    if is_over(tokens, out.clock.now() + SOON):
        raise TryLater(SOON, Fault.UNREACHABLE.value)
    return tokens


async def _break(out: Outside, account: AccountRow, fault: str) -> None:
    async with out.sessions.begin() as session:
        await accounts.mark_broken(session, account, fault, told_at=None)


# Ending what nobody uses any more


async def revoke_tokens(out: Outside, at: At, tokens: Tokens) -> None:
    """Revoke tokens where the network can, by the app that they were given to; no transaction may be open.

    Raises what the network answers instead; an app that they were not given to is refused, and the next one is tried.
    """
    network = out.networks.get(at.network)
    if network is None or not network.can_revoke:
        return
    refused: Refused | None = None
    for door in await known_doors(out, network, at.server):
        try:
            await network.revoke(door, tokens)
        except Refused as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused


async def forget_tokens(out: Outside, at: At, tokens: Tokens) -> None:
    """Revoke tokens that are not kept, as far as that can be done in a moment; whatever happens, it fails nothing."""
    async with _at_best(at.network):
        if not await _are_held(out, at, tokens):
            await revoke_tokens(out, at, tokens)


async def forget_account(out: Outside, account: AccountRow) -> None:
    """Revoke the tokens of an account that is deleted already, as `forget_tokens` does."""
    async with _at_best(account.network):
        await revoke_tokens(out, account, opened_tokens(out.vault, account))


@asynccontextmanager
async def _at_best(network: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(REVOKE_SECONDS):
            yield
    except Exception as error:  # they end by themselves, or when the member takes the app away at the network
        log.warning("tokens of %s that are not kept could not be revoked: %s", network, type(error).__name__)


async def _are_held(out: Outside, at: At, tokens: Tokens) -> bool:
    """Say whether an account has these very tokens: instances may give the same ones to who agrees again."""
    if not at.server:
        return False
    async with out.sessions.reading() as session:
        held = await accounts.list_at(session, network=at.network, server=at.server)
    return any(_has(out.vault, one, tokens) for one in held)


def _has(vault: Vault, account: AccountRow, tokens: Tokens) -> bool:
    try:
        return opened_tokens(vault, account).access == tokens.access
    except NotConnected:
        return False
