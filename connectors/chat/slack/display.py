"""Shows a reply where it belongs, after the commit: in the acknowledgement where Slack takes it there, else by a call.

Calls run as tracked tasks, because the acknowledgement must not wait for them; a failure is logged without anybody's
words and never undoes what was committed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.cards import Card, Form, Text
from bot.core.errors import OutsideError, Refused
from bot.core.reply import Reply
from connectors.chat.slack.calls import call
from connectors.chat.slack.decode import Kind, Place
from connectors.chat.slack.limits import OPEN_WINDOW_WITHIN
from connectors.chat.slack.private import PrivateAnswers
from connectors.chat.slack.render import render_home, render_message, render_window
from connectors.chat.slack.render_text import Json, Unrenderable

log = logging.getLogger("vouch.slack")
_DRAIN_WITHIN = timedelta(seconds=5)
_MOST_WINDOWS = 10_000
_ASKED_IN_WORDS = (Kind.COMMAND, Kind.CONVERSATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Cards for what no handler can say: a window that Slack did not open, a button of an older version."""

    window_failed: Card
    unreadable: Card


class Display:
    """Shows replies; `drain` waits for what is still being shown."""

    def __init__(self, client: AsyncWebClient, *, notices: Notices) -> None:
        """Show with `client`; `notices` stand in where a reply brings nothing of its own."""
        self._client = client
        self._notices = notices
        self._private = PrivateAnswers(client)
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._count = 0

    def acknowledge(self, reply: Reply, place: Place, *, is_late: bool = False) -> Json:
        """Return the body of the acknowledgement, `{}` for none, and start showing the rest of `reply`.

        `is_late`: Slack may have stopped waiting for this acknowledgement, so a private message goes by a call.
        """
        if reply.home is not None:
            self._start(self._publish_home(place.person_ref, reply.home))
        if place.kind is Kind.SUBMISSION:
            return self._after_submission(reply, place)
        if place.kind is Kind.WINDOW and reply.closes and reply.card:
            self._start(self._update(_farewell(reply.card, place), place, reply))
            return {}
        if reply.form is not None:
            self._start(self._show_form(reply.form, place, reply))
        card = reply.card or (reply.home if place.kind in _ASKED_IN_WORDS else None)
        if card is None:
            return {}
        if place.kind is Kind.COMMAND and not is_late:
            return {"response_type": "ephemeral", **render_message(card)}
        self._start(self._tell(card, place))
        return {}

    def apologise(self, place: Place, *, is_unreadable: bool = False) -> None:
        """Tell somebody privately that their window could not be shown, or that their button is too old."""
        self._start(self._tell(self._notices.unreadable if is_unreadable else self._notices.window_failed, place))

    async def drain(self, within: timedelta = _DRAIN_WITHIN) -> None:
        """Wait for what is being shown, at most `within`; then give it up."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=within.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _after_submission(self, reply: Reply, place: Place) -> Json:
        if reply.card is not None:
            self._start(self._tell(reply.card, place))
        if reply.errors:
            return self._errors(reply.errors, place)
        if reply.form is not None:
            action = "push" if reply.is_stacked else "update"
            return {"response_action": action, "view": render_window(reply.form)}
        return {"response_action": "clear"} if reply.closes else {}

    def _errors(self, errors: Any, place: Place) -> Json:  # noqa: ANN401 - a mapping of names to sentences
        """Return the errors under the blocks that the fields have in this window; a field it lacks: under the last."""
        inputs = {
            block["element"]["action_id"]: block["block_id"]
            for block in (place.view or {}).get("blocks", ())
            if block.get("type") == "input"
        }
        if not inputs:
            self._start(self._tell(Card(body=(Text(("\n".join(errors.values()),)),)), place))
            return {}
        last = next(reversed(inputs.values()))
        shown: dict[str, str] = {}
        for name, sentence in errors.items():
            block = inputs.get(name, last)
            shown[block] = f"{shown[block]} {sentence}" if block in shown else sentence
        return {"response_action": "errors", "errors": shown}

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except OutsideError as error:
            log.warning("a reply could not be shown: %s %s", type(error).__name__, error.code)
        except Exception:
            log.exception("a reply could not be shown")

    async def _show_form(self, form: Form, place: Place, reply: Reply) -> None:
        if place.trigger is None:  # an event opens no window
            if place.kind is not Kind.CLOSED:
                await self._private.send(reply.fallback or self._notices.window_failed, place)
        elif place.kind is not Kind.WINDOW:
            await self._open(form, place, reply)
        elif reply.is_stacked:
            await self._push(form, place, reply)
        else:
            await self._update(form, place, reply)

    async def _open(self, form: Form, place: Place, reply: Reply) -> None:
        try:
            view = render_window(form)
            try:
                await self._call_open(view, place)
            except Refused as error:
                if error.code != "duplicate_external_id":  # the same window is still open on another screen
                    raise
                await self._call_open({key: value for key, value in view.items() if key != "external_id"}, place)
        except (OutsideError, Unrenderable) as error:
            await self._instead(error, place, reply)

    async def _call_open(self, view: Json, place: Place) -> None:
        trigger = place.trigger or ""
        await call(self._client.views_open(trigger_id=trigger, view=view), within=OPEN_WINDOW_WITHIN)

    async def _push(self, form: Form, place: Place, reply: Reply) -> None:
        try:
            view = render_window(form)
            trigger = place.trigger or ""
            await call(self._client.views_push(trigger_id=trigger, view=view), within=OPEN_WINDOW_WITHIN)
        except Refused as error:
            if error.code == "push_limit_reached":  # three windows lie over each other: redraw the topmost
                await self._update(form, place, reply)
            else:
                await self._instead(error, place, reply)
        except (OutsideError, Unrenderable) as error:
            await self._instead(error, place, reply)

    async def _update(self, form: Form, place: Place, reply: Reply) -> None:
        """Redraw the window that was acted in, if nothing newer was asked for in it meanwhile.

        `hash` keeps an older picture from overwriting a newer one; when it no longer fits and this is still the newest
        that was asked for here, the picture is drawn without it.
        """
        view_id = str((place.view or {}).get("id"))
        turn = self._take_turn(view_id)
        try:
            view = render_window(form)
            try:
                known = (place.view or {}).get("hash")
                await call(self._client.views_update(view_id=view_id, hash=known, view=view))
            except Refused as error:
                if error.code != "hash_conflict":
                    raise
                if self._newest.get(view_id) == turn:
                    await call(self._client.views_update(view_id=view_id, view=view))
        except (OutsideError, Unrenderable) as error:
            if place.kind is Kind.WINDOW and getattr(error, "code", "") != "not_found":
                await self._instead(error, place, reply)

    def _take_turn(self, view_id: str) -> int:
        self._count += 1
        self._newest[view_id] = self._count
        self._newest.move_to_end(view_id)
        if len(self._newest) > _MOST_WINDOWS:
            self._newest.popitem(last=False)
        return self._count

    async def _instead(self, error: Exception, place: Place, reply: Reply) -> None:
        if isinstance(error, Unrenderable):
            log.error("a window cannot be drawn: %s", error)
        else:
            log.warning("a window could not be shown: %s", getattr(error, "code", ""))
        await self._private.send(reply.fallback or self._notices.window_failed, place)

    async def _tell(self, card: Card, place: Place) -> None:
        await self._private.send(card, place)

    async def _publish_home(self, person_ref: str, card: Card) -> None:
        await call(self._client.views_publish(user_id=person_ref, view=render_home(card)))


def _farewell(card: Card, place: Place) -> Form:
    """Return a window that only shows `card`: Slack lets no button close a window, so it is drawn over instead."""
    view = place.view or {}
    title = str((view.get("title") or {}).get("text") or "")
    close = str((view.get("close") or {}).get("text") or "")
    bare = replace(card, title="")
    body = bare.body or (Text((card.summary or card.title,)),)
    return Form(ref=f"done-{view.get('id')}", title=card.title or title, body=body, close_label=close)
