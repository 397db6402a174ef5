"""The Web API's door: arguments, token, scope, rate limit, misbehaving, ledger; behind it the table of methods."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from playground.cutting import cut_connection
from playground.parts import Playground
from playground.refused import SlackError

Json = dict[str, Any]


@dataclass(slots=True)
class Args:
    """A method's arguments, whether they came as JSON, as a form or in the address."""

    told: Json
    scopes: set[str] = field(default_factory=set)

    def text(self, name: str, default: str = "") -> str:
        """Return the argument as text; `default` if it is not there."""
        value = self.told.get(name)
        return default if value is None else str(value)

    def need(self, name: str) -> str:
        """Return the argument, which must be there and not empty."""
        if not (value := self.text(name)):
            message = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no, which forms carry as text."""
        value = self.told.get(name)
        return default if value is None else value is True or str(value).lower() in ("true", "1")

    def number(self, name: str, default: int) -> int:
        """Return a whole number; `invalid_arguments` if it is none."""
        try:
            return int(self.told.get(name) or default)
        except (TypeError, ValueError):
            raise SlackError(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] must be a number: {name}"]}
            ) from None

    def structure(self, name: str) -> Any:  # noqa: ANN401 - JSON enters here
        """Return an argument that is JSON, decoded if it came as text; None if it is not there."""
        value = self.told.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            code = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}.get(name)
            raise SlackError(code or "invalid_arguments") from None


Run = Callable[[Playground, Args], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what runs it, and the scope it needs (empty: none)."""

    run: Run
    scope: str = ""
    is_app_level: bool = False


def require(play: Playground, *scopes: str) -> None:
    """Refuse with `missing_scope` unless the app has one of these scopes."""
    if not any(scope in play.scopes for scope in scopes):
        raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(play.scopes))


async def read_args(request: Request) -> Json:
    """Return a request's arguments; `invalid_json` or `json_not_object` for a body that is no JSON object."""
    args: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            return args | {key: value for key, value in form.items() if isinstance(value, str)}
    return args


def token_of(request: Request, args: Json) -> str:
    """Return the token of the header or of the arguments; empty if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token if scheme.lower() == "bearer" else args.pop("token", "")
    return str(given).strip()


def check_token(play: Playground, method: Method, token: str) -> None:
    """Refuse with `not_authed`, `invalid_auth` or `not_allowed_token_type`."""
    known = play.settings.secrets
    if not token:
        raise SlackError("not_authed")
    if known is None or token not in (known.bot_token, known.app_token):
        raise SlackError("invalid_auth")
    if (token == known.app_token) != method.is_app_level:
        raise SlackError("not_allowed_token_type")


@dataclass(slots=True)
class Door:
    """Answers `/slack/api/{method}` from a table of methods."""

    play: Playground
    methods: dict[str, Method]

    async def answer(self, request: Request) -> Response:
        """Answer one request as Slack would, or misbehave as told."""
        name = request.path_params["method"]
        bad: SlackError | None = None
        args: Json = {}
        try:
            args = await read_args(request)
        except SlackError as error:
            bad = error
        token = token_of(request, args)
        entry = self.play.ledger.begin("in", name, args)
        fault = self.play.faults.for_method(name)
        await asyncio.sleep(float(fault.get("delay_ms", 0)) / 1000)
        if fault.get("cut") == "before":
            self.play.ledger.finish(entry, 0, None, "cut")
            return cut_connection(request)
        status, answer, headers = self._faulty(fault) or self._answer(name, args, token, bad)
        result = "ok" if answer.get("ok") else str(answer.get("error"))
        if fault.get("cut") == "after":
            self.play.ledger.finish(entry, 0, answer, "cut")
            return cut_connection(request)
        self.play.ledger.finish(entry, status, answer, result)
        if status >= 500:
            return PlainTextResponse("Internal error", status_code=status, headers=headers)
        return JSONResponse(answer, status_code=status, headers={**headers, **self._scopes()})

    def _scopes(self) -> dict[str, str]:
        return {"X-OAuth-Scopes": ",".join(self.play.scopes)}

    def _faulty(self, fault: Json) -> tuple[int, Json, dict[str, str]] | None:
        status = int(fault.get("status", 200))
        if status == 429:
            return _limited(int(fault.get("retry_after", 1)))
        if status >= 500:
            return status, {"ok": False, "error": f"http_{status}"}, {}
        if error := fault.get("error"):
            more: Json = {key: fault[key] for key in ("needed", "provided") if key in fault}
            return status, {"ok": False, "error": error, **more}, {}
        return None

    def _answer(self, name: str, args: Json, token: str, bad: SlackError | None) -> tuple[int, Json, dict[str, str]]:
        try:
            if bad is not None:
                raise bad
            method = self.methods.get(name)
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            check_token(self.play, method, token)
            if method.scope:
                require(self.play, *method.scope.split())
            if wait := self.play.limiter.wait_for(name, self._lane(name, args)):
                return _limited(wait)
            return 200, {"ok": True, **method.run(self.play, Args(args))}, {}
        except SlackError as error:
            return 200, {"ok": False, "error": error.code, **error.more}, {}

    def _lane(self, name: str, args: Json) -> str:
        if name != "chat.postMessage":
            return ""
        with suppress(SlackError):
            return self.play.workspace.bot_channel(str(args.get("channel", ""))).id
        return ""


def _limited(seconds: int) -> tuple[int, Json, dict[str, str]]:
    return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)}
