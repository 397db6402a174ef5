"""A whole database is copied into another one of either kind, whole or not at all, and goes on where it was cut."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url, select, text, update

from bot.core.programme import Programme
from storage.copied import Mended, UnfitError
from storage.copying import Copied, Difference, copy_database, list_tables
from storage.engine import Sessions, sqlite_url
from storage.fingerprints import check_in
from storage.models import Base, Crew, Installation, Post
from storage.schema import SchemaState, schema_state
from tests.handlers.conftest import NOW, World, programme
from tests.handlers.sharing import opened
from tests.storage.everything import fill_everything
from tests.tables import add_tables, open_sessions, write_tables

__all__ = ["programme"]

ROWS, PORTION = 5, 2


class CutError(Exception):
    """The copy was cut short."""


@dataclass
class Watching:
    """Remembers what it was told, and cuts the copy after so many portions."""

    cut_after: int = -1
    told: list[str] = field(default_factory=list)

    def plan(self, rows: int) -> None:
        self.told.append(f"{rows} rows")

    def begin(self, deed: str, table: str, *, total: int, done: int) -> None:
        self.told.append(f"{deed} {table} {done}/{total}")

    def advance(self, rows: int) -> None:
        if rows and not self.cut_after:
            raise CutError
        self.cut_after -= bool(rows)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sessions]:
    """An empty database of either kind, to copy to."""
    is_file = request.param == "sqlite"
    opened = open_sessions(f"sqlite:///{tmp_path}/to.db" if is_file else request.getfixturevalue("postgres_url"))
    yield opened
    await opened.close()


@pytest.fixture
async def target_file(tmp_path: Path) -> AsyncIterator[Sessions]:
    """An empty SQLite database, to copy to."""
    opened = open_sessions(f"sqlite:///{tmp_path}/to.db")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database that has rows in every table, on which a process has started once."""
    folder = tmp_path_factory.mktemp("full")

    async def fill() -> None:
        made = Sessions(write_tables(folder))
        await check_in(made, now=NOW)
        await fill_everything(made, count=ROWS)
        await made.close()

    asyncio.run(fill())
    return folder


@pytest.fixture
async def source(full: Path, tmp_path: Path) -> AsyncIterator[Sessions]:
    """A copy of that database, opened."""
    shutil.copytree(full, tmp_path, dirs_exist_ok=True)
    opened = open_sessions(sqlite_url(tmp_path))
    yield opened
    await opened.close()


async def copied(source: Sessions, target: Sessions, watching: Watching | None = None) -> Copied:
    return await copy_database(source, target, watching or Watching(), portion=PORTION)


async def every_row(sessions: Sessions) -> dict[str, list[str]]:
    async with sessions.reading() as session:
        return {
            one.name: sorted(repr(tuple(row)) for row in await session.execute(select(one))) for one in list_tables()
        }


async def test_every_row_of_every_table_arrives_and_the_copy_starts_as_a_database_of_its_own(
    source: Sessions, target: Sessions
) -> None:
    tables, watching = len(list_tables()), Watching()
    assert await copied(source, target, watching) == Copied(
        rows=ROWS * tables, tables=tables, mended=[], differences=[]
    )
    assert watching.told[0] == f"{ROWS * tables} rows"
    assert watching.told.count("copy visit 0/5") == watching.told.count("compare visit 0/5") == 1
    assert await every_row(target) == await every_row(source)
    assert all((await every_row(target)).values())
    assert await schema_state(target) is SchemaState.CURRENT
    assert await check_in(target, now=NOW) is None
    async with target.begin() as session:
        assert await session.scalar(select(Installation.held_at)) is None
        session.add(crew := Crew(name="made after the copy"))
        await session.flush()
    assert crew.id == ROWS + 1, "numbers go on where the old database was"


