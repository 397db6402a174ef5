"""What happens around an activity: it is handled once and answered once, nothing is lost, logs hold nobody's words."""

import asyncio
import json
import logging
from typing import Any, cast

import pytest

from bot.core import actions as a
from bot.core.cards import Card
from bot.core.errors import Refused, TryLater
from bot.core.reply import REPEATED, SILENCE, Reply
from connectors.chat.teams.adapter import Turns
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.display import Display
from connectors.chat.teams.files import Files
from connectors.chat.teams.guard import Admission, Answer
from connectors.chat.teams.inbound import TeamsInbound
from connectors.chat.teams.repeats import LASTS, Repeats
from connectors.chat.teams.webhook import TeamsWebhook
from tests.connectors.teams.activities import (
    ANNA,
    NAMES,
    NEWS,
    TENANT,
    FakeBook,
    FakeDispatch,
    FakeFiles,
    FakePrivate,
    FixedClock,
    activity,
    notices,
    said,
    with_data,
)
from tests.connectors.teams.test_display import CARD, FORM

NINA = "9e11e9f2-2222-4b4b-9c9c-0000000000e1"
SERVICE = "https://smba.trafficmanager.net/emea/"
INVOKES = ("execute", "task_fetch", "task_submit", "extension_fetch", "extension_submit", "extension_query")


@pytest.fixture
def dispatch() -> FakeDispatch:
    return FakeDispatch(reply=Reply(card=CARD))


@pytest.fixture
def private() -> FakePrivate:
    return FakePrivate()


@pytest.fixture
def book() -> FakeBook:
    return FakeBook()


@pytest.fixture
def addresses(book: FakeBook) -> Addresses:
    return Addresses(book, may_call=lambda url: url.startswith("https://smba.trafficmanager.net/"))


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
def inbound(dispatch: FakeDispatch, private: FakePrivate, addresses: Addresses, files: FakeFiles) -> TeamsInbound:
    display = Display(private, notices=notices, names=addresses.names)
    return TeamsInbound(dispatch, clock=FixedClock(), display=display, addresses=addresses, files=cast("Files", files))


async def posted(inbound: TeamsInbound, told: dict[str, Any]) -> tuple[int, str]:
    """Return what our address on the web answers to `told`, whole: guard, turn, connector."""
    admission = Admission(tenants=frozenset({TENANT}), is_anonymous=True)
    app = TeamsWebhook(inbound, turns=Turns(), admission=admission)
    sent = [{"type": "http.request", "body": json.dumps(told).encode(), "more_body": False}]
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        return sent.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own shape
        answers.append(message)

    scope = {"type": "http", "method": "POST", "headers": [], "client": ("127.0.0.1", 5)}
    await app(scope, receive, send)
    return answers[0]["status"], answers[1]["body"].decode()


# Everything that Teams sends


@pytest.mark.parametrize("name", NAMES)
async def test_everything_that_is_recorded_gets_an_answer_at_our_address(
    inbound: TeamsInbound, dispatch: FakeDispatch, files: FakeFiles, name: str
) -> None:
    status, body = await posted(inbound, activity(name))
    await inbound.stop()
    is_invoke = activity(name)["type"] == "invoke"
    assert status == (200 if is_invoke else 202)
    assert bool(body) is is_invoke
    assert [one.person_ref for one in dispatch.received] in ([], [ANNA], [NINA], ["29:1AnonyMous_Xy"])
    assert len(files.received) == (1 if name == "file_consent" else 0)


async def test_an_invoke_gets_what_was_asked_and_a_message_is_answered_afterwards(
    inbound: TeamsInbound, dispatch: FakeDispatch, private: FakePrivate
) -> None:
    status, body = await posted(inbound, activity("execute"))
    assert (status, json.loads(body)["value"]) == (200, "Done All is well.")
    assert await posted(inbound, activity("message_in_channel")) == (202, "")
    await inbound.stop()
    assert private.titles == ["Done"]
    assert [one.action for one in dispatch.received] == [a.DismissPost(post_id=7), a.Approve(ref="12")]


async def test_a_closed_dialog_is_two_hundred_and_nothing(inbound: TeamsInbound, dispatch: FakeDispatch) -> None:
    dispatch.reply = SILENCE
    assert await posted(inbound, activity("task_submit")) == (200, "")
    assert await posted(inbound, activity("extension_submit")) == (200, "")


# Deliveries that come again


@pytest.mark.parametrize("name", INVOKES)
async def test_an_invoke_that_comes_again_gets_the_same_answer_and_is_done_once(
    inbound: TeamsInbound, dispatch: FakeDispatch, name: str
) -> None:
    first = await inbound.receive(activity(name))
    dispatch.reply = SILENCE
    assert await inbound.receive(activity(name, timestamp="2026-11-21T20:00:06.000Z")) == first
    assert first.body is not None
    assert len(dispatch.received) == 1
    await inbound.receive(activity(name, id="f:another"))
    assert len(dispatch.received) == 2


