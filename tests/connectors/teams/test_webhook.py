"""Nothing is parsed before its size and token are right, and whatever is wrong gets a plain answer; never a 500."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from connectors.chat.teams.adapter import Turns
from connectors.chat.teams.guard import Admission, Answer
from connectors.chat.teams.limits import MAX_REQUEST_BYTES
from connectors.chat.teams.tokens import KeyCache, TokenCheck
from connectors.chat.teams.webhook import PATH, TeamsWebhook
from tests.connectors.teams.issuer import (
    APP_ID,
    KEYS,
    SERVICE_URL,
    TENANT,
    Json,
    LocalIssuer,
    activity,
    click,
    listed_key,
    running_issuer,
    saying,
    token,
)

LOCAL = "http://127.0.0.1:56150/_connector"


@dataclass
class FakeInbound:
    """Keeps what it receives and answers what a test says."""

    answer: Answer = Answer()  # noqa: RUF009 - frozen
    fault: Exception | None = None
    received: list[Json] = field(default_factory=list)

    async def receive(self, activity: Json) -> Answer:
        """Keep and answer."""
        self.received.append(activity)
        if self.fault is not None:
            raise self.fault
        return self.answer


@dataclass(frozen=True)
class Told:
    """What the web server answered."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Door:
    """The webhook as a mounted ASGI app, called in this loop as the web server would."""

    app: Starlette
    peer: tuple[str, int] | None = ("203.0.113.7", 50_000)

    async def post(self, held: object, headers: dict[str, str] | None = None) -> Told:
        """Post JSON with a valid token, or with the headers given."""
        signed = {"Authorization": f"Bearer {token()}"} if headers is None else headers
        return await self.post_raw(json.dumps(held).encode(), signed)

    async def post_raw(self, body: bytes, headers: dict[str, str]) -> Told:
        """Post bytes in pieces."""
        sent = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers.items()]
        pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)] or [b""]
        chunks = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]
        return await self.ask(sent, chunks)

    async def ask(self, headers: list[tuple[bytes, bytes]], events: list[dict[str, Any]], method: str = "POST") -> Told:
        """Send one request, event by event, and return the answer; status 0 is none."""
        scope = {"type": "http", "method": method, "path": PATH, "headers": headers, "query_string": b""}
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            return events.pop(0)

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own shape
            answers.append(message)

        await self.app({**scope, "client": self.peer}, receive, send)
        if not answers:
            return Told(status=0, text="", headers={})
        began, *rest = answers
        named = {key.decode(): value.decode() for key, value in began["headers"]}
        return Told(status=began["status"], text=b"".join(one["body"] for one in rest).decode(), headers=named)


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with running_issuer() as running:
        yield running


@pytest.fixture
def inbound() -> FakeInbound:
    return FakeInbound()


@pytest.fixture(scope="module")
def turns() -> Turns:
    return Turns()


@pytest.fixture
async def door(issuer: LocalIssuer, inbound: FakeInbound, turns: Turns) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as session:
        check = TokenCheck(KeyCache(session, issuer=issuer.issuer), app_id=APP_ID)
        admission = Admission(tenants=frozenset({TENANT}))
        webhook = TeamsWebhook(inbound, turns=turns, admission=admission, check=check)
        yield Door(app=Starlette(routes=webhook.routes()))


@pytest.fixture
def open_door(inbound: FakeInbound, turns: Turns) -> Door:
    webhook = TeamsWebhook(inbound, turns=turns, admission=Admission(is_anonymous=True))
    return Door(app=Starlette(routes=webhook.routes()), peer=("127.0.0.1", 50_000))


async def test_a_message_is_accepted_without_words(door: Door, inbound: FakeInbound) -> None:
    told = await door.post(activity(text="help"))
    assert (told.status, told.text, told.headers) == (202, "", {"content-length": "0"})
    assert inbound.received == [activity(text="help")]


async def test_an_invoke_is_answered_with_its_status_and_json(door: Door, inbound: FakeInbound) -> None:
    inbound.answer = Answer(status=200, body={"statusCode": 200, "value": "Grüße 👋 \ud83d"})
    told = await door.post(click())
    assert (told.status, told.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(told.text) == {"statusCode": 200, "value": "Grüße 👋 ?"}
    assert int(told.headers["content-length"]) == len(told.text.encode())


async def test_an_invoke_may_be_answered_without_a_body(door: Door, inbound: FakeInbound) -> None:
    inbound.answer = Answer(status=200)
    assert await door.post(click(name="task/submit")) == Told(status=200, text="", headers={"content-length": "0"})


async def test_a_kind_that_nobody_handles_is_accepted(door: Door, inbound: FakeInbound) -> None:
    assert (await door.post(activity("typing"))).status == 202
    assert inbound.received == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer é"},
        {"Authorization": "Basic dXNlcjp3b3Jk"},
        {"X-Authorization": "Bearer x"},
    ],
)
async def test_an_unsigned_request_gets_401_and_reaches_nobody(
    door: Door, inbound: FakeInbound, headers: dict[str, str]
) -> None:
    told = await door.post(activity(), headers)
    assert (told.status, told.text) == (401, "the request is not signed for this bot")
    assert (told.headers["www-authenticate"], inbound.received) == ("Bearer", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"key": 2},
        {"exp": 1_000_000_000},
        {"nbf": 99_999_999_999, "exp": 99_999_999_999},
        {"aud": "another-app"},
        {"iss": "https://sts.windows.net/x/"},
        {"serviceurl": "https://smba.trafficmanager.net/amer/"},
        {"algorithm": "RS512"},
        {"kid": "unknown"},
    ],
)
async def test_a_forged_expired_or_foreign_token_gets_401_and_reaches_nobody(
    door: Door, inbound: FakeInbound, changes: dict[str, Any]
) -> None:
    told = await door.post(activity(), {"Authorization": f"Bearer {token(**changes)}"})
    assert (told.status, told.text) == (401, "the request is not signed for this bot")
    assert inbound.received == []