@pytest.mark.postgres
async def test_back_to_sqlite_it_is_the_same(source: Sessions, postgres_url: str, tmp_path: Path) -> None:
    between, back = open_sessions(postgres_url), Sessions(f"sqlite:///{tmp_path}/back.db")
    await copied(source, between)
    await between.close()
    assert (await copied(between, back)).differences == []
    assert await every_row(back) == await every_row(source)
    await between.close()
    await back.close()


async def test_cut_anywhere_the_same_call_goes_on(source: Sessions, target: Sessions) -> None:
    random = Random(5)  # noqa: S311 - places to cut
    for _ in range(2):
        with pytest.raises(CutError):
            await copied(source, target, Watching(cut_after=random.randrange(2, 60)))
        assert await schema_state(target) is SchemaState.COPYING, "no process starts on half a copy"
    assert (await copied(source, target)).differences == []
    assert await every_row(target) == await every_row(source)


async def test_what_changed_in_the_copy_is_found_and_named(source: Sessions, target_file: Sessions) -> None:
    with pytest.raises(CutError):
        await copied(source, target_file, Watching(cut_after=80))
    async with target_file.begin() as session:
        await session.execute(text("UPDATE crew SET name = 'another' WHERE id = 2"))
        await session.execute(text("DELETE FROM spend WHERE id = 5"))
    done = await copied(source, target_file)
    assert list(done.differences) == [
        Difference(table="crew", there=5, here=5),
        Difference(table="spend", there=5, here=4),
    ]
    assert await schema_state(target_file) is SchemaState.COPYING


async def test_a_source_that_was_used_since_the_cut_is_refused(source: Sessions, target_file: Sessions) -> None:
    with pytest.raises(CutError):
        await copied(source, target_file, Watching(cut_after=9))
    await check_in(source, now=NOW)
    with pytest.raises(UnfitError, match="FROM was used since"):
        await copied(source, target_file)


async def test_a_held_database_is_held_after_the_copy(source: Sessions, target_file: Sessions) -> None:
    async with source.begin() as session:
        await session.execute(update(Installation).values(held_at=NOW))
    await copied(source, target_file)
    async with target_file.reading() as session:
        assert await session.scalar(select(Installation.held_at)) == NOW


@pytest.mark.postgres
async def test_what_postgresql_cannot_hold_is_mended_and_told(source: Sessions, postgres_url: str) -> None:
    async with source.begin() as session:
        await session.execute(update(Post).where(Post.id == 2).values(title="a\x00b", summary="\x00"))
    target = open_sessions(postgres_url)
    with pytest.raises(CutError):
        await copied(source, target, Watching(cut_after=90))
    done = await copied(source, target)
    assert done.mended == [
        Mended(table="post", key=(2,), column="title"),
        Mended(table="post", key=(2,), column="summary"),
    ]
    assert done.differences == []
    async with target.reading() as session:
        assert await session.scalar(select(Post.title).where(Post.id == 2)) == "a�b"
    await target.close()


@pytest.mark.postgres
async def test_a_row_that_is_not_taken_is_named_without_its_words_and_mended_it_goes_on(
    source: Sessions, postgres_url: str
) -> None:
    async with source.begin() as session:
        await session.execute(update(Post).where(Post.id == 5).values(title="private words " * 30))
    target = open_sessions(postgres_url)
    with pytest.raises(UnfitError, match=r"does not take the row \(5,\) of the table post") as refused:
        await copied(source, target)
    assert "private words" not in str(refused.value)
    async with source.begin() as session:
        await session.execute(update(Post).where(Post.id == 5).values(title="short"))
    watching = Watching()
    assert (await copied(source, target, watching)).differences == []
    assert "copy post 4/5" in watching.told
    await target.close()


