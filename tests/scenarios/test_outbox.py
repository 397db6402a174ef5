"""What leaves and what arrives when things go wrong: nothing acknowledged is lost, nothing is done twice."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio

from tests.scenarios.apart import TownApart
from tests.scenarios.town import (
    CURATORS,
    GRACE,
    NADIA,
    OMAR,
    PRODUCT,
    TOM,
    Json,
    Town,
    composed,
    everything_said,
    link_in,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

numbers = itertools.count(1)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TownApart]:
    """The demo company, whose bot can be stopped and killed alone."""
    async with TownApart(tmp_path_factory.mktemp("town")) as started:
        await started.settle()
        yield started


def new_link(town: Town) -> str:
    """Return a link that nobody has suggested yet."""
    return f"{town.address}/site/test/plain?number=n{next(numbers)}n"


async def suggest(town: Town, link: str) -> str:
    """Suggest a link, which leaves one job to post its card, and return what was answered."""
    return everything_said((await town.command(TOM, f"suggest {link}"))["ephemeral"])


async def cards(town: Town, link: str) -> int:
    """Return how many cards of that link stand in the curators' channel."""
    return sum(link in everything_said(one) for one in await town.messages(CURATORS, NADIA))


async def calls(town: Town, method: str, words: str) -> list[Json]:
    """Return the calls of a Web API method with `words` in them, oldest first."""
    entries = (await town.read("ledger", method=method))["entries"]
    return [one for one in entries if words in str(one["request"])]


async def failures(town: Town, button: str = "") -> tuple[str, Json | None]:
    """Return what an admin reads of jobs that did not go out, pressing a button there if one is named."""
    told = await town.command(GRACE, "failures")
    said = everything_said(told["ephemeral"])
    if not button:
        return said, None
    return said, await town.press(GRACE, PRODUCT, told["ephemeral"][-1], button)


async def test_too_many_requests_wait_as_long_as_they_are_told(town: TownApart) -> None:
    link = new_link(town)
    await town.post("faults", methods={"chat.postMessage": {"status": 429, "retry_after": 1, "count": 1}})
    await suggest(town, link)
    await town.find(CURATORS, NADIA, link)
    refused, taken = await calls(town, "chat.postMessage", link)
    assert (refused["status"], taken["status"]) == (429, 200)
    assert seconds_between(refused, taken) >= 1.0
    assert await cards(town, link) == 1
    assert "Nothing is stuck" in (await failures(town))[0]


async def test_an_error_of_the_platform_is_uncertain_and_sent_again_by_an_admin_alone(town: TownApart) -> None:
    link = new_link(town)
    await town.post("faults", methods={"chat.postMessage": {"status": 500, "count": 1}})
    await suggest(town, link)
    await town.settle()
    assert await cards(town, link) == 0
    said, pressed = await failures(town, "retry_job")
    assert "showing a suggestion to the curators. Uncertain since" in said
    assert pressed is not None
    assert "on its way again" in everything_said(pressed["ephemeral"])
    await town.find(CURATORS, NADIA, link)
    assert await cards(town, link) == 1
    assert "Nothing is stuck" in (await failures(town))[0]


async def test_a_cut_connection_is_never_repeated_by_itself_and_can_be_dropped(town: TownApart) -> None:
    link = new_link(town)
    await town.post("faults", methods={"chat.postMessage": {"cut": "after", "count": 1}})
    await suggest(town, link)
    await town.settle()
    await town.advance(minutes=15)
    assert await cards(town, link) == 1  # it had arrived
    assert len(await calls(town, "chat.postMessage", link)) == 1
    said, pressed = await failures(town, "drop_job")
    assert "Uncertain since" in said
    assert pressed is not None
    assert "is dropped" in everything_said(pressed["ephemeral"])
    assert "Nothing is stuck" in (await failures(town))[0]


async def test_a_redraw_may_be_repeated_and_repeats_itself(town: TownApart) -> None:
    link = new_link(town)
    await suggest(town, link)
    await town.settle()
    await town.post("faults", methods={"chat.update": {"status": 500, "count": 1}})
    await town.post("dm", who=OMAR, text=link)
    await town.settle()
    await town.advance(seconds=30)
    assert "Omar Haddad" in everything_said(await town.find(CURATORS, NADIA, link))
    assert "Nothing is stuck" in (await failures(town))[0]


