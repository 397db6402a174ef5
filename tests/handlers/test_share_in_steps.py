"""Sharing where the platform tells neither of changes nor of followed links: Share, Continue, Open."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.actions import ChangeShare, LeaveForNetwork, OpenPermalink, SayShared, SubmitPermalink
from bot.core.cards import Form, LinkButton, TextField
from bot.core.reply import Reply
from handlers import go, share
from handlers.go import GoAsk, GoState
from storage.models import Member, Post
from tests.handlers.conftest import SECRET, World
from tests.handlers.sharing import OWN, opened, share_of
from tests.handlers.windows import buttons_of, words_of


@pytest.fixture
def steps(world: World) -> World:
    """A world whose platform tells nothing by itself."""
    world.is_live = False
    return world


def links(form: Form | None) -> list[LinkButton]:
    return [one for one in buttons_of(form) if isinstance(one, LinkButton)]


def typed(form: Form | None, name: str) -> str:
    assert form is not None
    return next(one.value for one in form.body if isinstance(one, TextField) and one.name == name)


async def went_on(world: World, member: Member, post: Post, text: str = OWN, network: str = "linkedin") -> Reply:
    form = (await opened(world, member, post)).form
    assert form is not None
    assert isinstance(form.submit, LeaveForNetwork)
    return await world.act(share.leave_for_network, member, replace(form.submit, network=network, text=text))


def ask(world: World, address: str) -> GoAsk:
    return GoAsk(
        token=address.rpartition("/")[2],
        secret=SECRET,
        now=world.clock.now(),
        programme=world.programme,
        composers=world.composers,
    )


async def test_the_first_window_leads_nowhere_before_the_text_is_kept(steps: World) -> None:
    form = (await opened(steps, await steps.add_member(), await steps.add_post("A wording"))).form
    assert form is not None
    assert links(form) == []
    assert form.submit_label == "Continue"
    assert not any(isinstance(one.action, ChangeShare) for one in buttons_of(form))


async def test_the_second_holds_the_text_and_the_way_which_leads_on_at_once(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post("A wording")
    form = (await went_on(steps, ada, post)).form
    assert OWN in words_of(form)
    (way,) = links(form)
    async with steps.sessions.begin() as session:
        outcome = await go.finish_go(session, ask(steps, way.url))
    assert outcome.state is GoState.READY
    assert OWN in outcome.text
    assert (await share_of(steps)).is_own_words


async def test_a_text_that_is_too_long_is_told_and_kept(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post(networks=["x"])
    form = (await went_on(steps, ada, post, text="water " * 60, network="x")).form
    assert "too long" in words_of(form)
    assert links(form) == []
    assert (await share_of(steps)).text.startswith("water water")


async def test_change_my_text_gives_it_back(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    form = (await went_on(steps, ada, post)).form
    assert form is not None
    assert isinstance(form.back, ChangeShare)
    again = (await steps.act(share.change_share, ada, form.back)).form
    assert typed(again, "text") == OWN
    assert links(again) == []


async def test_to_another_network_it_is_three_clicks_too(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post("A wording")
    form = (await went_on(steps, ada, post, network="x")).form
    assert OWN in words_of(form)
    (way,) = links(form)
    assert way.label == "Open X"
    async with steps.sessions.begin() as session:
        outcome = await go.finish_go(session, ask(steps, way.url))
    assert (outcome.state, OWN in outcome.text) == (GoState.READY, True)
    kept = await share_of(steps, 2)
    assert (kept.text, kept.is_own_words) == (OWN, True)


async def test_another_network_with_a_wording_of_its_own_is_shown_before_it_is_taken(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post("en@linkedin:For LinkedIn", "en@x:For X")
    first = typed((await opened(steps, ada, post)).form, "text")
    assert first == "For LinkedIn"
    form = (await went_on(steps, ada, post, text=first, network="x")).form
    assert form is not None
    assert links(form) == []
    assert typed(form, "text") == "For X"
    assert isinstance(form.submit, LeaveForNetwork)
    ready = await steps.act(share.leave_for_network, ada, replace(form.submit, network="x", text="For X"))
    assert [one.label for one in links(ready.form)] == ["Open X"]


async def test_a_wording_for_every_network_goes_along_at_once(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post("For all")
    ready = await went_on(steps, ada, post, text="For all", network="x")
    assert [one.label for one in links(ready.form)] == ["Open X"]


async def test_what_is_too_long_for_another_network_is_told_and_kept(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    form = (await went_on(steps, ada, post, text="water " * 60, network="x")).form
    assert "too long" in words_of(form)
    assert links(form) == []
    assert (await share_of(steps, 2)).text.startswith("water water")


async def test_another_network_where_it_is_shared_already_shows_what_came_of_it(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    await went_on(steps, ada, post, network="x")
    await steps.act(share.say_shared, ada, SayShared(share_id=(await share_of(steps, 2)).id))
    form = (await went_on(steps, ada, post, network="x")).form
    assert links(form) == []
    assert "You said" in words_of(form)
    assert (await share_of(steps, 2)).text == OWN


async def test_a_network_that_the_post_may_not_go_to_leads_nowhere(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    form = (await went_on(steps, ada, post, network="mastodon")).form
    assert links(form) == []
    assert typed(form, "text") == OWN


async def test_a_way_that_was_used_or_is_over_is_made_anew(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    (first,) = links((await went_on(steps, ada, post)).form)
    async with steps.sessions.begin() as session:
        await go.finish_go(session, ask(steps, first.url))
    steps.clock.advance(timedelta(minutes=1))
    again = await steps.act(
        share.leave_for_network, ada, LeaveForNetwork(share_id=1, network="linkedin", text="Once more, better said.")
    )
    (second,) = links(again.form)
    assert second.url != first.url
    async with steps.sessions.begin() as session:
        outcome = await go.finish_go(session, ask(steps, second.url))
    assert (outcome.state, "Once more" in outcome.text) == (GoState.READY, True)


async def test_an_expired_way_is_made_anew(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    form = (await opened(steps, ada, post)).form
    assert form is not None
    steps.clock.advance(timedelta(hours=2))
    assert isinstance(form.submit, LeaveForNetwork)
    ready = await steps.act(share.leave_for_network, ada, replace(form.submit, network="linkedin", text=OWN))
    (way,) = links(ready.form)
    async with steps.sessions.begin() as session:
        assert (await go.finish_go(session, ask(steps, way.url))).state is GoState.READY


async def test_without_a_public_address_the_second_window_leads_to_the_composer(steps: World) -> None:
    steps.programme = replace(steps.programme, public_url=None)
    ada, post = await steps.add_member(), await steps.add_post()
    (way,) = links((await went_on(steps, ada, post)).form)
    assert way.url.startswith("https://composer.example/linkedin?text=")
    assert (await share_of(steps)).opened_at is None  # that a link was followed is not known there


async def test_a_wrong_permalink_comes_back_with_its_window_as_typed(steps: World) -> None:
    ada, post = await steps.add_member(), await steps.add_post()
    await went_on(steps, ada, post)
    form = (await steps.act(share.open_permalink, ada, OpenPermalink(share_id=1), window="d")).form
    assert form is not None
    assert form.back == ChangeShare(share_id=1)
    reply = await steps.act(share.submit_permalink, ada, SubmitPermalink(share_id=1, url="https://x.example/"))
    assert "url" in reply.errors
    assert typed(reply.form, "url") == "https://x.example/"
