"""Finding posts to share, for the search from within a message."""

from bot.core.actions import FindPosts
from bot.core.reply import Match, Reply
from handlers.cards.home import HomePost, found_card
from handlers.context import Context
from storage.queries import newest
from storage.queries.newest import NewPost

POSTS_LOOKED_AT = 100
MATCHES_SHOWN = 10


async def find_posts(ctx: Context, action: FindPosts) -> Reply:
    """Return the newest posts with every word in title, summary or source; all of the newest if no word is given."""
    posts = await newest.list_newest(ctx.session, member_id=ctx.member_id, now=ctx.now, limit=POSTS_LOOKED_AT)
    words = action.words.casefold().split()
    fitting = [one for one in posts if _fits(one, words)]
    return Reply(matches=tuple(_match(ctx, one) for one in fitting[:MATCHES_SHOWN]))


def _fits(post: NewPost, words: list[str]) -> bool:
    said = f"{post.title} {post.summary} {post.source}".casefold()
    return all(word in said for word in words)


def _match(ctx: Context, post: NewPost) -> Match:
    shown = HomePost(
        id=post.id,
        title=post.title,
        summary=post.summary,
        source=post.source,
        picture=post.picture,
        is_shared=False,
    )
    return Match(title=post.title, note=post.source, picture=post.picture, card=found_card(ctx, shown))