async def test_a_command_that_arrives_twice_is_done_once(town: TownApart) -> None:
    link = new_link(town)
    await town.post("faults", deliveries={"command": {"double": True, "count": 1}})
    await suggest(town, link)
    await town.settle()
    assert await cards(town, link) == 1
    assert town.rows("SELECT count(*) FROM suggestion WHERE link = ?", link) == [(1,)]
    assert town.rows(
        "SELECT count(*) FROM suggestion_author WHERE suggestion_id = (SELECT max(id) FROM suggestion)"
    ) == [(1,)]


async def test_a_click_that_arrives_twice_opens_one_share(town: TownApart) -> None:
    await town.post("faults", deliveries={"interaction": {"double": True, "count": 1}})
    view = await town.open_share(TOM)
    assert view is not None
    statement = "SELECT count(*) FROM share JOIN member ON member.id = member_id WHERE person_ref = ?"
    assert town.rows(statement, TOM) == [(1,)]
    await town.post("close", who=TOM, view_id=view["id"])


async def test_an_event_that_is_sent_again_is_answered_once(town: TownApart) -> None:
    link = new_link(town)
    await town.post("faults", deliveries={"event": {"retry": "http_timeout", "count": 1}})
    before = len(await town.direct(OMAR))
    await town.post("dm", who=OMAR, text=link)
    await town.settle()
    assert len(await town.direct(OMAR)) == before + 2  # what Omar wrote, and one answer
    assert await cards(town, link) == 1


async def test_events_out_of_order_are_both_done_once(town: TownApart) -> None:
    first, second = new_link(town), new_link(town)
    await town.post("faults", deliveries={"event": {"reorder": True, "count": 1}})
    await asyncio.gather(town.post("dm", who=OMAR, text=first), town.post("dm", who=OMAR, text=second))
    await town.settle()
    await town.find(CURATORS, NADIA, second)
    await town.find(CURATORS, NADIA, first)
    assert (await cards(town, first), await cards(town, second)) == (1, 1)


async def test_a_stop_finishes_what_was_begun(town: TownApart) -> None:
    link = new_link(town)
    await town.advance(seconds=5)
    await town.post("faults", methods={"chat.postMessage": {"delay_ms": 1200, "count": 1}})
    await suggest(town, link)
    await until_called(town)
    assert await town.stop_bot(signal.SIGTERM) == 0
    assert town.rows("SELECT state FROM job WHERE kind = 'show_suggestion' ORDER BY id DESC LIMIT 1") == [("done",)]
    await town.start_bot()
    await town.settle()
    assert await cards(town, link) == 1


async def test_a_kill_loses_nothing_that_was_acknowledged_and_doubles_nothing(town: TownApart) -> None:
    links = [new_link(town) for _ in range(4)]
    message = await town.announcement(TOM, "A school that flushes")
    out = link_in(composed(await town.share(TOM, message, "The pupils painted the tank, and it rained on the day.")))
    await town.post("faults", methods={"chat.postMessage": {"delay_ms": 1500, "count": 1}})
    for link in links:
        assert "Your suggestion" in await suggest(town, link)
    await until_called(town)
    assert (await town.get(out)).status == 302
    await town.stop_bot(signal.SIGKILL)
    assert town.rows("SELECT count(*) FROM visit JOIN link ON link.id = link_id WHERE slug = ?", out[-8:]) == [(1,)]

    await town.start_bot()
    for link in links:
        await town.find(CURATORS, NADIA, link)
    await town.settle()
    assert [await cards(town, link) for link in links] == [1, 1, 1, 1]
    said, _ = await failures(town)
    assert "1 thing did not go out" in said  # what stood between the call and its result is for a person to decide
    assert "Uncertain since" in said


def seconds_between(first: Json, second: Json) -> float:
    """Return how long after the first call the second one came."""
    begun, ended = (datetime.fromisoformat(one["at"]) for one in (first, second))
    return (ended - begun).total_seconds()


async def until_called(town: TownApart) -> None:
    """Wait until a suggestion's card is on its way."""
    async with asyncio.timeout(40):
        while True:
            if town.rows("SELECT 1 FROM job WHERE state = 'running' AND kind = 'show_suggestion'"):
                return
            await asyncio.sleep(0.02)
