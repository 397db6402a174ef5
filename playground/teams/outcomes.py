"""What a person sees at once after a deed: Teams' reading of the bot's answers, and its complaints about bad ones.

Sources: msteams-docs task-modules-bots, respond-to-search, create-task-module; adaptive-cards universal-action-model.
"""

from dataclasses import dataclass, field
from typing import Any

from playground.teams.activities import HERO, THUMBNAIL
from playground.teams.checks import CardError, check_card, is_web
from playground.teams.delivering import TIMED_OUT, Answer
from playground.teams.state import ADAPTIVE

Json = dict[str, Any]

MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
WENT_WRONG = "Something went wrong. Please try again."
UNREACHABLE = "Unable to reach app. Please try again."
SIZES = ("small", "medium", "large")


@dataclass(slots=True, kw_only=True)
class Dialog:
    """An open dialog; `origin` is the activity that opened it. An extension's dialog is submitted to the extension."""

    title: str
    card: Json
    value: Json
    is_extension: bool
    origin: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a deed: `error` is the sentence Teams shows if it went wrong, `why` what was wrong in the answer.

    `activity` was delivered (None: nothing was). `problems` are the client's own complaints by input.
    """

    activity: Json | None = None
    answer: Answer = field(default_factory=Answer)
    error: str = ""
    why: str = ""
    toast: str = ""
    card: Json | None = None
    dialog: Dialog | None = None
    results: tuple[Json, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Return whether the person saw no complaint."""
        return not self.error and not self.problems


class BadAnswer(ValueError):
    """Teams cannot show this answer; the words say why."""


def failed(activity: Json, answer: Answer, why: str = "") -> Outcome:
    """Return what a person sees of an answer that Teams cannot use."""
    sentence = UNREACHABLE if not answer.status else WENT_WRONG
    reason = why or ("no answer in time" if answer.error == TIMED_OUT else f"status {answer.status}")
    return Outcome(activity=activity, answer=answer, error=sentence, why=reason)


def read_action(activity: Json, answer: Answer) -> Outcome:
    """Read the answer to `adaptiveCard/action`: a card, a message, or an error in words."""
    if answer.status != 200:
        return failed(activity, answer)
    body = answer.body
    try:
        status, kind, value = body["statusCode"], body["type"], body["value"]
    except (TypeError, KeyError):
        return failed(activity, answer, "the answer needs statusCode, type and value")
    if status == 200 and kind == MESSAGE and isinstance(value, str):
        return Outcome(activity=activity, answer=answer, toast=value)
    if status == 200 and kind == ADAPTIVE:
        try:
            check_card(value)
        except CardError as error:
            return failed(activity, answer, str(error))
        return Outcome(activity=activity, answer=answer, card=value)
    if status != 200 and kind == ERROR and isinstance(value, dict) and isinstance(value.get("message"), str):
        return Outcome(activity=activity, answer=answer, error=value["message"], why=str(value.get("code")))
    return failed(activity, answer, f"{kind!r} with {status!r} is nothing to show")


def read_task(activity: Json, answer: Answer, *, may_be_empty: bool) -> Outcome:
    """Read the answer that opens, changes or closes a dialog; an empty one closes it where that is allowed."""
    if answer.status != 200:
        return failed(activity, answer)
    try:
        if may_be_empty and is_empty(answer):
            return Outcome(activity=activity, answer=answer)
        return _read_task(activity, answer)
    except BadAnswer as error:
        return failed(activity, answer, str(error))


def is_empty(answer: Answer) -> bool:
    """Return whether the bot answered with nothing, which closes a dialog."""
    return not answer.text.strip() or answer.body in (None, {}, {"task": None})


def _read_task(activity: Json, answer: Answer) -> Outcome:
    task = answer.body.get("task") if isinstance(answer.body, dict) else None
    if not isinstance(task, dict):
        raise BadAnswer("the answer needs a task")
    kind, value = task.get("type"), task.get("value")
    if kind == "message" and isinstance(value, str):
        return Outcome(activity=activity, answer=answer, toast=value)
    if kind != "continue" or not isinstance(value, dict):
        raise BadAnswer(f"a task is continue or message, not {kind!r}")
    is_extension = str(activity.get("name", "")).startswith("composeExtension/")
    dialog = Dialog(title=_title(value), card=_card(value), value=value, is_extension=is_extension, origin=activity)
    return Outcome(activity=activity, answer=answer, dialog=dialog)


def _title(value: Json) -> str:
    title = value.get("title", "")
    if not isinstance(title, str):
        raise BadAnswer("a dialog's title is a text")
    for name in ("height", "width"):
        size = value.get(name, "small")
        if size not in SIZES and (isinstance(size, bool) or not isinstance(size, int)):
            raise BadAnswer(f"a dialog's {name} is small, medium, large or a number, not {size!r}")
    return title


def _card(value: Json) -> Json:
    held = value.get("card")
    if not isinstance(held, dict) or held.get("contentType") != ADAPTIVE:
        raise BadAnswer("a dialog needs a card with its contentType")
    try:
        check_card(held.get("content"), in_dialog=True)
    except CardError as error:
        raise BadAnswer(str(error)) from None
    card: Json = held["content"]
    return card


def read_extension(activity: Json, answer: Answer) -> Outcome:
    """Read the answer of a message extension: results to choose from or insert, or a sentence."""
    if answer.status != 200:
        return failed(activity, answer)
    told = answer.body.get("composeExtension") if isinstance(answer.body, dict) else None
    if not isinstance(told, dict):
        return failed(activity, answer, "the answer needs a composeExtension")
    if told.get("type") == "message" and isinstance(told.get("text"), str):
        return Outcome(activity=activity, answer=answer, toast=told["text"])
    try:
        return Outcome(activity=activity, answer=answer, results=_results(told))
    except BadAnswer as error:
        return failed(activity, answer, str(error))


def _results(told: Json) -> tuple[Json, ...]:
    held = told.get("attachments")
    if told.get("type") != "result" or told.get("attachmentLayout") not in ("list", "grid"):
        raise BadAnswer("a result has type result and a layout, list or grid")
    if not isinstance(held, list):
        raise BadAnswer("a result has a list of attachments")
    for one in held:
        _check_result(one)
    return tuple(held)


def _check_result(one: object) -> None:
    if not isinstance(one, dict) or one.get("contentType") not in (ADAPTIVE, HERO, THUMBNAIL):
        raise BadAnswer("a result is a card with its contentType")
    if one["contentType"] == ADAPTIVE:
        preview = one.get("preview")
        if not isinstance(preview, dict) or preview.get("contentType") not in (HERO, THUMBNAIL):
            raise BadAnswer("an Adaptive Card among results needs a hero or thumbnail card as its preview")
        try:
            check_card(one.get("content"))
        except CardError as error:
            raise BadAnswer(str(error)) from None
    content = (one.get("preview") or one).get("content")
    images = content.get("images") or [] if isinstance(content, dict) else None
    if images is None or not all(isinstance(image, dict) and is_web(image.get("url")) for image in images):
        raise BadAnswer("a preview has a content, and its images are on the web")
