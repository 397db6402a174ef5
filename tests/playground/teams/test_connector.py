"""What the connector takes from a bot and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from playground.teams.ids import aad_of, base_of
from tests.playground.teams.conftest import (
    CLAIRE,
    CURATORS,
    GENERAL,
    KITCHEN,
    NADIA,
    PRODUCT,
    SANNE,
    Start,
    World,
    text_card,
    with_card,
)

ELSEWHERE = "3f3d1cea-7a18-41af-872b-cfbbd5140984"
HELLO = {"type": "message", "text": "Hello"}


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


async def test_a_personal_chat_is_made_once_by_account_or_directory_id(world: World) -> None:
    chat = await world.connector.chat_with(NADIA)
    assert chat.startswith("a:")
    told = {"members": [{"id": aad_of(NADIA)}], "channelData": {"tenant": {"id": world.service.settings.tenant}}}
    assert (await world.connector.ask("POST", "conversations", told))[1] == {"id": chat}
    status, sent = await world.connector.write(chat, HELLO)
    assert status == 201
    (message,) = world.service.seen(NADIA)
    assert (message.id, message.text, message.author) == (sent["id"], "Hello", "")


async def test_a_post_in_a_channel_begins_a_thread_where_replies_go(world: World) -> None:
    status, made = await world.connector.begin_thread(PRODUCT, HELLO)
    assert (status, made["id"]) == (201, f"{world.service.ref(PRODUCT)};messageid={made['activityId']}")
    await world.connector.write(made["id"], {"type": "message", "text": "in the thread"})
    path = f"conversations/{base_of(made['id'])}/activities/{made['activityId']}"
    await world.connector.ask("POST", path, {"type": "message", "text": "as an answer"})
    first, *others = world.service.seen(SANNE, PRODUCT)
    assert (first.root, [one.root for one in others]) == ("", [first.id, first.id])


async def test_own_messages_are_changed_and_deleted_by_their_id(world: World) -> None:
    message = await world.posted(HELLO)
    path = f"conversations/{message.thread}/activities/{message.id}"
    assert await world.connector.ask("PUT", path, {"type": "message", "text": "Changed"}) == (200, {"id": message.id})
    assert (message.text, message.edited) == ("Changed", 1)
    assert (await world.connector.ask("DELETE", path))[0] == 200
    assert world.service.seen(SANNE, PRODUCT) == []
    assert code(await world.connector.ask("PUT", path, HELLO)) == (404, "ActivityNotFoundInConversation")


async def test_peoples_messages_are_theirs(world: World) -> None:
    message = world.service.people.write(SANNE, "mine", where=PRODUCT)
    path = f"conversations/{message.thread}/activities/{message.id}"
    assert code(await world.connector.ask("DELETE", path)) == (403, "NotEnoughPermissions")
    assert world.service.seen(SANNE, PRODUCT) == [message]


async def test_who_blocked_the_bot_or_lacks_the_app_gets_nothing(world: World) -> None:
    chat = await world.connector.chat_with(NADIA)
    world.service.admin.block(NADIA)
    assert code(await world.connector.write(chat, HELLO)) == (403, "MessageWritesBlocked")
    world.service.admin.unblock(NADIA)
    assert (await world.connector.write(chat, HELLO))[0] == 201
    await world.service.admin.uninstall(NADIA)
    assert code(await world.connector.write(chat, HELLO)) == (403, "MessageWritesBlocked")
    told = {"members": [{"id": world.service.state.account(CLAIRE)}], "tenantId": world.service.settings.tenant}
    assert code(await world.connector.ask("POST", "conversations", told)) == (403, "MessageWritesBlocked")


async def test_channels_without_the_bot_and_deleted_ones_are_closed(world: World) -> None:
    assert code(await world.connector.begin_thread(KITCHEN, HELLO)) == (403, "BotNotInConversationRoster")
    assert code(await world.connector.begin_thread("C0NOWHERE", HELLO)) == (404, "ConversationNotFound")
    await world.service.admin.delete_channel(PRODUCT, by=NADIA)
    assert code(await world.connector.begin_thread(PRODUCT, HELLO)) == (404, "ConversationNotFound")
    await world.service.admin.uninstall_team(NADIA)
    assert code(await world.connector.begin_thread(GENERAL, HELLO)) == (403, "BotNotInConversationRoster")
    path = f"conversations/{world.service.ref(GENERAL)};messageid=1/activities"
    assert code(await world.connector.ask("POST", path, HELLO)) == (404, "ConversationNotFound")


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        [1],
        {},
        {"isGroup": True, "members": [{"id": "x"}], "activity": HELLO},
        {"isGroup": True, "channelData": {"channel": {"id": "19:C0PRODUCT@thread.tacv2"}}},
        {"channelData": {"channel": {"id": "19:C0PRODUCT@thread.tacv2"}}, "activity": HELLO},
        {"members": [{"id": aad_of(NADIA)}]},
        {"members": [{"id": aad_of(NADIA)}], "tenantId": "another"},
        {"members": ["junk"], "channelData": 7},
    ],
)
async def test_a_conversation_that_makes_no_sense_is_refused(world: World, body: object) -> None:
    assert code(await world.connector.ask("POST", "conversations", body)) == (400, "BadArgument")


@pytest.mark.parametrize(
    "activity",
    [
        b"junk",
        {"type": "message"},
        {"type": "message", "text": "  "},
        {"type": "message", "text": 5},
        {"type": "event", "text": "x"},
        {"type": "message", "attachments": "x"},
        {"type": "message", "attachments": [{"content": text_card()}]},
        {"type": "message", "attachments": [{"contentType": "application/pdf", "content": {}}]},
        {"type": "message", "attachments": [{"contentType": "image/png", "contentUrl": "file:///etc/passwd"}]},
        with_card({**text_card(), "version": "1.6"}),
        {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.teams.card.file.consent"}]},
    ],
)
async def test_a_message_that_teams_would_refuse_is_refused(world: World, activity: object) -> None:
    assert code(await world.connector.write(world.service.ref(PRODUCT), activity)) == (400, "BadArgument")
    assert world.service.seen(SANNE, PRODUCT) == []


async def test_the_size_counts_in_utf_16_whatever_the_escapes(world: World) -> None:
    channel = world.service.ref(PRODUCT)
    fits, too_big = "é" * 51_000, "é" * 51_250
    assert (await world.connector.write(channel, {"type": "message", "text": fits}))[0] == 201
    refused = await world.connector.write(channel, {"type": "message", "text": too_big})
    assert code(refused) == (413, "MessageSizeTooBig")


async def test_a_text_beside_a_card_becomes_two_messages_without_an_id(world: World) -> None:
    status, told = await world.connector.write(world.service.ref(PRODUCT), {**with_card(text_card()), "text": "Look"})
    assert (status, told) == (201, {})
    assert [bool(one.card) for one in world.service.seen(SANNE, PRODUCT)] == [False, True]


async def test_typing_is_taken_and_shown_to_nobody(world: World) -> None:
    assert (await world.connector.write(await world.connector.chat_with(NADIA), {"type": "typing"}))[0] == 201
    assert world.service.seen(NADIA) == []


async def test_a_targeted_message_is_for_one_persons_eyes_and_for_a_day(world: World) -> None:
    message = await world.posted(HELLO)
    activity = {**HELLO, "recipient": {"id": world.service.state.account(NADIA), "isTargeted": True}}
    path = f"conversations/{message.thread}/activities"
    status, made = await world.connector.ask("POST", f"{path}?isTargetedActivity=true", activity)
    assert status == 201
    assert [len(world.service.seen(who, PRODUCT)) for who in (NADIA, SANNE)] == [2, 1]
    own = f"{path}/{made['id']}"
    assert code(await world.connector.ask("PUT", own, HELLO)) == (404, "ActivityNotFoundInConversation")
    assert code(await world.connector.ask("PUT", f"{own}?isTargetedActivity=true", activity)) == (400, "BadArgument")
    assert (await world.connector.ask("PUT", f"{own}?isTargetedActivity=true", HELLO))[0] == 200
    world.service.parts.play.clock.offset += world.service.parts.play.clock.offset.resolution * 86_401_000_000
    late = await world.connector.ask("DELETE", f"{own}?isTargetedActivity=true")
    assert code(late) == (404, "ActivityNotFoundInConversation")


async def test_a_targeted_message_needs_a_recipient_who_is_there(world: World) -> None:
    path = f"conversations/{world.service.ref(CURATORS)}/activities?isTargetedActivity=true"
    stranger = {**HELLO, "recipient": {"id": world.service.state.account(SANNE)}}
    assert code(await world.connector.ask("POST", path, HELLO)) == (400, "BadArgument")
    assert code(await world.connector.ask("POST", path, stranger)) == (400, "BadArgument")
    chat = await world.connector.chat_with(NADIA)
    personal = {**HELLO, "recipient": {"id": world.service.state.account(NADIA)}}
    answer = await world.connector.ask("POST", f"conversations/{chat}/activities?isTargetedActivity=true", personal)
    assert code(answer) == (400, "BadArgument")


async def test_a_member_is_found_by_account_directory_id_or_name(world: World) -> None:
    for ref in (world.service.state.account(CLAIRE), aad_of(CLAIRE).upper()):
        status, told = await world.connector.ask("GET", f"conversations/{world.service.ref(PRODUCT)}/members/{ref}")
        assert (status, told["objectId"], told["userRole"]) == (200, aad_of(CLAIRE), "guest")
    path = f"conversations/{world.service.ref(PRODUCT)}/members/nadia@brightwater.example"
    assert (await world.connector.ask("GET", path))[1]["userRole"] == "user"
    gone = await world.connector.ask("GET", f"conversations/{world.service.ref(CURATORS)}/members/{aad_of(SANNE)}")
    assert code(gone) == (404, "MemberNotFoundInConversation")


async def test_a_shared_channel_has_people_of_another_company_in_its_own_roster_alone(world: World) -> None:
    nina = replace(
        world.service.state.person(SANNE), id="U0NINA", name="Nina Elsewhere", email="nina@elsewhere.example"
    )
    world.service.state.add_outsider(nina, ELSEWHERE)
    world.service.state.add_shared("C0SHARED", "with-elsewhere", NADIA, "U0NINA")
    shared, ref = f"conversations/{world.service.ref('C0SHARED')}", aad_of("U0NINA")
    listed = (await world.connector.ask("GET", f"{shared}/pagedmembers"))[1]["members"]
    assert {one["name"]: one["tenantId"] for one in listed} == {
        "Nadia Rahman": world.service.settings.tenant,
        "Nina Elsewhere": ELSEWHERE,
    }
    assert (await world.connector.ask("GET", f"{shared}/members/{ref}"))[1]["tenantId"] == ELSEWHERE
    team = world.service.state.team
    assert code(await world.connector.ask("GET", f"conversations/{team}/members/{ref}"))[0] == 404
    told = {"members": [{"id": ref}], "tenantId": world.service.settings.tenant}
    assert code(await world.connector.ask("POST", "conversations", told)) == (403, "MessageWritesBlocked")
    channels = (await world.connector.ask("GET", f"teams/{team}/conversations"))[1]["conversations"]
    assert world.service.ref("C0SHARED") not in [one["id"] for one in channels]
    said = (await world.service.people.say("U0NINA", "hello", where="C0SHARED")).activity
    assert said is not None
    assert (said["from"]["tenantId"], said["channelData"]["tenant"]["id"]) == (ELSEWHERE, world.service.settings.tenant)
    assert said["channelData"]["channel"]["type"] == "shared"


async def test_members_come_in_pages(start: Start) -> None:
    world = await start(least_page=5)
    path = f"conversations/{world.service.ref(PRODUCT)}/pagedmembers"
    found: list[Any] = []
    token, pages = "", 0
    while True:
        query = f"?pageSize=1&continuationToken={token}" if token else "?pageSize=1"
        told = (await world.connector.ask("GET", path + query))[1]
        found, pages, token = found + told["members"], pages + 1, told.get("continuationToken", "")
        if not token:
            break
    assert (len(found), pages, len({one["id"] for one in found})) == (13, 3, 13)
    assert code(await world.connector.ask("GET", f"{path}?continuationToken=junk")) == (400, "BadArgument")
    assert code(await world.connector.ask("GET", f"{path}?pageSize=many")) == (400, "BadArgument")


async def test_the_team_and_the_channels_with_the_bot_are_told(world: World) -> None:
    team = world.service.state.team
    status, told = await world.connector.ask("GET", f"teams/{team}")
    assert (status, told["id"], told["name"]) == (200, world.service.ref(GENERAL), "Brightwater")
    listed = (await world.connector.ask("GET", f"teams/{team}/conversations"))[1]["conversations"]
    names = {one["id"]: one["name"] for one in listed}
    assert names[team] is None
    assert names[world.service.ref(PRODUCT)] == "product-news"
    assert world.service.ref(KITCHEN) not in names
    assert code(await world.connector.ask("GET", "teams/19:other@thread.tacv2")) == (404, "ConversationNotFound")


async def test_after_a_move_only_the_new_address_answers(world: World) -> None:
    old = world.service.service_url
    world.service.move("emea")
    assert world.service.service_url == old.replace("service", "emea")
    assert (await world.connector.begin_thread(PRODUCT, HELLO))[0] == 201
    world.connector.service.parts.door = "service"
    status = (await world.connector.begin_thread(PRODUCT, HELLO))[0]
    assert status == 201
    outcome = await world.service.people.say(NADIA, "hi")
    assert outcome.activity is not None
    assert outcome.activity["serviceUrl"] == old
