"""Finding posts from within a message: by words, newest first, without what cannot be shared."""

import pytest

from bot.core.actions import FindPosts, OpenShare
from bot.core.cards import Buttons
from handlers import find
from tests.handlers.conftest import World


async def titles(world: World, words: str) -> list[str]:
    reply = await world.act(find.find_posts, await world.add_member(), FindPosts(words=words))
    assert reply.matches is not None
    return [one.title for one in reply.matches]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["A tower saved", "Winter report"]),
        ("TOWER", ["A tower saved"]),
        ("report winter", ["Winter report"]),
        ("brightwater.example", ["A tower saved", "Winter report"]),
        ("nothing like it", []),
        ("old", []),
    ],
)
async def test_every_word_must_be_there_and_withdrawn_posts_are_not(world: World, words: str, found: list[str]) -> None:
    await world.add_post(title="Winter report")
    await world.add_post(title="Old news", state="withdrawn")
    await world.add_post(title="A tower saved")
    assert sorted(await titles(world, words)) == found


async def test_the_card_holds_share_and_nothing_about_who_searched(world: World) -> None:
    post = await world.add_post(title="Winter report")
    reply = await world.act(find.find_posts, await world.add_member("Ada"), FindPosts())
    (match,) = reply.matches or ()
    (row,) = [one for one in match.card.body if isinstance(one, Buttons)]
    assert [getattr(one, "action", None) for one in row.items] == [OpenShare(post_id=post.id)]
    assert "Ada" not in repr(match.card)
