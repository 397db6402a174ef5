"""How the stand-ins for the networks look: their names and colours, people, texts with links, and the page around."""

import re
from dataclasses import dataclass
from html import escape
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse

from playground.company import Company
from playground.payloads import LINK
from playground.settings import FOLDER

ELSE = "someone-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: `post` is the path of a public post (with {id} and {handle}), `crawler` who fetches previews."""

    name: str
    colour: str
    host: str
    post: str
    crawler: str
    takes_text: bool = True
    limit: int = 3000


NETWORKS = {
    "linkedin": Network(
        name="LinkedIn",
        colour="#0a66c2",
        host="https://www.linkedin.com",
        post="/feed/update/urn:li:activity:{id}/",
        crawler="LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    ),
    "x": Network(
        name="X",
        colour="#16181c",
        host="https://x.com",
        post="/{handle}/status/{id}",
        crawler="Twitterbot/1.0",
        limit=280,
    ),
    "mastodon": Network(
        name="Mastodon",
        colour="#563acc",
        host="https://mastodon.social",
        post="/@{handle}/{id}",
        crawler="Mastodon/4.5.0 (http.rb/5.2.0; +https://mastodon.social/) Bot",
        limit=500,
    ),
    "bluesky": Network(
        name="Bluesky",
        colour="#1083fe",
        host="https://bsky.app",
        post="/profile/{handle}.bsky.social/post/{id}",
        crawler="Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
        limit=300,
    ),
    "threads": Network(
        name="Threads",
        colour="#101010",
        host="https://www.threads.com",
        post="/@{handle}/post/{id}",
        crawler="facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        limit=500,
    ),
    "facebook": Network(
        name="Facebook",
        colour="#0866ff",
        host="https://www.facebook.com",
        post="/{handle}/posts/{id}",
        crawler="facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        takes_text=False,
    ),
    "whatsapp": Network(
        name="WhatsApp", colour="#0c7a5b", host="https://wa.me", post="", crawler="WhatsApp/2.24.20.89 A", limit=4096
    ),
    "xing": Network(
        name="Xing",
        colour="#006567",
        host="https://www.xing.com",
        post="/discover/detail-activities/{id}",
        crawler="XING-contenttabreceiver/2.0",
        takes_text=False,
    ),
}


def who_asks(request: Request) -> str:
    """Return the person whose browser this is: the header, the cookie, or someone else."""
    given = request.headers.get("x-playground-as") or request.cookies.get("playground_as") or ELSE
    return re.sub(r"[^A-Za-z0-9_-]", "", given)[:64] or ELSE


def who_box(company: Company, person: str) -> str:
    """Return a person's picture, name and title."""
    known = company.people.get(person)
    name = known.name if known else "Someone else"
    title = f"{known.title}, {company.name}" if known else ""
    colour, letters = (known.colour, known.initials) if known else ("#6b7780", "?")
    return f"""<div class="who"><span class="face" style="background:{colour}" aria-hidden="true">{letters}</span>
<span><b>{escape(name)}</b><br><small>{escape(title)}</small></span></div>"""


def linked(text: str) -> str:
    """Return the text for a page, its addresses as links."""
    parts, at = [], 0
    for link in LINK.finditer(text):
        address = escape(link.group())
        parts += [escape(text[at : link.start()]), f'<a href="{address}">{address}</a>']
        at = link.end()
    return "".join([*parts, escape(text[at:])])


def network_page(network: str | None, *, title: str, body: str, back: str = "/", status: int = 200) -> HTMLResponse:
    """Return a page of a network, or of one that is not there; `back` leads to the chat."""
    told = NETWORKS.get(network or "")
    template = Template((FOLDER / "network.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=escape(title),
        name=told.name if told else "A network",
        colour=told.colour if told else "#46525a",
        body=body,
        back=back,
    )
    return HTMLResponse(page, status_code=status)


def way_back(company: Company, person: str) -> str:
    """Return the address of the chat as the person who came from there."""
    return f"/open?as={person}&amp;to=/" if person in company.people else "/"
