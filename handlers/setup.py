"""The first admin, by a one-time code from the operator; and how the installation is."""

from datetime import datetime

from bot.core.actions import Setup, ShowFailures, ShowHelp, ShowQueue
from bot.core.cards import Button, Buttons, Card, Fields, Text
from bot.core.errors import Unable
from bot.core.jobs import RefreshRoles
from bot.core.people import Role
from bot.core.reply import Reply
from handlers.context import Context
from storage.queries import jobs, roles
from storage.types import keyed_hash


async def setup(ctx: Context, action: Setup) -> Reply:
    """With a valid code make the member an admin; without one show an admin how things are, others what to do."""
    code = action.code.strip()
    if code:
        return await _use_code(ctx, code)
    if ctx.me.role is not Role.ADMIN:
        return Reply(card=Card(title=ctx.text("setup.title"), body=(Text(ctx.rich("setup.how")),)))
    return await _state(ctx)


async def _use_code(ctx: Context, code: str) -> Reply:
    code_hash = keyed_hash(ctx.secret, code)
    if not await roles.use_admin_code(ctx.session, code_hash=code_hash, now=ctx.now):
        raise Unable("setup.wrong_code")
    await roles.fix_role(ctx.session, member_id=ctx.member_id, role=Role.ADMIN, now=ctx.now)
    body = (
        Text(ctx.rich("setup.next")),
        Buttons((Button(label=ctx.text("setup.help"), action=ShowHelp()),)),
    )
    return Reply(card=Card(title=ctx.text("setup.welcome"), body=body))


async def _state(ctx: Context) -> Reply:
    counts = await roles.count_roles(ctx.session)
    refreshed = await jobs.last_done(ctx.session, RefreshRoles)
    _, stuck = await jobs.list_stuck(ctx.session, limit=1)
    channels = ", ".join(f"#{one.name}" for one in ctx.programme.channels) or ctx.text("setup.no_channels")
    pairs = (
        (ctx.text("setup.channels"), channels),
        (ctx.text("setup.members"), ctx.words.number(sum(counts.values()))),
        (ctx.text("setup.curators"), ctx.words.number(counts.get(Role.CURATOR, 0))),
        (ctx.text("setup.admins"), ctx.words.number(counts.get(Role.ADMIN, 0))),
        (ctx.text("setup.roles_read"), _moment(ctx, refreshed)),
        (ctx.text("setup.stuck"), ctx.words.number(stuck)),
    )
    buttons = Buttons(
        (
            Button(label=ctx.text("setup.queue"), action=ShowQueue()),
            Button(label=ctx.text("setup.failures"), action=ShowFailures()),
        )
    )
    body = (Fields(pairs), Text(ctx.rich("setup.doctor"), style="quiet"), buttons)
    return Reply(card=Card(title=ctx.text("setup.state"), body=body))


def _moment(ctx: Context, at: datetime | None) -> str:
    return ctx.words.moment(at) if at else ctx.text("setup.never")
