"""A PostgreSQL that goes as soon as it has let somebody in."""

from collections.abc import Callable
from types import SimpleNamespace

import asyncpg
import pytest

from storage.engine import AWAY
from storage.on_postgres import _set_up


class Gone:
    """A connection whose first statement finds nobody there, as the driver tells it."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run_async(self, _work: Callable[[object], object]) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.exceptions.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        BrokenPipeError(),
    ],
)
def test_a_server_that_goes_when_it_has_let_us_in_is_away(error: Exception) -> None:
    with pytest.raises(AWAY):
        _set_up(Gone(error), SimpleNamespace(info={}))  # type: ignore[arg-type]
