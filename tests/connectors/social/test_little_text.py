"""Whatever a member writes is what readers see: nothing is cut, nothing becomes a mention, hashtags stay hashtags."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.social.little_text import RESERVED, escape_commentary, unescape_commentary

WORDS = st.text(
    alphabet=st.one_of(st.sampled_from(f"{RESERVED}#_a1 é\n👩‍💻\u0627"), st.characters(exclude_categories=["Cs"]))
)
HASHTAG = re.compile(r"#(\w+)")


def readers_see(commentary: str) -> tuple[str, list[str]]:
    """Return text and hashtags, read by the grammar alone; a reserved character that stands open is an error."""
    seen, tags, place = "", [], 0
    while place < len(commentary):
        tag = HASHTAG.match(commentary, place)
        if commentary[place] == "\\":
            assert commentary[place + 1] in RESERVED
            seen, place = seen + commentary[place + 1], place + 2
        elif tag:
            seen, place = seen + tag[0], tag.end()
            tags.append(tag[1])
        else:
            assert commentary[place] not in RESERVED
            seen, place = seen + commentary[place], place + 1
    return seen, tags


@settings(max_examples=150)
@given(WORDS)
def test_readers_see_exactly_what_was_written(text: str) -> None:
    assert readers_see(escape_commentary(text))[0] == text


@settings(max_examples=150)
@given(WORDS)
def test_what_is_read_back_is_what_was_written(text: str) -> None:
    assert unescape_commentary(escape_commentary(text)) == text


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#ExampleEmployee\n\nWind works", ["ExampleEmployee"]),
        ("(#wind) and #zürich, #日本語!", ["wind", "zürich", "日本語"]),
        ("🎉#wind", ["wind"]),
        ("#4you", ["4you"]),
        ("C# and #1 and # and #️⃣ and a#b", []),
        ("##wind", []),
        ("https://example.com/a#part and https://example.com/#part", []),
        ("#my_tag", []),  # "_" has to be escaped, and half of a hashtag is another hashtag
        ("@[Eddy](urn:li:person:1) {hashtag|#|wind}", []),
    ],
)
def test_what_is_meant_as_a_hashtag_is_one_and_nothing_else_is(text: str, tags: list[str]) -> None:
    assert readers_see(escape_commentary(text)) == (text, tags)


@pytest.mark.parametrize("character", RESERVED)
def test_every_reserved_character_is_escaped(character: str) -> None:
    assert escape_commentary(f"a{character} b") == f"a\\{character} b"


def test_a_hashtag_as_linkedin_gives_it_back_is_read() -> None:
    assert unescape_commentary(r"Wind \(20 %\) {hashtag|\#|wind} {hashtag|\#|my\_tag}") == "Wind (20 %) #wind #my_tag"
