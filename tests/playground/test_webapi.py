"""The Web API answers as Slack's does: tokens, scopes, channels, messages, people, files."""

import pytest

from tests.playground.conftest import OFFICE, World


def section(text: str = "Hello") -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_auth_test_says_whose_token_it_is(world: World) -> None:
    told = await world.slack("auth.test")
    assert (told["ok"], told["user_id"], told["bot_id"], told["team_id"]) == (True, "U0VOUCH", "B0VOUCH", "T0BRIGHT")
    assert "chat:write" in told["_headers"]["X-OAuth-Scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp-test", "not_allowed_token_type")]
)
async def test_a_wrong_token_is_refused(world: World, token: str, error: str) -> None:
    assert (await world.slack("auth.test", token=token))["error"] == error


async def test_arguments_come_as_json_form_or_query(world: World) -> None:
    headers = {"Authorization": "Bearer xoxb-test"}
    url = f"{world.address}/slack/api/users.info"
    async with world.session.get(url, params={"user": "U0SANNE"}, headers=headers) as response:
        assert (await response.json())["user"]["real_name"] == "Sanne de Vries"
    async with world.session.post(url, data={"user": "U0SANNE", "token": "xoxb-test"}) as response:
        assert (await response.json())["ok"]
    data = '{"user": '
    async with world.session.post(url, data=data, headers={**headers, "Content-Type": "application/json"}) as response:
        assert (await response.json())["error"] == "invalid_json"


async def test_an_unknown_method_is_refused(world: World) -> None:
    assert (await world.slack("chat.shout"))["error"] == "unknown_method"


async def test_a_missing_scope_names_what_is_needed_and_provided(world: World) -> None:
    await world.do("faults", scopes=["commands"])
    told = await world.slack("chat.postMessage", channel=OFFICE, text="Hi")
    assert (told["error"], told["needed"], told["provided"]) == ("missing_scope", "chat:write", "commands")


async def test_a_posted_message_is_seen_in_the_channel(world: World) -> None:
    told = await world.slack("chat.postMessage", channel=OFFICE, text="Hi", blocks=[section()])
    assert told["message"]["bot_id"] == "B0VOUCH"
    [seen] = await world.messages()
    assert (seen["ts"], seen["text"], seen["ephemeral"], seen["sender"]["is_bot"]) == (told["ts"], "Hi", False, True)
    assert seen["blocks"][0]["block_id"]


async def test_a_message_to_a_person_lands_in_their_conversation(world: World) -> None:
    told = await world.slack("chat.postMessage", channel="U0SANNE", text="Psst")
    assert told["channel"] == "D0SANNE"
    assert [row["text"] for row in await world.messages("D0SANNE")] == ["Psst"]
    assert (await world.see("messages", channel="D0SANNE", as_="U0NADIA"))["error"] == "not_allowed"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0KITCHEN", "not_in_channel"),
        ("C0CAREERS", "is_archived"),
        ("C0CURATORS", "channel_not_found"),
    ],
)
async def test_channels_that_the_bot_cannot_write_to(world: World, channel: str, error: str) -> None:
    await world.do("channel", channel="C0CAREERS", archived=True)
    await world.do("channel", channel="C0CURATORS", bot=False)
    assert (await world.slack("chat.postMessage", channel=channel, text="Hi"))["error"] == error


async def test_a_message_without_anything_in_it_is_refused(world: World) -> None:
    assert (await world.slack("chat.postMessage", channel=OFFICE))["error"] == "no_text"
    assert (await world.slack("chat.postMessage", text="Hi"))["error"] == "invalid_arguments"


