"""What Teams sends becomes one interaction, with what was typed and a key that stays the same when it is sent again."""

import json
from typing import Any

import pytest

from bot.core import actions as a
from bot.core.actions import Interaction
from bot.core.errors import Unreadable
from connectors.chat.teams.decode import (
    Kind,
    Seen,
    Undecodable,
    channel_of,
    home_of,
    is_direct,
    key_of,
    person_of,
    place_of,
    see,
)
from connectors.chat.teams.guard import read_activity
from tests.connectors.teams.activities import ANNA, BOT, NAMES, NEWS, NOW, TENANT, activity, said, with_data

SERVICE = "https://smba.trafficmanager.net/emea/"
ASKS_NOTHING = (
    "message_edited",
    "message_deleted",
    "message_of_a_bot",
    "installed",
    "installed_in_team",
    "removed",
    "channel_renamed",
    "channel_deleted",
    "members_added",
    "reaction",
    "file_consent",
)


def seen(told: dict[str, Any]) -> Seen:
    found = see(told)
    assert found is not None
    return found


def asked(told: dict[str, Any]) -> Interaction:
    return seen(told).interaction(NOW)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_here_is_let_in_as_it_is(name: str) -> None:
    assert read_activity(json.dumps(activity(name)).encode()) == activity(name)


@pytest.mark.parametrize("name", ASKS_NOTHING)
def test_edits_bots_and_news_of_a_conversation_ask_for_nothing(name: str) -> None:
    assert see(activity(name)) is None


# Buttons


def test_a_button_in_a_channel_asks_for_what_it_carries() -> None:
    interaction = asked(activity("execute"))
    assert interaction == Interaction(
        key=interaction.key,
        platform="teams",
        tenant_ref=TENANT,
        person_ref=ANNA,
        action=a.DismissPost(post_id=7),
        received_at=NOW,
        channel_ref=NEWS,
        message_ref=f"{NEWS};messageid=1795000000123|1795000000123",
        is_live=False,
    )


def test_a_card_that_redraws_itself_was_clicked_by_nobody() -> None:
    value = activity("execute")["value"]
    assert see(activity("execute", value={**value, "trigger": "automatic"})) is None


@pytest.mark.parametrize(
    "changes", [{}, {"text": None}, {"text": ""}, {"text": "Approve"}, {"name": "onCardButtonClicked"}]
)
def test_a_button_of_a_client_without_executing_ones_comes_as_a_message(changes: dict[str, object]) -> None:
    interaction = asked(activity("button_message", **changes))
    assert interaction.action == a.Approve(ref="S12")
    told = activity("button_message")
    assert interaction.message_ref == f"{told['conversation']['id']}|1795000000500"


def test_a_button_that_opens_a_window_comes_with_a_window_to_answer_in() -> None:
    interaction = asked(activity("task_fetch"))
    assert (interaction.action, interaction.window_ref) == (a.OpenShare(post_id=7), f"dialog-{interaction.key}")
    assert seen(activity("task_fetch")).place.typed == ()


# Dialogs


def test_a_submission_merges_what_stood_in_the_fields() -> None:
    interaction = asked(activity("task_submit"))
    assert interaction.action == a.LeaveForNetwork(share_id=5, network="linkedin", text="My *own* <words> & more")
    place = seen(activity("task_submit")).place
    assert (place.kind, place.typed) == (Kind.SUBMIT, ("My *own* <words> & more",))


def test_every_kind_of_field_is_read_and_one_that_is_missing_is_empty() -> None:
    told = with_data(
        "task_submit",
        vouch='{"do":"review_post","post_id":9,"shown_language":"nl"}',
        fields={
            "title": "text",
            "summary": "text",
            "channels": "many",
            "topics": "many",
            "language": "one",
            "publish_on": "date",
            "publish_at": "time",
        },
        title="Winter report",
        channels="19:a@thread.tacv2,with%2Ccomma",
        language="%none",
        publish_on="2026-12-01",
        network=None,
        text=None,
    )
    assert asked(told).action == a.ReviewPost(
        post_id=9,
        shown_language="nl",
        title="Winter report",
        channels=("19:a@thread.tacv2", "with,comma"),
        topics=(),
        language="",
        publish_on="2026-12-01",
    )


def test_a_button_keeps_what_it_says_and_takes_the_rest_from_the_window() -> None:
    told = with_data("task_submit", vouch='{"do":"change_share","share_id":5,"text":"A wording"}')
    assert asked(told).action == a.ChangeShare(share_id=5, network="linkedin", text="A wording")


def test_of_a_dialog_of_another_version_the_words_are_still_known() -> None:
    old = with_data("task_submit", vouch=None, fields=None)
    assert seen(old).place.typed == ("linkedin", "My *own* <words> & more")
    assert seen(with_data("task_submit", text="  ")).place.typed == ()
    newer = with_data("task_submit", fields={"text": "handwriting", "network": "one", "more": ["text"]}, more="Thus.")
    assert seen(newer).place.typed == ("My *own* <words> & more", "Thus.")


