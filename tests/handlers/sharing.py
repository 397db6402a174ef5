"""Windows of sharing as tests use them: open one, and leave it for the network."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from bot.core.actions import LeaveForNetwork, OpenShare
from bot.core.reply import Reply
from handlers import share
from storage.models import Member, Post, Share
from tests.handlers.conftest import World
from tests.handlers.windows import action_of

OWN = "I walked along the river all winter and the water was clearer than I have ever seen it before. Read why."
POSTED = "https://www.linkedin.com/feed/update/urn:li:activity:7100000000000000001/"


async def opened(world: World, member: Member, post: Post) -> Reply:
    return await world.act(share.open_share, member, OpenShare(post_id=post.id))


async def left(world: World, member: Member, post: Post, text: str = OWN, network: str = "linkedin") -> Reply:
    reply = await opened(world, member, post)
    action = action_of(reply.form, LeaveForNetwork)
    return await world.act(share.leave_for_network, member, replace(action, network=network, text=text))


async def share_of(world: World, share_id: int = 1) -> Share:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Share).where(Share.id == share_id))).one()


async def all_shares(world: World) -> Sequence[Share]:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Share).order_by(Share.id))).all()
