"""The few pages that a browser sees, as plain HTML; everything in them is escaped."""

from enum import Enum
from functools import cache
from html import escape
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bot.i18n.translator import DEFAULT, language_of, languages, words_for

HIDDEN = {"cache-control": "private, no-store", "x-robots-tag": "noindex", "referrer-policy": "no-referrer"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

STYLE = (
    ":root{color-scheme:light dark}body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;"
    "padding:0 1.25rem}h1{font-size:1.5rem;line-height:1.25}input,textarea{font:inherit;width:100%;"
    "box-sizing:border-box;padding:.75rem;border:1px solid #8888;border-radius:.5rem;background:Canvas;"
    "color:CanvasText}textarea{min-height:11rem}label{display:block;margin:1rem 0}"
    ".go{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}a.button,button{font:inherit;font-weight:600;"
    "padding:.6rem 1.1rem;border:1px solid #1f6feb;border-radius:.5rem;text-decoration:none;cursor:pointer}"
    "a.button{background:#1f6feb;color:#fff}button{background:transparent;color:inherit}"
    "button[type=submit]{background:#1f6feb;color:#fff}"
    "a.button:focus-visible,button:focus-visible{outline:3px solid #1f6feb88;outline-offset:2px}.note{opacity:.8}"
)


class Notice(Enum):
    """A page that only says something: the key of its texts and its status."""

    NO_LINK = "link_unknown", HTTPStatus.NOT_FOUND
    AWAY = "away", HTTPStatus.SERVICE_UNAVAILABLE
    WRONG_METHOD = "wrong_method", HTTPStatus.METHOD_NOT_ALLOWED
    NO_PAGE = "not_found", HTTPStatus.NOT_FOUND
    BROKEN = "broken", HTTPStatus.INTERNAL_SERVER_ERROR
    NO_TOKEN = "go_unknown", HTTPStatus.NOT_FOUND

    @property
    def key(self) -> str:
        """The key of its texts."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The status that it is sent with."""
        return int(self.value[1])


def language_wanted(accept_language: str) -> str:
    """Return the language of ours that a browser asks for first; English if none is."""
    wanted: list[tuple[float, str]] = []
    for place, part in enumerate(accept_language[:200].split(",")):
        name, _, weight = part.strip().partition(";q=")
        language = name.strip().partition("-")[0].lower()
        if language in languages():
            wanted.append((_weight(weight) - place / 1000, language))
    return max(wanted)[1] if wanted else DEFAULT


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


@cache
def notice_page(notice: Notice, *, language: str) -> bytes:
    """Return a page that only says something."""
    words = words_for(language, "UTC")
    title = words.text(f"page.{notice.key}.title")
    text = words.text(f"page.{notice.key}.text")
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", language=language)


def notice_response(request: Request, notice: Notice) -> Response:
    """Return a page that only says something, in the language that the browser asks for."""
    language = language_wanted(request.headers.get("accept-language", ""))
    headers = {**HIDDEN, "content-security-policy": POLICY}
    if notice is Notice.AWAY:
        headers["retry-after"] = "5"
    body = notice_page(notice, language=language)
    return Response(body, status_code=notice.status, headers=headers, media_type="text/html")


def page(title: str, body: str, *, language: str, nonce: str | None = None) -> bytes:
    """Return a whole page; `title` is plain, `body` is HTML whose parts are escaped already."""
    style = f'<style nonce="{nonce}">{STYLE}</style>' if nonce else f"<style>{STYLE}</style>"
    return (
        f'<!doctype html><html lang="{escape(language_of(language))}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title>{style}</head><body><main>{body}</main></body></html>"
    ).encode()
