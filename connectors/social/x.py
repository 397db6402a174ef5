"""X through tweepy, in a thread: its API by a member's OAuth 2 token, the log-in by calls of our own.

tweepy's log-in handler keeps state and verifier to itself, has no refresh, raises a bare `Warning` for a permission
that is missing and writes tokens to its log; so only its `Client` is used here. Its host is fixed ("api.twitter.com");
the session that we give it leads every request to where the API is. Pages below docs.x.com:
fundamentals/authentication/oauth-2-0, x-api/fundamentals/response-codes-and-errors, x-api/fundamentals/rate-limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import requests
import tweepy

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.social import Counts, Door, Draft, Fault, NetworkApp, Profile, Published, Tokens
from bot.core.texts import plain
from connectors.http import DEFAULT_WAIT, retry_after, wait_until
from connectors.social.blocking import (
    CONNECT_WITHIN,
    READ_WITHIN,
    Answer,
    Line,
    Lost,
    NotBegunError,
    Threads,
    keep_quiet,
)
from connectors.social.oauth import WRONG_GRANT, challenge_of, tokens_of

Found = TypeVar("Found")

# At DEBUG these write headers and bodies, tokens included.
LOGGERS = ("tweepy", "requests_oauthlib", "oauthlib")

_COUNTS = {
    "likes": "like_count",
    "reshares": "retweet_count",
    "replies": "reply_count",
    "quotes": "quote_count",
    "bookmarks": "bookmark_count",
    "impressions": "impression_count",
}
# Words in X's own fields of an error (title, detail, type, message), which has no codes for these.
_NO_CREDITS = ("credit", "spendcap", "spend cap", "usagecap", "usage cap", "usage-capped")
_DUPLICATE = ("duplicate",)
_TOO_LONG = ("too long", "character limit", "maximum length", "longer than")
_SCOPE = ("scope", "permissions", "permitted to perform this action")


class X:
    """The port `SocialNetwork` for X. It honours no key of ours, so an unclear answer stays unclear."""

    name = "x"
    scopes: tuple[str, ...] = ("tweet.read", "tweet.write", "users.read", "offline.access")
    honours_key = False
    can_revoke = True

    def __init__(self, app: NetworkApp, *, timeout: tuple[float, float] = (CONNECT_WITHIN, READ_WITHIN)) -> None:
        """Use the company's `app`; `timeout` is seconds to connect, and to wait for each piece of an answer."""
        keep_quiet(*LOGGERS)
        self._app = app
        self._timeout = timeout
        self.threads = Threads()

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        """Return the company's app: X has one site, and apps there are made by hand."""
        app = self._app
        return Door(server="", client_id=app.client_id, client_secret=app.client_secret, redirect_uri=redirect_uri)

    def authorization_url(self, door: Door, *, state: str, verifier: str) -> str:
        """Return where a member agrees; X wants PKCE of every app."""
        asked = {
            "response_type": "code",
            "client_id": door.client_id,
            "redirect_uri": door.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._app.login_url}/i/oauth2/authorize?{urlencode(asked, quote_via=quote)}"

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        """Return the tokens for the code, which lives 30 seconds; `NotConnected("expired")` if it is wrong or dead."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._log_in(door, {**form, "redirect_uri": door.redirect_uri}, wrong=Fault.EXPIRED)

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        """Return new tokens, after which the old ones are dead; `NotConnected("revoked")` if they are so already."""
        if not tokens.refresh:
            raise NotConnected(Fault.EXPIRED)
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        new = await self._log_in(door, form, wrong=Fault.REVOKED)
        return new if new.refresh else replace(new, refresh=tokens.refresh)

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        """Return whose account it is; X does not tell whether it may write more than 280."""
        told = _first(await self._ask(tokens, lambda client: client.get_me(user_auth=False)))
        remote_id, handle, name = told.get("id"), told.get("username"), told.get("name")
        if not isinstance(remote_id, str) or not isinstance(handle, str):
            raise _unreachable()
        return Profile(remote_id=remote_id, name=plain(str(name or handle)), url=f"https://x.com/{handle}")

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        """Publish the text as it is; X makes the link's card itself."""
        unclear = Uncertain("no_answer")
        told = await self._ask(tokens, lambda client: client.create_tweet(text=draft.text, user_auth=False), unclear)
        remote_id = _first(told).get("id")
        if not isinstance(remote_id, str) or not remote_id.isdecimal():
            raise unclear
        return Published(remote_id=remote_id, url=f"https://x.com/i/status/{remote_id}")

    async def delete(self, door: Door, tokens: Tokens, remote_id: str) -> None:
        """Delete the post; one that is gone is deleted."""
        await self._ask(tokens, lambda client: client.delete_tweet(quote(remote_id, safe=""), user_auth=False))

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        """End the refresh token and the access token; dead ones are ended."""
        for token in (tokens.refresh, tokens.access):
            if token:
                answer = await self._post(door, "/2/oauth2/revoke", {"token": token})
                if answer.told.get("error") not in WRONG_GRANT:
                    _told(answer, _unreachable())

    async def metrics(self, door: Door, tokens: Tokens, remote_ids: Sequence[str]) -> Mapping[str, Counts]:
        """Return X's public counts; posts that are gone are left out. Each post read costs money."""
        ids = [one for one in remote_ids if one.isdecimal()]
        if not ids:
            return {}
        told = await self._ask(
            tokens, lambda client: client.get_tweets(ids=ids, tweet_fields=["public_metrics"], user_auth=False)
        )
        listed = told.get("data")
        posts = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        found = {one.get("id"): _counts(one) for one in posts}
        return {one: counts for one in ids if (counts := found.get(one))}

    async def _log_in(self, door: Door, form: Mapping[str, str], *, wrong: Fault) -> Tokens:
        answer = await self._post(door, "/2/oauth2/token", form)
        if 400 <= answer.status < 500 and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise NotConnected(wrong) if answer.told.get("error") in WRONG_GRANT else Refused(Fault.REJECTED)
        tokens = tokens_of(_told(answer, _unreachable()), scopes=self.scopes, now=datetime.now(UTC))
        if tokens is None:
            raise _unreachable()
        return tokens

    async def _post(self, door: Door, path: str, form: Mapping[str, str]) -> Answer:
        """Send a form to an endpoint of the log-in, with the app's secret in the header as X wants it."""
        road = self._road(_unreachable())
        data, auth = {**form, "client_id": door.client_id}, (door.client_id, door.client_secret)
        return await self._in_thread(lambda: road.bring("POST", path, data=data, auth=auth), road.unclear)

    async def _ask(
        self, tokens: Tokens, ask: Callable[[tweepy.Client], Any], unclear: OutsideError | None = None
    ) -> Mapping[str, Any]:
        """Return what X tells to what `ask` asks of tweepy; nothing if what was asked about is not there."""
        client = tweepy.Client(tokens.access, return_type=requests.Response, wait_on_rate_limit=False)
        client.session = road = self._road(unclear or _unreachable())
        reply: _Reply = await self._in_thread(lambda: ask(client), road.unclear)
        return reply.told

    def _road(self, unclear: OutsideError) -> "_Road":
        return _Road(base=self._app.api_url, timeout=self._timeout, unclear=unclear)

    async def _in_thread(self, call: Callable[[], Found], unclear: OutsideError) -> Found:
        """Return what `call` does in a thread; one that drips on for ever is left, and is unclear."""
        try:
            return await self.threads.run(call, wait=sum(self._timeout), most=2 * sum(self._timeout))
        except NotBegunError:
            raise _unreachable() from None
        except TimeoutError:
            raise unclear from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What tweepy is given for a response that is fine; it hands it through."""

    status_code: int
    told: Mapping[str, Any] = field(repr=False)
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hold nothing open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Road:
    """What tweepy takes for its session: the way to the API, each request on a connection of its own.

    What is not fine is raised here, as our own errors, before tweepy reads it; `unclear` is for what is unclear.
    """

    base: str
    timeout: tuple[float, float]
    unclear: OutsideError

    def request(self, method: str, url: str, **options: Any) -> _Reply:  # noqa: ANN401 - as `requests` has it
        """Return the answer to what tweepy asks, whatever host it names."""
        answer = self.bring(method, urlsplit(url).path, **options)
        told = {} if answer.status == HTTPStatus.NOT_FOUND and method != "POST" else _told(answer, self.unclear)
        return _Reply(status_code=HTTPStatus.OK, told=told)

    def bring(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - as `requests` has it
        """Return the answer as it is."""
        found = Line().request(method, f"{self.base}{path}", timeout=self.timeout, **options)
        if isinstance(found, Lost):
            raise self.unclear if found.was_sent else _unreachable()
        return found


def _unreachable() -> OutsideError:
    return TryLater(DEFAULT_WAIT, Fault.UNREACHABLE)


def _told(answer: Answer, unclear: OutsideError) -> Mapping[str, Any]:
    """Return what the answer tells if it was done; raises what it says instead, `unclear` where that is unclear."""
    if not 200 <= answer.status < 300:
        raise _fault(answer, unclear)
    if not answer.told:
        raise unclear
    return answer.told


def _fault(answer: Answer, unclear: OutsideError) -> OutsideError:
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return NotConnected(Fault.EXPIRED)
        case HTTPStatus.PAYMENT_REQUIRED:
            return Refused(Fault.NO_CREDITS)
        case HTTPStatus.TOO_MANY_REQUESTS if not _has(_words(answer.told), _NO_CREDITS):
            return TryLater(_wait(answer.headers), Fault.RATE_LIMITED)
        case HTTPStatus.REQUEST_TIMEOUT:
            return unclear
        case status if 400 <= status < 500:
            return _refused(status, _words(answer.told))
        case _:
            return unclear


def _refused(status: int, words: str) -> OutsideError:
    """Return what X means by a refusal: 403 stands for several things that only its words tell apart."""
    if _has(words, _TOO_LONG):
        return Refused(Fault.TOO_LONG)
    if _has(words, _NO_CREDITS):
        return Refused(Fault.NO_CREDITS)
    if status != HTTPStatus.FORBIDDEN:
        return Refused(Fault.REJECTED)
    if _has(words, _DUPLICATE):
        return Refused(Fault.DUPLICATE, earlier="")  # X does not say which post it was
    return NotConnected(Fault.SCOPE) if _has(words, _SCOPE) else Refused(Fault.REJECTED)


def _has(words: str, signs: Sequence[str]) -> bool:
    return any(one in words for one in signs)


def _words(told: Mapping[str, Any]) -> str:
    """Return X's own words of an error; what it repeats of the request, a person's text among it, is not looked at."""
    errors = told.get("errors")
    parts = [told, *(one for one in errors if isinstance(one, dict))] if isinstance(errors, list) else [told]
    return " ".join(str(one.get(name, "")) for one in parts for name in ("title", "detail", "type", "message")).lower()


def _wait(headers: Mapping[str, str]) -> timedelta:
    """Return how long until `x-rate-limit-reset`, seconds since 1970."""
    folded = {name.lower(): text for name, text in headers.items()}
    reset = folded.get("x-rate-limit-reset", "").strip()
    if not reset.isascii() or not reset.isdecimal() or len(reset) > 10:
        return retry_after(headers)
    return wait_until(datetime.fromtimestamp(int(reset), UTC), headers)


def _first(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one thing that the answer is about."""
    found = told.get("data")
    return found if isinstance(found, dict) else {}


def _counts(post: Mapping[str, Any]) -> Counts:
    told = post.get("public_metrics")
    counted = told if isinstance(told, dict) else {}
    return {name: number for name, key in _COUNTS.items() if isinstance(number := counted.get(key), int)}
