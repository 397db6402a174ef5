"""Delivering by a connected account: what is kept and told after every answer a network can give."""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.core.actions import ChangeShare, Connect, LeaveForNetwork, OpenPermalink, SayNotThere, SayThere, ShareNow
from bot.core.cards import Card, Form, Link, LinkButton, Text
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.jobs import CreditVisits, DeliverShare, RefreshAnnouncement, TellDelivered
from bot.core.programme import NetworkSettings
from bot.core.social import Fault, Published
from handlers import deliver, share, share_now
from handlers.credit import credit_some
from storage.models import Account, Announcement, JobRow, LedgerEntry, Member, Post, Share, Spend
from tests.fakes import FakeNetwork
from tests.handlers.accounts import account_of
from tests.handlers.conftest import GENERAL, NOW, World
from tests.handlers.delivering import WINDOW, by_api, connected, shared_now, work
from tests.handlers.sharing import OWN, POSTED, opened, share_of
from tests.handlers.windows import action_of, buttons_of, has_action, text_of, words_of

EARLIER = "https://www.linkedin.com/feed/update/urn:li:share:7100000000000000009"


def links(shown: Card | Form) -> list[str]:
    texts = [one for one in shown.body if isinstance(one, Text)]
    return [span.url for one in texts for span in one.spans if isinstance(span, Link)]


async def delivered(world: World, member: Member, post: Post, *, is_open: bool = True, text: str = OWN) -> Form | Card:
    """Share now, let it be delivered, and return what the member then sees."""
    reply = await shared_now(world, member, post, text=text)
    assert reply.form is not None
    if is_open:
        world.surface.windows.add(reply.form.ref)
    await work(world)
    return world.surface.redrawn[-1][1] if is_open else world.surface.told[-1][1]


async def test_a_confirmed_share_has_all_that_follows(world: World) -> None:
    by_api(world, settings=NetworkSettings(name="linkedin", cost_per_post=Decimal("0.2005")))
    post, ada = await world.add_post("Words."), await connected(world)
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1", posted_at=NOW))
    await delivered(world, ada, post)
    kept = await share_of(world)
    assert (kept.state, kept.confirmed_at, kept.sent_at, kept.fault) == ("confirmed", NOW, NOW, "")
    assert (kept.permalink_key, kept.measure_at) == (None, NOW + timedelta(hours=1))
    jobs = await world.jobs()
    assert CreditVisits() in jobs
    assert RefreshAnnouncement(announcement_id=1) in jobs
    async with world.sessions.reading() as session:
        spend = (await session.scalars(select(Spend))).one()
        member = await session.get_one(Member, ada.id)
    assert (spend.network, spend.kind, spend.share_id, spend.amount) == ("linkedin", "post", 1, 200_500)
    assert member.default_network == "linkedin"


async def test_it_earns_what_a_confirmed_share_earns(world: World) -> None:
    by_api(world)
    await delivered(world, await connected(world), await world.add_post("Words."))
    async with world.sessions.begin() as session:
        await credit_some(session, now=world.clock.now(), programme=world.programme)
    async with world.sessions.reading() as session:
        earned = {one.kind: one.points for one in await session.scalars(select(LedgerEntry))}
    assert earned == {"share": 7, "own_words": 5}


class Answering(FakeNetwork):
    """A network that gives its posts this address."""

    async def publish(self, *given: object, key: str) -> Published:  # type: ignore[override]
        return Published(remote_id="urn:li:share:7100000000000000001", url=POSTED)


async def test_the_link_of_the_post_confirms_no_other_share(world: World) -> None:
    by_api(world)
    world.networks["linkedin"] = Answering(clock=world.clock)
    post = await world.add_post("Words.")
    await delivered(world, await connected(world), post)
    kept = await share_of(world)
    assert kept.permalink == POSTED
    assert kept.permalink_key == POSTED.rstrip("/")
    await delivered(world, await connected(world, "Ben"), post, text="Something quite different from all the others.")
    other = await share_of(world, 2)
    assert (other.state, other.permalink, other.permalink_key) == ("confirmed", POSTED, None)


