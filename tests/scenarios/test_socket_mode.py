"""Socket Mode: the whole way without a public address for events, here with a second pair of eyes asked for."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.town import (
    BRISK,
    CURATORS,
    NADIA,
    OMAR,
    PRODUCT,
    THOMAS,
    TOM,
    Json,
    Town,
    chosen,
    composed,
    everything_said,
    has_element,
    link_in,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """The demo company over Socket Mode; its curators look at each other's posts."""
    second_eyes = {**BRISK, "VOUCH_SECOND_PAIR_OF_EYES": "true"}
    async with Town(tmp_path_factory.mktemp("town"), ("--socket-mode",), second_eyes) as started:
        await started.settle()
        await started.to_working_hours()
        yield started


async def test_commands_come_by_the_socket(town: Town) -> None:
    told = await town.command(OMAR, "help")
    assert "/vouch suggest" in everything_said(told["ephemeral"])
    assert (await town.read("ledger"))["counts"]["in apps.connections.open ok"] >= 1


async def test_a_share_goes_its_whole_way(town: Town) -> None:
    message = await town.announcement(TOM, "Nine litres")
    words = "My sister stayed in that hotel and only praised the breakfast. That is how it should be."
    text = composed(await town.share(TOM, message, words))
    assert words in text
    await town.get(link_in(text))
    await town.advance(minutes=2)
    assert town.points(TOM) == 12


async def test_a_post_waits_for_a_second_pair_of_eyes(town: Town) -> None:
    await town.command(NADIA, f"post {town.address}/site/green-roof.html")
    await town.settle()
    title = chosen(await town.must_view(NADIA), "title")
    review = await town.submit(NADIA, channels=[PRODUCT])
    assert "A colleague will be asked to look at it first" in everything_said(review["view"])
    await town.submit(NADIA)
    await town.settle()
    own = await town.command(NADIA, "approve P6")
    assert "a second pair of eyes is asked for" in everything_said(own["ephemeral"])
    assert not announced(await town.messages(PRODUCT, OMAR), title)
    await town.press(THOMAS, CURATORS, await town.card("P6"), "approve")
    await town.settle()
    assert announced(await town.messages(PRODUCT, OMAR), title)
    assert "Approved by Thomas Bakker" in everything_said(await town.card("P6"))
    assert "P6" in everything_said((await town.direct(NADIA))[-1])


async def test_a_suggestion_by_direct_message_is_an_event_that_arrives(town: Town) -> None:
    await town.post("dm", who=OMAR, text=f"{town.address}/site/trade-fair.html we should all go")
    await town.settle()
    assert "we should all go" in everything_said(await town.card("S6"))


async def test_a_connection_that_is_told_to_close_is_opened_anew_and_loses_nothing(town: Town) -> None:
    await town.post("faults", socket={"disconnect": "warning"})
    async with asyncio.timeout(40):  # in between there is nobody to take a command, and its author is told so
        while not (told := await town.ask("command", who=OMAR, channel=PRODUCT, text="/vouch me"))["ok"]:
            assert told["error"] == "bot_unreachable"
            await asyncio.sleep(0.05)
    assert "What your shares brought" in everything_said(told["ephemeral"])
    methods = (await town.read("ledger"))["counts"]
    assert methods["in apps.connections.open ok"] >= 2


def announced(messages: list[Json], title: str) -> bool:
    """Say whether a post can be shared in that channel."""
    return any(title in everything_said(one) and has_element(one["blocks"], "open_share") for one in messages)
