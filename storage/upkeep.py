"""Upkeep: the database is told what became of its tables, so that the next question takes the short way."""

from sqlalchemy import text

from storage.engine import Sessions

_COUNTED = ("total", "crew_total", "points_count", "post_day")
_SAMPLED = 1000
"""So many rows of an index tell SQLite enough; it writes nothing else meanwhile."""


async def refresh_statistics(sessions: Sessions) -> None:
    """Let the planner know the tables of running sums; on PostgreSQL what was deleted there is cleared away as well."""
    if sessions.is_sqlite:
        async with sessions.begin() as session:
            await session.execute(text(f"PRAGMA analysis_limit={_SAMPLED}"))
            for table in _COUNTED:
                await session.execute(text(f"ANALYZE {table}"))
        return
    async with sessions.writer.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")  # VACUUM takes no transaction
        for table in _COUNTED:
            await outside.execute(text(f"VACUUM ANALYZE {table}"))
