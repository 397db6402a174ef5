"""LinkedIn by its Posts API, through `python-linkedin-v2` as builder of the agreement's address and JSON transport.

What that package does not do, or does unsafely, is ours: the state, the addresses of today, the exchange of the code
(its own drops all but two fields), the token in the header (it writes it into the address), and every error.
Documents: learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow,
…/marketing/community-management/shares/posts-api, …/shares/images-api, …/members/post-statistics.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from linkedin_v2 import linkedin
from linkedin_v2.models import AccessToken

from bot.core.errors import NotConnected, PageUnreadable, Refused, TryLater
from bot.core.social import Counts, Door, Draft, Fault, NetworkApp, Profile, Published, Tokens
from bot.core.texts import plain, shorten
from connectors.http import PICTURE_TYPES, GuardedFetcher
from connectors.social import linkedin_faults as faults
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
from connectors.social.little_text import escape_commentary
from connectors.social.oauth import tokens_of

POST_URL = "https://www.linkedin.com/feed/update/{}"
OWN_PROFILE = "https://www.linkedin.com/in/me/"  # leads whoever is signed in to their own page; the API names none
SCOPES = ("openid", "profile", "w_member_social")
STATISTICS = "r_member_postAnalytics"
# What images-api lists; its own limit is 36,152,320 pixels.
PICTURES = PICTURE_TYPES - {"image/webp"}
PICTURE_WITHIN = timedelta(seconds=20)
MAX_NAME = 200
MAX_TITLE, MAX_SUMMARY = 200, 256  # more than a card shows; what the article fields took before the Posts API
FIGURES: Mapping[str, str] = {
    "IMPRESSION": "impressions",
    "REACTION": "likes",
    "COMMENT": "replies",
    "RESHARE": "reshares",
}

_POST = re.compile(r"urn:li:(share|ugcPost):\d{5,25}")
_PICTURE_HOSTS = ("linkedin.com", "licdn.com")

log = logging.getLogger("vouch.linkedin")


class _Agreement(linkedin.LinkedInAuthentication):
    """The agreement's addresses of today, and an exchange that keeps the whole answer."""

    def __init__(self, app: NetworkApp, door: Door, scopes: Sequence[str]) -> None:
        super().__init__(door.client_id, door.client_secret, door.redirect_uri, scopes)
        self.AUTHORIZATION_URL = f"{app.login_url}/oauth/v2/authorization"
        self.ACCESS_TOKEN_URL = f"{app.login_url}/oauth/v2/accessToken"

    def ask(self, timeout: tuple[float, float], **grant: str) -> Answer | Lost:
        """Return the answer to `grant`; all secrets are in the body."""
        form = {**grant, "client_id": self.key, "client_secret": self.secret}
        return Line().request("POST", self.ACCESS_TOKEN_URL, data=form, timeout=timeout)


class _Api(linkedin.LinkedInApplication):
    """The package's transport, with the member's token in the header alone."""

    def __init__(self, bearer: str, version: str) -> None:
        agreement = linkedin.LinkedInAuthentication("", "", "")
        agreement.token = AccessToken(None, None)  # what is None is left out of the address
        super().__init__(authentication=agreement)
        self._headers = {
            "Authorization": f"Bearer {bearer}",
            "LinkedIn-Version": version,
            "X-Restli-Protocol-Version": "2.0.0",
        }

    def ask(self, method: str, url: str, body: object, timeout: tuple[float, float]) -> Answer | Lost:
        """Return the answer; `body` is sent as JSON unless it is None."""
        sent = None if body is None else json.dumps(body)
        return self.make_request(method, url, data=sent, headers={**self._headers}, timeout=timeout)


class _Transport:
    """Stands in the package for the module `requests`, by which it would follow redirects and read the environment."""

    @staticmethod
    def request(method: str, url: str, **options: Any) -> Answer | Lost:  # noqa: ANN401 - as `requests` has it
        """Return what comes back."""
        return Line().request(method, url, **options)


