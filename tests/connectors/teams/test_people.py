"""People and channels are read from rosters: who is a full member, by whatever name and address, page by page."""

from datetime import timedelta

import pytest

from bot.core.errors import TryLater
from bot.core.people import Person
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.people import TRUSTED_FOR
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.teams.fake_service import (
    ADA,
    ADA_LISTED,
    BEN,
    BEN_LISTED,
    CHAT,
    CHAT_ADA,
    GUS,
    NEWS,
    OTHER_TENANT,
    TEAM,
    TENANT,
    USER_ADA,
    FakeTeams,
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
    surface,
    teams,
)

__all__ = ["addresses", "book", "calls", "clock", "credentials", "session", "shelf", "surface", "teams"]


async def test_a_person_is_looked_up_where_they_were_last_seen(surface: TeamsSurface, teams: FakeTeams) -> None:
    assert await surface.look_up(ADA) == Person(
        ref=ADA, name="Ada Lovelace", locale="nl-NL", zone="Europe/Amsterdam", email="ada@brightwater.example"
    )
    assert [call.parts for call in teams.asked("member")] == [{"conversation": TEAM, "user": USER_ADA}]
    assert teams.names == ["member"]


async def test_ones_own_chat_is_asked_first(surface: TeamsSurface, addresses: Addresses, teams: FakeTeams) -> None:
    addresses.notice(personal_from(teams))
    assert (await surface.look_up(ADA)).is_active
    assert [call.parts["conversation"] for call in teams.asked("member")] == [CHAT_ADA]


@pytest.mark.parametrize(
    "changes",
    [
        {"userRole": "guest"},
        {"userRole": "anonymous", "objectId": None},
        {"tenantId": OTHER_TENANT},
        {"userPrincipalName": "gus_other.example#EXT#@brightwater.onmicrosoft.example"},
    ],
)
async def test_guests_strangers_and_people_of_other_companies_are_no_full_members(
    surface: TeamsSurface, teams: FakeTeams, changes: dict[str, object]
) -> None:
    teams.rosters[TEAM][0] = {**ADA_LISTED, **changes}
    person = await surface.look_up(ADA)
    assert (person.ref, person.is_full_member, person.is_active) == (ADA, False, True)


@pytest.mark.parametrize("changes", [{"tenantId": TENANT.upper()}, {"tenantId": ""}, {"userRole": "owner"}])
async def test_people_of_the_company_are_full_members_however_it_is_written(
    surface: TeamsSurface, teams: FakeTeams, changes: dict[str, object]
) -> None:
    teams.rosters[TEAM][0] = {**ADA_LISTED, **changes}
    assert (await surface.look_up(ADA)).is_full_member


async def test_a_name_in_two_pieces_is_one(surface: TeamsSurface, teams: FakeTeams) -> None:
    teams.rosters[TEAM][0] = {**ADA_LISTED, "name": None, "email": None, "objectId": None, "aadObjectId": ADA.upper()}
    person = await surface.look_up(ADA)
    assert (person.name, person.email) == ("Ada Lovelace", "ada@brightwater.example")


async def test_a_roster_that_does_not_answer_is_asked_later(surface: TeamsSurface, teams: FakeTeams) -> None:
    teams.will("member", status=429, headers={"Retry-After": "2"})
    with pytest.raises(TryLater) as caught:
        await surface.look_up(ADA)
    assert caught.value.after == timedelta(seconds=2)


async def test_a_person_is_found_by_address_in_rosters_read_page_by_page(
    surface: TeamsSurface, teams: FakeTeams, clock: Ticking
) -> None:
    teams.page = 2
    teams.rosters[TEAM] = [
        member(f"0000000{number}-0000-4000-8000-000000000000", f"P{number} Q") for number in range(5)
    ]
    teams.rosters[TEAM].append({**BEN_LISTED, "email": "Ben.Vos@Brightwater.example"})
    found = await surface.find_by_email(" ben.vos@brightwater.EXAMPLE ")
    assert found == Person(ref=BEN, name="Ben Vos", locale="", zone="", email="Ben.Vos@Brightwater.example")
    asked = [call.query.get("continuationToken") for call in teams.asked("roster")]
    assert asked == [None, "2", "4"]
    assert {call.query["pageSize"] for call in teams.asked("roster")} == {"500"}
    assert await surface.find_by_email("ben@brightwater.example") == found
    assert await surface.find_by_email("nobody@brightwater.example") is None
    assert len(teams.asked("roster")) == 3
    clock.at += TRUSTED_FOR
    assert await surface.find_by_email("nobody@brightwater.example") is None
    assert len(teams.asked("roster")) == 6


async def test_a_roster_that_never_ends_ends(surface: TeamsSurface, teams: FakeTeams) -> None:
    for _ in range(3):
        teams.will("roster", body={"members": [BEN_LISTED], "continuationToken": "again"})
    assert await surface.list_group(TEAM) == (BEN, BEN)


async def test_a_team_that_the_bot_was_removed_from_is_forgotten(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    del teams.rosters[TEAM]
    assert await surface.find_by_email("ben@brightwater.example") is None
    assert dict(await addresses.places()) == {}
    assert await surface.list_channels() == ()


async def test_a_refusal_of_another_kind_is_not_taken_for_nobody(surface: TeamsSurface, teams: FakeTeams) -> None:
    teams.refuse("roster", 403, "BotDisabledByAdmin")
    assert await outcome(surface.find_by_email("x@y.example")) == ("Refused", "BotDisabledByAdmin")
    teams.refuse("channels", 403, "BotDisabledByAdmin")
    assert await outcome(surface.list_channels()) == ("Refused", "BotDisabledByAdmin")


async def test_a_group_is_the_companys_people_in_a_team_as_they_are_now(
    surface: TeamsSurface, teams: FakeTeams
) -> None:
    assert await surface.list_group(TEAM) == (ADA, BEN)
    teams.rosters[TEAM].pop(0)
    assert await surface.list_group(TEAM) == (BEN,)
    assert GUS not in await surface.list_group(TEAM)
    assert await outcome(surface.list_group("19:x@thread.tacv2")) == ("Refused", "BotNotInConversationRoster")


async def test_channels_are_those_of_every_team_and_the_group_chats(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    chat = {"conversationType": "groupChat", "isGroup": True, "id": CHAT, "name": "Curators"}
    addresses.notice(activity_from(teams, conversation=chat, channelData={}))
    teams.teams[TEAM]["19:new@thread.tacv2"] = "New"
    assert set(await surface.list_channels()) == {CHAT, TEAM, NEWS, "19:new@thread.tacv2"}
    assert (addresses.names[NEWS], addresses.names["19:new@thread.tacv2"]) == ("Nieuws", "New")
    assert "place:19:new@thread.tacv2" in book.held


async def test_a_team_that_is_gone_has_no_channels(surface: TeamsSurface, teams: FakeTeams, book: FakeBook) -> None:
    teams.teams.clear()
    assert await surface.list_channels() == ()
    assert not [key for key in book.held if key.startswith("place:")]
