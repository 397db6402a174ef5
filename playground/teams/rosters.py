"""Who is where, as the connector tells it: members, pages of them, the team and its channels."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from playground.company import Person
from playground.teams.ids import aad_of, group_of
from playground.teams.parts import Parts
from playground.teams.refused import ConnectorError
from playground.teams.state import CHANNEL

Json = dict[str, Any]


def shown(parts: Parts, person: Person) -> Json:
    """Return a person as a roster lists them (msteams-docs get-teams-context)."""
    given, _, surname = person.name.partition(" ")
    return {
        "id": parts.tenancy.account(person.id),
        "objectId": aad_of(person.id),
        "name": person.name,
        "givenName": given,
        "surname": surname,
        "email": person.email,
        "userPrincipalName": _principal(person),
        "tenantId": parts.tenancy.tenant_of(person.id),
        "userRole": "guest" if person.is_guest else "user",
    }


def _principal(person: Person) -> str:
    """Return the name a person signs in with; a guest's is made of their address at home."""
    if not person.is_guest:
        return person.email
    return f"{person.email.replace('@', '_')}#EXT#@brightwater.example"


def member(parts: Parts, conversation: str, ref: str) -> Json:
    """Return one member by account, object id or principal name."""
    place = parts.tenancy.for_bot(conversation)
    people = [parts.tenancy.person(who) for who in place.members]
    wanted = parts.tenancy.person_of(ref)
    found = next((one for one in people if one is wanted or ref.lower() == _principal(one).lower()), None)
    if found is None:
        raise ConnectorError("MemberNotFoundInConversation")
    return shown(parts, found)


def members(parts: Parts, conversation: str, query: Mapping[str, str]) -> Json:
    """Return a page of members; sizes below the least and above the most are taken as those."""
    place = parts.tenancy.for_bot(conversation)
    asked, start = query.get("pageSize", ""), _start(query.get("continuationToken", ""))
    if asked and not asked.isdecimal():
        raise ConnectorError("BadArgument", "pageSize is no number.")
    size = min(max(int(asked or 0), parts.settings.least_page), parts.settings.most_page)
    page = place.members[start : start + size]
    told: Json = {"members": [shown(parts, parts.tenancy.person(who)) for who in page]}
    if start + size < len(place.members):
        told["continuationToken"] = base64.urlsafe_b64encode(f"from {start + size}".encode()).decode()
    return told


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from "))
    except (binascii.Error, ValueError):
        raise ConnectorError("BadArgument", "The continuationToken is not one of ours.") from None


def _check_team(parts: Parts, ref: str) -> None:
    if ref != parts.tenancy.team:
        raise ConnectorError("ConversationNotFound")
    if not parts.tenancy.has_team:
        raise ConnectorError("BotNotInConversationRoster")


def team(parts: Parts, ref: str) -> Json:
    """Return the team."""
    _check_team(parts, ref)
    return {
        "id": parts.tenancy.team,
        "name": parts.tenancy.team_name,
        "aadGroupId": group_of(parts.play.company.team),
        "channelCount": len(_channels(parts)),
        "memberCount": len(parts.tenancy.company.people),
    }


def channels(parts: Parts, ref: str) -> Json:
    """Return the channels that the bot is in; General has no name, so that each client says it in its language.

    Channels that the team shares with others are in no list (msteams-docs apps for shared and private channels).
    """
    _check_team(parts, ref)
    return {"conversations": _channels(parts)}


def _channels(parts: Parts) -> list[Json]:
    return [
        {
            "id": one.id,
            "name": None if one.id == parts.tenancy.team else one.name,
            "type": "private" if one.is_private else "standard",
        }
        for one in parts.tenancy.conversations.values()
        if one.kind == CHANNEL and one.has_bot and not (one.is_deleted or one.is_shared)
    ]
