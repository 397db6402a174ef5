"""Deciding: references, the first to decide counts, and what authors and curators hear and see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import Approve, Decline, Edit, OpenDecline, Schedule, Suggest, Withdraw
from bot.core.cards import TextField
from bot.core.errors import Unable
from bot.core.jobs import (
    AnnounceIn,
    CreditVisits,
    ReadPage,
    RefreshSuggestion,
    ShowPending,
    ShowSuggestion,
    TellDecision,
    TellPostDecision,
)
from bot.core.moderation import SuggestionState
from handlers.moderate import approve, decline, edit, open_decline, schedule, withdraw
from handlers.publish import read_page
from handlers.suggest import refresh_suggestion, show_suggestion, suggest, tell_decision
from storage.models import JobRow, Member, Post
from storage.queries import decisions, suggestions
from tests.handlers.conftest import NOW, World, run_job
from tests.handlers.posting import curator, stored
from tests.handlers.windows import action_of, field_of, has_action, words_of

LINK = "https://brightwater.example/leak"


async def suggested(world: World, *names: str) -> list[Member]:
    """Let colleagues suggest the same link, and return them."""
    members = [await world.add_member(name) for name in names or ("Ada",)]
    for one in members:
        await world.act(suggest, one, Suggest(link=LINK, why="good"))
    return members


async def pending(world: World, **changes: object) -> Post:
    """Add a post that waits for a second pair of eyes."""
    world.programme = replace(world.programme, needs_second_eyes=True)
    values: dict[str, object] = {"state": "pending", "published_at": None}
    return await world.add_post(**(values | changes))  # type: ignore[arg-type]


async def state_of(world: World, suggestion_id: int = 1) -> SuggestionState:
    async with world.sessions.reading() as session:
        return (await suggestions.get_suggestion(session, suggestion_id=suggestion_id)).state


async def decided(world: World, subject: str, number: int) -> list[tuple[str, str, str]]:
    async with world.sessions.reading() as session:
        found = await decisions.list_decisions(session, subject=subject, subject_id=number)
    return [(one.what, one.name, one.reason) for one in found]


# Suggestions


async def test_an_approved_suggestion_becomes_a_draft_that_names_its_authors(world: World) -> None:
    ada, ben = await suggested(world, "Ada", "Ben")
    cura = await curator(world)
    reply = await world.act(approve, cura, Approve(ref="S1"))
    assert await state_of(world) is SuggestionState.APPROVED
    post = await stored(world, 1)
    assert (post.state, post.suggestion_id, post.author_id, post.link) == ("draft", 1, cura.id, LINK)
    assert action_of(reply.card, Edit) == Edit(ref="P1")
    jobs = await world.jobs()
    assert ReadPage(post_id=1, window="") in jobs
    assert CreditVisits() in jobs
    assert RefreshSuggestion(suggestion_id=1) in jobs
    assert [one for one in jobs if isinstance(one, TellDecision)] == [
        TellDecision(suggestion_id=1, member_id=ada.id),
        TellDecision(suggestion_id=1, member_id=ben.id),
    ]
    assert await decided(world, "suggestion", 1) == [("approved", "Cura", "")]


async def test_the_page_of_an_approved_suggestion_is_read_without_a_window(world: World) -> None:
    await suggested(world)
    await world.act(approve, await curator(world), Approve(ref="S1"))
    await run_job(world, read_page, ReadPage(post_id=1, window=""))
    assert world.pages.read_urls == [LINK]
    assert world.surface.redrawn == []
    assert (await stored(world, 1)).typed["trouble"] == "not_found"


async def test_edit_and_approve_opens_the_reading_window_at_once(world: World) -> None:
    await suggested(world)
    cura = await curator(world)
    reply = await world.act(edit, cura, Edit(ref="S1"))
    assert reply.form is not None
    assert ReadPage(post_id=1, window=reply.form.ref) in await world.jobs()
    assert await state_of(world) is SuggestionState.APPROVED
    again = await world.act(edit, cura, Edit(ref="S1"))
    assert again.form is not None
    assert again.form.submit is not None


async def test_a_declined_suggestion_tells_every_author_why(world: World) -> None:
    ada, ben = await suggested(world, "Ada", "Ben")
    await world.act(decline, await curator(world), Decline(ref="S1", reason="We shared this in May."))
    assert await state_of(world) is SuggestionState.DECLINED
    for one in (ada, ben):
        await run_job(world, tell_decision, TellDecision(suggestion_id=1, member_id=one.id))
    assert [person for person, _ in world.surface.told] == [ada.person_ref, ben.person_ref]
    assert all("We shared this in May." in words_of(card) for _, card in world.surface.told)
    assert await decided(world, "suggestion", 1) == [("declined", "Cura", "We shared this in May.")]


async def test_authors_are_told_within_their_working_hours(world: World) -> None:
    world.clock.at = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)  # a Saturday evening
    await suggested(world)
    await world.act(decline, await curator(world), Decline(ref="S1", reason="No."))
    async with world.sessions.reading() as session:
        row = (await session.scalars(select(JobRow).where(JobRow.kind == "tell_decision"))).one()
    assert row.run_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # Monday, nine o'clock in Amsterdam


async def test_the_second_curator_is_told_who_was_first_what_they_decided_and_when(world: World) -> None:
    await suggested(world)
    first, second = await curator(world, "Nadia"), await curator(world, "Thomas")
    await world.act(decline, first, Decline(ref="S1", reason="Not ours."))
    for use_case, action in ((approve, Approve(ref="S1")), (decline, Decline(ref="S1", reason="No"))):
        with pytest.raises(Unable) as caught:
            await world.act(use_case, second, action)  # type: ignore[arg-type]
        assert caught.value.reason == "decide.was_first"
        assert caught.value.params["done"] == "Declined by Nadia, Monday 23 November, 11:00."
    assert len(await decided(world, "suggestion", 1)) == 1


async def test_the_card_shows_who_decided_what(world: World) -> None:
    await suggested(world)
    await run_job(world, show_suggestion, ShowSuggestion(suggestion_id=1))
    await world.act(decline, await curator(world), Decline(ref="S1", reason="Not ours."))
    await run_job(world, refresh_suggestion, RefreshSuggestion(suggestion_id=1))
    card = world.surface.updated[0][2]
    assert "Declined by Cura" in words_of(card)
    assert "Not ours." in words_of(card)
    assert not has_action(card, Approve)


async def test_declining_asks_for_a_reason_in_a_window(world: World) -> None:
    await suggested(world)
    cura = await curator(world)
    reply = await world.act(open_decline, cura, OpenDecline(ref="1"))
    assert reply.form is not None
    assert isinstance(field_of(reply.form, "reason"), TextField)
    assert reply.form.submit == Decline(ref="S1")
    await world.act(decline, cura, Decline(ref="S1", reason="No"))
    with pytest.raises(Unable) as caught:
        await world.act(open_decline, cura, OpenDecline(ref="S1"))
    assert caught.value.reason == "decide.was_first"


@pytest.mark.parametrize(("reason", "key"), [("  ", "decide.reason_empty"), ("x" * 501, "decide.reason_long")])
async def test_a_reason_is_needed_and_is_short(world: World, reason: str, key: str) -> None:
    await suggested(world)
    with pytest.raises(Unable) as caught:
        await world.act(decline, await curator(world), Decline(ref="S1", reason=reason))
    assert caught.value.reason == key
    assert await state_of(world) is SuggestionState.RECEIVED


async def test_the_same_link_can_be_suggested_anew_after_a_decision(world: World) -> None:
    (ada,) = await suggested(world)
    await world.act(decline, await curator(world), Decline(ref="S1", reason="Not now."))
    await world.act(suggest, ada, Suggest(link=LINK))
    assert await state_of(world, 2) is SuggestionState.RECEIVED


# References


@pytest.mark.parametrize(
    ("ref", "key"),
    [
        ("", "decide.unclear"),
        ("bananas", "decide.unclear"),
        ("S1 P1", "decide.unclear"),
        ("\uff19", "decide.unclear"),
        ("S99", "decide.unknown"),
        ("P99", "decide.unknown"),
        ("99", "decide.unknown"),
        ("9" * 15, "decide.unknown"),
        ("9" * 40, "decide.unclear"),
    ],
)
async def test_a_reference_that_names_nothing_is_answered_with_what_helps(world: World, ref: str, key: str) -> None:
    cura = await curator(world)
    for use_case, action in ((approve, Approve(ref=ref)), (withdraw, Withdraw(ref=ref)), (edit, Edit(ref=ref))):
        if ref.startswith("S") and use_case is withdraw:
            continue
        with pytest.raises(Unable) as caught:
            await world.act(use_case, cura, action)  # type: ignore[arg-type]
        assert caught.value.reason == key


async def test_a_bare_number_is_the_open_suggestion_else_the_post_and_asks_when_it_is_both(world: World) -> None:
    await suggested(world)
    cura = await curator(world)
    post = await pending(world)
    assert post.id == 1
    with pytest.raises(Unable) as caught:
        await world.act(approve, cura, Approve(ref="1"))
    assert caught.value.reason == "decide.which"
    await world.act(decline, cura, Decline(ref="s1", reason="No"))
    await world.act(approve, cura, Approve(ref="#1"))
    assert (await stored(world, 1)).state == "published"


async def test_what_can_only_be_done_with_posts_says_so(world: World) -> None:
    await suggested(world)
    with pytest.raises(Unable) as caught:
        await world.act(withdraw, await curator(world), Withdraw(ref="S1"))
    assert caught.value.reason == "decide.posts_only"


# Posts


async def test_a_colleague_approves_a_pending_post_and_it_goes_out(world: World) -> None:
    post = await pending(world)
    await world.act(approve, await curator(world, "Thomas"), Approve(ref=f"P{post.id}"))
    assert (await stored(world, post.id)).state == "published"
    assert await world.jobs() == [
        AnnounceIn(announcement_id=1),
        ShowPending(post_id=post.id),
        TellPostDecision(post_id=post.id),
    ]


async def test_an_approved_post_with_a_later_time_waits_for_it(world: World) -> None:
    post = await pending(world, publish_at=NOW + timedelta(days=1))
    await world.act(approve, await curator(world, "Thomas"), Approve(ref=f"P{post.id}"))
    assert (await stored(world, post.id)).state == "scheduled"


async def test_nobody_approves_their_own_pending_post(world: World) -> None:
    cura = await curator(world)
    post = await pending(world, author=cura)
    with pytest.raises(Unable) as caught:
        await world.act(approve, cura, Approve(ref=f"P{post.id}"))
    assert caught.value.reason == "decide.own"
    assert (await stored(world, post.id)).state == "pending"


@pytest.mark.parametrize(
    ("address", "is_own"), [(" Nadia@Brightwater.example", True), ("thomas@brightwater.example", False), (None, False)]
)
async def test_nobody_approves_their_own_pending_post_from_another_chat(
    world: World, address: str | None, *, is_own: bool
) -> None:
    nadia = await world.add_member("Nadia", role="curator", email="nadia@brightwater.example")
    there = await world.add_member("Nadia T.", role="curator", platform="there", email=address)
    post = await pending(world, author=nadia)
    if not is_own:
        await world.act(approve, there, Approve(ref=f"P{post.id}"))
        assert (await stored(world, post.id)).state == "published"
        return
    with pytest.raises(Unable) as caught:
        await world.act(approve, there, Approve(ref=f"P{post.id}"))
    assert caught.value.reason == "decide.own"
    assert (await stored(world, post.id)).state == "pending"


async def test_two_curators_at_once_decide_a_post_once(world: World) -> None:
    post = await pending(world)
    await world.act(decline, await curator(world, "Nadia"), Decline(ref=f"P{post.id}", reason="Too early."))
    with pytest.raises(Unable) as caught:
        await world.act(approve, await curator(world, "Thomas"), Approve(ref=f"P{post.id}"))
    assert "Declined by Nadia" in str(caught.value.params["done"])
    assert (await stored(world, post.id)).state == "declined"


async def test_a_draft_is_not_approved_but_opened(world: World) -> None:
    post = await world.add_post(state="draft", published_at=None)
    cura = await curator(world)
    with pytest.raises(Unable) as caught:
        await world.act(approve, cura, Approve(ref=f"P{post.id}"))
    assert caught.value.reason == "decide.draft"
    reply = await world.act(edit, cura, Edit(ref=f"P{post.id}"))
    assert reply.form is not None
    assert reply.fallback is not None


async def test_the_form_of_a_post_that_was_never_typed_here_shows_how_it_stands(world: World) -> None:
    post = await world.add_post("Hello", "nl@x:Hallo", expires_at=NOW + timedelta(days=3))
    form = (await world.act(edit, await curator(world), Edit(ref=f"P{post.id}"))).form
    assert form is not None
    shown = {one.name: getattr(one, "value", None) for one in form.body if hasattr(one, "name")}
    assert (shown["title"], shown["wording_1"], shown["expires_on"], shown["expires_at"]) == (
        "Winter report",
        "Hello",
        "2026-11-26",
        "11:00",
    )
    assert "publish_on" not in shown


@pytest.mark.parametrize("state", ["withdrawn", "expired", "declined"])
async def test_what_is_over_cannot_be_edited(world: World, state: str) -> None:
    post = await world.add_post(state=state)
    with pytest.raises(Unable) as caught:
        await world.act(edit, await curator(world), Edit(ref=f"P{post.id}"))
    assert caught.value.reason == "post.closed"


async def test_a_scheduled_post_gets_another_time_in_the_curators_zone(world: World) -> None:
    post = await world.add_post(state="scheduled", published_at=None, publish_at=NOW + timedelta(days=1))
    cura = await curator(world)
    reply = await world.act(schedule, cura, Schedule(ref=f"{post.id}", when="tomorrow 14:30"))
    assert (await stored(world, post.id)).publish_at == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert "Tuesday 24 November, 14:30" in words_of(reply.card)
    form = (await world.act(edit, cura, Edit(ref=f"P{post.id}"))).form
    assert form is not None
    shown = {one.name: getattr(one, "value", None) for one in form.body if hasattr(one, "name")}
    assert (shown["publish_on"], shown["publish_at"]) == ("2026-11-24", "14:30")


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("", "when.empty"),
        ("bananas", "when.unreadable"),
        ("31 february 9:00", "when.no_such_date"),
        ("2026-11-20 09:00", "when.past"),
        ("2027-03-28 02:30", "when.skipped_by_clocks"),
        ("tomorrow", "when.no_time"),
        ("2040-01-01 09:00", "when.too_far"),
    ],
)
async def test_a_time_that_cannot_be_is_answered_with_one_that_can(world: World, when: str, key: str) -> None:
    post = await world.add_post(state="scheduled", published_at=None, publish_at=NOW + timedelta(days=1))
    with pytest.raises(Unable) as caught:
        await world.act(schedule, await curator(world), Schedule(ref=f"P{post.id}", when=when))
    assert caught.value.reason == key
    assert caught.value.params["hint"]
    assert (await stored(world, post.id)).publish_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("state", "key"),
    [("draft", "decide.schedule_draft"), ("pending", "decide.schedule_pending"), ("published", "decide.wrong_state")],
)
async def test_only_an_approved_post_is_scheduled(world: World, state: str, key: str) -> None:
    post = await world.add_post(state=state)
    with pytest.raises(Unable) as caught:
        await world.act(schedule, await curator(world), Schedule(ref=f"P{post.id}", when="tomorrow 9:00"))
    assert caught.value.reason == key


async def test_a_withdrawn_post_is_withdrawn_at_once_and_only_once(world: World) -> None:
    post = await world.add_post()
    cura = await curator(world, "Thomas")
    reply = await world.act(withdraw, cura, Withdraw(ref=f"P{post.id}"))
    assert "withdrawn" in words_of(reply.card)
    held = await stored(world, post.id)
    assert (held.state, held.withdrawn_at) == ("withdrawn", NOW)
    with pytest.raises(Unable) as caught:
        await world.act(withdraw, cura, Withdraw(ref=f"P{post.id}"))
    assert "Withdrawn by you" in str(caught.value.params["done"])
    assert await decided(world, "post", post.id) == [("withdrawn", "Thomas", "")]


@pytest.mark.parametrize("state", ["draft", "pending"])
async def test_what_nobody_has_seen_is_not_withdrawn(world: World, state: str) -> None:
    post = await world.add_post(state=state)
    with pytest.raises(Unable) as caught:
        await world.act(withdraw, await curator(world), Withdraw(ref=f"P{post.id}"))
    assert caught.value.reason == f"decide.withdraw_{state}"
