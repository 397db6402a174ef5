"""What people do: write, command, press, submit, close, use a shortcut, open Home."""

import uuid
from typing import Any
from urllib.parse import quote

from playground import payloads
from playground.acting import Act, Moment, accepted, moment, word
from playground.company import Channel, Person
from playground.inputs import KEYS, Values, fill, find_element, first_values, missing, options_of, to_state
from playground.outbound import Answer
from playground.parts import Playground
from playground.refused import PersonError, SlackError
from playground.shown import COMMANDS, SHORTCUTS
from playground.webapi import Args
from playground.webapi_chat import bot_body, content

Json = dict[str, Any]
MOST_TYPED = 40_000


def _writable(play: Playground, person: Person, channel_id: str) -> Channel:
    channel = play.workspace.seen_channel(person, channel_id)
    if channel.is_archived:
        raise PersonError("is_archived")
    if person.id not in channel.members:
        raise PersonError("not_in_channel")
    return channel


async def say(play: Playground, body: Json) -> Json:
    """Write a message; in a conversation with the bot the bot hears of it."""
    person = play.workspace.person(word(body, "as"))
    channel = _writable(play, person, word(body, "channel"))
    text = word(body, "text")[:MOST_TYPED]
    told: Json = {
        "user": person.id,
        "client_msg_id": str(uuid.uuid4()),
        "text": payloads.typed_text(text),
        "team": play.company.team,
        "blocks": payloads.typed_blocks(text),
    }
    if thread := word(body, "thread_ts", is_needed=False):
        told["thread_ts"] = play.workspace.seen_message(person, channel.id, thread).ts
    message = play.workspace.post(channel.id, told)
    if channel.kind == "im" and "im:history" in play.scopes:
        wrapped = payloads.event(play.company, payloads.message_event(channel.id, message.shown_to_bot()))
        accepted(await play.deliverer.deliver("event", "message", wrapped, person=person.id), ts=message.ts)
    return {"ts": message.ts, "channel": channel.id}


async def dm(play: Playground, body: Json) -> Json:
    """Write to the bot."""
    person = play.workspace.person(word(body, "as"))
    return await say(play, {**body, "channel": person.im})


async def command(play: Playground, body: Json) -> Json:
    """Use a slash command."""
    person = play.workspace.person(word(body, "as"))
    channel = _writable(play, person, word(body, "channel"))
    name, _, text = word(body, "text").strip().partition(" ")
    if name not in [known["command"] for known in COMMANDS]:
        raise PersonError("unknown_command")
    now = moment(play, person)
    payload = {
        **payloads.command(play.company, person, channel, name=name, text=text.strip()),
        "response_url": play.permits.add_url(person.id, channel.id),
        "trigger_id": play.permits.add_trigger(person.id),
    }
    answer = accepted(await play.deliverer.deliver("command", name, payload, person=person.id))
    _show_command_answer(play, person, channel, answer)
    await now.wait(body)
    return now.seen()


def _show_command_answer(play: Playground, person: Person, channel: Channel, answer: Answer) -> None:
    told = {"text": answer.body} if isinstance(answer.body, str) else answer.body
    if not isinstance(told, dict) or not any(told.get(key) for key in ("text", "blocks", "attachments")):
        return
    try:
        shown = {**bot_body(play), **content(Args(told))}
    except SlackError as error:
        raise PersonError("invalid_answer", detail=error.more or error.code) from None
    play.workspace.post(channel.id, shown, to="" if told.get("response_type") == "in_channel" else person.id)


def _place(play: Playground, person: Person, body: Json) -> tuple[list[Json], Values, Json, str]:
    """Return the blocks, the values typed there, what the payload says about the place, and its mark."""
    if view_id := word(body, "view_id", is_needed=False):
        view = play.windows.find(person.id, view_id)
        if view is None:
            raise PersonError("not_found")
        told: Json = {"container": {"type": "view", "view_id": view_id}, "view": view}
        return view["blocks"], view["state"]["values"], told, ""
    message = play.workspace.seen_message(person, word(body, "channel"), word(body, "ts"))
    channel = play.workspace.channels[message.channel]
    if channel.is_archived:
        raise PersonError("is_archived")
    blocks = message.body.get("blocks", [])
    values = message.typed[person.id] = first_values(blocks, message.typed.get(person.id))
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.to),
    }
    if message.thread:
        container["thread_ts"] = message.thread
    told = {
        "container": container,
        "channel": {"id": channel.id, "name": payloads.channel_name(channel)},
        "state": {"values": values},
    }
    if not message.to:
        told["message"] = message.shown_to_bot()
    return blocks, values, told, f"message {channel.id} {message.ts}"


