"""The Web API's methods for windows, files and Socket Mode."""

import mimetypes
import secrets
from typing import Any

from playground.parts import Playground
from playground.refused import SlackError
from playground.webapi import Args, Method
from playground.webapi_chat import bot_body, writable

Json = dict[str, Any]
MOST_FILE = 50_000_000


def _view_of(args: Args) -> Any:  # noqa: ANN401 - JSON, checked by Windows
    view = args.structure("view")
    if view is None:
        message = "[ERROR] missing required field: view"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
    return view


def _trigger_of(args: Args) -> str:
    return args.text("trigger_id") or args.need("interactivity_pointer")


def views_open(play: Playground, args: Args) -> Json:
    """Open a window for whoever the trigger id is from."""
    view = _view_of(args)
    return {"view": play.windows.open(play.permits.use_trigger(_trigger_of(args)).person, view)}


def views_push(play: Playground, args: Args) -> Json:
    """Put a window on top of the one the trigger id is from."""
    view = _view_of(args)
    trigger = play.permits.use_trigger(_trigger_of(args))
    if not trigger.view_id or play.windows.top(trigger.person) is None:
        raise SlackError("invalid_trigger_id")
    return {"view": play.windows.push(trigger.person, view)}


def views_update(play: Playground, args: Args) -> Json:
    """Replace a window named by its id or external id."""
    view = _view_of(args)
    view_id, external_id = args.text("view_id"), args.text("external_id")
    if not view_id and not external_id:
        args.need("view_id")
    return {"view": play.windows.update(view, view_id=view_id, external_id=external_id, view_hash=args.text("hash"))}


def views_publish(play: Playground, args: Args) -> Json:
    """Replace a person's Home tab."""
    view, person = _view_of(args), args.need("user_id")
    if person not in play.company.people:
        raise SlackError("user_not_found")
    return {"view": play.windows.publish(person, view, args.text("hash"))}


def upload_url(play: Playground, args: Args) -> Json:
    """Return where to send a file of that name and length."""
    name, length = args.need("filename"), args.number("length", 0)
    if length < 1:
        message = "[ERROR] must be more than 0: length"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
    if length > MOST_FILE:
        raise SlackError("file_upload_size_restricted")
    file_id = "F" + secrets.token_hex(8).upper()
    play.uploads[file_id] = {"id": file_id, "name": name, "length": length, "size": None}
    return {"upload_url": f"{play.settings.address}/slack/upload/{file_id}", "file_id": file_id}


def complete_upload(play: Playground, args: Args) -> Json:
    """Share uploaded files in a channel or conversation, with the comment that was given."""
    wanted = args.structure("files")
    if not isinstance(wanted, list) or not wanted:
        args.need("files")
        raise SlackError("invalid_arguments")
    files = [_file(play, one) for one in wanted]
    target = args.text("channel_id") or args.text("channels").partition(",")[0]
    if target:
        channel = writable(play, target)
        thread = {"thread_ts": args.text("thread_ts")} if args.text("thread_ts") else {}
        play.workspace.post(
            channel.id, {**bot_body(play), "text": args.text("initial_comment"), "files": files, **thread}
        )
    return {"files": files}


def _file(play: Playground, wanted: object) -> Json:
    kept = play.uploads.get(str(wanted.get("id")) if isinstance(wanted, dict) else "")
    if kept is None or not isinstance(wanted, dict):
        raise SlackError("file_not_found")
    if kept["size"] is None:
        raise SlackError("file_update_failed")
    kind = mimetypes.guess_type(kept["name"])[0] or "application/octet-stream"
    address = f"{play.settings.address}/slack/files/{kept['id']}/{kept['name']}"
    return {
        "id": kept["id"],
        "name": kept["name"],
        "title": str(wanted.get("title") or kept["name"]),
        "mimetype": kind,
        "size": kept["size"],
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
        "user": play.company.bot.user,
    }


def connections_open(play: Playground, _args: Args) -> Json:
    """Return the address of a Socket Mode connection, good for one within 30 s."""
    host = play.settings.address.removeprefix("http://")
    return {"url": f"ws://{host}/slack/link?ticket={play.sockets.add_ticket()}&app_id={play.company.bot.app}"}


MORE = {
    "views.open": Method(views_open),
    "views.push": Method(views_push),
    "views.update": Method(views_update),
    "views.publish": Method(views_publish),
    "files.getUploadURLExternal": Method(upload_url, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, "files:write"),
    "apps.connections.open": Method(connections_open, is_app_level=True),
}