FAULTS: dict[Fault, tuple[OutsideError, str]] = {
    Fault.EXPIRED: (NotConnected("expired"), "your connection to LinkedIn has ended"),
    Fault.REVOKED: (NotConnected("revoked"), "not valid any more"),
    Fault.SCOPE: (NotConnected("scope"), "permission to post"),
    Fault.RATE_LIMITED: (TryLater(timedelta(hours=14), "rate_limited"), "until Tuesday 24 November, 01:00"),
    Fault.UNREACHABLE: (TryLater(timedelta(minutes=1), "unreachable"), "could not be reached"),
    Fault.DUPLICATE: (Refused("duplicate", earlier=EARLIER), "these very words before, in this post"),
    Fault.TOO_LONG: (Refused("too_long"), "finds the text too long"),
    Fault.NO_CREDITS: (Refused("no_credits"), "budget at LinkedIn is used up"),
    Fault.SUNSET: (Refused("sunset"), "has changed something"),
    Fault.REJECTED: (Refused("rejected"), "did not accept it"),
}


@pytest.mark.parametrize("is_open", [True, False], ids=["window", "message"])
@pytest.mark.parametrize("fault", list(Fault))
async def test_every_fault_is_told_with_the_text_untouched_and_a_way_out(
    world: World,
    fault: Fault,
    is_open: bool,  # noqa: FBT001 - pytest's
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    error, words = FAULTS[fault]
    network.fail_next.append(error)
    shown = await shown_after(world, ada, post, fault, is_open=is_open)
    assert f"Nothing {'new ' if fault is Fault.DUPLICATE else ''}was posted" in words_of(shown)
    assert words in words_of(shown)
    kept = await share_of(world)
    assert (kept.state, kept.fault, kept.text) == ("failed", fault.value, OWN)
    if fault is Fault.DUPLICATE:
        assert links(shown) == [EARLIER]
    is_mended_by_connecting = fault in (Fault.EXPIRED, Fault.REVOKED, Fault.SCOPE)
    assert has_action(shown, Connect) is is_mended_by_connecting
    window = shown if is_open else (await world.act(share.change_share, ada, action_of(shown, ChangeShare))).form
    assert isinstance(window, Form)
    assert text_of(window) == OWN
    assert isinstance(window.submit, ShareNow) is not (is_mended_by_connecting or fault in ("no_credits", "sunset"))
    assert any(isinstance(one, LinkButton) for one in buttons_of(window))
    assert network.published == []
    row = await account_of(world, 1)
    assert row is not None
    wanted = ("broken", fault.value, NOW) if is_mended_by_connecting else ("connected", "", None)
    assert (row.state, row.fault, row.reminded_at) == wanted


async def shown_after(world: World, member: Member, post: Post, fault: Fault, *, is_open: bool) -> Form | Card:
    """Share now and return what the member sees; what only operators can mend fails its job after that."""
    if fault not in (Fault.NO_CREDITS, Fault.SUNSET):
        return await delivered(world, member, post, is_open=is_open)
    with pytest.raises(Refused, match=fault):
        await delivered(world, member, post, is_open=is_open)
    await work(world)
    return world.surface.redrawn[-1][1] if is_open else world.surface.told[-1][1]


async def test_after_a_failure_the_composer_takes_the_same_text_along(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    network.fail_next.append(Refused("rejected"))
    window = await delivered(world, ada, post)
    action = replace(action_of(window, LeaveForNetwork), network="linkedin", text=text_of(as_form(window)))
    await world.act(share.leave_for_network, ada, action, window=WINDOW)
    assert (await share_of(world)).text == OWN


def as_form(shown: Form | Card) -> Form:
    assert isinstance(shown, Form)
    return shown


async def test_a_second_try_after_a_failure_goes_out_once(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    network.fail_next.append(TryLater(timedelta(minutes=1), "unreachable"))
    window = as_form(await delivered(world, ada, post))
    assert isinstance(window.submit, ShareNow)
    world.clock.advance(timedelta(minutes=1))
    again = replace(window.submit, network="linkedin", text="Other words.")
    await world.act(share_now.share_now, ada, again, window=WINDOW)
    await work(world)
    assert ["Other words." in one.text for one in network.published] == [True]
    assert (await share_of(world)).state == "confirmed"


async def test_a_version_that_is_over_turns_all_to_the_composer_and_tells_the_operator(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.fail_next.append(Refused("sunset"))
    with caplog.at_level(logging.ERROR), pytest.raises(Refused, match="sunset"):
        await delivered(world, await connected(world), post)
    assert "set networks.linkedin.api_version to a newer one" in caplog.text
    ben = await connected(world, "Ben")
    form = (await opened(world, ben, post)).form
    assert form is not None
    assert not isinstance(form.submit, ShareNow)
    world.clock.advance(timedelta(hours=12))
    form = (await opened(world, ben, post)).form
    assert form is not None
    assert isinstance(form.submit, ShareNow)


async def test_an_answer_that_never_came_is_asked_about_and_never_sent_again(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada, network.lose_next = await connected(world), 1
    shown = await delivered(world, ada, post)
    assert (await share_of(world)).state == "uncertain"
    assert "Please look at your profile on LinkedIn" in words_of(shown)
    assert links(shown) == ["https://n.example/ada"]
    assert (await share_of(world)).sent_text in words_of(shown)
    await deliver.deliver_share(world.out, DeliverShare(share_id=1, member_id=ada.id))
    assert len(network.published) == 1
    assert "Please look" in words_of((await opened(world, ada, post)).form)


async def uncertain(world: World) -> Member:
    """Share by a network whose answer never comes, and return the member."""
    network, post = by_api(world), await world.add_post("Words.")
    ada, network.lose_next = await connected(world), 1
    await delivered(world, ada, post)
    return ada


async def test_it_is_there_is_kept_as_said_and_confirmed_by_its_link(world: World) -> None:
    ada = await uncertain(world)
    reply = await world.act(share_now.say_there, ada, SayThere(share_id=1), window=WINDOW)
    assert "Kept as you said it" in words_of(reply.form)
    assert has_action(reply.form, OpenPermalink)
    kept = await share_of(world)
    assert (kept.state, kept.said_at) == ("uncertain", NOW)
    assert not has_action((await world.act(share.change_share, ada, ChangeShare(share_id=1))).form, SayThere)


@pytest.mark.parametrize("window", [WINDOW, None])
async def test_it_is_not_there_gives_the_text_back(world: World, window: str | None) -> None:
    ada = await uncertain(world)
    reply = await world.act(share_now.say_not_there, ada, SayNotThere(share_id=1), window=window)
    assert text_of(reply.form) == OWN
    assert "nothing is out on LinkedIn" in words_of(reply.form)
    assert reply.fallback is not None
    assert OWN in words_of(reply.fallback)
    assert (await share_of(world)).state == "failed"
    world.clock.advance(timedelta(minutes=1))
    await delivered(world, ada, await post_of(world))
    assert (await share_of(world)).state == "confirmed"


async def post_of(world: World) -> Post:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Post))).one()


async def test_what_is_known_by_now_is_shown_whatever_the_member_saw(world: World) -> None:
    ada = await uncertain(world)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state="confirmed", confirmed_at=NOW, remote_id="1"))
    for use_case, action in (
        (share_now.say_there, SayThere(share_id=1)),
        (share_now.say_not_there, SayNotThere(share_id=1)),
    ):
        reply = await world.act(use_case, ada, action, window=WINDOW)  # type: ignore[arg-type]
        assert "Posted by Vouch" in words_of(reply.form)
    assert (await share_of(world)).state == "confirmed"


