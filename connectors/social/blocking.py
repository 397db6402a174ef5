"""HTTP by `requests`, for the networks' SDKs that are built on it: bounded, quiet, and sure about what was sent.

No proxy and no password comes from the environment (`requests` would put one of a `.netrc` in the place of a member's
token), no redirect is followed, an answer is read to 1 MB at most, and nothing of a request reaches a log.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

CONNECT_WITHIN, READ_WITHIN = 5.0, 20.0
ANSWER_LIMIT = 1_000_000
AT_ONCE = 16
_CHUNK = 65_536

Found = TypeVar("Found")

_FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `headers` by names in any case, `body` empty where it could not be read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def told(self) -> dict[str, Any]:
        """The JSON object that the body holds, empty where it holds none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer came; with `was_sent` the request may have arrived, without it it certainly has not."""

    was_sent: bool


class NotBegunError(Exception):
    """Every thread was busy for too long, so the call was never made."""


class Threads:
    """Threads for calls that block: so many at once, beside those that the rest of the process uses.

    One that hangs for ever holds its place, but neither the others nor the end of the process.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """Make `at_once` calls at a time."""
        self._free = asyncio.Semaphore(at_once)

    async def run(self, call: Callable[[], Found], *, wait: float, most: float) -> Found:
        """Return what `call` does in a thread; raises `NotBegunError` after `wait` seconds without a free one.

        A call that takes longer than `most` seconds is left to itself, with a `TimeoutError`.
        """
        try:
            async with asyncio.timeout(wait):
                await self._free.acquire()
        except TimeoutError:
            raise NotBegunError from None
        done: Future[Found] = Future()
        done.set_running_or_notify_cancel()  # who no longer waits for it does not end it
        try:
            Thread(target=self._work, args=(call, done, asyncio.get_running_loop()), daemon=True).start()
        except RuntimeError:  # the machine gives no more threads
            self._free.release()
            raise NotBegunError from None
        async with asyncio.timeout(most):
            return await asyncio.wrap_future(done)

    def _work(self, call: Callable[[], Found], done: "Future[Found]", loop: asyncio.AbstractEventLoop) -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # raised where it is waited for
            done.set_exception(error)
        with suppress(RuntimeError):  # the loop may be over by now
            loop.call_soon_threadsafe(self._free.release)


def keep_quiet(*names: str) -> None:
    """Keep SDKs from telling of requests: the loggers `names` below INFO, and `urllib3`, which writes addresses."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for name in names:
        logging.getLogger(name).setLevel(logging.INFO)


class Line:
    """One request to one place, in the calling thread; `has_connected` says whether a connection came to stand."""

    def __init__(self) -> None:
        """Be connected to nothing."""
        self.has_connected = False

    def request(self, method: str, url: str, **options: Any) -> Answer | Lost:  # noqa: ANN401 - as `requests` has it
        """Return what comes back; `options` are those of `requests.request`, `timeout` is seconds for each step."""
        with _Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(self))
            try:
                with session.request(method, url, stream=True, **options) as response:
                    return Answer(status=response.status_code, headers=response.headers, body=_body_of(response))
            except _FAILURES:
                return Lost(was_sent=self.has_connected)


def _body_of(response: requests.Response) -> bytes:
    """Return the body, empty if it is too large, breaks off or takes too long: the status is certain without it."""
    body, end = bytearray(), monotonic() + READ_WITHIN
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > ANSWER_LIMIT or monotonic() > end:
                return b""
    except _FAILURES:
        return b""
    return bytes(body)


class _Session(requests.Session):
    """A session that leaves the environment and redirects alone."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return `None`: where an answer redirects to is not even looked at."""


class _Adapter(HTTPAdapter):
    """Connects, and tells the line once a connection (and what secures it) stands: before that nothing is sent."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:  # noqa: ANN401 - as `requests` has it
        """Make the pools, whose connections tell the line."""
        super().init_poolmanager(*sizes, **options)
        line = self._line

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line.has_connected = True

        class Secured(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                line.has_connected = True

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecuredPool(HTTPSConnectionPool):
            ConnectionCls = Secured

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}
