"""A company around those who click: colleagues, posts, shares and links, ten or a hundred times as many of them.

The database makes the rows itself, out of numbers, so that a hundred thousand of them take seconds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, String, Table, cast, column, insert, literal, select, text

from storage.tables import LINK, MEMBER, POST, SHARE

MEMBERS, POSTS = 1_000, 100
"""A company of size 1 has so many more members, each with a share of one of so many more posts."""

ONE_IN = 10
"""One in so many of the colleagues shared the very post that is clicked, too."""

NUMBER: ColumnElement[int] = column("n", BigInteger)
"""The number of a row that is added, from 1 on."""

_MEMBER: Mapping[str, Any] = {
    "platform": "slack",
    "tenant_ref": "T1",
    "name": "A colleague",
    "locale": "en-GB",
    "zone": "Europe/Amsterdam",
    "role": "member",
    "role_is_fixed": False,
    "muted_topics": [],
}
_POST: Mapping[str, Any] = {
    "state": "published",
    "summary": "",
    "link_key": "",
    "source": "example.com",
    "picture": "",
    "language": "en",
    "channels": ["C1"],
    "topics": [],
    "networks": ["linkedin"],
    "disclosure": "",
    "typed": {},
    "author_id": 1,
}


def add_crowd(connection: Connection, *, times: int, now: datetime) -> None:
    """Add a company of `times` the size to a database that has a post, number 1, and no share; and those who click."""
    last = int(connection.execute(select(MEMBER.c.id).order_by(MEMBER.c.id.desc()).limit(1)).scalar_one())
    members, posts = times * MEMBERS, times * POSTS
    whom = {"member_id": NUMBER + last, "state": "opened", "text": named("Words of "), "created_at": now}
    shares = {**whom, "disclosure": "", "is_own_words": True, "opened_at": now - timedelta(hours=1)}
    add_rows(connection, MEMBER, members, {**_MEMBER, "person_ref": named("crowd-"), "joined_at": now})
    dated = {"created_at": now, "updated_at": now, "published_at": now}
    add_rows(
        connection, POST, posts, {**_POST, "title": named("Post "), "link": named("https://example.com/"), **dated}
    )
    add_rows(connection, SHARE, members, {**shares, "post_id": NUMBER % posts + 2, "network": "linkedin"})
    add_rows(connection, SHARE, members // ONE_IN, {**shares, "post_id": 1, "network": "x"})
    links = {"share_id": NUMBER, "slug": named("s"), "target": named("https://example.com/"), "created_at": now}
    add_rows(connection, LINK, members + members // ONE_IN, links)


def know_tables(connection: Connection) -> None:
    """Let PostgreSQL look at its tables, as it does by itself after a while; SQLite does without."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE"))


def named(before: str) -> ColumnElement[str]:
    """Return a text with the row's number at its end."""
    return literal(before) + cast(NUMBER, String)


def add_rows(connection: Connection, table: Table, count: int, values: Mapping[str, Any]) -> None:
    """Add `count` rows, with these values or what is said of `NUMBER`; they lead to each other as they should."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # that need not be looked at
    numbers = select(literal(1, BigInteger).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    given = [
        value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)
        for name, value in values.items()
    ]
    connection.execute(insert(table).from_select(list(values), select(*given).select_from(numbers)))