async def test_a_lost_answer_is_asked_for_again_where_the_key_is_honoured(world: World) -> None:
    network = by_api(world, "mastodon")
    network.honours_key, network.lose_next = True, 2
    post = await world.add_post(networks=["mastodon"])
    await shared_now(world, await connected(world, network="mastodon"), post, network="mastodon")
    await work(world)
    assert len(network.published) == 1
    assert (await share_of(world)).state == "confirmed"


async def test_a_refusal_after_a_lost_answer_proves_nothing(world: World) -> None:
    network = by_api(world, "mastodon")
    network.honours_key = True
    network.fail_next += [Uncertain("no answer"), Refused("rejected")]
    post = await world.add_post(networks=["mastodon"])
    await shared_now(world, await connected(world, network="mastodon"), post, network="mastodon")
    await work(world)
    assert (await share_of(world)).state == "uncertain"


@pytest.mark.parametrize("honours_key", [True, False])
async def test_a_share_that_a_dead_process_left_sending(world: World, honours_key: bool) -> None:  # noqa: FBT001
    network, post = by_api(world), await world.add_post("Words.")
    network.honours_key = honours_key
    ada = await connected(world)
    await shared_now(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state="sending", sent_at=NOW))
    await work(world)
    assert (await share_of(world)).state == ("confirmed" if honours_key else "uncertain")
    assert len(network.published) == (1 if honours_key else 0)


