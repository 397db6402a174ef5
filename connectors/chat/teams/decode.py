"""Teams' activities decoded: what somebody asks for as an `Interaction`, and the `Place` where the answer belongs.

Pure. What asks for nothing (a bot's message, an edit, a reaction) is `None`; an activity without what it must have
raises `Undecodable`; a button that carries no action of ours raises `Unreadable` when its action is read.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from bot.core.actions import Action, DirectMessage, FindPosts, Interaction, ShowHelp, SuggestMessage
from bot.core.codec import merge, unpack
from bot.core.commands import PREFIX, is_command, parse_command
from bot.core.errors import Unreadable
from connectors.chat.teams.carrying import FIELDS, VOUCH, values_of
from connectors.chat.teams.guard import tenant_of
from connectors.chat.teams.messages import has_link, read_payload, typed_text, with_hidden_links

Json = dict[str, Any]
PLATFORM = "teams"
SUGGEST_THIS = "suggest_this"
FIND_POSTS = "find_posts"
SEARCH_WORDS = "words"
"""The ids of the message extension's commands, and the name of what is searched by."""

_MISSHAPEN = (KeyError, TypeError, AttributeError, IndexError, ValueError)
_CALLED = re.compile(rf"/?(?:{PREFIX[1:]}(?![\w-]))?[\s,:;]*", re.IGNORECASE)
_BLANK = re.compile(r"\s+")


class Undecodable(Exception):
    """An activity lacks what every activity of its kind has."""


class Kind(Enum):
    """What somebody acted by; it decides how the answer is shown."""

    MESSAGE = auto()
    EXECUTE = auto()
    FETCH = auto()
    SUBMIT = auto()
    EXTENSION_FETCH = auto()
    EXTENSION_SUBMIT = auto()
    QUERY = auto()


DIALOGS = frozenset({Kind.FETCH, Kind.SUBMIT, Kind.EXTENSION_FETCH, Kind.EXTENSION_SUBMIT})
"""What is answered with a dialog, or in the one that is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an interaction came from, as far as its answer needs to know.

    `is_direct`: in the person's own chat with the bot. `typed` are the words that stood in the dialog's boxes.
    """

    kind: Kind
    person_ref: str
    conversation_id: str
    is_direct: bool
    service_url: str
    locale: str = ""
    channel_ref: str | None = None
    typed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An activity as read so far: its place, whose tenant it is, its key, and how to read what it asks for."""

    place: Place
    tenant_ref: str
    key: str
    message_ref: str | None
    read: Callable[[], Action]

    def interaction(self, received_at: datetime) -> Interaction:
        """Return what is asked for; raises `Unreadable` for an action of another time."""
        try:
            action = self.read()
        except _MISSHAPEN as error:
            raise Undecodable(type(error).__name__) from error
        return Interaction(
            key=self.key,
            platform=PLATFORM,
            tenant_ref=self.tenant_ref,
            person_ref=self.place.person_ref,
            action=action,
            received_at=received_at,
            channel_ref=self.place.channel_ref or self.place.conversation_id,
            message_ref=self.message_ref,
            window_ref=f"dialog-{self.key}" if self.place.kind in DIALOGS else None,
            is_direct=self.place.is_direct,
            is_live=False,
        )


def see(activity: Json) -> Seen | None:
    """Return what is asked for in `activity`, `None` for nothing; raises `Undecodable` for what is not Teams' shape."""
    try:
        name = activity.get("name") if activity["type"] == "invoke" else None  # a pressed button's message may have one
        read = READERS.get((activity["type"], name))
        return read(activity) if read is not None else None
    except _MISSHAPEN as error:
        raise Undecodable(type(error).__name__) from error


