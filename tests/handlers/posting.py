"""Writing posts in tests: what a fit form holds, and short ways to begin, review and announce one."""

from sqlalchemy import func, select

from bot.core.actions import (
    AnnouncePost,
    ReviewPost,
    StartPost,
)
from bot.core.cards import Form, SelectField, TextField
from handlers.publish import (
    announce_post,
    review_post,
    start_post,
)
from storage.models import Member, Post
from storage.queries import decisions, posts
from tests.handlers.conftest import GENERAL, World
from tests.handlers.windows import field_of

LINK = "https://brightwater.example/leak"
HOSTILE = "<!channel> *b* _i_ ~s~ & <b> 😀 שלום"


def good(post_id: int, **changes: object) -> ReviewPost:
    """Return what a curator typed in a form that is fit to announce; `changes` are fields."""
    values: dict[str, object] = {
        "title": "Leak found",
        "summary": "How a sensor saved a tower.",
        "link": LINK,
        "channels": (GENERAL,),
        "networks": ("linkedin", "x"),
        "language": "en",
        "wording_language": "en",
        "shown_language": "en",
    }
    return ReviewPost(post_id=post_id, **(values | changes))  # type: ignore[arg-type]


async def curator(world: World, name: str = "Cura") -> Member:
    return await world.add_member(name, role="curator")


async def begun(world: World, member: Member) -> int:
    """Begin an empty post and return its number."""
    await world.act(start_post, member, StartPost(link="new"))
    async with world.sessions.reading() as session:
        return (await session.execute(select(func.max(Post.id)))).scalar_one()


async def stored(world: World, post_id: int) -> Post:
    async with world.sessions.reading() as session:
        return await posts.get_post(session, post_id=post_id)


async def what_was_decided(world: World, post_id: int) -> list[str]:
    async with world.sessions.reading() as session:
        return [one.what for one in await decisions.list_decisions(session, subject="post", subject_id=post_id)]


async def announced(world: World, **changes: object) -> tuple[Member, int]:
    """Announce a post as a curator does, and return both."""
    cura = await curator(world)
    post_id = await begun(world, cura)
    reviewed = await world.act(review_post, cura, good(post_id, **changes))
    assert reviewed.errors == {}
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    return cura, post_id


def value(form: Form, name: str) -> str:
    field = field_of(form, name)
    assert isinstance(field, TextField)
    return field.value


def selected(form: Form, name: str) -> str | None:
    field = field_of(form, name)
    assert isinstance(field, SelectField)
    return field.value
