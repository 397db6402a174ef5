"""Nothing is parsed before its size, age and signature are right, and whatever is wrong gets a plain answer."""

import json
import time
from contextlib import suppress
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.chat.slack.guard import Rejected, check_signature, read_body
from connectors.chat.slack.limits import MAX_REQUEST_BYTES
from tests.connectors.slack.conftest import SECRET, Door, FakeDispatch, encoded, payload, signed

CLICK = encoded(payload("click_in_channel"))


async def test_a_signed_request_is_let_in(door: Door, dispatch: FakeDispatch) -> None:
    status, text, _ = await door.post_raw(CLICK, signed(CLICK))
    assert (status, text, len(dispatch.received)) == (200, "", 1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": "v0=00"},
        {**signed(CLICK), "X-Slack-Signature": "v0=" + "0" * 64},
        {**signed(CLICK), "X-Slack-Signature": "v0=é"},
        signed(CLICK + b" "),
        signed(CLICK, secret=SECRET[::-1]),
        signed(CLICK, at=time.time() - 310),
        signed(CLICK, at=time.time() + 900),
        {**signed(CLICK), "X-Slack-Request-Timestamp": "yesterday"},
        {**signed(CLICK), "X-Slack-Request-Timestamp": "-5"},
        {**signed(CLICK), "X-Slack-Request-Timestamp": "١٢٣٤٥٦٧٨٩٠"},
        {**signed(CLICK), "X-Slack-Request-Timestamp": "9" * 400},
    ],
)
async def test_an_unsigned_or_stale_request_gets_401_and_reaches_nobody(
    door: Door, dispatch: FakeDispatch, headers: dict[str, str]
) -> None:
    status, text, _ = await door.post_raw(CLICK, headers)
    assert status == 401
    assert "signed" in text or "older" in text
    assert dispatch.received == []


async def test_an_oversized_request_gets_413_whether_it_says_so_or_not(door: Door, dispatch: FakeDispatch) -> None:
    body = b"x" * (MAX_REQUEST_BYTES + 1)
    told = await door.post_raw(b"", {"Content-Length": str(len(body))})
    streamed = await door.post_raw(body, signed(body))
    assert (told[0], streamed[0], dispatch.received) == (413, 413, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} trailing",
        b"[1, 2]",
        b'{"a": \xff}',
        b"payload=%7B",
        b"payload=%5B%5D",
        b"payload=3",
        b"payload=%FF",
        b"just=words",
        b"\x00\x01",
        b"payload=" + b"%5B" * 100_000,
        b'{"a":' + b"[" * 200_000,
    ],
)
async def test_signed_junk_gets_400_and_is_not_sent_again(door: Door, dispatch: FakeDispatch, body: bytes) -> None:
    status, text, headers = await door.post_raw(body, signed(body))
    assert (status, text) == (400, "the request is not what Slack sends")
    assert (headers["x-slack-no-retry"], dispatch.received) == ("1", [])


@pytest.mark.parametrize(
    "told",
    [
        {"type": "block_actions"},
        {"type": "block_actions", "actions": [], "user": {"id": "U1"}},
        {"type": "block_actions", "actions": [{"type": "button"}], "user": 5, "trigger_id": "1"},
        {"type": "view_submission", "user": {"id": "U1"}, "view": {"callback_id": "x"}},
        {"type": "event_callback", "event": "x"},
        {"type": "event_callback", "event": {"type": "message", "channel_type": "im", "user": "U1"}},
        {"command": "/vouch"},
    ],
)
async def test_a_signed_payload_without_what_it_must_have_is_answered_and_reaches_nobody(
    door: Door, dispatch: FakeDispatch, told: dict[str, object]
) -> None:
    assert (await door.post(told))[0] in {200, 400}
    assert dispatch.received == []


@pytest.mark.parametrize(
    "told",
    [
        {"type": "app_rate_limited", "team_id": "T0HOME", "minute_rate_limited": 1},
        {"type": "block_suggestion", "user": {"id": "U1"}, "action_id": "x"},
        {"type": "event_callback", "event_id": "E1", "event": {"type": "team_join", "user": {"id": "U2"}}},
        {"type": "event_callback", "event_id": "E2", "event": {"type": "emoji_changed"}},
    ],
)
async def test_what_nobody_waits_for_is_acknowledged(
    door: Door, dispatch: FakeDispatch, told: dict[str, object]
) -> None:
    assert (await door.post(told))[:2] == (200, "")
    assert dispatch.received == []


async def test_slack_may_verify_the_address(door: Door) -> None:
    status, text, _ = await door.post({"type": "url_verification", "challenge": "3eZbrw1a"}, "/slack/events")
    assert (status, text) == (200, '{"challenge": "3eZbrw1a"}')


@given(st.text(max_size=40).map(lambda words: f"payload {words} payload="))
def test_a_command_that_speaks_of_a_payload_stays_a_command(words: str) -> None:
    told = {**payload("command"), "text": words}
    assert read_body(encoded(told))["text"] == words


@given(st.binary(max_size=200))
def test_reading_any_bytes_gives_an_object_or_a_rejection(body: bytes) -> None:
    with suppress(Rejected):
        assert isinstance(read_body(body), dict)


@given(st.text(max_size=30), st.text(max_size=80))
def test_no_made_up_signature_passes(timestamp: str, signature: str) -> None:
    with pytest.raises(Rejected):
        check_signature(SECRET.encode(), b"{}", timestamp=timestamp, signature=signature, now=1_795_000_000.0)


@given(st.dictionaries(st.text(), st.text()), st.sampled_from(["", "=", "%", " +%2B\r\n", "%zz", "=41", "%%41"]))
def test_a_payload_is_decoded_as_forms_are_whatever_is_in_it(held: dict[str, str], strange: str) -> None:
    whole = json.dumps({**held, "strange": strange}, ensure_ascii=False).encode("utf-8", "replace")
    assert read_body(b"payload=" + quote_plus(whole).encode()) == json.loads(whole)
    half = quote(whole, safe=strange + '{}":, =').replace("&", "%26").replace("+", "%2B").encode()
    assert read_body(b"payload=" + half) == json.loads(unquote_to_bytes(half))
