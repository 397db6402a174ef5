"""The town on Teams, tried with a small bot in a process of its own."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from playground.teams.cards import inputs_of
from playground.teams.inputs import first_value
from tests.playground.teams.conftest import ADAPTIVE, FETCH, NADIA, PRODUCT, SANNE, text_card
from tests.scenarios.teams_town import TeamsTown, carried, does, everything_said, has_button

STUB = (sys.executable, "-m", "tests.playground.teams.stub_child")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TeamsTown]:
    async with TeamsTown(tmp_path_factory.mktemp("town"), bot=STUB) as started:
        yield started


in_town = pytest.mark.asyncio(loop_scope="module")


@in_town
async def test_the_bot_starts_with_the_demos_files_and_hears_of_its_installations(town: TeamsTown) -> None:
    assert town.bot_log.split() == ["company:"] * 2  # the programme and the demo
    told = town.service.told("installationUpdate")
    assert (len(told), {one["status"] for one in told}) == (13, {202})


@in_town
async def test_people_write_and_read_what_the_bot_answers(town: TeamsTown) -> None:
    await town.say(NADIA, "help")
    assert (await town.find(NADIA, "You said")).text == "You said help"
    await town.command(SANNE, "me", PRODUCT)
    assert everything_said(await town.find(SANNE, "You said", PRODUCT)) == "You said <at>Vouch</at> me"
    await town.settle()


@in_town
async def test_three_clicks_lead_to_a_composer(town: TeamsTown) -> None:
    button = {**FETCH, "data": {**FETCH["data"], "vouch": '{"do":"open_share"}'}}
    card = {"contentType": ADAPTIVE, "content": text_card(actions=[button])}
    place = town.service.state.place(PRODUCT)
    message = town.service.state.add(place, {"type": "message", "attachments": [card], "summary": "x"})
    with pytest.raises(LookupError):
        await town.press(NADIA, message, "approve")
    await town.press(NADIA, message, "open_share")
    assert has_button(town.must_dialog(NADIA).card, "leave_for_network")
    assert first_value(inputs_of(town.must_dialog(NADIA).card)["text"]) == ""
    await town.submit(NADIA, "leave_for_network", text="mine")
    visit = await town.get("/go/x", NADIA)
    assert visit.location == f"{town.address}/network/linkedin"


@in_town
async def test_time_moves_to_the_next_working_day(town: TeamsTown) -> None:
    before = town.now()
    await town.to_working_hours()
    local = town.now().astimezone(town.next_moment([0], before.timetz().replace(tzinfo=None)).tzinfo)
    assert (local > before, local.hour, local.weekday() < 5) == (True, 10, True)


@in_town
async def test_a_bot_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="this bot does not start"):
        async with TeamsTown(tmp_path, bot=(*STUB, "broken")):
            pass


@in_town
async def test_a_bot_can_be_ended_and_started_again(town: TeamsTown) -> None:
    code = await town.stop()
    assert code in (0, -15)
    assert (await town.service.people.say(NADIA, "x")).answer.error == "unreachable"
    await town.start()
    await town.say(NADIA, "again")
    assert (await town.find(NADIA, "again")).text == "You said again"


def test_choices_travel_with_their_commas_encoded() -> None:
    assert carried({"a": ["x,y", "5%"], "b": "x,y"}) == {"a": ["x%2Cy", "5%25"], "b": "x,y"}
    assert not does("approve")({"data": {"vouch": '{"do":"decline"}'}})
