"""Not for me: a private word that is counted nowhere."""

from bot.core.actions import DismissPost
from bot.core.errors import NotFound
from bot.core.reply import Reply
from handlers.cards import outcome as cards
from handlers.context import Context
from storage.queries import members, shares


async def dismiss_post(ctx: Context, action: DismissPost) -> Reply:
    """Keep the private "not for me" of a post; nobody sees it and nothing counts it."""
    found = await shares.find_shareable(ctx.session, post_id=action.post_id, member_id=ctx.member_id)
    if found is None:
        raise NotFound
    await members.dismiss_post(ctx.session, member_id=ctx.member_id, post_id=action.post_id, now=ctx.now)
    return Reply(card=cards.dismissed_card(ctx, title=found[0].title))
