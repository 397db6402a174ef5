"""A worker on a real database, with jobs that a test controls."""

from tests.handlers.conftest import programme, sessions, world

__all__ = ["programme", "sessions", "world"]
