"""Teams' address changes while places and people are known by the old one: nothing fails and nothing is doubled."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core import actions as a
from bot.core.cards import Button, Buttons, Card
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.credentials import Credentials
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.teams.fake_service import ADA, ADA_LISTED, BEN, CHAT, CHAT_ADA, NEWS, TEAM, TENANT, FakeTeams
from tests.connectors.teams.parts import (
    FakeBook,
    FakeShelf,
    activity_from,
    book,
    credentials,
    outcome,
    personal_from,
    session,
    teams,
)

__all__ = ["book", "credentials", "session", "teams"]
CARD = Card(title="Wind", body=(Buttons((Button(label="Share", action=a.OpenShare(post_id=7)),)),))


class Old:
    """The address before: it answers everything with `status`."""

    def __init__(self) -> None:
        self.url, self.status, self.asked = "", 404, list[str]()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"error": {"code": "ConversationNotFound"}}, status=self.status)


@pytest.fixture
async def old() -> AsyncIterator[Old]:
    held, app = Old(), web.Application()
    app.router.add_route("*", "/{path:.*}", held.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    held.url = str(server.make_url("/old/"))
    yield held
    await server.close()


@pytest.fixture
def addresses(book: FakeBook, teams: FakeTeams, old: Old) -> Addresses:
    """Everything was learned at the old address but that Teams is elsewhere now, which somebody else's message told."""
    found = Addresses(book, may_call=lambda url: True)
    group = {"conversationType": "groupChat", "isGroup": True, "id": CHAT, "tenantId": TENANT}
    for told in (activity_from(teams), personal_from(teams), activity_from(teams, conversation=group)):
        found.notice({**told, "serviceUrl": old.url})
    found.notice(personal_from(teams, BEN))
    return found


@pytest.fixture
def surface(addresses: Addresses, session: aiohttp.ClientSession, credentials: Credentials) -> TeamsSurface:
    calls = TeamsCalls(session, credentials=credentials, may_call=lambda url: True)
    return TeamsSurface(calls, addresses=addresses, shelf=FakeShelf(), tenant=TENANT)


async def test_a_post_arrives_once_and_the_new_address_is_remembered(
    surface: TeamsSurface, teams: FakeTeams, old: Old
) -> None:
    for _ in range(2):
        await surface.post(NEWS, CARD, key="k")
        await surface.post(CHAT, CARD, key="k")
    assert teams.names == ["create", "send", "create", "send"]
    assert len(old.asked) == 2


async def test_a_message_is_redrawn_at_the_new_address(surface: TeamsSurface, teams: FakeTeams) -> None:
    ref = await surface.post(NEWS, CARD, key="k")
    teams.calls.clear()
    await surface.update(NEWS, ref, CARD)
    assert teams.names == ["update"]


async def test_somebody_is_told_in_the_chat_they_have(surface: TeamsSurface, teams: FakeTeams, old: Old) -> None:
    ref = await surface.tell(ADA, CARD, key="k")
    await surface.update("x", ref, CARD)
    assert (teams.names, teams.asked("send")[0].parts["conversation"]) == (["send", "update"], CHAT_ADA)
    assert len(old.asked) == 2  # the message, and whether the chat can be made anew


async def test_people_and_channels_are_found_and_no_team_is_forgotten(
    surface: TeamsSurface, teams: FakeTeams, addresses: Addresses
) -> None:
    assert (await surface.look_up(ADA)).is_active
    assert set(await surface.list_group(TEAM)) == {ADA, BEN}
    assert set(await surface.list_channels()) == {TEAM, NEWS, CHAT}
    assert await addresses.teams() == {TEAM}
    teams.rosters |= {CHAT_ADA: [], TEAM: [ADA_LISTED]}
    assert (await surface.look_up(ADA)).is_active


async def test_an_address_that_is_not_there_any_more_counts_as_moved(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, unused_tcp_port: int
) -> None:
    for told in (activity_from(teams), personal_from(teams)):
        addresses.notice({**told, "serviceUrl": f"http://127.0.0.1:{unused_tcp_port}/gone/"})
    addresses.notice(personal_from(teams, BEN))
    await surface.post(NEWS, CARD, key="k")
    await surface.tell(ADA, CARD, key="k")
    assert teams.names == ["create", "send"]


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (403, ("Refused", "ConversationNotFound")),
        (502, ("Uncertain", "ConversationNotFound")),
        (429, ("TryLater", "ratelimited")),
    ],
)
async def test_what_is_answered_otherwise_is_not_asked_elsewhere(
    surface: TeamsSurface, teams: FakeTeams, old: Old, status: int, failure: tuple[str, str]
) -> None:
    old.status = status
    assert await outcome(surface.post(NEWS, CARD, key="k")) == failure
    assert teams.names == []


async def test_what_is_found_at_neither_is_not_there(surface: TeamsSurface, teams: FakeTeams, old: Old) -> None:
    teams.refuse("create", 404, "ConversationNotFound")
    assert await outcome(surface.post(NEWS, CARD, key="k")) == ("Refused", "ConversationNotFound")
    assert (len(old.asked), teams.names) == (1, ["create"])
