"""Alembic migrations for SQLite and PostgreSQL; `HEAD` names the newest, so that a start need not ask Alembic."""

HEAD = "0004"
