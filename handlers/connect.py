"""Members' own accounts at networks, from chat: see them, get the link to connect one, disconnect; and news of them."""

import secrets
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.accounts import AccountState
from bot.core.actions import Connect, Disconnect, LeaveToConnect, OpenAccounts
from bot.core.errors import NotConnected, Refused, TryLater, Unable, Uncertain
from bot.core.jobs import EndAccount, TellConnected, WatchAccounts
from bot.core.networks import NETWORKS
from bot.core.reply import SILENCE, Reply
from handlers.cards import accounts as cards
from handlers.context import Context, Outside, Record
from handlers.tokens import opened_tokens, revoke_tokens
from storage.queries import accounts, connecting, openings, readers
from storage.queries.accounts import AccountRow
from storage.queries.jobs import add_job
from storage.queries.readers import Reader
from storage.types import keyed_hash

MOMENT = timedelta(seconds=1)


async def open_accounts(ctx: Context, action: OpenAccounts) -> Reply:
    """Show the member's connections, and what can be connected."""
    return await _shown(ctx)


async def _shown(ctx: Context, note: str = "") -> Reply:
    held = {one.network: one for one in await accounts.list_accounts(ctx.session, member_id=ctx.member_id)}
    known = [one for one in NETWORKS if one in held or _can_connect(ctx, one)]
    if not known and not note:
        raise Unable("accounts.nowhere")
    views = [_view(ctx, one, held.get(one)) for one in known]
    return Reply(form=cards.accounts_form(ctx, views, note))


def _can_connect(ctx: Context, network: str) -> bool:
    settings = ctx.programme.networks.get(network)
    return settings is not None and settings.can_connect and ctx.programme.public_url is not None


def _view(ctx: Context, network: str, held: AccountRow | None) -> cards.AccountView:
    if held is None:
        return cards.AccountView(network=network, can_connect=True)
    return cards.AccountView(
        network=network,
        can_connect=_can_connect(ctx, network),
        name=held.name,
        since=held.connected_at,
        until=held.ends_at,
        fault="" if held.is_connected else held.fault or "expired",
    )


async def connect(ctx: Context, action: Connect) -> Reply:
    """Give the member a one-time link, in a window of their own; over the window that they were in, if any."""
    if not _can_connect(ctx, action.network):
        raise Unable("accounts.nowhere")
    token = secrets.token_urlsafe(24)
    link = connecting.Link(
        token_hash=keyed_hash(ctx.secret, token),
        member_id=ctx.member_id,
        identity_id=ctx.me.identity_id,
        network=action.network,
        share_id=action.share_id or None,
    )
    await connecting.add_link(ctx.session, link, now=ctx.now)
    url = f"{(ctx.programme.public_url or '').rstrip('/')}/connect/{token}"
    form = cards.connect_form(ctx, cards.ConnectView(network=action.network, share_id=action.share_id, url=url))
    return Reply(form=form, is_stacked=ctx.interaction.window_ref is not None)


async def leave_to_connect(ctx: Context, action: LeaveToConnect) -> Reply:
    """Say in the window that the rest is in the browser, and that the answer comes here."""
    if ctx.interaction.window_ref is None or action.network not in NETWORKS:
        return SILENCE
    return Reply(form=cards.on_their_way_form(ctx, action.network, share_id=action.share_id))


async def disconnect(ctx: Context, action: Disconnect) -> Reply:
    """End a connection at once; a second time changes nothing."""
    if action.network not in NETWORKS:
        raise Unable("accounts.nowhere")
    await accounts.end_account(ctx.session, member_id=ctx.member_id, network=action.network, now=ctx.now)
    if ctx.interaction.window_ref is None:
        return Reply(card=cards.ended_card(ctx.words, action.network))
    return await _shown(ctx, ctx.text("accounts.ended", network=NETWORKS[action.network].label))


# After the commit


async def tell_connected(out: Outside, job: TellConnected) -> Record | None:
    """Tell the member what was connected where they asked for it; or remind them, within their hours."""
    async with out.sessions.reading() as session:
        account = await accounts.find_account_by_id(session, account_id=job.account_id)
        if account is None or account.state is AccountState.ENDING:
            return None
        reader = await _reader(session, account, job)
        opening = await openings.find_opening_of(session, share_id=job.share_id) if job.share_id else None
    if reader is None or (job.is_reminder and account.reminded_at is None):
        return None
    words = out.words(reader.locale, reader.zone)
    news = cards.News(
        network=account.network,
        name=account.name,
        until=account.ends_at,
        fault="" if account.is_connected else account.fault or "expired",
        post_id=opening.post.id if opening else 0,
        title=opening.post.title if opening else "",
    )
    if job.is_reminder:
        out.check_hours(words.zone)
    card = cards.reminder_card(words, news) if job.is_reminder else cards.connected_card(words, news)
    key = f"account-{account.id}-{(account.reminded_at or account.connected_at).isoformat()}"
    await out.surface_on(reader.platform).tell(reader.person_ref, card, key=key)
    return None


async def _reader(session: AsyncSession, account: AccountRow, job: TellConnected) -> Reader | None:
    if job.is_reminder:
        return await readers.find_reader(session, member_id=account.member_id)
    return await readers.find_asker(session, member_id=account.identity_id)


async def end_account(out: Outside, job: EndAccount) -> Record | None:
    """Revoke what was disconnected, where the network can and answers in time; its tokens are deleted in any case."""
    async with out.sessions.reading() as session:
        account = await accounts.find_account_by_id(session, account_id=job.account_id)
    if account is None or account.state is not AccountState.ENDING:
        return None
    try:
        await revoke_tokens(out, account, opened_tokens(out.vault, account))
    except (NotConnected, Refused):
        pass  # they are dead already, or the network has no such thing: what is left is ours to delete
    except (TryLater, Uncertain) as error:
        left = (account.ends_at or out.clock.now()) - out.clock.now()
        if left > timedelta(0):
            raise TryLater(left + MOMENT, "not_revoked") from error

    async def record(session: AsyncSession) -> None:
        await accounts.delete_ending(session, account_id=job.account_id)

    return record


async def watch_accounts(out: Outside, job: WatchAccounts) -> Record:
    """Tell each member once that a connection ends soon or has ended; end what was left over."""

    async def record(session: AsyncSession) -> None:
        now = out.clock.now()
        await accounts.break_ended(session, now=now)
        for one in await accounts.list_to_tell(session, now=now):
            if await accounts.note_told(session, one, now=now):
                await _remind(out, session, one)
        for number in await accounts.list_left_over(session, now=now):
            await add_job(session, EndAccount(account_id=number), now=now)

    return record


async def _remind(out: Outside, session: AsyncSession, account: AccountRow) -> None:
    job, hours = TellConnected(account_id=account.id, is_reminder=True), out.programme.working_hours
    await readers.tell_at_work(session, job, member_id=account.member_id, hours=hours, now=out.clock.now())
