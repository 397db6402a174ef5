"""Shows a reply where it belongs, after the commit: in the answer to an invoke, else by a call.

A dialog is its own answer, so nothing has to be opened by a call. Private messages run as tracked tasks, because the
answer must not wait for them; a failure is logged without anybody's words and never undoes what was committed.

Sources of the answers' shapes: msteams-docs task-modules-bots and create-task-module (dialogs; 200 without a body
closes one, MicrosoftDocs/msteams-docs issue 6432, and a body without a task is an error, microsoft/teams-sdk pull 167),
respond-to-task-module-submit ("no response" to a message extension's dialog), respond-to-search (results), and
adaptive-cards authoring-cards/universal-action-model (Action.Execute).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol

from bot.core.actions import Action
from bot.core.cards import Button, Buttons, Card, Link, Text
from bot.core.errors import OutsideError, Refused
from bot.core.reply import SILENCE, Match, Reply
from connectors.chat.teams.decode import DIALOGS, Kind, Place
from connectors.chat.teams.guard import Answer
from connectors.chat.teams.render import (
    fallback_words,
    render_attachment,
    render_card_dialog,
    render_dialog,
    short_words,
)
from connectors.chat.teams.render_text import Json, Unrenderable, short, size

log = logging.getLogger("vouch.teams")
ACCEPTED = Answer(status=HTTPStatus.ACCEPTED)
NAME = "Vouch"
_TOAST = 300
_RESULT_NOTE = 200
_DRAIN_WITHIN = timedelta(seconds=5)
_EXECUTED = "application/vnd.microsoft.activity.message"
_DONE = "✓"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What no handler can say, in one language: a window that cannot be drawn, an old button, a hello.

    `unreachable` is said in a channel to who cannot be answered privately, `in_chat` where the rest of an answer is,
    `late` where the answer was lost with the process that had it.
    """

    window_failed: Card
    unreadable: Card
    unreachable: Card
    late: Card
    welcome: Card
    in_chat: str


class SaysPrivately(Protocol):
    """Sends private messages to who acted."""

    async def send(self, card: Card, place: Place) -> None:
        """Send `card`; raises an `OutsideError` if there is no way, `Refused("unrenderable")` if it cannot be drawn."""

    async def reply(self, card: Card, place: Place) -> None:
        """Send `card` where they acted, for all to see; raises an `OutsideError` if that is refused."""


