"""Members' own accounts in chat: the list, the one-time link, disconnecting, news of them, and what ends them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.core.actions import (
    ChangeShare,
    Connect,
    Disconnect,
    EraseMe,
    Leave,
    LeaveToConnect,
    OpenAccounts,
    OpenSettings,
    OpenShare,
)
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Unable, Uncertain
from bot.core.jobs import EndAccount, TellConnected, WatchAccounts
from bot.core.reply import Reply
from bot.core.social import Mode
from handlers import connect as use_case
from handlers import privacy, profile, share
from storage.models import Account, Connecting, Member
from storage.queries.privacy import collect_mine
from storage.types import keyed_hash
from tests.handlers.accounts import ACCESS, REFRESH, account_of, connect_account, use_network
from tests.handlers.conftest import NOW, SECRET, World, run_job
from tests.handlers.windows import action_of, buttons_of, has_action, link_of, words_of

APIS = ("linkedin", "x", "mastodon")


@pytest.fixture
def apis(world: World) -> World:
    """A company that uses three networks by their APIs."""
    for name in APIS:
        settings = world.programme.networks[name]
        world.programme.networks[name] = replace(settings, mode=Mode.API)  # type: ignore[index]
        use_network(world, name)
    return world


async def list_of(world: World, member: Member) -> Reply:
    return await world.act(use_case.open_accounts, member, OpenAccounts())


# The list


async def test_the_list_has_every_network_that_can_be_connected_and_what_is(apis: World) -> None:
    ada = await apis.add_member()
    await connect_account(apis, ada)
    await connect_account(apis, ada, "x", expires_at=None, state="broken", fault="revoked")
    form = (await list_of(apis, ada)).form
    said = words_of(form)
    assert "LinkedIn: connected as Ada L. since Monday 23 November, until Friday 22 January" in said
    assert "X: your connection as Ada L. was ended there" in said
    assert "Mastodon: not connected" in said
    assert [type(one.action).__name__ for one in buttons_of(form)] == [
        "Connect",
        "Disconnect",
        "Connect",
        "Disconnect",
        "Connect",
    ]
    assert all(one.confirm for one in buttons_of(form) if isinstance(one.action, Disconnect))  # type: ignore[union-attr]


async def test_without_any_api_there_is_no_list_no_button_and_no_link(world: World) -> None:
    ada = await world.add_member()
    with pytest.raises(Unable):
        await list_of(world, ada)
    with pytest.raises(Unable):
        await world.act(use_case.connect, ada, Connect(network="linkedin"))
    settings = await world.act(profile.open_settings, ada, OpenSettings())
    assert not has_action(settings.form, OpenAccounts)


async def test_an_account_at_a_network_that_is_used_no_more_can_still_be_disconnected(world: World) -> None:
    ada = await world.add_member()
    await connect_account(world, ada)
    form = (await list_of(world, ada)).form
    assert [type(one.action) for one in buttons_of(form)] == [Disconnect]


async def test_the_settings_lead_to_the_list(apis: World) -> None:
    ada = await apis.add_member()
    assert has_action((await apis.act(profile.open_settings, ada, OpenSettings())).form, OpenAccounts)


@pytest.mark.parametrize("locale", ["en-GB", "nl-NL"])
@pytest.mark.parametrize("fault", ["expired", "revoked", "scope", "rejected"])
async def test_why_an_account_is_broken_is_said_in_both_languages(apis: World, locale: str, fault: str) -> None:
    ada = await apis.add_member(locale=locale)
    await connect_account(apis, ada, state="broken", fault=fault)
    form = (await list_of(apis, ada)).form
    assert "Ada L." in words_of(form)
    assert action_of(form, Connect).network == "linkedin"


# The link


@pytest.mark.parametrize("network", APIS)
async def test_a_link_is_made_for_one_member_and_ten_minutes_and_only_its_hash_is_kept(
    apis: World, network: str
) -> None:
    ada = await apis.add_member()
    reply = await apis.act(use_case.connect, ada, Connect(network=network))
    address = link_of(reply.form)
    assert address.startswith("https://vouch.brightwater.example/connect/")
    token = address.rpartition("/")[2]
    async with apis.sessions.reading() as session:
        held = (await session.scalars(select(Connecting))).one()
    assert held.token_hash == keyed_hash(SECRET, token)
    assert (held.member_id, held.network, held.expires_at) == (ada.id, network, NOW + timedelta(minutes=10))
    said = words_of(reply.form)
    assert "Nothing is ever posted without your click" in said
    assert "10 minutes" in said
    assert not reply.is_stacked


async def test_links_that_are_over_go_with_the_next_one(apis: World) -> None:
    ada = await apis.add_member()
    for _ in range(3):
        await apis.act(use_case.connect, ada, Connect(network="x"))
        apis.clock.advance(timedelta(minutes=6))
    async with apis.sessions.reading() as session:
        assert len((await session.scalars(select(Connecting))).all()) == 2


async def test_from_the_share_window_the_link_lies_over_it_and_leads_back(apis: World) -> None:
    ada = await apis.add_member()
    reply = await apis.act(use_case.connect, ada, Connect(network="x", share_id=7), window="w1")
    assert reply.is_stacked
    assert reply.form is not None
    assert reply.form.back == ChangeShare(share_id=7)


async def test_whoever_followed_the_link_is_told_where_to_go_on(apis: World) -> None:
    ada = await apis.add_member()
    followed = LeaveToConnect(network="x")
    in_window = await apis.act(use_case.leave_to_connect, ada, followed, window="w1")
    assert "Go on in your browser" in words_of(in_window.form)
    assert await apis.act(use_case.leave_to_connect, ada, followed) == Reply()


# Disconnecting


async def test_disconnecting_revokes_and_leaves_no_row(apis: World) -> None:
    ada = await apis.add_member()
    number = await connect_account(apis, ada, "x", refresh=REFRESH)
    reply = await apis.act(use_case.disconnect, ada, Disconnect(network="x"), window="w1")
    assert "X: not connected" in words_of(reply.form)
    row = await account_of(apis, number)
    assert row is not None
    assert (row.state, row.name, row.url) == ("ending", "", "")
    assert await apis.jobs() == [EndAccount(account_id=number)]
    await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert apis.networks["x"].revoked == [ACCESS]
    assert await account_of(apis, number) is None
    again = await apis.act(use_case.disconnect, ada, Disconnect(network="x"))
    assert "X is disconnected" in words_of(again.card)
    assert len(await apis.jobs()) == 1


@pytest.mark.parametrize("error", [TryLater(timedelta(hours=1), "rate_limited"), Uncertain("lost")])
async def test_a_network_that_does_not_answer_is_asked_once_more_and_then_the_tokens_go_anyway(
    apis: World, error: OutsideError
) -> None:
    ada = await apis.add_member()
    number = await connect_account(apis, ada)
    await apis.act(use_case.disconnect, ada, Disconnect(network="linkedin"))
    apis.networks["linkedin"].fail_next = [error, error]
    with pytest.raises(TryLater) as raised:
        await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert raised.value.after < timedelta(minutes=1)
    apis.clock.advance(raised.value.after)
    await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert await account_of(apis, number) is None


@pytest.mark.parametrize("error", [NotConnected("revoked"), Refused("rejected")])
async def test_what_cannot_be_revoked_is_deleted_at_once(apis: World, error: OutsideError) -> None:
    number = await connect_account(apis, await apis.add_member(), state="ending")
    apis.networks["linkedin"].fail_next = [error]
    await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert await account_of(apis, number) is None


async def test_where_there_is_nothing_to_revoke_nobody_is_asked(apis: World) -> None:
    apis.networks["linkedin"].can_revoke = False
    ada, bob = await apis.add_member(), await apis.add_member("Bob")
    first = await connect_account(apis, ada, state="ending")
    second = await connect_account(apis, bob, "x", state="ending")
    del apis.networks["x"]
    for number in (first, second):
        await run_job(apis, use_case.end_account, EndAccount(account_id=number))
        assert await account_of(apis, number) is None
    assert apis.networks["linkedin"].revoked == []


async def test_what_was_connected_again_meanwhile_is_not_ended(apis: World) -> None:
    number = await connect_account(apis, await apis.add_member())
    await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert await account_of(apis, number) is not None
    assert apis.networks["linkedin"].revoked == []


async def test_leaving_the_programme_disconnects(apis: World) -> None:
    ada = await apis.add_member()
    number = await connect_account(apis, ada)
    await apis.act(profile.leave, ada, Leave())
    assert await apis.jobs() == [EndAccount(account_id=number)]


async def test_erasing_takes_the_accounts_along(apis: World) -> None:
    ada = await apis.add_member()
    number = await connect_account(apis, ada)
    await apis.act(use_case.connect, ada, Connect(network="x"))
    await apis.act(privacy.erase_me, ada, EraseMe())
    assert EndAccount(account_id=number) in await apis.jobs()
    await run_job(apis, use_case.end_account, EndAccount(account_id=number))
    assert apis.networks["linkedin"].revoked == [ACCESS]
    async with apis.sessions.reading() as session:
        assert (await session.scalars(select(Account))).all() == []
        assert (await session.scalars(select(Connecting))).all() == []


async def test_a_copy_of_what_is_kept_lists_accounts_without_anything_that_opens_them(apis: World) -> None:
    ada = await apis.add_member()
    await connect_account(apis, ada, "x", refresh=REFRESH)
    async with apis.sessions.reading() as session:
        kept = await collect_mine(session, member_id=ada.id)
    (one,) = kept["accounts"]  # type: ignore[misc]
    assert set(one) == {"network", "server", "name", "url", "scopes", "state", "connected_at", "ends_at"}
    assert (one["network"], one["name"], one["connected_at"]) == ("x", "Ada L.", NOW)


# News


async def test_whoever_connected_an_account_is_told_privately_and_can_end_it_or_go_back(apis: World) -> None:
    ada = await apis.add_member()
    post = await apis.add_post("Words.")
    window = (await apis.act(share.open_share, ada, OpenShare(post_id=post.id))).form
    assert window is not None
    number = await connect_account(apis, ada)
    await run_job(apis, use_case.tell_connected, TellConnected(account_id=number, share_id=1))
    ((person, card),) = apis.surface.told
    assert person == ada.person_ref
    assert "You share on LinkedIn as Ada L." in words_of(card)
    assert "until Friday 22 January" in words_of(card)
    assert action_of(card, OpenShare).post_id == post.id
    assert action_of(card, Disconnect).network == "linkedin"


@pytest.mark.parametrize(("changes", "share_id"), [({"state": "ending"}, 0), ({}, 99)])
async def test_of_an_account_that_is_gone_nothing_is_told_and_without_a_share_nothing_leads_back(
    apis: World, changes: dict[str, object], share_id: int
) -> None:
    number = await connect_account(apis, await apis.add_member(), **changes)  # type: ignore[arg-type]
    await run_job(apis, use_case.tell_connected, TellConnected(account_id=number, share_id=share_id))
    assert [has_action(card, OpenShare) for _, card in apis.surface.told] == [False] * bool(share_id)


async def watch(world: World) -> list[TellConnected]:
    """Watch the accounts, and do what that asks for; return the reminders."""
    before = len(await world.jobs())
    await run_job(world, use_case.watch_accounts, WatchAccounts())
    found = [one for one in (await world.jobs())[before:] if isinstance(one, TellConnected)]
    for one in found:
        await run_job(world, use_case.tell_connected, one)
    return found


async def test_on_day_50_of_60_a_member_is_reminded_once(apis: World) -> None:
    ada = await apis.add_member()
    await connect_account(apis, ada)
    await connect_account(apis, ada, "x", refresh=REFRESH)
    apis.clock.advance(timedelta(days=49, hours=23))
    assert await watch(apis) == []
    apis.clock.advance(timedelta(hours=1))
    assert len(await watch(apis)) == 1
    assert await watch(apis) == []
    ((_, card),) = apis.surface.told
    assert "lasts until Friday 22 January" in words_of(card)
    assert action_of(card, Connect).network == "linkedin"
    apis.clock.advance(timedelta(days=10))
    assert len(await watch(apis)) == 1
    assert await watch(apis) == []
    assert "has run out" in words_of(apis.surface.told[-1][1])
    assert len(apis.surface.told) == 2


async def test_a_reminder_waits_for_working_hours(apis: World) -> None:
    await connect_account(apis, await apis.add_member(), state="broken", fault="revoked")
    await run_job(apis, use_case.watch_accounts, WatchAccounts())
    (job,) = [one for one in await apis.jobs() if isinstance(one, TellConnected)]
    apis.clock.advance(timedelta(hours=12))
    with pytest.raises(TryLater):
        await run_job(apis, use_case.tell_connected, job)
    apis.clock.advance(timedelta(hours=12))
    await run_job(apis, use_case.tell_connected, job)
    assert len(apis.surface.told) == 1


async def test_whoever_has_connected_again_before_the_reminder_hears_nothing(apis: World) -> None:
    number = await connect_account(apis, await apis.add_member(), state="broken")
    await run_job(apis, use_case.watch_accounts, WatchAccounts())
    async with apis.sessions.begin() as session:
        await session.execute(update(Account).values(state="connected", reminded_at=None))
    await run_job(apis, use_case.tell_connected, TellConnected(account_id=number, is_reminder=True))
    assert apis.surface.told == []


async def test_what_should_have_been_gone_is_ended_by_the_next_watch(apis: World) -> None:
    left = await connect_account(apis, await apis.add_member(), state="ending", ends_at=NOW)
    await connect_account(apis, await apis.add_member(), "x", state="ending", ends_at=NOW + timedelta(seconds=1))
    assert await watch(apis) == []
    assert await apis.jobs() == [EndAccount(account_id=left)]