def _used(element: Json, block: Json, values: Values, body: Json) -> tuple[Json, str]:
    """Return what the element's use adds to its action, and the link it leads to."""
    if element["type"] == "overflow":
        option = next((one for one in options_of(element) if one["value"] == body.get("value")), None)
        if option is None:
            raise PersonError("invalid_value")
        return {"selected_option": option}, str(option.get("url", ""))
    if element["type"] not in KEYS:
        return {}, str(element.get("url", ""))
    row = values.setdefault(block["block_id"], {})
    if "value" in body:
        row[element["action_id"]] = to_state(element, body["value"])
    return {key: value for key, value in row[element["action_id"]].items() if key != "type"}, ""


async def click(play: Playground, body: Json) -> Json:
    """Press a button or change an element; an input that does not dispatch is only remembered."""
    person = play.workspace.person(word(body, "as"))
    blocks, values, place, mark = _place(play, person, body)
    if body.get("state") is not None:
        fill(values, blocks, body["state"])
    block, element = find_element(blocks, word(body, "action_id"), word(body, "block_id", is_needed=False))
    chosen, url = _used(element, block, values, body)
    now = moment(play, person, mark)
    if block["type"] == "input" and not block.get("dispatch_action"):
        return now.seen()
    payload = {
        **payloads.interaction(play.company, person, "block_actions"),
        **place,
        "trigger_id": play.permits.add_trigger(person.id, word(body, "view_id", is_needed=False)),
        "actions": [payloads.action(block, element, chosen)],
    }
    if "channel" in place:
        container = place["container"]
        payload["response_url"] = play.permits.add_url(person.id, container["channel_id"], container["message_ts"])
    accepted(await play.deliverer.deliver("interaction", "block_actions", payload, person=person.id))
    await now.wait(body, is_quick=bool(url))
    return {**now.seen(), **_home(play, place, person), **_link(play, person, url)}


def _home(play: Playground, place: Json, person: Person) -> Json:
    is_home = place.get("view", {}).get("type") == "home"
    return {"home": play.windows.homes.get(person.id)} if is_home else {}


def _link(play: Playground, person: Person, url: str) -> Json:
    if not url:
        return {}
    is_ours = url.startswith(play.settings.address + "/")
    return {
        "url": url,
        "open": f"{play.settings.address}/open?as={person.id}&to={quote(url, safe='')}" if is_ours else url,
    }


async def type_in(play: Playground, body: Json) -> Json:
    """Remember what is typed; the bot is not asked."""
    person = play.workspace.person(word(body, "as"))
    blocks, values, _place_told, _mark = _place(play, person, body)
    fill(values, blocks, body.get("values"))
    return {}


def _open_window(play: Playground, person: Person, body: Json) -> Json:
    view = play.windows.top(person.id)
    if view is None or view["id"] != word(body, "view_id"):
        raise PersonError("not_found")
    return view


async def submit(play: Playground, body: Json) -> Json:
    """Submit the topmost window and do what the bot answers."""
    person = play.workspace.person(word(body, "as"))
    view = _open_window(play, person, body)
    values: Values = view["state"]["values"]
    fill(values, view["blocks"], body.get("values") or {})
    if errors := missing(view["blocks"], values):
        raise PersonError("invalid_input", errors=errors, view=view)
    now = moment(play, person)
    payload = {
        **payloads.interaction(play.company, person, "view_submission"),
        "trigger_id": play.permits.add_trigger(person.id, view["id"]),
        "view": view,
        "response_urls": [],
    }
    answer = await play.deliverer.deliver("interaction", "view_submission", payload, person=person.id)
    try:
        told = _after_submit(play, person, view, accepted(answer).body)
    except SlackError as error:
        raise PersonError("invalid_answer", detail=error.more or error.code) from None
    await now.wait(body, is_quick=True)
    return {**now.seen(), **told}


