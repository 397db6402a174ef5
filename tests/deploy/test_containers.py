"""Container, Compose and systemd files start what there is, with settings that there are; no engine is asked."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from setuptools import find_namespace_packages
from typer.main import get_command
from typer.testing import CliRunner

from bot.cli import command_line
from tests.house.sources import ROOMS, ROOT

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
COMPOSE_TEXT = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
UNIT_TEXT = (DEPLOY / "vouch.service").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
NOT_OURS = {"PATH", "PYTHONUNBUFFERED", "POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"}


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile in their order, each in one line."""
    whole = re.sub(r"\\\n\s*", " ", CONTAINERFILE)
    lines = (line.strip() for line in whole.splitlines())
    found = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in found]


def settings_named() -> set[str]:
    """Return every variable that one of the files sets or asks for."""
    text = f"{CONTAINERFILE}\n{COMPOSE_TEXT}\n{UNIT_TEXT}"
    return set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?==)", text)) | {"TRUSTED_PROXIES"}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every way in which Vouch is started, with the name of what starts it."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT_TEXT)
    yield "vouch.service", shlex.split(unit["Service"]["ExecStart"])[1:]
    yield "Containerfile", yaml.safe_load(dict(instructions())["CMD"])
    for name, service in COMPOSE["services"].items():
        if service["image"] == "vouch":
            yield f"compose.yaml: {name}", service["command"]


@pytest.mark.parametrize(("where", "words"), list(commands()), ids=[where for where, _ in commands()])
def test_every_command_and_option_is_there(where: str, words: list[str]) -> None:
    answer = CliRunner().invoke(command_line(), [*words, "--help"])
    assert answer.exit_code == 0, f"{where}: {answer.output}"
    assert words[0] in get_command(command_line()).commands  # type: ignore[attr-defined]


def test_every_variable_is_documented() -> None:
    assert {name for name in settings_named() - NOT_OURS if f"`{name}`" not in CONFIGURATION} == set()


def test_what_is_copied_is_there_and_all_that_is_installed_is_copied() -> None:
    copied = [rest.split() for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    sources = {source for *given, _ in copied for source in given}
    assert {one for one in sources if not (ROOT / one).exists()} == set()
    packages = {one.rstrip("*") for one in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packages <= sources
    assert {"requirements/run.txt", "pyproject.toml", *PROJECT["project"]["license-files"]} <= sources


def test_the_container_runs_as_nobody_special_and_says_whether_it_lives() -> None:
    found = dict(instructions())
    assert found["USER"] == "vouch"
    assert found["ENTRYPOINT"] == '["vouch"]'
    assert found["EXPOSE"] in found["HEALTHCHECK"]
    assert "/healthz" in found["HEALTHCHECK"]
    assert f"VOUCH_PORT={found['EXPOSE']}" in found["ENV"]


def test_hashes_are_demanded_of_every_package() -> None:
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)


def test_every_service_of_compose_keeps_its_data_and_starts_again() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    named = {volume.partition(":")[0] for one in services.values() for volume in one["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
    for name, service in services.items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    folders = [volume for name, one in services.items() if name != "migrate" for volume in one["volumes"]]
    data = [volume for volume in folders if volume.endswith(":/data")]
    assert len(set(data)) == len(data)  # each process has a journal of its own


def test_no_port_is_open_to_the_world_without_a_proxy() -> None:
    ports = [port for one in COMPOSE["services"].values() for port in one.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_wrong_set_up_is_not_started_again_and_again() -> None:
    assert "RestartPreventExitStatus=2" in UNIT_TEXT  # what `vouch run` ends with then


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "vouch.service"
    unit.write_text(UNIT_TEXT.replace("/opt/vouch/.venv/bin/vouch", sys.executable))
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", "--man=no", str(unit)],  # noqa: S607
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr


def test_what_the_container_installs_is_the_whole_of_it() -> None:
    settings = PROJECT["tool"]["setuptools"]
    packages = set(find_namespace_packages(str(ROOT), include=settings["packages"]["find"]["include"]))
    given = ["*.py", *settings["package-data"]["*"]]
    missing = []
    for path in (one for room in ROOMS for one in (ROOT / room).rglob("*") if one.is_file()):
        package = ".".join(path.relative_to(ROOT).parent.parts)
        if "__pycache__" not in path.parts and not (package in packages and any(path.match(one) for one in given)):
            missing.append(path)
    assert missing == []