@pytest.mark.parametrize(("state", "after"), [("queued", "failed"), ("sending", "uncertain")])
async def test_nothing_goes_out_at_another_moment_than_the_members(world: World, state: str, after: str) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.honours_key = True
    await shared_now(world, await connected(world), post)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state=state))
    world.clock.advance(timedelta(minutes=16))
    await work(world)
    assert network.published == []
    assert (await share_of(world)).state == after


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (update(Post).values(state="withdrawn"), "this post was taken back"),
        (update(Post).values(expires_at=NOW), "its time was over"),
        (update(Account).values(state="broken", fault="revoked"), "not valid any more"),
        (update(Account).values(sealed_access=b"junk"), "has ended"),
    ],
)
async def test_what_changed_before_it_went_out_is_told_and_nothing_is_sent(
    world: World, change: object, words: str
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    await shared_now(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(change)  # type: ignore[call-overload]
    await work(world)
    assert network.published == []
    assert (await share_of(world)).state == "failed"
    assert words in words_of(world.surface.told[-1][1])


async def test_who_left_before_it_went_out_posts_nothing_and_is_not_written_to(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    await shared_now(world, await connected(world), post)
    async with world.sessions.begin() as session:
        await session.execute(update(Member).values(left_at=NOW))
    await work(world)
    assert (network.published, world.surface.told) == ([], [])
    assert (await share_of(world)).state == "failed"


async def test_a_share_that_was_taken_back_in_time_is_not_sent(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    await shared_now(world, ada, post)
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state="undone"))
    await work(world)
    assert (network.published, world.surface.told) == ([], [])


async def test_each_outcome_is_told_once_and_not_before_the_window_is_drawn(world: World) -> None:
    by_api(world)
    reply = await shared_now(world, await connected(world), await world.add_post("Words."))
    job = next(one for one in await world.jobs() if isinstance(one, DeliverShare))
    await deliver.deliver_share(world.out, job)
    await deliver.deliver_share(world.out, job)
    async with world.sessions.reading() as session:
        (told,) = await session.scalars(select(JobRow).where(JobRow.kind == "tell_delivered"))
    assert told.run_at == NOW + timedelta(seconds=1)
    assert reply.form is not None
    assert TellDelivered(share_id=1, member_id=job.member_id, window=reply.form.ref) in await world.jobs()


async def test_a_defect_of_a_connector_leaves_the_share_uncertain(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.fail_next.append(KeyError("id"))  # type: ignore[arg-type]
    await delivered(world, await connected(world), post)
    assert (await share_of(world)).state == "uncertain"
    assert "met a defect" in caplog.text


def test_the_key_is_the_same_for_every_try_and_of_no_other_share() -> None:
    known = {"share_id": 5, "created_at": NOW, "text": "One."}
    found = deliver.Delivery(**dict.fromkeys(deliver.Delivery.__slots__) | known)  # type: ignore[arg-type]
    other = replace(found, created_at=NOW + timedelta(seconds=1))
    assert deliver.key_of(found) == deliver.key_of(replace(found, sent_at=NOW))
    assert deliver.key_of(found) != deliver.key_of(other)
    assert deliver.key_of(found) != deliver.key_of(replace(found, text="Other words."))


async def test_a_token_that_the_network_ended_before_its_time_is_renewed_and_the_share_goes_out(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.fail_next.append(NotConnected("expired"))
    await delivered(world, await connected(world, refresh="may-renew"), post)
    assert (len(network.published), network.refreshed) == (1, ["may-renew"])
    assert (await share_of(world)).state == "confirmed"


async def test_a_token_that_cannot_be_renewed_either_ends_the_connection_and_nothing_is_posted(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.fail_next += [NotConnected("expired"), NotConnected("revoked")]
    await delivered(world, await connected(world, refresh="may-renew"), post)
    assert network.published == []
    assert ((await share_of(world)).state, (await share_of(world)).fault) == ("failed", "revoked")
    async with world.sessions.reading() as session:
        assert [(one.state, one.fault) for one in await session.scalars(select(Account))] == [("broken", "revoked")]
