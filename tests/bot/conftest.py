"""The database and programme of the use cases, for the entrances."""

from tests.handlers.conftest import programme, sessions, world

__all__ = ["programme", "sessions", "world"]
