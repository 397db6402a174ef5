"""X: OAuth 2 with PKCE, who one is, posts, and their public figures.

Sources: docs.x.com: resources/fundamentals/authentication/oauth-2-0/authorization-code, x-api/posts/create-post,
x-api/fundamentals/rate-limits, x-api/fundamentals/response-codes-and-errors.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from html import escape
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.looks import NETWORKS
from playground.social import consent
from playground.social.calls import Call, Door, Refusal
from playground.social.consent import Asked, Given, NotAskedError, SentBackError
from playground.social.counting import X_LINK, weight_on_x
from playground.social.memory import Grant, Post
from playground.social.parts import SocialParts
from playground.social.publishing import Publisher, new_post

Json = dict[str, Any]
NAME = "x"
CODE_FOR = timedelta(seconds=30)
TOKEN_SECONDS = 7200
WINDOW_S = 900.0
SCOPES = ("tweet.read", "tweet.write", "users.read", "offline.access", "like.read", "media.write")
POST_COST, LINK_COST, READ_COST = 0.015, 0.2, 0.005
MOST_IDS = 100
METRICS = {
    "retweet_count": "reshares",
    "reply_count": "replies",
    "like_count": "likes",
    "quote_count": "quotes",
    "bookmark_count": "bookmarks",
    "impression_count": "impressions",
}
WRONG = "Something went wrong. You weren't able to give access to the App. Go back and try logging in again."
TITLES = {
    400: "Invalid Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found Error",
    429: "Too Many Requests",
}


def failure(status: int) -> Refusal:
    """Return how X fails with that status."""
    title = TITLES.get(status, "Service Unavailable" if status == 503 else "Internal Server Error")
    return _problem(status, title, title)


@dataclass(slots=True)
class X:
    """Everything below `/net/x`."""

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
            route("/i/oauth2/authorize", "authorize", self.authorize),
            route("/i/oauth2/authorize", "authorize", self.decide, "POST"),
            route("/api/2/oauth2/token", "token", self.token, "POST"),
            route("/api/2/oauth2/revoke", "revoke", self.revoke, "POST"),
            route("/api/2/users/me", "userinfo", self.me),
            route("/api/2/tweets", "publish", self.publish, "POST"),
            route("/api/2/tweets", "metrics", self.read),
            route("/api/2/tweets/{post}", "delete", self.delete, "DELETE"),
        ]

    # Agreeing

    def _asked(self, told: dict[str, str]) -> Asked:
        app, wanted = self.parts.settings.apps.x, self.parts.settings.redirect_uri(NAME)
        is_known = (told.get("client_id"), told.get("redirect_uri")) == (app.client_id, wanted)
        has_pkce = told.get("code_challenge_method") == "S256" and len(told.get("code_challenge", "")) == 43
        if not is_known or not has_pkce or not told.get("state") or told.get("response_type") != "code":
            raise NotAskedError(WRONG)
        asked = Asked(
            network=NAME,
            client_id=app.client_id,
            redirect_uri=wanted,
            state=told["state"],
            scopes=tuple(told.get("scope", "").split()),
            challenge=told["code_challenge"],
        )
        if not asked.scopes or set(asked.scopes) - set(SCOPES):
            raise SentBackError(asked, "invalid_scope", "The scopes are not known")
        return asked

    def authorize(self, call: Call) -> Response:
        """Show the page on which a person agrees."""
        return consent.shown(self.parts, call, self._asked)

    def decide(self, call: Call) -> Response:
        """Send a person back with what they chose."""
        return consent.decided(self.parts, call, self._asked, cancelled=_cancelled, within=CODE_FOR)

    def _app(self, call: Call) -> None:
        app = self.parts.settings.apps.x
        if call.basic != (app.client_id, app.client_secret):
            raise _oauth(401, "unauthorized_client", "Missing valid authorization header")

    def token(self, call: Call) -> Response:
        """Give tokens for a code, or new ones for a refresh token, which is dead then."""
        self._app(call)
        told = call.form()
        match told.get("grant_type"):
            case "authorization_code":
                given = self._exchange(told)
            case "refresh_token":
                given = self._refresh(told)
            case _:
                raise _oauth(400, "unsupported_grant_type", "The grant type is not supported")
        call.entry["who"] = given.grant.who
        more = {"refresh_token": given.refresh} if given.refresh else {}
        return JSONResponse(
            {
                "token_type": "bearer",
                "expires_in": TOKEN_SECONDS,
                "access_token": given.access,
                "scope": " ".join(given.grant.scopes),
                **more,
            }
        )

    def _exchange(self, told: dict[str, str]) -> Given:
        code = self.parts.memory.take_code(told.get("code", ""))
        if code is None or code.network != NAME or code.redirect_uri != told.get("redirect_uri"):
            raise _oauth(400, "invalid_request", "Value passed for the authorization code was invalid.")
        if not consent.fits(code.challenge, told.get("code_verifier", "")):
            description = "Value passed for the code verifier did not match the code challenge."
            raise _oauth(400, "invalid_request", description)
        return self._give(consent.grant_for(self.parts, code))

    def _refresh(self, told: dict[str, str]) -> Given:
        grant = self.parts.memory.find_grant(NAME, refresh=told.get("refresh_token", ""))
        if grant is None or grant.is_revoked:
            raise _oauth(400, "invalid_request", "Value passed for the token was invalid.")
        return self._give(grant)

    def _give(self, grant: Grant) -> Given:
        can_refresh = "offline.access" in grant.scopes
        return consent.give_tokens(self.parts, grant, prefix="", seconds=TOKEN_SECONDS, can_refresh=can_refresh)

    def revoke(self, call: Call) -> Response:
        """End the grant of a token, whichever of its two it is."""
        self._app(call)
        token = call.form().get("token", "")
        if not token:
            raise _oauth(400, "invalid_request", "Missing required parameter [token].")
        memory = self.parts.memory
        if grant := memory.find_grant(NAME, access=token) or memory.find_grant(NAME, refresh=token):
            grant.is_revoked = True
            call.entry["who"] = grant.who
            memory.keep_grant(grant)
        return JSONResponse({"revoked": True})

    # Being someone

    def _grant(self, call: Call, *scopes: str) -> Grant:
        grant = self.parts.memory.find_grant(NAME, access=call.bearer)
        if grant is None or grant.is_revoked or self.parts.memory.now() >= (grant.expires_at or 0):
            raise failure(401)
        call.is_of(grant)
        if set(scopes) - set(grant.scopes):
            raise _problem(403, "Forbidden", "You are not permitted to perform this action.")
        return grant

    def _limited(self, call: Call, grant: Grant, *, most: int) -> None:
        """Count the call in its window of 15 minutes, and say how many are left; 429 once there are none."""
        memory, what = self.parts.memory, f"{NAME} {call.entry['operation']} {grant.who}"
        passed = memory.passed(what, seconds=WINDOW_S)
        call.more |= {
            "x-rate-limit-limit": str(most),
            "x-rate-limit-remaining": str(max(0, most - passed - 1)),
            "x-rate-limit-reset": str(int(memory.free_at(what, seconds=WINDOW_S)) + 1),
        }
        if passed >= most:
            raise failure(429)
        memory.count(what)

    def _pay(self, dollars: float) -> None:
        left = self.parts.settings.limits.credits
        if left is None:
            return
        if left < dollars:
            detail = "Your enrolled account does not have any credits to fulfill this request."
            raise _problem(402, "CreditsDepleted", detail, kind="https://api.twitter.com/2/problems/credits")
        self.parts.settings.limits.credits = round(left - dollars, 6)

    def me(self, call: Call) -> Response:
        """Say whose token it is."""
        grant = self._grant(call, "users.read", "tweet.read")
        account = self.parts.account(NAME, grant.who)
        return JSONResponse({"data": {"id": account.id, "name": account.name, "username": account.handle}})

    # Posts

    def publish(self, call: Call) -> Response:
        """Take a post."""
        grant = self._grant(call, "tweet.read", "tweet.write", "users.read")
        limits = self.parts.settings.limits
        self._limited(call, grant, most=limits.x_posts)
        text = call.json().get("text")
        if not isinstance(text, str) or not text.strip():
            raise _problem(400, "Invalid Request", "One or more parameters to your request was invalid.")
        if weight_on_x(text) > limits.x_weight:
            raise _problem(
                403, "Forbidden", "Your Tweet text is too long. For more information, see the documentation."
            )
        if any(one.text == text and not one.is_deleted for one in self.parts.memory.posts_of(NAME, grant.who)):
            raise _problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        self._pay(LINK_COST if X_LINK.search(text) else POST_COST)
        post = self._new(grant, text)
        self.publisher.keep(call, grant, post)
        told = {"id": post.id, "text": escape(text, quote=False), "edit_history_tweet_ids": [post.id]}
        return JSONResponse({"data": told}, status_code=201)

    def _new(self, grant: Grant, text: str) -> Post:
        post = new_post(self.parts, NAME, raw=text, text=text)
        post.path = f"/{self.parts.account(NAME, grant.who).handle}/status/{post.id}"
        post.permalink = NETWORKS[NAME].host + post.path
        return post

    def delete(self, call: Call) -> Response:
        """Delete a post of one's own; of one that is gone X says the same."""
        grant = self._grant(call, "tweet.read", "tweet.write", "users.read")
        post = self.parts.memory.posts.get(call.path("post"))
        if post is not None and post.who != grant.who:
            raise _problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
        if post is not None:
            post.is_deleted = True
            self.parts.memory.keep_post(post)
        return JSONResponse({"data": {"deleted": True}})

    def read(self, call: Call) -> Response:
        """Give posts by their ids, with their public figures if those are asked for."""
        grant = self._grant(call, "tweet.read", "users.read")
        self._limited(call, grant, most=self.parts.settings.limits.x_reads)
        told = call.query()
        wanted = [one for one in told.get("ids", "").split(",") if one]
        if not wanted or len(wanted) > MOST_IDS:
            raise _problem(400, "Invalid Request", "The `ids` query parameter takes 1 to 100 values.")
        found = {one.id: one for one in self.parts.memory.posts_of(NAME) if not one.is_deleted}
        self._pay(READ_COST * len([one for one in wanted if one in found]))
        has_figures = "public_metrics" in told.get("tweet.fields", "").split(",")
        body: Json = {"data": [_shown(found[one], has_figures=has_figures) for one in wanted if one in found]}
        if missing := [one for one in wanted if one not in found]:
            body["errors"] = [_missing(one) for one in missing]
        return JSONResponse({name: value for name, value in body.items() if value})


def _shown(post: Post, *, has_figures: bool) -> Json:
    shown: Json = {"id": post.id, "text": escape(post.text, quote=False), "edit_history_tweet_ids": [post.id]}
    if has_figures:
        shown["public_metrics"] = {name: post.counts.get(ours, 0) for name, ours in METRICS.items()}
    return shown


def _missing(post_id: str) -> Json:
    return {
        "value": post_id,
        "detail": f"Could not find tweet with ids: [{post_id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": post_id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def _cancelled(_answer: str) -> tuple[str, str]:
    return "access_denied", "The user denied access"


def _problem(status: int, title: str, detail: str, *, kind: str = "about:blank") -> Refusal:
    return Refusal(status, {"detail": detail, "type": kind, "title": title, "status": status})


def _oauth(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})
