"""What every test may rely on: a test that needs a tool is skipped, or failed if `VOUCH_REQUIRE` names the tool.

`VOUCH_REQUIRE=browser,node` is set where those tools are installed on purpose, so that a skip cannot hide there.
Property tests try the same examples every time; `make test ARGS=--hypothesis-profile=search` looks for new ones.
"""

import gc
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.postgres import (
    database_url,
    postgres_database_url,
    postgres_databases,
    postgres_server,
    postgres_url,
    sessions,
    url,
)
from tests.scenarios.forks import end_forks

__all__ = [
    "database_url",
    "postgres_database_url",
    "postgres_databases",
    "postgres_server",
    "postgres_url",
    "sessions",
    "url",
]

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("repeatable")

TOOLS = {
    "browser": (("chromium", "chromium-browser", "google-chrome"), "install Chromium (Debian: apt install chromium)"),
    "node": (("node", "nodejs"), "install Node 20 or newer (Debian: apt install nodejs), then `make node`"),
}
HOUSE = "tests/house/"
NODE_MODULES = Path(__file__).parents[1] / "tools" / "node" / "node_modules"


def find_tool(marker: str) -> str | None:
    """Return the path of the first program there is for the marker, or None."""
    names, _ = TOOLS[marker]
    if marker == "node" and not NODE_MODULES.is_dir():
        return None
    return next((path for name in names if (path := shutil.which(name))), None)


def required_tools(setting: str) -> set[str]:
    """Return the markers that `setting` ("browser,node") names; an unknown one is an error."""
    names = {name.strip() for name in setting.split(",") if name.strip()}
    if unknown := names - TOOLS.keys():
        raise pytest.UsageError(f"VOUCH_REQUIRE: {', '.join(sorted(unknown))} is not known; say {', '.join(TOOLS)}")
    return names


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a misspelt VOUCH_REQUIRE before any test runs."""
    required_tools(os.environ.get("VOUCH_REQUIRE", ""))
    gc.disable()  # while modules are imported and tests are made from them all is kept: a third less to do


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage again, in what the tests make alone."""
    gc.freeze()
    gc.enable()


class ByFile(LoadFileScheduling):
    """Gives each file to one process, and the house tests, which all read the whole project, to one together."""

    def _split_scope(self, nodeid: str) -> str:
        path = str(super()._split_scope(nodeid))
        return HOUSE if path.startswith(HOUSE) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:  # noqa: ANN401
    """Distribute by file, if that was asked for."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process that towns are forked from."""
    end_forks()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where it is required, a test whose tool is missing; the line says what to install."""
    required = required_tools(os.environ.get("VOUCH_REQUIRE", ""))
    for marker, (names, advice) in TOOLS.items():
        if item.get_closest_marker(marker) is None or find_tool(marker):
            continue
        line = f"needs {names[0]}: {advice}"
        if marker in required:
            pytest.fail(f"{line} (VOUCH_REQUIRE names {marker})", pytrace=False)
        pytest.skip(line)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Return the path of Chromium; only for tests marked `browser`."""
    path = find_tool("browser")
    assert path, "mark the test with pytest.mark.browser"
    return path
