"""After the click: what is said, proved, seen and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import (
    ChangeShare,
    DismissPost,
    LeaveForNetwork,
    OpenPermalink,
    OpenShare,
    SayShared,
    SubmitPermalink,
    UndoShare,
)
from bot.core.errors import NotFound, TryLater, Unable
from bot.core.jobs import AskShared, CreditVisits, RefreshAnnouncement
from bot.core.reply import Reply
from handlers import ask, dismiss, share
from storage.models import Announcement, Dismissal, LedgerEntry, Member, Share, Total, TrackedLink, Visit
from tests.handlers.conftest import GENERAL, NOW, World
from tests.handlers.sharing import OWN, POSTED, all_shares, left, opened, share_of
from tests.handlers.windows import action_of, buttons_of, has_action, link_of, text_of, words_of


async def test_an_undone_share_gives_its_wording_back(world: World) -> None:
    post = await world.add_post("Only wording.")
    ada, ben = await world.add_member("Ada"), await world.add_member("Ben")
    await left(world, ada, post, "Only wording.")
    assert (await share_of(world)).wording_id is not None
    await world.act(share.undo_share, ada, UndoShare(share_id=1))
    assert text_of((await opened(world, ben, post)).form) == "Only wording."


async def test_saying_it_is_kept_as_said_and_earns_nothing(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    reply = await world.act(share.say_shared, ada, SayShared(share_id=1))
    assert "Kept as you said it" in words_of(reply.card)
    kept = await share_of(world)
    assert (kept.said_at, kept.confirmed_at, kept.state) == (NOW, None, "draft")
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(LedgerEntry))).all() == []


async def test_whoever_has_shared_sees_what_came_of_it(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    await world.act(share.say_shared, ada, SayShared(share_id=1))
    async with world.sessions.begin() as session:
        visits = [("human", b"a" * 16), ("human", b"a" * 16), ("human", b"b" * 16), ("preview", b"c" * 16)]
        session.add_all(
            Visit(link_id=1, at=NOW, on_day=NOW.date(), kind=kind, visitor=who, prefix=who, credited_at=NOW)
            for kind, who in visits
        )
    reply = await opened(world, ada, post)
    shown = words_of(reply.form)
    assert OWN in shown
    assert "Visitors: 2" in shown
    assert "Points: 0" in shown
    elsewhere = [one.action for one in buttons_of(reply.form) if isinstance(one.action, ChangeShare)]
    assert [one.network for one in elsewhere] == ["x", "facebook"]
    other = await world.act(share.change_share, ada, elsewhere[0])
    assert link_of(other.form).startswith("https://vouch.brightwater.example/go/")


async def test_what_is_not_known_is_not_shown_as_nothing(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    await world.act(share.say_shared, ada, SayShared(share_id=1))
    world.clock.advance(world.programme.retention.visits + timedelta(days=1))
    assert "Visitors: not available" in words_of((await opened(world, ada, post)).form)


async def test_the_link_of_the_post_confirms_the_share(world: World) -> None:
    post = await world.add_post("Words.")
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1", posted_at=NOW))
    ada = await world.add_member()
    await left(world, ada, post)
    form = (await world.act(share.open_permalink, ada, OpenPermalink(share_id=1))).form
    assert form is not None
    assert form.submit == SubmitPermalink(share_id=1)
    reply = await world.act(share.submit_permalink, ada, SubmitPermalink(share_id=1, url=f" {POSTED}?utm=1 "))
    assert reply.closes
    assert "confirmed" in words_of(reply.card)
    kept = await share_of(world)
    assert (kept.state, kept.confirmed_at) == ("confirmed", NOW)
    assert kept.permalink_key == POSTED.rstrip("/")
    assert await world.jobs() == [CreditVisits(), RefreshAnnouncement(announcement_id=1)]


async def test_a_wrong_link_keeps_the_window_open_and_says_what_to_do(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    for url in ("", "not a link", "https://x.com/a/status/12345", "https://www.linkedin.com/in/ada"):
        reply = await world.act(share.submit_permalink, ada, SubmitPermalink(share_id=1, url=url))
        assert "not the link of a post on LinkedIn" in reply.errors["url"]
    assert (await share_of(world)).state == "draft"


async def test_one_post_on_a_network_confirms_one_share(world: World) -> None:
    post = await world.add_post("Words.")
    ada, ben = await world.add_member(), await world.add_member("Ben")
    await left(world, ada, post)
    await left(world, ben, post, "Something else altogether.")
    await world.act(share.submit_permalink, ada, SubmitPermalink(share_id=1, url=POSTED))
    reply = await world.act(share.submit_permalink, ben, SubmitPermalink(share_id=2, url=POSTED + "?from=app"))
    assert "another share" in reply.errors["url"]
    assert (await share_of(world, 2)).state == "draft"


async def test_networks_without_addresses_for_posts_say_how_points_come(world: World) -> None:
    post = await world.add_post("Words.", networks=["whatsapp"])
    ada = await world.add_member()
    await opened(world, ada, post)
    with pytest.raises(Unable, match=r"permalink\.none"):
        await world.act(share.open_permalink, ada, OpenPermalink(share_id=1))


async def test_undo_reverses_the_points_once_and_leaves_the_link(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    async with world.sessions.begin() as session:
        for kind, points in (("share", 7), ("own_words", 5)):
            session.add(
                LedgerEntry(
                    member_id=ada.id, at=NOW, on_day=NOW.date(), kind=kind, points=points, key=f"{kind}:1",
                    rule_version=1, share_id=1,
                )
            )  # fmt: skip
        session.add(Total(member_id=ada.id, period="week", starts_on=NOW.date(), points=12, shares=1, visits=4))
    reply = await world.act(share.undo_share, ada, UndoShare(share_id=1))
    assert "only you can delete it there" in words_of(reply.card)
    with pytest.raises(Unable, match=r"share\.undone_already"):
        await world.act(share.undo_share, ada, UndoShare(share_id=1))
    async with world.sessions.reading() as session:
        entries = (await session.scalars(select(LedgerEntry).order_by(LedgerEntry.id))).all()
        total = (await session.scalars(select(Total).where(Total.period == "week"))).one()
        links = (await session.scalars(select(TrackedLink))).all()
    assert sum(one.points for one in entries) == 0
    assert len(entries) == 4
    assert (total.points, total.shares, total.visits) == (0, 0, 4)
    assert len(links) == 1
    assert (await share_of(world)).state == "undone"


async def test_after_undo_the_post_can_be_shared_anew(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    await world.act(share.submit_permalink, ada, SubmitPermalink(share_id=1, url=POSTED))
    reply = await world.act(share.undo_share, ada, UndoShare(share_id=1))
    await world.act(share.open_share, ada, action_of(reply.card, OpenShare))
    assert [one.state for one in await all_shares(world)] == ["undone", "draft"]
    again = await world.act(share.submit_permalink, ada, SubmitPermalink(share_id=2, url=POSTED))
    assert again.errors == {}


async def test_not_for_me_is_private_and_kept_once(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    for _ in range(2):
        reply = await world.act(dismiss.dismiss_post, ada, DismissPost(post_id=post.id))
        assert "Nobody sees this" in words_of(reply.card)
    async with world.sessions.reading() as session:
        assert len((await session.scalars(select(Dismissal))).all()) == 1


async def test_how_it_went_is_asked_once_and_not_if_it_is_known(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    assert await ask.ask_shared(world.out, AskShared(share_id=1)) is None
    assert world.surface.told == []  # the network was never opened
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).opened_at = NOW
    await ask.ask_shared(world.out, AskShared(share_id=1))
    [(who, card)] = world.surface.told
    assert who == ada.person_ref
    assert [type(one.action) for one in buttons_of(card)] == [SayShared, OpenPermalink, UndoShare]
    await world.act(share.say_shared, ada, SayShared(share_id=1))
    await ask.ask_shared(world.out, AskShared(share_id=1))
    assert len(world.surface.told) == 1


async def test_nobody_is_asked_in_the_evening_however_long_the_question_waited(world: World) -> None:
    await left(world, await world.add_member(), await world.add_post("Words."))
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).opened_at = NOW
    world.clock.advance(timedelta(hours=9))  # 20:00 in Amsterdam
    with pytest.raises(TryLater):
        await ask.ask_shared(world.out, AskShared(share_id=1))
    assert world.surface.told == []


async def test_in_the_window_answers_redraw_it_and_the_link_is_asked_for_over_it(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    assert (await world.act(share.open_permalink, ada, OpenPermalink(share_id=1), window="V1")).is_stacked
    said = await world.act(share.say_shared, ada, SayShared(share_id=1), window="V1")
    assert "Kept as you said it" in words_of(said.form)
    undone = await world.act(share.undo_share, ada, UndoShare(share_id=1), window="V1")
    assert has_action(undone.form, OpenShare)


async def test_old_buttons_of_an_undone_share_change_nothing(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    await world.act(share.undo_share, ada, UndoShare(share_id=1))
    for use_case, action in (
        (share.leave_for_network, LeaveForNetwork(share_id=1, network="linkedin", text="New")),
        (share.say_shared, SayShared(share_id=1)),
        (share.open_permalink, OpenPermalink(share_id=1)),
        (share.submit_permalink, SubmitPermalink(share_id=1, url=POSTED)),
    ):
        with pytest.raises(NotFound):
            await world.act(use_case, ada, action)  # type: ignore[arg-type]
    kept = await share_of(world)
    assert (kept.state, kept.text, kept.said_at) == ("undone", OWN, None)


@pytest.mark.parametrize("state", ["queued", "sending"])
async def test_what_is_under_way_is_left_alone(world: World, state: str) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).state = state
    assert OWN in words_of((await opened(world, ada, post)).form)
    late = LeaveForNetwork(share_id=1, network="linkedin", text="Another text")
    assert OWN in words_of((await world.act(share.leave_for_network, ada, late, window="V1")).form)
    if state == "sending":
        with pytest.raises(Unable, match=r"share\.refused_under_way"):
            await world.act(share.undo_share, ada, UndoShare(share_id=1))
    assert (await share_of(world)).text == OWN
    await confirm(world, ada)  # it is out by another way: then nothing is sent any more
    assert (await share_of(world)).state == "confirmed"


async def undo(world: World, member: Member) -> Reply:
    return await world.act(share.undo_share, member, UndoShare(share_id=1))


async def confirm(world: World, member: Member) -> Reply:
    return await world.act(share.submit_permalink, member, SubmitPermalink(share_id=1, url=POSTED))


async def test_a_post_that_is_gone_cannot_be_put_aside(world: World) -> None:
    with pytest.raises(NotFound):
        await world.act(dismiss.dismiss_post, await world.add_member(), DismissPost(post_id=99))


async def test_whoever_has_left_is_not_asked(world: World) -> None:
    post = await world.add_post("Words.")
    ada = await world.add_member()
    await left(world, ada, post)
    async with world.sessions.begin() as session:
        (await session.get_one(Share, 1)).opened_at = NOW
        (await session.get_one(Member, ada.id)).left_at = NOW
    await ask.ask_shared(world.out, AskShared(share_id=1))
    assert world.surface.told == []
