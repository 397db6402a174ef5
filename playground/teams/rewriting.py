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
    told = read_yaml(source)
    return write_yaml(target, renamed(told, ids_of(told)))


def write_config(
    target: Path, *, company: Path = FOLDER / "company.yaml", source: Path = FOLDER / "config.yaml"
) -> Path:
    """Write the programme likewise. Teams tells a bot of no groups, so their people stand there one by one."""
    known = read_yaml(company)
    return write_yaml(target, renamed(with_members(read_yaml(source), known, folder=source.parent), ids_of(known)))


def with_members(programme: Json, company: Json, *, folder: Path) -> Json:
    """Return the programme with the people of its groups one by one, and the path of its crews' file from `folder`."""
    groups = {one["id"]: one["members"] for one in company["user_groups"]}
    told = {**programme, "roles": {name: _one_by_one(part, groups) for name, part in programme["roles"].items()}}
    if "teams_file" in told:
        told["teams_file"] = str((folder / told["teams_file"]).resolve())
    return told


def _one_by_one(part: Json, groups: Json) -> Json:
    members = [who for group in part.get("groups", ()) for who in groups.get(group, ())]
    kept = {name: value for name, value in part.items() if name != "groups"}
    if members or "ids" in part:
        kept["ids"] = list(dict.fromkeys([*part.get("ids", ()), *members]))
    return kept


def ids_of(company: Json) -> dict[str, str]:
    """Return what each id of the company's file is on Teams."""
    people = {one["id"]: aad_of(one["id"]) for one in company["people"]}
    channels = {one["id"]: channel_of(one["id"]) for one in company["channels"]}
    team = company["company"]["team"]["id"]
    return {**people, **channels, team: tenant_of(team)}


def renamed(told: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - YAML goes in and out
    """Return what a file holds with every id in it replaced by its name in `names`."""
    if isinstance(told, dict):
        return {key: renamed(value, names) for key, value in told.items()}
    if isinstance(told, list):
        return [renamed(one, names) for one in told]
    return names.get(told, told) if isinstance(told, str) else told


def read_yaml(path: Path) -> Json:
    """Return what a file holds."""
    told: Json = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 - a safe loader
    return told


def write_yaml(target: Path, told: Json) -> Path:
    """Write a file and return where; its folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target
