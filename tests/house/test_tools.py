"""The tools around the code keep their word: a missing tool or Python is said plainly, never passed over."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import conftest
from tests.house.sources import ROOT


def test_a_test_whose_tool_is_missing_is_skipped_with_what_to_install(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    request.node.add_marker("browser")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VOUCH_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
        conftest.pytest_runtest_setup(request.node)


def test_a_test_whose_required_tool_is_missing_fails(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    request.node.add_marker("node")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("VOUCH_REQUIRE", "browser, node")
    with pytest.raises(pytest.fail.Exception, match="VOUCH_REQUIRE names node"):
        conftest.pytest_runtest_setup(request.node)


def test_a_misspelt_requirement_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="brwser is not known; say browser, node"):
        conftest.required_tools("brwser")


def run_venv(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of tools/venv.sh in `folder`."""
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools/venv.sh", folder / "tools")
    command = [shutil.which("sh") or "/bin/sh", str(folder / "tools/venv.sh"), "run"]
    return subprocess.run(  # noqa: S603
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=30
    )


def test_a_python_that_is_not_there_is_named_with_what_to_install(tmp_path: Path) -> None:
    done = run_venv(tmp_path, PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "/nowhere/python3 was not found" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_out_of_range_is_named_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *exit*) exit 1 ;; *print*) echo 3.10 ;; esac\n')
    old.chmod(0o755)
    done = run_venv(tmp_path, PYTHON=str(old))
    assert done.returncode == 1
    assert f"{old} is 3.10: not usable" in done.stderr
