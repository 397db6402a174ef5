"""A channel that is shared with another company: its people are told kindly, one's own are let in from anywhere."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from playground.company import Person
from tests.scenarios.bad_input_on_teams import kept
from tests.scenarios.teams_town import BRISK, TeamsTown
from tests.scenarios.town import GRACE, NADIA, OMAR, PRIYA, SANNE

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = "3f3d1cea-7a18-41af-872b-cfbbd5140984"
SHARED, NINA, ZOE = "C0SHARED", "U0NINA", "U0ZOE"
KIND = "full members of this company only"


def like(town: TeamsTown, who: str, **changes: str) -> Person:
    return replace(town.service.state.person(who), **changes)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TeamsTown]:
    """Nina is of another company; Zoe is of this one, and neither in the team nor given the app."""
    async with TeamsTown(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        started.service.no_limits()
        state = started.service.state
        state.add_outsider(like(started, SANNE, id=NINA, name="Nina Elsewhere", locale="en-GB"), ELSEWHERE)
        zoe = like(started, SANNE, id=ZOE, name="Zoe Near", email="zoe@brightwater.example")
        state.add_outsider(zoe)
        state.add_shared(SHARED, "with-elsewhere", NADIA, OMAR, NINA, ZOE)
        yield started


def members(town: TeamsTown, who: str) -> list[tuple[object, ...]]:
    return town.rows("SELECT name, tenant_ref FROM member WHERE person_ref = ?", town.ref(who))


def addresses(town: TeamsTown, who: str) -> list[tuple[object, ...]]:
    return town.rows("SELECT count(*) FROM address WHERE ref = ?", town.ref(who))


async def test_who_is_of_another_company_gets_a_kind_answer_and_nothing_of_them_is_kept(town: TeamsTown) -> None:
    before = kept(town)
    found = await town.service.people.query(NINA, "", where=SHARED)
    assert KIND in found.answer.text
    for line in ("me", "suggest https://example.org/from-elsewhere", "help"):
        await town.say(NINA, line, SHARED)
    await town.settle()
    assert kept(town) == before
    assert (members(town, NINA), addresses(town, NINA)) == ([], [(0,)])


async def test_a_colleague_of_another_team_is_let_in_from_a_shared_channel_by_a_search(town: TeamsTown) -> None:
    found = await town.service.people.query(ZOE, "", where=SHARED)
    assert KIND not in found.answer.text
    await town.settle()
    assert members(town, ZOE) == [("Zoe Near", town.service.settings.tenant)]


async def test_who_is_missing_in_the_team_stays_a_member_and_whose_account_is_gone_has_left(town: TeamsTown) -> None:
    await town.say(ZOE, "me", SHARED)
    for who in (SANNE, PRIYA):
        await town.say(who, "me")
        await town.service.admin.leave(who, by=GRACE)
    await town.settle()
    town.service.state.place(PRIYA).members.clear()
    await town.advance(hours=25)
    left = "SELECT left_at IS NOT NULL FROM member WHERE person_ref = ?"
    found = {who: town.rows(left, town.ref(who)) for who in (ZOE, SANNE, PRIYA, OMAR)}
    assert found == {ZOE: [(0,)], SANNE: [(0,)], PRIYA: [(1,)], OMAR: [(0,)]}
