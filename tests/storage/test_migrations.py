"""The migrations lead from nothing to exactly what the models say, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from storage.engine import Sessions, sqlite_url
from storage.migrations import HEAD
from storage.migrations.upgrade import upgrade
from storage.models import Base
from storage.schema import SchemaState, create_schema, schema_state

FOLDER = Path(__file__).parents[2] / "storage" / "migrations"


def differences(connection: Connection) -> list[object]:
    """Return what Alembic would still change so that the schema is what the models say."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


async def found_differences(sessions: Sessions) -> list[object]:
    async with sessions.writer.connect() as connection:
        return await connection.run_sync(differences)


async def test_from_nothing_the_schema_becomes_what_the_models_say(empty: Sessions) -> None:
    assert await schema_state(empty) is SchemaState.EMPTY
    await upgrade(empty)
    assert await schema_state(empty) is SchemaState.CURRENT
    assert await found_differences(empty) == []


def described(connection: Connection) -> dict[str, object]:
    """Return everything that a database knows of its tables, in an order of its own."""
    inspector = inspect(connection)
    found: dict[str, object] = {}
    for table in sorted(inspector.get_table_names()):
        columns = sorted(
            (one["name"], str(one["type"]), one["nullable"], one["default"]) for one in inspector.get_columns(table)
        )
        keys = sorted(str(sorted(one.items(), key=str)) for one in inspector.get_foreign_keys(table))
        unique = sorted(str(sorted(one.items(), key=str)) for one in inspector.get_unique_constraints(table))
        indexes = sorted(
            (str(one["name"]), one["column_names"], one["unique"], where_of(one))
            for one in inspector.get_indexes(table)
        )
        found[table] = (columns, inspector.get_pk_constraint(table)["constrained_columns"], keys, unique, indexes)
    return found


def where_of(index: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    """Return the condition of a partial index, however the database writes it."""
    return str({name: str(value) for name, value in (index.get("dialect_options") or {}).items() if "where" in name})


async def test_tables_made_without_migrations_are_the_same(empty: Sessions) -> None:
    await upgrade(empty)
    async with empty.writer.begin() as connection:
        migrated = await connection.run_sync(described)
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(text(f"DROP TABLE {table.name}"))
        await connection.execute(text("DROP TABLE alembic_version"))
    await create_schema(empty)
    assert await schema_state(empty) is SchemaState.CURRENT
    async with empty.writer.connect() as connection:
        assert await connection.run_sync(described) == migrated
    await upgrade(empty)
    assert await schema_state(empty) is SchemaState.CURRENT


async def test_a_second_run_changes_nothing(empty: Sessions) -> None:
    await upgrade(empty)
    async with empty.begin() as session:
        await session.execute(text("INSERT INTO crew (name) VALUES ('Research')"))
    await upgrade(empty)
    async with empty.reading() as session:
        assert (await session.execute(text("SELECT name FROM crew"))).all() == [("Research",)]
    assert await found_differences(empty) == []


async def test_indexes_and_constraints_are_named_alike_on_both(empty: Sessions) -> None:
    await upgrade(empty)
    wanted = {index.name for table in Base.metadata.tables.values() for index in table.indexes}
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }
    dialect = "sqlite" if empty.is_sqlite else "postgresql"
    async with empty.reading() as session:
        there = set(await session.scalars(text(query[dialect])))
    assert wanted - there == set()


async def test_a_difference_would_be_found(empty: Sessions) -> None:
    await upgrade(empty)
    async with empty.begin() as session:
        await session.execute(text("DROP INDEX ix_job_live"))
        await session.execute(text("ALTER TABLE crew ADD COLUMN planted INTEGER"))
    found = str(await found_differences(empty))
    assert "planted" in found
    assert "ix_job_live" in found


@pytest.mark.parametrize(("version", "state"), [("0000", SchemaState.OLDER), ("9999", SchemaState.NEWER)])
async def test_another_version_is_told_apart(empty: Sessions, version: str, state: SchemaState) -> None:
    await upgrade(empty)
    async with empty.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        await session.execute(text("UPDATE installation SET reads_from = :version"), {"version": version})
    assert await schema_state(empty) is state


async def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "vouch.db").write_bytes(b"something else entirely, and long enough to be looked at" * 100)
    sessions = Sessions(sqlite_url(tmp_path))
    assert await schema_state(sessions) is SchemaState.DAMAGED
    await sessions.close()


def test_the_head_that_a_start_compares_with_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(FOLDER))
    assert scripts.get_heads() == [HEAD]
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True), "revisions are numbers that grow, so that newer ones are known"


async def test_tables_made_from_the_models_are_those_of_the_migrations(tmp_path: Path) -> None:
    made, migrated = (Sessions(f"sqlite+aiosqlite:///{tmp_path}/{name}.db") for name in ("made", "migrated"))
    await create_schema(made)
    await upgrade(migrated)
    described = []
    for sessions in (made, migrated):
        async with sessions.reader.connect() as connection:
            rows = await connection.exec_driver_sql("SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2, 3")
            described.append([tuple(row) for row in rows])
        assert await schema_state(sessions) is SchemaState.CURRENT
        await sessions.close()
    assert described[0] == described[1]


async def test_a_newer_schema_that_this_version_can_live_with_is_usable(empty: Sessions) -> None:
    await upgrade(empty)
    async with empty.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await session.execute(text("UPDATE installation SET reads_from = :version"), {"version": HEAD})
    assert await schema_state(empty) is SchemaState.AHEAD
    async with empty.begin() as session:
        await session.execute(text("UPDATE installation SET reads_from = '9998'"))
    assert await schema_state(empty) is SchemaState.NEWER