# Message extensions


def test_a_message_that_is_suggested_comes_with_its_words_and_its_links() -> None:
    interaction = asked(activity("extension_fetch"))
    assert interaction.action == a.SuggestMessage(
        text="Bram de Wit look at our R&D story 👍\nand https://example.org/",
        links=("https://example.com/news?a=1&b=2", "https://example.org/", "https://example.com/report"),
    )
    assert (interaction.channel_ref, interaction.window_ref) == (NEWS, f"dialog-{interaction.key}")


@pytest.mark.parametrize("payload", [None, {}, {"body": None}, {"body": {"contentType": "text", "content": None}}])
def test_suggesting_without_a_message_opens_an_empty_window(payload: object) -> None:
    value = {**activity("extension_fetch")["value"], "messagePayload": payload}
    assert asked(activity("extension_fetch", value=value)).action == a.SuggestMessage()


def test_the_window_of_a_suggestion_is_submitted_as_any_other() -> None:
    interaction = asked(activity("extension_submit"))
    link, why = "https://example.com/news?a=1&b=2", "because R&D did it"
    assert interaction.action == a.SubmitSuggestion(link=link, why=why)
    place = seen(activity("extension_submit")).place
    assert (place.kind, place.typed) == (Kind.EXTENSION_SUBMIT, (why,))


def test_a_search_asks_for_its_words_and_the_first_one_for_all() -> None:
    assert asked(activity("extension_query")).action == a.FindPosts(words="winter report")
    assert asked(activity("extension_query_first")).action == a.FindPosts()
    assert asked(activity("extension_query")).window_ref is None


@pytest.mark.parametrize("parameters", [None, [], [{"name": "words"}], [{"name": "words", "value": None}]])
def test_a_search_without_words_asks_for_all(parameters: object) -> None:
    value = {**activity("extension_query")["value"], "parameters": parameters}
    assert asked(activity("extension_query", value=value)).action == a.FindPosts()


@pytest.mark.parametrize("name", ["extension_fetch", "extension_query"])
def test_a_command_that_is_not_ours_asks_for_nothing(name: str) -> None:
    value = {**activity(name)["value"], "commandId": "theirs"}
    assert see(activity(name, value=value)) is None


def test_invokes_that_nobody_knows_ask_for_nothing() -> None:
    assert see(activity("execute", name="composeExtension/querySettingUrl")) is None
    assert see(activity("execute", name="signin/verifyState")) is None


# Where, who, which


@pytest.mark.parametrize(
    ("name", "is_own_chat", "channel"),
    [
        ("message_in_person", True, None),
        ("installed", True, None),
        ("message_in_channel", False, NEWS),
        ("installed_in_team", False, NEWS),
        ("message_in_group", False, "19:d77be72390a1416e9644261e9064fa00@thread.v2"),
        ("extension_query", False, f"19:{ANNA}_0a11a0b1-2222-4a4a-8b8b-0000000000b2@unq.gbl.spaces"),
        ("extension_query_first", False, "19:meeting_NTk4ZDY4ZmYtOWEzZS00OTRk@thread.v2"),
    ],
)
def test_only_the_chat_with_the_bot_is_direct_and_no_chat_of_other_people(
    name: str, *, is_own_chat: bool, channel: str | None
) -> None:
    assert is_direct(activity(name)) is is_own_chat
    assert channel_of(activity(name)) == channel
    assert seen(said("help", conversation=activity(name)["conversation"])).place.is_direct is is_own_chat


@pytest.mark.parametrize(
    ("conversation", "is_own_chat"),
    [
        ({"id": "a:1"}, True),
        ({"id": "a:1", "conversationType": "personal"}, True),
        ({"id": "personal-chat-id", "conversationType": "personal", "isGroup": False}, True),
        ({"id": f"19:{ANNA}_{BOT[3:]}@unq.gbl.spaces", "conversationType": "personal"}, True),
        ({"id": "48:notes", "conversationType": "personal"}, False),
        ({"id": "a:1", "isGroup": True}, False),
        ({"id": "a:1", "conversationType": "channel"}, False),
    ],
)
def test_a_chat_is_known_by_its_kind_and_by_its_id(conversation: dict[str, object], *, is_own_chat: bool) -> None:
    assert is_direct(activity("message_in_person", conversation=conversation)) is is_own_chat


def test_without_knowing_who_we_are_a_chat_of_two_is_that_of_other_people() -> None:
    conversation = {"id": f"19:{ANNA}_{BOT[3:]}@unq.gbl.spaces", "conversationType": "personal"}
    assert not is_direct(activity("extension_query", conversation=conversation, recipient=None))


def test_a_channel_without_data_of_its_own_is_its_conversation_without_the_thread() -> None:
    assert channel_of(activity("execute", channelData={"tenant": {"id": TENANT}})) == NEWS
    assert channel_of(activity("execute", channelData=None)) == NEWS


