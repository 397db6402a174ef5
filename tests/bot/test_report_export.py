"""`vouch export --report`: some days alone, with what they are worth."""

import csv
import json
from pathlib import Path

import pytest

from tests.bot.commands import Run, add_shares, data, env, logging_as_before, tables, vouch

__all__ = ["data", "env", "logging_as_before", "tables", "vouch"]


@pytest.mark.usefixtures("tables")
def test_a_report_is_exported_with_what_it_is_worth(vouch: Run, data: Path, tmp_path: Path) -> None:
    add_shares(data)
    figures = {"VOUCH_VALUE__CURRENCY": "EUR", "VOUCH_VALUE__COST_PER_MONTH": "100"}
    rows = list(csv.DictReader(vouch("export", "--report", "quarter", **figures).out.splitlines()))
    assert rows[0]["by"] == "total"
    assert float(rows[0]["programme_cost"]) > 0
    assert (rows[0]["earned"], rows[0]["currency"]) == ("", "EUR"), "nobody entered what a click costs"
    told = vouch("export", "--report", "week", "--format", "json", "--output", str(tmp_path / "week.json"))
    assert told.code == 0
    assert json.loads((tmp_path / "week.json").read_text(encoding="utf-8"))[0]["by"] == "total"
