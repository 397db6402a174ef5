"""Lists of values as one parameter, so that a statement has one text however long the list is."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession


def in_json(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column is in the list that parameter `name` holds, for SQLite."""
    return column.in_(select(func.json_each(bindparam(name, type_=String)).table_valued("value").c.value))


def in_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column is in the list that parameter `name` holds, for PostgreSQL."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def listed(session: AsyncSession, values: Collection[int] | Collection[str]) -> str | list[Any]:
    """Return the value of such a parameter for the database of `session`."""
    return list(values) if is_postgresql(session) else json.dumps(list(values))


def is_postgresql(session: AsyncSession) -> bool:
    """Say whether the database of `session` is PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"
