"""The line before a text: the member chooses among what is allowed, it is remembered, and a price makes it clear."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.core.actions import ChangeShare, LeaveForNetwork, OpenLater, OpenSettings, SaveSettings, ShareNow
from bot.core.cards import Form, SelectField
from bot.core.programme import Disclosure
from handlers import later, profile, share, share_now
from storage.models import Member
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import World
from tests.handlers.delivering import by_api, work
from tests.handlers.sharing import OWN, left, opened, share_of
from tests.handlers.windows import field_of, text_of, words_of

AT_WORK = "I work at {company}"


def choices(form: Form | None) -> list[str]:
    assert form is not None
    found = [one for one in form.body if isinstance(one, SelectField) and one.name == "disclosure"]
    return [option.label for one in found for option in one.options]


async def member_now(world: World, member: Member) -> Member:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Member).where(Member.id == member.id))).one()


async def test_the_member_chooses_a_wording_and_it_is_remembered(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    form = (await opened(world, ada, post)).form
    assert choices(form) == ["#BrightwaterEmployee", "I work at Brightwater"]
    change = ChangeShare(share_id=1, network="linkedin", text=OWN, disclosure=AT_WORK)
    form = (await world.act(share.change_share, ada, change)).form
    assert "starts with: I work at Brightwater" in words_of(form)
    picked = field_of(form, "disclosure")
    assert isinstance(picked, SelectField)
    assert (picked.value, picked.saves) == (AT_WORK, True)
    assert (await share_of(world)).disclosure == "I work at Brightwater"
    another = await world.add_post("Words.")
    assert "starts with: I work at Brightwater" in words_of((await opened(world, ada, another)).form)
    assert (await member_now(world, ada)).disclosure == AT_WORK


async def test_what_is_shown_and_not_picked_is_not_remembered(world: World) -> None:
    post, ada = await world.add_post("nl:Woorden."), await world.add_member(locale="nl-NL", disclosure=AT_WORK)
    await opened(world, ada, post)
    change = ChangeShare(share_id=1, network="linkedin", text=OWN, disclosure="#werkgever #{tag}")
    await world.act(share.change_share, ada, change)
    assert (await member_now(world, ada)).disclosure == AT_WORK
    assert (await share_of(world)).disclosure == "#werkgever #Brightwater"


@pytest.mark.parametrize("picked", ["", "Nobody said this", "<b>{company}</b>"])
async def test_the_line_cannot_be_hidden_or_made_up(world: World, picked: str) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await opened(world, ada, post)
    action = LeaveForNetwork(share_id=1, network="linkedin", text=OWN, disclosure=picked)
    await world.act(share.leave_for_network, ada, action)
    assert (await share_of(world)).disclosure == "#BrightwaterEmployee"
    assert (await member_now(world, ada)).disclosure is None


async def test_the_wording_picked_with_the_last_click_goes_out(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await opened(world, ada, post)
    action = OpenLater(share_id=1, network="linkedin", text=OWN, disclosure=AT_WORK)
    await world.act(later.open_later, ada, action, window="W1")
    kept = await share_of(world)
    assert (kept.disclosure, kept.is_own_words) == ("I work at Brightwater", True)


async def test_a_posts_own_line_leaves_nothing_to_choose(world: World) -> None:
    post, ada = await world.add_post("Words.", disclosure="#TeamWater"), await world.add_member(disclosure=AT_WORK)
    form = (await opened(world, ada, post)).form
    assert choices(form) == []
    assert "#TeamWater" in words_of(form)
    await left(world, ada, post)
    assert (await share_of(world)).disclosure == "#TeamWater"


async def test_a_line_that_is_not_required_stands_in_the_text_in_the_members_wording(world: World) -> None:
    world.programme = replace(world.programme, disclosure=Disclosure(is_required=False))
    post, ada = await world.add_post("Words."), await world.add_member(disclosure=AT_WORK)
    form = (await opened(world, ada, post)).form
    assert text_of(form) == "I work at Brightwater\n\nWords."
    assert choices(form) == []
    await left(world, ada, post, "Taken out.")
    assert (await share_of(world)).disclosure == ""


async def test_in_sweden_a_price_is_pointed_out_before_anything_goes_out(world: World) -> None:
    plain = "Min arbetsgivare: {company}"
    post, ada = await world.add_post(networks=["linkedin"]), await world.add_member(locale="sv-SE", disclosure=plain)
    network = by_api(world)
    await connect_account(world, ada)
    assert "Min arbetsgivare: Brightwater" in words_of((await opened(world, ada, post)).form)
    now = ShareNow(share_id=1, network="linkedin", text="Nu bara 199 kr", disclosure=plain)
    form = (await world.act(share_now.share_now, ada, now, window="W1")).form
    shown = words_of(form)
    assert "starts with: Reklam för min arbetsgivare Brightwater" in shown
    assert "names a price or an offer" in shown
    assert choices(form) == []
    kept = await share_of(world)
    assert (kept.state, kept.disclosure) == ("draft", "Reklam för min arbetsgivare Brightwater")
    assert await world.jobs() == []
    assert (await member_now(world, ada)).disclosure == plain
    await world.act(share_now.share_now, ada, now, window="W1")
    await work(world)
    assert [one.text.splitlines()[0] for one in network.published] == ["Reklam för min arbetsgivare Brightwater"]


async def test_the_room_counts_the_chosen_wording(world: World) -> None:
    post, ada = await world.add_post("Words.", networks=["x"]), await world.add_member()
    before = field_of((await opened(world, ada, post)).form, "text")
    change = ChangeShare(share_id=1, network="x", text="", disclosure=AT_WORK)
    after = field_of((await world.act(share.change_share, ada, change)).form, "text")
    assert "212 characters" in before.hint
    assert "211 characters" in after.hint  # "I work at Brightwater" is one longer


async def test_the_wording_is_a_setting(world: World) -> None:
    ada = await world.add_member()
    form = (await world.act(profile.open_settings, ada, OpenSettings())).form
    assert choices(form) == ["#BrightwaterEmployee", "I work at Brightwater"]
    await world.act(profile.save_settings, ada, SaveSettings(disclosure=AT_WORK))
    assert (await member_now(world, ada)).disclosure == AT_WORK
    await world.act(profile.save_settings, ada, SaveSettings(disclosure="made up"))
    assert (await member_now(world, ada)).disclosure == AT_WORK
    await world.act(profile.save_settings, ada, SaveSettings(disclosure="#{tag}Employee"))
    assert (await member_now(world, ada)).disclosure == "#{tag}Employee"
