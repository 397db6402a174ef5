"""How networks count, and that shortening and composing keep what must be kept."""

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.networks import NETWORKS
from bot.core.texts import (
    compose_text,
    count_graphemes,
    hashtag,
    length_on,
    plain,
    room_left,
    shorten,
    starts_with,
    without_mentions,
)

LINK = "https://go.brightwater.com/l/abcd2345"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"

# From docs.x.com/fundamentals/counting-characters, and answers of the network's own open-source parser.
ON_X = [
    ("Hello, world! 👋", 16),
    ("café", 4),
    ("cafe\u0301", 4),
    ("👾", 2),
    ("🙋🏽", 2),
    ("👨\u200d🎤", 2),
    (FAMILY, 2),
    ("🇳🇱", 2),
    ("1️⃣", 2),
    ("❤", 2),
    ("❤️", 2),
    ("☀\ufe0e", 4),
    ("©", 2),
    ("日本", 4),
    ("ไทย", 3),
    ("“quoted” \u2013 and… so", 19),
    ("https://example.com", 23),
    ("https://example.com/very/long/path", 23),
    ("HTTPS://EXAMPLE.COM/X", 23),
    ("See https://example.com/a, then", 33),
    ("https://example.com/?q=a&b=c#d.", 24),
    ("(https://example.com/a_(b))", 25),
    ("example.nl", 23),
    ("bit.ly/x", 23),
    ("www.example.nl/a/", 23),
    ("node.js", 7),
    ("e.g. this", 9),
    ("a@b.com", 7),
    ("/example.com", 12),
    ("#example.com", 12),
    ("https://localhost/x", 19),
    ("http://127.0.0.1:8080/l/x", 25),
    ("https://example.com日本", 27),
    ("http://münchen.de/ü?a=ä", 24),
    ("", 0),
    ("a" * 280, 280),
]


@pytest.mark.parametrize(("text", "length"), ON_X)
def test_x_counts_as_its_documentation_says(text: str, length: int) -> None:
    assert length_on("x", text) == length


def test_an_ending_x_may_not_know_is_never_counted_too_low() -> None:
    assert length_on("x", "https://intranet.corp-internal-name/some/long/path/to/read") >= 56


@pytest.mark.parametrize(
    ("network", "text", "length"),
    [
        ("mastodon", f"Look {LINK} now", 5 + 23 + 4),
        ("mastodon", "Hi @ann@mastodon.social!", len("Hi @ann!")),
        ("mastodon", FAMILY, 1),
        ("bluesky", "e\u0301" + FAMILY, 3),
        ("bluesky", "abc", 3),
        ("bluesky", "é" * 300, 300),
        ("bluesky", FAMILY * 200, 500),
        ("bluesky", LINK, len(LINK)),
        ("threads", "abcé€ 日本", 8),
        ("threads", "\U0001f600", 4),
        ("threads", FAMILY, len(FAMILY.encode())),
        ("threads", LINK, len(LINK)),
        ("linkedin", "a👋", 3),
        ("linkedin", "\ud83d", 1),
        ("email", "a👋", 3),
    ],
)
def test_every_network_counts_in_its_own_way(network: str, text: str, length: int) -> None:
    assert length_on(network, text) == length


@given(
    text=st.text(
        alphabet=st.characters(max_codepoint=0x10FF, exclude_categories=["Cs", "Mn", "Mc", "Me"]).filter(
            lambda one: not regex.match(r"\p{Extended_Pictographic}|[.\uFE0E]", one)
        ),
        max_size=60,
    )
)
def test_light_characters_without_links_weigh_one_on_x(text: str) -> None:
    assert length_on("x", text) == len(unicodedata.normalize("NFC", text))


@given(before=st.sampled_from(["", "See ", "👋 ", "語"]), path=st.from_regex(r"[a-z0-9]{1,200}", fullmatch=True))
def test_any_link_weighs_23_on_x(before: str, path: str) -> None:
    assert length_on("x", f"{before}https://example.com/{path}") == length_on("x", before) + 23


PIECES = st.lists(
    st.sampled_from([FAMILY, "🇳🇱", "e\u0301", "a", " ", "word ", "\n", "नि", LINK, "日", "\r\n"]), max_size=60
).map("".join)


