"""Calls to servers that members name: what is reached, what is sent on, and what is certain when one fails."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from connectors.guarded import Answer, Call, CallLimits, GuardedCaller, NoAnswer, NothingSent
from tests.connectors.web import FakeResolver, Site, running_site

SECRET = "tok-5eb1c2"  # noqa: S105


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
def caller(site: Site) -> GuardedCaller:
    limits = CallLimits(deadline=timedelta(seconds=0.3), body=100_000)
    return GuardedCaller(allow=[site.origin], resolver=FakeResolver({}), limits=limits)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but nobody listens
        yield int(held.getsockname()[1])


async def nothing_sent(caller: GuardedCaller, url: str) -> bool:
    with pytest.raises(NothingSent) as caught:
        await caller.call(Call(method="POST", url=url, headers={"Authorization": SECRET}, form={"code": SECRET}))
    assert SECRET not in f"{caught.value!r}"
    return caught.value.is_nowhere


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "[::1]", "localhost", "127.1", "0x7f.1"])
async def test_private_addresses_are_nowhere(site: Site, host: str) -> None:
    assert await nothing_sent(GuardedCaller(resolver=FakeResolver({})), f"http://{host}:{site.port}/article")
    assert site.asked == []


async def test_a_name_with_a_private_address_is_nowhere(site: Site) -> None:
    resolver = FakeResolver({"inside.example": [["127.0.0.1"]], "mixed.example": [["93.184.215.14", "127.0.0.1"]]})
    caller = GuardedCaller(allow=[site.origin], resolver=resolver)
    for name in ("inside.example", "mixed.example"):
        assert await nothing_sent(caller, f"http://{name}:{site.port}/article")
    assert site.asked == []


async def test_a_name_that_is_unknown_is_nowhere() -> None:
    assert await nothing_sent(GuardedCaller(resolver=FakeResolver({})), "https://nowhere.example/api")


@pytest.mark.parametrize("url", ["", "mastodon.social", "ftp://a.example/", "http://u:p@a.example/", "http://a\\b/"])
async def test_what_is_no_address_is_nowhere(url: str) -> None:
    assert await nothing_sent(GuardedCaller(resolver=FakeResolver({})), url)


async def test_a_server_that_does_not_listen_may_do_so_later(closed_port: int) -> None:
    origin = f"http://127.0.0.1:{closed_port}"
    assert not await nothing_sent(GuardedCaller(allow=[origin]), f"{origin}/api")


@pytest.mark.parametrize("host", ["Site.Example.", "site.example."])
async def test_what_is_called_is_the_spelling_that_was_judged(site: Site, host: str) -> None:
    resolver = FakeResolver({"site.example": [["127.0.0.1"]]})
    caller = GuardedCaller(allow=[f"http://site.example:{site.port}"], resolver=resolver)
    answer = await caller.call(Call(method="GET", url=f" HTTP://{host}:{site.port}/article"))
    assert (answer.status, resolver.asked) == (200, ["site.example"])


async def test_an_answer_comes_back_whatever_its_status(site: Site, caller: GuardedCaller) -> None:
    answers = [await caller.call(Call(method="GET", url=f"{site.origin}/status/{one}")) for one in (200, 404, 503)]
    assert [(one.status, one.is_done) for one in answers] == [(200, True), (404, False), (503, False)]


async def test_a_redirect_is_not_followed(site: Site, caller: GuardedCaller) -> None:
    answer = await caller.call(Call(method="GET", url=f"{site.origin}/redirect?to=/article"))
    assert (answer.status, site.asked) == (302, ["/redirect"])


@pytest.mark.parametrize("path", ["/huge", "/bomb", "/endless", "/silent", "/drip"])
async def test_an_answer_that_is_too_large_or_too_slow_is_none(site: Site, caller: GuardedCaller, path: str) -> None:
    with pytest.raises(NoAnswer):
        await caller.call(Call(method="GET", url=f"{site.origin}{path}"))


async def test_a_connection_that_is_cut_leaves_it_open_whether_the_request_arrived() -> None:
    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(NoAnswer):
            await GuardedCaller(allow=[origin]).call(Call(method="POST", url=f"{origin}/api", json={"a": 1}))


async def test_no_proxy_of_the_environment_is_used(
    site: Site, caller: GuardedCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await caller.call(Call(method="GET", url=f"{site.origin}/article"))).is_done


@pytest.mark.parametrize(
    ("body", "told"),
    [(b'{"id": "7"}', {"id": "7"}), (b"[1]", None), (b"", None), (b"<html>", None), (b"[" * 99_999, None)],
)
def test_only_a_json_object_tells_anything(body: bytes, told: object) -> None:
    assert Answer(status=200, headers={}, body=body).told() == told


def test_what_is_sent_and_what_came_back_is_in_no_repr() -> None:
    call = Call(method="POST", url="https://a.example/", headers={"Authorization": SECRET}, form={"code": SECRET})
    assert SECRET not in f"{call!r} {Answer(status=200, headers={'X': SECRET}, body=SECRET.encode())!r}"
