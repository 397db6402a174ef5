"""Announcements: posted in their channels, kept up to date within the limits, and put right at a withdrawal."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import DismissPost, OpenShare, Withdraw
from bot.core.cards import Card, Image
from bot.core.errors import Refused, TryLater
from bot.core.jobs import (
    AnnounceIn,
    PublishDue,
    RefreshAnnouncement,
    TellPostDecision,
    TellWithdrawal,
    kind_of,
)
from handlers.announce import announce_in, publish_due, refresh_announcement, tell_withdrawal
from handlers.moderate import withdraw
from handlers.queue import tell_post_decision
from storage.models import Announcement, JobRow, Member, Post, Share
from storage.queries import announcements
from tests.handlers.conftest import GENERAL, NEWS, NOW, World, run_job
from tests.handlers.windows import buttons_of, has_action, words_of

HOSTILE = "<!channel> *b* _i_ ~s~ & <b> 😀 שלום"


async def scheduled(world: World, **changes: object) -> Post:
    """Add a post that is planned for an hour ago."""
    values: dict[str, object] = {"state": "scheduled", "publish_at": NOW - timedelta(hours=1), "published_at": None}
    return await world.add_post(**(values | changes))  # type: ignore[arg-type]


async def standing(world: World, *, channels: tuple[str, ...] = (GENERAL,), **changes: object) -> Post:
    """Add a published post whose announcements stand in their channels."""
    post = await world.add_post(channels=list(channels), **changes)  # type: ignore[arg-type]
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=world.clock.now())
        found = select(Announcement.id).where(Announcement.post_id == post.id, Announcement.message_ref.is_(None))
        ids = (await session.scalars(found)).all()
    for one in ids:
        await run_job(world, announce_in, AnnounceIn(announcement_id=one))
    world.surface.posted.clear()
    return post


async def share(world: World, post: Post, member: Member, *, state: str = "opened", network: str = "linkedin") -> None:
    """Add a share and have the card follow, as a click does."""
    async with world.sessions.begin() as session:
        session.add(Share(member_id=member.id, post_id=post.id, network=network, state=state, created_at=NOW))
        await session.flush()
        await announcements.queue_refresh(session, post_id=post.id, now=world.clock.now())


async def refreshes(world: World) -> list[JobRow]:
    """Return the waiting redraws in the order in which a worker takes them."""
    async with world.sessions.reading() as session:
        wanted = select(JobRow).where(JobRow.kind == kind_of(RefreshAnnouncement))
        return list((await session.scalars(wanted.order_by(JobRow.priority, JobRow.run_at, JobRow.id))).all())


def last_card(world: World) -> Card:
    return world.surface.updated[-1][2]


async def state_of(world: World, post: Post) -> str:
    async with world.sessions.reading() as session:
        return (await session.execute(select(Post.state).where(Post.id == post.id))).scalar_one()


# In the channel


async def test_an_announcement_shows_the_post_and_offers_share_and_not_for_me(world: World) -> None:
    post = await world.add_post(title=HOSTILE, summary=HOSTILE)
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
    await run_job(world, announce_in, AnnounceIn(announcement_id=1))
    channel, card = world.surface.posted[0]
    assert channel == GENERAL
    assert words_of(card).count(HOSTILE) == 2
    assert "Curated by Cura" in words_of(card)
    assert "Read it at brightwater.example" in words_of(card)
    assert any(isinstance(one, Image) for one in card.body)
    assert [one.action for one in buttons_of(card)] == [OpenShare(post_id=post.id), DismissPost(post_id=post.id)]
    assert "colleague" not in words_of(card)


async def test_each_channel_reads_its_own_language(world: World) -> None:
    post = await world.add_post(channels=[GENERAL, NEWS])
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
    for number in (1, 2):
        await run_job(world, announce_in, AnnounceIn(announcement_id=number))
    assert [buttons_of(card)[0].label for _, card in world.surface.posted] == ["Share", "Delen"]


async def test_without_a_public_address_the_card_says_that_nothing_is_counted(world: World) -> None:
    world.programme = replace(world.programme, public_url=None)
    post = await world.add_post()
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
    await run_job(world, announce_in, AnnounceIn(announcement_id=1))
    assert "not counted" in words_of(world.surface.posted[0][1])


@pytest.mark.parametrize("state", ["withdrawn", "expired"])
async def test_a_post_that_is_no_longer_out_is_not_announced(world: World, state: str) -> None:
    post = await world.add_post()
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
        (await session.get_one(Post, post.id)).state = state
    await run_job(world, announce_in, AnnounceIn(announcement_id=1))
    await run_job(world, announce_in, AnnounceIn(announcement_id=99))
    assert world.surface.posted == []


async def test_what_stands_already_is_not_posted_again(world: World) -> None:
    await standing(world)
    await run_job(world, announce_in, AnnounceIn(announcement_id=1))
    assert world.surface.posted == []


async def test_a_channel_that_refuses_is_not_swallowed(world: World) -> None:
    post = await world.add_post()
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
    world.surface.fail_next = [Refused("not_in_channel")]
    with pytest.raises(Refused):
        await run_job(world, announce_in, AnnounceIn(announcement_id=1))


async def test_a_post_withdrawn_while_it_was_being_posted_is_put_right(world: World) -> None:
    post = await world.add_post()
    async with world.sessions.begin() as session:
        await announcements.announce(session, post_id=post.id, now=NOW)
    record = await announce_in(world.out, AnnounceIn(announcement_id=1))
    world.clock.advance(timedelta(seconds=1))
    await world.act(withdraw, await world.add_member("Cura", role="curator"), Withdraw(ref=f"P{post.id}"))
    assert record is not None
    async with world.sessions.begin() as session:
        await record(session)
    assert len(await refreshes(world)) == 1
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert not has_action(last_card(world), OpenShare)


# Following the shares


async def test_shares_that_follow_each_other_are_one_redraw(world: World) -> None:
    post = await standing(world)
    for name in ("Ada", "Ben", "Cleo"):
        await share(world, post, await world.add_member(name))
    assert len(await refreshes(world)) == 1
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert "3 colleagues shared this" in words_of(last_card(world))


async def test_a_share_after_a_redraw_began_asks_for_another(world: World) -> None:
    post = await standing(world)
    await share(world, post, await world.add_member("Ada"))
    record = await refresh_announcement(world.out, RefreshAnnouncement(announcement_id=1))
    await share(world, post, await world.add_member("Ben"))
    assert record is not None
    async with world.sessions.begin() as session:
        await record(session)
    assert len(await refreshes(world)) == 2
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert "2 colleagues" in words_of(last_card(world))


async def test_a_click_that_waited_for_the_database_while_a_redraw_began_is_shown_too(world: World) -> None:
    post, cura = await standing(world), await world.add_member("Cura", role="curator")
    await share(world, post, await world.add_member("Ada"))
    clicked_at = world.clock.now()
    world.clock.advance(timedelta(seconds=1))
    record = await refresh_announcement(world.out, RefreshAnnouncement(announcement_id=1))
    world.clock.at, redrawn_at = clicked_at, world.clock.now()
    await world.act(withdraw, cura, Withdraw(ref=f"P{post.id}"))
    world.clock.at = redrawn_at
    assert record is not None
    async with world.sessions.begin() as session:
        await record(session)
        assert (await announcements.find_progress(session, post_id=post.id)).done == 0
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert not has_action(last_card(world), OpenShare)


async def test_a_share_that_was_being_committed_while_a_redraw_began_is_shown_too(world: World) -> None:
    """On PostgreSQL: it saw that a redraw still waited, which in turn did not see it."""
    post = await standing(world)
    await share(world, post, await world.add_member("Ada"))
    record = await refresh_announcement(world.out, RefreshAnnouncement(announcement_id=1))
    ben = await world.add_member("Ben")
    async with world.sessions.begin() as session:
        session.add(Share(member_id=ben.id, post_id=post.id, network="x", state="opened", created_at=NOW))
    assert record is not None
    for _ in range(2):  # one more redraw is enough
        async with world.sessions.begin() as session:
            await record(session)
    assert len(await refreshes(world)) == 2
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert "2 colleagues" in words_of(last_card(world))
    assert len(await refreshes(world)) == 2


async def test_people_are_counted_once_and_drafts_and_undone_shares_never(world: World) -> None:
    post, ada, ben = await standing(world), await world.add_member("Ada"), await world.add_member("Ben")
    await share(world, post, ada)
    await share(world, post, ada, network="x", state="evidenced")
    await share(world, post, ben, state="draft")
    await share(world, post, ben, network="x", state="undone")
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert "1 colleague shared this" in words_of(last_card(world))


async def test_nothing_is_redrawn_when_nothing_shown_would_change(world: World) -> None:
    post, ada = await standing(world), await world.add_member("Ada")
    await share(world, post, ada)
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    await share(world, post, ada, network="x")
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert len(world.surface.updated) == 1


async def test_forty_wait_in_turn_within_a_minute_and_beyond_that_the_newest_comes_first(world: World) -> None:
    author = await world.add_member("Cura", role="curator")
    ada = await world.add_member("Ada")
    every = [await standing(world, author=author) for _ in range(43)]
    for post in every:
        await share(world, post, ada)
        world.clock.advance(timedelta(milliseconds=1))
    waiting = await refreshes(world)
    numbers = [int(row.held.split(":")[1].rstrip("}")) for row in waiting]
    assert numbers == [*range(1, 41), 43, 42, 41]
    assert all(row.run_at <= world.clock.now() + timedelta(seconds=5) for row in waiting)
    for number in (1, 2, 3):
        await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=number))
    assert {row.priority for row in await refreshes(world)} == {0}


async def test_a_deleted_message_ends_quietly_and_a_busy_platform_does_not(world: World) -> None:
    post = await standing(world)
    await share(world, post, await world.add_member("Ada"))
    world.surface.fail_next = [TryLater(timedelta(seconds=1))]
    with pytest.raises(TryLater):
        await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    world.surface.fail_next = [Refused("message_not_found")]
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert world.surface.updated == []


# Withdrawing and expiring


async def test_a_withdrawal_comes_before_everything_that_waits(world: World) -> None:
    author, ada = await world.add_member("Cura", role="curator"), await world.add_member("Ada")
    first, second = await standing(world, author=author), await standing(world, author=author)
    await share(world, first, ada)
    await share(world, second, ada)
    await world.act(withdraw, author, Withdraw(ref=f"P{second.id}"))
    assert (await refreshes(world))[0].held == '{"announcement_id":2}'
    assert (await refreshes(world))[0].run_at == NOW
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=2))
    assert "withdrawn" in words_of(last_card(world))
    assert buttons_of(last_card(world)) == []


async def test_who_withdrew_is_told_how_far_it_is_until_it_is_done(world: World) -> None:
    cura = await world.add_member("Cura", role="curator")
    post = await standing(world, channels=(GENERAL, NEWS), author=cura)
    world.clock.advance(timedelta(seconds=1))
    reply = await world.act(withdraw, cura, Withdraw(ref=f"P{post.id}"))
    assert "2 announcements" in words_of(reply.card)
    job = TellWithdrawal(post_id=post.id, member_id=cura.id)
    assert job in await world.jobs()
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    world.clock.advance(timedelta(seconds=15))
    await run_job(world, tell_withdrawal, job)
    assert "1 of 2" in words_of(world.surface.told[-1][1])
    assert (await world.jobs()).count(job) == 2
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=2))
    await run_job(world, tell_withdrawal, job)
    assert "all 2" in words_of(world.surface.told[-1][1])
    assert (await world.jobs()).count(job) == 2


async def test_after_an_hour_it_is_said_what_could_not_be_changed(world: World) -> None:
    cura = await world.add_member("Cura", role="curator")
    post = await standing(world, author=cura)
    world.clock.advance(timedelta(seconds=1))
    await world.act(withdraw, cura, Withdraw(ref=f"P{post.id}"))
    world.clock.advance(timedelta(hours=2))
    job = TellWithdrawal(post_id=post.id, member_id=cura.id)
    await run_job(world, tell_withdrawal, job)
    assert "/vouch failures" in words_of(world.surface.told[-1][1])
    assert (await world.jobs()).count(job) == 1


async def test_a_post_expires_at_its_time_and_its_card_says_so(world: World) -> None:
    post = await standing(world, expires_at=NOW + timedelta(hours=1))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "published"
    world.clock.advance(timedelta(hours=1))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "expired"
    await run_job(world, refresh_announcement, RefreshAnnouncement(announcement_id=1))
    assert "time of this post is over" in words_of(last_card(world))
    assert not has_action(last_card(world), OpenShare)


# At its time


async def test_a_scheduled_post_is_published_once_at_its_time(world: World) -> None:
    post = await scheduled(world, publish_at=NOW + timedelta(minutes=1))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "scheduled"
    world.clock.advance(timedelta(minutes=1))
    await run_job(world, publish_due, PublishDue())
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "published"
    assert await world.jobs() == [AnnounceIn(announcement_id=1)]


async def test_a_post_is_still_sent_late_within_the_allowed_age(world: World) -> None:
    post = await scheduled(world, publish_at=NOW - timedelta(hours=23))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "published"


async def test_a_post_that_is_far_too_late_is_skipped_and_its_curator_told(world: World) -> None:
    post = await scheduled(world, publish_at=NOW - timedelta(hours=25))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "approved"
    assert await world.jobs() == [TellPostDecision(post_id=post.id)]
    await run_job(world, tell_post_decision, TellPostDecision(post_id=post.id))
    assert "was not announced" in words_of(world.surface.told[0][1])
    await run_job(world, publish_due, PublishDue())
    assert len(await world.jobs()) == 1


async def test_a_post_whose_end_came_before_its_start_is_not_published(world: World) -> None:
    post = await scheduled(world, expires_at=NOW - timedelta(minutes=5))
    await run_job(world, publish_due, PublishDue())
    assert await state_of(world, post) == "approved"
