"""A private answer reaches who acted by one way and once, and nobody else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.core import actions as a
from bot.core.cards import Button, Buttons, Card
from bot.core.errors import Refused, TryLater, Uncertain
from connectors.chat.teams import private
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.decode import Kind, Place
from connectors.chat.teams.private import PersonalChats, PrivateAnswers
from tests.connectors.teams.fake_service import ADA, BEN, CHAT_ADA, NEWS, TENANT, USER_ADA, FakeTeams
from tests.connectors.teams.parts import (
    FakeBook,
    activity_from,
    addresses,
    book,
    calls,
    clock,
    credentials,
    session,
    teams,
)

__all__ = ["addresses", "book", "calls", "clock", "credentials", "session", "teams"]
CARD = Card(title="Done", body=(Buttons((Button(label="Share", action=a.OpenShare(post_id=7)),)),))
THREAD = f"{NEWS};messageid=1776390257331"


def spot(service_url: str, *, conversation_id: str = THREAD, person_ref: str = ADA, is_direct: bool = False) -> Place:
    """Return where somebody acted."""
    return Place(
        kind=Kind.MESSAGE,
        person_ref=person_ref,
        conversation_id=conversation_id,
        is_direct=is_direct,
        service_url=service_url,
    )


def answers(calls: TeamsCalls, addresses: Addresses, *, is_targeted: bool) -> PrivateAnswers:
    chats = PersonalChats(calls, addresses=addresses, tenant=TENANT)
    return PrivateAnswers(calls, chats=chats, addresses=addresses, is_targeted=is_targeted)


@pytest.fixture
def targeted(calls: TeamsCalls, addresses: Addresses, teams: FakeTeams) -> PrivateAnswers:
    addresses.notice(activity_from(teams))
    return answers(calls, addresses, is_targeted=True)


@pytest.fixture
def plain(calls: TeamsCalls, addresses: Addresses, teams: FakeTeams) -> PrivateAnswers:
    addresses.notice(activity_from(teams))
    return answers(calls, addresses, is_targeted=False)


async def test_in_ones_own_chat_an_answer_is_a_message_there(targeted: PrivateAnswers, teams: FakeTeams) -> None:
    await targeted.send(CARD, spot(teams.service_url, conversation_id="a:mine", is_direct=True))
    (sent,) = teams.asked("send")
    assert (sent.parts["conversation"], sent.query, sent.body["summary"]) == ("a:mine", {}, "Done")
    assert "recipient" not in sent.body


async def test_in_a_channel_the_answer_is_for_one_pair_of_eyes(targeted: PrivateAnswers, teams: FakeTeams) -> None:
    await targeted.send(CARD, spot(teams.service_url))
    (sent,) = teams.asked("send")
    assert (sent.parts["conversation"], sent.query) == (THREAD, {"isTargetedActivity": "true"})
    assert sent.body["recipient"] == {"id": USER_ADA, "isTargeted": True}
    assert teams.names == ["send"]


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 400, "body": {"error": {"code": "Bad argument"}}},
        {"status": 403, "body": {"error": {"code": "BotNotInConversationRoster"}}},
        {"status": 404, "body": {"error": {"code": "ConversationNotFound"}}},
        {"status": 429, "headers": {"Retry-After": "30"}},
        {"status": 412},
    ],
)
async def test_what_was_certainly_not_sent_there_comes_to_their_own_chat(
    targeted: PrivateAnswers, teams: FakeTeams, refusal: dict[str, Any]
) -> None:
    teams.will("send", **refusal)
    await targeted.send(CARD, spot(teams.service_url))
    assert teams.names == ["send", "create", "send"]
    last = teams.asked("send")[-1]
    assert (last.parts["conversation"], last.query, "recipient" in last.body) == (CHAT_ADA, {}, False)


async def test_what_may_have_arrived_is_not_sent_another_way(targeted: PrivateAnswers, teams: FakeTeams) -> None:
    teams.will("send", status=502)
    with pytest.raises(Uncertain):
        await targeted.send(CARD, spot(teams.service_url))
    assert teams.names == ["send"]


async def test_without_targeted_messages_the_answer_comes_to_their_own_chat(
    plain: PrivateAnswers, teams: FakeTeams
) -> None:
    await plain.send(CARD, spot(teams.service_url))
    assert teams.names == ["create", "send"]
    assert teams.asked("send")[0].parts["conversation"] == CHAT_ADA


async def test_whose_id_is_not_known_is_answered_in_their_own_chat(targeted: PrivateAnswers, teams: FakeTeams) -> None:
    await targeted.send(CARD, spot(teams.service_url, person_ref=BEN))
    assert teams.names == ["create", "send"]


async def test_nobody_is_written_to_who_blocked_the_bot(plain: PrivateAnswers, teams: FakeTeams) -> None:
    teams.refuse("send", 403, "ConversationBlockedByUser")
    with pytest.raises(Refused, match="ConversationBlockedByUser"):
        await plain.send(CARD, spot(teams.service_url))
    assert teams.names == ["create", "send"]


async def test_a_little_patience_is_had_and_the_answer_comes_once(plain: PrivateAnswers, teams: FakeTeams) -> None:
    for _ in range(2):
        teams.will("send", status=429, headers={"Retry-After": "0"})
    await plain.send(CARD, spot(teams.service_url, conversation_id=CHAT_ADA, is_direct=True))
    assert teams.names == ["send"] * 3
    assert len(teams.messages) == 1


async def test_patience_ends(plain: PrivateAnswers, teams: FakeTeams) -> None:
    for _ in range(3):
        teams.will("send", status=429, headers={"Retry-After": "0"})
    with pytest.raises(TryLater):
        await plain.send(CARD, spot(teams.service_url, conversation_id=CHAT_ADA, is_direct=True))
    assert teams.names == ["send"] * 3


async def test_an_answer_that_is_asked_to_wait_for_long_is_given_up(plain: PrivateAnswers, teams: FakeTeams) -> None:
    teams.will("send", status=429, headers={"Retry-After": "60"})
    with pytest.raises(TryLater):
        await plain.send(CARD, spot(teams.service_url))
    assert teams.names == ["create", "send"]


async def test_the_wait_is_the_one_that_was_asked_for(
    plain: PrivateAnswers, teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    real = asyncio.sleep

    async def noted(seconds: float) -> None:
        waited.append(seconds)
        await real(0)

    monkeypatch.setattr(private.asyncio, "sleep", noted)
    teams.will("send", status=429, headers={"Retry-After": "7"})
    await plain.send(CARD, spot(teams.service_url, conversation_id=CHAT_ADA, is_direct=True))
    assert [one for one in waited if one] == [7.0]


async def test_the_chats_of_many_people_are_each_created_once(
    calls: TeamsCalls, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(activity_from(teams))
    chats = PersonalChats(calls, addresses=addresses, tenant="")
    refs = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(5)]
    for ref in (*refs, *refs):
        await chats.send(ref, {"type": "message", "text": "x"})
    assert len(teams.asked("create")) == 5
    assert "tenantId" not in teams.asked("create")[0].body


async def test_an_answer_comes_while_the_address_book_is_away(
    plain: PrivateAnswers, teams: FakeTeams, book: FakeBook
) -> None:
    book.error = TryLater(timedelta(seconds=60), "database_away")
    await plain.send(CARD, spot(teams.service_url))
    await plain.send(CARD, spot(teams.service_url, conversation_id=CHAT_ADA, is_direct=True))
    assert [call.parts["conversation"] for call in teams.asked("send")] == [CHAT_ADA, CHAT_ADA]


async def test_a_reply_for_all_to_see_stands_in_the_thread(plain: PrivateAnswers, teams: FakeTeams) -> None:
    await plain.reply(CARD, spot(teams.service_url))
    assert teams.names == ["send"]
    assert teams.asked("send")[0].parts["conversation"] == THREAD
