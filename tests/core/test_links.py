"""Slugs, campaign parameters, fit targets, and when two links are the same."""

import random
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.links import (
    MAX_KEY,
    MAX_TARGET,
    SLUG_LENGTH,
    LinkFault,
    UnfitLink,
    clean_target,
    is_slug,
    new_slug,
    same_link_key,
    utm_value,
    with_utm,
)


@given(seed=st.integers())
def test_a_new_slug_is_a_slug_and_needs_no_escaping(seed: int) -> None:
    slug = new_slug(random.Random(seed))  # noqa: S311
    assert is_slug(slug)
    assert len(slug) == SLUG_LENGTH
    assert slug.isalnum()
    assert slug == slug.lower()
    assert set(slug).isdisjoint("0o1il")


def test_slugs_differ() -> None:
    chooser = random.SystemRandom()
    assert len({new_slug(chooser) for _ in range(2000)}) == 2000


@pytest.mark.parametrize(
    "text", ["", "abcd234", "abcd23456", "ABCD2345", "abcd234_", "abcd2340", "abcd2345\n", "äbcd2345"]
)
def test_what_is_no_slug(text: str) -> None:
    assert not is_slug(text)


NAMES = st.sampled_from(["a", "b", "utm_source", "utm_term", "UTM_Medium", "q%20q", "ü"])
QUERIES = st.lists(st.tuples(NAMES, st.from_regex(r"[a-zA-Z0-9%._~+-]{0,8}", fullmatch=True)), max_size=5).map(
    lambda pairs: "&".join(f"{name}={text}" for name, text in pairs)
)


@given(query=QUERIES, fragment=st.sampled_from(["", "top", "a=b"]), variant=st.sampled_from(["", "12-3"]))
def test_campaign_parameters_leave_what_is_there_to_the_letter(query: str, fragment: str, variant: str) -> None:
    url = f"https://example.com/a?{query}#{fragment}" if query else f"https://example.com/a#{fragment}"
    found = urlsplit(with_utm(url, network="linkedin", campaign="Solar Autumn!", variant=variant))
    assert found.query.startswith(query)
    assert found.fragment == fragment
    held = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    wanted = {"utm_source": "linkedin", "utm_medium": "social", "utm_campaign": "solar-autumn", "utm_content": variant}
    added = dict(parse_qsl(found.query.removeprefix(query).removeprefix("&")))
    assert added == {name: text for name, text in wanted.items() if name not in held and text}


def test_campaign_parameters_twice_are_once() -> None:
    once = with_utm("https://example.com", network="email", campaign="Advocacy", variant="7-2")
    assert once == "https://example.com?utm_source=email&utm_medium=email&utm_campaign=advocacy&utm_content=7-2"
    assert with_utm(once, network="x", campaign="other", variant="8") == once


