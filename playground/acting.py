"""What all acting routes share: reading a body, waiting for what follows, and the answer a person gets."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from playground.company import Person
from playground.outbound import Answer
from playground.parts import Playground
from playground.refused import PersonError
from playground.shown import shown_message

Json = dict[str, Any]
Act = Callable[[Playground, Json], Awaitable[Json]]


def acting(play: Playground, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that does `act` and answers with what it returns, or with the refusal it raises."""

    async def answer(request: Request) -> Response:
        body: Any = None
        with suppress(ValueError):
            body = json.loads(await request.body() or b"{}")
        if not isinstance(body, dict):
            return JSONResponse(PersonError("invalid_request").answer, status_code=400)
        try:
            return JSONResponse({"ok": True, **await act(play, body)})
        except PersonError as error:
            return JSONResponse(error.answer)

    return answer


def word(body: Json, name: str, *, is_needed: bool = True) -> str:
    """Return a text of the body; `invalid_request` if it is needed and not there."""
    value = body.get(name)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str) or (is_needed and not value.strip()):
        raise PersonError("invalid_request", field=name)
    return value


@dataclass(slots=True)
class Moment:
    """The state before a person acts, to tell afterwards what is new to them."""

    play: Playground
    person: Person
    marks: tuple[str, ...]
    level: int
    stamp: int

    async def wait(self, body: Json, *, is_quick: bool = False) -> None:
        """Wait until something that the person sees has changed: `wait_s` of the body, or the setting."""
        asked = body.get("wait_s", 0.0 if is_quick else self.play.settings.follow_s)
        if not isinstance(asked, int | float) or isinstance(asked, bool) or not 0 <= asked <= 60:
            raise PersonError("invalid_request", field="wait_s")
        if asked:
            await self.play.workspace.wait_beyond(self.marks, self.level, float(asked))

    def seen(self) -> Json:
        """Return the private messages that are new to the person, and the window that is open."""
        new = [
            shown_message(self.play, message, self.person)
            for message in self.play.workspace.private[self.person.id].values()
            if int(message.ts.replace(".", "")) > self.stamp
        ]
        return {"ephemeral": sorted(new, key=_by_ts), "view": self.play.windows.top(self.person.id)}


def _by_ts(row: Json) -> str:
    return str(row["ts"])


def moment(play: Playground, person: Person, *more: str) -> Moment:
    """Return the present moment for that person; `more` are marks that also count as a change they see."""
    marks = (f"person {person.id}", *more)
    play.clock.stamp()
    return Moment(play, person, marks, play.workspace.level(marks), play.clock.last_stamp)


def accepted(answer: Answer, **more: object) -> Answer:
    """Return the bot's answer if it acknowledged; otherwise a `PersonError` with the sentence Slack would show."""
    if answer.is_ok:
        return answer
    raise PersonError(answer.error, **({"status": answer.status} if answer.status else {}), **more)
