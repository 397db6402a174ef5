"""The Home tab: useful for everyone, and only with what this person wants to see."""

from datetime import timedelta

from bot.core.actions import ComeBack, DismissPost, OpenHome, OpenShare, ShowQueue, StartPost
from bot.core.cards import Card
from handlers import dismiss, home
from storage.models import Member, Post, Share, Suggestion
from tests.handlers.conftest import NOW, World
from tests.handlers.windows import buttons_of, has_action, words_of


async def home_of(world: World, member: Member) -> Card:
    card = (await world.act(home.open_home, member, OpenHome())).home
    assert card is not None
    return card


def shown_posts(card: Card) -> list[int]:
    return [one.action.post_id for one in buttons_of(card) if isinstance(one.action, OpenShare)]


async def add_posts(world: World, *changes: dict[str, object]) -> list[Post]:
    cura = await world.add_member("Cura", role="curator")
    made = []
    for age, one in enumerate(changes):
        made.append(await world.add_post(author=cura, **{"published_at": NOW - timedelta(hours=age), **one}))
    return made


async def test_the_newest_posts_stand_there_with_share(world: World) -> None:
    posts = await add_posts(world, {"title": "Newest"}, {"title": "Older"})
    card = await home_of(world, await world.add_member())
    assert shown_posts(card) == [one.id for one in posts]
    assert "Newest" in words_of(card)
    assert "This week: 0 points" in words_of(card)


async def test_only_what_can_be_shared_now_is_shown(world: World) -> None:
    posts = await add_posts(
        world, {"state": "draft"}, {"state": "withdrawn"}, {"expires_at": NOW}, {"expires_at": NOW + timedelta(days=1)}
    )
    assert shown_posts(await home_of(world, await world.add_member())) == [posts[3].id]


async def test_not_for_me_takes_a_post_away_and_puts_its_topic_behind(world: World) -> None:
    posts = await add_posts(world, {"topics": ["water"]}, {"topics": ["water"]}, {"topics": ["people"]})
    ada = await world.add_member()
    await world.act(dismiss.dismiss_post, ada, DismissPost(post_id=posts[0].id))
    assert shown_posts(await home_of(world, ada)) == [posts[2].id, posts[1].id]
    assert len(shown_posts(await home_of(world, await world.add_member("Ben")))) == 3


async def test_muted_topics_stay_away(world: World) -> None:
    posts = await add_posts(world, {"topics": ["water"]}, {"topics": ["people"]}, {"topics": []})
    ada = await world.add_member(muted_topics=["water"])
    assert shown_posts(await home_of(world, ada)) == [posts[1].id, posts[2].id]


async def test_posts_in_ones_own_language_come_first(world: World) -> None:
    posts = await add_posts(world, {"language": "en"}, {"language": "nl"})
    nel = await world.add_member("Nel", locale="nl-NL")
    card = await home_of(world, nel)
    assert shown_posts(card) == [posts[1].id, posts[0].id]
    assert "Nieuwste berichten" in words_of(card)


async def test_what_one_has_shared_is_thanked_for_and_stands_behind(world: World) -> None:
    posts = await add_posts(world, {}, {})
    ada = await world.add_member()
    async with world.sessions.begin() as session:
        session.add(Share(member_id=ada.id, post_id=posts[0].id, network="x", state="confirmed", created_at=NOW))
    card = await home_of(world, ada)
    assert shown_posts(card) == [posts[1].id, posts[0].id]
    assert "shared by you, thank you" in words_of(card)


async def test_at_most_six_posts_are_shown(world: World) -> None:
    await add_posts(world, *({} for _ in range(8)))
    assert len(shown_posts(await home_of(world, await world.add_member()))) == home.POSTS_SHOWN


async def test_an_empty_home_says_what_one_can_do(world: World) -> None:
    card = await home_of(world, await world.add_member())
    assert "/vouch suggest" in words_of(card)
    assert not has_action(card, ShowQueue)


async def test_curators_see_how_much_waits_and_members_do_not(world: World) -> None:
    await add_posts(world, {"state": "pending"})
    async with world.sessions.begin() as session:
        session.add(Suggestion(link="https://a.example", link_key="a.example", created_at=NOW))
    card = await home_of(world, await world.add_member("Cura", role="curator"))
    assert "2 things wait" in words_of(card)
    assert has_action(card, StartPost)
    assert "wait" not in words_of(await home_of(world, await world.add_member()))


async def test_whoever_has_left_sees_how_to_come_back(world: World) -> None:
    await add_posts(world, {})
    card = await home_of(world, await world.add_member(left_at=NOW))
    assert has_action(card, ComeBack)
    assert shown_posts(card) == []
