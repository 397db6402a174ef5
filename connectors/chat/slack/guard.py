"""The guard in front of everything: size, age and signature of a request, and only then its JSON.

The signature is Slack's v0 (docs.slack.dev/authentication/verifying-requests-from-slack): an HMAC over the raw body.
"""

import hashlib
import hmac
import json
from binascii import a2b_qp
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from connectors.chat.slack.limits import MAX_REQUEST_AGE, MAX_REQUEST_BYTES

_OLDEST = MAX_REQUEST_AGE.total_seconds()
_PAYLOAD = b"payload="


class Rejected(Exception):
    """A request that is not let in: the HTTP `status` and the plain words to answer."""

    def __init__(self, status: int, words: str) -> None:
        """Reject with `status` and `words`."""
        super().__init__(words)
        self.status = status
        self.words = words


def too_large() -> Rejected:
    """Return the answer to a request over the size limit."""
    return Rejected(413, f"the request is larger than {MAX_REQUEST_BYTES} bytes")


def _unsigned() -> Rejected:
    return Rejected(401, "the request is not signed by Slack")


def _malformed() -> Rejected:
    return Rejected(400, "the request is not what Slack sends")


def check_signature(secret: bytes, body: bytes, *, timestamp: str, signature: str, now: float) -> None:
    """Return if `body` was signed with `secret` within five minutes of `now`; else raise `Rejected`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _unsigned()
    if abs(now - int(timestamp)) > _OLDEST:
        raise Rejected(401, "the request is older than five minutes, or from the future")
    digest = hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(b"v0=" + digest.encode(), signature.encode("utf-8", "replace")):
        raise _unsigned()


def read_body(body: bytes) -> dict[str, Any]:
    """Return what a signed `body` holds: JSON, a form with JSON in its field "payload", or a command's form.

    A form is a payload by the name of its field; a command whose text speaks of a payload stays a command. Anything
    else raises `Rejected`.
    """
    try:
        if body.startswith(b"{"):
            return _object(body)
        if body.startswith(_PAYLOAD) and b"&" not in body:
            return _object(_unquoted(body[len(_PAYLOAD) :]))
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100))
        if "payload" in form and "command" not in form:
            return _object(form["payload"])
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if "command" not in form:
        raise _malformed()
    return form


def _unquoted(value: bytes) -> bytes:
    """Return a form's value decoded: as quoted-printable, which differs in its sign alone and is decoded in C."""
    spaced = value.replace(b"+", b" ")
    if b"=" not in spaced and b"\n" not in spaced and b"\r" not in spaced:
        decoded = a2b_qp(spaced.replace(b"%", b"="))
        if len(decoded) == len(spaced) - 2 * spaced.count(b"%"):  # else some sign was not followed by two digits
            return decoded
    return unquote_to_bytes(spaced)


def _object(text: str | bytes) -> dict[str, Any]:
    held = json.loads(text)
    if not isinstance(held, dict):
        raise _malformed()
    return held
