"""Sharing: two clicks, own words kept, nothing redirected twice, nothing lost."""

from dataclasses import replace

import pytest
from sqlalchemy import event, select

from bot.core.actions import (
    AnswerWelcome,
    ChangeShare,
    LeaveForNetwork,
    OpenPermalink,
    OpenShare,
    SayShared,
    SubmitPermalink,
    UndoShare,
)
from bot.core.cards import SelectField, TextField
from bot.core.errors import NotFound, Unable
from bot.core.jobs import RefreshAnnouncement
from handlers import share
from storage.models import Announcement, Member, Share, TrackedLink
from tests.handlers.conftest import GENERAL, NOW, World
from tests.handlers.sharing import OWN, POSTED, all_shares, left, opened, share_of
from tests.handlers.windows import action_of, field_of, has_action, link_of, text_of, words_of


async def test_the_window_is_filled_with_a_wording_nobody_uses(world: World) -> None:
    post = await world.add_post("First wording.", "Second wording.")
    ada, ben = await world.add_member("Ada"), await world.add_member("Ben")
    assert text_of((await opened(world, ada, post)).form) == "First wording."
    assert text_of((await opened(world, ben, post)).form) == "Second wording."
    assert text_of((await opened(world, ada, post)).form) == "First wording."


async def test_when_all_wordings_are_used_the_box_is_empty_and_they_stand_beside(world: World) -> None:
    post = await world.add_post("Only wording.")
    await opened(world, await world.add_member("Ada"), post)
    form = (await opened(world, await world.add_member("Ben"), post)).form
    assert text_of(form) == ""
    assert "Only wording." in words_of(form)


async def test_a_window_that_was_only_looked_at_gives_its_wording_back(world: World) -> None:
    post = await world.add_post("Only wording.")
    await opened(world, await world.add_member("Ada"), post)
    world.clock.advance(world.programme.go_lifetime)
    assert text_of((await opened(world, await world.add_member("Ben"), post)).form) == "Only wording."


async def test_own_words_free_the_wording_and_count_as_own(world: World) -> None:
    post = await world.add_post("Only wording.")
    await left(world, await world.add_member("Ada"), post, OWN)
    kept = await share_of(world)
    assert (kept.text, kept.wording_id, kept.is_own_words) == (OWN, None, True)
    assert text_of((await opened(world, await world.add_member("Ben"), post)).form) == "Only wording."


async def test_wordings_come_in_the_language_of_the_member(world: World) -> None:
    post = await world.add_post("In English.", "nl:In het Nederlands.")
    nel = await world.add_member("Nel", locale="nl-NL")
    form = (await opened(world, nel, post)).form
    assert text_of(form) == "In het Nederlands."
    assert form is not None
    assert form.title == "Dit bericht delen"
    assert "#werkgever #Brightwater" in words_of(form)


async def test_nobody_is_offered_words_in_a_language_they_do_not_read(world: World) -> None:
    post = await world.add_post("In English.", "nl:In het Nederlands.")
    await left(world, await world.add_member("Ann"), post, "In English.")
    form = (await opened(world, await world.add_member("Lena", locale="de-DE"), post)).form
    assert text_of(form) == ""
    assert words_of(form).index("In English.") < words_of(form).index("In het Nederlands.")


async def test_a_newcomer_begins_with_the_best_known_network(world: World) -> None:
    post = await world.add_post("Words.", networks=["facebook", "x", "linkedin"])
    field = field_of((await opened(world, await world.add_member(), post)).form, "network")
    assert isinstance(field, SelectField)
    assert field.value == "linkedin"


async def test_the_window_shows_disclosure_link_and_room(world: World) -> None:
    post = await world.add_post("Words.", networks=["x"])
    form = (await opened(world, await world.add_member(), post)).form
    shown = words_of(form)
    async with world.sessions.reading() as session:
        link = (await session.scalars(select(TrackedLink))).one()
    assert "#BrightwaterEmployee" in shown
    assert f"https://vouch.brightwater.example/l/{link.slug}" in shown
    assert "212 characters" in shown  # 280 less the disclosure of 20, the link as written (44) and two blank lines
    assert link.target.startswith("https://brightwater.example/winter?ref=home&utm_source=x&utm_medium=social")


async def test_the_remembered_network_comes_first(world: World) -> None:
    post = await world.add_post("Words.")
    form = (await opened(world, await world.add_member(default_network="x"), post)).form
    field = field_of(form, "network")
    assert isinstance(field, SelectField)
    assert field.value == "x"
    assert [one.value for one in field.options] == ["linkedin", "x", "facebook"]


async def test_networks_that_the_company_does_not_use_are_not_offered(world: World) -> None:
    world.programme = replace(world.programme, networks={"x": world.programme.networks["x"]})
    post = await world.add_post("Words.")
    field = field_of((await opened(world, await world.add_member(), post)).form, "network")
    assert isinstance(field, SelectField)
    assert [one.value for one in field.options] == ["x"]


