"""Reviewing a post, announcing it, and changing what is out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import (
    AnnouncePost,
    PreviewPost,
    SaveDraft,
    SkipReading,
)
from bot.core.errors import Unable
from bot.core.jobs import AnnounceIn, RefreshAnnouncement, SendPreview, ShowPending
from handlers.publish import (
    announce_post,
    preview_post,
    review_post,
    save_draft,
    send_preview,
    skip_reading,
)
from storage.models import Announcement, Member, Share, TrackedLink, Wording
from storage.queries import decisions
from tests.handlers.conftest import GENERAL, NEWS, NOW, World, run_job
from tests.handlers.posting import (
    HOSTILE,
    LINK,
    announced,
    begun,
    curator,
    good,
    stored,
    what_was_decided,
)
from tests.handlers.windows import buttons_of, has_action, words_of

# Reviewing


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("title", "", "needs a title"),
        ("title", "x" * 10_000, "10,000"),
        ("summary", "x" * 1001, "1,000"),
        ("link", "", "link is missing"),
        ("link", "ftp://x.example", "https://"),
        ("picture", "javascript:alert(1)", "https://"),
        ("channels", (), "at least one channel"),
        ("channels", ("C-ELSEWHERE",), "at least one channel"),
        ("networks", (), "at least one network"),
        ("language", "xx", "language"),
        ("disclosure", "x" * 201, "200"),
    ],
)
async def test_a_fault_is_told_at_its_field(world: World, field: str, typed: object, said: str) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    reply = await world.act(review_post, cura, good(post_id, **{field: typed}))
    assert list(reply.errors) == [field]
    assert said in reply.errors[field]
    assert reply.form is not None  # as it was typed, for a platform that has to draw it anew
    assert not reply.is_stacked


@pytest.mark.parametrize(
    ("on", "at", "field", "said"),
    [
        ("2026-02-31", "09:00", "publish_on", "does not exist"),
        ("2026-11-20", "09:00", "publish_on", "passed"),
        ("2027-03-28", "02:30", "publish_at", "clocks"),
        ("2026-12-01", "", "publish_at", "time"),
        ("", "09:00", "publish_on", "day"),
        ("2031-12-01", "09:00", "publish_on", "two years"),
    ],
)
async def test_a_time_that_cannot_be_is_told_at_its_box(world: World, on: str, at: str, field: str, said: str) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    reply = await world.act(review_post, cura, good(post_id, publish_on=on, publish_at=at))
    assert list(reply.errors) == [field]
    assert said in reply.errors[field]


async def test_the_end_comes_after_the_start(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    times = {"publish_on": "2026-12-10", "publish_at": "09:00", "expires_on": "2026-12-09"}
    reply = await world.act(review_post, cura, good(post_id, **times))
    assert list(reply.errors) == ["expires_on"]


async def test_all_faults_are_told_at_once_and_what_was_typed_is_kept(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    reply = await world.act(review_post, cura, good(post_id, title="", link="x", channels=(), networks=()))
    assert set(reply.errors) == {"title", "link", "channels", "networks"}
    assert (await stored(world, post_id)).typed["summary"] == "How a sensor saved a tower."


async def test_a_link_outside_the_allowed_domains_is_refused(world: World) -> None:
    world.programme = replace(world.programme, link_domains=("brightwater.example",))
    cura = await curator(world)
    post_id = await begun(world, cura)
    for link in ("https://evil.example", "https://notbrightwater.example", "https://brightwater.example.evil.org"):
        assert "link" in (await world.act(review_post, cura, good(post_id, link=link))).errors
    assert (await world.act(review_post, cura, good(post_id, link="https://blog.brightwater.example/a"))).errors == {}


async def test_a_wording_must_fit_the_tightest_of_its_networks(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    long = "word " * 60
    for_all = await world.act(review_post, cura, good(post_id, wording_2=long))
    assert "X" in for_all.errors["wording_2"]
    for_one = await world.act(review_post, cura, good(post_id, wording_2=long, wording_2_network="linkedin"))
    assert for_one.errors == {}
    off = await world.act(review_post, cura, good(post_id, wording_1="Hi", wording_1_network="mastodon"))
    assert "Mastodon" in off.errors["wording_1"]


async def test_a_wording_of_a_language_that_is_not_on_show_is_told_at_the_choice(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    dutch = SaveDraft(post_id=post_id, wording_1="woord " * 60, wording_language="en", shown_language="nl")
    await world.act(save_draft, cura, dutch)
    reply = await world.act(review_post, cura, good(post_id))
    assert list(reply.errors) == ["wording_language"]


async def test_the_review_lists_channels_and_time_before_anything_happens(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    typed = good(post_id, publish_on="2026-12-01", publish_at="09:00", channels=(GENERAL, NEWS))
    reply = await world.act(review_post, cura, typed)
    assert reply.is_stacked
    assert reply.form is not None
    assert "Tuesday 1 December, 09:00" in words_of(reply.form)
    assert reply.form.submit == AnnouncePost(post_id=post_id)
    assert reply.form.submit_label == "Schedule"
    assert has_action(reply.form, PreviewPost)
    assert await world.jobs() == []
    assert (await stored(world, post_id)).state == "draft"


async def test_the_preview_is_the_real_card_sent_to_one_person_alone(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    await world.act(review_post, cura, good(post_id, title=HOSTILE, channels=(NEWS,)))
    reply = await world.act(preview_post, cura, PreviewPost(post_id=post_id))
    assert reply.form is not None
    assert "on its way" in words_of(reply.form)
    await run_job(world, send_preview, SendPreview(post_id=post_id, member_id=cura.id))
    person, card = world.surface.told[0]
    assert person == cura.person_ref
    assert HOSTILE in words_of(card)
    assert [one.label for one in buttons_of(card)] == ["Delen", "Niets voor mij"]
    assert "only you" in words_of(card)
    assert world.surface.posted == []


# Announcing


async def test_announcing_publishes_and_adds_one_job_a_channel(world: World) -> None:
    _, post_id = await announced(world, channels=(GENERAL, NEWS), wording_1="Hello", wording_3="Hi")
    post = await stored(world, post_id)
    assert (post.state, post.published_at, post.title) == ("published", NOW, "Leak found")
    assert post.source == "brightwater.example"
    assert await world.jobs() == [AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2)]
    assert await what_was_decided(world, post_id) == ["announced"]
    async with world.sessions.reading() as session:
        wordings = (await session.scalars(select(Wording).order_by(Wording.position))).all()
    assert [(one.text, one.language, one.network) for one in wordings] == [("Hello", "en", None), ("Hi", "en", None)]


async def test_two_clicks_announce_once(world: World) -> None:
    cura, post_id = await announced(world)
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    assert [one for one in await world.jobs() if isinstance(one, AnnounceIn)] == [AnnounceIn(announcement_id=1)]


async def test_a_later_time_schedules_in_the_curators_zone(world: World) -> None:
    _, post_id = await announced(world, publish_on="2026-12-01", publish_at="09:00")
    post = await stored(world, post_id)
    assert (post.state, post.publish_at) == ("scheduled", datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    assert await world.jobs() == []
    assert await what_was_decided(world, post_id) == ["scheduled"]


async def test_a_time_that_passed_since_the_review_is_told_and_nothing_goes_out(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    await world.act(review_post, cura, good(post_id, publish_on="2026-11-23", publish_at="11:30"))
    world.clock.advance(timedelta(hours=2))
    with pytest.raises(Unable) as caught:
        await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    assert caught.value.reason == "post.changed"
    assert (await stored(world, post_id)).state == "draft"


async def test_a_second_pair_of_eyes_is_asked_where_configured(world: World) -> None:
    world.programme = replace(world.programme, needs_second_eyes=True)
    cura = await curator(world)
    post_id = await begun(world, cura)
    review = await world.act(review_post, cura, good(post_id))
    assert review.form is not None
    assert review.form.submit_label == "Ask for approval"
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    assert (await stored(world, post_id)).state == "pending"
    assert await world.jobs() == [ShowPending(post_id=post_id)]
    assert await what_was_decided(world, post_id) == ["submitted"]


async def test_a_pending_post_can_be_changed_and_stays_pending(world: World) -> None:
    world.programme = replace(world.programme, needs_second_eyes=True)
    cura, post_id = await announced(world)
    await world.act(review_post, cura, good(post_id, title="Better"))
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    post = await stored(world, post_id)
    assert (post.state, post.title) == ("pending", "Better")


# Changing what is out


async def stand(world: World) -> None:
    """Let every announcement stand in its channel."""
    async with world.sessions.begin() as session:
        for one in (await session.scalars(select(Announcement))).all():
            one.message_ref, one.posted_at, one.drawn_at = f"m{one.id}", world.clock.now(), world.clock.now()


async def test_announcements_follow_an_edit_and_wordings_keep_their_numbers(world: World) -> None:
    cura, post_id = await announced(world, wording_1="Hello", wording_2="Hi")
    await stand(world)
    world.clock.advance(timedelta(hours=1))
    await world.act(review_post, cura, good(post_id, title="Better", wording_1="Hello", wording_2="Hey"))
    assert (await stored(world, post_id)).title == "Leak found"
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    assert (await stored(world, post_id)).title == "Better"
    assert (await world.jobs())[-1] == RefreshAnnouncement(announcement_id=1)
    async with world.sessions.reading() as session:
        wordings = (await session.execute(select(Wording.id, Wording.text).order_by(Wording.position))).all()
    assert [tuple(one) for one in wordings] == [(1, "Hello"), (3, "Hey")]
    assert await what_was_decided(world, post_id) == ["announced", "edited"]


async def test_a_new_channel_gets_its_announcement_and_an_old_one_cannot_be_dropped(world: World) -> None:
    cura, post_id = await announced(world)
    refused = await world.act(review_post, cura, good(post_id, channels=(NEWS,)))
    assert list(refused.errors) == ["channels"]
    await world.act(review_post, cura, good(post_id, channels=(GENERAL, NEWS)))
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    assert len([one for one in await world.jobs() if isinstance(one, AnnounceIn)]) == 2


async def add_shared_link(world: World, post_id: int, *, member: Member) -> None:
    """Add a share on LinkedIn with its tracked link."""
    async with world.sessions.begin() as session:
        session.add(share := Share(member_id=member.id, post_id=post_id, network="linkedin", created_at=NOW))
        await session.flush()
        session.add(TrackedLink(share_id=share.id, slug="abcdefgh", target=LINK, created_at=NOW))


async def test_a_new_link_repoints_what_was_shared_and_says_so_in_the_decisions(world: World) -> None:
    cura, post_id = await announced(world)
    await add_shared_link(world, post_id, member=cura)
    await world.act(review_post, cura, good(post_id, link="https://brightwater.example/new?ref=1"))
    await world.act(announce_post, cura, AnnouncePost(post_id=post_id))
    async with world.sessions.reading() as session:
        target = (await session.scalars(select(TrackedLink.target))).one()
        decided = await decisions.list_decisions(session, subject="post", subject_id=post_id)
    assert target.startswith("https://brightwater.example/new?ref=1&utm_source=linkedin")
    assert [one.what for one in decided] == ["announced", "edited", "repointed"]
    assert decided[-1].reason == f"{LINK} → https://brightwater.example/new?ref=1"


async def test_times_are_shown_to_a_curator_in_another_zone_as_their_clocks_show_them(world: World) -> None:
    cura = await curator(world)
    post_id = await begun(world, cura)
    await world.act(review_post, cura, good(post_id, publish_on="2026-12-01", publish_at="09:00"))
    london = await world.add_member("Nadia", role="curator", zone="Europe/London")
    form = (await world.act(skip_reading, london, SkipReading(post_id=post_id))).form
    assert form is not None
    shown = {one.name: one.value for one in form.body if hasattr(one, "value") and hasattr(one, "name")}
    assert (shown["publish_on"], shown["publish_at"]) == ("2026-12-01", "08:00")