@given(text=PIECES | st.text(max_size=80), limit=st.integers(-3, 90))
@example(text="aaaa", limit=0)
def test_shortening_never_exceeds_and_never_cuts_a_character(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
        return
    assert len(short) <= max(limit, 0)
    if short:
        assert short.endswith("…")
        kept = short[:-1]
        assert text.startswith(kept)
        ends = {0, *(found.end() for found in regex.finditer(r"\X", text))}
        assert len(kept) in ends or text[len(kept)].isspace()


def test_a_cut_link_that_weighs_more_than_its_parts_is_left_out() -> None:
    def on_x(text: str) -> int:
        return length_on("x", text)

    assert shorten("Go to example.nl and read", 14, measure=on_x) == "Go to exampl…"
    assert on_x(shorten("a.b example.community.nl/read/this/now", 24, measure=on_x)) <= 24


@given(text=PIECES, limit=st.integers(1, 60), network=st.sampled_from(sorted(NETWORKS)))
def test_shortening_holds_in_every_networks_counting(text: str, limit: int, network: str) -> None:
    assert length_on(network, shorten(text, limit, measure=lambda one: length_on(network, one))) <= limit


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("The sun is up", 13, "The sun is up"),
        ("The sun is up", 12, "The sun is…"),
        ("The sun is up", 11, "The sun is…"),
        ("The sun is up", 10, "The sun…"),
        ("Supercalifragilistic", 8, "Superca…"),
        ("A Supercalifragilistic", 10, "A Superca…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
        (f"{FAMILY}{FAMILY}", 9, f"{FAMILY}…"),
        (f"{FAMILY}{FAMILY}", 7, "…"),
    ],
)
def test_shortening_ends_at_a_word(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


def test_a_text_has_disclosure_first_and_the_link_last() -> None:
    assert (
        compose_text("#BrightwaterEmployee", " My words ", LINK, "linkedin")
        == f"#BrightwaterEmployee\n\nMy words\n\n{LINK}"
    )
    assert compose_text("", "My words", None, "x") == "My words"
    assert compose_text("#BrightwaterEmployee", "", LINK, "x") == f"#BrightwaterEmployee\n\n{LINK}"


@pytest.mark.parametrize("network", ["facebook", "xing"])
def test_a_network_that_takes_the_link_apart_has_none_in_the_text(network: str) -> None:
    assert compose_text("#B", "My words", LINK, network) == "#B\n\nMy words"


def test_what_the_member_wrote_is_not_repeated() -> None:
    assert (
        compose_text("#BrightwaterEmployee", "#brightwateremployee and proud", None, "x")
        == "#brightwateremployee and proud"
    )
    assert compose_text("", f"Read {LINK} today", LINK, "x") == f"Read {LINK} today"
    assert starts_with("#AbEmployee, yes", "#AbEmployee")
    assert not starts_with("#AbEmployees are", "#AbEmployee")


@given(text=st.text(max_size=60), network=st.sampled_from(sorted(NETWORKS)))
def test_composing_again_changes_nothing(text: str, network: str) -> None:
    once = compose_text("#BrightwaterEmployee", text, LINK, network)
    assert compose_text("#BrightwaterEmployee", once, LINK, network) == once
    assert starts_with(once, "#BrightwaterEmployee")


def test_the_room_left_counts_disclosure_and_link() -> None:
    assert room_left("x", "a" * 10, disclosure="#abc", link=LINK) == 280 - 4 - 2 - 10 - 2 - 23
    assert room_left("x", "a" * 300, disclosure="", link=None) == -20
    assert room_left("mastodon", "abc", disclosure="", link=None, limit=5000) == 4997
    assert room_left("email", "abc", disclosure="", link=None) is None


def test_a_name_as_a_hashtag_has_letters_and_digits_only() -> None:
    assert hashtag("a-b c_d 9e") == "ABCD9e"


def test_plain_takes_out_what_turns_or_breaks_others_words() -> None:
    assert plain("a\u202eb\u2066c\u2069\x00\x07d\ud800\ufeff") == "abcd"
    assert plain("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd e"
    kept = f"{FAMILY} \u05e9\u05dc\u05d5\u05dd \u0645\u06cc\u200c\u062e\u0648 \u200f"
    assert plain(kept) == kept


@given(text=st.text(alphabet=st.characters(), max_size=60))
def test_plain_text_can_be_stored_and_is_plain(text: str) -> None:
    found = plain(text)
    found.encode("utf-8")
    assert plain(found) == found
    assert not any(unicodedata.category(one) in {"Cc", "Cs"} and one != "\n" for one in found)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("<!channel> look", " look"),
        ("<!here|here> look", "here look"),
        ("<@U123|ann> and <@U9>", "ann and "),
        ("<#C1|general>", "general"),
        ("@channel @Here @everyone", "channel Here everyone"),
        ("ann@here.example @ann a < b > c", "ann@here.example @ann a < b > c"),
    ],
)
def test_mentions_become_words(text: str, without: str) -> None:
    assert without_mentions(text) == without


def test_graphemes_are_what_a_reader_sees() -> None:
    assert count_graphemes(f"{FAMILY}e\u0301🇳🇱") == 3
