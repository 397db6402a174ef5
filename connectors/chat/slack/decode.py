"""Slack's payloads decoded: what somebody asks for as an `Interaction`, and the `Place` where the answer belongs.

Pure. What asks for nothing (a bot's message, an edit, a window of another time) is `None`; a payload without what it
must have raises `Undecodable`; a button that carries no action of ours raises `Unreadable` when its action is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from bot.core.actions import Action, DirectMessage, FieldValue, Interaction, OpenHome, SuggestMessage
from bot.core.codec import merge, unpack
from bot.core.commands import parse_command
from connectors.chat.slack.carrying import read_carried
from connectors.chat.slack.entities import links_in, unmark
from connectors.chat.slack.manifest import SUGGEST_THIS
from connectors.chat.slack.workspace import Home

Json = dict[str, Any]
PLATFORM = "slack"
_MISSHAPEN = (KeyError, TypeError, AttributeError, IndexError, ValueError)
_OF_PEOPLE = (None, "file_share")  # message subtypes that a person writes


class Undecodable(Exception):
    """A payload lacks what every payload of its kind has."""


class Kind(Enum):
    """Where somebody acted; it decides how the answer is shown."""

    COMMAND = auto()
    MESSAGE = auto()
    WINDOW = auto()
    HOME = auto()
    SUBMISSION = auto()
    CLOSED = auto()
    SHORTCUT = auto()
    CONVERSATION = auto()
    TAB = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an interaction came from, as far as its answer needs to know."""

    kind: Kind
    person_ref: str
    channel_ref: str | None = None
    is_direct: bool = False
    trigger: str | None = None
    response_url: str | None = None
    view: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A payload as read so far: its place, who sent it, its key, and how to read what it asks for."""

    place: Place
    tenant_ref: str
    key: str
    message_ref: str | None
    read: Callable[[], Action | None]

    def interaction(self, received_at: datetime) -> Interaction | None:
        """Return what is asked for; `None` for nothing. Raises `Unreadable` for an action of another time."""
        try:
            action = self.read()
        except _MISSHAPEN as error:
            raise Undecodable(type(error).__name__) from error
        if action is None:
            return None
        view = self.place.view
        return Interaction(
            key=self.key,
            platform=PLATFORM,
            tenant_ref=self.tenant_ref,
            person_ref=self.place.person_ref,
            action=action,
            received_at=received_at,
            channel_ref=self.place.channel_ref,
            message_ref=self.message_ref,
            window_ref=str(view["id"]) if view is not None and view.get("type") == "modal" else None,
            is_direct=self.place.is_direct,
        )


def see(read: Callable[[Json, Home], Seen | None], body: Json, home: Home) -> Seen | None:
    """Return what `read` sees in `body`; raises `Undecodable` for a payload that is not shaped like Slack's."""
    try:
        return read(body, home)
    except _MISSHAPEN as error:
        raise Undecodable(type(error).__name__) from error


def see_command(body: Json, home: Home) -> Seen:
    """Return the slash command in `body`."""
    channel = str(body["channel_id"])
    place = Place(
        kind=Kind.COMMAND,
        person_ref=body["user_id"],
        channel_ref=channel,
        is_direct=channel.startswith("D"),
        trigger=body.get("trigger_id"),
        response_url=body.get("response_url"),
    )
    line = unmark(body.get("text") or "")
    return Seen(
        place=place,
        tenant_ref=home.tenant_of(body.get("team_id"), body.get("enterprise_id")),
        key=body["trigger_id"],
        message_ref=None,
        read=lambda: parse_command(line),
    )


def see_click(body: Json, home: Home) -> Seen:
    """Return the button, menu, link button or changed field in `body`."""
    view = body.get("view")
    action = body["actions"][0]
    channel = (body.get("channel") or {}).get("id")
    place = Place(
        kind=_kind_of(view),
        person_ref=body["user"]["id"],
        channel_ref=channel,
        is_direct=str(channel or "").startswith("D"),
        trigger=body.get("trigger_id"),
        response_url=body.get("response_url"),
        view=view,
    )
    return Seen(
        place=place,
        tenant_ref=_tenant(body, home),
        key=body.get("trigger_id") or f"{action['action_id']}-{action['action_ts']}",
        message_ref=_message_ref(body, channel),
        read=lambda: _clicked(action, view),
    )


def see_submission(body: Json, home: Home) -> Seen:
    """Return the submitted window in `body`."""
    view = body["view"]
    place = Place(
        kind=Kind.SUBMISSION, person_ref=body["user"]["id"], trigger=body.get("trigger_id"), view=_checked(view)
    )
    return Seen(
        place=place,
        tenant_ref=_tenant(body, home),
        key=body.get("trigger_id") or f"{view['id']}-{view['hash']}",
        message_ref=None,
        read=lambda: _packed(read_carried(view.get("private_metadata") or "").submit, view),
    )


def see_closed(body: Json, home: Home) -> Seen:
    """Return the dismissed window in `body`."""
    view = body["view"]
    return Seen(
        place=Place(kind=Kind.CLOSED, person_ref=body["user"]["id"], view=_checked(view)),
        tenant_ref=_tenant(body, home),
        key=f"closed-{view['id']}",
        message_ref=None,
        read=lambda: _packed(read_carried(view.get("private_metadata") or "").closed, view),
    )