def _after_submit(play: Playground, person: Person, view: Json, body: object) -> Json:
    if body in (None, "", {}):
        play.windows.close(person.id, view["id"])
        return {"response_action": ""}
    told: Json = body if isinstance(body, dict) else {}
    match told.get("response_action"):
        case "errors":
            return _show_errors(play, person, view, told.get("errors"))
        case "update":
            play.windows.update(told.get("view"), view_id=view["id"])
        case "push":
            play.windows.push(person.id, told.get("view"))
        case "clear":
            play.windows.close(person.id, "", is_all=True)
        case _:
            raise PersonError("invalid_answer", detail=body)
    return {"response_action": told["response_action"]}


def _show_errors(play: Playground, person: Person, view: Json, errors: object) -> Json:
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise PersonError("invalid_answer", detail=errors)
    play.windows.show_errors(person.id, errors)
    return {"response_action": "errors", "errors": errors}


async def close(play: Playground, body: Json) -> Json:
    """Close a window; the bot hears of it if the window says so."""
    person = play.workspace.person(word(body, "as"))
    view = _open_window(play, person, body)
    is_all = body.get("all") is True or bool(view["clear_on_close"])
    now = moment(play, person)
    for closed in play.windows.close(person.id, view["id"], is_all=is_all):
        if closed["notify_on_close"]:
            payload = {
                **payloads.interaction(play.company, person, "view_closed"),
                "view": closed,
                "is_cleared": is_all,
            }
            accepted(await play.deliverer.deliver("interaction", "view_closed", payload, person=person.id))
    return now.seen()


async def shortcut(play: Playground, body: Json) -> Json:
    """Use a message shortcut."""
    person = play.workspace.person(word(body, "as"))
    callback_id = word(body, "callback_id")
    if callback_id not in [known["callback_id"] for known in SHORTCUTS]:
        raise PersonError("unknown_shortcut")
    message = play.workspace.seen_message(person, word(body, "channel"), word(body, "ts"))
    if message.to:
        raise PersonError("not_found")
    channel = play.workspace.channels[message.channel]
    now: Moment = moment(play, person)
    payload = {
        **payloads.interaction(play.company, person, "message_action"),
        "action_ts": play.clock.stamp(),
        "callback_id": callback_id,
        "trigger_id": play.permits.add_trigger(person.id),
        "response_url": play.permits.add_url(person.id, channel.id, message.ts),
        "channel": {"id": channel.id, "name": payloads.channel_name(channel)},
        "message_ts": message.ts,
        "message": message.shown_to_bot(),
    }
    accepted(await play.deliverer.deliver("interaction", "message_action", payload, person=person.id))
    await now.wait(body)
    return now.seen()


async def open_home(play: Playground, body: Json) -> Json:
    """Open the Home tab, or the conversation beside it."""
    person = play.workspace.person(word(body, "as"))
    tab = word(body, "tab", is_needed=False) or "home"
    if tab not in ("home", "messages"):
        raise PersonError("invalid_request", field="tab")
    now, home = moment(play, person), play.windows.homes.get(person.id)
    event: Json = {"type": "app_home_opened", "user": person.id, "channel": person.im, "tab": tab}
    event |= {"event_ts": play.clock.stamp(), **({"view": home} if home and tab == "home" else {})}
    wrapped = payloads.event(play.company, event)
    accepted(await play.deliverer.deliver("event", "app_home_opened", wrapped, person=person.id))
    await now.wait(body, is_quick=tab == "messages")
    return {"view": play.windows.homes.get(person.id)}


ACTS: dict[str, Act] = {
    "say": say,
    "dm": dm,
    "command": command,
    "click": click,
    "type": type_in,
    "submit": submit,
    "close": close,
    "shortcut": shortcut,
    "open_home": open_home,
}
