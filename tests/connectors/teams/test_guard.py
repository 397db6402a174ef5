"""An activity has every field that its kind must have, is of our tenant and an address of Teams; or it is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.chat.teams.guard import SERVICE_HOSTS, Admission, Rejected, is_loopback, read_activity, tenant_of
from connectors.chat.teams.limits import MAX_DEPTH
from tests.connectors.teams.issuer import SERVICE_URL, TENANT, activity, click

OURS = Admission(tenants=frozenset({TENANT}))
DEVELOPMENT = Admission(is_anonymous=True)


def encoded(held: object) -> bytes:
    return json.dumps(held).encode()


def refused(body: bytes) -> str:
    """Return in which words a body is refused as bad input."""
    with pytest.raises(Rejected) as caught:
        read_activity(body)
    assert caught.value.status == 400
    return caught.value.words


@pytest.mark.parametrize("kind", ["message", "conversationUpdate", "installationUpdate", "messageReaction", "typing"])
def test_an_activity_is_read_as_it_was_sent(kind: str) -> None:
    whole = activity(kind, channelData={"tenant": {"id": TENANT}, "new": [1, None]}, text="Grüße 👋", unheard=1.5)
    assert read_activity(encoded(whole)) == whole


@pytest.mark.parametrize("name", ["adaptiveCard/action", "task/fetch", "task/submit", "composeExtension/fetchTask"])
def test_an_invoke_is_read_as_it_was_sent(name: str) -> None:
    assert read_activity(encoded(click(name=name)))["name"] == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} trailing",
        b"[1, 2]",
        b"[]",
        b"null",
        b'"words"',
        b'{"a": \xff}',
        b"\xef\xbb\xbf{}",
        '{"type": "message"}'.encode("utf-16"),
        b'{"type": NaN}',
        b'{"type": Infinity}',
        b'{"type": 1e999}',
        b'{"type": ' + b"9" * 5_000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert "JSON" in refused(body)


def test_json_nested_too_deeply_is_refused_however_far_the_parser_would_go() -> None:
    def nested(levels: int, begin: str, end: str) -> bytes:
        return encoded(activity(value=0)).replace(b'"value": 0', f'"value": {begin * levels}1{end * levels}'.encode())

    assert read_activity(nested(MAX_DEPTH - 1, "[", "]"))
    assert read_activity(nested(MAX_DEPTH - 1, '{"a":', "}"))
    for levels in (MAX_DEPTH, 900):
        assert "deeply" in refused(nested(levels, "[", "]"))
        assert "deeply" in refused(nested(levels, '{"a":', "}"))
    assert read_activity(encoded(activity(value=[{"a": []}] * 500)))  # wide is not deep


MISSING = {
    "type": activity(type=None),
    "type-empty": activity(type=""),
    "type-strange": activity(type=["message"]),
    "channelId": activity(channelId=None),
    "channelId-other": activity(channelId="webchat"),
    "serviceUrl": activity(serviceUrl=None),
    "serviceUrl-null": {**activity(), "serviceUrl": None},
    "serviceUrl-empty": activity(serviceUrl=""),
    "serviceUrl-strange": activity(serviceUrl={"url": SERVICE_URL}),
    "conversation": activity(conversation=None),
    "conversation-null": {**activity(), "conversation": None},
    "conversation-strange": activity(conversation="a:1"),
    "conversation-without-id": activity(conversation={"tenantId": TENANT}),
    "conversation-id-strange": activity(conversation={"id": 5}),
    "conversation-id-control": activity(conversation={"id": "a:1\x00"}),
    "conversation-id-long": activity(conversation={"id": "a" * 1_001}),
    "from": activity(**{"from": None}),
    "from-of-invoke": click(**{"from": None}),
    "from-strange": activity(**{"from": ["29:1"]}),
    "from-without-id": activity(**{"from": {"name": "Ada"}}),
    "from-id-empty": click(**{"from": {"id": ""}}),
    "id": activity(id=None),
    "id-strange": activity(id=17),
    "recipient-strange": activity(recipient="28:x"),
    "channelData-strange": activity(channelData="x"),
    "text-strange": activity(text={"a": 1}),
    "entities-strange": activity(entities={"type": "mention"}),
    "entity-strange": activity(entities=["mention"]),
    "members-strange": activity("conversationUpdate", membersAdded=[None]),
    "name": click(name=None),
    "name-strange": click(name=5),
    "value": click(value=None),
    "value-array": click(value=[]),
    "value-text": click(name="task/submit", value="x"),
    "value-of-extension": click(name="composeExtension/submitAction", value=5),
    "invoke-without-action": click(value={"trigger": "manual"}),
    "action-text": click(value={"action": "Action.Execute"}),
    "action-without-type": click(value={"action": {"verb": "x"}}),
    "action-submit": click(value={"action": {"type": "Action.Submit", "data": {}}}),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_field_that_is_missing_or_of_another_kind_is_refused_and_named(name: str) -> None:
    assert "the request is not what Teams sends: " in refused(encoded(MISSING[name]))


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": "yesterday", "localTimestamp": 7, "expiration": []},
        {"entities": [{"type": "ClientCapabilities", "new": {"deep": [1]}}]},
        {"attachments": [{"contentType": 5}], "summary": 5, "deliveryMode": "expectReplies"},
        {"value": [1, 2], "valueType": {}, "replyToId": None, "text": None, "name": None},
        {"channelData": {"tenant": {"id": TENANT}, "team": "x", "settings": 5}},
    ],
)
def test_fields_that_nobody_reads_may_be_of_any_kind(changes: dict[str, Any]) -> None:
    assert read_activity(encoded({**activity(), **changes}))


def test_half_an_emoji_becomes_a_question_mark_and_a_whole_one_stays() -> None:
    body = encoded(activity(text="x")).replace(b'"x"', rb'"a\ud83d b\ud83d\ude00 c\\ud83d"')
    read = read_activity(body)
    assert read["text"] == "a? b😀 c\\ud83d"
    assert read == {**activity(), "text": read["text"]}


@given(st.binary(max_size=200))
def test_reading_any_bytes_gives_an_activity_or_a_refusal(body: bytes) -> None:
    with suppress(Rejected):
        assert isinstance(read_activity(body), dict)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "action", "x"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(click(text="", entities=[], membersAdded=[]))), ANYTHING)
def test_any_kind_in_any_field_is_read_or_refused_and_never_an_error(name: str, held: Any) -> None:  # noqa: ANN401
    for whole in (activity(), click(), activity("conversationUpdate")):
        with suppress(Rejected):
            OURS.check(read_activity(encoded({**whole, name: held})))


def test_a_bot_that_would_let_every_company_in_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="tenant"):
        Admission()


@pytest.mark.parametrize("host", sorted(SERVICE_HOSTS))
def test_addresses_of_teams_are_trusted_over_https(host: str) -> None:
    assert OURS.trusts(f"https://{host}/emea/")
    assert OURS.trusts(f"https://{host.upper()}:443")
    assert not OURS.trusts(f"http://{host}/emea/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smba.trafficmanager.net",
        "//smba.trafficmanager.net/",
        "https://",
        "https://evil.example/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://evil.smba.trafficmanager.net/",
        "https://smba.trafficmanager.net./",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example\\@smba.trafficmanager.net/",
        "https://evil.example\\.smba.trafficmanager.net/",
        "https://user:word@smba.trafficmanager.net/",
        "https://@smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:8443/",
        "https://smba.trafficmanager.net:x/",
        "https://smba.trafficmanager.net:0/",
        "https://smba.trafficmanager.net:99999/",
        "https://smba.trafficmanager.net/emea?to=evil.example",
        "https://smba.trafficmanager.net/emea?",
        "https://smba.trafficmanager.net/#evil",
        "https://smba.trafficmanager.net/#",
        "https://evil.example/ smba",
        "https:///emea",
        "javascript:alert(1)",
        "https://smba.traffic\tmanager.net/",
        " https://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net/\n",
        "https://\u0455mba.trafficmanager.net/",
        "https://[smba.trafficmanager.net/",
        "https://127.0.0.1/",
        "http://localhost:3978/",
        "ftp://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net/" + "x" * 3_000,
    ],
)
def test_any_other_address_is_not_trusted(url: str) -> None:
    assert not OURS.trusts(url)


def test_hosts_come_from_configuration_and_replace_the_known_ones() -> None:
    configured = Admission(tenants=OURS.tenants, hosts=frozenset({"Smba.Example.org"}))
    assert configured.trusts("https://smba.example.org/x")
    assert not configured.trusts(SERVICE_URL)


def test_a_local_service_that_signs_is_trusted_when_its_host_is_named() -> None:
    local = Admission(tenants=OURS.tenants, hosts=SERVICE_HOSTS | {"127.0.0.1"})
    assert local.trusts("http://127.0.0.1:9999/amer/")
    assert local.trusts(SERVICE_URL)
    assert not local.trusts("http://localhost:9999/amer/")
    assert not Admission(tenants=OURS.tenants, hosts=frozenset({"10.0.0.1"})).trusts("http://10.0.0.1/")


def test_this_machine_is_teams_in_development_or_when_it_is_named() -> None:
    for url in ("http://127.0.0.1:56150/_connector", "http://localhost:1/", "http://[::1]:8/", "https://localhost/"):
        assert DEVELOPMENT.trusts(url)
        assert not OURS.trusts(url)
    assert DEVELOPMENT.trusts(SERVICE_URL)
    assert not DEVELOPMENT.trusts("http://192.168.1.7:56150/")
    assert not DEVELOPMENT.trusts("http://localhost.evil.example/")


@pytest.mark.parametrize(
    ("url", "status"),
    [("http://smba.trafficmanager.net/", 400), ("https://evil.example/emea/", 403), ("http://localhost/", 400)],
)
def test_an_activity_from_another_address_is_refused(url: str, status: int) -> None:
    with pytest.raises(Rejected) as caught:
        OURS.check(activity(serviceUrl=url))
    assert (caught.value.status, "evil" in caught.value.words) == (status, False)
    assert ("evil.example" in caught.value.reason) == (status == 403)


OTHER = "00000000-0000-4000-8000-00000000ffff"


@pytest.mark.parametrize(
    "changes",
    [
        {"channelData": {"tenant": {"id": OTHER}}},
        {"channelData": {"tenant": {"id": OTHER}}, "conversation": {"id": "a:1", "tenantId": TENANT}},
        {"channelData": {"tenant": {"id": 5}}},
        {"channelData": {"tenant": {"id": ""}}},
        {"channelData": None, "conversation": {"id": "a:1"}},
        {"channelData": {}, "conversation": {"id": "a:1", "tenantId": [TENANT]}},
        {"channelData": {"tenant": TENANT}, "conversation": {"id": "a:1"}},
        {"channelData": {"tenant": {"id": "x" * 5_000}}},
    ],
)
def test_an_activity_of_a_tenant_that_is_not_ours_gets_403(changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        OURS.check({**activity(), **changes})
    assert (caught.value.status, caught.value.words) == (403, "this bot does not serve that tenant")
    assert "not on the list" in caught.value.reason
    assert len(caught.value.reason) < 150


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channelData": {"tenant": {"id": TENANT.upper()}}},
        {"channelData": {}},
        {"channelData": None},
        {"channelData": {"tenant": None}},
        {"channelData": {"tenant": {}}},
    ],
)
def test_our_tenant_is_known_by_the_conversation_too(changes: dict[str, Any]) -> None:
    OURS.check({**activity(), **changes})
    Admission(tenants=frozenset({TENANT.upper(), OTHER})).check({**activity(), **changes})
    assert tenant_of({**activity(), **changes}) == TENANT


def test_in_development_any_tenant_is_ours_unless_some_are_named() -> None:
    local = activity(serviceUrl="http://localhost:56150/_connector", channelData={"tenant": {"id": OTHER}})
    DEVELOPMENT.check(local)
    DEVELOPMENT.check(activity(channelData=None, conversation={"id": "a:1"}))
    with pytest.raises(Rejected):
        Admission(is_anonymous=True, tenants=frozenset({TENANT})).check(local)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_this_machine_is_known_by_name_and_address(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "0.0.0.0", "::", "localhost.", "2130706433", "127.1", "my.localhost"])  # noqa: S104
def test_nothing_else_is_this_machine(host: str) -> None:
    assert not is_loopback(host)


# Stores for files


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://brightwater-my.sharepoint.com/personal/ada/_api/v2.0/drive/x/uploadSession?guid=1", True),
        ("https://brightwater.sharepoint.com/x?tempauth=" + "e" * 5_000, True),
        ("https://brightwater.sharepoint.us:443/x", True),
        ("https://brightwater.sharepoint.com:8443/x", False),
        ("http://brightwater.sharepoint.com/x", False),
        ("https://sharepoint.com/x", False),
        ("https://evilsharepoint.com/x", False),
        ("https://brightwater.sharepoint.com@evil.example/x", False),
        ("https://brightwater.sharepoint.com.evil.example/x", False),
        ("https://graph.microsoft.com/x", False),
        ("https://smba.trafficmanager.net/x", False),
        ("https://10.0.0.1/x", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_a_store_is_one_of_onedrives_addresses(url: str, expected: bool) -> None:  # noqa: FBT001
    assert OURS.is_store(url) is expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/latest/meta-data", "http://localhost/x", "https://[::1]/x"])
def test_this_machine_keeps_files_in_development_or_when_it_is_named(url: str) -> None:
    assert not OURS.is_store(url)
    assert DEVELOPMENT.is_store(url)
    local = Admission(tenants=OURS.tenants, hosts=SERVICE_HOSTS | {"127.0.0.1"})
    assert local.is_store(url) is ("127.0.0.1" in url)
