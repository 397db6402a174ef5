"""Every dependency is wanted: declared, explained, locked with hashes, and used."""

import ast
import re
import sys
import tomllib
from typing import Any

import pytest

from tests.house.sources import ROOMS, ROOT, list_sources

# What a distribution's modules are called, where that is not its own name.
MODULES = {
    "babel": "babel",
    "beautifulsoup4": "bs4",
    "botbuilder-core": "botbuilder",
    "botframework-connector": "botframework",
    "crawler-user-agents": "crawleruseragents",
    "prometheus-client": "prometheus_client",
    "pydantic-settings": "pydantic_settings",
    "pyjwt": "jwt",
    "python-linkedin-v2": "linkedin_v2",
    "pyyaml": "yaml",
    "slack-bolt": "slack_bolt",
    "slack-sdk": "slack_sdk",
}
# Loaded by name, never imported by us.
BY_NAME = {
    "aiosqlite": "SQLAlchemy loads it for sqlite+aiosqlite://",
    "asyncpg": "SQLAlchemy loads it for postgresql+asyncpg://",
    "python-multipart": "Starlette loads it for form bodies",
    "websockets": "uvicorn loads it for the playground's Socket Mode",
    "tzdata": "zoneinfo loads it where the system has no time zones",
}
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^ ;]+).*\\$")


def read_project() -> dict[str, Any]:
    """Return pyproject.toml as it stands."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names_of(requirements: list[Any]) -> set[str]:
    """Return the distributions' names, without extras and versions; included groups are left out."""
    return {re.split(r"[\[<>=!~ ;]", one)[0].lower() for one in requirements if isinstance(one, str)}


def run_names() -> set[str]:
    """Return what the bot needs to run."""
    return names_of(read_project()["project"]["dependencies"])


def dev_names() -> set[str]:
    """Return what tests and checks need besides."""
    groups = read_project()["dependency-groups"]
    return names_of(groups["build"]) | names_of(groups["dev"])


def explained(heading: str) -> list[str]:
    """Return the packages that docs/dependencies.md explains under the heading, in its order."""
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| \S.*\|$", section, re.MULTILINE)


def imported_tops() -> set[str]:
    """Return the top-level modules of others that our rooms import."""
    found = set()
    for source in list_sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - set(ROOMS)


def test_every_dependency_is_explained_and_nothing_else() -> None:
    assert explained("To run") == sorted(run_names())
    assert explained("To test and to check") == sorted(dev_names())


def test_every_import_is_declared() -> None:
    modules = {MODULES.get(name, name.replace("-", "_")) for name in run_names()}
    assert imported_tops() - modules == set()


def test_every_declared_dependency_is_used() -> None:
    if not (ROOT / "bot/app.py").exists():
        pytest.skip("the rooms are still being built: bot/app.py is not there yet")
    modules = {name: MODULES.get(name, name.replace("-", "_")) for name in run_names() - BY_NAME.keys()}
    imported = imported_tops()
    assert sorted(name for name, module in modules.items() if module not in imported) == []


def test_what_builds_the_project_is_locked_too() -> None:
    project = read_project()
    assert project["build-system"]["requires"] == project["dependency-groups"]["build"]


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_every_locked_package_has_hashes(kind: str) -> None:
    lines = (ROOT / f"requirements/{kind}.txt").read_text(encoding="utf-8").splitlines()
    pins = [number for number, line in enumerate(lines) if line[:1].isalnum()]
    assert pins
    assert all(PIN.match(lines[number]) for number in pins)
    assert all(lines[number + 1].startswith("    --hash=sha256:") for number in pins)


def test_the_locks_hold_what_is_declared_and_agree() -> None:
    pins = {
        kind: re.findall(
            r"^([a-z0-9][a-z0-9.-]*==[^ ]+)", (ROOT / f"requirements/{kind}.txt").read_text(), re.MULTILINE
        )
        for kind in ("run", "dev")
    }
    locked = {kind: {pin.partition("==")[0] for pin in lines} for kind, lines in pins.items()}
    assert run_names() - locked["run"] == set()
    assert dev_names() - locked["dev"] == set()
    assert set(pins["run"]) - set(pins["dev"]) == set()
