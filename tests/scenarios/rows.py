"""What a town's bot has kept, read beside it from either database."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.types.string import TextLoader


def read_rows(kept: Path | str, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """Return rows of the SQLite database in a folder, or of the PostgreSQL database at an address; JSON as its text."""
    if isinstance(kept, Path):
        with closing(sqlite3.connect(kept / "vouch.db")) as connection:
            return connection.execute(statement, values).fetchall()
    with psycopg.connect(kept) as shared:
        shared.adapters.register_loader("json", TextLoader)
        return shared.execute(cast("LiteralString", statement.replace("?", "%s")), values).fetchall()