def see_shortcut(body: Json, home: Home) -> Seen:
    """Return the shortcut on a message in `body`."""
    channel = body["channel"]["id"]
    place = Place(
        kind=Kind.SHORTCUT,
        person_ref=body["user"]["id"],
        channel_ref=channel,
        trigger=body["trigger_id"],
        response_url=body.get("response_url"),
    )
    return Seen(
        place=place,
        tenant_ref=_tenant(body, home),
        key=body["trigger_id"],
        message_ref=_message_ref(body, channel),
        read=lambda: _suggested(body),
    )


def see_event(body: Json, home: Home) -> Seen | None:
    """Return the direct message or the opened Home tab in `body`; `None` for every other event."""
    event = body["event"]
    person = event.get("user")
    if person is None or person == home.bot_person_ref:
        return None
    place, action = _heard(event, person)
    if place is None or action is None:
        return None
    team = event.get("user_team") or event.get("team") or body.get("team_id")
    return Seen(
        place=place,
        tenant_ref=home.tenant_of(team, body.get("enterprise_id")),
        key=body["event_id"],
        message_ref=f"{event['channel']}:{event['ts']}" if place.kind is Kind.CONVERSATION else None,
        read=lambda: action,
    )


def _heard(event: Json, person: str) -> tuple[Place | None, Action | None]:
    if event["type"] == "app_home_opened" and event.get("tab") == "home":
        return Place(kind=Kind.TAB, person_ref=person), OpenHome()
    is_direct = event["type"] == "message" and event.get("channel_type") == "im"
    if not is_direct or event.get("bot_id") or event.get("subtype") not in _OF_PEOPLE or event.get("hidden"):
        return None, None
    place = Place(kind=Kind.CONVERSATION, person_ref=person, channel_ref=event["channel"], is_direct=True)
    return place, DirectMessage(text=unmark(event.get("text") or ""))


def _tenant(body: Json, home: Home) -> str:
    """Return the tenant of who acted: in a shared channel their own team, not the one that the app is installed in."""
    team = body["user"].get("team_id") or (body.get("team") or {}).get("id")
    return home.tenant_of(team, (body.get("enterprise") or {}).get("id"))


def _message_ref(body: Json, channel: str | None) -> str | None:
    """Return the reference of the message that was acted on; a private one cannot be redrawn and has none."""
    if (body.get("container") or {}).get("is_ephemeral"):
        return None
    ts = (body.get("message") or {}).get("ts")
    return f"{channel}:{ts}" if channel and ts else None


def _checked(view: Json) -> Json:
    str(view["id"])
    return view


def _kind_of(view: Json | None) -> Kind:
    if view is None:
        return Kind.MESSAGE
    return Kind.HOME if view["type"] == "home" else Kind.WINDOW


def _clicked(action: Json, view: Json | None) -> Action | None:
    match action["type"]:
        case "button":
            return _pressed(action, view) if action.get("value") else None
        case "overflow":
            return unpack(action["selected_option"]["value"])
        case _:
            return _packed(read_carried(view.get("private_metadata") or "").change, view) if view else None


def _pressed(action: Json, view: Json | None) -> Action:
    """Return a button's action. What stands in the window is merged in: over it for a link button, whose text was
    fixed when it was drawn; for other buttons only where the button itself leaves it open.
    """
    asked = unpack(action["value"])
    typed = values_of(view) if view is not None else {}
    if typed and not _is_link(action, view):
        typed = {name: value for name, value in typed.items() if not getattr(asked, name, None)}
    return merge(asked, typed) if typed else asked


def _is_link(action: Json, view: Json | None) -> bool:
    rows = (block.get("elements") or () for block in (view or {}).get("blocks", ()) if block.get("type") == "actions")
    wanted = action["action_id"]
    return "url" in action or any(one.get("action_id") == wanted and "url" in one for row in rows for one in row)


def _packed(carried: str | None, view: Json) -> Action | None:
    return None if carried is None else unpack(carried, values_of(view))


def values_of(view: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Return what stands in a window's fields, by their names."""
    blocks = ((view.get("state") or {}).get("values") or {}).values()
    return {name: _value(state) for block in blocks for name, state in block.items()}


def _value(state: Json) -> FieldValue:
    match state["type"]:
        case "static_select" | "radio_buttons":
            chosen = state.get("selected_option")
            return str(chosen["value"]) if chosen else None
        case "multi_static_select" | "checkboxes":
            return tuple(str(one["value"]) for one in state.get("selected_options") or ())
        case "datepicker":
            return str(state.get("selected_date") or "")
        case "timepicker":
            return str(state.get("selected_time") or "")
        case _:
            return str(state.get("value") or "")


def _suggested(body: Json) -> Action | None:
    if body.get("callback_id") != SUGGEST_THIS:
        return None
    message = body["message"]
    return SuggestMessage(text=unmark(message.get("text") or ""), links=links_in(message))
