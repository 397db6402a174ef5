"""Every way in which a call can end is one of our errors, and nothing that creates something is sent twice."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.core.errors import RATE_LIMITED, OutsideError, Refused, TryLater, Uncertain
from connectors.chat.teams import calls as calls_module
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.credentials import Credentials
from connectors.chat.teams.limits import AGAIN_AFTER
from tests.connectors.teams.fake_service import CHAT_ADA, NEWS, TEAM, USER_ADA, FakeTeams
from tests.connectors.teams.parts import calls, credentials, registration, session, teams

__all__ = ["calls", "credentials", "session", "teams"]
HELLO = {"type": "message", "text": "Grüße 🎉"}
WHERE = ("v3", "conversations", CHAT_ADA, "activities")
MESSAGE = ("v3", "conversations", f"{NEWS};messageid=17", "activities", "17")
MEMBER = ("v3", "conversations", TEAM, "members", USER_ADA)
Deed = Callable[[TeamsCalls, FakeTeams], Awaitable[object]]


def send(calls: TeamsCalls, teams: FakeTeams) -> Awaitable[object]:
    return calls.post(teams.service_url, WHERE, HELLO)


def update(calls: TeamsCalls, teams: FakeTeams) -> Awaitable[object]:
    return calls.put(teams.service_url, MESSAGE, HELLO)


def delete(calls: TeamsCalls, teams: FakeTeams) -> Awaitable[object]:
    return calls.delete(teams.service_url, MESSAGE)


def member(calls: TeamsCalls, teams: FakeTeams) -> Awaitable[object]:
    return calls.get(teams.service_url, MEMBER)


def create(calls: TeamsCalls, teams: FakeTeams) -> Awaitable[object]:
    return calls.post(teams.service_url, ("v3", "conversations"), {"members": []}, is_repeatable=True)


REPEATABLE: dict[str, Deed] = {"update": update, "delete": delete, "member": member, "create": create}
ALL: dict[str, Deed] = {"send": send, **REPEATABLE}


async def outcome(work: Awaitable[object]) -> tuple[type, str]:
    with pytest.raises(OutsideError) as caught:
        await work
    return type(caught.value), caught.value.code


async def test_ids_are_quoted_texts_travel_whole_and_the_token_with_them(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.messages[f"{NEWS};messageid=17", "17"] = {}
    assert "id" in await calls.post(teams.service_url, WHERE, HELLO, query={"isTargetedActivity": "true"})
    await calls.put(teams.service_url.rstrip("/"), MESSAGE, HELLO)
    assert (await calls.get(teams.service_url, MEMBER))["id"] == USER_ADA
    (sent,), (changed,), (asked,) = teams.asked("send"), teams.asked("update"), teams.asked("member")
    assert (sent.body, sent.query, sent.parts) == (HELLO, {"isTargetedActivity": "true"}, {"conversation": CHAT_ADA})
    assert changed.parts == {"conversation": f"{NEWS};messageid=17", "activity": "17"}
    assert asked.parts == {"conversation": TEAM, "user": USER_ADA}
    assert {one.token for one in (sent, changed, asked)} == {"token-1"}
    await calls.delete(teams.service_url, MESSAGE)
    assert teams.messages.keys() == {(CHAT_ADA, "1776390257332")}


async def test_a_part_that_is_quoted_stays_one_part(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.rosters["a/../b?c#d%2F e"] = []
    assert await calls.get(teams.service_url, ("v3", "conversations", "a/../b?c#d%2F e", "pagedmembers")) == {
        "members": []
    }
    assert teams.asked("roster")[0].parts == {"conversation": "a/../b?c#d%2F e"}


@pytest.mark.parametrize("part", ["", ".", ".."])
async def test_a_part_that_is_none_is_refused_here(calls: TeamsCalls, teams: FakeTeams, part: str) -> None:
    assert await outcome(calls.get(teams.service_url, ("v3", "teams", part))) == (Refused, "no_address")
    assert teams.calls == []


# Too much, or not now


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "17"}, timedelta(seconds=17)),
        (
            {"Date": "Sat, 21 Nov 2026 20:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 20:01:05 GMT"},
            timedelta(seconds=65),
        ),
        ({}, AGAIN_AFTER),
    ],
)
async def test_too_much_says_when_to_try_again(
    calls: TeamsCalls, teams: FakeTeams, name: str, headers: dict[str, str], after: timedelta
) -> None:
    teams.will(name, status=429, headers=headers, body={"error": {"code": "Throttled", "message": "Too many requests"}})
    with pytest.raises(TryLater) as caught:
        await ALL[name](calls, teams)
    assert (caught.value.code, caught.value.after) == (RATE_LIMITED, after)
    assert teams.names == [name]


@pytest.mark.parametrize("name", ALL)
async def test_a_failed_precondition_was_certainly_not_done(calls: TeamsCalls, teams: FakeTeams, name: str) -> None:
    teams.refuse(name, 412, "PreconditionFailed")
    assert await outcome(ALL[name](calls, teams)) == (TryLater, "PreconditionFailed")


async def test_a_service_that_turns_away_with_a_time_did_nothing(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.will("send", status=503, headers={"Retry-After": "7"}, body={})
    with pytest.raises(TryLater) as caught:
        await send(calls, teams)
    assert (caught.value.code, caught.value.after) == ("http_503", timedelta(seconds=7))


# Answers that do not come, or say nothing clear

UNCLEAR: list[tuple[dict[str, Any], str]] = [
    ({"status": 500, "body": {"error": {"code": "ServiceError", "message": "x"}}}, "ServiceError"),
    ({"status": 502, "text": "<html>bad gateway</html>"}, "http_502"),
    ({"status": 503, "body": {}}, "http_503"),
    ({"status": 504, "text": ""}, "http_504"),
    ({"status": 408, "body": {}}, "http_408"),
    ({"is_cut": True}, "no_answer"),
]


@pytest.mark.parametrize(("answer", "code"), UNCLEAR)
async def test_after_an_unclear_answer_a_message_may_be_there(
    calls: TeamsCalls, teams: FakeTeams, answer: dict[str, Any], code: str
) -> None:
    teams.will("send", **answer)
    assert await outcome(send(calls, teams)) == (Uncertain, code)
    assert teams.names == ["send"]


@pytest.mark.parametrize("name", REPEATABLE)
@pytest.mark.parametrize(("answer", "code"), UNCLEAR)
async def test_after_an_unclear_answer_all_else_may_be_asked_again(
    calls: TeamsCalls, teams: FakeTeams, name: str, answer: dict[str, Any], code: str
) -> None:
    for _ in range(3):  # aiohttp itself asks once more where that changes nothing
        teams.will(name, **answer)
    assert await outcome(REPEATABLE[name](calls, teams)) == (TryLater, code)


@pytest.mark.parametrize("text", ["not json", "[1, 2]", '"words"', "[" * 100_000])
async def test_an_answer_that_is_no_object_says_nothing(calls: TeamsCalls, teams: FakeTeams, text: str) -> None:
    teams.will("send", text=text)
    teams.will("member", text=text)
    assert await outcome(send(calls, teams)) == (Uncertain, "no_answer")
    assert await outcome(member(calls, teams)) == (TryLater, "no_answer")


async def test_what_a_change_answers_does_not_matter(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.will("update", text="<html>done</html>")
    teams.will("delete", status=204, text="")
    await update(calls, teams)
    await delete(calls, teams)
    assert teams.names == ["update", "delete"]


async def test_an_answer_larger_than_anything_teams_sends_is_not_read(
    calls: TeamsCalls, teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "LARGEST_ANSWER", 1000)
    huge = json.dumps({"id": "x" * 100_000})
    teams.will("send", text=huge)
    teams.will("member", text=huge)
    assert await outcome(send(calls, teams)) == (Uncertain, "no_answer")
    assert await outcome(member(calls, teams)) == (TryLater, "no_answer")


async def test_an_answer_that_takes_too_long_is_lost(
    teams: FakeTeams, session: aiohttp.ClientSession, credentials: Credentials
) -> None:
    within = timedelta(seconds=0.1)
    hasty = TeamsCalls(session, credentials=credentials, may_call=lambda url: True, within=within)
    await credentials.token()
    teams.will("send", delay_s=0.5)
    teams.will("member", delay_s=0.5)
    assert await outcome(send(hasty, teams)) == (Uncertain, "no_answer")
    assert await outcome(member(hasty, teams)) == (TryLater, "no_answer")


async def test_a_connection_that_never_stood_did_nothing(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    alone = TeamsCalls(session, credentials=None, may_call=lambda url: True)
    sent = alone.post(f"http://127.0.0.1:{unused_tcp_port}/", WHERE, HELLO)
    assert await outcome(sent) == (TryLater, "unreachable")


# Refusals


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": {"code": "Bad Argument", "message": "x"}}, "Bad Argument"),
        (400, {"code": "BadArgument", "message": "x"}, "BadArgument"),
        (403, {"error": {"code": "BotNotInConversationRoster", "message": "x"}}, "BotNotInConversationRoster"),
        (403, {"error": {"code": "ConversationBlockedByUser", "message": "x"}}, "ConversationBlockedByUser"),
        (403, {"error": {"code": "ForbiddenOperationException", "message": "x"}}, "ForbiddenOperationException"),
        (404, {"error": {"code": "ConversationNotFound", "message": "x"}}, "ConversationNotFound"),
        (404, {"error": {"code": "ActivityNotFoundInConversation", "message": "x"}}, "message_not_found"),
        (413, {"error": {"code": "MessageSizeTooBig", "message": "x"}}, "MessageSizeTooBig"),
        (403, {"error": {"code": "what somebody <wrote>", "message": "x"}}, "http_403"),
        (403, {"error": "text"}, "http_403"),
        (403, {"error": {"code": 7}}, "http_403"),
        (409, {}, "http_409"),
        (302, {}, "http_302"),
    ],
)
async def test_a_refusal_is_told_in_teams_own_word(
    calls: TeamsCalls, teams: FakeTeams, status: int, body: dict[str, Any], code: str
) -> None:
    for name, deed in ALL.items():
        teams.will(name, status=status, body=body)
        with pytest.raises(Refused) as caught:
            await deed(calls, teams)
        assert (caught.value.code, caught.value.params["status"]) == (code, status)
    assert teams.names == list(ALL)


async def test_a_blocked_chat_is_told_by_its_inner_word(calls: TeamsCalls, teams: FakeTeams) -> None:
    inner = '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "details": "Thread is blocked from message writes."\r\n}'
    teams.will("send", status=403, body={"errorCode": 209, "message": inner})
    assert await outcome(send(calls, teams)) == (Refused, "MessageWritesBlocked")


async def test_a_refusal_in_html_is_told_by_its_status(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.will("send", status=403, text="<html>Forbidden by a proxy</html>")
    assert await outcome(send(calls, teams)) == (Refused, "http_403")


async def test_a_redirect_is_not_followed(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.will("member", status=307, headers={"Location": f"{teams.url}/store/elsewhere"}, body={})
    assert await outcome(member(calls, teams)) == (Refused, "http_307")
    assert teams.names == ["member"]


# The token


async def test_a_refused_token_is_fetched_anew_once_for_all(calls: TeamsCalls, teams: FakeTeams) -> None:
    await member(calls, teams)
    teams.revoked.add("token-1")
    answers = await asyncio.gather(*(send(calls, teams) for _ in range(8)))
    assert len(answers) == len(teams.messages) == 8
    assert len(teams.asked("token")) == 2


async def test_a_token_that_is_refused_again_is_a_refusal(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.revoked |= {"token-1", "token-2"}
    assert await outcome(send(calls, teams)) == (Refused, "Unauthorized")
    assert [call.token for call in teams.asked("send")] == ["token-1", "token-2"]


async def test_without_a_token_nothing_is_sent(calls: TeamsCalls, teams: FakeTeams) -> None:
    teams.will("token", status=401, body={"error": "invalid_client"})
    assert await outcome(send(calls, teams)) == (Refused, "invalid_client")
    teams.will("token", status=503)
    assert await outcome(send(calls, teams)) == (TryLater, "login_http_503")
    assert teams.names == []


async def test_without_credentials_no_token_is_sent(teams: FakeTeams, session: aiohttp.ClientSession) -> None:
    await send(TeamsCalls(session, credentials=None, may_call=lambda url: True), teams)
    assert [name for name, _ in teams.calls] == ["send"]
    assert "Authorization" not in teams.asked("send")[0].headers


async def test_no_log_holds_the_token_or_anybodys_words(
    calls: TeamsCalls, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await send(calls, teams)
    teams.will("send", status=400, body={"error": {"code": "BadArgument", "message": "Grüße"}})
    _, code = await outcome(send(calls, teams))
    assert code == "BadArgument"
    assert not any(word in caplog.text for word in ("token-1", "Grüße", registration(teams).secret))


# Addresses


@pytest.mark.parametrize(
    "url",
    ["https://smba.example/", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://u:p@x.example/", ""],
)
async def test_the_token_goes_to_no_other_address(calls: TeamsCalls, teams: FakeTeams, url: str) -> None:
    assert await outcome(calls.post(url, WHERE, HELLO)) == (Refused, "service_not_allowed")
    assert teams.calls == []


# Files


async def test_a_file_is_put_whole_and_without_the_token(calls: TeamsCalls, teams: FakeTeams) -> None:
    await calls.upload(f"{teams.url}/store/file?tempauth=a%2Fb", b'{"a": 1}')
    assert teams.uploads == [("bytes 0-7/8", b'{"a": 1}')]
    (asked,) = teams.asked("upload")
    assert (asked.token, asked.query) == ("", {"tempauth": "a/b"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 503}, (TryLater, "http_503")),
        ({"is_cut": True}, (TryLater, "no_answer")),
        ({"status": 404}, (Refused, "http_404")),
        ({"status": 302}, (Refused, "http_302")),
    ],
)
async def test_a_file_that_is_not_taken_says_why(
    calls: TeamsCalls, teams: FakeTeams, answer: dict[str, Any], expected: tuple[type, str]
) -> None:
    for _ in range(3):
        teams.will("upload", **answer)
    assert await outcome(calls.upload(f"{teams.url}/store/file", b"x")) == expected
    assert await outcome(calls.upload("http://10.0.0.1/file", b"x")) == (Refused, "store_not_allowed")


async def test_who_says_nothing_of_stores_puts_files_nowhere(session: aiohttp.ClientSession, teams: FakeTeams) -> None:
    alone = TeamsCalls(session, credentials=None, may_call=lambda url: True)
    assert await outcome(alone.upload(f"{teams.url}/store/file", b"x")) == (Refused, "store_not_allowed")
    assert teams.uploads == []