async def test_a_key_that_may_not_sign_for_teams_gets_401(
    door: Door, inbound: FakeInbound, issuer: LocalIssuer
) -> None:
    issuer.listed = [listed_key("first", 1, ["webchat"])]
    assert (await door.post(activity())).status == 401
    assert inbound.received == []


async def test_keys_that_cannot_be_read_ask_for_another_try(
    door: Door, inbound: FakeInbound, issuer: LocalIssuer
) -> None:
    issuer.faults[KEYS] = saying(b"junk")
    told = await door.post(activity())
    assert (told.status, told.headers["retry-after"], inbound.received) == (503, "30", [])
    assert "try again" in told.text


async def test_the_token_is_checked_before_anything_is_parsed(door: Door) -> None:
    assert (await door.post_raw(b"[" * 200_000, {})).status == 401
    assert (await door.post_raw(b"junk", {"Authorization": f"Bearer {token(key=2)}"})).status == 401


async def test_a_megabyte_gets_413_whether_it_says_so_or_not(
    door: Door, inbound: FakeInbound, issuer: LocalIssuer
) -> None:
    body = json.dumps(activity(text="x" * 1_000_000)).encode()
    signed = {"Authorization": f"Bearer {token()}"}
    told = await door.post_raw(b"", {**signed, "Content-Length": str(len(body))})
    streamed = await door.post_raw(body, signed)
    lying = await door.post_raw(body, {**signed, "Content-Length": "10"})
    assert [told.status, streamed.status, lying.status, inbound.received] == [413, 413, 413, []]
    assert issuer.asked == []


async def test_a_body_up_to_the_limit_is_read(door: Door, inbound: FakeInbound) -> None:
    spare = MAX_REQUEST_BYTES - len(json.dumps(activity(text="")))
    assert (await door.post(activity(text="x" * spare))).status == 202
    assert (await door.post(activity(text="x" * (spare + 1)))).status == 413
    assert len(inbound.received) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"junk", b"[1, 2]", b"null", b'{"a": \xff}', b"[" * 200_000, b'{"type": "message"}', b'{"type": NaN}'],
)
async def test_signed_junk_gets_400_and_reaches_nobody(door: Door, inbound: FakeInbound, body: bytes) -> None:
    told = await door.post_raw(body, {"Authorization": f"Bearer {token()}"})
    assert (told.status, inbound.received) == (400, [])
    assert told.text.startswith("the request is not what Teams sends: ")


@pytest.mark.parametrize(
    "held",
    [
        activity(serviceUrl=None),
        activity(channelId=None),
        activity(conversation={"id": "a:1", "tenantId": TENANT, "isGroup": "perhaps"}),
        click(value={"trigger": "manual"}),
        click(name="composeExtension/query", value=[]),
    ],
)
async def test_a_signed_activity_without_what_it_must_have_gets_400(
    door: Door, inbound: FakeInbound, held: Json
) -> None:
    assert ((await door.post(held)).status, inbound.received) == (400, [])


async def test_a_missing_or_strange_content_type_is_fine(door: Door) -> None:
    for extra in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "é;;"}):
        assert (await door.post(activity(), {"Authorization": f"Bearer {token()}", **extra})).status == 202


async def test_another_tenant_gets_403_and_the_operator_is_told(
    door: Door, inbound: FakeInbound, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "vouch.teams"):
        told = await door.post(activity(channelData={"tenant": {"id": "other-tenant"}}, text="private words"))
    assert (told.status, inbound.received) == (403, [])
    assert "other-tenant" in caplog.text
    assert "private words" not in caplog.text


async def test_an_unknown_service_address_gets_403_even_if_it_is_signed(door: Door, inbound: FakeInbound) -> None:
    evil = "https://smba.evil.example/emea/"
    told = await door.post(activity(serviceUrl=evil), {"Authorization": f"Bearer {token(serviceurl=evil)}"})
    assert (told.status, inbound.received) == (403, [])


