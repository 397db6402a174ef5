"""The page at our own address: whose it is and what it is, for whoever comes from a link in an app's description."""

from collections.abc import Awaitable, Callable
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from bot.core.programme import Company
from bot.i18n.translator import words_for
from bot.web.pages import HIDDEN, POLICY, language_wanted, page


def front_endpoint(company: Company) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers GET and HEAD of `/`."""

    async def front(request: Request) -> Response:
        language = language_wanted(request.headers.get("accept-language", ""))
        headers = {**HIDDEN, "content-security-policy": POLICY, "vary": "accept-language"}
        return Response(front_page(company, language=language), headers=headers, media_type="text/html")

    return front


def front_page(company: Company, *, language: str) -> bytes:
    """Return the page: the company's name, what this is, and the way to its own rules where it names them."""
    words = words_for(language, "UTC")
    body = f"<h1>{escape(company.name)}</h1><p>{escape(words.text('page.front.text', company=company.name))}</p>"
    if company.policy_url:
        label = words.text("page.front.policy", company=company.name)
        body += f'<p><a href="{escape(company.policy_url)}">{escape(label)}</a></p>'
    return page(f"{company.name} · Vouch", body, language=language)
