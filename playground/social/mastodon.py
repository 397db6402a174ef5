"""Mastodon: apps that register themselves, OAuth, statuses under a key, and their counts.

Sources: docs.joinmastodon.org: methods/apps, methods/oauth, methods/accounts, methods/statuses, methods/instance,
api/rate-limits; app/services/post_status_service.rb for the key.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.social import consent
from playground.social.calls import Call, Door, Refusal
from playground.social.consent import Asked, NotAskedError, SentBackError
from playground.social.counting import LINK_LENGTH, length_on_mastodon
from playground.social.memory import Grant, Post, hashed
from playground.social.parts import SocialParts
from playground.social.publishing import Publisher, new_post

Json = dict[str, Any]
NAME = "mastodon"
CODE_FOR = timedelta(minutes=10)
KEY_S, WINDOW_S = 3600.0, 300.0
VERSION = "4.5.0"
TOP = ("read", "write", "follow", "push", "profile")
SPACES = "\0\t\n\v\f\r "
METRICS = {
    "replies_count": "replies",
    "reblogs_count": "reshares",
    "favourites_count": "likes",
    "quotes_count": "quotes",
}
BAD_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client."
)
BAD_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or unsupported "
    "authentication method."
)


def failure(status: int) -> Refusal:
    """Return how Mastodon fails with that status."""
    said = {
        401: "The access token is invalid",
        403: "This action is not allowed",
        404: "Record not found",
        429: "Too many requests",
        503: "Remote data could not be fetched",
    }
    return _error(status, said.get(status, "An unexpected error occurred"))


@dataclass(slots=True)
class Mastodon:
    """Everything below `/net/mastodon`, one instance."""

    parts: SocialParts
    publisher: Publisher
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        """Open the way in."""
        self.door = Door(parts=self.parts, network=NAME, failure=failure)

    def routes(self) -> list[Route]:
        """Return the routes."""
        route = self.door.route
        return [
            route("/.well-known/oauth-authorization-server", "instance", self.oauth_server),
            route("/api/v2/instance", "instance", self.instance),
            route("/api/v1/instance", "instance", self.old_instance),
            route("/api/v1/apps", "register", self.register, "POST"),
            route("/oauth/authorize", "authorize", self.authorize),
            route("/oauth/authorize", "authorize", self.decide, "POST"),
            route("/oauth/token", "token", self.token, "POST"),
            route("/oauth/revoke", "revoke", self.revoke, "POST"),
            route("/api/v1/accounts/verify_credentials", "userinfo", self.me),
            route("/api/v1/statuses", "publish", self.publish, "POST"),
            route("/api/v1/statuses/{post}", "delete", self.delete, "DELETE"),
            route("/api/v1/statuses/{post}", "metrics", self.status),
        ]

    # The instance

    @property
    def _base(self) -> str:
        return self.parts.settings.base(NAME)

    def oauth_server(self, _call: Call) -> Response:
        """Describe the instance's OAuth (RFC 8414), from 4.3 on."""
        if not self.parts.settings.has_pkce:
            raise failure(404)
        return JSONResponse(
            {
                "issuer": f"{self._base}/",
                "authorization_endpoint": f"{self._base}/oauth/authorize",
                "token_endpoint": f"{self._base}/oauth/token",
                "revocation_endpoint": f"{self._base}/oauth/revoke",
                "app_registration_endpoint": f"{self._base}/api/v1/apps",
                "scopes_supported": [*TOP, "read:accounts", "read:statuses", "write:statuses"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def _configuration(self) -> Json:
        most = self.parts.settings.limits.mastodon_characters
        statuses = {"max_characters": most, "max_media_attachments": 4, "characters_reserved_per_url": LINK_LENGTH}
        return {"statuses": statuses, "accounts": {"max_featured_tags": 10}}

    def instance(self, _call: Call) -> Response:
        """Describe the instance."""
        domain = self._base.partition("://")[2]
        told = {"domain": domain, "title": "Mastodon", "version": VERSION, "languages": ["en"]}
        return JSONResponse({**told, "configuration": self._configuration(), "api_versions": {"mastodon": 7}})

    def old_instance(self, _call: Call) -> Response:
        """Describe the instance as servers before 4.0 do."""
        told = {"uri": self._base.partition("://")[2], "title": "Mastodon", "version": VERSION}
        return JSONResponse({**told, "configuration": self._configuration()})

    def register(self, call: Call) -> Response:
        """Make an app."""
        told = call.json() or call.form()
        uris = told.get("redirect_uris", "")
        redirects = uris if isinstance(uris, list) else str(uris).split()
        scopes = str(told.get("scopes") or "read").split()
        if not told.get("client_name"):
            raise _error(422, "Validation failed: Application name can't be blank")
        if not redirects or not all("://" in one or one.startswith("urn:") for one in redirects):
            raise _error(422, "Validation failed: Redirect URI must be an absolute URI.")
        if any(one.partition(":")[0] not in TOP for one in scopes):
            raise _error(422, "Validation failed: Scopes doesn't match configured on the server.")
        client_id, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        kept = {"name": told["client_name"], "scopes": scopes, "redirect_uris": redirects}
        self.parts.memory.keep_app(client_id, {**kept, "secret": hashed(secret)})
        self.parts.ledger.issue("client secret", secret)
        shown = {"id": self.parts.memory.new_id(), "website": told.get("website") or None, **kept}
        keys = {"client_id": client_id, "client_secret": secret, "client_secret_expires_at": 0}
        return JSONResponse({**shown, "redirect_uri": "\n".join(redirects), **keys})

    # Agreeing

    def _asked(self, told: dict[str, str]) -> Asked:
        app = self.parts.memory.apps.get(told.get("client_id", ""))
        if app is None:
            raise NotAskedError(BAD_CLIENT)
        if told.get("redirect_uri") not in app["redirect_uris"]:
            raise NotAskedError("The redirect uri included is not valid.")
        scopes = tuple((told.get("scope") or "read").split())
        has_pkce = self.parts.settings.has_pkce
        asked = Asked(
            network=NAME,
            client_id=told["client_id"],
            redirect_uri=told["redirect_uri"],
            state=told.get("state", ""),
            scopes=scopes,
            challenge=told.get("code_challenge", "") if has_pkce else "",
            app_name=app["name"],
        )
        if told.get("response_type") != "code":
            raise SentBackError(asked, "unsupported_response_type", "The response type is not supported.")
        if any(one not in app["scopes"] and one.partition(":")[0] not in app["scopes"] for one in scopes):
            raise SentBackError(asked, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        if asked.challenge and told.get("code_challenge_method") != "S256":
            raise SentBackError(asked, "invalid_code_challenge_method", "The code challenge method must be S256.")
        return asked

    def authorize(self, call: Call) -> Response:
        """Show the page on which a person agrees."""
        return consent.shown(self.parts, call, self._asked)

    def decide(self, call: Call) -> Response:
        """Send a person back with what they chose."""
        return consent.decided(self.parts, call, self._asked, cancelled=_cancelled, within=CODE_FOR)

    def _app(self, call: Call) -> str:
        told = call.form()
        name, secret = call.basic if call.basic[0] else (told.get("client_id", ""), told.get("client_secret", ""))
        app = self.parts.memory.apps.get(name)
        if app is None or app["secret"] != hashed(secret):
            raise _oauth(401, "invalid_client", BAD_CLIENT)
        return name

    def token(self, call: Call) -> Response:
        """Give a token for a code; it lives until someone ends it."""
        client_id, told = self._app(call), call.form()
        if told.get("grant_type") != "authorization_code":
            raise _oauth(400, "unsupported_grant_type", "The authorization grant type is not supported by the server.")
        code = self.parts.memory.take_code(told.get("code", ""))
        is_ours = code is not None and (code.network, code.client_id) == (NAME, client_id)
        if code is None or not is_ours or code.redirect_uri != told.get("redirect_uri"):
            raise _oauth(400, "invalid_grant", BAD_GRANT)
        if not consent.fits(code.challenge, told.get("code_verifier", "")):
            raise _oauth(400, "invalid_grant", BAD_GRANT)
        given = consent.give_tokens(self.parts, consent.grant_for(self.parts, code), prefix="")
        call.entry["who"] = given.grant.who
        told = {"access_token": given.access, "token_type": "Bearer", "scope": " ".join(given.grant.scopes)}
        return JSONResponse({**told, "created_at": int(self.parts.memory.now())})

    def revoke(self, call: Call) -> Response:
        """End a token of the app's own; an unknown one is ended already."""
        client_id = self._app(call)
        grant = self.parts.memory.find_grant(NAME, access=call.form().get("token", ""))
        if grant is not None:
            if grant.client_id != client_id:
                raise _oauth(403, "unauthorized_client", "You are not authorized to revoke this token")
            grant.is_revoked = True
            call.entry["who"] = grant.who
            self.parts.memory.keep_grant(grant)
        return JSONResponse({})

    # Being someone

    def _grant(self, call: Call, scope: str) -> Grant:
        grant = self.parts.memory.find_grant(NAME, access=call.bearer)
        if grant is None:
            raise failure(401)
        call.is_of(grant)
        if grant.is_revoked:
            raise _error(401, "The access token was revoked")
        if grant.expires_at is not None and self.parts.memory.now() >= grant.expires_at:
            raise _error(401, "The access token expired")
        if not {scope, scope.partition(":")[0]} & set(grant.scopes):
            raise _error(403, "This action is outside the authorized scopes")
        self._limited(call, grant)
        return grant

    def _limited(self, call: Call, grant: Grant) -> None:
        memory, what, most = self.parts.memory, f"{NAME} {grant.who}", self.parts.settings.limits.mastodon_calls
        passed = memory.passed(what, seconds=WINDOW_S)
        free_at = datetime.fromtimestamp(memory.free_at(what, seconds=WINDOW_S), UTC)
        call.more |= {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(0, most - passed - 1)),
            "X-RateLimit-Reset": free_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        if passed >= most:
            raise failure(429)
        memory.count(what)

    def _account(self, who: str) -> Json:
        account = self.parts.account(NAME, who)
        names = {"username": account.handle, "acct": account.handle, "display_name": account.name}
        return {"id": account.id, **names, "url": f"{self._base}/@{account.handle}"}

    def me(self, call: Call) -> Response:
        """Say whose token it is."""
        return JSONResponse(self._account(self._grant(call, "read:accounts").who))

    # Statuses

    def publish(self, call: Call) -> Response:
        """Take a status; the same key within an hour gives the same one again."""
        grant = self._grant(call, "write:statuses")
        told, key = call.json() or call.form(), call.header("idempotency-key")
        if key and (earlier := self._under_key(grant, key)):
            return JSONResponse(self._shown(earlier))
        raw = str(told.get("status") or "")
        text = raw.strip(SPACES)
        most = self.parts.settings.limits.mastodon_characters
        if not text:
            raise _error(422, "Validation failed: Text can't be blank")
        if length_on_mastodon(text) > most:
            raise _error(422, f"Validation failed: Text character limit of {most} exceeded")
        if told.get("visibility", "public") not in ("public", "unlisted", "private", "direct"):
            raise _error(422, "Validation failed: Visibility is not included in the list")
        post = new_post(self.parts, NAME, raw=raw, text=text)
        post.path = f"/@{self.parts.account(NAME, grant.who).handle}/{post.id}"
        post.permalink, post.key, post.language = self._base + post.path, key, str(told.get("language") or "en")
        return JSONResponse(self._shown(self.publisher.keep(call, grant, post)))

    def _under_key(self, grant: Grant, key: str) -> Post | None:
        since = (self.parts.clock.now() - timedelta(seconds=KEY_S)).isoformat()
        found = (one for one in self.parts.memory.posts_of(NAME, grant.who) if one.key == key and one.at > since)
        return next(found, None)

    def _shown(self, post: Post) -> Json:
        return {
            "id": post.id,
            "created_at": post.at,
            "visibility": "public",
            "language": post.language,
            "uri": f"{self._base}/users/{self.parts.account(NAME, post.who).handle}/statuses/{post.id}",
            "url": post.permalink,
            "content": "<p>" + escape(post.text).replace("\n", "<br />") + "</p>",
            "account": self._account(post.who),
            "media_attachments": [],
            "card": None,
            **{name: post.counts.get(ours, 0) for name, ours in METRICS.items()},
        }

    def delete(self, call: Call) -> Response:
        """Delete a status of one's own, and give its source back."""
        grant = self._grant(call, "write:statuses")
        post = self.parts.memory.posts.get(call.path("post"))
        if post is None or post.who != grant.who or post.network != NAME or post.is_deleted:
            raise failure(404)
        post.is_deleted = True
        self.parts.memory.keep_post(post)
        return JSONResponse({**self._shown(post), "text": post.text})

    def status(self, call: Call) -> Response:
        """Give a status with its counts; a public one to everybody."""
        if call.bearer:
            self._grant(call, "read:statuses")
        post = self.parts.memory.posts.get(call.path("post"))
        if post is None or post.network != NAME or post.is_deleted:
            raise failure(404)
        return JSONResponse(self._shown(post))


def _cancelled(_answer: str) -> tuple[str, str]:
    return "access_denied", "The resource owner or authorization server denied the request."


def _error(status: int, sentence: str) -> Refusal:
    return Refusal(status, {"error": sentence})


def _oauth(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})