def test_values_are_tame() -> None:
    assert utm_value("  Zonne-énergie & Wind / 2026 ") == "zonne-energie-wind-2026"
    assert utm_value("太陽") == ""
    assert len(utm_value("a" * 500)) == 100


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://example.com", "https://example.com/"),
        (" HTTPS://Example.COM:443/A?b=C#d ", "https://example.com/A?b=C#d"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://münchen.de/straße?q=ä", "https://xn--mnchen-3ya.de/stra%C3%9Fe?q=%C3%A4"),
        ("https://example.com/a%20b", "https://example.com/a%20b"),
        ("https://example.com./x", "https://example.com/x"),
        ("http://127.0.0.1:8080/site", "http://127.0.0.1:8080/site"),
        ("http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81/"),
        ("https://example.com/a_(b)/*c;d,e!'@x|y", "https://example.com/a_(b)/*c;d,e!'@x|y"),
    ],
)
def test_a_fit_target(url: str, cleaned: str) -> None:
    assert clean_target(url) == cleaned


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", LinkFault.EMPTY),
        ("   ", LinkFault.EMPTY),
        ("hello", LinkFault.NO_SCHEME),
        ("example.com/a", LinkFault.NO_SCHEME),
        ("example.com:8080/a", LinkFault.NO_SCHEME),
        ("localhost:8080", LinkFault.NO_SCHEME),
        ("//example.com/a", LinkFault.NO_SCHEME),
        ("ftp://example.com", LinkFault.OTHER_SCHEME),
        ("javascript:alert(1)", LinkFault.OTHER_SCHEME),
        ("data:text/html,hi", LinkFault.OTHER_SCHEME),
        ("file:///etc/passwd", LinkFault.OTHER_SCHEME),
        ("tel:0612345678", LinkFault.OTHER_SCHEME),
        ("https://", LinkFault.NO_HOST),
        ("https:///path", LinkFault.NO_HOST),
        ("https://-a.nl", LinkFault.NO_HOST),
        ("https://a..nl", LinkFault.NO_HOST),
        ("https://[::1", LinkFault.NO_HOST),
        ("https://[v1.a]/", LinkFault.NO_HOST),
        (f"https://{'a' * 64}.nl", LinkFault.NO_HOST),
        ("https://ann:secret@example.com", LinkFault.CREDENTIALS),
        ("https://example.com:99999/", LinkFault.WRONG_PORT),
        ("https://example.com:x/", LinkFault.WRONG_PORT),
        ("https://example.com/a b", LinkFault.UNFIT_CHARACTERS),
        ("https://example.com/\r\nSet-Cookie:a", LinkFault.UNFIT_CHARACTERS),
        ("https://good.example\\@evil.example", LinkFault.UNFIT_CHARACTERS),
        ("https://example.com/\u202egpj", LinkFault.UNFIT_CHARACTERS),
        ("https://example.com/\ud800", LinkFault.UNFIT_CHARACTERS),
        ("https://example.com/<!channel>", LinkFault.UNFIT_CHARACTERS),
        ("https://example.com/" + "a" * 2000, LinkFault.TOO_LONG),
        ("https://example.com/" + "語" * 500, LinkFault.TOO_LONG),
    ],
)
def test_an_unfit_target_says_why(url: str, reason: LinkFault) -> None:
    with pytest.raises(UnfitLink) as caught:
        clean_target(url)
    assert caught.value.reason is reason


@given(url=st.text(max_size=60) | st.from_regex(r"https?://[a-zü0-9.\[\]:@/?#%&=-]{0,60}", fullmatch=True))
def test_a_cleaned_target_is_ascii_and_stays(url: str) -> None:
    try:
        cleaned = clean_target(url)
    except UnfitLink:
        return
    assert cleaned.isascii()
    assert cleaned.isprintable()
    assert len(cleaned) <= MAX_TARGET
    assert clean_target(cleaned) == cleaned
    assert urlsplit(cleaned).hostname


SAME = [
    "https://www.example.com/news/solar/?b=2&a=1",
    "http://example.com/news/solar?a=1&b=2",
    "https://example.com:443/news/solar?a=1&b=2#top",
    "https://EXAMPLE.com/news/solar?utm_source=x&a=1&utm_campaign=y&b=2",
    "https://example.com/news/solar?a=1&fbclid=abc&b=2&gclid=1&MC_CID=9",
]


def test_the_same_page_is_one_suggestion() -> None:
    assert {same_link_key(url) for url in SAME} == {"example.com/news/solar?a=1&b=2"}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/news/Solar?a=1&b=2",
        "https://example.com/news/solar?a=1&b=3",
        "https://example.com/news/solar",
        "https://example.com:8443/news/solar?a=1&b=2",
        "https://shop.example.com/news/solar?a=1&b=2",
        "https://example.com/news/solar?a=1&b=2&c=",
    ],
)
def test_another_page_is_another_suggestion(url: str) -> None:
    assert same_link_key(url) != same_link_key(SAME[0])


def test_long_links_still_have_different_keys() -> None:
    keys = {same_link_key(f"https://example.com/{'a' * 1500}{end}") for end in "bcd"}
    assert len(keys) == 3
    assert max(map(len, keys)) == MAX_KEY


def test_what_is_no_link_has_no_key() -> None:
    with pytest.raises(UnfitLink):
        same_link_key("see you tomorrow")
