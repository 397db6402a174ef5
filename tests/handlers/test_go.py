"""The one-time link: waits for what was typed, redirects once, and says clearly why it does not."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

from sqlalchemy import select

from bot.core.actions import LeaveForNetwork, OpenShare
from bot.core.jobs import AskShared, RefreshAnnouncement
from bot.core.programme import NetworkSettings
from bot.core.social import Mode
from handlers import go, share
from handlers.go import GoAsk, GoOutcome, GoState, GoVisit
from storage.models import Announcement, GoVisitor, JobRow, Member, Post, Share
from tests.handlers.conftest import GENERAL, NOW, SECRET, World
from tests.handlers.windows import link_of, words_of

TEXT = "The river is clear again."


async def token_of(world: World, member: Member, post: Post) -> str:
    form = (await world.act(share.open_share, member, OpenShare(post_id=post.id))).form
    return link_of(form).rpartition("/")[2]


async def typed(world: World, member: Member, text: str = TEXT, network: str = "linkedin") -> None:
    action = LeaveForNetwork(share_id=1, network=network, text=text)
    await world.act(share.leave_for_network, member, action)


def ask(world: World, token: str) -> GoAsk:
    return GoAsk(
        token=token, secret=SECRET, now=world.clock.now(), programme=world.programme, composers=world.composers
    )


async def follow(world: World, token: str) -> GoOutcome:
    async with world.sessions.reading() as session:
        return await go.follow_go(session, ask(world, token))


async def finish(world: World, token: str, visit: GoVisit | None = None) -> GoOutcome:
    async with world.sessions.begin() as session:
        return await go.finish_go(session, ask(world, token), visit)


async def share_of(world: World) -> Share:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Share))).one()


async def test_it_waits_until_what_was_typed_is_there_and_then_redirects_with_it(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    assert (await follow(world, token)).state is GoState.WAITING
    await typed(world, ada)
    assert (await follow(world, token)).state is GoState.READY
    outcome = await finish(world, token)
    assert outcome.state is GoState.READY
    assert outcome.redirect is not None
    sent = unquote(outcome.redirect)
    assert f"#BrightwaterEmployee\n\n{TEXT}\n\nhttps://vouch.brightwater.example/l/" in sent


async def test_going_is_noted_with_all_that_follows(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member(welcomed_at=None)
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1", posted_at=NOW))
    token = await token_of(world, ada, post)
    await typed(world, ada)
    visit = GoVisit(on_day=NOW.date(), hash_for=lambda link_id: bytes([link_id]) * 16)
    await finish(world, token, visit)
    kept = await share_of(world)
    assert (kept.state, kept.opened_at, kept.go_used_at) == ("opened", NOW, NOW)
    assert (kept.sent_text.startswith(f"#BrightwaterEmployee\n\n{TEXT}\n\nhttps://"), kept.sent_at) == (True, NOW)
    async with world.sessions.reading() as session:
        member = await session.get_one(Member, ada.id)
        visitor = (await session.scalars(select(GoVisitor))).one()
        asked = (await session.scalars(select(JobRow).where(JobRow.kind == "ask_shared"))).one()
    assert (member.default_network, member.welcomed_at) == ("linkedin", NOW)
    assert (visitor.share_id, visitor.on_day, visitor.visitor) == (1, NOW.date(), b"\x01" * 16)
    assert (asked.key, asked.lane, asked.run_at) == ("ask-share-1", ada.person_ref, NOW + timedelta(minutes=10))
    assert await world.jobs() == [AskShared(share_id=1), RefreshAnnouncement(announcement_id=1)]


async def test_nobody_is_asked_outside_working_hours(world: World) -> None:
    world.clock.advance(timedelta(hours=9))  # 20:00 in Amsterdam
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada)
    await finish(world, token)
    async with world.sessions.reading() as session:
        asked = (await session.scalars(select(JobRow).where(JobRow.kind == "ask_shared"))).one()
    assert asked.run_at == NOW + timedelta(hours=22)  # 09:00 the next morning


async def test_a_used_link_never_redirects_again(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada)
    await finish(world, token)
    for outcome in (await follow(world, token), await finish(world, token)):
        assert outcome.state is GoState.USED
        assert outcome.redirect is None
        assert TEXT in outcome.text


async def test_a_reopened_window_has_a_new_link_and_the_old_one_is_unknown(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    first = await token_of(world, ada, post)
    await typed(world, ada)
    await finish(world, first)
    second = await token_of(world, ada, post)
    assert second != first
    assert (await follow(world, first)).state is GoState.UNKNOWN
    assert (await follow(world, second)).state is GoState.WAITING  # nothing typed in the new window yet


async def test_expired_and_made_up_links_lead_nowhere(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    world.clock.advance(world.programme.go_lifetime)
    outcome = await finish(world, token)
    assert (outcome.state, outcome.address) == (GoState.EXPIRED, None)
    for made_up in ("", "x", "a" * 5000, "é" * 22):
        assert (await finish(world, made_up)).state is GoState.UNKNOWN
    assert (await share_of(world)).state == "draft"


async def test_if_nothing_comes_a_page_leads_on_with_the_last_text(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member(locale="nl-NL")
    token = await token_of(world, ada, post)
    outcome = await finish(world, token)
    assert outcome.state is GoState.NO_TEXT_YET
    assert outcome.redirect is None
    assert outcome.address is not None
    assert "Words." in outcome.text
    assert (outcome.network, outcome.language) == ("LinkedIn", "nl-NL")
    assert (await share_of(world)).state == "opened"
    await typed(world, ada)  # it comes after all: kept, though the link is used
    assert (await share_of(world)).text == TEXT


async def test_a_text_that_is_too_long_opens_nothing_and_uses_nothing(world: World) -> None:
    post, ada = await world.add_post("Words.", networks=["x"]), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada, "a" * 300, "x")
    assert (await follow(world, token)).state is GoState.WAITING
    outcome = await finish(world, token)
    assert (outcome.state, outcome.over, outcome.address) == (GoState.TOO_LONG, 88, None)
    assert (await share_of(world)).go_used_at is None
    await typed(world, ada, "a" * 200, "x")
    assert (await finish(world, token)).state is GoState.READY


async def test_a_network_that_takes_no_text_gives_it_to_copy(world: World) -> None:
    post, ada = await world.add_post("Words.", networks=["xing"]), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada, TEXT, "xing")
    outcome = await finish(world, token)
    assert (outcome.state, outcome.redirect) == (GoState.COPY, None)
    assert outcome.address is not None
    assert TEXT in outcome.text


async def test_a_post_withdrawn_or_a_member_gone_since_is_refused(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada)
    async with world.sessions.begin() as session:
        (await session.get_one(Post, post.id)).state = "withdrawn"
    outcome = await finish(world, token)
    assert (outcome.state, outcome.reason, outcome.address) == (GoState.REFUSED, "withdrawn", None)
    async with world.sessions.begin() as session:
        (await session.get_one(Post, post.id)).state = "published"
        (await session.get_one(Member, ada.id)).left_at = NOW
    assert (await finish(world, token)).reason == "member_left"
    assert (await share_of(world)).state == "draft"


async def test_where_the_company_wants_it_the_text_is_copied(world: World) -> None:
    copied = NetworkSettings(name="linkedin", mode=Mode.COPY)
    world.programme = replace(world.programme, networks={"linkedin": copied})
    post, ada = await world.add_post("Words."), await world.add_member()
    assert "your text to copy" in words_of((await world.act(share.open_share, ada, OpenShare(post_id=post.id))).form)
    token = await token_of(world, ada, post)
    await typed(world, ada)
    outcome = await finish(world, token)
    assert (outcome.state, outcome.redirect) == (GoState.COPY, None)
    assert TEXT in outcome.text
    assert outcome.address is not None
    assert (await share_of(world)).sent_text == outcome.text


async def test_two_followers_at_once_redirect_once(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    await typed(world, ada)
    outcomes = [await finish(world, token) for _ in range(3)]
    assert [one.state for one in outcomes] == [GoState.READY, GoState.USED, GoState.USED]


async def test_another_secret_knows_no_link(world: World) -> None:
    post, ada = await world.add_post("Words."), await world.add_member()
    token = await token_of(world, ada, post)
    async with world.sessions.reading() as session:
        other = replace(ask(world, token), secret=b"another secret of thirty-two b..")
        assert (await go.follow_go(session, other)).state is GoState.UNKNOWN
