"""The Web API's methods about people, channels and groups."""

import base64
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playground.company import Channel, Person
from playground.parts import Playground
from playground.refused import SlackError
from playground.webapi import Args, Method, require

Json = dict[str, Any]
SCOPE_OF_KIND = {"public": "channels:read", "private": "groups:read", "im": "im:read"}
KIND_OF_TYPE = {"public_channel": "public", "private_channel": "private", "im": "im"}


def user_object(play: Playground, person: Person, *, has_locale: bool = False) -> Json:
    """Return a person as `users.info` shows them; the address only with `users:read.email`."""
    offset = datetime.now(ZoneInfo(person.tz)).utcoffset()
    profile = {
        "title": person.title,
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.name.split()[0],
        "display_name_normalized": person.name.split()[0],
        "first_name": person.name.split()[0],
        "last_name": person.name.split()[-1],
        "team": play.company.team,
        **({"email": person.email} if "users:read.email" in play.scopes else {}),
    }
    return {
        "id": person.id,
        "team_id": play.company.team,
        "name": person.handle,
        "deleted": False,
        "color": person.colour.lstrip("#"),
        "real_name": person.name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
        "profile": profile,
        "is_admin": person.role == "admin",
        "is_owner": person.role == "admin",
        "is_primary_owner": person.role == "admin",
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "is_email_confirmed": True,
        "updated": 1_760_000_000,
        **({"locale": person.locale} if has_locale else {}),
    }


def bot_object(play: Playground) -> Json:
    """Return the bot as `users.info` shows it."""
    bot = play.company.bot
    profile = {"real_name": bot.name, "display_name": bot.name, "api_app_id": bot.app, "bot_id": bot.id}
    return {
        "id": bot.user,
        "team_id": play.company.team,
        "name": bot.name.lower(),
        "deleted": False,
        "real_name": bot.name,
        "tz": "Europe/Amsterdam",
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": False,
        "is_restricted": False,
        "is_bot": True,
        "is_app_user": False,
        "updated": 1_760_000_000,
    }


def channel_object(channel: Channel) -> Json:
    """Return a channel as `conversations.info` shows it."""
    kinds = {
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
    }
    told: Json = {
        "id": channel.id,
        **kinds,
        "is_mpim": False,
        "is_private": channel.kind != "public",
        "created": 1_700_000_000,
        "is_archived": channel.is_archived,
        "updated": 1_700_000_000_000,
    }
    if channel.kind == "im":
        return {**told, "user": channel.members[0], "is_open": True}
    count = len(channel.members) + channel.has_bot
    topic = {"value": channel.topic, "creator": "", "last_set": 0}
    more = {"is_general": channel.name == "general", "is_member": channel.has_bot, "num_members": count}
    names = {"name": channel.name, "name_normalized": channel.name, "topic": topic}
    return {**told, **names, **more, "is_shared": False, "is_ext_shared": False, "is_org_shared": False}


def paged(args: Args, name: str, rows: list[Any], *, most: int = 1000) -> Json:
    """Return one page of the rows and the cursor of the next."""
    limit = min(args.number("limit", 100), most)
    if limit < 1:
        raise SlackError("invalid_limit")
    try:
        start = int(base64.b64decode(args.text("cursor"), validate=True).decode().removeprefix("next:") or 0)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    rest = rows[start + limit :]
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if rest else ""
    return {name: rows[start : start + limit], "response_metadata": {"next_cursor": cursor}}


def auth_test(play: Playground, _args: Args) -> Json:
    """Say whose token this is."""
    company = play.company
    return {
        "url": f"{play.settings.address}/",
        "team": company.name,
        "user": company.bot.name.lower(),
        "team_id": company.team,
        "user_id": company.bot.user,
        "bot_id": company.bot.id,
        "is_enterprise_install": False,
    }


def users_info(play: Playground, args: Args) -> Json:
    """Return a person or the bot."""
    wanted = args.need("user")
    if wanted == play.company.bot.user:
        return {"user": bot_object(play)}
    person = play.company.people.get(wanted)
    if person is None:
        raise SlackError("user_not_found")
    return {"user": user_object(play, person, has_locale=args.flag("include_locale"))}


def users_list(play: Playground, args: Args) -> Json:
    """Return everyone, the bot last."""
    has_locale = args.flag("include_locale")
    rows = [user_object(play, person, has_locale=has_locale) for person in play.company.people.values()]
    return paged(args, "members", [*rows, bot_object(play)])