async def test_switching_the_network_keeps_what_was_typed(world: World) -> None:
    post = await world.add_post("For all.", "en@x:For X.")
    ada = await world.add_member()
    before = (await opened(world, ada, post)).form
    form = (await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x", text=OWN))).form
    assert text_of(form) == OWN
    assert field_of(form, "text").edition == field_of(before, "text").edition
    back = action_of(form, LeaveForNetwork).share_id
    again = await world.act(share.change_share, ada, ChangeShare(share_id=back, network="linkedin", text=OWN + "!"))
    assert text_of(again.form) == OWN + "!"


async def test_switching_with_an_untouched_wording_takes_the_one_of_the_other_network(world: World) -> None:
    post = await world.add_post("For all.", "en@x:For X.")
    ada, ben = await world.add_member(), await world.add_member("Ben")
    before = (await opened(world, ada, post)).form
    form = (await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x", text="For all."))).form
    assert text_of(form) == "For X."
    assert field_of(form, "text").edition != field_of(before, "text").edition
    assert text_of((await opened(world, ben, post)).form) == "For all."


async def test_a_double_click_on_share_makes_one_draft_and_both_windows_lead_on(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    first, second = await opened(world, ada, post), await opened(world, ada, post)
    assert len(await all_shares(world)) == 1
    assert link_of(first.form) == link_of(second.form)
    assert first.form is not None
    assert second.form is not None
    assert first.form.ref != second.form.ref


async def test_checking_a_text_says_whether_it_fits_and_keeps_it(world: World) -> None:
    post = await world.add_post("Words.", networks=["x"])
    ada = await world.add_member()
    await opened(world, ada, post)
    long = await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x", text="a" * 240))
    assert "28 characters too long" in words_of(long.form)
    assert text_of(long.form) == "a" * 240
    short = await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x", text="a" * 20))
    assert "fits on X" in words_of(short.form)


async def test_leaving_with_a_text_that_is_too_long_keeps_it_and_says_so(world: World) -> None:
    post = await world.add_post("Words.", networks=["x"])
    ada = await world.add_member()
    url = link_of((await opened(world, ada, post)).form)
    reply = await world.act(share.leave_for_network, ada, LeaveForNetwork(share_id=1, network="x", text="b" * 300))
    assert "too long for X" in words_of(reply.form)
    assert text_of(reply.form) == "b" * 300
    assert link_of(reply.form) == url
    assert (await share_of(world)).text == "b" * 300


async def test_leaving_keeps_the_text_and_offers_what_comes_next(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    reply = await left(world, ada, post)
    assert OWN in words_of(reply.form)
    for kind in (SayShared, OpenPermalink, ChangeShare, UndoShare):
        assert has_action(reply.form, kind)
    again = await world.act(share.change_share, ada, action_of(reply.form, ChangeShare))
    assert text_of(again.form) == OWN


async def test_a_text_much_like_a_colleagues_is_pointed_out_without_their_name(world: World) -> None:
    post = await world.add_post("Words.")
    cleo = await world.add_member("Cleopatra")
    await left(world, cleo, post)
    await world.act(share.say_shared, cleo, SayShared(share_id=1))
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).state = "opened"
    reply = await left(world, await world.add_member("Ben"), post, OWN.replace("clearer", "cleaner"))
    assert "much like one that a colleague has shared" in words_of(reply.form)
    assert "Cleopatra" not in words_of(reply.form)
    assert (await share_of(world, 2)).is_own_words is False


async def test_hostile_text_is_kept_as_plain_words(world: World) -> None:
    post = await world.add_post("Words.")
    text = "<!channel> *bold* & <b>x</b> \u202eright\x00 مرحبا 👩‍👩‍👧"
    await left(world, await world.add_member(), post, text)
    assert (await share_of(world)).text == "<!channel> *bold* & <b>x</b> right مرحبا 👩‍👩‍👧"


async def test_a_network_that_takes_no_text_says_so_and_earns_nothing_where_it_must_not(world: World) -> None:
    post = await world.add_post("Words.", networks=["facebook"])
    form = (await opened(world, await world.add_member(), post)).form
    assert "takes no text" in words_of(form)
    assert "earns no points" in words_of(form)
    assert text_of(form) == "Words."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "withdrawn"}, "share.refused_withdrawn"),
        ({"state": "expired"}, "share.refused_expired"),
        ({"expires_at": NOW}, "share.refused_expired"),
        ({"state": "scheduled"}, "share.refused_not_published"),
        ({"networks": []}, "share.refused_network_off"),
        ({"state": "draft", "networks": []}, "share.refused_not_published"),
    ],
)
async def test_a_post_that_cannot_be_shared_is_refused_with_a_way_on(
    world: World, changes: dict[str, object], reason: str
) -> None:
    post = await world.add_post("Words.", **changes)
    with pytest.raises(Unable) as refused:
        await opened(world, await world.add_member(), post)
    assert refused.value.text_key == reason
    assert await all_shares(world) == []


