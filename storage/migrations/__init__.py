"""Alembic migrations for SQLite and PostgreSQL, each an expansion that the release before it can live with.

`HEAD` names the newest, so that a start need not ask Alembic; `READS_FROM` the oldest schema whose code may run on it.
A migration that takes away what the release before still uses waits for the release after.
"""

HEAD = "0005"
READS_FROM = "0004"