class LinkedIn:
    """The port `SocialNetwork` for LinkedIn.

    It knows no key of ours, so a post is never sent again; it documents no way to end a token (members take an app's
    right away in their settings there). `metrics` asks four figures a post, only where LinkedIn has vetted the app.
    """

    name = "linkedin"
    honours_key = False
    can_revoke = False

    def __init__(
        self,
        app: NetworkApp,
        *,
        version: str,
        is_vetted: bool,
        pictures: GuardedFetcher,
        timeout: tuple[float, float] = (CONNECT_WITHIN, READ_WITHIN),
    ) -> None:
        """Speak `version` ("202607"); `timeout` is seconds to connect and to wait for each part of an answer."""
        self.scopes: tuple[str, ...] = (*SCOPES, STATISTICS) if is_vetted else SCOPES
        self._app, self._version, self._is_vetted = app, version, is_vetted
        self._pictures, self._timeout = pictures, timeout
        self.threads = Threads()
        linkedin.requests = _Transport
        keep_quiet()

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        """Return the company's app; LinkedIn has one site, and its apps are made by hand."""
        app = self._app
        return Door(server="", client_id=app.client_id, client_secret=app.client_secret, redirect_uri=redirect_uri)

    def authorization_url(self, door: Door, *, state: str, verifier: str) -> str:
        """Return where a member agrees; LinkedIn takes no PKCE from apps with a secret, so `verifier` stays here."""
        agreement = _Agreement(self._app, door, self.scopes)
        agreement.state = state  # its own would be another one with every reading
        return str(agreement.authorization_url)

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        """Return the tokens; `NotConnected("expired")` for a code that is wrong, used or too old."""
        agreement = _Agreement(self._app, door, self.scopes)
        answer = await self._in_thread(
            lambda: agreement.ask(
                self._timeout, grant_type="authorization_code", code=code, redirect_uri=door.redirect_uri
            )
        )
        return self._tokens(faults.checked_grant(answer, refused=Fault.EXPIRED))

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        """Return new tokens; only approved partners are given what this needs, for all others agreeing ends."""
        if not tokens.refresh:
            raise NotConnected(Fault.EXPIRED)
        agreement = _Agreement(self._app, door, self.scopes)
        answer = await self._in_thread(
            lambda: agreement.ask(self._timeout, grant_type="refresh_token", refresh_token=tokens.refresh)
        )
        renewed = self._tokens(faults.checked_grant(answer, refused=Fault.REVOKED))
        return renewed if renewed.refresh else replace(renewed, refresh=tokens.refresh)

    def _tokens(self, answer: Answer) -> Tokens:
        """Return what the token endpoint gave; LinkedIn writes the permissions with commas."""
        told = {**answer.told, "scope": str(answer.told.get("scope") or "").replace(",", " ")}
        tokens = tokens_of(told, scopes=self.scopes, now=faults.moment_of(answer))
        if tokens is None:
            raise TryLater(faults.AGAIN_AFTER, Fault.UNREACHABLE)
        return tokens

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        """Return whose account it is; LinkedIn tells no address of a profile, so `url` leads to one's own."""
        told = faults.checked(await self._ask(tokens, "GET", "/v2/userinfo")).told
        remote_id, name = told.get("sub"), told.get("name")
        if not isinstance(remote_id, str) or not remote_id:
            raise TryLater(faults.AGAIN_AFTER, Fault.UNREACHABLE)
        return Profile(remote_id=remote_id, name=plain(str(name or "LinkedIn"))[:MAX_NAME], url=OWN_PROFILE)

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        """Publish `draft` with a card for its link; a picture that cannot be had is left out."""
        thumbnail = await self._thumbnail(tokens, draft)
        answer = await self._ask(tokens, "POST", "/rest/posts", _body_of(draft, thumbnail))
        if thumbnail and faults.is_about_picture(answer):
            answer = await self._ask(tokens, "POST", "/rest/posts", _body_of(draft, ""))
        remote_id = _new_post(answer)
        if remote_id is None:
            raise faults.unpublished(answer, draft)
        return Published(remote_id=remote_id, url=POST_URL.format(remote_id))

    async def delete(self, door: Door, tokens: Tokens, remote_id: str) -> None:
        """Delete a post of the member's; doing it twice is harmless."""
        answer = await self._ask(tokens, "DELETE", f"/rest/posts/{quote(remote_id, safe='')}")
        if isinstance(answer, Lost) or answer.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            faults.checked(answer)

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        """Do nothing: LinkedIn documents no way to."""

    async def metrics(self, door: Door, tokens: Tokens, remote_ids: Sequence[str]) -> Mapping[str, Counts]:
        """Return what LinkedIn counts; when it stops answering midway, what it has told until then."""
        if not self._is_vetted:
            raise Refused("not_available")
        found: dict[str, Counts] = {}
        for remote_id in remote_ids:
            try:
                counts = await self._counts(tokens, remote_id)
            except TryLater:
                if not found:
                    raise
                break
            if counts:
                found[remote_id] = counts
        return found

    async def _counts(self, tokens: Tokens, remote_id: str) -> Counts:
        """Return the figures of one post, those that it has; Rest.li's syntax must not be encoded once more."""
        kind = "ugc" if ":ugcPost:" in remote_id else "share"
        found = {}
        for asked, name in FIGURES.items():
            query = f"q=entity&entity=({kind}:{quote(remote_id, safe='')})&queryType={asked}&aggregation=TOTAL"
            answer = await self._ask(tokens, "GET", f"/rest/memberCreatorPostAnalytics?{query}")
            if isinstance(answer, Answer) and answer.status == HTTPStatus.NOT_FOUND:
                return {}
            if isinstance(answer, Answer) and answer.status == HTTPStatus.FORBIDDEN:
                raise Refused("not_available")  # to post is another right, so the account is as good as it was
            figure = _figure(faults.checked(answer))
            if figure is not None:
                found[name] = figure
        return found

    async def _thumbnail(self, tokens: Tokens, draft: Draft) -> str:
        """Return the picture's name at LinkedIn, "" if anything at all went wrong with it."""
        if not (draft.picture and draft.link):
            return ""
        try:
            async with asyncio.timeout(PICTURE_WITHIN.total_seconds()):
                picture = await self._pictures.fetch(draft.picture, kinds=PICTURES)
                return await self._upload(tokens, draft.author_id, picture.body)
        except (PageUnreadable, TimeoutError) as failure:
            log.info("A share goes out without its picture (%s)", getattr(failure, "reason", "slow"))
        except Exception as defect:  # the text matters more; what a defect says may hold the token
            log.error("A share goes out without its picture: a defect (%s)", type(defect).__name__)
        return ""

    async def _upload(self, tokens: Tokens, author_id: str, picture: bytes) -> str:
        wanted = {"initializeUploadRequest": {"owner": _person(author_id)}}
        answer = await self._ask(tokens, "POST", "/rest/images?action=initializeUpload", wanted)
        place = answer.told.get("value") if isinstance(answer, Answer) and answer.status == HTTPStatus.OK else None
        url, image = (place.get("uploadUrl"), place.get("image")) if isinstance(place, dict) else (None, None)
        if not isinstance(url, str) or not isinstance(image, str) or not self._is_linkedin(url):
            raise PageUnreadable("no_upload")
        headers = {"Authorization": f"Bearer {tokens.access}", "Content-Type": "application/octet-stream"}
        sent = await self._in_thread(
            lambda: Line().request("PUT", url, data=picture, headers=headers, timeout=self._timeout)
        )
        if isinstance(sent, Lost) or not HTTPStatus.OK <= sent.status < HTTPStatus.MULTIPLE_CHOICES:
            raise PageUnreadable("no_upload")
        return image

    def _is_linkedin(self, url: str) -> bool:
        """Say whether the token may go to `url`: to LinkedIn over TLS, or to where this installation's API is."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        host = parts.hostname or ""
        is_theirs = parts.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in _PICTURE_HOSTS)
        own = (urlsplit(one) for one in (self._app.api_url, self._app.login_url))
        return is_theirs or any((parts.scheme, parts.netloc) == (one.scheme, one.netloc) for one in own)

    async def _ask(self, tokens: Tokens, method: str, path: str, body: object = None) -> Answer | Lost:
        api = _Api(tokens.access, self._version)
        return await self._in_thread(lambda: api.ask(method, f"{self._app.api_url}{path}", body, self._timeout))

    async def _in_thread(self, call: Callable[[], Answer | Lost]) -> Answer | Lost:
        """Return what `call` does in a thread; one that drips on for ever is left, and taken for one that was sent."""
        try:
            return await self.threads.run(call, wait=sum(self._timeout), most=2 * sum(self._timeout))
        except NotBegunError:
            return Lost(was_sent=False)
        except TimeoutError:
            return Lost(was_sent=True)


def _person(author_id: str) -> str:
    return f"urn:li:person:{author_id}"


def _body_of(draft: Draft, thumbnail: str) -> dict[str, object]:
    """Return the post as the Posts API takes it; only the commentary is little text, a card's words are plain."""
    body: dict[str, object] = {
        "author": _person(draft.author_id),
        "commentary": escape_commentary(draft.text),
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    if draft.link:
        article = {"source": draft.link, "title": shorten(draft.title, MAX_TITLE) or draft.link}
        if draft.summary:
            article["description"] = shorten(draft.summary, MAX_SUMMARY)
        if thumbnail:
            article["thumbnail"] = thumbnail
        body["content"] = {"article": article}
    return body


def _new_post(answer: Answer | Lost) -> str | None:
    """Return the name of the post that was made, `None` if none is named; the body may well be empty or broken."""
    if isinstance(answer, Lost) or answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return None
    remote_id = answer.headers.get("x-restli-id", "")
    return remote_id if _POST.fullmatch(remote_id) else None


def _figure(answer: Answer) -> int | None:
    """Return the one figure of an answer, `None` where there is none."""
    elements = answer.told.get("elements")
    first = elements[0] if isinstance(elements, list) and elements else None
    count = first.get("count") if isinstance(first, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None