def users_lookup(play: Playground, args: Args) -> Json:
    """Return the person with this address."""
    wanted = args.need("email").lower()
    person = next((p for p in play.company.people.values() if p.email.lower() == wanted), None)
    if person is None:
        raise SlackError("users_not_found")
    return {"user": user_object(play, person)}


def _kinds(play: Playground, args: Args) -> set[str]:
    types = args.text("types", "public_channel").replace(" ", "").split(",")
    if unknown := [one for one in types if one not in (*KIND_OF_TYPE, "mpim")]:
        raise SlackError("invalid_types", response_metadata={"messages": [f"[ERROR] {', '.join(unknown)}"]})
    kinds = {KIND_OF_TYPE[one] for one in types if one in KIND_OF_TYPE}
    for kind in kinds:
        require(play, SCOPE_OF_KIND[kind])
    return kinds


def conversations_list(play: Playground, args: Args) -> Json:
    """Return the channels the bot can know of."""
    kinds = _kinds(play, args)
    known = [c for c in play.workspace.channels.values() if c.kind in kinds and (c.kind != "private" or c.has_bot)]
    if args.flag("exclude_archived"):
        known = [channel for channel in known if not channel.is_archived]
    return paged(args, "channels", [channel_object(channel) for channel in known])


def users_conversations(play: Playground, args: Args) -> Json:
    """Return the channels that the bot, or a named person, is in."""
    kinds = _kinds(play, args)
    user = args.text("user", play.company.bot.user)
    rows = [
        channel_object(channel)
        for channel in play.workspace.channels.values()
        if channel.kind in kinds
        and (channel.has_bot or channel.kind == "public")
        and (channel.has_bot if user == play.company.bot.user else user in channel.members)
    ]
    return paged(args, "channels", rows)


def _known_channel(play: Playground, args: Args) -> Channel:
    channel = play.workspace.bot_channel(args.need("channel"))
    require(play, SCOPE_OF_KIND[channel.kind])
    return channel


def conversations_info(play: Playground, args: Args) -> Json:
    """Return one channel."""
    return {"channel": channel_object(_known_channel(play, args))}


def conversations_members(play: Playground, args: Args) -> Json:
    """Return the ids of a channel's members, the bot's included."""
    channel = _known_channel(play, args)
    return paged(args, "members", [*channel.members, *([play.company.bot.user] if channel.has_bot else [])])


def conversations_open(play: Playground, args: Args) -> Json:
    """Return the conversation with one person; it is there already."""
    wanted = args.text("channel") or args.need("users")
    if "," in wanted:
        require(play, "mpim:write")
    person = play.company.people.get(wanted) or next((p for p in play.company.people.values() if p.im == wanted), None)
    if person is None:
        raise SlackError("user_not_found" if wanted.startswith(("U", "W")) else "channel_not_found")
    channel = channel_object(play.workspace.channels[person.im])
    return {"no_op": True, "already_open": True, "channel": channel if args.flag("return_im") else {"id": person.im}}


def conversations_join(play: Playground, args: Args) -> Json:
    """Put the bot into a public channel."""
    channel = play.workspace.bot_channel(args.need("channel"))
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    was_in, channel.has_bot = channel.has_bot, True
    play.workspace.keep_channel(channel)
    return {"channel": channel_object(channel), **({"warning": "already_in_channel"} if was_in else {})}


def groups_list(play: Playground, args: Args) -> Json:
    """Return the user groups."""
    has_users = args.flag("include_users")
    rows = [
        {
            "id": group["id"],
            "team_id": play.company.team,
            "is_usergroup": True,
            "name": group["name"],
            "handle": group["handle"],
            "date_delete": 0,
            "user_count": len(group["members"]),
            **({"users": list(group["members"])} if has_users else {}),
        }
        for group in play.company.groups
    ]
    return {"usergroups": rows}


def group_users(play: Playground, args: Args) -> Json:
    """Return the members of a user group."""
    wanted = args.need("usergroup")
    group = next((one for one in play.company.groups if one["id"] == wanted), None)
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group["members"])}


PEOPLE = {
    "auth.test": Method(auth_test),
    "users.info": Method(users_info, "users:read"),
    "users.list": Method(users_list, "users:read"),
    "users.lookupByEmail": Method(users_lookup, "users:read.email"),
    "users.conversations": Method(users_conversations),
    "conversations.list": Method(conversations_list),
    "conversations.info": Method(conversations_info),
    "conversations.members": Method(conversations_members),
    "conversations.open": Method(conversations_open, "im:write"),
    "conversations.join": Method(conversations_join, "channels:join"),
    "usergroups.list": Method(groups_list, "usergroups:read"),
    "usergroups.users.list": Method(group_users, "usergroups:read"),
}
