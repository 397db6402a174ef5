"""Stand-ins for the networks: a composer that shows what arrived, a "Publish" button, and public posts."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import aiohttp
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from playground.looks import ELSE, NETWORKS, linked, network_page, way_back, who_asks, who_box
from playground.parts import Playground
from playground.payloads import LINK

Json = dict[str, Any]
MOST_COMPOSERS = 5_000


def arrived(path: str, query: Json) -> tuple[str, str]:
    """Return the text and the link that a composer's address carries, by the parameters the real ones take."""
    text = str(query.get("text") or query.get("title") or "")
    if tags := query.get("hashtags"):
        text += " " + " ".join("#" + tag for tag in str(tags).split(",") if tag)
    if via := query.get("via"):
        text += f" via @{via}"
    return text.strip(), str(query.get("url") or query.get("u") or "")


def first_link(text: str) -> str:
    """Return the first link in the text, or nothing."""
    found = LINK.search(text)
    return found.group() if found else ""


@dataclass(slots=True)
class NetworkPages:
    """The routes under `/network/`."""

    play: Playground

    async def show(self, request: Request) -> Response:
        """Show a composer, or the public post whose address this is."""
        network, path = request.path_params["network"], "/" + request.path_params["path"]
        if network not in NETWORKS:
            return self._page(None, "No such network", "<p>There is no stand-in for that network.</p>", status=404)
        post = next((one for one in self.play.posts.values() if (one["network"], one["path"]) == (network, path)), None)
        if post is None and path.startswith("/posts/"):
            post = self.play.posts.get(path.removeprefix("/posts/"))
        if post is not None and post["network"] == network:
            return self._post(post)
        return self._composer(network, path, dict(request.query_params), who_asks(request))

    def _composer(self, network: str, path: str, query: Json, person: str) -> Response:
        text, url = arrived(path, query)
        kept: Json = {"network": network, "path": path, "query": query, "text": text, "url": url, "as": person}
        kept["at"] = self.play.clock.now().isoformat()
        self.play.composers.append(kept)
        self.play.store.put("composers", f"{len(self.play.composers):08d}", kept)
        del self.play.composers[:-MOST_COMPOSERS]
        told = NETWORKS[network]
        note = "" if told.takes_text else f'<p class="note">{told.name} takes a link only; paste your text here.</p>'
        body = f"""<form class="card" method="post" action="/network/{network}/publish">
{who_box(self.play.company, person)}
<label class="note" for="text">What do you want to say?</label>
<textarea id="text" name="text" maxlength="20000">{escape(text)}</textarea>{note}
{_link_card(url or first_link(text))}<input type="hidden" name="link" value="{escape(url)}">
<div class="row"><span class="note">{told.name} takes {told.limit} characters; here are {len(text)}.</span>
<button>Publish</button></div></form>{self._others(text, url)}"""
        return self._page(network, f"Compose · {told.name}", body, person=person)

    async def publish(self, request: Request) -> Response:
        """Keep a post, let the network fetch its preview as the real one does, and show it."""
        network, person = request.path_params["network"], who_asks(request)
        if network not in NETWORKS:
            return self._page(None, "No such network", "<p>There is no stand-in for that network.</p>", status=404)
        async with request.form() as form:
            text, link = str(form.get("text", "")), str(form.get("link", ""))
        link = link or first_link(text)
        number = str(7_000_000_000_000_000_000 + secrets.randbelow(10**18))
        handle = self._handle(person)
        path = (NETWORKS[network].post or "/posts/{id}").format(id=number, handle=handle)
        post = {
            "id": number,
            "network": network,
            "as": person,
            "text": text,
            "link": link,
            "path": path,
            "permalink": NETWORKS[network].host + path if NETWORKS[network].post else "",
            "local": f"{self.play.settings.address}/network/{network}{path}",
            "at": self.play.clock.now().isoformat(),
        }
        self.play.posts[number] = post
        self.play.store.put("posts", number, post)
        if link.startswith(self.play.settings.address + "/"):
            await self._fetch_preview(network, link)
        return RedirectResponse(f"/network/{network}{path}", status_code=303)

    async def _fetch_preview(self, network: str, link: str) -> None:
        headers = {"User-Agent": NETWORKS[network].crawler, "X-Playground-As": f"crawler-{network}"}
        session = self.play.deliverer.session
        if session is not None:
            try:
                async with session.get(link, headers=headers, timeout=aiohttp.ClientTimeout(total=3)) as response:
                    await response.content.read(200_000)
            except (aiohttp.ClientError, asyncio.TimeoutError):  # noqa: UP041 - a preview that fails is no preview
                return

    def _post(self, post: Json) -> Response:
        told = NETWORKS[post["network"]]
        permalink = (
            f'<p class="note">The link of this post, as {told.name} would give it:</p>'
            f"<p><code>{escape(post['permalink'])}</code></p>"
            if post["permalink"]
            else f'<p class="note">{told.name} messages have no public link.</p>'
        )
        who = who_box(self.play.company, post["as"])
        body = f"""<article class="card">{who}<div class="text">{linked(post["text"])}</div>
{_link_card(post["link"])}</article><section class="card"><b>Published.</b>
{permalink}</section>{self._others(post["text"], post["link"])}"""
        return self._page(post["network"], f"Post · {told.name}", body, person=post["as"])

    def _handle(self, person: str) -> str:
        known = self.play.company.people.get(person)
        return known.handle if known else person

    def _others(self, text: str, url: str) -> str:
        links = [found.group() for found in LINK.finditer(text)] + ([url] if url else [])
        ours = [link for link in dict.fromkeys(links) if link.startswith(self.play.settings.address + "/")]
        if not ours:
            return ""
        to, other = quote(ours[0], safe=""), f"{ELSE}-{secrets.randbelow(250) + 2}"
        return f"""<section class="card"><b>What happens when people follow the link?</b><ul>
<li><a href="/open?as={ELSE}&amp;to={to}">Open the link as someone else</a></li>
<li><a href="/open?as={other}&amp;to={to}">Open the link as one more person</a></li></ul>
<p class="note">Each has an address of their own, so Vouch can tell them apart.</p></section>"""

    def _page(self, network: str | None, title: str, body: str, *, person: str = "", status: int = 200) -> HTMLResponse:
        back = way_back(self.play.company, person)
        return network_page(network, title=title, body=body, back=back, status=status)


def _link_card(url: str) -> str:
    if not re.match(r"https?://", url):
        return ""
    return f'<a class="link" href="{escape(url)}">{escape(url)}</a>'
