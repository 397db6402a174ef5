"""Slack and Teams on one database: a post goes to channels of both, and one person on both has one ledger."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from playground.teams.ids import channel_of
from playground.teams.service import TeamsService
from tests.scenarios.apart import TownApart
from tests.scenarios.chat_on_slack import OnSlack
from tests.scenarios.chat_on_teams import OnTeams
from tests.scenarios.teams_town import TeamsTown
from tests.scenarios.town import BRISK, GENERAL, GRACE, NADIA, OMAR, PRODUCT, TOM, composed, link_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENSOR, SENSOR_TITLE = "/site/open-sensor.html", "Our sensor board is now open source"
OWN = "I soldered the first of these boards on my kitchen table, and now anyone may. Have a look at what is inside."
ON_BOTH = [
    {"id": PRODUCT, "name": "product-news", "topics": ["water", "customers", "climate"]},
    {"id": GENERAL, "name": "general"},
    {"id": channel_of(PRODUCT), "name": "product-news on the other side"},
]


@dataclass
class Both:
    """One bot, and what people of either platform do."""

    slack: OnSlack
    teams: OnTeams


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """The demo company on Slack, whose people are on Teams too, with one channel announced in on either side."""
    folder = tmp_path_factory.mktemp("both")
    async with TeamsService.at(folder / "teams") as service:
        told = {key: value for key, value in service.environment().items() if key.startswith("TEAMS_")}
        environment = {**BRISK, **told, "VOUCH_CHANNELS": json.dumps(ON_BOTH)}
        async with TownApart(folder, more_environment=environment) as town:
            service.bot_url = f"http://127.0.0.1:{town.bot_port}"
            await service.admin.install_team(GRACE)
            await town.settle()
            on_teams = TeamsTown(folder)
            on_teams.service = service
            yield Both(OnSlack(town), OnTeams(on_teams))


async def settle(both: Both) -> None:
    """Wait until the bot has nothing to do; one clock, the playground's, is the bot's."""
    await both.slack.settle()


async def test_a_post_is_announced_in_the_channels_of_both(both: Both) -> None:
    await both.slack.open(NADIA, f"post {both.slack.address}{SENSOR}")
    channels = [PRODUCT, channel_of(PRODUCT)]
    review = await both.slack.submit(NADIA, channels=channels, networks=["linkedin"])
    assert "Announced at once in" in review
    await both.slack.submit(NADIA)
    await settle(both)
    for seen in (await both.slack.announcement(OMAR, SENSOR_TITLE), await both.teams.announcement(OMAR, SENSOR_TITLE)):
        assert "open_share" in seen.buttons
    kept = both.slack.rows(
        "SELECT channel_ref, message_ref IS NOT NULL FROM announcement JOIN post ON post.id = post_id WHERE title = ?",
        SENSOR_TITLE,
    )
    assert sorted(kept) == [(ref, 1) for ref in sorted(channels)]
    pools = {pool for (pool,) in both.slack.rows("SELECT DISTINCT pool FROM job WHERE kind = 'announce_in'")}
    assert pools == {"post", "post@teams"}


async def test_who_shares_on_the_other_platform_is_a_member_of_their_own_at_first(both: Both) -> None:
    await both.teams.press(TOM, await both.teams.announcement(TOM, SENSOR_TITLE), "open_share")
    await both.teams.submit(TOM, text=OWN, network="linkedin")
    window = await both.teams.window(TOM)
    assert window is not None
    await both.teams.close(TOM)
    members = both.slack.rows("SELECT platform FROM member WHERE email = 'tom@brightwater.example' ORDER BY platform")
    assert members == [("slack",), ("teams",)]


async def test_one_person_is_asked_here_answers_there_and_has_one_ledger(both: Both) -> None:
    said = await both.slack.say(TOM, "pair")
    assert "other chat" in said
    await settle(both)
    question = await both.teams.find(TOM, "are we one and the same person?")
    assert "answer_pairing" in question.buttons
    await both.teams.press(TOM, question, "answer_pairing")
    ((slack_id,),) = both.slack.rows("SELECT id FROM member WHERE person_ref = ?", TOM)
    paired = both.slack.rows("SELECT same_as_id FROM member WHERE person_ref = ?", both.teams.ref(TOM))
    assert paired == [(slack_id,)]

    address = await both.slack.share(TOM, await both.slack.announcement(TOM, SENSOR_TITLE), OWN)
    await both.slack.get(link_in(composed(address)), "someone-else")
    await both.slack.advance(minutes=2)
    assert both.slack.points(TOM) == 7 + 5
    assert "+7" in await both.teams.say(TOM, "why")
    assert both.slack.rows("SELECT count(*) FROM share WHERE member_id <> ? AND text = ?", slack_id, OWN) == [(0,)]


async def test_a_withdrawal_reaches_the_cards_of_both(both: Both) -> None:
    ((post_id,),) = both.slack.rows("SELECT id FROM post WHERE title = ?", SENSOR_TITLE)
    await both.slack.say(NADIA, f"withdraw P{post_id}")
    await both.slack.advance(minutes=1)
    for chat in (both.slack, both.teams):
        assert "has withdrawn this post" in (await chat.find(OMAR, SENSOR_TITLE, PRODUCT)).said
    assert both.slack.rows("SELECT kind, error FROM job WHERE state IN ('failed', 'uncertain')") == []
