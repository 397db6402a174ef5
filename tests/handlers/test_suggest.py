"""Suggesting a link, and what those who suggested and those who decide see of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.core.actions import (
    Approve,
    DirectMessage,
    DiscardDraft,
    OpenShare,
    SubmitSuggestion,
    Suggest,
    SuggestMessage,
)
from bot.core.cards import Link, SelectField, Text, TextField
from bot.core.errors import Refused, TryLater, Unable
from bot.core.jobs import RefreshSuggestion, ShowSuggestion, TellDecision
from bot.core.moderation import SuggestionState
from handlers.moderate import approve
from handlers.publish import discard_draft
from handlers.suggest import (
    direct_message,
    refresh_suggestion,
    show_suggestion,
    submit_suggestion,
    suggest,
    suggest_message,
    tell_decision,
)
from storage.models import Suggestion, SuggestionAuthor
from storage.queries import suggestions
from tests.handlers.conftest import CURATORS, World, run_job
from tests.handlers.windows import buttons_of, words_of

LINK = "https://brightwater.example/leak"
HOSTILE = "<!channel> *bold* _it_ ~no~ & <b> 😀 \u202eright to left"


async def held(world: World, suggestion_id: int = 1) -> suggestions.Held:
    async with world.sessions.reading() as session:
        return await suggestions.get_suggestion(session, suggestion_id=suggestion_id)


async def count(world: World) -> int:
    async with world.sessions.reading() as session:
        return (await session.execute(select(func.count()).select_from(Suggestion))).scalar_one()


async def test_a_suggestion_is_answered_with_its_number_and_shown_to_the_curators(world: World) -> None:
    ada = await world.add_member("Ada")
    reply = await world.act(suggest, ada, Suggest(link=LINK, why="it is about us"))
    assert "S1" in words_of(reply.card)
    assert await world.jobs() == [ShowSuggestion(suggestion_id=1)]
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    channel, card = world.surface.posted[0]
    assert channel == CURATORS
    assert "Ada" in words_of(card)
    assert "it is about us" in words_of(card)
    assert [type(one.action).__name__ for one in buttons_of(card)] == ["Approve", "Edit", "OpenDecline"]


async def test_the_link_is_found_among_the_words_around_it(world: World) -> None:
    ada = await world.add_member("Ada")
    await world.act(suggest, ada, Suggest(link="have", why=f"a look at <{LINK}>, it is good"))
    found = await held(world)
    assert found.link == LINK
    assert found.authors[0].why == "have a look at , it is good"


@pytest.mark.parametrize(
    ("link", "key"),
    [
        ("", "suggest.no_link"),
        ("bananas", "link.no_scheme"),
        ("ftp://brightwater.example/x", "link.other_scheme"),
        ("javascript:alert(1)", "link.other_scheme"),
        ("https://ada:secret@brightwater.example", "link.credentials"),
        (f"https://brightwater.example/{'x' * 3000}", "link.too_long"),
    ],
)
async def test_what_is_no_link_is_answered_clearly_and_nothing_is_kept(world: World, link: str, key: str) -> None:
    ada = await world.add_member("Ada")
    with pytest.raises(Unable) as caught:
        await world.act(suggest, ada, Suggest(link=link))
    assert caught.value.reason == key
    assert await count(world) == 0


async def test_the_same_link_twice_is_one_suggestion_with_both_names(world: World) -> None:
    ada, ben = await world.add_member("Ada"), await world.add_member("Ben")
    await world.act(suggest, ada, Suggest(link=LINK, why="first"))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    reply = await world.act(suggest, ben, Suggest(link=f"{LINK}/?utm_source=mail", why="second"))
    assert "S1" in words_of(reply.card)
    assert [one.name for one in (await held(world)).authors] == ["Ada", "Ben"]
    await run_job(world, refresh_suggestion, RefreshSuggestion(suggestion_id=1))
    assert "Ada, Ben" in words_of(world.surface.updated[0][2])
    assert len(world.surface.posted) == 1


async def test_suggesting_the_same_again_adds_nothing(world: World) -> None:
    ada = await world.add_member("Ada")
    await world.act(suggest, ada, Suggest(link=LINK))
    await world.act(suggest, ada, Suggest(link=LINK))
    async with world.sessions.reading() as session:
        rows = (await session.execute(select(func.count()).select_from(SuggestionAuthor))).scalar_one()
    assert (await count(world), rows, len(await world.jobs())) == (1, 1, 1)


async def test_a_link_that_is_a_post_already_is_answered_with_share(world: World) -> None:
    post, ada = await world.add_post(link=LINK), await world.add_member("Ada")
    reply = await world.act(suggest, ada, Suggest(link=LINK))
    assert post.title in words_of(reply.card)
    assert [one.action for one in buttons_of(reply.card)] == [OpenShare(post_id=post.id)]
    assert (await held(world)).state is SuggestionState.DUPLICATE
    assert await world.jobs() == []


async def test_a_link_whose_post_is_planned_is_said_to_be_under_way(world: World) -> None:
    await world.add_post(link=LINK, state="scheduled", published_at=None)
    reply = await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    assert "already preparing" in words_of(reply.card)


async def test_a_link_that_was_approved_and_is_being_written_about_is_not_suggested_twice(world: World) -> None:
    cura = await world.add_member("Cura", role="curator")
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    await world.act(approve, cura, Approve(ref="S1"))
    before = len(await world.jobs())
    reply = await world.act(suggest, await world.add_member("Ben"), Suggest(link=LINK))
    assert "already preparing" in words_of(reply.card)
    assert len(await world.jobs()) == before  # no second card, and no second approval that earns
    await world.act(discard_draft, cura, DiscardDraft(post_id=1))
    await world.act(suggest, await world.add_member("Cleo"), Suggest(link=LINK))
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Suggestion.state).order_by(Suggestion.id))).all() == [
            "approved",
            "duplicate",
            "received",
        ]


async def test_a_link_whose_post_was_withdrawn_may_be_suggested_again(world: World) -> None:
    await world.add_post(link=LINK, state="withdrawn")
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    assert (await held(world)).state is SuggestionState.RECEIVED


async def test_a_message_with_one_link_fills_it_in_and_with_several_is_a_choice(world: World) -> None:
    ada = await world.add_member("Ada")
    one = await world.act(suggest_message, ada, SuggestMessage(text=f"see {LINK}", links=(LINK,)))
    two = await world.act(suggest_message, ada, SuggestMessage(links=(LINK, "https://other.example/a")))
    none = await world.act(suggest_message, ada, SuggestMessage(text="hello"))
    assert one.form is not None
    assert two.form is not None
    assert none.form is not None
    assert isinstance(one.form.body[0], TextField)
    assert one.form.body[0].value == LINK
    assert isinstance(two.form.body[0], SelectField)
    assert len(two.form.body[0].options) == 2
    assert isinstance(none.form.body[0], TextField)
    assert none.form.body[0].value == ""
    assert one.form.ref != two.form.ref
    assert one.fallback is not None


async def test_the_window_tells_a_wrong_link_at_its_field_and_takes_a_right_one(world: World) -> None:
    ada = await world.add_member("Ada")
    wrong = await world.act(submit_suggestion, ada, SubmitSuggestion(link="bananas"))
    assert list(wrong.errors) == ["link"]
    right = await world.act(submit_suggestion, ada, SubmitSuggestion(link=LINK, why="good"))
    assert right.closes
    assert "S1" in words_of(right.card)


async def test_a_link_in_a_direct_message_is_a_suggestion_and_other_words_get_help(world: World) -> None:
    ada = await world.add_member("Ada")
    reply = await world.act(direct_message, ada, DirectMessage(text=f"what about {LINK}?"))
    assert "S1" in words_of(reply.card)
    assert (await held(world)).link == LINK
    help_reply = await world.act(direct_message, ada, DirectMessage(text="hello there"))
    assert "/vouch help" in words_of(help_reply.card)
    assert await count(world) == 1


async def test_hostile_words_stay_literal_and_reading_marks_are_taken_out(world: World) -> None:
    mallory = await world.add_member("<!here> & co")
    await world.act(submit_suggestion, mallory, SubmitSuggestion(link=LINK, why=HOSTILE))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    said = words_of(world.surface.posted[0][1])
    assert "<!channel> *bold* _it_ ~no~ & <b> 😀" in said
    assert "\u202e" not in said


async def test_a_very_long_reason_is_shortened(world: World) -> None:
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK, why="word " * 5000))
    assert len((await held(world)).authors[0].why) <= 500


async def test_without_a_curators_channel_the_suggestion_waits_in_the_queue(world: World) -> None:
    world.programme = replace(world.programme, curators_channel=None)
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    assert await world.jobs() == []
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    assert world.surface.posted == []


async def test_a_card_is_posted_once(world: World) -> None:
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    assert len(world.surface.posted) == 1


async def test_a_name_that_joined_while_the_card_was_being_posted_is_added(world: World) -> None:
    ada, ben = await world.add_member("Ada"), await world.add_member("Ben")
    await world.act(suggest, ada, Suggest(link=LINK))
    record = await show_suggestion(world.out, ShowSuggestion(suggestion_id=1))
    await world.act(suggest, ben, Suggest(link=LINK))
    assert record is not None
    async with world.sessions.begin() as session:
        await record(session)
    assert (await world.jobs())[-1] == RefreshSuggestion(suggestion_id=1)


async def test_a_deleted_card_is_left_alone_and_other_refusals_are_not_swallowed(world: World) -> None:
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    world.surface.fail_next = [Refused("message_not_found")]
    await run_job(world, refresh_suggestion, RefreshSuggestion(suggestion_id=1))
    world.surface.fail_next = [Refused("is_archived")]
    with pytest.raises(Refused):
        await run_job(world, refresh_suggestion, RefreshSuggestion(suggestion_id=1))


async def test_a_member_who_was_told_nothing_yet_hears_the_outcome_with_the_note(world: World) -> None:
    ada = await world.add_member("Ada", locale="nl-NL")
    await world.act(suggest, ada, Suggest(link=LINK))
    async with world.sessions.begin() as session:
        await suggestions.decide(
            session, suggestion_id=1, state=SuggestionState.DECLINED, note="Shared in May.", now=datetime.now(UTC)
        )
    await run_job(world, tell_decision, TellDecision(suggestion_id=1, member_id=ada.id))
    person, card = world.surface.told[0]
    assert person == ada.person_ref
    assert "Dank je" in words_of(card)
    assert "Shared in May." in words_of(card)


async def test_nobody_is_told_in_the_evening_however_long_the_message_waited(world: World) -> None:
    ada = await world.add_member("Ada", zone="America/New_York")
    await world.act(suggest, ada, Suggest(link=LINK))
    async with world.sessions.begin() as session:
        state = SuggestionState.APPROVED
        await suggestions.decide(session, suggestion_id=1, state=state, note="", now=world.clock.now())
    with pytest.raises(TryLater):  # 05:00 in New York
        await run_job(world, tell_decision, TellDecision(suggestion_id=1, member_id=ada.id))
    assert world.surface.told == []


@pytest.mark.parametrize("column", ["left_at", "erased_at"])
async def test_who_left_or_was_erased_is_told_nothing(world: World, column: str) -> None:
    ada = await world.add_member("Ada", **{column: datetime.now(UTC) - timedelta(days=1)})
    await world.act(suggest, ada, Suggest(link=LINK))
    async with world.sessions.begin() as session:
        await suggestions.decide(
            session, suggestion_id=1, state=SuggestionState.APPROVED, note="", now=datetime.now(UTC)
        )
    await run_job(world, tell_decision, TellDecision(suggestion_id=1, member_id=ada.id))
    assert world.surface.told == []


async def test_the_link_on_the_card_leads_to_the_page(world: World) -> None:
    await world.act(suggest, await world.add_member("Ada"), Suggest(link=LINK))
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    spans = [span for one in world.surface.posted[0][1].body if isinstance(one, Text) for span in one.spans]
    assert Link(LINK, LINK) in spans
