"""Writing and deciding where the platform tells nothing by itself and redraws no window: it says so, buttons ask."""

import pytest

from bot.core.actions import Decline, Edit, SaveDraft, SkipReading, StartPost, Suggest
from bot.core.jobs import ReadPage
from bot.core.ports import Page
from bot.core.reply import Reply
from handlers.moderate import decline, edit
from handlers.publish import read_page, review_post, save_draft, skip_reading, start_post
from handlers.suggest import suggest
from storage.models import Member
from tests.handlers.conftest import World, run_job
from tests.handlers.posting import LINK, begun, curator, good, value
from tests.handlers.windows import action_of, buttons_of, words_of

KEPT = "What you type is kept as you go"
NOT_KEPT = "Nothing is kept until you press"


@pytest.fixture
def steps(world: World) -> World:
    """A world whose platform tells nothing by itself, and whose pages can be read."""
    world.is_live = False
    page = Page(url=LINK, title="Leak found", summary="", picture=None, language=None, site=None)
    world.pages.pages[LINK] = page
    return world


async def edited_suggestion(world: World, member: Member) -> Reply:
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    return await world.act(edit, member, Edit(ref="S1"))


@pytest.mark.parametrize(("is_live", "said", "unsaid"), [(True, KEPT, NOT_KEPT), (False, NOT_KEPT, KEPT)])
async def test_every_way_to_the_form_says_what_is_kept(world: World, *, is_live: bool, said: str, unsaid: str) -> None:
    world.is_live = is_live
    cura = await curator(world)
    post_id = await begun(world, cura)
    ways = [
        await world.act(start_post, cura, StartPost(link="new")),
        await world.act(edit, cura, Edit(ref=f"P{post_id}")),
        await world.act(skip_reading, cura, SkipReading(post_id=post_id)),
        await world.act(review_post, cura, good(post_id, title="")),
    ]
    for one in ways:
        assert said in words_of(one.form)
        assert unsaid not in words_of(one.form)


async def test_a_draft_is_saved_when_asked_and_says_so(steps: World) -> None:
    cura = await curator(steps)
    form = (await steps.act(start_post, cura, StartPost())).form
    assert form is not None
    assert isinstance(form.change, SaveDraft)
    saved = SaveDraft(post_id=form.change.post_id, shown_language="en", title="Half a title")
    reply = await steps.act(save_draft, cura, saved)
    assert reply.form is not None
    assert "Saved. You can close this window" in words_of(reply.form)
    assert value(reply.form, "title") == "Half a title"


@pytest.mark.parametrize("begins_with", ["suggestion", "link"])
async def test_a_window_that_cannot_be_redrawn_leads_on_to_what_was_read(steps: World, begins_with: str) -> None:
    cura = await curator(steps)
    if begins_with == "suggestion":
        form = (await edited_suggestion(steps, cura)).form
    else:
        form = (await steps.act(start_post, cura, StartPost(link=LINK))).form
    assert form is not None
    assert "The page is being read, which takes a few seconds. Then go on" in words_of(form)
    assert [one.label for one in buttons_of(form)] == ["Go on"]
    await run_job(steps, read_page, ReadPage(post_id=1, window=form.ref))
    filled = (await steps.act(skip_reading, cura, action_of(form, SkipReading))).form
    assert filled is not None
    assert value(filled, "title") == "Leak found"
    assert NOT_KEPT in words_of(filled)


async def test_a_window_that_a_job_redraws_only_offers_to_skip(world: World) -> None:
    form = (await edited_suggestion(world, await curator(world))).form
    assert [one.label for one in buttons_of(form)] == ["Skip, I will fill it in"]
    assert "Reading the page…" in words_of(form)


async def test_a_window_without_a_reason_names_no_command(steps: World) -> None:
    await steps.act(suggest, await steps.add_member("Ada"), Suggest(link=LINK))
    reply = await steps.act(decline, await curator(steps), Decline(ref="S1", reason=" "), window="V1")
    assert reply.errors == {"reason": "Please say why: whoever made it will want to know."}
