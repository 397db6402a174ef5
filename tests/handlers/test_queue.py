"""The queue, the card of a pending post, and what its author hears."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.actions import Approve, Decline, DiscardDraft, OpenDecline, ShowQueue, StartPost, Suggest, Withdraw
from bot.core.errors import Refused, TryLater
from bot.core.jobs import ShowPending, TellPostDecision
from connectors.chat.teams.render import render_message
from handlers.moderate import approve, decline
from handlers.publish import start_post
from handlers.queue import show_pending, show_queue, tell_post_decision
from handlers.suggest import suggest
from tests.handlers.conftest import CURATORS, NOW, World, run_job
from tests.handlers.posting import LINK, curator
from tests.handlers.windows import buttons_of, has_action, words_of


async def test_an_empty_queue_says_so(world: World) -> None:
    reply = await world.act(show_queue, await curator(world), ShowQueue())
    assert "Nothing waits" in words_of(reply.card)


async def test_the_queue_lists_what_waits_with_its_buttons(world: World) -> None:
    cura = await curator(world)
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK, why="good"))
    await world.add_post(state="pending", title="Pending one", published_at=None)
    await world.add_post(state="scheduled", title="Planned", published_at=None, publish_at=NOW + timedelta(days=1))
    await world.add_post(state="approved", title="Missed", published_at=None)
    await world.act(start_post, cura, StartPost(link="https://mine.example/draft"))
    await world.act(start_post, await curator(world, "Other"), StartPost(link="https://other.example/draft"))
    card = (await world.act(show_queue, cura, ShowQueue())).card
    said = words_of(card)
    for shown in ("S1", "Ada", "Pending one", "Planned", "Missed", "/vouch schedule P3", "https://mine.example/draft"):
        assert shown in said
    assert "other.example" not in said
    for kind in (Approve, OpenDecline, Withdraw, DiscardDraft):
        assert has_action(card, kind)


async def test_a_long_queue_shows_the_oldest_and_how_many_more(world: World) -> None:
    ada = await world.add_member("Ada")
    for number in range(8):
        await world.act(suggest, ada, Suggest(link=f"{LINK}/{number}"))
    said = words_of((await world.act(show_queue, await curator(world), ShowQueue())).card)
    assert "S5" in said
    assert "S6" not in said
    assert "and 3 more" in said


async def test_a_pending_post_has_one_card_that_is_redrawn_with_the_decision(world: World) -> None:
    world.programme = replace(world.programme, needs_second_eyes=True)
    post = await world.add_post(state="pending", published_at=None)
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    channel, card = world.surface.posted[0]
    assert (channel, len(world.surface.posted)) == (CURATORS, 1)
    assert has_action(card, Approve)
    await world.act(approve, await curator(world, "Thomas"), Approve(ref=f"P{post.id}"))
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    last = world.surface.updated[-1][2]
    assert "Approved by Thomas" in words_of(last)
    assert buttons_of(last) == []


async def test_a_post_decided_before_its_card_stood_gets_no_card(world: World) -> None:
    post = await world.add_post()
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    await run_job(world, show_pending, ShowPending(post_id=99))
    assert world.surface.posted == []


async def test_a_post_for_a_thousand_channels_has_cards_that_every_platform_takes(world: World) -> None:
    refs = [f"19:{'c' * 40}{number:04}@thread.tacv2" for number in range(1000)]
    post = await world.add_post(state="pending", published_at=None, channels=refs)
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    answer = (await world.act(approve, await curator(world, "Thomas"), Approve(ref=f"P{post.id}"))).card
    for card in (world.surface.posted[0][1], answer):
        assert card is not None
        assert "and 980 more" in words_of(card)
        assert render_message(card)


async def test_a_deleted_card_of_a_pending_post_is_left_alone(world: World) -> None:
    post = await world.add_post(state="pending", published_at=None)
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    world.surface.fail_next = [Refused("message_not_found")]
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    world.surface.fail_next = [Refused("is_archived")]
    with pytest.raises(Refused):
        await run_job(world, show_pending, ShowPending(post_id=post.id))


async def test_the_author_hears_what_a_colleague_decided_and_why(world: World) -> None:
    author = await curator(world, "Nadia")
    post = await world.add_post(state="pending", published_at=None, author=author)
    await world.act(decline, await curator(world, "Thomas"), Decline(ref=f"P{post.id}", reason="Too early."))
    await run_job(world, tell_post_decision, TellPostDecision(post_id=post.id))
    person, card = world.surface.told[0]
    assert person == author.person_ref
    assert "Declined by Thomas" in words_of(card)
    assert "Too early." in words_of(card)


async def test_what_waited_until_the_evening_waits_for_the_morning(world: World) -> None:
    author = await curator(world, "Nadia")
    post = await world.add_post(state="pending", published_at=None, author=author)
    await world.act(decline, await curator(world, "Thomas"), Decline(ref=f"P{post.id}", reason="Too early."))
    world.clock.advance(timedelta(hours=9))  # 20:00 in Amsterdam: the bot was away, or the platform was
    with pytest.raises(TryLater) as waits:
        await run_job(world, tell_post_decision, TellPostDecision(post_id=post.id))
    assert (waits.value.after, world.surface.told) == (timedelta(hours=13), [])
    world.clock.advance(waits.value.after)
    await run_job(world, tell_post_decision, TellPostDecision(post_id=post.id))
    assert len(world.surface.told) == 1


async def test_nothing_is_told_of_a_post_without_a_decision(world: World) -> None:
    post = await world.add_post(state="pending")
    await run_job(world, tell_post_decision, TellPostDecision(post_id=post.id))
    await run_job(world, tell_post_decision, TellPostDecision(post_id=99))
    assert world.surface.told == []