async def test_a_deleted_post_and_a_strangers_share_are_refused(world: World) -> None:
    post = await world.add_post("Words.")
    ada, eve = await world.add_member(), await world.add_member("Eve")
    with pytest.raises(Unable, match=r"share\.refused_deleted"):
        await world.act(share.open_share, ada, OpenShare(post_id=999))
    await left(world, ada, post)
    for use_case, action in (
        (share.change_share, ChangeShare(share_id=1)),
        (share.say_shared, SayShared(share_id=1)),
        (share.undo_share, UndoShare(share_id=1)),
        (share.submit_permalink, SubmitPermalink(share_id=1, url=POSTED)),
    ):
        with pytest.raises(NotFound):
            await world.act(use_case, eve, action)  # type: ignore[arg-type]
    assert (await share_of(world)).said_at is None


async def test_the_first_time_comes_with_a_welcome_that_costs_no_click(world: World) -> None:
    post = await world.add_post("Words.")
    new = await world.add_member("Neo", welcomed_at=None)
    form = (await opened(world, new, post)).form
    shown = words_of(form)
    assert "Share what you are proud of" in shown
    assert "Mara Lind" in shown
    assert link_of(form).startswith("https://vouch.brightwater.example/go/")
    answer = replace(action_of(form, AnswerWelcome), network="linkedin", text=OWN)
    after = (await world.act(share.answer_welcome, new, answer)).form
    assert text_of(after) == OWN
    assert not has_action(after, AnswerWelcome)
    async with world.sessions.reading() as session:
        member = await session.get_one(Member, new.id)
    assert (member.is_named, member.welcomed_at) == (True, NOW)


async def test_what_was_typed_before_a_wording_survives_another_network(world: World) -> None:
    post, ada = await world.add_post("Words.", "en@x:For X."), await world.add_member()
    await opened(world, ada, post)
    typed = "I was there.\n\nWords."
    form = (await world.act(share.change_share, ada, ChangeShare(share_id=1, network="x", text=typed))).form
    assert text_of(form) == typed
    back = (await world.act(share.change_share, ada, ChangeShare(share_id=2, network="linkedin", text="Words."))).form
    assert text_of(back) == "Words."


async def test_without_a_public_address_the_button_leads_straight_to_the_composer(world: World) -> None:
    world.programme = replace(world.programme, public_url=None)
    post = await world.add_post("Words.")
    ada = await world.add_member()
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1", drawn_at=post.updated_at))
    first = (await opened(world, ada, post)).form
    assert has_action(first, ChangeShare)
    assert "The link goes with it: https://" in words_of(first)  # nothing is counted: it is nobody's own
    form = (await world.act(share.change_share, ada, ChangeShare(share_id=1, network="linkedin", text="Hello"))).form
    url = link_of(form)
    assert url.startswith("https://composer.example/linkedin?text=%23BrightwaterEmployee%0A%0AHello")
    assert "utm_source%3Dlinkedin" in url
    await world.act(share.leave_for_network, ada, LeaveForNetwork(share_id=1, network="linkedin", text="Hello"))
    kept = await share_of(world)
    assert (kept.state, kept.opened_at) == ("opened", NOW)
    assert await world.jobs() == [RefreshAnnouncement(announcement_id=1)]  # the line of how many shared follows


async def test_a_click_on_share_takes_few_statements(world: World) -> None:
    post = await world.add_post("Words.", "More words.")
    ada = await world.add_member()
    seen: list[str] = []
    event.listen(
        world.sessions.writer.sync_engine,
        "before_cursor_execute",
        lambda c, cur, statement, *rest: seen.append(statement),
    )
    async with world.sessions.begin() as session:
        await share.open_share(world.context(session, ada), OpenShare(post_id=post.id))
    assert [one.split()[0] for one in seen if one != "BEGIN IMMEDIATE"] == ["SELECT", "SELECT", "INSERT", "INSERT"]
    assert isinstance(field_of((await opened(world, ada, post)).form, "text"), TextField)


async def test_the_welcome_can_be_answered_outside_a_window(world: World) -> None:
    new = await world.add_member("Neo", welcomed_at=None)
    reply = await world.act(share.answer_welcome, new, AnswerWelcome(names="no"))
    assert "your name stands on no board" in words_of(reply.card)


async def test_where_disclosure_is_not_required_it_stands_in_the_text_to_change(world: World) -> None:
    world.programme = replace(world.programme, disclosure=replace(world.programme.disclosure, is_required=False))
    post = await world.add_post("For all.", "en@x:For X.")
    ada = await world.add_member()
    form = (await opened(world, ada, post)).form
    assert text_of(form) == "#BrightwaterEmployee\n\nFor all."
    switch = ChangeShare(share_id=1, network="x", text=text_of(form))
    assert text_of((await world.act(share.change_share, ada, switch)).form) == "#BrightwaterEmployee\n\nFor X."


async def test_a_post_may_have_its_own_disclosure(world: World) -> None:
    post = await world.add_post("Words.", disclosure="Reklam Brightwater")
    assert "Reklam Brightwater" in words_of((await opened(world, await world.add_member(), post)).form)
