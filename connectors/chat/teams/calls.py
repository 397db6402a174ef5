"""Calls of Teams' REST API: one client on one shared session, and every failure as one of our errors.

Source of the status codes: msteams-docs bots/build-conversational-capability, "Status codes from bot conversational
APIs". Nothing is repeated here but a call whose token was refused: the outbox knows when to ask again.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from bot.core.errors import RATE_LIMITED, OutsideError, Refused, TryLater, Uncertain
from connectors.chat.teams.credentials import Credentials
from connectors.chat.teams.limits import AGAIN_AFTER
from connectors.http import retry_after

Json = dict[str, Any]
CALL_WITHIN = timedelta(seconds=15)
LARGEST_ANSWER = 4_000_000  # ours: a page of 500 people takes a tenth of it
MESSAGE_NOT_FOUND = "message_not_found"
UNREACHABLE = "unreachable"
OUR_WORDS = {"ActivityNotFoundInConversation": MESSAGE_NOT_FOUND}
"""Teams' words for what the rest of the bot knows by a word of its own."""

_BEFORE_SENDING = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_LOST = (aiohttp.ClientError, OSError, TimeoutError)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One call: `creates` marks what must not be done twice."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    creates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came back; `body` is `None` if it was cut short or is larger than anything that Teams sends."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


def _nowhere(url: str) -> bool:
    return False


class TeamsCalls:
    """Asks the service addresses of Teams; sends its token to no other, and files to nobody but people's own stores.

    `may_put` says which addresses those are.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        credentials: Credentials | None,
        may_call: Callable[[str], bool],
        may_put: Callable[[str], bool] = _nowhere,
        within: timedelta = CALL_WITHIN,
    ) -> None:
        """Ask on `session`, with the token of `credentials` if there are any, the addresses that `may_call` allows."""
        self._session = session
        self._credentials = credentials
        self._may_call = may_call
        self.may_put = may_put
        self._within = within

    async def get(self, service_url: str, path: Sequence[str], *, query: Mapping[str, str] | None = None) -> Json:
        """Return what stands at `path` below a service address; its parts are quoted here."""
        return await self._asked(self._question("GET", self._url(service_url, path, query)))

    async def post(
        self,
        service_url: str,
        path: Sequence[str],
        body: Mapping[str, Any],
        *,
        query: Mapping[str, str] | None = None,
        is_repeatable: bool = False,
    ) -> Json:
        """Create something; a lost answer is `Uncertain`, unless doing it twice is harmless (`is_repeatable`)."""
        url = self._url(service_url, path, query)
        return await self._asked(self._question("POST", url, body, creates=not is_repeatable))

    async def put(self, service_url: str, path: Sequence[str], body: Mapping[str, Any]) -> Json:
        """Replace what stands at `path`; doing it twice is harmless."""
        return await self._asked(self._question("PUT", self._url(service_url, path), body))

    async def delete(self, service_url: str, path: Sequence[str]) -> None:
        """Remove what stands at `path`; doing it twice is harmless."""
        await self._asked(self._question("DELETE", self._url(service_url, path)))

    async def upload(self, url: str, body: bytes) -> None:
        """Put a whole file where a person's own store asked for it; the bot's token does not go there.

        Source: learn.microsoft.com/onedrive/developer/rest-api/api/driveitem_createuploadsession.
        """
        if not self.may_put(url):
            raise Refused("store_not_allowed")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}",
        }
        question = _Question(method="PUT", url=url, body=body, headers=headers)
        _read(await self._send(question), question)

    def _url(self, service_url: str, path: Sequence[str], query: Mapping[str, str] | None = None) -> str:
        if not self._may_call(service_url):
            raise Refused("service_not_allowed")
        if any(part in ("", ".", "..") for part in path):
            raise Refused("no_address")
        below = "/".join(quote(part, safe="") for part in path)
        asked = f"?{urlencode(query)}" if query else ""
        return f"{service_url.rstrip('/')}/{below}{asked}"

    def _question(
        self, method: str, url: str, body: Mapping[str, Any] | None = None, *, creates: bool = False
    ) -> _Question:
        if body is None:
            return _Question(method=method, url=url)
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return _Question(method=method, url=url, body=written, headers=headers, creates=creates)

    async def _asked(self, question: _Question) -> Json:
        """Ask with the token; one that is refused is thrown away and fetched anew, once."""
        if self._credentials is None:
            return _read(await self._send(question), question)
        token = await self._credentials.token()
        answer = await self._send(question, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._credentials.discard(token)
            answer = await self._send(question, await self._credentials.token())
        return _read(answer, question)

    async def _send(self, question: _Question, token: str | None = None) -> _Answer:
        headers = {**question.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        timeout = aiohttp.ClientTimeout(total=self._within.total_seconds())
        try:
            async with self._session.request(
                question.method,
                question.url,
                data=question.body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                return _Answer(status=answer.status, headers=answer.headers, body=await _body(answer))
        except _BEFORE_SENDING:
            raise TryLater(AGAIN_AFTER, UNREACHABLE) from None
        except _LOST:
            raise _lost("no_answer", creates=question.creates) from None


async def _body(answer: aiohttp.ClientResponse) -> bytes | None:
    read = bytearray()
    try:
        async for chunk in answer.content.iter_chunked(_CHUNK):
            read += chunk
            if len(read) > LARGEST_ANSWER:
                return None
    except _LOST:
        return None
    return bytes(read)


def _lost(code: str, *, creates: bool) -> OutsideError:
    return Uncertain(code) if creates else TryLater(AGAIN_AFTER, code)


def _read(answer: _Answer, question: _Question) -> Json:
    """Return the object that was answered, an empty one if nothing was; raises what the status means.

    What a replacement or a removal answers does not matter.
    """
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise _failure(answer, creates=question.creates)
    told = _object(answer.body)
    if told is None and question.method in ("GET", "POST"):
        raise _lost("no_answer", creates=question.creates)
    return told or {}


def _failure(answer: _Answer, *, creates: bool) -> OutsideError:
    status, code = answer.status, _code(answer)
    has_said_when = "Retry-After" in answer.headers
    after = retry_after(answer.headers) if has_said_when else AGAIN_AFTER
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryLater(after, RATE_LIMITED)
    if status == HTTPStatus.PRECONDITION_FAILED:
        return TryLater(after, code)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and has_said_when:  # turned away at the door, not lost behind it
        return TryLater(after, code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return _lost(code, creates=creates)
    return Refused(OUR_WORDS.get(code, code), status=status)


def _object(body: bytes | None) -> Json | None:
    """Return the JSON object in `body`; an empty one for nothing at all, `None` for anything else."""
    if body is None:
        return None
    if not body.strip():
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _code(answer: _Answer) -> str:
    """Return Teams' own word for a failure, or "http_" and the status.

    It stands in `error.code`, in `code`, or, where a chat is blocked, as `subCode` of the JSON in `message`
    (msteams-docs send-proactive-messages).
    """
    told = _object(answer.body) or {}
    error = told.get("error")
    inner = error if isinstance(error, dict) else told
    message = told.get("message")
    nested = _object(message.encode()) if isinstance(message, str) else None
    for found in (inner.get("code"), told.get("code"), (nested or {}).get("subCode")):
        if isinstance(found, str) and _CODE.fullmatch(found):
            return found
    return f"http_{answer.status}"
