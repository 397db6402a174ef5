"""The database and programme of the use cases, for the entrances; installations, for the doctor."""

from tests.bot.patients import beside, environment, migrated, patient
from tests.handlers.conftest import programme, sessions, world
from tests.postgres import postgres_server, postgres_url

__all__ = [
    "beside",
    "environment",
    "migrated",
    "patient",
    "postgres_server",
    "postgres_url",
    "programme",
    "sessions",
    "world",
]
