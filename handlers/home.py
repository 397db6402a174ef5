"""The Home tab."""

from collections.abc import Sequence

from bot.core.actions import OpenHome
from bot.core.leaderboard import own_rank
from bot.core.people import Role
from bot.core.reply import Reply
from bot.i18n.translator import language_of
from handlers.cards.home import HomePost, home_card
from handlers.cards.profile import MySum, left_card
from handlers.context import Context
from storage.queries import newest, standings
from storage.queries.newest import NewPost

POSTS_LOOKED_AT = 40
POSTS_SHOWN = 6


async def open_home(ctx: Context, action: OpenHome) -> Reply:
    """Draw the Home tab: posts worth a look for this member, their own progress, and the way to everything else."""
    if ctx.me.left_at is not None:
        return Reply(home=left_card(ctx))
    posts = await newest.list_newest(ctx.session, member_id=ctx.member_id, now=ctx.now, limit=POSTS_LOOKED_AT)
    less = await newest.list_dismissed_topics(ctx.session, member_id=ctx.member_id)
    sums = await standings.find_own_sums(ctx.session, member_id=ctx.member_id, now=ctx.now, zone=ctx.programme.zone)
    shown = {
        period: MySum(
            points=one.points, shares=one.shares, visits=one.visits, place=own_rank(one.points, members_above=one.above)
        )
        for period, one in sums.items()
    }
    waiting = await newest.count_waiting(ctx.session) if ctx.me.role.may(Role.CURATOR) else 0
    chosen = choose_posts(posts, language=ctx.me.locale, muted=ctx.me.muted_topics, less=less)
    cards = [
        HomePost(
            id=one.id,
            title=one.title,
            summary=one.summary,
            source=one.source,
            picture=one.picture,
            is_shared=one.is_shared,
        )
        for one in chosen
    ]
    return Reply(home=home_card(ctx, cards, shown, waiting=waiting))


def choose_posts(
    posts: Sequence[NewPost], *, language: str, muted: Sequence[str], less: frozenset[str]
) -> list[NewPost]:
    """Return at most `POSTS_SHOWN` of `posts`: those with a muted topic are left out.

    What is not shared yet stands before what is, a topic the member wants less of behind others, posts in their
    language before others; else the order stays.
    """
    heard = [one for one in posts if not set(one.topics) & set(muted)]
    spoken = language_of(language)
    ordered = sorted(
        heard, key=lambda one: (one.is_shared, bool(less & set(one.topics)), language_of(one.language) != spoken)
    )
    return ordered[:POSTS_SHOWN]
