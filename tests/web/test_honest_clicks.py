"""Whom a followed link counts for: what its time, its address and the seconds before say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.core.known_networks import ranges_with
from bot.core.programme import VisitRules
from bot.web.recent import MOST, MOST_OF_ONE, Recent
from storage.models import Share, Visit
from storage.queries.links import touch_link
from tests.handlers.conftest import NOW
from tests.web.conftest import Makes, Web

LINK, OTHER, THIRD = "/l/abcd2345", "/l/wxyz6789", "/l/mnpq2345"
SOMEBODY, SOMEBODY_ELSE, COLLEAGUE = "203.0.113.7", "198.51.100.9", "192.0.2.14"
TEAMS, CLOUD = "52.112.74.60", "20.44.17.8"


@pytest.fixture
async def web(makes: Makes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    """A served application behind a trusted proxy, of a company that named its own network."""
    monkeypatch.setattr("bot.web.doubts.PAUSE", 0.01)
    parts = makes.parts("127.0.0.1")
    rules = VisitRules(company_ranges=("192.0.2.0/24",))
    async with makes.serve(parts=replace(parts, tracking=replace(parts.tracking, ranges=ranges_with(rules)))) as served:
        yield served


async def kinds(web: Web) -> list[str]:
    """Return the classes of all visits, in order."""
    return [visit.kind for visit in await web.visits()]


async def follow(web: Web, *paths: str, address: str = SOMEBODY) -> None:
    """Follow links from one address."""
    for path in paths:
        await web.ask(path, X_Forwarded_For=address)


async def test_in_the_first_seconds_after_a_post_went_out_nobody_can_have_clicked(web: Web) -> None:
    await web.add_link(opened_at=NOW - timedelta(hours=1), sent_at=NOW)
    await follow(web, LINK)
    web.world.clock.advance(timedelta(seconds=5))
    await follow(web, LINK, address=SOMEBODY_ELSE)
    assert await kinds(web) == ["scanner", "human"]


async def test_when_a_link_went_out_is_noticed_where_it_is_known_already(web: Web) -> None:
    number = await web.add_link()
    await follow(web, LINK)
    async with web.world.sessions.begin() as session:
        await session.execute(update(Share).where(Share.id == number).values(sent_at=NOW))
        await touch_link(session, share_id=number)

    async def is_noticed() -> bool:
        await follow(web, LINK, address=SOMEBODY_ELSE)
        return (await kinds(web))[-1] == "scanner"

    await web.until(is_noticed)
    assert (await kinds(web))[0] == "human"


async def test_a_colleague_in_the_office_is_kept_apart(web: Web) -> None:
    await web.add_link()
    await follow(web, LINK, address=COLLEAGUE)
    assert await kinds(web) == ["company"]


async def test_what_fetches_from_a_chats_own_network_is_a_preview_whatever_it_says_it_is(web: Web) -> None:
    await web.add_link()
    await follow(web, LINK, address=TEAMS)
    assert await kinds(web) == ["preview"]


async def test_a_browser_in_a_cloud_counts_once_the_first_minute_is_over(web: Web) -> None:
    await web.add_link(sent_at=NOW - timedelta(seconds=30))
    await follow(web, LINK, address=CLOUD)
    web.world.clock.advance(timedelta(minutes=10))
    await follow(web, LINK, address=CLOUD.replace("17", "18"))
    assert await kinds(web) == ["scanner", "human"]


async def test_who_follows_three_links_at_once_is_a_scanner_from_the_first_on(web: Web) -> None:
    for path in (LINK, OTHER, THIRD):
        await web.add_link(path.removeprefix("/l/"))
    await follow(web, LINK, address=SOMEBODY_ELSE)
    await follow(web, LINK, OTHER, THIRD)

    async def is_known() -> bool:
        return await kinds(web) == ["human", "scanner", "scanner", "scanner"]

    await web.until(is_known)


async def test_what_earned_points_already_stays_as_it_was(web: Web) -> None:
    for path in (LINK, OTHER, THIRD):
        await web.add_link(path.removeprefix("/l/"))
    await follow(web, LINK)
    await web.settle()
    async with web.world.sessions.begin() as session:
        await session.execute(update(Visit).values(credited_at=NOW))
    await follow(web, OTHER, THIRD)

    async def is_known() -> bool:
        return await kinds(web) == ["human", "scanner", "scanner"]

    await web.until(is_known)


async def test_an_office_whose_proxy_is_not_trusted_is_no_burst(makes: Makes) -> None:
    async with makes.serve() as web:
        for path in (LINK, OTHER, THIRD):
            await web.add_link(path.removeprefix("/l/"))
        await follow(web, LINK, OTHER, THIRD)
        assert await kinds(web) == ["human"] * 3


async def test_who_asks_for_the_head_first_is_a_scanner(web: Web) -> None:
    await web.add_link()
    await web.ask(LINK, method="HEAD", X_Forwarded_For=SOMEBODY)
    await follow(web, LINK)
    await follow(web, LINK, address=SOMEBODY_ELSE)
    assert await kinds(web) == ["scanner", "human"]


async def test_addresses_are_forgotten_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.recent.TURN_SECONDS", 0.01)
    recent = Recent()
    recent.note(b"\xcb\x00\x71\x07", (0.0, 1, 1))
    assert len(recent) == 1
    async with asyncio.timeout(30):
        while len(recent):  # noqa: ASYNC110 - the loop's own timer does it
            await asyncio.sleep(0)
    recent.stop()


async def test_what_is_remembered_is_bounded() -> None:
    recent = Recent()
    for number in range(MOST + 500):
        recent.note(number.to_bytes(4), (0.0, 1, number + 1))
        assert len(recent) <= MOST
    for number in range(100):
        seen = recent.note(b"\xcb\x00\x71\x07", (0.0, number, number + 1))
    assert (seen.is_burst, len(seen.burst)) == (True, MOST_OF_ONE)
    recent.stop()
    assert len(recent) == 0


async def test_a_burst_is_three_links_within_two_seconds() -> None:
    recent = Recent()
    asks = [(0.0, 1, 1), (1.5, 2, 2), (3.0, 3, 3), (3.1, 3, 4), (3.4, 1, 5)]
    seen = [recent.note(b"\xcb\x00\x71\x07", ask) for ask in asks]
    assert [one.is_burst for one in seen] == [False, False, False, False, True]
    assert [one.is_repeat for one in seen] == [False, False, False, True, True]
    assert seen[-1].burst == (2, 3, 4)
    recent.stop()
