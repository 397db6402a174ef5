"""An action survives the way into a button or window and back; junk is told from it, never guessed at."""

import json
from dataclasses import fields
from typing import ClassVar, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import actions as a
from bot.core.codec import actions, merge, name_of, pack, unpack
from bot.core.errors import Unreadable

_OF_TYPE = {
    int: st.integers(0, 2**53),
    str: st.text(max_size=40),
    bool: st.booleans(),
}


def _values(declared: object) -> st.SearchStrategy[object]:
    if get_origin(declared) is tuple:
        return st.lists(_OF_TYPE[get_args(declared)[0]], max_size=4).map(tuple)
    return _OF_TYPE[declared]  # type: ignore[index]


def _any_action() -> st.SearchStrategy[a.Action]:
    kinds = sorted(actions().values(), key=name_of)
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            kind,
            **{name: _values(hint) for name, hint in get_type_hints(kind).items() if get_origin(hint) is not ClassVar},
        )
    )


@given(action=_any_action())
def test_every_action_survives_the_round_trip_through_its_button(action: a.Action) -> None:
    assert unpack(pack(action)) == action


def test_what_is_empty_takes_no_room() -> None:
    assert json.loads(pack(a.ReviewPost(post_id=3))) == {"do": "review_post", "post_id": 3}


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "null",
        "[]",
        "7",
        "{}",
        "{",
        '{"do":"fly"}',
        '{"do":"open_share"}',
        '{"do":"open_share","post_id":"3"}',
        '{"do":"open_share","post_id":true}',
        '{"do":"open_share","post_id":3,"more":1}',
        '{"do":"post_fields","post_id":3}',
        '{"do":["open_share"]}',
        '{"do":"save_settings","topics":"water"}',
        '{"do":"save_settings","topics":[1]}',
    ],
)
def test_junk_in_a_button_is_said_to_be_unreadable(packed: str) -> None:
    with pytest.raises(Unreadable):
        unpack(packed)


def test_what_was_typed_is_merged_by_name_and_what_the_action_lacks_is_left_out() -> None:
    typed = {"network": "x", "text": "my words", "unknown": "ignored"}
    assert unpack(pack(a.LeaveForNetwork(share_id=2)), typed) == a.LeaveForNetwork(
        share_id=2, network="x", text="my words"
    )


def test_an_empty_choice_becomes_empty_and_not_none() -> None:
    merged = merge(a.SaveSettings(network="x", topics=("water",)), {"network": None, "topics": None})
    assert merged == a.SaveSettings(network="", topics=())


@pytest.mark.parametrize("typed", [{"network": ("x",)}, {"topics": "water"}, {"topics": (1,)}])
def test_typed_values_of_another_shape_are_refused(typed: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        merge(a.SaveSettings(), typed)  # type: ignore[arg-type]


def test_every_action_has_a_name_of_its_own() -> None:
    assert len({name_of(kind) for kind in actions().values()}) == len(actions())
    assert "post_fields" not in actions()
    assert all(fields(kind) is not None for kind in actions().values())
