"""What stood in a dialog's fields is understood when it comes back, and junk is refused in one way."""

import pytest

from bot.core.errors import Unreadable
from connectors.chat.teams.carrying import from_choices, values_of

KINDS = {"text": "text", "network": "one", "channels": "many", "publish_on": "date", "publish_at": "time"}


def test_every_kind_of_field_is_read_as_what_it_is() -> None:
    data = {"vouch": "{}", "fields": KINDS, "text": "a,b%2C", "network": "x,%2C", "channels": "a%2Cb,50%25",
            "publish_on": "2026-12-01", "publish_at": "09:30", "other": "not a field"}  # fmt: skip
    assert values_of(data) == {
        "text": "a,b%2C",
        "network": "x,%2C",
        "channels": ("a,b", "50%"),
        "publish_on": "2026-12-01",
        "publish_at": "09:30",
    }


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(KINDS, ""), dict.fromkeys(KINDS), {"network": "%none"}])
def test_an_empty_field_is_empty_however_it_comes(empty: dict[str, str | None]) -> None:
    read = values_of({"fields": KINDS, **empty})
    assert read == {"text": "", "network": "", "channels": (), "publish_on": "", "publish_at": ""}


def test_a_button_of_a_message_carries_no_fields() -> None:
    assert values_of({"vouch": "{}", "text": "typed"}) == {}


@pytest.mark.parametrize(
    "junk",
    [
        None, [], "x", 7, {"fields": None}, {"fields": []}, {"fields": "text"}, {"fields": {"a": "file"}},
        {"fields": {"a": None}}, {"fields": {"a": ["text"]}}, {"fields": {"a": {}}}, {"fields": KINDS, "text": 7},
        {"fields": KINDS, "channels": ["a"]}, {"fields": KINDS, "network": {}}, {"fields": KINDS, "publish_on": True},
    ],
)  # fmt: skip
def test_junk_is_unreadable(junk: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        values_of(junk)


def test_what_is_no_encoding_of_ours_stays_as_it_is() -> None:
    assert from_choices("50%,a%20b,%,%2c,,") == ("50%", "a%20b", "%", "%2c")
