"""What the JSON API shows: people, channels and messages in the shapes of docs/playground.md."""

from typing import Any

from playground.company import Channel, Person
from playground.inputs import first_values
from playground.parts import Playground
from playground.state import Message, sent_at

Json = dict[str, Any]
BOT_COLOUR = "#1f7a8c"
SHORTCUTS = ({"callback_id": "suggest_this", "name": "Suggest this", "type": "message"},)
COMMANDS = (
    {
        "command": "/vouch",
        "description": "Share, suggest and look after posts",
        "usage_hint": "help | me | leaderboard | suggest <link> | post [link] | settings",
    },
)


def shown_person(person: Person) -> Json:
    """Return a person as the API shows them."""
    names = ("id", "name", "role", "locale", "tz", "title", "crew", "email", "initials", "colour", "im")
    return {name: getattr(person, name) for name in names}


def shown_channel(channel: Channel) -> Json:
    """Return a channel as the API shows it."""
    names = ("id", "name", "kind", "topic", "members", "is_archived")
    told = {name: getattr(channel, name) for name in names}
    return {**told, "person": channel.members[0]} if channel.kind == "im" else told


def shown_bot(play: Playground) -> Json:
    """Return the bot as the API shows it."""
    bot = play.company.bot
    return {"id": bot.id, "user": bot.user, "name": bot.name, "initials": bot.name[:1], "colour": BOT_COLOUR}


def sender(play: Playground, user: str) -> Json:
    """Return who a message is from, with what the picture needs."""
    person = play.company.people.get(user)
    if person is None:
        return {
            "name": play.company.bot.name,
            "initials": play.company.bot.name[:1],
            "colour": BOT_COLOUR,
            "is_bot": True,
        }
    return {"name": person.name, "initials": person.initials, "colour": person.colour, "is_bot": False}


def shown_message(play: Playground, message: Message, person: Person) -> Json:
    """Return a message as this person sees it."""
    body = message.body
    told: Json = {
        "ts": message.ts,
        "channel": message.channel,
        "user": body["user"],
        "text": body.get("text", ""),
        "blocks": body.get("blocks", []),
        "ephemeral": bool(message.to),
        "at": sent_at(message.ts),
        "sender": sender(play, body["user"]),
    }
    told |= {key: body[key] for key in ("thread_ts", "edited", "attachments", "metadata") if key in body}
    if "files" in body:
        told["files"] = [{**file, "url": file["url_private"]} for file in body["files"]]
    values = message.typed.get(person.id) or first_values(body.get("blocks"))
    return {**told, "state": {"values": values}} if values else told


def shown_list(play: Playground, person: Person, channel_id: str, limit: int) -> list[Json]:
    """Return what this person sees in a channel, oldest first; parents carry how many replies they have."""
    listed = play.workspace.listed(person, channel_id)
    replies: dict[str, list[str]] = {}
    for message in listed:
        if message.thread:
            replies.setdefault(message.thread, []).append(message.ts)
    rows = [shown_message(play, message, person) for message in listed[-limit:]]
    for row in rows:
        if row["ts"] in replies:
            row |= {"replies": len(replies[row["ts"]]), "latest_reply": replies[row["ts"]][-1]}
    return rows
