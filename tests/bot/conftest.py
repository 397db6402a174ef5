"""The database and programme of the use cases, for the entrances."""

from tests.handlers.conftest import programme, sessions, world
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url", "programme", "sessions", "world"]
