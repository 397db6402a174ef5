"""The journal: what was answered while the database was away is read back once, whatever happens in between."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.web.journal import Journal, pack_visit, unpack_visit
from storage.queries.visits import NewVisit


def visit(number: int = 1) -> NewVisit:
    at = datetime(2026, 11, 23, 10, 0, 0, 5, tzinfo=UTC)
    return NewVisit(number << 40, 7, at, date(2026, 11, 23), "human", bytes(range(16)), bytes(range(16, 32)))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path)
    yield made
    made.seal()


def read_all(journal: Journal) -> list[NewVisit]:
    found = []
    for path in journal.list_files():
        if (sealed := journal.claim(path)) is not None:
            found += sealed.read()
            sealed.release()
    return found


def test_a_visit_survives_the_journal() -> None:
    assert unpack_visit(pack_visit(visit())) == visit()


@pytest.mark.parametrize("cut", range(1, len(pack_visit(visit())), 7))
def test_a_line_that_was_cut_off_is_left_out_and_the_others_are_not(tmp_path: Path, cut: int) -> None:
    whole = pack_visit(visit())
    tmp_path.joinpath("a.visits").write_bytes(whole + whole[:-cut])
    assert read_all(Journal(tmp_path)) == ([visit()] if cut > 1 else [visit(), visit()])


def test_a_file_that_is_written_to_is_not_read_back_and_one_that_is_sealed_is(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path)
    journal.append([visit(1), visit(2)])
    assert read_all(other) == read_all(journal) == []
    journal.seal()
    assert read_all(other) == [visit(1), visit(2)]


def test_after_a_seal_a_new_file_begins(journal: Journal) -> None:
    journal.append([visit(1)])
    journal.seal()
    journal.append([visit(2)])
    assert len(journal.list_files()) == 2
    assert read_all(journal) == [visit(1)]


def test_a_file_does_not_grow_without_end(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.journal.LARGEST_FILE", 300)
    for number in range(1, 9):
        journal.append([visit(number)])
    assert len(journal.list_files()) == 3
    assert max(path.stat().st_size for path in journal.list_files()) < 500


def test_one_file_is_read_back_by_one_process_at_a_time_and_only_while_it_is_there(
    journal: Journal, tmp_path: Path
) -> None:
    other = Journal(tmp_path)
    journal.append([visit()])
    journal.seal()
    (path,) = journal.list_files()
    sealed = journal.claim(path)
    assert sealed is not None
    assert other.claim(path) is None
    sealed.remove()
    assert other.claim(path) is None
    assert journal.size() == 0


def test_a_folder_that_cannot_be_made_is_an_error_and_not_a_silent_loss(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        Journal(tmp_path / "file" / "journal").append([visit()])
