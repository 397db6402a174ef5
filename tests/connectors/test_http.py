"""The guarded fetcher against a real local site, and the polite client's waits; nothing outside is asked."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import PageUnreadable
from connectors.http import (
    PICTURE_TYPES,
    FetchLimits,
    Guard,
    GuardedFetcher,
    is_public_address,
    new_session,
    retry_after,
    wait_until,
)
from tests.connectors.web import ARTICLE, FakeResolver, Site, running_site

PUBLIC = "93.184.215.14"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
def fetcher(site: Site) -> GuardedFetcher:
    return GuardedFetcher(allow=[site.origin], resolver=FakeResolver({}), limits=FetchLimits())


async def reason_for(fetcher: GuardedFetcher, url: str) -> tuple[str, int | None]:
    with pytest.raises(PageUnreadable) as caught:
        await fetcher.fetch(url)
    return caught.value.reason, caught.value.status


async def test_a_page_of_an_allowed_origin_is_read(site: Site, fetcher: GuardedFetcher) -> None:
    fetched = await fetcher.fetch(f"{site.origin}/article")
    assert (fetched.body, fetched.kind, fetched.charset) == (ARTICLE, "text/html", "utf-8")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "255.255.255.255",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fd00::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "127\u30020\u30020\u30021",
        "\uff11\uff12\uff17.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "printer.localhost",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(site: Site, host: str) -> None:
    fetcher = GuardedFetcher(resolver=FakeResolver({}))
    assert await reason_for(fetcher, f"http://{host}:{site.port}/article") == ("private", None)
    assert site.asked == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not_a_link"),
        ("hello world", "not_a_link"),
        ("example.com/page", "not_a_link"),
        ("http://", "not_a_link"),
        ("http://[::1", "not_a_link"),
        ("http://example.com:99999/", "not_a_link"),
        ("http://user:secret@example.com/", "not_a_link"),
        ("http://example.com\\@127.0.0.1/", "not_a_link"),
        ("http://134744072/", "not_a_link"),
        ("http://example.com/" + "x" * 3000, "not_a_link"),
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("data:text/html,<title>x</title>", "not_a_link"),
        ("data:text/html,hello", "scheme"),
    ],
)
async def test_what_is_no_web_link_is_refused_before_anything_is_asked(url: str, reason: str) -> None:
    resolver = FakeResolver({})
    assert await reason_for(GuardedFetcher(resolver=resolver), url) == (reason, None)
    assert resolver.asked == []


async def test_a_name_with_a_private_address_is_refused(site: Site) -> None:
    fetcher = GuardedFetcher(resolver=FakeResolver({"inside.example": [["10.0.0.7"]]}))
    assert await reason_for(fetcher, f"http://inside.example:{site.port}/article") == ("private", None)


@pytest.mark.parametrize("answer", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], ["2606:4700::1111", "::1"]])
async def test_one_private_address_among_public_ones_refuses_the_name(answer: list[str]) -> None:
    resolver = FakeResolver({"mixed.example": [answer, answer]})
    with pytest.raises(OSError, match="not a public address"):
        await Guard(resolver, is_trusted=False).resolve("mixed.example", 80)
    assert await reason_for(GuardedFetcher(resolver=resolver), "http://mixed.example/article") == ("private", None)


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    assert await reason_for(GuardedFetcher(resolver=FakeResolver({})), "https://nowhere.example/") == (
        "unreachable",
        None,
    )


@pytest.mark.parametrize("to", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://localhost/"])
async def test_a_redirect_to_a_private_address_is_refused(site: Site, fetcher: GuardedFetcher, to: str) -> None:
    assert await reason_for(fetcher, f"{site.origin}/redirect?to={to}") == ("private", None)


async def test_the_exception_for_an_origin_does_not_cover_where_it_redirects(site: Site) -> None:
    resolver = FakeResolver({"trusted.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    fetcher = GuardedFetcher(allow=[f"http://trusted.example:{site.port}"], resolver=resolver)
    start = f"http://trusted.example:{site.port}/redirect?to=http://other.example:{site.port}/article"
    assert await reason_for(fetcher, start) == ("private", None)
    assert site.asked == ["/redirect"]


async def test_the_exception_is_for_the_exact_port_and_scheme(site: Site) -> None:
    fetcher = GuardedFetcher(allow=[f"https://127.0.0.1:{site.port}", "http://127.0.0.1"], resolver=FakeResolver({}))
    assert await reason_for(fetcher, f"{site.origin}/article") == ("private", None)


@pytest.mark.parametrize("to", ["http://[::1", "http://u:p@example.com/", "http://example.com:x/"])
async def test_a_redirect_to_what_is_no_link_is_refused(site: Site, fetcher: GuardedFetcher, to: str) -> None:
    assert await reason_for(fetcher, f"{site.origin}/redirect?to={to}") == ("not_a_link", None)


async def test_a_redirect_with_blanks_in_it_is_followed(site: Site, fetcher: GuardedFetcher) -> None:
    assert (
        await fetcher.fetch(f"{site.origin}/redirect?to=/article%3Fq=a%20b")
    ).url == f"{site.origin}/article?q=a%20b"


async def test_a_redirect_to_another_scheme_is_refused(site: Site, fetcher: GuardedFetcher) -> None:
    assert await reason_for(fetcher, f"{site.origin}/redirect?to=file:///etc/passwd") == ("scheme", None)


async def test_a_changed_answer_is_judged_again_at_every_hop(site: Site) -> None:
    resolver = FakeResolver({"trusted.example": [["127.0.0.1"]], "changing.example": [["127.0.0.1"], [PUBLIC]]})
    fetcher = GuardedFetcher(allow=[f"http://trusted.example:{site.port}"], resolver=resolver)
    start = f"http://trusted.example:{site.port}/redirect?to=http://changing.example:{site.port}/article"
    assert await reason_for(fetcher, start) == ("private", None)
    assert resolver.asked == ["trusted.example", "changing.example"]
    assert site.asked == ["/redirect"]


async def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    resolver = FakeResolver({"changing.example": [[PUBLIC], ["127.0.0.1"]]})
    guard = Guard(resolver, is_trusted=False)
    assert [one["host"] for one in await guard.resolve("changing.example", 80)] == [PUBLIC]
    with pytest.raises(OSError, match="not a public address"):
        await guard.resolve("changing.example", 80)
    with pytest.raises(OSError, match="not a public address"):
        guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80)))
    guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (PUBLIC, 80))).close()


async def test_a_page_is_resolved_once_a_hop_and_never_again(site: Site) -> None:
    resolver = FakeResolver({"trusted.example": [["127.0.0.1"], ["10.0.0.1"]]})
    fetcher = GuardedFetcher(allow=[f"http://trusted.example:{site.port}"], resolver=resolver)
    assert (await fetcher.fetch(f"http://trusted.example:{site.port}/article")).body == ARTICLE
    assert resolver.asked == ["trusted.example"]


@pytest.mark.parametrize(
    ("path", "reason", "status"),
    [
        ("/status/404", "not_found", 404),
        ("/status/410", "not_found", 410),
        ("/status/401", "blocked", 401),
        ("/status/403", "blocked", 403),
        ("/status/429", "blocked", 429),
        ("/status/500", "unreachable", 500),
        ("/huge", "too_large", 200),
        ("/endless", "too_large", 200),
        ("/bomb", "too_large", 200),
        ("/paper.pdf", "not_html", 200),
        ("/wind.png", "not_html", 200),
        ("/hop/6", "too_many_redirects", None),
    ],
)
async def test_each_bad_page_has_its_reason(
    site: Site, fetcher: GuardedFetcher, path: str, reason: str, status: int | None
) -> None:
    assert await reason_for(fetcher, f"{site.origin}{path}") == (reason, status)


@pytest.mark.parametrize("path", ["/drip", "/silent"])
async def test_a_slow_page_ends_at_the_deadline(site: Site, path: str) -> None:
    fetcher = GuardedFetcher(allow=[site.origin], limits=FetchLimits(deadline=timedelta(seconds=0.3)))
    assert await reason_for(fetcher, f"{site.origin}{path}") == ("slow", None)


async def test_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    origin = f"http://127.0.0.1:{unused_tcp_port}"
    assert await reason_for(GuardedFetcher(allow=[origin]), origin) == ("unreachable", None)


async def test_five_redirects_are_followed(site: Site, fetcher: GuardedFetcher) -> None:
    assert (await fetcher.fetch(f"{site.origin}/hop/5")).url == f"{site.origin}/article"


async def test_a_site_that_sets_a_cookie_first_is_read(site: Site) -> None:
    resolver = FakeResolver({"trusted.example": [["127.0.0.1"], ["127.0.0.1"]]})
    fetcher = GuardedFetcher(allow=[f"http://trusted.example:{site.port}"], resolver=resolver)
    assert (await fetcher.fetch(f"http://trusted.example:{site.port}/cookie-wall")).body == ARTICLE


async def test_a_picture_is_read_when_pictures_are_asked_for(site: Site, fetcher: GuardedFetcher) -> None:
    assert (await fetcher.fetch(f"{site.origin}/wind.png", kinds=PICTURE_TYPES)).kind == "image/png"


@pytest.mark.parametrize("origin", ["127.0.0.1:80", "http://a.example/path", "ftp://a.example", "http://u@a.example"])
def test_what_is_no_origin_is_refused_as_an_exception(origin: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        GuardedFetcher(allow=[origin])


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public_address(address)


@given(st.ip_addresses(network="10.0.0.0/8"))
def test_a_private_address_stays_private_inside_any_other(inner: object) -> None:
    spellings = (f"::ffff:{inner}", f"64:ff9b::{inner}", f"::{inner}", f"::ffff:0:{inner}")
    assert not any(is_public_address(one) for one in (str(inner), *spellings))


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"Retry-After": "9" * 400}, 3600),
        ({"Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT", "Date": "Sat, 21 Nov 2026 12:00:10 GMT"}, 20),
        ({"Retry-After": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "Sat, 21 Nov 2099 11:00:00 GMT"}, 3600),
        ({"Retry-After": "soon"}, 30),
        ({"Retry-After": "-5"}, 30),
        ({"Retry-After": "²"}, 30),
        ({}, 30),
    ],
)
def test_a_wait_is_read_from_seconds_or_a_date(headers: dict[str, str], seconds: int) -> None:
    assert retry_after(headers, now=NOW) == timedelta(seconds=seconds)


async def test_the_shared_client_ignores_the_environments_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with new_session() as session, session.get(f"{site.origin}/article") as response:
        assert await response.read() == ARTICLE


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"date": "Sun, 22 Nov 2026 18:00:00 GMT"}, 300),
        ({"Date": "Sun, 22 Nov 2026 18:04:59 GMT"}, 1),
        ({"Date": "Sun, 22 Nov 2026 19:00:00 GMT"}, 1),
        ({"Date": "Fri, 20 Nov 2026 18:00:00 GMT"}, 86_400),
    ],
)
def test_a_wait_until_a_moment_goes_by_the_clock_of_who_names_it(headers: dict[str, str], seconds: int) -> None:
    assert wait_until(datetime(2026, 11, 22, 18, 5, tzinfo=UTC), headers) == timedelta(seconds=seconds)


def test_a_wait_until_a_moment_goes_by_our_clock_where_there_is_no_other() -> None:
    moment = datetime.now(UTC) + timedelta(minutes=10)
    assert timedelta(minutes=9) < wait_until(moment, {}) <= timedelta(minutes=10)
