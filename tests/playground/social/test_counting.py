"""How long the test network takes a text to be; the answers are those of twitter-text and of Mastodon's own tests."""

import pytest

from playground.social.counting import clusters, length_on_mastodon, weight_on_x


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("plain", 5),
        ("café", 4),
        ("cafe\u0301", 4),
        ("\u4f60\u597d", 4),
        ("\U0001f469\u200d\U0001f469\u200d\U0001f467", 2),
        ("\U0001f44d\U0001f3fd", 2),
        ("\U0001f1f3\U0001f1f1", 2),
        ("1\ufe0f\u20e3", 2),
        ("\u2764\ufe0f", 2),
        ("\u201cso\u201d \u2014 yes\u2026", 12),
        ("https://example.com/a/very/long/path/that/never/ends", 23),
        ("see example.com now", 31),
    ],
)
def test_x_weighs_a_text(text: str, weight: int) -> None:
    assert weight_on_x(text) == weight


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("plain", 5),
        ("\U0001f469\u200d\U0001f469\u200d\U0001f467!", 2),
        ("https://example.com/a/very/long/path/that/never/ends", 23),
        ("@ada@example.social hello", 10),
        ("a\r\nb", 3),
    ],
)
def test_mastodon_counts_what_readers_see(text: str, length: int) -> None:
    assert length_on_mastodon(text) == length


def test_a_mark_belongs_to_the_letter_before_it() -> None:
    assert clusters("e\u0301a") == ["e\u0301", "a"]
