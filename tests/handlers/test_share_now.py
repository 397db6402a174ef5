"""*Share now*: two clicks from the post to the network, with exactly the text that the window shows."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.actions import (
    ChangeShare,
    Connect,
    LeaveForNetwork,
    ShareNow,
)
from bot.core.cards import Form, LinkButton, Text
from bot.core.errors import Unable
from bot.core.jobs import DeliverShare
from handlers import share, share_now
from storage.models import Account, Member, Post, Share
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import World
from tests.handlers.delivering import WINDOW, by_api, connected, shared_now, work
from tests.handlers.sharing import OWN, left, opened, share_of
from tests.handlers.windows import action_of, buttons_of, field_of, has_action, text_of, words_of


def quotes(form: Form | None) -> list[str]:
    assert form is not None
    return [str(one.spans[0]) for one in form.body if isinstance(one, Text) and one.style == "quote"]


def submit_of(form: Form | None) -> ShareNow:
    assert form is not None
    assert isinstance(form.submit, ShareNow)
    return form.submit


async def again(world: World, member: Member, action: ShareNow, **changes: str) -> Form | None:
    reply = await world.act(share_now.share_now, member, replace(action, **changes), window=WINDOW)
    return reply.form


async def test_two_clicks_and_the_very_text_of_the_window_is_out(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    reply = await shared_now(world, ada, post)
    kept = await share_of(world)
    assert (kept.state, kept.text, kept.is_own_words) == ("queued", OWN, True)
    assert quotes(reply.form) == [kept.sent_text]
    assert reply.form is not None
    assert await world.jobs() == [DeliverShare(share_id=1, member_id=ada.id, window=reply.form.ref)]
    world.surface.windows.add(reply.form.ref)
    await work(world)
    (draft,) = network.published
    assert draft.text == kept.sent_text == f"#BrightwaterEmployee\n\n{OWN}\n\n{draft.link}"
    assert (draft.author_id, draft.title, draft.picture) == (f"remote-{ada.id}", post.title, post.picture)
    kept = await share_of(world)
    assert (kept.state, kept.remote_id, kept.permalink) == ("confirmed", "1", "https://n.example/posts/1")
    ((window, form),) = world.surface.redrawn
    assert window == reply.form.ref
    assert "Your post is out on LinkedIn" in words_of(form)
    assert "Posted by Vouch: Monday 23 November, 11:00" in words_of(form)
    assert world.surface.told == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        st.characters(codec="utf-8") | st.sampled_from("\\|{}@[]()<>#*_~&\u202e\r\n\t\u00a0👩‍👧é"), max_size=80
    )
)
async def test_whatever_is_typed_the_window_shows_what_arrives(world: World, text: str) -> None:
    if not world.networks:
        by_api(world)
    network, ada = world.networks["linkedin"], await connected(world)
    reply = await shared_now(world, ada, await world.add_post(), text=f"I {text}")
    await work(world)
    assert quotes(reply.form) == [network.published[-1].text]


async def test_the_window_says_as_whom_and_keeps_the_composer_at_hand(world: World) -> None:
    by_api(world)
    post = await world.add_post("Words.")
    form = (await opened(world, await connected(world), post)).form
    assert form is not None
    assert form.submit_label == "Share now"
    assert "“Share now” posts it as Ada L. on LinkedIn" in words_of(form)
    labels = [one.label for one in buttons_of(form)]
    assert labels[:3] == ["Share later …", "Open LinkedIn instead", "Check my text"]
    (way,) = [one for one in buttons_of(form) if isinstance(one, LinkButton)]
    assert way.url.startswith("https://vouch.brightwater.example/go/")


async def test_without_an_account_all_is_as_it_was_with_one_quiet_line(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    before = (await opened(world, ada, post)).form
    by_api(world)
    form = (await opened(world, ada, post)).form
    assert before is not None
    assert form is not None
    assert (form.submit, form.submit_label) == (before.submit, before.submit_label)
    more = [one for one in form.body if one not in before.body]
    assert [type(one).__name__ for one in more] == ["Text", "Buttons"]
    assert action_of(form, Connect) == Connect(network="linkedin", share_id=1)
    assert not has_action(before, Connect)


async def test_a_broken_account_says_so_and_the_composer_is_there(world: World) -> None:
    by_api(world)
    ada = await connected(world, state="broken", fault="expired")
    form = (await opened(world, ada, await world.add_post("Words."))).form
    assert form is not None
    assert isinstance(form.submit, ChangeShare)
    assert "Your connection to LinkedIn has ended" in words_of(form)
    assert [one.label for one in buttons_of(form)][:2] == ["Connect LinkedIn again", "Open LinkedIn"]
    assert has_action(form, Connect)


async def test_an_account_that_broke_meanwhile_keeps_the_text(world: World) -> None:
    by_api(world)
    ada, post = await connected(world), await world.add_post("Words.")
    action = submit_of((await opened(world, ada, post)).form)
    async with world.sessions.begin() as session:
        (await session.get_one(Account, 1)).state = "broken"
    form = await again(world, ada, action, network="linkedin", text=OWN)
    assert text_of(form) == OWN
    assert has_action(form, Connect)
    assert (await share_of(world)).state == "draft"


async def test_two_clicks_at_once_share_once(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    first = await shared_now(world, ada, post)
    action = ShareNow(share_id=1, network="linkedin", text="Other words.")
    second = await world.act(share_now.share_now, ada, action, window=WINDOW)
    assert quotes(second.form) == quotes(first.form)
    assert len([one for one in await world.jobs() if isinstance(one, DeliverShare)]) == 1
    await work(world)
    assert len(network.published) == 1
    third = await world.act(share_now.share_now, ada, action, window=WINDOW)
    assert "Posted by Vouch" in words_of(third.form)
    await work(world)
    assert len(network.published) == 1


async def test_a_text_that_is_too_long_is_an_error_under_its_box_and_kept(world: World) -> None:
    by_api(world, "x")
    post = await world.add_post(networks=["x"])
    reply = await shared_now(world, await connected(world, network="x"), post, text="b" * 300, network="x")
    assert "too long for X" in reply.errors["text"]
    assert text_of(reply.form) == "b" * 300
    kept = await share_of(world)
    assert (kept.state, kept.text) == ("draft", "b" * 300)


async def test_the_length_is_that_of_the_members_own_instance(world: World) -> None:
    by_api(world, "mastodon")
    post = await world.add_post(networks=["mastodon"])
    ada = await connected(world, network="mastodon", limit=5000)
    reply = await shared_now(world, ada, post, text="w" * 2000, network="mastodon")
    assert (reply.errors, (await share_of(world)).state) == ({}, "queued")


async def test_a_text_much_like_a_colleagues_is_pointed_out_once_and_goes_out_as_it_is(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    cleo, ada = await world.add_member("Cleopatra"), await connected(world)
    await left(world, cleo, post)
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).state = "opened"
    told = await shared_now(world, ada, post)
    assert "much like one that a colleague has shared" in words_of(told.form)
    assert (await share_of(world, 2)).state == "draft"
    changed = await again(world, ada, submit_of(told.form), network="linkedin", text=OWN + " Really.")
    assert "much like one that a colleague has shared" in words_of(changed)
    form = await again(world, ada, submit_of(changed), network="linkedin", text=OWN + " Really.")
    assert (await share_of(world, 2)).state == "queued"
    await work(world)
    assert network.published[0].text in quotes(form)


async def test_another_network_chosen_at_the_last_moment_is_shown_first(world: World) -> None:
    by_api(world)
    by_api(world, "x")
    ada, post = await connected(world), await world.add_post("Words.")
    form = await again(world, ada, submit_of((await opened(world, ada, post)).form), network="x", text=OWN)
    assert text_of(form) == OWN
    field = field_of(form, "network")
    assert getattr(field, "value", "") == "x"
    assert await world.jobs() == []


async def test_the_text_stays_where_it_was_typed_if_the_other_network_has_the_post_already(world: World) -> None:
    by_api(world)
    by_api(world, "x")
    ada, post = await connected(world), await world.add_post("Words.")
    await connect_account(world, ada, "x")
    await shared_now(world, ada, post)
    await work(world)
    form = (await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x"))).form
    shown = await again(world, ada, submit_of(form), network="linkedin", text="My words for X.")
    assert "Posted by Vouch" in words_of(shown)
    kept = await share_of(world, 2)
    assert (kept.network, kept.state, kept.text) == ("x", "draft", "My words for X.")


async def test_from_a_private_message_the_kept_text_goes_out(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    await opened(world, ada, post)
    await world.act(share.change_share, ada, ChangeShare(share_id=1, network="linkedin", text=OWN))
    reply = await world.act(share_now.share_now, ada, ShareNow(share_id=1))
    assert reply.card is not None
    assert OWN in words_of(reply.card)
    assert "private message" in words_of(reply.card)
    await work(world)
    assert OWN in network.published[0].text
    ((ref, card),) = world.surface.told
    assert ref == ada.person_ref
    assert "Your post is out on LinkedIn" in words_of(card)


async def test_where_windows_are_not_redrawn_one_is_told_privately_and_may_look(world: World) -> None:
    by_api(world)
    world.is_live = False
    ada, post = await connected(world), await world.add_post("Words.")
    reply = await shared_now(world, ada, post)
    assert "private message" in words_of(reply.form)
    see = action_of(reply.form, ChangeShare)
    assert quotes((await world.act(share.change_share, ada, see)).form) == quotes(reply.form)
    await work(world)
    assert world.surface.redrawn == []
    assert len(world.surface.told) == 1
    assert "Posted by Vouch" in words_of((await world.act(share.change_share, ada, see)).form)


async def test_the_composer_is_a_button_where_followed_links_are_not_told(world: World) -> None:
    by_api(world)
    world.is_live = False
    ada, post = await connected(world), await world.add_post("Words.")
    form = (await opened(world, ada, post)).form
    action = replace(action_of(form, LeaveForNetwork), network="linkedin", text=OWN)
    ready = await world.act(share.leave_for_network, ada, action, window=WINDOW)
    assert any(isinstance(one, LinkButton) for one in buttons_of(ready.form))


@pytest.mark.parametrize("state", ["withdrawn", "expired"])
async def test_a_post_that_may_not_be_shared_is_not(world: World, state: str) -> None:
    by_api(world)
    ada, post = await connected(world), await world.add_post("Words.")
    action = submit_of((await opened(world, ada, post)).form)
    async with world.sessions.begin() as session:
        (await session.get_one(Post, post.id)).state = state
    with pytest.raises(Unable, match=f"share.refused_{state}"):
        await again(world, ada, action, network="linkedin", text=OWN)
    assert await world.jobs() == []


async def test_without_words_of_ones_own_the_window_says_so_once_and_then_the_link_goes_out_alone(world: World) -> None:
    network, post = by_api(world), await world.add_post()
    ada = await connected(world)
    looked_at = (await shared_now(world, ada, post, text="")).form
    assert "your link goes alone" in words_of(looked_at)
    await again(world, ada, submit_of(looked_at), network="linkedin", text="")
    await work(world)
    assert [one.text.split("\n\n")[0] for one in network.published] == ["#BrightwaterEmployee"]