@pytest.mark.parametrize(
    ("broken", "reason"), [("CAST(x'ff' AS TEXT)", "a text that is no UTF-8"), ("'noon'", "a time, a date or a list")]
)
async def test_what_cannot_be_read_is_said_and_nothing_of_it_shown(
    source: Sessions, tmp_path: Path, broken: str, reason: str
) -> None:
    column = "joined_at" if "noon" in broken else "name"
    with closing(sqlite3.connect(tmp_path / "vouch.db", isolation_level=None)) as connection:
        connection.execute(f"UPDATE member SET {column} = {broken} WHERE id = 2")  # noqa: S608 - our own words
    target = open_sessions(f"sqlite:///{tmp_path}/to.db")
    with pytest.raises(UnfitError, match=f"the table member holds {reason}") as refused:
        await copied(source, target)
    assert "noon" not in str(refused.value)
    await target.close()


async def test_a_target_with_anything_in_it_is_refused(source: Sessions, target_file: Sessions) -> None:
    async with target_file.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE somebody (name TEXT)"))
    with pytest.raises(UnfitError, match="TO: holds something already"):
        await copied(source, target_file)
    async with target_file.writer.begin() as connection:
        await connection.execute(text("DROP TABLE somebody"))
    await add_tables_and_one_row(target_file)
    with pytest.raises(UnfitError, match="TO: holds something already"):
        await copied(source, target_file)
    async with target_file.begin() as session:
        await session.execute(text("DELETE FROM crew"))
    assert (await copied(source, target_file)).differences == [], "tables without rows are empty"


async def add_tables_and_one_row(target: Sessions) -> None:
    async with target.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('0005')"))
        await connection.execute(text("INSERT INTO installation (id, reads_from) VALUES (1, '0004')"))
        await connection.execute(text("INSERT INTO crew (id, name) VALUES (1, 'one')"))


@pytest.mark.parametrize(("version", "word"), [("0001", "older"), ("copying", "half a copy")])
async def test_a_source_of_another_schema_is_refused(source: Sessions, tmp_path: Path, version: str, word: str) -> None:
    async with source.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    target = open_sessions(f"sqlite:///{tmp_path}/to.db")
    with pytest.raises(UnfitError, match=f"its schema is {word}; run `vouch migrate`"):
        await copied(source, target)
    await target.close()
    assert not (tmp_path / "to.db").exists() or await schema_state(target) is SchemaState.EMPTY


@pytest.mark.postgres
async def test_a_target_that_cannot_hold_every_letter_is_refused(source: Sessions, postgres_url: str) -> None:
    postgres = open_sessions(postgres_url)
    async with postgres.writer.connect() as server:
        await server.execution_options(isolation_level="AUTOCOMMIT")
        options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        await server.execute(text(f"CREATE DATABASE latin {options}"))
        latin = open_sessions(make_url(postgres_url).set(database="latin").render_as_string(hide_password=False))
        try:
            with pytest.raises(UnfitError, match="TO: its encoding is LATIN1; make one with UTF8"):
                await copied(source, latin)
        finally:
            await latin.close()
            await server.execute(text("DROP DATABASE latin"))
    await postgres.close()


@pytest.mark.postgres
async def test_a_server_on_which_somebody_works_is_refused(postgres_url: str, tmp_path: Path) -> None:
    busy, target = open_sessions(postgres_url), open_sessions(f"sqlite:///{tmp_path}/to.db")
    await add_tables(busy)
    idle = open_sessions(postgres_url)
    async with busy.reading() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(UnfitError, match=r"FROM: Vouch is at work on it \(1 connections\); stop every vouch"):
            await copied(idle, target)
    for one in (busy, idle, target):
        await one.close()


async def test_people_work_on_in_the_copy(tmp_path: Path, programme: Programme, target: Sessions) -> None:
    before = World(sessions=Sessions(sqlite_url(tmp_path)), programme=programme)
    await add_tables(before.sessions)
    ada, post = await before.add_member("Ada"), await before.add_post("First words")
    await copied(before.sessions, target)
    reply = await opened(World(sessions=target, programme=programme), ada, post)
    assert reply.form is not None
    await before.sessions.close()