async def test_bad_blocks_are_refused_with_where(world: World) -> None:
    told = await world.slack("chat.postMessage", channel=OFFICE, text="Hi", blocks=[section(), section("x" * 3001)])
    assert told["error"] == "invalid_blocks"
    assert told["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    ]
    assert await world.messages() == []


async def test_updating_replaces_text_and_drops_blocks(world: World) -> None:
    posted = await world.slack("chat.postMessage", channel=OFFICE, text="One", blocks=[section()])
    await world.slack("chat.update", channel=OFFICE, ts=posted["ts"], text="Two")
    [seen] = await world.messages()
    assert (seen["text"], seen["blocks"], "edited" in seen) == ("Two", [], True)


async def test_updates_that_are_refused(world: World) -> None:
    said = await world.do("say", as_="", **{"as": "U0SANNE", "channel": OFFICE, "text": "Mine"})
    posted = await world.slack("chat.postMessage", channel=OFFICE, text="One")
    hidden = await world.slack("chat.postEphemeral", channel=OFFICE, user="U0SANNE", text="Only you")

    async def error(ts: str, text: str = "Two", channel: str = OFFICE) -> str:
        return str((await world.slack("chat.update", channel=channel, ts=ts, text=text))["error"])

    assert await error(said["ts"]) == "cant_update_message"
    assert await error("1.000001") == "message_not_found"
    assert await error(hidden["message_ts"]) == "message_not_found"
    assert await error(posted["ts"], text="x" * 4001) == "msg_too_long"
    assert await error(posted["ts"], channel="U0SANNE") == "channel_not_found"


async def test_an_ephemeral_is_seen_by_one_person_who_must_be_there(world: World) -> None:
    await world.slack("chat.postEphemeral", channel=OFFICE, user="U0SANNE", text="Only you")
    assert [row["ephemeral"] for row in await world.messages()] == [True]
    assert await world.messages(who="U0JORIS") == []
    told = await world.slack("chat.postEphemeral", channel=OFFICE, user="U0CLAIRE", text="Hi")
    assert told["error"] == "user_not_in_channel"


async def test_a_deleted_message_is_gone(world: World) -> None:
    posted = await world.slack("chat.postMessage", channel=OFFICE, text="One")
    assert (await world.slack("chat.delete", channel=OFFICE, ts=posted["ts"]))["ok"]
    assert await world.messages() == []
    assert (await world.slack("chat.delete", channel=OFFICE, ts=posted["ts"]))["error"] == "message_not_found"


async def test_a_permalink_leads_to_the_message(world: World) -> None:
    posted = await world.slack("chat.postMessage", channel=OFFICE, text="One")
    link = (await world.slack("chat.getPermalink", channel=OFFICE, message_ts=posted["ts"]))["permalink"]
    async with world.session.get(link, allow_redirects=False) as response:
        assert response.headers["location"] == f"/?channel={OFFICE}&ts={posted['ts']}"


async def test_replies_are_counted_on_their_parent(world: World) -> None:
    parent = (await world.slack("chat.postMessage", channel=OFFICE, text="One"))["ts"]
    await world.slack("chat.postMessage", channel=OFFICE, text="Two", thread_ts=parent)
    rows = await world.messages()
    assert (rows[0]["replies"], rows[1]["thread_ts"]) == (1, parent)
    thread = await world.see("thread", channel=OFFICE, ts=parent, as_="U0SANNE")
    assert [row["text"] for row in thread["messages"]] == ["One", "Two"]


async def test_metadata_stays_with_the_message_and_has_a_shape(world: World) -> None:
    metadata = {"event_type": "announced", "event_payload": {"job": 7}}
    told = await world.slack("chat.postMessage", channel=OFFICE, text="One", metadata=metadata)
    await world.slack("chat.update", channel=OFFICE, ts=told["ts"], text="Two")
    assert (await world.messages())[0]["metadata"] == metadata
    bad = await world.slack("chat.postMessage", channel=OFFICE, text="One", metadata={"job": 7})
    assert bad["error"] == "invalid_metadata_format"


async def test_people_and_groups(world: World) -> None:
    sanne = (await world.slack("users.info", user="U0SANNE", include_locale=True))["user"]
    assert (sanne["locale"], sanne["tz"], sanne["is_restricted"]) == ("nl-NL", "Europe/Amsterdam", False)
    assert (await world.slack("users.info", user="U0CLAIRE"))["user"]["is_restricted"]
    assert (await world.slack("users.info", user="U0VOUCH"))["user"]["is_bot"]
    assert (await world.slack("users.info", user="U0NOBODY"))["error"] == "user_not_found"
    found = await world.slack("users.lookupByEmail", email="Nadia@Brightwater.example")
    assert found["user"]["id"] == "U0NADIA"
    assert (await world.slack("usergroups.users.list", usergroup="S0CURATORS"))["users"] == ["U0NADIA", "U0THOMAS"]
    assert (await world.slack("usergroups.list"))["usergroups"][0]["handle"] == "curators"


async def test_the_address_is_hidden_without_its_scope(world: World) -> None:
    await world.do("faults", scopes=["users:read"])
    assert "email" not in (await world.slack("users.info", user="U0SANNE"))["user"]["profile"]


async def test_lists_come_in_pages(world: World) -> None:
    first = await world.slack("users.list", limit=10)
    rest = await world.slack("users.list", limit=10, cursor=first["response_metadata"]["next_cursor"])
    assert (len(first["members"]), len(rest["members"])) == (10, 4)
    assert rest["response_metadata"]["next_cursor"] == ""
    assert (await world.slack("users.list", cursor="what"))["error"] == "invalid_cursor"


async def test_conversations(world: World) -> None:
    channels = (await world.slack("conversations.list"))["channels"]
    assert {row["name"]: row["is_member"] for row in channels}["kitchen"] is False
    assert (await world.slack("conversations.list", types="private_channel"))["needed"] == "groups:read"
    assert (await world.slack("conversations.info", channel=OFFICE))["channel"]["name"] == "general"
    assert "U0SANNE" in (await world.slack("conversations.members", channel=OFFICE))["members"]
    assert (await world.slack("conversations.open", users="U0SANNE"))["channel"]["id"] == "D0SANNE"
    assert (await world.slack("conversations.open", users="U0NOBODY"))["error"] == "user_not_found"
    assert (await world.slack("conversations.join", channel="C0KITCHEN"))["error"] == "missing_scope"
    mine = (await world.slack("users.conversations"))["channels"]
    assert "kitchen" not in {row["name"] for row in mine}


async def test_joining_lets_the_bot_write(world: World) -> None:
    await world.do("faults", scopes=["channels:join", "chat:write"])
    assert (await world.slack("conversations.join", channel="C0KITCHEN"))["ok"]
    assert (await world.slack("chat.postMessage", channel="C0KITCHEN", text="Cake?"))["ok"]


async def test_a_file_is_uploaded_in_three_steps(world: World) -> None:
    begun = await world.slack("files.getUploadURLExternal", filename="mine.json", length=7)
    early = await world.slack("files.completeUploadExternal", files=[{"id": begun["file_id"]}])
    assert early["error"] == "file_update_failed"
    async with world.session.post(begun["upload_url"], data=b'{"a":1}') as response:
        assert response.status == 200
    files = [{"id": begun["file_id"], "title": "All that is kept about you"}]
    told = await world.slack("files.completeUploadExternal", files=files, channel_id="D0SANNE", initial_comment="Here")
    assert told["ok"]
    [row] = await world.messages("D0SANNE")
    assert (row["text"], row["files"][0]["title"], row["files"][0]["size"]) == ("Here", "All that is kept about you", 7)
    async with world.session.get(row["files"][0]["url"]) as response:
        assert await response.read() == b'{"a":1}'


async def test_the_ledger_holds_what_was_asked_and_answered(world: World) -> None:
    before = (await world.see("ledger"))["last"]
    await world.slack("chat.postMessage", channel=OFFICE, text="One")
    await world.slack("chat.postMessage", channel="C0NOWHERE", text="One")
    told = await world.see("ledger", since=before, method="chat.postMessage")
    assert [entry["answer"]["ok"] for entry in told["entries"]] == [True, False]
    assert told["counts"]["in chat.postMessage ok"] == 1
    assert told["counts"]["in chat.postMessage channel_not_found"] == 1
