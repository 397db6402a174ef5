"""Only of places that the bot is in anything is kept, and nothing is written that says the same as before."""

from collections.abc import Callable

import pytest

from connectors.chat.teams.addresses import MOST_ACTING, SERVICE_WRITTEN_EVERY, Addresses
from connectors.chat.teams.surface import TeamsSurface
from connectors.chat.teams.whereabouts import Acting
from tests.connectors.teams.fake_service import ADA, CHAT, CHAT_ADA, GUS, NEWS, TEAM, FakeTeams, Json
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
from tests.connectors.teams.test_surface import CARD

__all__ = ["addresses", "book", "calls", "clock", "credentials", "session", "shelf", "surface", "teams"]
IN_GROUP: Json = {
    "conversation": {"conversationType": "groupChat", "isGroup": True, "id": CHAT, "name": "Private plans"},
    "channelData": {},
}
CLICKS: dict[str, Json] = {
    "execute": {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": {"type": "Action.Execute"}}},
    "dialog": {"type": "invoke", "name": "task/fetch", "value": {"data": {}}},
    "button of an old client": {"type": "message", "text": None, "value": {"vouch": "{}"}},
    "reaction": {"type": "messageReaction"},
}
HEARD: dict[str, Json] = {
    "message": {},
    "installed": {"type": "installationUpdate", "action": "add"},
    "news": {"type": "conversationUpdate", "membersAdded": []},
}
ONE, OTHER = FakeTeams(url="https://one.example"), FakeTeams(url="https://other.example")


async def handled(addresses: Addresses, *activities: Json) -> None:
    for one in activities:
        addresses.notice(one)
        await addresses.keep(one)


def written(book: FakeBook) -> list[str]:
    return [one.removeprefix("keep ") for one in book.asked if one.startswith("keep ")]


# Places that the bot is not in


@pytest.mark.parametrize("click", CLICKS)
async def test_a_click_in_a_chat_that_the_bot_is_not_in_leaves_nothing_of_that_chat(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, click: str
) -> None:
    await handled(addresses, activity_from(teams, **IN_GROUP, **CLICKS[click]))
    assert (await addresses.places(), addresses.names) == ({}, {})
    assert set(book.held) == {ADA, "service:"}
    assert CHAT not in str(book.held)


@pytest.mark.parametrize("click", CLICKS)
async def test_a_click_in_a_team_that_the_bot_is_not_in_leaves_nothing_of_it(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, click: str
) -> None:
    await handled(addresses, activity_from(teams, **CLICKS[click]))
    assert await addresses.teams() == frozenset()
    assert TEAM not in str(book.held)


@pytest.mark.parametrize("heard", HEARD)
async def test_a_chat_that_the_bot_hears_something_in_is_kept(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, heard: str
) -> None:
    await handled(addresses, activity_from(teams, **IN_GROUP, **HEARD[heard]))
    assert set(await addresses.places()) == {CHAT}
    assert (addresses.names, f"place:{CHAT}" in book.held) == ({CHAT: "Private plans"}, True)


@pytest.mark.parametrize("click", CLICKS)
async def test_a_click_in_a_place_that_the_bot_is_in_keeps_what_is_new(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, click: str
) -> None:
    await handled(addresses, activity_from(teams, GUS))
    named = {"team": {"id": TEAM}, "channel": {"id": NEWS, "name": "Nieuws"}}
    await handled(addresses, activity_from(teams, **{**CLICKS[click], "channelData": named}))
    assert addresses.names[NEWS] == "Nieuws"
    assert TEAM in book.held[ADA]
    found = await addresses.person(ADA)
    assert found is not None
    assert found.seen_in == TEAM


async def test_where_somebody_is_just_now_is_known_for_a_while_and_kept_nowhere(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    sender = {"id": "29:x", "aadObjectId": ADA, "tenantId": "3F3D1CEA-7a18-41af-872b-cfbbd5140984"}
    query = {"type": "invoke", "name": "composeExtension/query", "value": {}, "from": sender}
    await handled(addresses, activity_from(teams, **query))
    assert addresses.acting(ADA) == Acting(tenant="3f3d1cea-7a18-41af-872b-cfbbd5140984", places=(NEWS, TEAM))
    assert not [one for one in (NEWS, TEAM, "3f3d1cea") if one in str(book.held)]
    await handled(addresses, personal_from(teams))
    assert addresses.acting(ADA) == Acting()


async def test_of_so_many_people_it_is_known_where_they_are_just_now(addresses: Addresses, teams: FakeTeams) -> None:
    addresses.notice(activity_from(teams))
    for number in range(MOST_ACTING):
        addresses.notice(activity_from(teams, f"{number:08d}-0000-4000-8000-000000000000"))
    assert (addresses.acting(ADA), len(addresses._acting)) == (Acting(), MOST_ACTING)


@pytest.mark.parametrize(("status", "code"), [(403, "BotNotInConversationRoster"), (404, "ConversationNotFound")])
async def test_a_group_chat_that_the_bot_is_not_in_any_more_is_forgotten_when_it_is_written_to(  # noqa: PLR0913 - fixtures
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, book: FakeBook, status: int, code: str
) -> None:
    await handled(addresses, activity_from(teams, **IN_GROUP))
    teams.refuse("send", status, code)
    assert await outcome(surface.post(CHAT, CARD, key="k")) == ("Refused", code)
    assert CHAT not in await addresses.places()
    assert f"place:{CHAT}" not in book.held


@pytest.mark.parametrize(("status", "code"), [(403, "MessageWritesBlocked"), (429, "Throttled"), (502, "x")])
async def test_a_group_chat_that_cannot_be_written_to_now_is_not_forgotten(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, status: int, code: str
) -> None:
    await handled(addresses, activity_from(teams, **IN_GROUP))
    teams.refuse("send", status, code)
    await outcome(surface.post(CHAT, CARD, key="k"))
    assert CHAT in await addresses.places()


# Writing


@pytest.fixture
def anywhere(book: FakeBook, clock: Ticking) -> Addresses:
    return Addresses(book, may_call=lambda url: True, now=clock)


@pytest.mark.parametrize("told", [personal_from, activity_from])
async def test_two_addresses_of_teams_in_turn_are_not_written_in_turn(
    anywhere: Addresses, book: FakeBook, clock: Ticking, told: Callable[[FakeTeams], Json]
) -> None:
    await handled(anywhere, told(ONE), activity_from(ONE))
    book.asked.clear()
    for _ in range(5):
        clock.at += 1
        clicks = (activity_from(one, **CLICKS["execute"]) for one in (OTHER, ONE))
        await handled(anywhere, *clicks, activity_from(OTHER, **IN_GROUP, **CLICKS["dialog"]))
    assert written(book) == []


async def test_the_newest_address_counts_at_once_and_is_written_a_little_later(
    anywhere: Addresses, book: FakeBook, clock: Ticking
) -> None:
    await handled(anywhere, personal_from(ONE), personal_from(OTHER))
    assert await anywhere.service_url() == OTHER.service_url
    assert ONE.service_url in book.held["service:"]
    clock.at += SERVICE_WRITTEN_EVERY
    await handled(anywhere, personal_from(OTHER))
    assert OTHER.service_url in book.held["service:"]


async def test_another_replica_that_heard_later_is_believed(
    anywhere: Addresses, book: FakeBook, clock: Ticking
) -> None:
    await handled(anywhere, personal_from(ONE))
    clock.at += 10 * SERVICE_WRITTEN_EVERY
    await handled(Addresses(book, may_call=lambda url: True, now=clock), personal_from(OTHER))
    assert await anywhere.service_url() == OTHER.service_url


async def test_a_person_is_reached_where_their_own_chat_is(anywhere: Addresses) -> None:
    await handled(anywhere, personal_from(ONE), activity_from(OTHER))
    found = await anywhere.person(ADA)
    assert found is not None
    assert (found.service_url, found.conversation_id, found.seen_in) == (ONE.service_url, CHAT_ADA, TEAM)


async def test_who_becomes_a_member_after_others_were_written_is_kept_all_the_same(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    told = personal_from(teams, GUS)
    addresses.notice(told)
    await handled(addresses, personal_from(teams))
    assert GUS not in book.held
    book.members.add(GUS)
    await addresses.keep(told)
    assert f"a:1{GUS}" in book.held[GUS]