async def test_strangers_cannot_fill_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    await door.post(activity())
    with caplog.at_level(logging.INFO):
        for headers in ({}, {"Authorization": f"Bearer {token(key=2)}"}, {"Content-Length": "999999999"}):
            await door.post(activity(), headers)
    assert caplog.records == []


@pytest.mark.parametrize("fault", [RuntimeError("private words"), KeyError("private words")])
@pytest.mark.parametrize("held", [activity(), click()])
async def test_a_defect_of_ours_is_a_500_with_a_line_in_the_log(
    door: Door, inbound: FakeInbound, caplog: pytest.LogCaptureFixture, held: Json, fault: Exception
) -> None:
    inbound.fault = fault
    told = await door.post(held)
    assert (told.status, "defect" in told.text, "private" in told.text) == (500, True, False)
    [record] = [one for one in caplog.records if one.name == "vouch.teams"]
    assert record.exc_info is not None
    assert "private" not in record.getMessage()


async def test_an_answer_that_is_no_json_is_a_defect_of_ours(door: Door, inbound: FakeInbound) -> None:
    inbound.answer = Answer(status=200, body={"value": object()})
    assert (await door.post(click())).status == 500


async def test_a_request_that_ends_before_its_body_is_forgotten(door: Door, inbound: FakeInbound) -> None:
    events = [{"type": "http.request", "body": b'{"type"', "more_body": True}, {"type": "http.disconnect"}]
    assert (await door.ask([], events)).status == 0
    assert inbound.received == []


async def test_only_posts_are_taken(door: Door) -> None:
    assert (await door.ask([], [], method="GET")).status == 405


async def test_a_turn_that_is_cancelled_is_not_taken_for_a_defect(turns: Turns) -> None:
    class Waiting:
        async def receive(self, activity: Json) -> Answer:
            raise asyncio.CancelledError

    webhook = TeamsWebhook(Waiting(), turns=turns, admission=Admission(is_anonymous=True))
    with pytest.raises(asyncio.CancelledError):
        await Door(app=Starlette(routes=webhook.routes()), peer=("::1", 1)).post(activity())


@pytest.mark.parametrize("is_anonymous", [True, False])
async def test_a_bot_without_an_app_id_starts_in_the_development_mode_only(
    inbound: FakeInbound, turns: Turns, issuer: LocalIssuer, *, is_anonymous: bool
) -> None:
    admission = Admission(tenants=frozenset({TENANT}), is_anonymous=is_anonymous)
    async with aiohttp.ClientSession() as session:
        check = TokenCheck(KeyCache(session, issuer=issuer.issuer), app_id=APP_ID)
        fitting, unfit = (None, check) if is_anonymous else (check, None)
        assert TeamsWebhook(inbound, turns=turns, admission=admission, check=fitting)
        with pytest.raises(ValueError, match="anonymous development mode"):
            TeamsWebhook(inbound, turns=turns, admission=admission, check=unfit)


@pytest.mark.parametrize("peer", [("127.0.0.1", 5), ("::1", 5)])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", None])
async def test_in_the_development_mode_this_machine_needs_no_token(
    open_door: Door, inbound: FakeInbound, peer: tuple[str, int], host: str | None
) -> None:
    open_door.peer = peer
    told = await open_door.post(activity(serviceUrl=LOCAL), {} if host is None else {"Host": host})
    assert (told.status, len(inbound.received)) == (202, 1)


@pytest.mark.parametrize("peer", [("203.0.113.7", 5), ("10.0.0.1", 5), ("", 0), None])
async def test_in_the_development_mode_no_other_machine_gets_in(
    open_door: Door, inbound: FakeInbound, peer: tuple[str, int] | None
) -> None:
    open_door.peer = peer
    assert (await open_door.post(activity(serviceUrl=LOCAL), {})).status == 401
    assert inbound.received == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 tunnel"},
        {"Origin": "https://page.example"},
        {"Origin": "null"},
        {"Host": "page.example:8080"},
        {"Host": "127.0.0.1.page.example"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
async def test_in_the_development_mode_neither_tunnels_nor_pages_in_a_browser_get_in(
    open_door: Door, inbound: FakeInbound, headers: dict[str, str]
) -> None:
    assert (await open_door.post(activity(serviceUrl=LOCAL), headers)).status == 401
    assert inbound.received == []


async def test_in_the_development_mode_bad_input_is_refused_all_the_same(open_door: Door) -> None:
    refused = [
        await open_door.post([1], {}),
        await open_door.post(activity(serviceUrl="http://192.168.1.7/"), {}),
        await open_door.post(activity(serviceUrl="https://evil.example/"), {}),
        await open_door.post(click(value={}), {}),
        await open_door.post(activity(text="x" * 1_000_000), {}),
    ]
    assert [one.status for one in refused] == [400, 400, 403, 400, 413]
    assert (await open_door.post(activity(serviceUrl=SERVICE_URL), {})).status == 202