def place_of(activity: Json, kind: Kind = Kind.MESSAGE, *, typed: tuple[str, ...] = ()) -> Place:
    """Return where `activity` comes from; raises `Undecodable` if it does not say."""
    try:
        return Place(
            kind=kind,
            person_ref=person_of(activity),
            conversation_id=conversation_of(activity),
            is_direct=is_direct(activity),
            service_url=str(activity["serviceUrl"]),
            locale=str(activity.get("locale") or ""),
            channel_ref=channel_of(activity),
            typed=typed,
        )
    except _MISSHAPEN as error:
        raise Undecodable(type(error).__name__) from error


def key_of(activity: Mapping[str, Any]) -> str:
    """Return what is the same for every delivery of `activity` and of no other; an id is unique in its conversation.

    Raises `Undecodable` for an activity without a conversation.
    """
    told: object = activity
    if activity.get("id"):
        try:
            told = [conversation_of(activity), activity["id"], activity.get("type"), activity.get("name")]
        except _MISSHAPEN as error:
            raise Undecodable(type(error).__name__) from error
    return f"teams-{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:40]}"


def person_of(activity: Mapping[str, Any]) -> str:
    """Return the reference of who acted: their object id, or where a test client sends none, the client's own.

    Nobody's id in Teams is lost on the way: only object ids mean the same in capitals.
    """
    sender = activity["from"]
    object_id = sender.get("aadObjectId")
    return str(object_id).lower() if object_id else str(sender["id"])


def home_of(activity: Mapping[str, Any]) -> str:
    """Return the tenant of who acted: in a shared channel their own where Teams says it, else that of the activity."""
    own = activity["from"].get("tenantId")
    return own.lower() if own and isinstance(own, str) else tenant_of(activity)


def conversation_of(activity: Mapping[str, Any]) -> str:
    """Return the conversation, with the message that it hangs on ("19:…@thread.tacv2;messageid=…")."""
    return str(activity["conversation"]["id"])


def channel_of(activity: Mapping[str, Any]) -> str | None:
    """Return the channel that somebody acted in; a group chat is one too, the chat with the bot is none."""
    if is_direct(activity):
        return None
    told = ((activity.get("channelData") or {}).get("channel") or {}).get("id")
    return str(told or conversation_of(activity).partition(";")[0])


def is_direct(activity: Mapping[str, Any]) -> bool:
    """Say whether somebody acted in their own chat with the bot.

    A message extension is used in other chats too: two people's is "personal" as well, but its id begins with 19 as
    that of every chat of people (microsoft/BotFramework-Services issue 344) and does not hold the bot's; one's notes
    to oneself are 48. A meeting's chat says of which kind it is only by that (msteams-docs create-task-module).
    """
    conversation = activity["conversation"]
    if conversation.get("isGroup") or conversation.get("conversationType") not in (None, "", "personal"):
        return False
    own = str((activity.get("recipient") or {}).get("id") or "").partition(":")[2]
    held = conversation_of(activity)
    return not held.startswith(("19:", "48:")) or (bool(own) and own in held)


def _seen(activity: Json, kind: Kind, read: Callable[[], Action], *, typed: tuple[str, ...] = ()) -> Seen:
    acted_on = activity.get("replyToId")
    return Seen(
        place=place_of(activity, kind, typed=typed),
        tenant_ref=home_of(activity),
        key=key_of(activity),
        message_ref=f"{conversation_of(activity)}|{acted_on}" if acted_on else None,
        read=read,
    )


def _message(activity: Json) -> Seen | None:
    sender = activity["from"]
    if sender.get("role") == "bot" or str(sender["id"]).startswith("28:"):
        return None
    value = activity.get("value")
    is_ours = isinstance(value, Mapping) and VOUCH in value
    if is_ours or (value is not None and not activity.get("text")):  # a button of a client without Action.Execute
        return _seen(activity, Kind.MESSAGE, lambda: _pressed(value))
    return _seen(activity, Kind.MESSAGE, lambda: _said(activity))


