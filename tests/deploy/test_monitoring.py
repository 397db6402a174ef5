"""Dashboard and alert rules speak of metrics and labels that `/metrics` has, and of pages that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.exposed import exposed_counts
from tests.house.sources import ROOT
from tests.house.test_documented import anchors_of

DEPLOY = ROOT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
FROM_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"job", "instance", "le"}
FUNCTIONS = {
    "absent", "and", "by", "delta", "deriv", "histogram_quantile", "increase", "label_values", "max", "min",
    "min_over_time", "on", "or", "rate", "sum", "unless",
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with where it stands."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def exposed() -> tuple[set[str], set[str]]:
    """Return the names and labels of every sample that `/metrics` shows once everything was counted."""
    registry = CollectorRegistry()
    registry.register(exposed_counts())
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples = [sample for family in families for sample in family.samples]
    return {one.name for one in samples}, {label for one in samples for label in one.labels}


def names_in(expression: str) -> tuple[set[str], set[str]]:
    """Return the metrics and the labels of an expression."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
    labels = {name for part in re.findall(r"\{([^}]*)\}", bare) for name in re.findall(r"\w+(?=\s*(?:=|!))", part)}
    labels |= {one.strip() for part in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", bare) for one in part.split(",")}
    rest = re.sub(r"\{[^}]*\}|\b(?:by|on)\s*\([^)]*\)", "", bare)
    if rest.startswith("label_values"):
        labels.add(rest.rpartition(",")[2].strip(" )"))
        rest = rest.rpartition(",")[0]
    return set(re.findall(r"[a-z_]+", rest)) - FUNCTIONS, labels


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_is_asked_for_is_there(where: str, expression: str) -> None:
    names, labels = names_in(expression)
    there, known = exposed()
    assert names
    assert names - there - FROM_PROMETHEUS == set(), where
    assert labels - known - LABELS_OF_PROMETHEUS == set(), where


def test_a_metric_or_a_label_that_is_not_there_would_be_found() -> None:
    assert names_in('sum by (color) (rate(vouch_smiles_total{status="5"}[5m])) > 0') == (
        {"vouch_smiles_total"},
        {"color", "status"},
    )
    assert "vouch_smiles_total" not in exposed()[0]


def test_every_gauge_that_asks_for_a_person_has_an_alert() -> None:
    told = " ".join(rule["expr"] for rule in rules())
    for name in (
        "vouch_jobs_failed",
        "vouch_jobs_uncertain",
        "vouch_visits_lost_total",
        "vouch_held",
        "vouch_check_ok",
    ):
        assert name in told


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith((".", "?"))
    page, _, anchor = rule["annotations"]["read"].partition("#")
    assert anchor in anchors_of(ROOT / page)


def test_panels_do_not_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: apt install prometheus)")
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    asked = {f"e{place}": {"expr": expression} for place, (_, expression) in enumerate(expressions())}
    dashboard = [
        {"record": f"vouch:{name}", "expr": one["expr"].replace("$job", "vouch").replace("$__rate_interval", "5m")}
        for name, one in asked.items()
        if "label_values" not in one["expr"]
    ]
    checked = tmp_path / "rules.yaml"
    checked.write_text(yaml.safe_dump({"groups": [*ALERTS["groups"], {"name": "dashboard", "rules": dashboard}]}))
    done = subprocess.run(["promtool", "check", "rules", str(checked)], capture_output=True, text=True)  # noqa: S603, S607
    assert done.returncode == 0, done.stderr
