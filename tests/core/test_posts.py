"""Drafts are kept as typed, filled without going over anything, and show the same instants in every zone."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.actions import PostFields
from bot.core.ports import Page
from bot.core.post_checks import is_within
from bot.core.posts import (
    Draft,
    TypedWording,
    filled_from,
    in_zone,
    read_draft,
    redrawn,
    show_language,
    typed_by,
    typed_time,
    write_draft,
)
from bot.core.refs import parse_ref

BOXES = st.builds(TypedWording, text=st.text(max_size=50), network=st.sampled_from(["", "x", "linkedin"]))
DRAFTS = st.builds(
    Draft,
    title=st.text(max_size=50),
    summary=st.text(max_size=50),
    picture=st.text(max_size=20),
    channels=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    language=st.sampled_from(["en", "nl", ""]),
    wording_language=st.sampled_from(["en", "nl"]),
    wordings=st.dictionaries(st.sampled_from(["en", "nl"]), st.tuples(BOXES, BOXES, BOXES)),
    editions=st.dictionaries(st.sampled_from(["title", "wording"]), st.integers(0, 9)),
    windows=st.dictionaries(st.sampled_from(["1", "2"]), st.text(max_size=9)),
)
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata"])


@given(DRAFTS)
def test_a_draft_comes_back_from_the_database_as_it_was(draft: Draft) -> None:
    assert read_draft(json.loads(json.dumps(write_draft(draft)))) == draft


def test_what_an_older_version_kept_is_read_and_what_is_unknown_left_out() -> None:
    assert read_draft({"title": "Hello", "colour": "red"}) == Draft(title="Hello")


@given(DRAFTS, st.text(max_size=20), st.text(max_size=20))
def test_a_page_never_goes_over_what_was_typed(draft: Draft, title: str, summary: str) -> None:
    page = Page(url="https://a.example", title=title, summary=summary, picture="p", language="nl", site="S")
    filled = filled_from(draft, page, languages=("en", "nl"))
    for name in ("title", "summary", "picture"):
        before, after = getattr(draft, name), getattr(filled, name)
        assert after == before if before else True
        is_new = filled.editions.get(name, 0) > draft.editions.get(name, 0)
        assert is_new == (before != after)
    assert filled.wordings == draft.wordings


def test_a_page_in_another_language_sets_it_only_while_no_wording_was_typed() -> None:
    page = Page(url="https://a.example", title="T", summary="", picture=None, language="nl-NL", site=None)
    fresh = Draft(language="en", wording_language="en")
    typed = Draft(language="en", wording_language="en", wordings={"en": (TypedWording(text="Hi"),)})
    assert filled_from(fresh, page, languages=("en", "nl")).wording_language == "nl"
    assert filled_from(typed, page, languages=("en", "nl")).language == "en"
    assert filled_from(fresh, page, languages=("en",)).language == "en"


@given(DRAFTS, st.text(max_size=20))
def test_boxes_belong_to_the_language_that_was_on_show(draft: Draft, text: str) -> None:
    typed = PostFields(post_id=1, wording_1=text, wording_1_network="any", wording_language="nl")
    after = typed_by(draft, typed, shown_language="en")
    assert after.boxes("en")[0] == TypedWording(text=text)
    assert after.boxes("nl") == draft.boxes("nl")
    assert after.wording_language == "nl"


def test_a_language_on_show_already_is_not_drawn_anew() -> None:
    draft = Draft(wording_language="en")
    assert show_language(draft, "en") is draft
    assert show_language(draft, "nl").editions == {"wording": 1}
    assert redrawn(draft, "title").editions == {"title": 1}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), ZONES, ZONES)  # noqa: DTZ001 - made aware below
def test_the_same_instant_in_every_zone(moment: datetime, one: str, other: str) -> None:
    at = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    on, time = typed_time(at, ZoneInfo(one))
    draft = in_zone(Draft(zone=one, publish_on=on, publish_at=time), other)
    read = datetime.fromisoformat(f"{on}T{time}").replace(tzinfo=ZoneInfo(one))
    assert (draft.publish_on, draft.publish_at) == typed_time(read, ZoneInfo(other))
    assert draft.zone == other


@pytest.mark.parametrize(("on", "at"), [("2026-02-31", "09:00"), ("", "09:00"), ("soon", "later"), ("", "")])
def test_what_is_no_time_stays_as_typed_in_every_zone(on: str, at: str) -> None:
    draft = in_zone(Draft(zone="UTC", publish_on=on, publish_at=at), "Europe/Amsterdam")
    assert (draft.publish_on, draft.publish_at) == (on, at)


@pytest.mark.parametrize(
    ("link", "is_allowed"),
    [
        ("https://a.example/x", True),
        ("https://www.a.example", True),
        ("https://A.EXAMPLE", True),
        ("https://nota.example", False),
        ("https://a.example.evil.org", False),
    ],
)
def test_a_link_is_within_a_domain_or_below_it(link: str, is_allowed: bool) -> None:  # noqa: FBT001
    assert is_within(link, ("a.example",)) is is_allowed
    assert is_within(link, ())


@given(st.sampled_from(["S", "P", "s", "p", ""]), st.integers(0, 10**15 - 1))
def test_a_reference_is_read_as_people_write_it(kind: str, number: int) -> None:
    for text in (f"{kind}{number}", f" #{kind}{number} ", f"{kind}-{number}"):
        ref = parse_ref(text)
        assert ref is not None
        assert (ref.kind, ref.number) == (kind.upper(), number)


@given(st.text(max_size=30))
def test_any_other_text_is_no_reference_and_never_an_error(text: str) -> None:
    ref = parse_ref(text)
    assert ref is None or ref.number >= 0