def _said(activity: Json) -> Action:
    """Return what words to the bot ask for: a command, or the nearest to a misspelt one; a link is a suggestion.

    What else is said in the chat with the bot are words; in a channel the nearest command answers them.
    """
    words = with_hidden_links(typed_text(activity), activity)
    line = _BLANK.sub(" ", words[_end_of_call(words) :], count=2).strip()
    asked = parse_command(line)
    if not line or is_command(line):
        return asked
    is_near = isinstance(asked, ShowHelp) and bool(asked.nearest) and " " not in line
    if has_link(words) or (is_direct(activity) and not is_near):
        return DirectMessage(text=words)
    return asked


def _end_of_call(words: str) -> int:
    """Return where a line goes on after "/vouch", "Vouch" or the stroke of a slash command."""
    called = _CALLED.match(words)
    return called.end() if called else 0


def _execute(activity: Json) -> Seen | None:
    value = activity["value"]
    if value.get("trigger") == "automatic":  # a card that redraws itself, which none of ours does: nobody clicked
        return None
    return _seen(activity, Kind.EXECUTE, lambda: _pressed(value["action"].get("data")))


def _fetch(activity: Json) -> Seen:
    return _dialog(activity, Kind.FETCH)


def _submit(activity: Json) -> Seen:
    return _dialog(activity, Kind.SUBMIT)


def _extension_submit(activity: Json) -> Seen:
    return _dialog(activity, Kind.EXTENSION_SUBMIT)


def _dialog(activity: Json, kind: Kind) -> Seen:
    data = activity["value"].get("data")
    return _seen(activity, kind, lambda: _pressed(data), typed=() if kind is Kind.FETCH else _words_in(data))


def _pressed(data: object) -> Action:
    """Return the action of a button; what stands in the fields is merged in where the button leaves that open."""
    packed = data.get(VOUCH) if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(packed, str):
        raise Unreadable
    asked = unpack(packed)
    typed = {name: value for name, value in values_of(data).items() if not getattr(asked, name, None)}
    return merge(asked, typed)


def _words_in(data: object) -> tuple[str, ...]:
    """Return what was typed into a dialog's boxes, in their order; of what another version asks all that is there."""
    if not isinstance(data, Mapping):
        return ()
    kinds = data.get(FIELDS)
    names = [name for name in data if name not in (VOUCH, FIELDS)]
    if isinstance(kinds, Mapping):
        names = [name for name, kind in kinds.items() if kind not in ("one", "many", "date", "time")]
    told = (data.get(name) for name in names)
    return tuple(one.strip() for one in told if isinstance(one, str) and one.strip())


def _extension_fetch(activity: Json) -> Seen | None:
    value = activity["value"]
    if value["commandId"] != SUGGEST_THIS:
        return None
    return _seen(activity, Kind.EXTENSION_FETCH, lambda: _suggested(value.get("messagePayload") or {}))


def _suggested(payload: Mapping[str, Any]) -> Action:
    text, links = read_payload(payload)
    return SuggestMessage(text=text, links=links)


def _query(activity: Json) -> Seen | None:
    """Return the search; the first one has no words but a parameter "initialRun" (msteams-docs respond-to-search)."""
    value = activity["value"]
    if value["commandId"] != FIND_POSTS:
        return None
    told = (one for one in value.get("parameters") or () if one.get("name") == SEARCH_WORDS)
    words = " ".join(str(one.get("value") or "").strip() for one in told)
    return _seen(activity, Kind.QUERY, lambda: FindPosts(words=words))


READERS: Mapping[tuple[str, str | None], Callable[[Json], Seen | None]] = {
    ("message", None): _message,
    ("invoke", "adaptiveCard/action"): _execute,
    ("invoke", "task/fetch"): _fetch,
    ("invoke", "task/submit"): _submit,
    ("invoke", "composeExtension/fetchTask"): _extension_fetch,
    ("invoke", "composeExtension/submitAction"): _extension_submit,
    ("invoke", "composeExtension/query"): _query,
}