async def test_an_invoke_that_comes_again_while_it_is_worked_on_waits_for_that_answer(
    inbound: TeamsInbound, dispatch: FakeDispatch
) -> None:
    dispatch.wait = asyncio.Event()
    dispatch.reply = Reply(form=FORM)
    deliveries = [asyncio.create_task(inbound.receive(activity("task_fetch"))) for _ in range(3)]
    await asyncio.sleep(0)
    dispatch.wait.set()
    first, *others = await asyncio.gather(*deliveries)
    assert (len(dispatch.received), others) == (1, [first, first])


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("task_fetch", ""),
        ("task_submit", "My *own* <words> & more"),
        ("extension_fetch", ""),
        ("extension_submit", "because R&D did it"),
    ],
)
async def test_a_dialog_that_another_process_answered_says_so_and_keeps_what_was_typed(
    inbound: TeamsInbound, dispatch: FakeDispatch, name: str, typed: str
) -> None:
    dispatch.reply = REPEATED
    answer = await inbound.receive(activity(name))
    shown = json.dumps(answer.body)
    assert '"type": "continue"' in shown
    assert "Too late" in shown
    assert typed in shown


async def test_other_things_that_another_process_answered_are_done_and_said_so(
    inbound: TeamsInbound, dispatch: FakeDispatch, private: FakePrivate
) -> None:
    dispatch.reply = REPEATED
    answer = await inbound.receive(activity("execute"))
    assert answer.body is not None
    assert answer.body["value"] == "✓"
    assert (await inbound.receive(activity("message_in_person"))).status == 202
    await inbound.stop()
    assert private.titles == []


async def test_what_failed_unforeseen_is_done_again_when_it_comes_again(
    inbound: TeamsInbound, dispatch: FakeDispatch
) -> None:
    dispatch.fault = RuntimeError("unforeseen")
    assert (await posted(inbound, activity("message_in_person")))[0] == 500
    dispatch.fault = None
    assert (await posted(inbound, activity("message_in_person")))[0] == 202
    assert len(dispatch.received) == 2


async def test_a_message_that_comes_again_is_answered_once(
    inbound: TeamsInbound, dispatch: FakeDispatch, private: FakePrivate
) -> None:
    for _ in range(2):
        await inbound.receive(activity("message_in_person"))
        await inbound.receive(activity("installed"))
    await inbound.stop()
    assert (len(dispatch.received), sorted(private.titles)) == (1, ["Done", "Hello (nl-NL)"])


async def test_answers_are_remembered_for_a_while_and_not_too_many() -> None:
    now, done = [0.0], list[str]()
    repeats = Repeats(now=lambda: now[0], most=2)

    async def ask(key: str) -> None:
        async def work() -> Answer:
            done.append(key)
            return Answer()

        assert await repeats.once(key, work) == Answer()

    for key in ("a", "b", "a", "b"):
        await ask(key)
    assert done == ["a", "b"]
    for key in ("c", "a"):  # room for two
        await ask(key)
    assert done == ["a", "b", "c", "a"]
    now[0] = LASTS.total_seconds() + 1
    await ask("a")
    assert done == ["a", "b", "c", "a", "a"]