def test_a_person_is_their_object_id_in_small_letters_and_a_visitor_their_own_id() -> None:
    loud = {**activity("execute")["from"], "aadObjectId": ANNA.upper()}
    assert person_of(activity("execute", sender=loud)) == ANNA
    assert asked(activity("message_of_a_stranger")).person_ref == "29:1AnonyMous_Xy"


@pytest.mark.parametrize(
    ("changes", "tenant"),
    [
        ({}, TENANT),
        ({"channelData": {"tenant": {"id": TENANT.upper()}}}, TENANT),
        ({"channelData": None}, TENANT),
        ({"channelData": {"tenant": None}}, TENANT),
        (
            {"sender": {"id": "29:x", "aadObjectId": ANNA, "tenantId": "99999999-0f5e-4c1d-9d3b-2f6f0c9a1e10"}},
            "99999999",
        ),
        ({"channelData": {}, "conversation": {"id": "a:1"}}, ""),
    ],
)
def test_somebody_is_of_the_tenant_that_teams_says(changes: dict[str, Any], tenant: str) -> None:
    assert home_of(activity("message_in_person", **changes)).startswith(tenant)
    assert bool(home_of(activity("message_in_person", **changes))) is bool(tenant)


@pytest.mark.parametrize("name", ["message_in_person", "execute", "task_submit", "extension_query"])
def test_a_delivery_that_comes_again_has_the_same_key_and_another_deed_another(name: str) -> None:
    first, again = asked(activity(name)), asked(activity(name, localTimestamp="2026-11-21T21:00:05+01:00"))
    assert first.key == again.key
    assert first.key != asked(activity(name, id="f:another")).key
    assert len(first.key) <= 60


def test_what_has_no_id_of_its_own_is_known_by_all_that_it_says() -> None:
    told = activity("execute")
    del told["id"]
    later = {**told, "timestamp": "2026-11-21T20:00:09.000Z"}
    assert key_of(told) == key_of(dict(told))
    assert key_of(told) != key_of(later)


def test_a_message_and_its_edit_are_two_deeds_and_two_conversations_too() -> None:
    keys = {key_of(activity(one)) for one in ("message_in_person", "message_edited", "message_deleted")}
    assert len(keys | {key_of(activity("message_in_person", conversation={"id": "a:2"}))}) == 4


# What cannot be read


@pytest.mark.parametrize(
    "packed", ["junk", "{}", '{"do":"nothing_of_ours"}', '{"do":"open_share","post_id":"x"}', 5, ""]
)
@pytest.mark.parametrize("name", ["task_fetch", "task_submit", "extension_submit"])
def test_a_button_of_another_time_is_unreadable_and_its_place_is_known(name: str, packed: object) -> None:
    found = seen(with_data(name, vouch=packed))
    assert found.place.person_ref == ANNA
    with pytest.raises(Unreadable):
        found.interaction(NOW)


@pytest.mark.parametrize("data", [None, "text", [], {}, {"vouch": None}, {"vouch": "junk"}])
def test_a_button_in_a_message_that_carries_nothing_of_ours_is_unreadable(data: object) -> None:
    action = {**activity("execute")["value"]["action"], "data": data}
    for told in (activity("execute", value={"action": action}), activity("button_message", value=data or "x")):
        with pytest.raises(Unreadable):
            seen(told).interaction(NOW)


@pytest.mark.parametrize("name", ["task_fetch", "task_submit", "extension_submit"])
@pytest.mark.parametrize("data", [None, "text", [1], {"msteams": {"justInTimeInstall": True}}])
def test_a_dialog_that_carries_nothing_of_ours_is_unreadable(name: str, data: object) -> None:
    with pytest.raises(Unreadable):
        seen(activity(name, value={**activity(name)["value"], "data": data})).interaction(NOW)


@pytest.mark.parametrize(
    "fields", ["text", ["text"], {"text": "picture"}, {"text": ["text"]}, {"network": "one", "text": "many", "x": 5}]
)
def test_fields_of_no_kind_that_is_ours_are_unreadable(fields: object) -> None:
    with pytest.raises(Unreadable):
        seen(with_data("task_submit", fields=fields)).interaction(NOW)


def test_a_field_that_is_no_text_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        seen(with_data("task_submit", text=5)).interaction(NOW)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"type": "message"},
        activity("execute", sender=None),
        activity("execute", conversation=None),
        activity("execute", value=None),
        activity("extension_fetch", value={}),
        activity("extension_query", value={"commandId": "find_posts", "parameters": ["x"]}),
        activity("message_in_person", sender={"name": "nobody"}),
    ],
)
def test_an_activity_without_what_it_must_have_is_undecodable(told: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        see(told)


def test_so_is_one_without_a_place_or_of_a_shape_that_shows_only_when_it_is_read() -> None:
    with pytest.raises(Undecodable):
        place_of(activity("installed", sender=None))
    with pytest.raises(Undecodable):
        key_of(activity("installed", conversation=None))
    value = {**activity("extension_fetch")["value"], "messagePayload": {"body": "text"}}
    with pytest.raises(Undecodable):
        seen(activity("extension_fetch", value=value)).interaction(NOW)
