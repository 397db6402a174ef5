"""The Web API's `chat.*` methods and what is done with a `response_url`."""

from typing import Any

from playground import payloads
from playground.company import Channel
from playground.limits import check_blocks
from playground.parts import Playground
from playground.refused import SlackError
from playground.state import Message, size_of
from playground.triggers import ResponseUrl
from playground.webapi import Args, Method, require
from playground.windows import with_ids

Json = dict[str, Any]
MOST_TEXT = 40_000
MOST_UPDATE_TEXT = 4_000
# The platform names no number; 20 kB is what a large but sane payload stays under.
MOST_METADATA = 20_000


def bot_body(play: Playground) -> Json:
    """Return what every message of the bot carries."""
    bot, team = play.company.bot, play.company.team
    profile = {"id": bot.id, "app_id": bot.app, "name": bot.name, "icons": {}, "deleted": False, "team_id": team}
    return {"user": bot.user, "bot_id": bot.id, "app_id": bot.app, "team": team, "bot_profile": profile}


def content(args: Args) -> Json:
    """Return the checked text, blocks and attachments; `invalid_blocks` says where, `no_text` if there is nothing."""
    text, blocks, attachments = args.text("text"), args.structure("blocks"), args.structure("attachments")
    problems = check_blocks(blocks) if blocks is not None else []
    for number, attachment in enumerate(attachments if isinstance(attachments, list) else []):
        where = f"/attachments/{number}/blocks"
        problems += check_blocks(attachment.get("blocks", []) if isinstance(attachment, dict) else None, where)
    if problems:
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    told: Json = {"text": (text or fallback(blocks))[:MOST_TEXT]}
    if blocks:
        told["blocks"] = with_ids(blocks)
    if attachments:
        told["attachments"] = attachments
    return told


def fallback(blocks: Any) -> str:  # noqa: ANN401 - checked JSON
    """Return the text that Slack builds from blocks for notifications when none was given."""
    found = []
    for block in blocks or ():
        text = block.get("text")
        found.append(text.get("text", "") if isinstance(text, dict) else str(text or block.get("alt_text") or ""))
    return " ".join(part for part in found if part)


def metadata_of(args: Args) -> Json:
    """Return the message's metadata under its key, if there is any."""
    metadata = args.structure("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    if size_of(metadata) > MOST_METADATA:
        raise SlackError("metadata_too_large")
    return {"metadata": metadata}


def writable(play: Playground, given: str) -> Channel:
    """Return the channel the bot may write to; refused as Slack refuses."""
    channel = play.workspace.bot_channel(given)
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.has_bot and "chat:write.public" not in play.scopes:
        raise SlackError("not_in_channel")
    return channel


def thread_of(play: Playground, args: Args, channel: Channel) -> Json:
    """Return the thread a message goes into, if one was named."""
    thread = args.text("thread_ts")
    if not thread:
        return {}
    if thread not in play.workspace.messages[channel.id]:
        raise SlackError("thread_not_found")
    return {"thread_ts": thread}


def tell(play: Playground, message: Message, *, before: Json | None = None, is_gone: bool = False) -> None:
    """Tell the bot of its own message in a conversation, as Slack does."""
    if play.workspace.channels[message.channel].kind == "im" and not message.to and "im:history" in play.scopes:
        event = payloads.message_event(message.channel, message.shown_to_bot(), before=before, is_gone=is_gone)
        play.deliverer.later("event", str(event.get("subtype", "message")), payloads.event(play.company, event))


def post_message(play: Playground, args: Args) -> Json:
    """Post into a channel, a conversation or to a person."""
    channel = writable(play, args.need("channel"))
    if any(args.text(name) for name in ("username", "icon_url", "icon_emoji")):
        require(play, "chat:write.customize")
    body = {**bot_body(play), **content(args), **metadata_of(args), **thread_of(play, args, channel)}
    message = play.workspace.post(channel.id, body)
    tell(play, message)
    return {"channel": channel.id, "ts": message.ts, "message": message.shown_to_bot()}


def post_ephemeral(play: Playground, args: Args) -> Json:
    """Post what one person in the channel sees; it stays until they dismiss it."""
    channel = writable(play, args.need("channel"))
    person = play.company.people.get(args.need("user"))
    if person is None or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    body = {**bot_body(play), **content(args), **thread_of(play, args, channel)}
    return {"message_ts": play.workspace.post(channel.id, body, to=person.id).ts}


def own_message(play: Playground, args: Args, refusal: str) -> Message:
    """Return the bot's own message that is named; `refusal` if it is someone else's."""
    given = args.need("channel")
    if given in play.company.people:
        raise SlackError("channel_not_found")
    channel = play.workspace.bot_channel(given)
    message = play.workspace.messages[channel.id].get(args.need("ts"))
    if message is None or message.to:
        raise SlackError("message_not_found")
    if message.body.get("bot_id") != play.company.bot.id:
        raise SlackError(refusal)
    if channel.is_archived:
        raise SlackError("is_archived")
    return message


def update_message(play: Playground, args: Args) -> Json:
    """Replace the text and blocks of the bot's own message; text without blocks drops the blocks."""
    message = own_message(play, args, "cant_update_message")
    if len(args.text("text")) > MOST_UPDATE_TEXT:
        raise SlackError("msg_too_long")
    before = message.shown_to_bot()
    kept = {key: value for key, value in message.body.items() if key not in ("text", "blocks", "attachments")}
    edited = {"user": play.company.bot.user, "ts": play.clock.stamp()}
    play.workspace.change(message, {**kept, **content(args), **metadata_of(args), "edited": edited})
    tell(play, message, before=before)
    shown = message.shown_to_bot()
    return {"channel": message.channel, "ts": message.ts, "text": shown["text"], "message": shown}


def delete_message(play: Playground, args: Args) -> Json:
    """Delete the bot's own message."""
    message = own_message(play, args, "cant_delete_message")
    play.workspace.remove(message)
    tell(play, message, before=message.shown_to_bot(), is_gone=True)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(play: Playground, args: Args) -> Json:
    """Return the address of a message, which here leads into the playground's own page."""
    channel = play.workspace.bot_channel(args.need("channel"))
    ts = args.need("message_ts")
    if ts not in play.workspace.messages[channel.id]:
        raise SlackError("message_not_found")
    permalink = f"{play.settings.address}/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": permalink}


def respond(play: Playground, url: ResponseUrl, args: Args) -> None:
    """Do what a request to a `response_url` asks: replace, delete, or say something privately or to the channel."""
    there = play.workspace.messages[url.channel]
    original = there.get(url.ts)
    if args.flag("delete_original"):
        if original is not None:
            play.workspace.remove(original)
        return
    body = {**bot_body(play), **content(args)}
    play.workspace.marks[f"person {url.person}"] += 1
    if args.flag("replace_original") and original is not None and original.body.get("bot_id"):
        play.workspace.change(original, body)
        return
    to = "" if args.text("response_type") == "in_channel" else url.person
    thread = {"thread_ts": original.thread} if original is not None and original.thread else {}
    play.workspace.post(url.channel, {**body, **thread}, to=to)


CHAT = {
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write"),
    "chat.update": Method(update_message, "chat:write"),
    "chat.delete": Method(delete_message, "chat:write"),
    "chat.getPermalink": Method(get_permalink),
}
