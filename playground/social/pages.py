"""What people see of the test networks: the newest posts of each, every post at its own address, and pictures."""

from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from playground.looks import NETWORKS, linked, network_page, way_back, who_asks, who_box
from playground.social.faults import NETWORKS as SERVED
from playground.social.linkedin import LinkedIn
from playground.social.memory import Post
from playground.social.parts import SocialParts

MOST_SHOWN = 50
FIGURES = ("impressions", "likes", "reshares", "replies", "quotes", "bookmarks")


@dataclass(slots=True, kw_only=True)
class PublicPages:
    """The routes for people's eyes."""

    parts: SocialParts
    linkedin: LinkedIn

    def routes(self) -> list[Route]:
        """Return the routes; they go behind those of the networks themselves."""
        return [
            Route("/net/linkedin/pictures/{upload}", self.picture),
            Route("/net/{network}/{path:path}", self.show),
            Route("/net/{network}", self.show),
        ]

    async def picture(self, request: Request) -> Response:
        """Show an uploaded picture."""
        picture = self.linkedin.picture(request.path_params["upload"])
        kind = "image/jpeg" if picture.startswith(b"\xff\xd8") else "image/png"
        return Response(picture, media_type=kind) if picture else Response(status_code=404)

    async def show(self, request: Request) -> Response:
        """Show a network's posts, newest first, or the one whose address this is."""
        network, path = request.path_params["network"], request.path_params.get("path", "")
        if network not in SERVED:
            body = "<p>There is no test network of that name.</p>"
            return network_page(None, title="No such network", body=body, status=404)
        back = way_back(self.parts.company, who_asks(request))
        posts = [one for one in self.parts.memory.posts_of(network) if not one.is_deleted]
        if not path:
            return self._front(network, posts[-MOST_SHOWN:], back)
        post = next((one for one in posts if is_at(one, "/" + path)), None)
        title = f"Post · {NETWORKS[network].name}"
        if post is None:
            body = '<section class="card"><b>There is no such post.</b><p>Maybe it was deleted.</p></section>'
            return network_page(network, title=title, body=body, back=back, status=404)
        return network_page(network, title=title, body=self._whole(post), back=back)

    def _front(self, network: str, posts: list[Post], back: str) -> Response:
        name = NETWORKS[network].name
        shown = "".join(self._article(one) for one in reversed(posts))
        empty = f'<section class="card"><p>Nothing has been posted on this {name} yet.</p></section>'
        return network_page(network, title=f"{name}, newest first", body=shown or empty, back=back)

    def _article(self, post: Post) -> str:
        address = f"/net/{post.network}{post.path}"
        return f"""<article class="card" data-post="{escape(post.id)}">{who_box(self.parts.company, post.who)}
<div class="text">{linked(post.text)}</div>{card_of(post)}
<p class="note"><a href="{escape(address)}">{escape(post.at[:16].replace("T", " "))} UTC</a></p></article>"""

    def _whole(self, post: Post) -> str:
        figures = " · ".join(f"{post.counts[name]} {name}" for name in FIGURES if post.counts.get(name))
        told = f'<p class="note">{escape(figures)}</p>' if figures else ""
        return f"""{self._article(post)}<section class="card"><b>Published through the API.</b>{told}
<p class="note">The link of this post, as {NETWORKS[post.network].name} gives it:</p>
<p><code>{escape(post.permalink)}</code></p></section>"""


def is_at(post: Post, path: str) -> bool:
    """Return whether a post is shown at that path; X's may say "i" for whose it is."""
    short = f"/i/status/{post.id}" if post.network == "x" else post.path
    return path.rstrip("/") in (post.path, short)


def card_of(post: Post) -> str:
    """Return the preview of the page behind a post's link."""
    if not post.link:
        return ""
    picture = f'<img src="{escape(post.card["image"])}" alt="">' if post.card.get("image") else ""
    title = f"<b>{escape(post.card['title'])}</b><br>" if post.card.get("title") else ""
    return f'<a class="link" href="{escape(post.link)}">{picture}{title}<small>{escape(post.link)}</small></a>'
