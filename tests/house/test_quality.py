"""Every connector has a row in `connectors/quality.yaml`: each rule is answered, and every exemption says why."""

import copy
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml

from tests.house.sources import ROOT, list_sources

SHORTEST_REASON = 20
FIELDS = {"modules", "page", "tests", "rules"}


def read_card() -> dict[str, Any]:
    """Return the scorecard."""
    card: dict[str, Any] = yaml.safe_load((ROOT / "connectors/quality.yaml").read_text(encoding="utf-8"))
    return card


def wrong_answers(card: dict[str, Any]) -> list[str]:
    """Return "connector.rule: what is wrong" for each rule that is not answered, or not asked."""
    found = []
    for name, row in card["connectors"].items():
        answers = row["rules"]
        found += [f"{name}.{rule}: is not answered" for rule in card["rules"] if rule not in answers]
        found += [f"{name}.{rule}: is no rule" for rule in answers if rule not in card["rules"]]
        found += [f"{name}.{rule}: {wrong}" for rule, said in answers.items() if (wrong := wrong_answer(said))]
    return found


def wrong_answer(said: object) -> str:
    """Return what is wrong with one answer, "" if nothing is."""
    if said == "done":
        return ""
    if not isinstance(said, dict) or set(said) != {"exempt"}:
        return "say done, or exempt with the reason"
    return "" if len(str(said["exempt"])) >= SHORTEST_REASON else "say why"


def uncovered(card: dict[str, Any]) -> list[str]:
    """Return the modules of connectors that belong to no row, or to more than one."""
    patterns = [*card["shared"], *(one for row in card["connectors"].values() for one in row["modules"])]
    paths = [source.path for source in list_sources("connectors")]
    return [path for path in paths if sum(fnmatch(path, one) for one in patterns) != 1]


def test_every_module_belongs_to_one_row() -> None:
    card = read_card()
    assert uncovered(card) == []
    named = [*card["shared"], *(one for row in card["connectors"].values() for one in row["modules"])]
    assert [one for one in named if not any(ROOT.glob(one))] == []


def test_every_rule_is_answered_for_every_connector() -> None:
    assert wrong_answers(read_card()) == []


@pytest.mark.parametrize("name", sorted(read_card()["connectors"]))
def test_page_and_tests_of_a_connector_are_there(name: str) -> None:
    row = read_card()["connectors"][name]
    assert set(row) == FIELDS
    assert [path for path in (row["page"], *row["tests"]) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", sorted(read_card()["connectors"]))
def test_who_passes_a_contract_is_in_its_suite(name: str) -> None:
    row = read_card()["connectors"][name]
    is_tested = any(path.endswith("_contract.py") for path in row["tests"])
    assert is_tested == (row["rules"]["contract"] == "done")
    module = row["modules"][0].removesuffix("/*.py").removesuffix(".py").replace("/", ".")
    files = [ROOT / path for path in row["tests"] if path.endswith(".py")]
    assert any(f"from {module}" in file.read_text(encoding="utf-8") for file in files)


def test_planted_faults_are_found() -> None:
    card = read_card()
    worse = copy.deepcopy(card)
    rules = worse["connectors"]["charts"]["rules"]
    rules |= {"contract": {"exempt": "because"}, "bounded": "later", "taste": "done"}
    del rules["time_outs"]
    worse["connectors"]["x"]["modules"] = []
    worse["shared"].append("connectors/charts.py")
    assert wrong_answers(worse) == [
        "charts.time_outs: is not answered",
        "charts.taste: is no rule",
        "charts.contract: say why",
        "charts.bounded: say done, or exempt with the reason",
    ]
    assert uncovered(worse) == ["connectors/charts.py", "connectors/social/x.py"]
