"""Accounts: what members connected at networks; what is sealed is handed in and out as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.accounts import ENDS_WITHIN, REMINDED_BEFORE, AccountState, remind_at, stays
from bot.core.jobs import EndAccount
from bot.core.social import Fault
from storage.models import Account, Connecting, Member
from storage.prepared import Prepared, Row
from storage.queries.jobs import add_job
from storage.queries.members import number_that_counts
from storage.tables import ACCOUNT

_CONNECTED, _BROKEN, _ENDING = (one.value for one in AccountState)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A member's account at a network; what is sealed is opened by the vault alone."""

    id: int
    member_id: int
    identity_id: int
    network: str
    server: str
    name: str
    url: str
    limit: int | None
    scopes: Sequence[str]
    state: AccountState
    fault: str
    expires_at: datetime | None
    ends_at: datetime | None
    refreshing_until: datetime | None
    reminded_at: datetime | None
    connected_at: datetime
    sealed_remote_id: bytes = field(repr=False)
    sealed_access: bytes | None = field(repr=False)
    sealed_refresh: bytes | None = field(repr=False)

    @property
    def is_connected(self) -> bool:
        """Whether it may be used."""
        return self.state is AccountState.CONNECTED


_NAMES = tuple(one.name for one in fields(AccountRow))
_COLUMNS = tuple(getattr(Account, name) for name in _NAMES)


def _accounts() -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(*_COLUMNS)
    return columns


async def _list(session: AsyncSession, wanted: Select[*tuple[object, ...]]) -> list[AccountRow]:
    return [_row(row) for row in (await session.execute(wanted)).mappings()]


def _row(row: Row) -> AccountRow:
    return AccountRow(**{**row, "state": AccountState(row["state"])})


_BY_ID = Prepared(select(*(ACCOUNT.c[name] for name in _NAMES)).where(ACCOUNT.c.id == bindparam("account_id")))


async def find_account(session: AsyncSession, *, member_id: int, network: str) -> AccountRow | None:
    """Return a member's account at a network, connected or broken; `None` without one."""
    wanted = (Account.member_id == member_id, Account.network == network, Account.state != _ENDING)
    return next(iter(await _list(session, _accounts().where(*wanted))), None)


async def find_account_by_id(session: AsyncSession, *, account_id: int) -> AccountRow | None:
    """Return an account in whatever state it is, or `None`."""
    row = await _BY_ID.first(session, {"account_id": account_id})
    return None if row is None else _row(row)


async def list_accounts(session: AsyncSession, *, member_id: int) -> Sequence[AccountRow]:
    """Return a member's accounts, connected or broken, by the network's name."""
    wanted = (Account.member_id == member_id, Account.state != _ENDING)
    return await _list(session, _accounts().where(*wanted).order_by(Account.network))


async def list_at(session: AsyncSession, *, network: str, server: str) -> Sequence[AccountRow]:
    """Return all accounts at an instance of a network, connected or broken."""
    wanted = (Account.network == network, Account.server == server, Account.state != _ENDING)
    return await _list(session, _accounts().where(*wanted))


