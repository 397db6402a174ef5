"""What people do, what the bot is told of it, and what they see of the bot's answers."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from playground.teams.ids import aad_of, chat_of
from tests.playground.teams.conftest import (
    ADAPTIVE,
    CLAIRE,
    CURATORS,
    EXECUTE,
    FETCH,
    KITCHEN,
    NADIA,
    PRODUCT,
    SANNE,
    Start,
    World,
    task,
    text_card,
    with_card,
)

Json = dict[str, Any]
MESSAGE = "application/vnd.microsoft.activity.message"
HELLO = {"type": "message", "text": "Hello"}
TEXT = {"type": "Input.Text", "id": "text", "isRequired": True, "errorMessage": "Write something."}
SAVE = {"type": "Action.Submit", "title": "Save", "data": {"do": "save"}}
FORM = text_card(TEXT, actions=[SAVE])


async def test_a_message_in_the_personal_chat_tells_who_and_where(world: World) -> None:
    outcome = await world.service.people.say(SANNE, "hallo")
    (told,) = world.bot.received
    assert outcome.is_ok
    assert (told["type"], told["text"], told["channelId"]) == ("message", "hallo", "msteams")
    assert told["from"] == {
        "id": world.service.state.account(SANNE),
        "name": "Sanne de Vries",
        "aadObjectId": aad_of(SANNE),
    }
    assert told["conversation"] == {
        "conversationType": "personal",
        "tenantId": world.service.settings.tenant,
        "id": chat_of(SANNE, world.service.settings.app_id),
    }
    assert told["recipient"]["id"] == f"28:{world.service.settings.app_id}"
    assert told["channelData"] == {"tenant": {"id": world.service.settings.tenant}}
    assert (told["locale"], told["localTimezone"]) == ("nl-NL", "Europe/Amsterdam")
    assert told["entities"][0]["country"] == "NL"
    assert told["serviceUrl"] == world.service.service_url
    assert [one.text for one in world.service.seen(SANNE)] == ["hallo"]


async def test_in_a_channel_the_bot_hears_only_what_mentions_it(world: World) -> None:
    await world.service.people.say(SANNE, "to all", where=PRODUCT, is_mention=False)
    assert world.bot.received == []
    await world.service.people.say(SANNE, "help", where=PRODUCT)
    (told,) = world.bot.received
    assert told["text"] == "<at>Vouch</at> help"
    assert told["entities"][0]["mentioned"]["id"] == told["recipient"]["id"]
    assert told["channelData"]["channel"]["id"] == world.service.ref(PRODUCT)
    assert told["channelData"]["team"]["id"] == world.service.state.team
    assert told["conversation"]["id"] == f"{world.service.ref(PRODUCT)};messageid={told['id']}"
    await world.service.people.say(SANNE, "more", where=PRODUCT, thread=told["id"])
    assert world.bot.received[1]["conversation"]["id"] == told["conversation"]["id"]


async def test_a_group_chat_and_a_slash_command_are_told_as_such(world: World) -> None:
    world.service.state.add_group("lunch", NADIA, SANNE)
    await world.service.people.say(NADIA, "help", where="lunch")
    assert world.bot.received[0]["conversation"]["conversationType"] == "groupChat"
    await world.service.people.slash(NADIA, "help", where=PRODUCT)
    assert world.bot.received[1]["recipient"]["isTargeted"] is True
    assert world.bot.received[1]["text"] == "help"
    assert world.service.seen(NADIA, PRODUCT) == []


async def test_nobody_acts_where_they_are_not(world: World) -> None:
    with pytest.raises(PermissionError):
        await world.service.people.say(SANNE, "x", where=CURATORS)
    with pytest.raises(PermissionError):
        world.service.seen(SANNE, CURATORS)
    await world.service.people.say(NADIA, "x", where=KITCHEN)
    await world.service.people.say(CLAIRE, "x")
    assert world.bot.received == []


async def test_pressing_an_execute_shows_the_message_that_comes_back(world: World) -> None:
    message = await world.posted(with_card(text_card(actions=[EXECUTE])))
    world.bot.answers["adaptiveCard/action"] = {"statusCode": 200, "type": MESSAGE, "value": "Done."}
    outcome = await world.service.people.press(NADIA, message, "approve")
    assert (outcome.toast, outcome.error) == ("Done.", "")
    (told,) = world.bot.received
    assert told["value"] == {"action": EXECUTE, "trigger": "manual"}
    assert (told["replyToId"], told["conversation"]["id"]) == (message.id, message.thread)


async def test_a_card_that_comes_back_is_one_persons_until_the_message_changes(world: World) -> None:
    message = await world.posted(with_card(text_card(actions=[EXECUTE])))
    mine = text_card({"type": "TextBlock", "text": "You did it"})
    world.bot.answers["adaptiveCard/action"] = {"statusCode": 200, "type": ADAPTIVE, "value": mine}
    assert (await world.service.people.press(NADIA, message, "approve")).card == mine
    assert message.card_for(NADIA) == mine
    assert message.card_for(SANNE) == message.card
    path = f"conversations/{message.thread}/activities/{message.id}"
    await world.connector.ask("PUT", path, with_card(text_card()))
    assert message.card_for(NADIA) == text_card()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        [],
        {"statusCode": 200, "type": MESSAGE, "value": {"no": "text"}},
        {"statusCode": 200, "type": ADAPTIVE, "value": {**text_card(), "version": "9"}},
        {"statusCode": 500, "type": MESSAGE, "value": "x"},
    ],
)
async def test_an_answer_that_cannot_be_shown_is_an_error(world: World, answer: object) -> None:
    message = await world.posted(with_card(text_card(actions=[EXECUTE])))
    world.bot.answers["adaptiveCard/action"] = answer
    outcome = await world.service.people.press(NADIA, message, "approve")
    assert outcome.error == "Something went wrong. Please try again."
    assert outcome.why


async def test_an_error_in_words_is_shown_in_words(world: World) -> None:
    message = await world.posted(with_card(text_card(actions=[EXECUTE])))
    value = {"code": "NotAllowed", "message": "Only curators may do that."}
    world.bot.answers["adaptiveCard/action"] = {
        "statusCode": 403,
        "type": "application/vnd.microsoft.error",
        "value": value,
    }
    outcome = await world.service.people.press(NADIA, message, "approve")
    assert (outcome.error, outcome.why) == ("Only curators may do that.", "NotAllowed")


async def test_a_late_answer_is_none_and_a_bot_that_is_away_is_said_to_be(start: Start) -> None:
    world = await start(invoke_s=0.05)
    message = await world.posted(with_card(text_card(actions=[EXECUTE])))
    world.bot.answers["adaptiveCard/action"] = lambda _told: asyncio.sleep(0.2)
    outcome = await world.service.people.press(NADIA, message, "approve")
    assert (outcome.answer.error, outcome.error) == ("timed_out", "Unable to reach app. Please try again.")
    world.service.bot_url = "http://127.0.0.1:9"
    assert (await world.service.people.press(NADIA, message, "approve")).answer.error == "unreachable"


async def test_an_older_client_sends_the_fallback_as_a_message(world: World) -> None:
    fallback = {"type": "Action.Submit", "title": "Approve", "data": {"n": 1}}
    message = await world.posted(with_card(text_card(TEXT, actions=[{**EXECUTE, "fallback": fallback}])))
    outcome = await world.service.people.press(NADIA, message, "approve", typed={"text": "x"}, as_fallback=True)
    assert outcome.is_ok
    (told,) = world.bot.received
    assert (told["type"], told["value"], "text" in told) == ("message", {"n": 1, "text": "x"}, False)


async def test_a_submit_that_asks_for_it_opens_a_dialog_which_answers_may_change_and_close(world: World) -> None:
    message = await world.posted(with_card(text_card(actions=[FETCH])))
    world.bot.answers["task/fetch"] = task(FORM)
    opened = await world.service.people.press(NADIA, message, "Share")
    assert opened.dialog is world.service.dialog(NADIA)
    assert opened.dialog is not None
    assert (opened.dialog.title, world.bot.received[0]["value"]["data"]["n"]) == ("Share it", 2)
    refused = await world.service.people.submit(NADIA)
    assert (refused.problems, len(world.bot.received)) == ({"text": "Write something."}, 1)
    world.bot.answers["task/submit"] = task(FORM, title="Look again")
    await world.service.people.submit(NADIA, typed={"text": "mine"})
    assert world.service.people.dialog(NADIA).title == "Look again"
    assert world.bot.received[1]["value"]["data"] == {"do": "save", "text": "mine"}
    world.bot.answers["task/submit"] = {"task": {"type": "message", "value": "Saved."}}
    assert (await world.service.people.submit(NADIA, "Save", typed={"text": "mine"})).toast == "Saved."
    assert world.service.dialog(NADIA) is None


@pytest.mark.parametrize("answer", [web.Response(status=200), {}])
async def test_an_empty_answer_closes_a_dialog(world: World, answer: object) -> None:
    message = await world.posted(with_card(text_card(actions=[FETCH])))
    world.bot.answers = {"task/fetch": task(text_card(actions=[SAVE])), "task/submit": answer}
    await world.service.people.press(NADIA, message, "Share")
    assert (await world.service.people.submit(NADIA)).is_ok
    with pytest.raises(LookupError):
        world.service.people.dialog(NADIA)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"task": {"type": "dance"}},
        {"task": {"type": "continue", "value": {"title": "No card"}}},
        task(text_card(actions=[EXECUTE])),
        task(text_card(), title=5),
        task(text_card(), width="huge"),
    ],
)
async def test_a_dialog_that_cannot_be_shown_is_an_error_and_the_old_one_stays(world: World, answer: object) -> None:
    message = await world.posted(with_card(text_card(actions=[FETCH])))
    world.bot.answers["task/fetch"] = answer
    assert (await world.service.people.press(NADIA, message, "Share")).error
    assert world.service.dialog(NADIA) is None
    world.bot.answers = {"task/fetch": task(text_card(actions=[SAVE])), "task/submit": answer or [1]}
    await world.service.people.press(NADIA, message, "Share")
    assert (await world.service.people.submit(NADIA)).error
    assert world.service.dialog(NADIA) is not None


async def test_a_dialog_can_be_submitted_twice_and_closed_without_a_word(world: World) -> None:
    message = await world.posted(with_card(text_card(actions=[FETCH])))
    world.bot.answers = {"task/fetch": task(text_card(actions=[SAVE])), "task/submit": {}}
    await world.service.people.press(NADIA, message, "Share")
    await world.service.people.submit(NADIA, is_kept=True)
    await world.service.people.submit(NADIA, is_kept=True)
    world.service.people.close(NADIA)
    assert [one["name"] for one in world.bot.received] == ["task/fetch", "task/submit", "task/submit"]


async def test_an_action_on_a_message_tells_what_is_in_it(world: World) -> None:
    message = world.service.people.write(SANNE, '<p>See <a href="https://x.example/">this</a></p>', where=KITCHEN)
    world.bot.answers = {"composeExtension/fetchTask": task(FORM), "composeExtension/submitAction": {}}
    outcome = await world.service.people.suggest_this(NADIA, message)
    assert outcome.dialog is not None
    told = world.bot.received[0]
    payload = told["value"]["messagePayload"]
    assert (told["value"]["commandId"], told["value"]["commandContext"]) == ("suggest_this", "message")
    assert payload["body"] == {"contentType": "html", "content": message.text}
    assert payload["from"]["user"]["id"] == aad_of(SANNE)
    await world.service.people.submit(NADIA, typed={"text": "because"})
    sent = world.bot.received[1]
    assert (sent["name"], sent["value"]["data"]) == (
        "composeExtension/submitAction",
        {"do": "save", "text": "because"},
    )
    assert sent["value"]["messagePayload"] == payload
    assert sent["id"] != told["id"]


async def test_plain_words_reach_the_extension_as_html_and_the_bots_as_an_apps(world: World) -> None:
    await world.service.people.say(SANNE, "a < b\nhttps://x.example/?a&b", where=PRODUCT, is_mention=False)
    message = world.service.seen(SANNE, PRODUCT)[0]
    world.bot.answers["composeExtension/fetchTask"] = {"task": {"type": "message", "value": "Thank you."}}
    assert (await world.service.people.suggest_this(NADIA, message)).toast == "Thank you."
    content = world.bot.received[0]["value"]["messagePayload"]["body"]["content"]
    assert "a &lt; b<br>" in content
    assert 'href="https://x.example/?a&amp;b"' in content
    await world.service.people.suggest_this(NADIA, await world.posted(HELLO))
    author = world.bot.received[1]["value"]["messagePayload"]["from"]
    assert (author["user"], author["application"]["id"]) == (None, world.service.settings.app_id)


def found(**more: object) -> Json:
    preview = {"contentType": "application/vnd.microsoft.card.thumbnail", "content": {"title": "A post"}}
    result = {"contentType": ADAPTIVE, "content": text_card(), "preview": preview, **more}
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": [result]}}


async def test_a_search_finds_cards_that_a_person_can_send(world: World) -> None:
    world.bot.answers["composeExtension/query"] = found()
    outcome = await world.service.people.query(NADIA, "water", where=PRODUCT)
    assert world.bot.received[0]["value"]["parameters"] == [{"name": "words", "value": "water"}]
    sent = world.service.people.insert(NADIA, outcome.results[0], where=PRODUCT)
    assert (sent.author, sent.card) == (NADIA, text_card())
    await world.service.people.query(NADIA, "")
    assert world.bot.received[1]["value"]["parameters"] == [{"name": "initialRun", "value": "true"}]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        found(preview=None),
        found(contentType="text/plain"),
        found(content={}),
        {"composeExtension": {"type": "result", "attachments": []}},
    ],
)
async def test_results_that_cannot_be_shown_are_an_error(world: World, answer: object) -> None:
    world.bot.answers["composeExtension/query"] = answer
    assert (await world.service.people.query(NADIA, "water")).error


async def test_a_search_may_answer_in_words(world: World) -> None:
    world.bot.answers["composeExtension/query"] = {"composeExtension": {"type": "message", "text": "Nothing found."}}
    assert (await world.service.people.query(NADIA, "water")).toast == "Nothing found."


async def test_a_bot_that_fails_is_seen_to_fail(world: World) -> None:
    world.bot.answers["message"] = web.Response(status=500)
    outcome = await world.service.people.say(NADIA, "help")
    assert (outcome.is_ok, outcome.answer.status) == (False, 500)
    with pytest.raises(LookupError):
        await world.service.people.press(NADIA, world.service.seen(NADIA)[0], "Share")