async def test_work_that_was_given_up_fails_for_all_who_wait_for_it_and_is_begun_anew() -> None:
    repeats, begun = Repeats(), list[int]()

    async def work() -> Answer:
        begun.append(1)
        if len(begun) == 1:
            await asyncio.Event().wait()
        return Answer()

    first = asyncio.create_task(repeats.once("k", work))
    await asyncio.sleep(0)
    second = asyncio.create_task(repeats.once("k", work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(RuntimeError, match="given up"):
        await second
    assert (await repeats.once("k", work), len(begun)) == (Answer(), 2)


# What cannot be handled


@pytest.mark.parametrize(
    "told",
    [
        with_data("task_submit", vouch="junk"),
        with_data("extension_submit", vouch='{"do":"from_the_future"}'),
        with_data("task_fetch", vouch=None),
        activity("execute", value={"action": {"type": "Action.Execute", "verb": "old"}}),
    ],
)
async def test_a_button_of_another_time_is_told_so_and_nobody_is_asked(
    inbound: TeamsInbound, dispatch: FakeDispatch, told: dict[str, Any]
) -> None:
    answer = await inbound.receive(told)
    assert answer.status == 200
    assert "Too old (nl-NL)" in str(answer.body)
    assert dispatch.received == []


@pytest.mark.parametrize("name", ["composeExtension/querySettingUrl", "signin/verifyState", "tab/fetch"])
async def test_an_invoke_that_nobody_knows_is_told_so_and_is_no_error(inbound: TeamsInbound, name: str) -> None:
    assert await inbound.receive(activity("task_fetch", name=name)) == Answer(status=501)


@pytest.mark.parametrize(
    "told",
    [
        activity("task_fetch", sender=None),
        activity("message_in_person", conversation=None),
        activity("installed", sender={}),
        activity("extension_fetch", value={}),
        activity("extension_fetch", value={**activity("extension_fetch")["value"], "messagePayload": "text"}),
    ],
)
async def test_an_activity_of_no_shape_of_teams_is_refused_and_logged_by_its_type_alone(
    inbound: TeamsInbound, caplog: pytest.LogCaptureFixture, told: dict[str, Any]
) -> None:
    assert (await inbound.receive(told)).status == 400
    assert "lacks something" in caplog.text
    assert "smba" not in caplog.text


async def test_no_words_of_a_person_reach_the_log(
    inbound: TeamsInbound, dispatch: FakeDispatch, private: FakePrivate, caplog: pytest.LogCaptureFixture
) -> None:
    private_words = "very private words"
    private.faults = [Refused("MessageWritesBlocked"), Refused("unrenderable")]
    dispatch.reply = Reply(card=Card(title=private_words))
    with caplog.at_level(logging.DEBUG, logger="vouch"):
        await inbound.receive(said(private_words))
        await inbound.receive(said(private_words, id="1795000100099"))
        await inbound.receive(with_data("task_submit", text=private_words, vouch="junk"))
        await inbound.receive(activity("task_fetch", name="other", value={"data": private_words}))
        await inbound.stop()
    assert "MessageWritesBlocked" in caplog.text
    assert private_words not in caplog.text


# Coming and going


async def test_who_installs_the_app_is_greeted_and_a_channel_is_not(
    inbound: TeamsInbound, private: FakePrivate
) -> None:
    await inbound.receive(activity("installed_in_team"))
    await inbound.receive(activity("installed", action="add-upgrade", id="f:1"))
    assert private.sent == []
    await inbound.receive(activity("installed"))
    await inbound.stop()
    ((card, place),) = private.sent
    assert (card.title, place.person_ref, place.is_direct) == ("Hello (nl-NL)", ANNA, True)
    assert (place.conversation_id, place.service_url) == (activity("installed")["conversation"]["id"], SERVICE)


async def test_where_people_and_channels_are_is_learned_from_what_comes(
    inbound: TeamsInbound, addresses: Addresses, book: FakeBook
) -> None:
    await inbound.receive(activity("message_in_person"))
    await inbound.receive(activity("channel_renamed"))
    await inbound.stop()
    found = await addresses.person(ANNA)
    assert found is not None
    assert found.conversation_id == activity("message_in_person")["conversation"]["id"]
    assert addresses.names[NEWS] == "News & more"
    assert f"place:{NEWS}" in book.held


async def test_who_takes_the_app_out_is_not_written_to_there(
    inbound: TeamsInbound, addresses: Addresses, caplog: pytest.LogCaptureFixture
) -> None:
    await inbound.receive(activity("message_in_person"))
    await inbound.receive(activity("removed"))
    found = await addresses.person(ANNA)
    assert found is not None
    assert (found.conversation_id, found.user_id) == ("", activity("removed")["from"]["id"])
    assert "taken out of a personal chat" in caplog.text


async def test_a_deleted_channel_is_forgotten_and_the_operator_told(
    inbound: TeamsInbound, addresses: Addresses, book: FakeBook, caplog: pytest.LogCaptureFixture
) -> None:
    await inbound.receive(activity("channel_renamed"))
    await inbound.receive(activity("channel_deleted"))
    assert await addresses.place(NEWS) is None
    assert f"place:{NEWS}" not in book.held
    assert f"channelDeleted of {NEWS}; take it out of config.yaml" in caplog.text


@pytest.mark.parametrize("channel", ["words", ["x"], 7, None, {"id": 7}])
async def test_a_deletion_of_a_shape_that_teams_never_sends_is_no_error(
    inbound: TeamsInbound, caplog: pytest.LogCaptureFixture, channel: object
) -> None:
    told = activity("channel_deleted")
    data = {**told["channelData"], "channel": channel}
    assert (await inbound.receive({**told, "channelData": data})).status == 202
    assert "channelDeleted of" in caplog.text


@pytest.mark.parametrize("fault", [TryLater(LASTS, "away"), RuntimeError("the database is away")])
async def test_an_address_that_cannot_be_written_costs_nobody_their_answer(
    inbound: TeamsInbound, book: FakeBook, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    book.fault = fault
    assert (await inbound.receive(activity("execute"))).status == 200
    await inbound.stop()
    assert "could not be written" in caplog.text


async def test_a_file_that_somebody_wants_is_left_to_who_delivers_files(
    inbound: TeamsInbound, files: FakeFiles, dispatch: FakeDispatch
) -> None:
    assert await inbound.receive(activity("file_consent")) == Answer(status=200, body={})
    assert (files.received, dispatch.received) == ([activity("file_consent")], [])


async def test_stopping_waits_for_what_is_handled_shown_and_delivered(
    inbound: TeamsInbound, dispatch: FakeDispatch, private: FakePrivate, files: FakeFiles
) -> None:
    await inbound.start()
    dispatch.wait, private.wait = asyncio.Event(), asyncio.Event()
    handling = asyncio.create_task(inbound.receive(activity("message_in_person")))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.02, dispatch.wait.set)
    asyncio.get_running_loop().call_later(0.04, private.wait.set)
    await inbound.stop()
    assert handling.done()
    assert (private.titles, files.is_drained) == (["Done"], True)
