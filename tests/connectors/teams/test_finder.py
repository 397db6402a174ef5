"""Somebody is looked up wherever they may be known; a search that takes long goes on, and nobody is gone by guess."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.errors import TryLater
from bot.core.people import Person
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.finder import MOST_AT_ONCE
from connectors.chat.teams.people import TRUSTED_FOR
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.teams.activities import activity as recorded
from tests.connectors.teams.fake_service import (
    ADA,
    ADA_LISTED,
    BEN,
    BEN_LISTED,
    CHAT_ADA,
    OTHER_TENANT,
    TEAM,
    FakeTeams,
    Json,
    member,
)
from tests.connectors.teams.parts import (
    FakeBook,
    Ticking,
    activity_from,
    addresses,
    book,
    calls,
    clock,
    credentials,
    outcome,
    personal_from,
    session,
    shelf,
    teams,
)
from tests.connectors.teams.parts import surface as bare_surface

__all__ = [
    "addresses",
    "bare_surface",
    "book",
    "calls",
    "clock",
    "credentials",
    "session",
    "shelf",
    "teams",
]
EVE = "11111111-2222-4333-8444-555555555555"
SHARED = "19:c2hhcmVkLWNoYW5uZWw@thread.tacv2"
UNKNOWN = ("Refused", "user_not_found")


@pytest.fixture
async def surface(bare_surface: TeamsSurface) -> AsyncIterator[TeamsSurface]:
    yield bare_surface
    await bare_surface.close()


def in_shared_channel(teams: FakeTeams, ref: str, *, kind: str = "shared", **sender: str) -> Json:
    """Return a message in a channel that the team shares with others, whose roster it has for itself."""
    told = activity_from(teams, ref)
    data = {**told["channelData"], "channel": {"id": SHARED, **({"type": kind} if kind else {})}}
    conversation = {**told["conversation"], "id": f"{SHARED};messageid=17"}
    return {**told, "channelData": data, "conversation": conversation, "from": {**told["from"], **sender}}


def in_extension(teams: FakeTeams, ref: str, **told: object) -> Json:
    """Return a search by the message extension, in a chat of two people if nothing else is told."""
    chat = {"conversationType": "personal", "id": f"19:{ref}_{BEN}@unq.gbl.spaces"}
    query = {"type": "invoke", "name": "composeExtension/query", "conversation": chat, "channelData": {}}
    return activity_from(teams, ref, **(query | told))


# Who is gone


async def test_who_left_a_team_is_found_in_another(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    other = "19:other@thread.tacv2"
    data = {"team": {"id": other}, "channel": {"id": other}}
    place = {"conversationType": "channel", "id": other, "isGroup": True}
    addresses.notice(activity_from(teams, BEN, channelData=data, conversation=place))
    teams.rosters |= {TEAM: [BEN_LISTED], other: [BEN_LISTED, ADA_LISTED]}
    assert (await surface.look_up(ADA)).is_active


async def test_who_is_gone_by_their_own_chat_is_not_active(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(personal_from(teams))
    teams.rosters |= {CHAT_ADA: [], TEAM: [BEN_LISTED]}
    person = await surface.look_up(ADA)
    assert (person.name, person.is_active, person.is_full_member) == ("Ada Lovelace", False, False)
    assert (person.locale, person.zone) == ("nl-NL", "Europe/Amsterdam")


@pytest.mark.parametrize("status", [400, 404])
async def test_somebody_is_not_there_whatever_the_status_of_that_answer(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, status: int
) -> None:
    addresses.notice(personal_from(teams))
    teams.rosters[TEAM] = [BEN_LISTED]
    teams.refuse("member", status, "MemberNotFoundInConversation")
    assert not (await surface.look_up(ADA)).is_active


@pytest.mark.parametrize("roster", [[BEN_LISTED], None])
async def test_who_is_missing_in_a_team_may_have_left_just_that(
    surface: TeamsSurface, teams: FakeTeams, roster: list[Json] | None
) -> None:
    teams.rosters = {TEAM: roster} if roster else {}
    assert await outcome(surface.look_up(ADA)) == UNKNOWN


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "BotNotInConversationRoster"), (404, "ConversationNotFound"), (403, "MessageWritesBlocked")],
)
async def test_a_chat_that_is_closed_to_the_bot_says_nothing_of_its_person(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, status: int, code: str
) -> None:
    addresses.notice(personal_from(teams))
    teams.rosters = {TEAM: [BEN_LISTED]}
    teams.refuse("member", status, code)
    assert await outcome(surface.look_up(ADA)) == UNKNOWN
    assert await outcome(surface.look_up(EVE)) == UNKNOWN


# People of other companies, and of a channel that is shared


async def test_a_person_of_another_company_is_none_of_ours_whatever_a_roster_says(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(in_shared_channel(teams, EVE, tenantId=OTHER_TENANT, name="Eve Elsewhere"))
    for roster in ([], [member(EVE, "Eve Elsewhere", tenantId="")]):
        teams.rosters[SHARED] = roster
        person = await surface.look_up(EVE)
        assert (person.name, person.is_full_member, person.is_active) == ("Eve Elsewhere", False, True)
    assert teams.names == []


async def test_a_person_of_another_company_of_whom_only_the_roster_says_so_is_none_of_ours(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(in_shared_channel(teams, EVE))
    teams.rosters[SHARED] = [member(EVE, "Eve Elsewhere", tenantId=OTHER_TENANT)]
    person = await surface.look_up(EVE)
    assert (person.is_full_member, person.is_active) == (False, True)


async def test_a_stranger_whom_no_roster_knows_is_not_let_in_by_their_own_name(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(in_shared_channel(teams, EVE, name="Eve Elsewhere"))
    assert await outcome(surface.look_up(EVE)) == UNKNOWN


async def test_the_recorded_person_of_another_company_is_none_of_ours(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    told = recorded("message_of_another_company", serviceUrl=teams.service_url)
    addresses.notice(told)
    assert not (await surface.look_up(told["from"]["aadObjectId"])).is_full_member


@pytest.mark.parametrize("kind", ["shared", ""])
async def test_a_colleague_of_another_team_is_found_in_the_shared_channel(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, kind: str
) -> None:
    teams.rosters[SHARED] = [member(EVE, "Eve Near")]
    addresses.notice(in_shared_channel(teams, EVE, kind=kind))
    person = await surface.look_up(EVE)
    assert (person.name, person.is_full_member, person.is_active) == ("Eve Near", True, True)


async def test_a_shared_channel_is_remembered_as_where_somebody_was_seen(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    told = in_shared_channel(teams, ADA)
    addresses.notice(told)
    await addresses.keep(told)
    assert f'"seen_in": "{SHARED}"' in book.held[ADA]


# The first contact


async def test_who_searches_in_a_channel_is_looked_up_there(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    teams.rosters[SHARED] = [member(EVE, "Eve Near")]
    conversation = {"conversationType": "channel", "id": SHARED, "isGroup": True}
    addresses.notice(
        in_extension(
            teams, EVE, conversation=conversation, channelData={"team": {"id": TEAM}, "channel": {"id": SHARED}}
        )
    )
    assert (await surface.look_up(EVE)).is_full_member
    assert [call.parts["conversation"] for call in teams.asked("member")] == [SHARED]


async def test_who_searches_where_the_bot_is_not_is_looked_up_in_a_chat_with_them(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(in_extension(teams, EVE))
    teams.rosters[f"a:1{EVE}"] = [member(EVE, "Eve Near")]
    assert (await surface.look_up(EVE)).name == "Eve Near"
    assert await surface.look_up(EVE)
    assert teams.names == ["create", "member", "member"]
    assert teams.asked("create")[0].body["members"] == [{"id": f"29:{EVE}"}]


@pytest.mark.parametrize(("status", "code"), [(403, "BotDisabledByAdmin"), (400, "BadSyntax"), (404, "x")])
async def test_who_has_not_the_app_for_themselves_is_looked_for_in_every_team(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, status: int, code: str
) -> None:
    addresses.notice(in_extension(teams, BEN))
    teams.refuse("create", status, code)
    assert (await surface.look_up(BEN)).is_full_member
    assert teams.names == ["create", "roster"]


async def test_a_search_that_takes_too_long_goes_on_and_asking_again_finds_it(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(in_extension(teams, BEN))
    teams.refuse("create", 403, "BotDisabledByAdmin")
    teams.will("roster", body={"members": [BEN_LISTED]}, delay_s=0.1)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.03):
                await surface.look_up(BEN)
    assert (await surface.look_up(BEN)).name == "Ben Vos"
    assert teams.names == ["create", "roster"]


async def test_what_a_search_read_by_itself_serves_the_next_one(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, clock: Ticking
) -> None:
    addresses.notice(in_extension(teams, EVE))
    teams.will("roster", body={"members": []}, delay_s=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await surface.look_up(EVE)
    assert await outcome(surface.look_up(EVE)) == UNKNOWN
    clock.at += TRUSTED_FOR - 1
    assert await outcome(surface.look_up(EVE)) == UNKNOWN
    assert len(teams.asked("roster")) == 1


async def test_so_many_searches_go_on_at_once_and_no_more(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    refs = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(MOST_AT_ONCE + 1)]
    answers = await asyncio.gather(*(surface.look_up(ref) for ref in refs), return_exceptions=True)
    assert [getattr(one, "code", "") for one in answers[-2:]] == ["user_not_found", "too_many_searches"]
    assert isinstance(answers[-1], TryLater)
    assert await outcome(surface.look_up(refs[-1])) == UNKNOWN


async def test_whoever_waits_for_a_search_that_is_given_up_may_ask_again(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    teams.will("member", delay_s=5)
    waiting = asyncio.create_task(surface.look_up(ADA))
    await teams.until(lambda: bool(teams.asked("member")))
    await surface.close()
    assert await outcome(waiting) == ("TryLater", "search_given_up")


async def test_a_visitor_without_an_account_is_opened_no_chat_with(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    visitor = {"id": "29:1visitor", "name": "Visitor (Unverified)"}
    addresses.notice(in_extension(teams, EVE, **{"from": visitor}))
    assert await outcome(surface.look_up("29:1visitor")) == UNKNOWN
    assert teams.asked("create") == []


async def test_the_language_and_zone_of_who_was_never_seen_are_not_made_up(
    surface: TeamsSurface, teams: FakeTeams
) -> None:
    assert await surface.look_up(BEN) == Person(
        ref=BEN, name="Ben Vos", locale="", zone="", email="ben@brightwater.example"
    )
