"""Where a person agrees: one page for every network, the code that comes of it, and its exchange for tokens."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from playground.looks import NETWORKS, network_page, way_back, who_asks, who_box
from playground.social.calls import Call
from playground.social.memory import Code, Grant, hashed
from playground.social.parts import SocialParts

ALLOW, CANCEL, LEAVE = "allow", "cancel", "leave"
GIVEN = "given"
"""The field of the page's form that holds each scope which stays ticked."""

WORDS = {
    "openid": "Know which account is yours",
    "profile": "Read your name and picture",
    "email": "Read your e-mail address",
    "w_member_social": "Publish posts, comments and reactions as you",
    "r_member_postAnalytics": "Read the figures of your posts",
    "tweet.read": "Read the posts that you can see",
    "tweet.write": "Publish and delete posts as you",
    "users.read": "Read your name and handle",
    "offline.access": "Stay connected until you end it",
    "read:accounts": "Read your name and handle",
    "read:statuses": "Read the posts that you can see",
    "write:statuses": "Publish and delete posts as you",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an app asks a person for, checked; `challenge` is empty without PKCE."""

    network: str
    client_id: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str = ""
    app_name: str = "Vouch"


Read = Callable[[dict[str, str]], Asked]
Cancelled = Callable[[str], tuple[str, str]]


class NotAskedError(Exception):
    """The request is not one that a network shows to a person; the words say why, and nobody is sent back."""


class SentBackError(Exception):
    """The request goes back to the app with an error, as RFC 6749 §4.1.2.1 says."""

    def __init__(self, asked: Asked, error: str, description: str) -> None:
        """Send back with that."""
        super().__init__(error)
        self.address = sent_back(asked, error=error, error_description=description)


def sent_back(asked: Asked, **told: str) -> str:
    """Return where the person goes with that; the state is passed on as it came, and left out if none came."""
    state = {"state": asked.state} if asked.state else {}
    mark = "&" if "?" in asked.redirect_uri else "?"
    return f"{asked.redirect_uri}{mark}{urlencode({**told, **state})}"


def consent_page(parts: SocialParts, asked: Asked, call: Call) -> Response:
    """Return the page on which a person agrees or does not; what the app asked stands in it unchanged."""
    who, told = who_asks(call.request), NETWORKS[asked.network]
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in call.query().items()
    )
    boxes = "".join(
        f'<li><label><input type="checkbox" name="{GIVEN}" value="{escape(scope)}" checked> '
        f'{escape(WORDS.get(scope, scope))} <small class="note">{escape(scope)}</small></label></li>'
        for scope in asked.scopes
    )
    body = f"""<form class="card" method="post" action="{escape(call.request.url.path)}">
{who_box(parts.company, who)}<p><b>{escape(asked.app_name)}</b> asks to use your {told.name} account. It may then:</p>
<ul class="scopes">{boxes}</ul>{hidden}
<p class="note">You can end this at any time, here or in {escape(asked.app_name)}.</p>
<div class="row"><button class="quiet" name="answer" value="{CANCEL}">Cancel</button>
<button name="answer" value="{ALLOW}">Allow</button></div>
<p><button class="plain" name="answer" value="{LEAVE}">Not you? Leave without signing in</button></p></form>"""
    title = f"Allow {asked.app_name}? · {told.name}"
    return network_page(asked.network, title=title, body=body, back=way_back(parts.company, who))


def shown(parts: SocialParts, call: Call, read: Read) -> Response:
    """Return the page on which a person agrees, or what is said of a request that is wrong."""
    try:
        return consent_page(parts, read(call.query()), call)
    except NotAskedError as error:
        return no_page(call.entry["network"], str(error))
    except SentBackError as error:
        return RedirectResponse(error.address, status_code=302)


def decided(parts: SocialParts, call: Call, read: Read, *, cancelled: Cancelled, within: timedelta) -> Response:
    """Send a person back with a code that lives so long, or with what `cancelled` calls their other answer."""
    try:
        asked = read(call.form())
    except NotAskedError as error:
        return no_page(call.entry["network"], str(error))
    except SentBackError as error:
        return RedirectResponse(error.address, status_code=303)
    answer = call.form().get("answer", CANCEL)
    if answer == ALLOW:
        return _agreed(parts, asked, call, within=within)
    code, description = cancelled(answer)
    return RedirectResponse(sent_back(asked, error=code, error_description=description), status_code=303)


def no_page(network: str, why: str) -> Response:
    """Return the page that a person gets when the app asked wrongly."""
    body = f'<section class="card"><b>Something went wrong.</b><p>{escape(why)}</p></section>'
    return network_page(network, title="Something went wrong", body=body, status=400)


def _agreed(parts: SocialParts, asked: Asked, call: Call, *, within: timedelta) -> Response:
    given = {value for name, value in call.pairs() if name == GIVEN}
    who = who_asks(call.request)
    call.entry["who"] = who
    code = parts.memory.add_code(
        Code(
            network=asked.network,
            who=who,
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            scopes=tuple(one for one in asked.scopes if one in given),
            challenge=asked.challenge,
            ends_at=parts.memory.now() + within.total_seconds(),
        )
    )
    return RedirectResponse(sent_back(asked, code=parts.ledger.issue("code", code)), status_code=303)


def fits(challenge: str, verifier: str) -> bool:
    """Return whether the verifier is that of the challenge (S256, RFC 7636 §4.6); without a challenge any is."""
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return not challenge or (43 <= len(verifier) <= 128 and secrets.compare_digest(made, challenge))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """New tokens, as the app gets them."""

    grant: Grant
    access: str
    refresh: str = ""


def grant_for(parts: SocialParts, code: Code) -> Grant:
    """Return a new grant for what the person agreed to; it has no tokens yet."""
    return Grant(
        id=parts.memory.new_id(), network=code.network, who=code.who, client_id=code.client_id, scopes=code.scopes
    )


def give_tokens(
    parts: SocialParts, grant: Grant, *, prefix: str, seconds: int | None = None, can_refresh: bool = False
) -> Given:
    """Put new tokens in the place of the grant's old ones, which are dead from now on."""
    access = parts.ledger.issue("access token", prefix + secrets.token_urlsafe(64))
    refresh = parts.ledger.issue("refresh token", prefix + secrets.token_urlsafe(64)) if can_refresh else ""
    grant.access, grant.refresh = hashed(access), hashed(refresh) if refresh else ""
    grant.expires_at = parts.memory.now() + seconds if seconds else None
    parts.memory.keep_grant(grant)
    return Given(grant=grant, access=access, refresh=refresh)
