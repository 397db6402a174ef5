"""How long things are kept, and what erasing leaves."""

import random
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.privacy import (
    ERASED_COLUMNS,
    ERASURE,
    EXPORT_SECTIONS,
    NEVER_EXPORTED,
    Erasure,
    RetentionPolicy,
    cutoffs,
    is_erased,
    random_id,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_every_window_has_its_cutoff() -> None:
    found = cutoffs(NOW, RetentionPolicy(visits=timedelta(days=10)))
    assert found["visits"] == NOW - timedelta(days=10)
    assert found["texts"] == NOW - timedelta(days=365)
    assert set(found) == {one.name for one in fields(RetentionPolicy)}


@given(days=st.integers(1, 3000))
def test_a_longer_window_keeps_more(days: int) -> None:
    shorter, longer = RetentionPolicy(visits=timedelta(days=days)), RetentionPolicy(visits=timedelta(days=days + 1))
    assert cutoffs(NOW, longer)["visits"] < cutoffs(NOW, shorter)["visits"] < NOW


def test_windows_that_would_forget_at_once_or_follow_people_are_refused() -> None:
    with pytest.raises(ValueError, match="retention of visits, jobs"):
        RetentionPolicy(visits=timedelta(0), jobs=timedelta(days=-1))
    with pytest.raises(ValueError, match="salts"):
        RetentionPolicy(salts=timedelta(days=2))


def test_tokens_go_and_amounts_stay() -> None:
    assert ERASURE["account"] is Erasure.DELETE
    assert ERASURE["ledger_entry"] is Erasure.KEEP_UNDER_RANDOM_ID
    assert all(ERASURE[table] is Erasure.KEEP_UNDER_RANDOM_ID for table in ERASED_COLUMNS)
    assert "text" in ERASED_COLUMNS["share"]
    assert "points" not in {name for names in ERASED_COLUMNS.values() for name in names}


def test_an_export_has_no_secrets() -> None:
    assert NEVER_EXPORTED.isdisjoint(EXPORT_SECTIONS)
    assert {"profile", "shares", "points"} <= set(EXPORT_SECTIONS)


@given(seed=st.integers())
def test_a_random_id_is_that_of_someone_erased(seed: int) -> None:
    found = random_id(random.Random(seed))  # noqa: S311
    assert is_erased(found)
    assert len(found) == len("erased-") + 24


def test_random_ids_differ_and_members_are_not_erased() -> None:
    source = random.SystemRandom()
    assert len({random_id(source) for _ in range(100)}) == 100
    assert not is_erased("U123")
