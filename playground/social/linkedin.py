"""LinkedIn: OAuth, who one is, pictures, posts and the figures of vetted apps.

Sources: learn.microsoft.com/linkedin: shared/authentication/authorization-code-flow, marketing/versioning,
marketing/community-management/shares/posts-api, members/post-statistics, consumer/integrations/self-serve.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.looks import NETWORKS
from playground.social import consent
from playground.social.calls import Call, Door, Refusal
from playground.social.consent import Asked, NotAskedError, SentBackError
from playground.social.little_text import read_little
from playground.social.memory import Grant, Post, Upload
from playground.social.parts import SocialParts
from playground.social.publishing import Publisher, new_post

Json = dict[str, Any]
NAME = "linkedin"
CODE_FOR = timedelta(minutes=30)
TOKEN_SECONDS = 5_184_000
DAY_S = 86_400.0
SCOPES = ("openid", "profile", "email", "w_member_social", "r_member_postAnalytics")
METRICS = {
    "IMPRESSION": "impressions",
    "MEMBERS_REACHED": "reached",
    "REACTION": "likes",
    "COMMENT": "replies",
    "RESHARE": "reshares",
}
MISMATCH = (
    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. "
    "Or authorization code expired. Or external member binding exists"
)


def failure(status: int) -> Refusal:
    """Return how LinkedIn fails with that status."""
    said = {
        400: ("ILLEGAL_ARGUMENT", "Invalid request"),
        401: ("INVALID_ACCESS_TOKEN", "Invalid access token"),
        403: ("ACCESS_DENIED", "Not enough permissions to access the resource"),
        404: ("NOT_FOUND", "Not found"),
        426: ("NONEXISTENT_VERSION", "Requested version is not active"),
        429: ("TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource is reached."),
    }
    code, message = said.get(status, ("INTERNAL_SERVER_ERROR", "Internal Server Error"))
    return Refusal(status, {"status": status, "code": code, "message": message})


@dataclass(slots=True)
class LinkedIn:
    """Everything below `/net/linkedin`."""

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
            route("/oauth/v2/authorization", "authorize", self.authorize),
            route("/oauth/v2/authorization", "authorize", self.decide, "POST"),
            route("/oauth/v2/accessToken", "token", self.token, "POST"),
            route("/api/v2/userinfo", "userinfo", self.userinfo),
            route("/api/rest/images", "image", self.expect_picture, "POST"),
            route("/api/upload/{upload}", "upload", self.take_picture, "PUT"),
            route("/api/rest/posts", "publish", self.publish, "POST"),
            route("/api/rest/posts/{urn}", "delete", self.delete, "DELETE"),
            route("/api/rest/memberCreatorPostAnalytics", "metrics", self.metrics),
        ]

    # Agreeing

    def _asked(self, told: dict[str, str]) -> Asked:
        app, wanted = self.parts.settings.apps.linkedin, self.parts.settings.redirect_uri(NAME)
        if told.get("client_id") != app.client_id:
            raise NotAskedError("The passed in client_id is invalid.")
        if told.get("redirect_uri") != wanted:
            raise NotAskedError("The redirect_uri does not match the registered value.")
        scopes = tuple(re.split(r"[ ,]+", told.get("scope", "").strip()))
        asked = Asked(
            network=NAME,
            client_id=app.client_id,
            redirect_uri=wanted,
            state=told.get("state", ""),
            scopes=scopes,
        )
        if told.get("response_type") != "code":
            raise SentBackError(asked, "unsupported_response_type", "The response type is not supported.")
        known = SCOPES if self.parts.settings.is_vetted else SCOPES[:-1]
        if strange := [one for one in scopes if one not in known]:
            description = f'Scope "{strange[0]}" is not authorized for your application'
            raise SentBackError(asked, "unauthorized_scope_error", description)
        return asked

    def authorize(self, call: Call) -> Response:
        """Show the page on which a person agrees."""
        return consent.shown(self.parts, call, self._asked)

    def decide(self, call: Call) -> Response:
        """Send a person back with what they chose."""
        return consent.decided(self.parts, call, self._asked, cancelled=_cancelled, within=CODE_FOR)

    def token(self, call: Call) -> Response:
        """Give tokens for a code; LinkedIn takes the secret in the body."""
        told, app = call.form(), self.parts.settings.apps.linkedin
        if not call.header("content-type").startswith("application/x-www-form-urlencoded"):
            raise _oauth(400, "invalid_request", 'A required parameter "grant_type" is missing')
        if told.get("grant_type") != "authorization_code":
            raise _oauth(400, "unsupported_grant_type", "The grant type is not supported")
        if (told.get("client_id"), told.get("client_secret")) != (app.client_id, app.client_secret):
            raise _oauth(401, "invalid_client", "Client authentication failed")
        code = self.parts.memory.take_code(told.get("code", ""))
        if code is None or code.network != NAME or code.redirect_uri != told.get("redirect_uri"):
            raise _oauth(400, "invalid_request", MISMATCH)
        grant = consent.grant_for(self.parts, code)
        given = consent.give_tokens(self.parts, grant, prefix="AQ", seconds=TOKEN_SECONDS)
        call.entry["who"] = grant.who
        return JSONResponse(
            {
                "access_token": given.access,
                "expires_in": TOKEN_SECONDS,
                "scope": ",".join(sorted(grant.scopes)),
                "token_type": "Bearer",
            }
        )

    # Being someone

    def _grant(self, call: Call, scope: str) -> Grant:
        grant = self.parts.memory.find_grant(NAME, access=call.bearer)
        if grant is None:
            raise _refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token", service=65600)
        call.is_of(grant)
        if grant.is_revoked:
            message = "The token used in the request has been revoked by the user"
            raise _refused(401, "REVOKED_ACCESS_TOKEN", message, service=65601)
        if grant.expires_at is not None and self.parts.memory.now() >= grant.expires_at:
            raise _refused(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", service=65602)
        if scope not in grant.scopes:
            what = f"Not enough permissions to access: {call.entry['operation']}"
            raise _refused(403, "ACCESS_DENIED", what, service=100)
        return grant

    def _versioned(self, call: Call) -> None:
        version, limits = call.header("linkedin-version"), self.parts.settings.limits
        if not version:
            message = "A version must be present. Please specify a version by adding the LinkedIn-Version header."
            raise _refused(400, "VERSION_MISSING", message)
        if not re.fullmatch(r"20\d{2}(0[1-9]|1[0-2])(\.\d{2})?", version):
            raise _refused(400, "INVALID_VERSION", f"Invalid version format: {version}")
        if version[:6] < limits.oldest_version or version[:6] in limits.sunset:
            raise _refused(426, "NONEXISTENT_VERSION", f"Requested version {version}.01 is not active")
        if call.header("x-restli-protocol-version") != "2.0.0":
            raise _refused(400, "ILLEGAL_ARGUMENT", "X-Restli-Protocol-Version must be 2.0.0")

    def userinfo(self, call: Call) -> Response:
        """Say whose token it is, by OpenID Connect."""
        grant = self._grant(call, "openid")
        account = self.parts.account(NAME, grant.who)
        told: Json = {"sub": account.id}
        if "profile" in grant.scopes:
            first, _, last = account.name.partition(" ")
            told |= {"name": account.name, "given_name": first, "family_name": last}
            told |= {"locale": {"country": "NL", "language": "en"}}
        return JSONResponse(told)

    def _author(self, grant: Grant, urn: object) -> None:
        if urn != f"urn:li:person:{self.parts.account(NAME, grant.who).id}":
            raise _refused(403, "ACCESS_DENIED", "The author does not match the authenticated member", service=100)

    # Pictures

    def expect_picture(self, call: Call) -> Response:
        """Return where to put a picture, and what it will be called."""
        self._versioned(call)
        grant = self._grant(call, "w_member_social")
        if call.query().get("action") != "initializeUpload":
            raise _refused(400, "ILLEGAL_ARGUMENT", "The action is not known")
        self._author(grant, call.json().get("initializeUploadRequest", {}).get("owner"))
        upload = Upload(id=secrets.token_urlsafe(16).replace("_", "x").replace("-", "y"), who=grant.who)
        self.parts.memory.uploads[upload.id] = upload
        base = self.parts.settings.base(NAME)
        ends = int((self.parts.memory.now() + DAY_S) * 1000)
        told = {
            "uploadUrl": f"{base}/api/upload/{upload.id}",
            "image": f"urn:li:image:{upload.id}",
            "uploadUrlExpiresAt": ends,
        }
        return JSONResponse({"value": told})

    def take_picture(self, call: Call) -> Response:
        """Take a picture's bytes."""
        grant = self._grant(call, "w_member_social")
        upload = self.parts.memory.uploads.get(call.path("upload"))
        if upload is None or upload.who != grant.who:
            raise failure(404)
        if not call.body:
            raise failure(400)
        upload.picture = call.body
        return Response(status_code=201)

    def picture(self, upload_id: str) -> bytes:
        """Return a picture that has arrived, or nothing."""
        upload = self.parts.memory.uploads.get(upload_id)
        return upload.picture if upload else b""

    # Posts

    def publish(self, call: Call) -> Response:
        """Take a post: 201, its urn in a header, nothing in the body."""
        self._versioned(call)
        grant = self._grant(call, "w_member_social")
        told = call.json()
        self._author(grant, told.get("author"))
        if missing := [
            name for name in ("commentary", "visibility", "distribution", "lifecycleState") if name not in told
        ]:
            raise _refused(400, "ILLEGAL_ARGUMENT", f"ERROR :: /{missing[0]} :: field is required but not found")
        post = self._post(told, grant)
        self.parts.memory.count(f"{NAME} {grant.who}")
        self.publisher.keep(call, grant, post)
        return Response(status_code=201, headers={"x-restli-id": post.remote_id, "x-linkedin-id": post.remote_id})

    def _post(self, told: Json, grant: Grant) -> Post:
        raw, limits = str(told["commentary"]), self.parts.settings.limits
        text = read_little(raw)
        if not text.strip():
            raise _wrong("Commentary can't be empty", "MISSING_FIELD")
        if len(text.encode("utf-16-le")) // 2 > limits.linkedin_characters:
            raise _wrong("ERROR :: /commentary :: length of the text is over the maximum", "FIELD_LENGTH_TOO_LONG")
        card = self._card(told.get("content") or {})
        for one in self.parts.memory.posts_of(NAME, grant.who):  # a deleted one still counts, for a day
            if (one.raw, one.card.get("source")) == (raw, card.get("source")) and self._is_recent(one):
                raise _wrong(f"Content is a duplicate of {one.remote_id}", "DUPLICATE_POST")
        if self.parts.memory.passed(f"{NAME} {grant.who}", seconds=self._since_midnight()) >= limits.linkedin_posts:
            raise failure(429)
        post = new_post(self.parts, NAME, raw=raw, text=text)
        post.remote_id = f"urn:li:{self.parts.settings.urn}:{post.id}"
        post.link, post.card = card.get("source") or post.link, card
        post.path = f"/feed/update/{post.remote_id}"
        post.permalink = NETWORKS[NAME].host + post.path
        return post

    def _since_midnight(self) -> float:
        return DAY_S - self.parts.memory.midnight().total_seconds()

    def _is_recent(self, post: Post) -> bool:
        return post.at > (self.parts.clock.now() - timedelta(days=1)).isoformat()

    def _card(self, content: Json) -> Json:
        article = content.get("article")
        if not isinstance(article, dict):
            return {}
        if not article.get("source") or not article.get("title"):
            raise _refused(400, "ILLEGAL_ARGUMENT", "ERROR :: /content/article :: source and title are required")
        card = {name: article[name] for name in ("source", "title", "description") if article.get(name)}
        if thumbnail := str(article.get("thumbnail") or ""):
            upload_id = thumbnail.removeprefix("urn:li:image:")
            if not self.picture(upload_id):
                raise _refused(400, "ILLEGAL_ARGUMENT", f"{thumbnail} is not an image that can be used")
            card["image"] = f"{self.parts.settings.base(NAME)}/pictures/{upload_id}"
        return card

    def _own_post(self, grant: Grant, urn: str) -> Post | None:
        found = self.parts.memory.posts.get(urn.rpartition(":")[2])
        return found if found and found.remote_id == urn and found.who == grant.who and not found.is_deleted else None

    def delete(self, call: Call) -> Response:
        """Delete a post; one that is gone is gone."""
        self._versioned(call)
        grant = self._grant(call, "w_member_social")
        post = self._own_post(grant, unquote(call.path("urn")))
        if post is None:
            raise failure(404)
        post.is_deleted = True
        self.parts.memory.keep_post(post)
        return Response(status_code=204)

    def metrics(self, call: Call) -> Response:
        """Give one figure of one post, to vetted apps alone."""
        self._versioned(call)
        grant = self._grant(call, "r_member_postAnalytics")
        told = call.query()
        found = re.fullmatch(
            r"\((?:share|ugc|ugcPost):(urn:li:(?:share|ugcPost):\d+)\)", unquote(told.get("entity", ""))
        )
        if found is None or told.get("q") != "entity" or told.get("queryType") not in METRICS:
            raise failure(400)
        post = self._own_post(grant, found[1])
        if post is None:
            raise failure(404)
        kind = told["queryType"]
        urn = {self.parts.settings.urn: post.remote_id}
        return JSONResponse(
            {
                "paging": {"start": 0, "count": 10, "links": []},
                "elements": [
                    {
                        "count": post.counts.get(METRICS[kind], 0),
                        "metricType": {
                            "com.linkedin.adsexternalapi.memberanalytics.v1.CreatorPostAnalyticsMetricTypeV1": kind
                        },
                        "targetEntity": urn,
                    }
                ],
            }
        )


def _cancelled(answer: str) -> tuple[str, str]:
    what = "login" if answer == consent.LEAVE else "authorize"
    return f"user_cancelled_{what}", f"The user cancelled LinkedIn {what}"


def _refused(status: int, code: str, message: str, *, service: int | None = None) -> Refusal:
    more = {} if service is None else {"serviceErrorCode": service}
    return Refusal(status, {"status": status, **more, "code": code, "message": message})


def _wrong(message: str, code: str) -> Refusal:
    """Return LinkedIn's 422, as it was seen at github.com/Arisamiga/Linkedin-RSS/issues/5."""
    what = f"com.linkedin.content.common.exception.BadRequestResponseException: {message}"
    errors = [{"description": message, "input": {}, "code": code}]
    details = {"errorDetailType": "com.linkedin.common.error.BadRequest", "errorDetails": {"inputErrors": errors}}
    return Refusal(422, {"message": what, **details, "status": 422})


def _oauth(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})
