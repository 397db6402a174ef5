"""`/p/{token}.png`: a drawn picture behind an address that cannot be guessed."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from bot.web.pages import Notice, notice_response
from storage.engine import AWAY, Sessions
from storage.queries.pictures import find_picture
from storage.types import keyed_hash

_NAME = re.compile(r"([A-Za-z0-9_-]{20,64})\.png")
HEADERS = {
    "cache-control": "private, max-age=86400, immutable",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
}


def picture_endpoint(sessions: Sessions, secret: bytes) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers GET and HEAD of `/p/{name}`."""

    async def picture(request: Request) -> Response:
        name = _NAME.fullmatch(request.path_params["name"])
        if name is None:
            return notice_response(request, Notice.NO_PAGE)
        try:
            async with sessions.reading() as session:
                body = await find_picture(session, token_hash=keyed_hash(secret, name[1]))
        except AWAY:
            return notice_response(request, Notice.AWAY)
        if body is None:
            return notice_response(request, Notice.NO_PAGE)
        return Response(body, headers=HEADERS, media_type="image/png")

    return picture
