"""The database and programme of the use cases, for the entrances; installations, for the doctor."""

from tests.bot.patients import beside, environment, migrated, patient
from tests.handlers.conftest import programme, world

__all__ = [
    "beside",
    "environment",
    "migrated",
    "patient",
    "programme",
    "world",
]
