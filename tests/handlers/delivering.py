"""Sharing by a connected account as tests use it: a network to connect, *Share now*, and the jobs that follow."""

from dataclasses import replace

from sqlalchemy import select, update

from bot.core.actions import ShareNow
from bot.core.jobs import DeliverShare, TellDelivered, kind_of, unpack_job
from bot.core.programme import NetworkSettings
from bot.core.reply import Reply
from bot.core.social import Mode
from handlers import deliver, delivered, share_now
from storage.models import JobRow, Member, Post
from tests.fakes import FakeNetwork
from tests.handlers.accounts import connect_account, use_network
from tests.handlers.conftest import World, run_job
from tests.handlers.sharing import OWN, opened

WINDOW = "V1"


def by_api(world: World, name: str = "linkedin", *, settings: NetworkSettings | None = None) -> FakeNetwork:
    """Let members share on a network by their accounts, and return it."""
    kept = replace(settings or NetworkSettings(name=name), mode=Mode.API)
    world.programme = replace(world.programme, networks={**world.programme.networks, name: kept})
    return use_network(world, name)


async def connected(world: World, name: str = "Ada", network: str = "linkedin", **changes: object) -> Member:
    """Return a new member with a connected account."""
    member = await world.add_member(name)
    await connect_account(world, member, network, **changes)  # type: ignore[arg-type]
    return member


async def shared_now(world: World, member: Member, post: Post, *, text: str = OWN, network: str = "linkedin") -> Reply:
    """Open the share window and click *Share now* with this text."""
    form = (await opened(world, member, post)).form
    assert form is not None
    assert isinstance(form.submit, ShareNow)
    action = replace(form.submit, network=network, text=text)
    return await world.act(share_now.share_now, member, action, window=WINDOW)


async def work(world: World) -> None:
    """Do the jobs that deliver shares and tell of it, in their order, whatever their time."""
    kinds = {kind_of(DeliverShare): deliver.deliver_share, kind_of(TellDelivered): delivered.tell_delivered}
    while True:
        async with world.sessions.begin() as session:
            due = (JobRow.kind.in_(kinds), JobRow.state == "queued")
            row = await session.scalar(select(JobRow).where(*due).order_by(JobRow.id).limit(1))
            if row is None:
                return
            await session.execute(update(JobRow).where(JobRow.id == row.id).values(state="done"))
        await run_job(world, kinds[row.kind], unpack_job(row.kind, row.held))
