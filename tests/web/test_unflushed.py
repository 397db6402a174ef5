"""Visits that are not on the disk yet are held until a flush says so, and written again where the server was lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import pytest

from bot.web import unflushed
from bot.web.unflushed import Unflushed
from storage.engine import Sessions
from storage.queries.visits import NewVisit

WITNESS, ANOTHER = object(), object()
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def visits(*numbers: int) -> list[NewVisit]:
    return [NewVisit(number, 1, NOW, NOW.date(), "human", bytes(16), bytes(16)) for number in numbers]


class Server:
    """What a flush says."""

    def __init__(self, said: object) -> None:
        self.said = said
        self.flushed = 0

    async def flush(self) -> object:
        self.flushed += 1
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Again:
    """What is written again."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    async def __call__(self, given: Sequence[NewVisit]) -> None:
        self.numbers += [visit.id for visit in given]


@pytest.mark.parametrize(
    ("said", "again"),
    [(WITNESS, [3]), (ANOTHER, [1, 2]), (None, [1, 2, 3]), (ConnectionResetError(), [1, 2, 3])],
    ids=["the first", "another one", "none", "the server is gone"],
)
async def test_what_was_written_under_a_witness_that_is_gone_is_written_again(said: object, again: list[int]) -> None:
    server, written = Server(said), Again()
    held = Unflushed(cast(Sessions, server), write_again=written)
    held.add(WITNESS, visits(1, 2))
    held.add(ANOTHER, visits(3))
    await held.stop()
    assert (written.numbers, server.flushed) == (again, 1)


async def test_what_was_held_makes_room_once_it_was_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unflushed, "MOST", 2)
    held = Unflushed(cast(Sessions, Server(WITNESS)), write_again=Again())
    assert held.has_room
    held.add(WITNESS, visits(1, 2))
    assert not held.has_room
    await held.stop()
    assert held.has_room
