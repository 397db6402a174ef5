"""Asking networks for their counts: what is kept, what is left for later, what it costs, and what members see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from bot.core.actions import ExportMine
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater
from bot.core.jobs import ForgetOld, MeasureShares, SendExport
from bot.core.programme import NetworkSettings
from handlers import measure, privacy
from storage.models import Account, Figure, Member, Post, Share, Spend, Visit
from tests.fakes import FakeNetwork
from tests.handlers.accounts import account_of
from tests.handlers.conftest import NOW, World, run_job
from tests.handlers.delivering import by_api, connected, shared_now, work
from tests.handlers.sharing import opened, share_of
from tests.handlers.windows import words_of

HOUR = timedelta(hours=1)


async def measure_now(world: World, after: timedelta = HOUR) -> None:
    world.clock.advance(after)
    await run_job(world, measure.measure_shares, MeasureShares())


async def posted(world: World, network: str = "x", **settings: object) -> tuple[FakeNetwork, Member, Post]:
    """Let a member post on a network by their account."""
    kept = NetworkSettings(name=network, **settings)  # type: ignore[arg-type]
    fake = by_api(world, network, settings=kept)
    post = await world.add_post("Words.", networks=[network])
    ada = await connected(world, network=network)
    await shared_now(world, ada, post, network=network)
    await work(world)
    return fake, ada, post


def change_settings(world: World, network: str, **changes: object) -> None:
    networks = world.programme.networks
    changed = replace(networks[network], **changes)  # type: ignore[arg-type]
    world.programme = replace(world.programme, networks={**networks, network: changed})


async def figures_of(world: World) -> dict[str, tuple[int, datetime]]:
    async with world.sessions.reading() as session:
        return {one.name: (one.value, one.at) for one in await session.scalars(select(Figure))}


async def reads(world: World) -> Sequence[int]:
    async with world.sessions.reading() as session:
        wanted = select(Spend.amount).where(Spend.kind == "read").order_by(Spend.id)
        return (await session.scalars(wanted)).all()


async def remote_id(world: World) -> str:
    share = await share_of(world)
    assert share.remote_id is not None
    return share.remote_id


async def test_counts_are_kept_with_their_time_and_asked_for_ever_more_rarely(world: World) -> None:
    network, _, _ = await posted(world)
    network.counts[await remote_id(world)] = {"likes": 3, "reshares": 1}
    await measure_now(world, timedelta(minutes=59))
    assert await figures_of(world) == {}
    await measure_now(world, timedelta(minutes=1))
    assert await figures_of(world) == {"likes": (3, NOW + HOUR), "reshares": (1, NOW + HOUR)}
    assert (await share_of(world)).measure_at == NOW + 6 * HOUR
    network.counts[await remote_id(world)] = {"likes": 5}
    await measure_now(world, 5 * HOUR)
    assert await figures_of(world) == {"likes": (5, NOW + 6 * HOUR), "reshares": (1, NOW + HOUR)}
    await measure_now(world, timedelta(days=40))
    assert (await share_of(world)).measure_at is None


async def test_the_same_post_is_billed_once_a_day_and_only_when_the_network_told_of_it(world: World) -> None:
    network, _, _ = await posted(world, cost_per_read=Decimal("0.005"))
    await measure_now(world)
    assert await reads(world) == [0]  # the post was not told of
    network.counts[await remote_id(world)] = {"likes": 1}
    await measure_now(world, 5 * HOUR)
    assert await reads(world) == [0, 5000]
    async with world.sessions.begin() as session:
        share = (await session.scalars(select(Share))).one()
        share.measure_at = world.clock.now()
    await measure_now(world, HOUR)
    assert await reads(world) == [0, 5000, 0]
    await measure_now(world, timedelta(days=1))
    assert await reads(world) == [0, 5000, 0, 5000]


async def test_no_more_posts_are_asked_for_than_the_day_allows(world: World) -> None:
    network, _, post = await posted(world, reads_a_day=1)
    world.clock.advance(timedelta(minutes=1))
    bo = await connected(world, "Bo", network="x")
    await shared_now(world, bo, post, network="x", text="Something else entirely, in words of Bo alone.")
    await work(world)
    network.counts |= {str(number): {"likes": number} for number in range(9)}
    await measure_now(world, 2 * HOUR)
    await measure_now(world)
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Figure.share_id))).all() == [2]  # the newer of both
    assert await reads(world) == [0]
    change_settings(world, "x", reads_a_day=2)
    await measure_now(world)
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Figure.share_id).order_by(Figure.share_id))).all() == [1, 2]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TryLater(timedelta(hours=3), "rate_limited"), timedelta(hours=3)),
        (TryLater(timedelta(seconds=1), "unreachable"), timedelta(minutes=15)),
        (Refused("sunset"), timedelta(days=1)),
        (Refused("not_available"), None),
        (NotConnected("scope"), None),
    ],
)
async def test_what_is_not_told_is_left_for_later_or_for_good(
    world: World, error: OutsideError, again: timedelta | None
) -> None:
    network, _, _ = await posted(world)
    network.fail_next = [error]
    await measure_now(world)
    share = await share_of(world)
    assert share.measure_at == (None if again is None else world.clock.now() + again)
    assert await figures_of(world) == {}
    account = await account_of(world, share.account_id or 0)
    assert account is not None
    assert account.state == "connected"


async def test_shares_of_an_account_that_has_ended_wait_until_it_is_connected_again(world: World) -> None:
    network, _, _ = await posted(world)
    network.counts[await remote_id(world)] = {"likes": 2}
    network.fail_next = [NotConnected("revoked")]
    await measure_now(world)
    share = await share_of(world)
    account = await account_of(world, share.account_id or 0)
    assert account is not None
    assert (account.state, account.fault) == ("broken", "revoked")
    await measure_now(world)
    assert await figures_of(world) == {}
    async with world.sessions.begin() as session:
        (await session.scalars(select(Account))).one().state = "connected"
    await measure_now(world)
    assert (await figures_of(world))["likes"][0] == 2


async def test_a_network_that_says_wait_is_left_alone_but_another_server_is_not(world: World) -> None:
    network, _, post = await posted(world, "mastodon")
    places = (("Rain, and what it did to our roof.", "https://other.example"), ("A pump nobody saw coming!", ""))
    for text, server in places:
        member = await connected(world, network="mastodon", server=server)
        await shared_now(world, member, post, network="mastodon", text=text)
        await work(world)
    network.counts |= {str(number): {"likes": 1} for number in range(9)}
    network.fail_next = [TryLater(HOUR, "rate_limited")]
    await measure_now(world, 2 * HOUR)
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Figure.share_id))).all() == [2]
    assert (await share_of(world, 3)).measure_at == world.clock.now() + HOUR
    assert (await share_of(world, 1)).measure_at == NOW + HOUR  # not asked for, so still due


async def test_linkedin_is_asked_by_vetted_apps_alone(world: World) -> None:
    network, _, _ = await posted(world, "linkedin")
    network.counts[await remote_id(world)] = {"likes": 2}
    await measure_now(world)
    assert await figures_of(world) == {}
    change_settings(world, "linkedin", is_vetted=True)
    await measure_now(world)
    assert (await figures_of(world))["likes"][0] == 2


async def test_a_post_that_was_taken_back_is_not_asked_for(world: World) -> None:
    network, _, _ = await posted(world)
    network.counts[await remote_id(world)] = {"likes": 2}
    async with world.sessions.begin() as session:
        (await session.scalars(select(Share))).one().state = "undone"
    await measure_now(world)
    assert await figures_of(world) == {}


async def test_the_member_sees_each_figure_with_its_level_and_time(world: World) -> None:
    network, ada, post = await posted(world)
    assert "By X's own count: not available" in words_of((await opened(world, ada, post)).form)
    network.counts[await remote_id(world)] = {"likes": 3, "reshares": 1, "something_new": 8}
    await measure_now(world)
    kinds = [("human", b"a"), ("human", b"a"), ("preview", b"c"), ("preview", b"d"), ("crawler", b"e")]
    async with world.sessions.begin() as session:
        session.add_all(
            Visit(link_id=1, at=NOW, on_day=NOW.date(), kind=kind, visitor=who * 16, prefix=who * 16, credited_at=NOW)
            for kind, who in kinds
        )
    said = words_of((await opened(world, ada, post)).form)
    assert "Visitors: 1 person · 5 visits in all, of which 2 link previews, 1 crawler" in said
    assert "By X's own count: 3 likes · 1 reshare (Monday 23 November, 12:00)" in said
    assert "something_new" not in said


async def test_ones_own_copy_has_the_counts_and_they_are_forgotten_with_the_visits(world: World) -> None:
    network, ada, _ = await posted(world)
    network.counts[await remote_id(world)] = {"likes": 3}
    await measure_now(world)
    await world.act(privacy.export_mine, ada, ExportMine())
    await run_job(world, privacy.send_export, SendExport(member_id=ada.id))
    assert b'"name": "likes"' in world.surface.files[0][1].body
    world.clock.advance(world.programme.retention.visits + HOUR)
    await run_job(world, privacy.forget_old, ForgetOld())
    assert await figures_of(world) == {}
