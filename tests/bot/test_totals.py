"""`vouch totals rebuild`: what is wrong is said and right afterwards; what is right is left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.commands import Run, add_shares, data, env, logging_as_before, tables, vouch

__all__ = ["data", "env", "logging_as_before", "tables", "vouch"]

EARNED = """
INSERT INTO ledger_entry (member_id, at, on_day, kind, points, key, rule_version, visits)
SELECT id, '2026-11-20T10:00:00.000000+00:00', '2026-11-20', 'share', 7, 'share:1', 1, 0 FROM member LIMIT 1
"""


def _totals(data: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(data / "vouch.db")) as connection:
        return connection.execute("SELECT period, points FROM total WHERE period <> 'month' ORDER BY period").fetchall()


@pytest.mark.usefixtures("tables")
def test_what_is_wrong_is_said_and_right_afterwards(vouch: Run, data: Path) -> None:
    add_shares(data)
    with closing(sqlite3.connect(data / "vouch.db", isolation_level=None)) as connection:
        connection.execute(EARNED)
    first, second = vouch("totals", "rebuild"), vouch("totals", "rebuild")
    assert (first.code, second.code) == (0, 0)
    assert first.err.splitlines() == ["members in the ledger: 1", "members whose sums were wrong and are right now: 1"]
    assert second.err.splitlines() == ["members in the ledger: 1", "all sums were right"]
    assert _totals(data) == [(period, 7) for period in ("all", "day", "quarter", "week")]
