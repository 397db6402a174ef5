"""Sharing later: a time for one's own text, one question at that time, and nothing posted without a click."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from bot.core.actions import (
    CancelLater,
    ChangeShare,
    LeaveForNetwork,
    OpenLater,
    OpenShare,
    SayShared,
    ShareNow,
    SubmitLater,
)
from bot.core.cards import Button, Card, DateField, Form, SelectField, Text, TimeField, plain
from bot.core.errors import TryLater, Unable
from bot.core.jobs import AskLater
from bot.core.later import APART
from handlers import go, later, share, share_now
from handlers.go import GoAsk, GoState
from storage.models import JobRow, Member, Post, Share, TrackedLink, Visit
from storage.queries import erasure, retention
from tests.handlers.conftest import NOW, SECRET, World, run_job
from tests.handlers.delivering import by_api, connected, work
from tests.handlers.sharing import OWN, opened, share_of
from tests.handlers.windows import action_of, buttons_of, field_of, has_action, link_of, text_of, words_of

TOMORROW = "2026-11-24"
AT = datetime.fromisoformat("2026-11-24T08:30:00+00:00")  # half past nine in Amsterdam


async def asked(world: World, member: Member, post: Post, text: str = OWN, network: str = "linkedin") -> Form:
    """Return the window that asks when, from a share window in which `text` was typed."""
    await opened(world, member, post)
    reply = await world.act(later.open_later, member, OpenLater(share_id=1, network=network, text=text), window="W1")
    assert reply.form is not None
    return reply.form


async def newest_share(world: World) -> int:
    """Return the number of the share that was added last: a database may leave some out."""
    async with world.sessions.reading() as session:
        return await session.scalar(select(func.max(Share.id))) or 0


async def planned(world: World, member: Member, post: Post, day: str = TOMORROW, time: str = "09:30") -> Card:
    await asked(world, member, post)
    reply = await world.act(later.submit_later, member, SubmitLater(share_id=1, day=day, time=time), window="W2")
    assert reply.closes
    assert reply.card is not None
    return reply.card


async def at_the_time(world: World, late_by: timedelta = timedelta(0)) -> Card | None:
    """Do the job at the time that was picked; return what the member was told, if anything."""
    world.clock.at = AT + late_by
    before = len(world.surface.told)
    await run_job(world, later.ask_later, AskLater(share_id=1))
    return world.surface.told[-1][1] if len(world.surface.told) > before else None


async def waiting(world: World) -> list[tuple[str, datetime]]:
    async with world.sessions.reading() as session:
        rows = await session.scalars(select(JobRow).where(JobRow.kind == "ask_later").order_by(JobRow.id))
        return [(row.state, row.run_at) for row in rows]


def quoted(card: Card | None) -> str:
    """Return the text that a card shows as it would go out."""
    assert card is not None
    return next(plain(one.spans) for one in card.body if isinstance(one, Text) and one.style == "quote")


async def visited(world: World, at: datetime, times: int) -> None:
    async with world.sessions.begin() as session:
        link = (await session.scalars(select(TrackedLink).order_by(TrackedLink.id))).first()
        assert link is not None
        session.add_all(
            Visit(
                link_id=link.id,
                at=at + timedelta(minutes=one),
                on_day=at.date(),
                kind="human",
                visitor=bytes([one]) * 16,
                prefix=b"p" * 16,
                credited_at=NOW,
            )
            for one in range(times)
        )


async def test_the_window_keeps_the_text_and_offers_times(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    form = await asked(world, ada, post)
    pick = field_of(form, "pick")
    assert isinstance(pick, SelectField)
    assert [one.label for one in pick.options] == [
        "Monday 23 November, 12:20",
        "Tuesday 24 November, 10:20",
        "Wednesday 25 November, 14:20",
    ]
    assert pick.value == pick.options[0].value
    assert any(isinstance(one, DateField) for one in form.body)
    assert any(isinstance(one, TimeField) for one in form.body)
    kept = await share_of(world)
    assert (kept.text, kept.state, kept.is_own_words) == (OWN, "draft", True)
    assert await world.jobs() == []


async def test_the_share_window_has_the_button(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    assert has_action((await opened(world, ada, post)).form, OpenLater)


async def test_hours_in_which_people_came_by_are_recommended(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await opened(world, ada, post)
    await visited(world, NOW - timedelta(days=6, hours=-5), 6)  # last Tuesday, four in the afternoon
    pick = field_of(await asked(world, ada, post), "pick")
    assert isinstance(pick, SelectField)
    assert [one.label for one in pick.options if "recommended" in one.label] == [
        "Tuesday 24 November, 16:20 · recommended"
    ]
    assert "follow your links" in pick.hint


async def test_a_text_that_is_too_long_is_kept_and_answered_in_its_window(world: World) -> None:
    post, ada = await world.add_post("Words.", networks=["x"]), await world.add_member()
    form = await asked(world, ada, post, "a" * 300, "x")
    assert form.title == "Share this post"
    assert "too long for X" in words_of(form)
    assert (await share_of(world)).text == "a" * 300


async def test_another_network_chosen_in_the_window_is_the_one_that_is_asked_for(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    world.is_live = False
    form = await asked(world, ada, post, OWN, "x")
    assert "X" in words_of(form)
    kept = await share_of(world, 2)
    assert (kept.network, kept.text) == ("x", OWN)
    reply = await world.act(later.submit_later, ada, SubmitLater(share_id=2, day=TOMORROW, time="09:30"))
    assert reply.closes
    assert await world.jobs() == [AskLater(share_id=2)]


async def test_a_time_that_was_picked_is_said_kept_and_shown(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    card = await planned(world, ada, post)
    assert card.title == "I will ask you on Tuesday 24 November, 09:30"
    assert has_action(card, CancelLater)
    assert (await share_of(world)).later_at == AT
    assert await waiting(world) == [("queued", AT)]
    shown = (await opened(world, ada, post)).form
    assert "You will be asked on Tuesday 24 November, 09:30" in words_of(shown)
    assert has_action(shown, CancelLater)
    assert text_of(shown) == OWN


async def test_a_colleague_gets_neither_the_wording_nor_the_time(world: World) -> None:
    post, ada, ben = await world.add_post("Only one."), await world.add_member(), await world.add_member("Ben")
    await asked(world, ada, post, "Only one.")
    pick = field_of(await asked(world, ada, post, "Only one."), "pick")
    assert isinstance(pick, SelectField)
    taken = datetime.fromisoformat(pick.options[1].value)
    await world.act(later.submit_later, ada, SubmitLater(share_id=1, pick=pick.options[1].value), window="W2")
    world.clock.advance(timedelta(hours=1))
    assert text_of((await opened(world, ben, post)).form) == ""
    number = await newest_share(world)
    reply = await world.act(
        later.open_later, ben, OpenLater(share_id=number, network="linkedin", text=OWN), window="W3"
    )
    theirs = field_of(reply.form, "pick")
    assert isinstance(theirs, SelectField)
    offered = [datetime.fromisoformat(one.value) for one in theirs.options]
    assert all(abs(one - taken) >= APART for one in offered)
    late = await world.act(later.submit_later, ben, SubmitLater(share_id=number, pick=taken.isoformat()), window="W4")
    assert (await share_of(world, number)).later_at == taken + APART
    assert "a little later" in words_of(late.card)


@pytest.mark.parametrize(
    ("action", "box", "why"),
    [
        (SubmitLater(share_id=1), "pick", "Pick one of the moments"),
        (SubmitLater(share_id=1, day="2026-11-22", time="09:00"), "day", "That moment has passed"),
        (SubmitLater(share_id=1, day="2027-01-22", time="09:00"), "day", "more than 30 days ahead"),
        (SubmitLater(share_id=1, day=TOMORROW, time="12:00"), "day", "ends on Tuesday 24 November, 11:00"),
        (SubmitLater(share_id=1, day=TOMORROW), "time", "A time is missing"),
    ],
)
async def test_a_time_that_cannot_be_is_answered_beside_its_box(
    world: World, action: SubmitLater, box: str, why: str
) -> None:
    ends = AT + timedelta(hours=1, minutes=30)
    post, ada = await world.add_post("Words.", expires_at=ends), await world.add_member()
    await asked(world, ada, post)
    reply = await world.act(later.submit_later, ada, action, window="W2")
    assert [*reply.errors] == [box]
    assert why in reply.errors[box]
    assert reply.form is not None
    assert await world.jobs() == []


async def test_where_nothing_can_be_offered_the_day_is_what_is_missing(world: World) -> None:
    post, ada = await world.add_post("Words.", expires_at=NOW + timedelta(minutes=20)), await world.add_member()
    form = await asked(world, ada, post)
    assert "no good moment to offer" in words_of(form)
    assert not any(isinstance(one, SelectField) for one in form.body)
    reply = await world.act(later.submit_later, ada, SubmitLater(share_id=1), window="W2")
    assert [*reply.errors] == ["day"]


async def test_picking_again_takes_back_the_first_question(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post, time="18:00")
    await planned(world, ada, post)
    evening = AT + timedelta(hours=8, minutes=30)
    assert await waiting(world) == [("dropped", evening), ("queued", AT)]
    await planned(world, ada, post, time="18:00")
    assert await waiting(world) == [("dropped", evening), ("dropped", AT), ("queued", evening)]
    assert await at_the_time(world) is None  # a question under way for the time before finds that another is meant


async def test_do_not_ask_keeps_the_text(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    reply = await world.act(later.cancel_later, ada, CancelLater(share_id=1))
    assert reply.card is not None
    assert has_action(reply.card, OpenShare)
    assert await waiting(world) == [("dropped", AT)]
    assert text_of((await opened(world, ada, post)).form) == OWN
    again = await world.act(later.cancel_later, ada, CancelLater(share_id=1))
    assert again.card == reply.card


async def test_in_the_window_do_not_ask_gives_back_what_was_typed(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    action = CancelLater(share_id=1, network="linkedin", text="Typed since.")
    form = (await world.act(later.cancel_later, ada, action, window="W1")).form
    assert text_of(form) == "Typed since."
    assert not has_action(form, CancelLater)


async def test_at_that_time_one_private_question_shows_exactly_what_would_go_out(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    card = await at_the_time(world)
    assert card is not None
    person, _ = world.surface.told[-1]
    assert person == ada.person_ref
    async with world.sessions.reading() as session:
        slug = await session.scalar(select(TrackedLink.slug))
    whole = f"#BrightwaterEmployee\n\n{OWN}\n\nhttps://vouch.brightwater.example/l/{slug}"
    assert quoted(card) == whole
    first, *rest = buttons_of(card)
    assert first.label == "Share now on LinkedIn"
    assert [type(one.action) for one in rest] == [ChangeShare, CancelLater]
    assert (await share_of(world)).later_at is None
    assert (await share_of(world)).state == "draft"
    assert await at_the_time(world) is None


async def test_its_link_leads_to_the_composer_for_a_day_and_once(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    url = urlsplit(link_of(await at_the_time(world)))
    world.clock.advance(timedelta(hours=23))
    ask = GoAsk(
        token=url.path.removeprefix("/go/"),
        secret=SECRET,
        now=world.clock.now(),
        programme=world.programme,
        composers=world.composers,
    )
    async with world.sessions.begin() as session:
        went = await go.finish_go(session, ask)
        again = await go.finish_go(session, ask)
    assert (went.state, again.state) == (GoState.READY, GoState.USED)
    assert went.redirect is not None
    assert OWN in went.text


async def test_with_a_connected_account_the_one_button_shares(world: World) -> None:
    network = by_api(world)
    post, ada = await world.add_post("Words."), await connected(world)
    await planned(world, ada, post)
    card = await at_the_time(world)
    assert not has_action(card, LeaveForNetwork)
    await work(world)
    assert network.published == []
    await world.act(share_now.share_now, ada, action_of(card, ShareNow))
    await work(world)
    assert [one.text for one in network.published] == [quoted(card)]


async def test_without_a_public_address_the_way_is_by_the_window(world: World) -> None:
    world.programme = replace(world.programme, public_url=None)
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    card = await at_the_time(world)
    assert all(isinstance(one, Button) for one in buttons_of(card))
    assert [type(one.action) for one in buttons_of(card)] == [ChangeShare, CancelLater]


async def test_an_evening_that_the_member_picked_is_as_good_as_working_hours(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post, "2026-11-28", "22:00")
    world.clock.at = datetime.fromisoformat("2026-11-28T21:00:00+00:00")
    await run_job(world, later.ask_later, AskLater(share_id=1))
    assert len(world.surface.told) == 1


async def test_a_late_question_says_so_and_waits_for_working_hours(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    with pytest.raises(TryLater):
        await at_the_time(world, late_by=timedelta(hours=12))
    card = await at_the_time(world, late_by=timedelta(hours=24))
    assert "You asked for Tuesday 24 November, 09:30" in words_of(card)


async def test_what_is_shared_by_then_is_not_asked_about(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    await world.act(share.say_shared, ada, SayShared(share_id=1))
    assert await at_the_time(world) is None


async def test_where_only_the_composer_was_opened_the_question_knows_it(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state="opened", opened_at=NOW))
    card = await at_the_time(world)
    assert has_action(card, SayShared)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "withdrawn"}, "was withdrawn"),
        ({"state": "expired"}, "time of this post is over"),
        ({"networks": ["x"]}, "cannot be shared on that network"),
    ],
)
async def test_a_post_that_cannot_be_shared_any_more_is_said_briefly(
    world: World, change: dict[str, object], why: str
) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Post).values(change))
    card = await at_the_time(world)
    assert why in words_of(card)
    assert not buttons_of(card)
    assert await at_the_time(world) is None


async def test_whoever_left_is_asked_nothing(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == ada.id).values(left_at=NOW))
    assert await at_the_time(world) is None


async def test_a_withdrawn_post_takes_no_time(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await asked(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Post).values(state="withdrawn"))
    with pytest.raises(Unable):
        await world.act(later.submit_later, ada, SubmitLater(share_id=1, day=TOMORROW, time="09:30"))


async def test_a_text_that_waits_is_no_old_draft(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    async with world.sessions.begin() as session:
        await retention.forget_drafts(session, before=NOW + timedelta(days=20))
    assert (await share_of(world)).text == OWN
    assert await at_the_time(world) is not None


async def test_erasing_takes_the_question_along(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    await planned(world, ada, post)
    async with world.sessions.begin() as session:
        gone = erasure.Erased(member_id=ada.id, person_ref=ada.person_ref, random_ref="random")
        await erasure.erase_member(session, gone, now=NOW)
    assert await waiting(world) == []
    assert await at_the_time(world) is None