class Display:
    """Shows replies; `drain` waits for what is still being shown."""

    def __init__(self, private: SaysPrivately, *, notices: Callable[[str], Notices], names: Mapping[str, str]) -> None:
        """Show by `private`; `notices` are asked for by locale, `names` are those of channels by their reference."""
        self._private = private
        self._notices = notices
        self._names = names
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, reply: Reply, place: Place, action: Action | None = None) -> Answer:
        """Return the answer to what came from `place`, and start showing the rest of `reply`."""
        try:
            return self._answer(reply, place, action)
        except Unrenderable as error:
            log.error("a reply cannot be drawn: %s", error)
            return self._notify(self._notices(place.locale).window_failed, place)

    def apologise(self, place: Place) -> Answer:
        """Tell somebody privately that their button is too old."""
        return self._notify(self._notices(place.locale).unreadable, place)

    def repeat(self, place: Place) -> Answer:
        """Return the answer to what was handled before, by a process whose answer did not arrive.

        Who has a dialog open is told so and keeps what they typed; a closed one would look like an answer.
        """
        if place.kind in DIALOGS:
            return self._notify(self._notices(place.locale).late, place)
        return self.answer(SILENCE, place)

    def greet(self, place: Place) -> None:
        """Say hello in a conversation that has just begun."""
        self._start(self._tell(self._notices(place.locale).welcome, place))

    async def drain(self, within: timedelta = _DRAIN_WITHIN) -> None:
        """Wait for what is being shown, at most `within`; then give it up."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=within.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _notify(self, notice: Card, place: Place) -> Answer:
        """Say what no handler could; in a dialog it takes the form's place, so what was typed goes along."""
        return self._answer(Reply(card=replace(notice, body=(*notice.body, *_quotes(place)))), place, None)

    def _answer(self, reply: Reply, place: Place, action: Action | None) -> Answer:
        if place.kind in DIALOGS:
            return _invoked(self._in_dialog(reply, place))
        if place.kind is Kind.QUERY:
            return _invoked(self._found(reply))
        card = self._as_card(reply, place, action)
        if place.kind is Kind.MESSAGE:
            if card is not None:
                self._start(self._tell(card, place))
            return ACCEPTED
        if card is None:
            return _invoked(_executed(_DONE))
        if _is_said_by_toast(card):
            return _invoked(_executed(short_words(replace(card, summary=""), _TOAST, self._names)))
        self._start(self._tell(card, place))
        more = self._notices(place.locale).in_chat
        return _invoked(_executed(f"{short_words(card, _TOAST - size(more) - 1, self._names)} {more}"))

    def _as_card(self, reply: Reply, place: Place, action: Action | None) -> Card | None:
        """Return what a message says of `reply`: a window becomes a card with the button that opens it."""
        if reply.form is None:
            return reply.card or reply.home or (Card(body=_lines(reply.errors.values())) if reply.errors else None)
        if action is not None and type(action).opens_window:
            button = Button(label=reply.form.title, action=action, style="primary")
            return Card(body=(Buttons((button,)),), summary=reply.form.title)
        return reply.fallback or self._notices(place.locale).window_failed

    def _in_dialog(self, reply: Reply, place: Place) -> Json | None:
        """Return what a dialog shows next; `None` closes it. One that is to open and has nothing to show says so."""
        if reply.form is not None:
            is_over = reply.is_stacked and reply.form.back is None
            form = replace(reply.form, body=(*reply.form.body, *_quotes(place))) if is_over else reply.form
            return _goes_on(render_dialog(form, self._names, errors=reply.errors))
        if reply.errors:
            return self._shown(Card(body=(*_lines(reply.errors.values()), *_quotes(place))))
        if (card := reply.card or reply.home) is not None:
            return self._shown(card)
        is_open = place.kind in (Kind.SUBMIT, Kind.EXTENSION_SUBMIT)
        return None if is_open else self._shown(self._notices(place.locale).window_failed)

    def _shown(self, card: Card) -> Json:
        return _goes_on(render_card_dialog(card, self._names, title=card.title or NAME))

    def _found(self, reply: Reply) -> Json:
        if reply.card is not None and reply.matches is None:
            words = short_words(reply.card, _TOAST, self._names)
            return {"composeExtension": {"type": "message", "text": words}}
        attachments = [drawn for one in reply.matches or () if (drawn := self._result(one)) is not None]
        return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": attachments}}

    def _result(self, match: Match) -> Json | None:
        """Return one result, which must have a preview beside its card; one that cannot be drawn is left out."""
        preview: Json = {"title": short(match.title, _RESULT_NOTE), "text": short(match.note, _RESULT_NOTE)}
        if match.picture:
            preview["images"] = [{"url": match.picture, "alt": preview["title"]}]
        shown = {"contentType": "application/vnd.microsoft.card.thumbnail", "content": preview}
        try:
            return {**render_attachment(match.card, self._names), "preview": shown}
        except Unrenderable as error:
            log.error("a result cannot be drawn: %s", error)
            return None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, card: Card, place: Place) -> None:
        try:
            await self._send(card, place)
        except OutsideError as error:
            log.warning("a reply could not be shown: %s %s", type(error).__name__, error.code)
            await self._say_so(error, place)
        except Exception:
            log.exception("a reply could not be shown")

    async def _say_so(self, error: OutsideError, place: Place) -> None:
        """Tell who asked in a channel that they cannot be written to, and how they could; of their answer nothing."""
        if place.is_direct or place.kind is not Kind.MESSAGE or not isinstance(error, Refused):
            return
        try:
            await self._private.reply(self._notices(place.locale).unreachable, place)
        except OutsideError as again:
            log.warning("nor could that be said: %s %s", type(again).__name__, again.code)

    async def _send(self, card: Card, place: Place) -> None:
        try:
            await self._private.send(card, place)
        except Refused as error:
            if error.code != "unrenderable":
                raise
            await self._private.send(self._notices(place.locale).window_failed, place)


def _invoked(body: Json | None) -> Answer:
    return Answer(status=HTTPStatus.OK, body=body)


def _executed(words: str) -> Json:
    """Return the answer to Action.Execute: a line that the person alone sees, the card stays as it is."""
    return {"statusCode": int(HTTPStatus.OK), "type": _EXECUTED, "value": words}


def _goes_on(shown: Json) -> Json:
    return {"task": {"type": "continue", "value": shown}}


def _is_said_by_toast(card: Card) -> bool:
    """Say whether a short line tells everything that `card` does."""
    texts = [one for one in card.body if isinstance(one, Text)]
    has_link = any(isinstance(span, Link) for one in texts for span in one.spans)
    is_short = size(" ".join(fallback_words(replace(card, summary="")).split())) <= _TOAST
    return len(texts) == len(card.body) and not has_link and is_short


def _lines(sentences: Iterable[str]) -> tuple[Text, ...]:
    return tuple(Text((sentence,)) for sentence in sentences)


def _quotes(place: Place) -> tuple[Text, ...]:
    """Return the words that stood in the dialog: a notice takes its place, and nothing may be lost."""
    return tuple(Text((words,), style="quote") for words in place.typed)
