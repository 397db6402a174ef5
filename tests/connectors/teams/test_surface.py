"""The surface says certainly done, certainly not, or unknown, and never sends a message twice by itself."""

import logging
from datetime import timedelta

import pytest

from bot.core import actions as a
from bot.core.cards import Button, Buttons, Card, Channel, Form, Text
from bot.core.errors import NOT_REACHED, Refused, TryLater
from bot.core.ports import Attachment, ChatSurface
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.files import CONSENT_CARD
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.teams.fake_service import (
    ADA,
    BEN,
    CHAT,
    CHAT_ADA,
    NEWS,
    TEAM,
    TENANT,
    USER_ADA,
    FakeTeams,
    Json,
)
from tests.connectors.teams.parts import (
    FakeBook,
    FakeShelf,
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
CARD = Card(title="Wind", body=(Buttons((Button(label="Share", action=a.OpenShare(post_id=7)),)),))
FORM = Form(ref="post-9", title="Post", body=(Text(("Read",)),))
FILE = Attachment(name="vouch.json", body=b'{"a": 1}', note="Here it is.")
EVE = "11111111-2222-4333-8444-555555555555"


def words(message: Json) -> str:
    """Return what a notification of a message says."""
    return str(message["summary"])


# References


@pytest.mark.parametrize("ref", [ADA, NEWS, TEAM, CHAT, "19:033451497ea84fcc83d17ed7fb08a1b6@thread.skype"])
def test_its_own_references_are_known_by_their_form(surface: TeamsSurface, ref: str) -> None:
    assert surface.knows(ref)


@pytest.mark.parametrize(
    "ref", ["", "U0ANNA", "C0NEWS", ADA.upper(), f"{ADA}|17", f"{NEWS};messageid=1", "19:x", "a b", "anna@b.example"]
)
def test_other_references_are_not(surface: TeamsSurface, ref: str) -> None:
    assert not surface.knows(ref)


async def test_a_reference_of_a_message_fits_its_column(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    addresses.notice(personal_from(teams))
    assert len(CHAT_ADA) > 128
    refs = [
        await surface.post(TEAM, CARD, key="k"),
        await surface.post(CHAT, CARD, key="k"),
        await surface.tell(ADA, CARD, key="k"),
    ]
    assert max(map(len, refs)) <= 128
    for ref in refs:
        await surface.update(TEAM, ref, CARD)
    assert len(teams.asked("update")) == 3


# Messages


async def test_a_post_in_a_channel_begins_a_thread(surface: TeamsSurface, teams: FakeTeams) -> None:
    typed: ChatSurface = surface
    ref = await typed.post(NEWS, CARD, key="announce-1")
    (sent,) = teams.asked("create")
    assert sent.body["isGroup"] is True
    assert (sent.body["channelData"], sent.body["tenantId"]) == ({"channel": {"id": NEWS}}, TENANT)
    message = sent.body["activity"]
    assert (message["type"], words(message)) == ("message", "Wind")
    assert message["channelData"] == {"vouchKey": "announce-1"}
    assert message["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert ref == f"{NEWS};messageid=1776390257332|1776390257332"
    assert teams.names == ["create"]


async def test_a_post_in_a_group_chat_is_a_message(surface: TeamsSurface, teams: FakeTeams) -> None:
    ref = await surface.post(CHAT, CARD, key="k")
    assert ref == f"{CHAT}|1776390257332"
    assert [call.parts for call in teams.asked("send")] == [{"conversation": CHAT}]


async def test_what_teams_said_of_a_place_counts_more_than_the_form_of_its_id(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    odd = {"conversationType": "groupChat", "isGroup": True, "id": "19:odd@thread.tacv2"}
    addresses.notice(activity_from(teams, conversation=odd, channelData={}))
    await surface.post("19:odd@thread.tacv2", CARD, key="k")
    assert teams.names == ["send"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, ("Uncertain", "no_id")),
        ({"id": 7}, ("Uncertain", "no_id")),
        ({"id": f"{NEWS}"}, ("Uncertain", "no_id")),
    ],
)
async def test_a_post_whose_reference_is_not_told_may_be_there(
    surface: TeamsSurface, teams: FakeTeams, told: Json, expected: tuple[str, str]
) -> None:
    teams.will("create", status=201, body=told)
    assert await outcome(surface.post(NEWS, CARD, key="k")) == expected


async def test_a_message_is_redrawn_in_its_thread_twice_over(surface: TeamsSurface, teams: FakeTeams) -> None:
    ref = await surface.post(NEWS, CARD, key="k")
    for _ in range(2):
        await surface.update(NEWS, ref, Card(title="Wind 2"))
    assert [words(one) for one in teams.messages.values()] == ["Wind 2"]
    assert [call.parts["conversation"] for call in teams.asked("update")] == [f"{NEWS};messageid=1776390257332"] * 2


async def test_a_message_that_was_deleted_is_not_found(surface: TeamsSurface, teams: FakeTeams) -> None:
    gone = surface.update(NEWS, f"{NEWS};messageid=1|1", CARD)
    assert await outcome(gone) == ("Refused", "message_not_found")
    assert await outcome(surface.update(NEWS, f"{BEN}|1", CARD)) == ("Refused", "message_not_found")
    assert len(teams.names) == 1


async def test_a_message_of_an_unknown_place_is_redrawn_at_the_newest_address(
    surface: TeamsSurface, teams: FakeTeams
) -> None:
    teams.messages["19:elsewhere@thread.tacv2;messageid=5", "5"] = {}
    await surface.update("x", "19:elsewhere@thread.tacv2;messageid=5|5", CARD)
    teams.messages[NEWS, "6"] = {}
    await surface.update(NEWS, "6", CARD)


async def test_channels_are_called_by_their_names(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    named = {"tenant": {"id": TENANT}, "team": {"id": TEAM}, "channel": {"id": NEWS, "name": "Nieuws"}}
    addresses.notice(activity_from(teams, channelData=named))
    await surface.post(NEWS, Card(body=(Text(("In ", Channel(NEWS), " and ", Channel("19:x@thread.tacv2"))),)), key="k")
    assert words(teams.asked("create")[0].body["activity"]) == "In Nieuws and ?"


async def test_a_card_that_cannot_be_carried_is_refused_and_logged(
    surface: TeamsSurface, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    huge = Card(body=tuple(Text((f"{number} " * 300,)) for number in range(300)))
    assert await outcome(surface.post(NEWS, huge, key="k")) == ("Refused", "unrenderable")
    assert "cannot be drawn" in caplog.text
    assert teams.names == []


async def test_before_the_first_activity_nobody_knows_where_teams_is_yet(
    calls: TeamsCalls, addresses: Addresses, teams: FakeTeams, shelf: FakeShelf
) -> None:
    early = TeamsSurface(calls, addresses=addresses, shelf=shelf, tenant=TENANT)
    for work in (early.post(NEWS, CARD, key="k"), early.tell(ADA, CARD, key="k"), early.list_group(TEAM)):
        assert await outcome(work) == ("TryLater", NOT_REACHED)
    assert await early.list_channels() == ()
    assert teams.calls == []


# Private messages


async def test_a_chat_is_created_once_and_then_reused(surface: TeamsSurface, teams: FakeTeams, book: FakeBook) -> None:
    first, second = await surface.tell(ADA, CARD, key="k1"), await surface.tell(ADA, CARD, key="k2")
    assert teams.names == ["create", "send", "send"]
    (created,) = teams.asked("create")
    assert created.body == {"isGroup": False, "members": [{"id": USER_ADA}], "tenantId": TENANT}
    assert [call.parts["conversation"] for call in teams.asked("send")] == [CHAT_ADA, CHAT_ADA]
    assert (first, second) == (f"{ADA}|1776390257332", f"{ADA}|1776390257333")
    assert CHAT_ADA in book.held[ADA]


async def test_a_chat_that_is_gone_is_created_anew(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams
) -> None:
    old = {"conversationType": "personal", "id": "a:old", "tenantId": TENANT}
    addresses.notice(personal_from(teams, conversation=old))
    teams.refuse("send", 404, "ConversationNotFound")
    ref = await surface.tell(ADA, CARD, key="k")
    assert teams.names == ["send", "create", "send"]
    await surface.update("x", ref, CARD)
    assert teams.asked("update")[0].parts["conversation"] == CHAT_ADA


async def test_of_somebody_whose_address_was_lost_the_object_id_will_do(
    surface: TeamsSurface, teams: FakeTeams
) -> None:
    await surface.tell(BEN, CARD, key="k")
    assert teams.asked("create")[0].body["members"] == [{"id": BEN}]


@pytest.mark.parametrize("code", ["MessageWritesBlocked", "BotNotInConversationRoster", "ForbiddenOperationException"])
async def test_who_has_blocked_the_bot_is_not_asked_another_way(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, code: str
) -> None:
    addresses.notice(personal_from(teams))
    teams.refuse("send", 403, code)
    assert await outcome(surface.tell(ADA, CARD, key="k")) == ("Refused", code)
    assert teams.names == ["send"]


async def test_a_chat_that_cannot_be_created_now_was_not_written_to(surface: TeamsSurface, teams: FakeTeams) -> None:
    teams.will("create", is_cut=True)
    assert await outcome(surface.tell(ADA, CARD, key="k")) == ("TryLater", "no_answer")
    teams.refuse("create", 403, "BotDisabledByAdmin")
    assert await outcome(surface.tell(ADA, CARD, key="k")) == ("Refused", "BotDisabledByAdmin")
    teams.will("send", is_cut=True)
    assert await outcome(surface.tell(ADA, CARD, key="k")) == ("Uncertain", "no_answer")


# Files


async def test_a_file_is_asked_about_first_and_waits_on_the_shelf(
    surface: TeamsSurface, teams: FakeTeams, shelf: FakeShelf
) -> None:
    await surface.send_file(ADA, FILE)
    assert shelf.files == {"shelf-1": FILE.body}
    (sent,) = teams.asked("send")
    assert sent.parts["conversation"] == CHAT_ADA
    (attachment,) = sent.body["attachments"]
    assert (attachment["contentType"], attachment["name"]) == (CONSENT_CARD, "vouch.json")
    content = attachment["content"]
    assert (content["description"], content["sizeInBytes"]) == ("Here it is.", 8)
    assert content["acceptContext"] == content["declineContext"] == {"vouch_file": "shelf-1"}


@pytest.mark.parametrize(
    ("answer", "expected", "is_kept"),
    [
        ({"status": 429, "headers": {"Retry-After": "3"}}, ("TryLater", "ratelimited"), False),
        ({"status": 403}, ("Refused", "http_403"), False),
        ({"is_cut": True}, ("Uncertain", "no_answer"), True),
    ],
)
async def test_a_file_that_nobody_was_asked_about_is_not_kept(  # noqa: PLR0913 - fixtures
    surface: TeamsSurface,
    teams: FakeTeams,
    shelf: FakeShelf,
    answer: Json,
    expected: tuple[str, str],
    is_kept: bool,  # noqa: FBT001
) -> None:
    teams.will("send", **answer)
    assert await outcome(surface.send_file(ADA, FILE)) == expected
    assert bool(shelf.files) is is_kept


# Windows


async def test_no_window_can_be_redrawn(surface: TeamsSurface, teams: FakeTeams) -> None:
    assert await outcome(surface.redraw_window("post-9", FORM)) == ("Refused", "not_found")
    assert teams.calls == []


async def test_an_address_book_that_is_away_keeps_a_message_from_leaving(
    surface: TeamsSurface, addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    book.error = TryLater(timedelta(seconds=5), "database_away")
    assert await outcome(surface.post("19:y@thread.tacv2", CARD, key="k")) == ("TryLater", "database_away")
    assert await outcome(surface.tell(BEN, CARD, key="k")) == ("TryLater", "database_away")
    assert teams.names == []
    with pytest.raises(Refused):
        await surface.redraw_window("x", FORM)
