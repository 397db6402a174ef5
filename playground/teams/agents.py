"""The demo for Microsoft's Agents Playground: its own file of people and places, and the bot's files with those.

Agents Playground (npm @microsoft/m365agentsplayground 0.2.28; aka.ms/teams-app-test-tool-config-guide) knows one person
who types, exactly five others, one team of two channels, and one group chat. So of Brightwater it shows #general,
#product-news and the curators' room as that chat; what is for other channels comes into #product-news.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground.settings import FOLDER
from playground.teams import ids
from playground.teams.rewriting import read_yaml, renamed, with_members, write_yaml

Json = dict[str, Any]

GENERAL, SECOND, CURATORS = "C0GENERAL", "C0PRODUCT", "C0CURATORS"
TYPES = "U0NADIA"
"""Who types unless another is named: a curator, whom this demo makes an admin too, so that everything can be tried."""
OTHERS = ("U0NADIA", "U0THOMAS", "U0GRACE", "U0SANNE", "U0PRIYA", "U0OMAR")
BOT = "7b1c2f9e-3d44-4c6a-9a0f-0c6d2b7e5a11"


def write_demo(folder: Path) -> tuple[Path, Path]:
    """Write the bot's files into `folder`: the company, and the programme; return where."""
    told, programme = read_yaml(FOLDER / "company.yaml"), read_yaml(FOLDER / "config.yaml")
    names = _names(told)
    return (
        write_yaml(folder / "company.yaml", renamed(_moved(told), names)),
        write_yaml(folder / "config.yaml", renamed(_programme(programme, told), names)),
    )


def write_agents(folder: Path, *, who: str = TYPES) -> Path:
    """Write Agents Playground's own file with `who` at the keys, and return where."""
    return write_yaml(folder / "agentsplayground.yml", _agents(read_yaml(FOLDER / "company.yaml"), _shown(who)))


def find_person(word: str) -> str | None:
    """Return the colleague of that id or first name, `None` if there is none; a guest is no colleague."""
    told = read_yaml(FOLDER / "company.yaml")
    called = {one["name"].split()[0].casefold(): one["id"] for one in told["people"] if one["role"] != "guest"}
    wanted = word.strip().casefold()
    return called.get(wanted) or next((one for one in called.values() if one.casefold() == wanted), None)


def roster() -> dict[str, Json]:
    """Return every colleague as a roster of Teams lists them, by account."""
    told = read_yaml(FOLDER / "company.yaml")
    tenant = ids.tenant_of(told["company"]["team"]["id"])
    people = [_person(one) for one in told["people"] if one["role"] != "guest"]
    more = {"tenantId": tenant, "userRole": "user"}
    return {one["id"]: {**one, **more, "userPrincipalName": one.pop("userPrincipleName")} for one in people}


def _shown(who: str) -> Sequence[str]:
    return [who, *(one for one in OTHERS if one != who)][:6]


def _names(company: Json) -> dict[str, str]:
    """Return what each id of the company's file is in Agents Playground."""
    people = {one["id"]: ids.aad_of(one["id"]) for one in company["people"]}
    places = {GENERAL: ids.channel_of(GENERAL), SECOND: ids.channel_of(SECOND), CURATORS: ids.group_chat_of(CURATORS)}
    team = company["company"]["team"]["id"]
    return {**people, **places, team: ids.tenant_of(team)}


def _moved(company: Json) -> Json:
    """Return the company with its posts in channels that are shown, and who types by default as an admin."""
    posts = [{**one, "channels": _places(one["channels"])} for one in company["posts"]]
    channels = [one for one in company["channels"] if one["id"] in (GENERAL, SECOND, CURATORS)]
    people = [{**one, "role": "admin"} if one["id"] == TYPES else one for one in company["people"]]
    return {**company, "posts": posts, "channels": channels, "people": people}


def _places(channels: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one if one == GENERAL else SECOND for one in channels))


def _programme(programme: Json, company: Json) -> Json:
    """Return the programme for the channels that are shown; who types by default is an admin beside being a curator."""
    told = with_members(programme, company, folder=FOLDER)
    admins = told["roles"]["admins"]
    channels = [one for one in told["channels"] if one["id"] in (GENERAL, SECOND)]
    roles = {**told["roles"], "admins": {**admins, "ids": [*admins.get("ids", ()), TYPES]}}
    return {**told, "channels": channels, "roles": roles}


def _agents(company: Json, shown: Sequence[str]) -> Json:
    """Return Agents Playground's own file, with the first of those shown at the keys.

    A person's account is their object id there: it opens a chat by the account alone, and the bot may know only the id.
    """
    known = {one["id"]: one for one in company["people"]}
    people = [known[who] for who in shown]
    team = company["company"]["team"]["id"]
    second = next(one["name"] for one in company["channels"] if one["id"] == SECOND)
    return {
        "version": "0.1.1",
        "tenantId": ids.tenant_of(team),
        "bot": {"id": ids.bot_of(BOT), "name": "Vouch"},
        "currentUser": _person(people[0]),
        "users": [_person(one) for one in people[1:]],
        "personalChat": {"id": ids.chat_of(people[0]["id"], BOT)},
        "groupChat": {"id": ids.group_chat_of(CURATORS), "name": "Curators"},
        "team": {
            "id": ids.channel_of(GENERAL),
            "name": company["company"]["name"],
            "aadGroupId": ids.group_of(team),
            "channels": [{"id": ids.channel_of(SECOND), "name": second}],
        },
    }


def _person(one: Json) -> Json:
    given, _, surname = one["name"].partition(" ")
    account = ids.aad_of(one["id"])
    return {
        "id": account,
        "name": one["name"],
        "userPrincipleName": one["email"],  # spelt so there
        "aadObjectId": account,
        "givenName": given,
        "surname": surname,
        "email": one["email"],
    }
