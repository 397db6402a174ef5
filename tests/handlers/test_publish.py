"""Writing a post: from a link or without one, kept as typed, resumed or discarded."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.core.actions import (
    DiscardDraft,
    Edit,
    ReviewPost,
    SaveDraft,
    SkipReading,
    StartPost,
)
from bot.core.errors import NotFound, PageUnreadable, TryLater, Unable
from bot.core.jobs import ReadPage
from bot.core.ports import Page
from bot.core.reply import SILENCE
from handlers.publish import (
    discard_draft,
    read_page,
    save_draft,
    skip_reading,
    start_post,
)
from storage.models import Post
from tests.handlers.conftest import World, run_job
from tests.handlers.posting import HOSTILE, LINK, announced, begun, curator, selected, stored, value
from tests.handlers.windows import action_of, field_of, has_action, words_of

PAGE = Page(
    url=LINK,
    title="Leak found in the Leiden tower",
    summary="How a small sensor saved a tower.",
    picture="https://brightwater.example/leak.jpg",
    language="nl",
    site="Brightwater",
)


# Beginning


async def test_a_link_opens_a_window_without_inputs_and_the_page_is_read(world: World) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=f"<{LINK}>"))
    assert reply.form is not None
    assert not any(hasattr(one, "name") for one in reply.form.body)
    assert has_action(reply.form, SkipReading)
    assert await world.jobs() == [ReadPage(post_id=1, window=reply.form.ref)]


async def test_the_page_fills_the_form_in_its_window(world: World) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=LINK))
    assert reply.form is not None
    world.pages.pages[LINK] = PAGE
    world.surface.windows.add(reply.form.ref)
    await run_job(world, read_page, ReadPage(post_id=1, window=reply.form.ref))
    window, form = world.surface.redrawn[0]
    assert window == form.ref == reply.form.ref
    assert value(form, "title") == PAGE.title
    assert value(form, "summary") == PAGE.summary
    assert value(form, "picture") == PAGE.picture
    assert selected(form, "language") == "nl"


async def test_the_page_never_goes_over_what_was_typed(world: World) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=LINK))
    assert reply.form is not None
    skipped = await world.act(skip_reading, cura, SkipReading(post_id=1))
    assert skipped.form is not None
    assert skipped.form.ref == reply.form.ref
    await world.act(save_draft, cura, SaveDraft(post_id=1, link=LINK, title="My own title", shown_language="en"))
    world.pages.pages[LINK] = PAGE
    world.surface.windows.add(reply.form.ref)
    await run_job(world, read_page, ReadPage(post_id=1, window=reply.form.ref))
    form = world.surface.redrawn[0][1]
    assert value(form, "title") == "My own title"
    assert value(form, "summary") == PAGE.summary
    assert field_of(form, "title").edition == 0
    assert field_of(form, "summary").edition == 1


async def test_a_page_whose_link_was_changed_meanwhile_fills_nothing(world: World) -> None:
    cura = await curator(world)
    await world.act(start_post, cura, StartPost(link=LINK))
    await world.act(save_draft, cura, SaveDraft(post_id=1, link="https://other.example", shown_language="en"))
    world.pages.pages[LINK] = PAGE
    await run_job(world, read_page, ReadPage(post_id=1, window="w"))
    assert (await stored(world, 1)).typed["title"] == ""


@pytest.mark.parametrize(
    "reason", ["private", "not_found", "too_large", "not_html", "slow", "unreachable", "blocked", "odd"]
)
async def test_a_page_that_cannot_be_read_leaves_the_form_with_a_line_why(world: World, reason: str) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=LINK))
    assert reply.form is not None
    world.pages.pages[LINK] = PageUnreadable(reason)
    world.surface.windows.add(reply.form.ref)
    await run_job(world, read_page, ReadPage(post_id=1, window=reply.form.ref))
    form = world.surface.redrawn[0][1]
    assert "fill in the form yourself" in words_of(form).lower()
    assert value(form, "link") == LINK


async def test_a_closed_window_loses_nothing(world: World) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=LINK))
    assert reply.form is not None
    world.pages.pages[LINK] = PAGE
    await run_job(world, read_page, ReadPage(post_id=1, window=reply.form.ref))
    resumed = await world.act(start_post, cura, StartPost())
    assert PAGE.title in words_of(resumed.card)
    assert action_of(resumed.card, Edit) == Edit(ref="P1")


async def test_a_platform_that_is_busy_is_asked_again_and_the_page_is_kept(world: World) -> None:
    cura = await curator(world)
    reply = await world.act(start_post, cura, StartPost(link=LINK))
    assert reply.form is not None
    world.pages.pages[LINK] = PAGE
    world.surface.fail_next = [TryLater(timedelta(seconds=1))]
    with pytest.raises(TryLater):
        await run_job(world, read_page, ReadPage(post_id=1, window=reply.form.ref))
    assert (await stored(world, 1)).typed["title"] == PAGE.title


async def test_without_a_link_the_form_opens_at_once(world: World) -> None:
    reply = await world.act(start_post, await curator(world), StartPost())
    assert reply.form is not None
    assert isinstance(reply.form.submit, ReviewPost)
    assert isinstance(reply.form.change, SaveDraft)
    assert all(one.saves for one in reply.form.body if hasattr(one, "saves"))
    assert await world.jobs() == []


@pytest.mark.parametrize(
    ("link", "key"),
    [("bananas", "link.no_scheme"), ("javascript:alert(1)", "link.other_scheme"), ("https://", "link.no_host")],
)
async def test_a_link_that_is_none_is_answered_and_nothing_begins(world: World, link: str, key: str) -> None:
    with pytest.raises(Unable) as caught:
        await world.act(start_post, await curator(world), StartPost(link=link))
    assert caught.value.reason == key
    async with world.sessions.reading() as session:
        assert (await session.execute(select(func.count()).select_from(Post))).scalar_one() == 0


async def test_the_same_link_again_goes_on_with_its_draft_and_an_empty_one_is_used_again(world: World) -> None:
    cura = await curator(world)
    await world.act(start_post, cura, StartPost(link=LINK))
    await world.act(start_post, cura, StartPost(link=LINK))
    assert await begun(world, cura) == await begun(world, cura) == 2


async def test_a_curator_sees_only_their_own_drafts(world: World) -> None:
    cura, other = await curator(world), await curator(world, "Other")
    await world.act(start_post, cura, StartPost(link=LINK))
    reply = await world.act(start_post, other, StartPost())
    assert reply.form is not None


async def test_only_its_author_discards_a_draft(world: World) -> None:
    cura, other = await curator(world), await curator(world, "Other")
    await world.act(start_post, cura, StartPost(link=LINK))
    with pytest.raises(Unable) as caught:
        await world.act(discard_draft, other, DiscardDraft(post_id=1))
    assert caught.value.reason == "post.not_yours"
    await world.act(discard_draft, cura, DiscardDraft(post_id=1))
    with pytest.raises(NotFound):
        await stored(world, 1)


async def test_a_post_that_is_out_cannot_be_discarded(world: World) -> None:
    cura, post_id = await announced(world)
    with pytest.raises(Unable) as caught:
        await world.act(discard_draft, cura, DiscardDraft(post_id=post_id))
    assert caught.value.reason == "post.no_draft"
    assert (await stored(world, post_id)).state == "published"


# Keeping what is typed


async def test_what_is_typed_is_kept_as_typed_and_answered_with_silence(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    typed = SaveDraft(
        post_id=post_id, title="x" * 10_000, publish_on="2026-02-31", wording_1=HOSTILE, shown_language="en"
    )
    assert await world.act(save_draft, cura, typed) is SILENCE
    held = (await stored(world, post_id)).typed
    assert held["title"] == "x" * 10_000
    assert held["publish_on"] == "2026-02-31"
    assert held["wordings"]["en"][0]["text"] == HOSTILE


async def test_another_language_shows_its_own_wordings_and_keeps_the_first(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    to_dutch = SaveDraft(post_id=post_id, wording_1="Hello", wording_language="nl", shown_language="en")
    form = (await world.act(save_draft, cura, to_dutch)).form
    assert form is not None
    assert value(form, "wording_1") == ""
    assert isinstance(form.change, SaveDraft)
    assert form.change.shown_language == "nl"
    back = SaveDraft(post_id=post_id, wording_1="Hallo", wording_language="en", shown_language="nl")
    again = (await world.act(save_draft, cura, back)).form
    assert again is not None
    assert value(again, "wording_1") == "Hello"
    assert field_of(again, "wording_1").edition > field_of(form, "wording_1").edition
    assert (await stored(world, post_id)).typed["wordings"]["nl"][0]["text"] == "Hallo"


async def test_a_withdrawn_post_takes_no_changes(world: World) -> None:
    post = await world.add_post(state="withdrawn")
    with pytest.raises(Unable) as caught:
        await world.act(save_draft, await curator(world), SaveDraft(post_id=post.id, title="x"))
    assert caught.value.reason == "post.closed"