async def count_states(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Return how many accounts there are, by network and state."""
    rows = await session.execute(
        select(Account.network, Account.state, func.count()).group_by(Account.network, Account.state)
    )
    return {(row[0], row[1]): row[2] for row in rows}


# Keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What is kept of an account that a member has just connected."""

    member_id: int
    identity_id: int
    network: str
    server: str
    remote_hash: bytes
    sealed_remote_id: bytes = field(repr=False)
    sealed_access: bytes = field(repr=False)
    sealed_refresh: bytes | None = field(repr=False)
    name: str
    url: str
    limit: int | None
    scopes: Sequence[str]
    expires_at: datetime | None
    ends_at: datetime | None


async def hold_owner(session: AsyncSession, *, member_id: int) -> int | None:
    """Hold a member until the transaction ends and return the number of the row that counts; `None` for who is gone.

    Whoever erases or joins members holds them too, so that what is kept of one now is found by whoever comes next.
    """
    await session.execute(select(Member.id).where(Member.id == member_id).with_for_update())
    is_there = (Member.left_at.is_(None), Member.erased_at.is_(None))
    number = number_that_counts(member_id)
    return await session.scalar(select(Member.id).where(Member.id == number, *is_there).with_for_update())


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The number of the account that is kept now, and what the member had at that network instead, as it was."""

    id: int
    replaced: Sequence[AccountRow] = ()


async def keep_account(session: AsyncSession, new: NewAccount, *, now: datetime) -> Kept | None:
    """Keep an account in place of the member's earlier one at that network, and return both.

    `None`, with nothing changed, if a colleague has connected that very account. The same account connected again keeps
    its number, and nothing counts as replaced. Members are held, so that of two at once one is first.
    """
    await session.execute(select(Member.id).where(Member.id == new.member_id).with_for_update())
    is_same = and_(Account.network == new.network, Account.remote_hash == new.remote_hash)
    is_mine = and_(Account.member_id == new.member_id, Account.network == new.network)
    found = await session.execute(
        select(Account.id, Account.member_id, Account.state, is_same.label("is_same"))
        .where(or_(is_same, is_mine))
        .with_for_update()
    )
    earlier = found.all()
    if any(one.is_same and one.member_id != new.member_id and one.state != _ENDING for one in earlier):
        return None
    kept: int | None = next((one.id for one in earlier if one.is_same and one.member_id == new.member_id), None)
    gone = [one.id for one in earlier if one.id != kept]
    others = [one.id for one in earlier if not one.is_same]
    replaced = await _list(session, _accounts().where(Account.id.in_(others))) if others else ()
    values: dict[str, object] = {one.name: getattr(new, one.name) for one in fields(NewAccount)}
    values |= {"scopes": list(new.scopes), "state": _CONNECTED, "fault": "", "connected_at": now}
    values |= {"refreshing_until": None, "reminded_at": None}
    number = await _put(session, values, kept=kept, gone=gone)
    return Kept(id=number, replaced=replaced) if number is not None else None


async def _put(
    session: AsyncSession, values: dict[str, object], *, kept: int | None, gone: Sequence[int]
) -> int | None:
    """Put an account in the place of those that go, and return its number; `None`, and they stay, if it is taken."""
    try:
        async with session.begin_nested():
            await session.execute(delete(Account).where(Account.id.in_(gone)))
            if kept is not None:
                await session.execute(update(Account).where(Account.id == kept).values(values))
                return kept
            session.add(account := Account(**values))
    except IntegrityError:  # a colleague connects the same account at this very moment
        return None
    return account.id


# Renewing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokens:
    """What is kept of tokens that a network has just given."""

    sealed_access: bytes = field(repr=False)
    sealed_refresh: bytes | None = field(repr=False)
    expires_at: datetime | None
    ends_at: datetime | None


def _is_as_read(account: AccountRow) -> ColumnElement[bool]:
    """Return whether an account still has the tokens with which it was read."""
    return and_(Account.id == account.id, Account.sealed_access == account.sealed_access, Account.state == _CONNECTED)


async def lease_renewal(session: AsyncSession, account: AccountRow, *, now: datetime, until: datetime) -> bool:
    """Take the lease of whoever renews the tokens; `False` if another one has it, or has renewed them already."""
    is_free = or_(Account.refreshing_until.is_(None), Account.refreshing_until <= now)
    leased = await session.execute(
        update(Account).where(_is_as_read(account), is_free).values(refreshing_until=until).returning(Account.id)
    )
    return leased.first() is not None


async def keep_tokens(session: AsyncSession, account: AccountRow, new: NewTokens, *, until: datetime) -> bool:
    """Keep renewed tokens and end the lease; `False` if the account has others by now, or none.

    With the lease `until` then they are kept also where the old ones were sealed anew with another key meanwhile.
    """
    is_leased = and_(Account.id == account.id, Account.refreshing_until == until, Account.state == _CONNECTED)
    values = {one.name: getattr(new, one.name) for one in fields(NewTokens)} | {"refreshing_until": None}
    kept = await session.execute(
        update(Account).where(or_(_is_as_read(account), is_leased)).values(values).returning(Account.id)
    )
    return kept.first() is not None


async def end_lease(session: AsyncSession, account: AccountRow, *, until: datetime) -> None:
    """Give up a lease that was taken `until` then."""
    wanted = (Account.id == account.id, Account.refreshing_until == until)
    await session.execute(update(Account).where(*wanted).values(refreshing_until=None))


async def mark_broken(session: AsyncSession, account: AccountRow, fault: str, *, told_at: datetime | None) -> None:
    """Note that the member has to agree anew, unless they already did; `told_at` if they are told so right now.

    Whoever is not told is told once by `WatchAccounts`.
    """
    is_as_read = (Account.id == account.id, Account.sealed_access == account.sealed_access, Account.state != _ENDING)
    values: dict[str, object] = {"state": _BROKEN, "fault": fault, "refreshing_until": None}
    if told_at is not None:
        values["reminded_at"] = told_at
    elif account.is_connected:
        values["reminded_at"] = None
    await session.execute(update(Account).where(*is_as_read).values(values))


# Ending


async def end_account(session: AsyncSession, *, member_id: int, network: str, now: datetime) -> AccountRow | None:
    """Disconnect a member's account and return it as it was; its tokens go with a job. `None` without one."""
    account = await find_account(session, member_id=member_id, network=network)
    if account is not None:
        await _end(session, Account.id == account.id, now=now)
    return account


async def end_accounts(session: AsyncSession, *, member_id: int, now: datetime) -> None:
    """Disconnect all accounts of a member; nothing of whose they were there stays but what ends them."""
    await _end(session, Account.member_id == member_id, now=now)


async def _end(session: AsyncSession, wanted: ColumnElement[bool], *, now: datetime) -> None:
    gone: dict[str, object] = {"name": "", "url": "", "scopes": [], "fault": "", "refreshing_until": None}
    ended = await session.scalars(
        update(Account)
        .where(wanted, Account.state != _ENDING)
        .values(state=_ENDING, ends_at=now + ENDS_WITHIN, **gone)
        .returning(Account.id)
    )
    for account_id in ended.all():
        await add_job(session, EndAccount(account_id=account_id), now=now)


async def move_accounts(session: AsyncSession, *, counting_id: int, other_id: int, now: datetime) -> None:
    """Let the accounts of two members who are one follow the row that counts; of two at one network one ends."""
    held = await _list(session, _accounts().where(Account.member_id.in_((counting_id, other_id))))
    kept = {one.network: one for one in held if one.member_id == counting_id}
    for one in held:
        if one.member_id == counting_id:
            continue
        rival = kept.get(one.network)
        if rival is not None and stays(rival.state, one.state):
            await _end(session, Account.id == one.id, now=now)
            continue
        if rival is not None:  # what is broken or ending there has nothing left that acts
            await session.execute(delete(Account).where(Account.id == rival.id))
        if one.state is not AccountState.ENDING:
            await session.execute(update(Account).where(Account.id == one.id).values(member_id=counting_id))
    await session.execute(update(Connecting).where(Connecting.member_id == other_id).values(member_id=counting_id))


async def delete_ending(session: AsyncSession, *, account_id: int) -> None:
    """Delete an account that was disconnected, with its tokens; one that was connected again meanwhile stays."""
    await session.execute(delete(Account).where(Account.id == account_id, Account.state == _ENDING))


async def list_left_over(session: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Return the numbers of disconnected accounts that should have been gone by now."""
    return (await session.scalars(select(Account.id).where(Account.state == _ENDING, Account.ends_at <= now))).all()


# Watching


async def list_to_tell(session: AsyncSession, *, now: datetime) -> Sequence[AccountRow]:
    """Return accounts whose members are to be told, once, that they ended or soon will; by number."""
    is_connected = and_(Account.state == _CONNECTED, Account.ends_at <= now + REMINDED_BEFORE)
    wanted = and_(Account.reminded_at.is_(None), or_(is_connected, Account.state == _BROKEN))
    found = await _list(session, _accounts().where(wanted).order_by(Account.id))
    return [one for one in found if not one.is_connected or _is_soon_over(one, now)]


def _is_soon_over(account: AccountRow, now: datetime) -> bool:
    return account.ends_at is not None and remind_at(account.connected_at, account.ends_at) <= now


async def break_ended(session: AsyncSession, *, now: datetime) -> None:
    """Note of accounts that have come to their end that their members have to agree anew."""
    is_ended = (Account.state == _CONNECTED, Account.ends_at <= now)
    values = {"state": _BROKEN, "fault": Fault.EXPIRED.value, "reminded_at": None}
    await session.execute(update(Account).where(*is_ended).values(values))


async def note_told(session: AsyncSession, account: AccountRow, *, now: datetime) -> bool:
    """Note that a member is told about an account as it was read; `False` if it has changed or they were told."""
    wanted = (Account.id == account.id, Account.state == account.state.value, Account.reminded_at.is_(None))
    told = await session.execute(update(Account).where(*wanted).values(reminded_at=now).returning(Account.id))
    return told.first() is not None
