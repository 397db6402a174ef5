"""The demo's files with the ids of Teams in them, for a bot that is to serve there."""

from pathlib import Path
from typing import Any

import yaml

from playground.company import LOADER
from playground.settings import FOLDER
from playground.teams.ids import aad_of, channel_of, tenant_of

Json = dict[str, Any]


def write_company(target: Path, *, source: Path = FOLDER / "company.yaml") -> Path:
    """Write the company with the ids that its people, channels and tenant have on Teams, and return where."""
    told = _read(source)
    return _write(target, _renamed(told, ids_of(told)))


def write_config(
    target: Path, *, company: Path = FOLDER / "company.yaml", source: Path = FOLDER / "config.yaml"
) -> Path:
    """Write the programme likewise. Teams tells a bot of no groups, so their people stand there one by one."""
    told, known = _read(source), _read(company)
    groups = {one["id"]: one["members"] for one in known["user_groups"]}
    for part in told.get("roles", {}).values():
        members = [who for group in part.pop("groups", ()) for who in groups.get(group, ())]
        if members or "ids" in part:
            part["ids"] = list(dict.fromkeys([*part.get("ids", ()), *members]))
    if "teams_file" in told:
        told["teams_file"] = str((source.parent / told["teams_file"]).resolve())
    return _write(target, _renamed(told, ids_of(known)))


def ids_of(company: Json) -> dict[str, str]:
    """Return what each id of the company's file is on Teams."""
    people = {one["id"]: aad_of(one["id"]) for one in company["people"]}
    channels = {one["id"]: channel_of(one["id"]) for one in company["channels"]}
    team = company["company"]["team"]["id"]
    return {**people, **channels, team: tenant_of(team)}


def _renamed(told: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - YAML goes in and out
    if isinstance(told, dict):
        return {key: _renamed(value, names) for key, value in told.items()}
    if isinstance(told, list):
        return [_renamed(one, names) for one in told]
    return names.get(told, told) if isinstance(told, str) else told


def _read(path: Path) -> Json:
    told: Json = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 - a safe loader
    return told


def _write(target: Path, told: Json) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target
