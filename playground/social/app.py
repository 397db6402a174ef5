"""The test network as the playground and tests hold it: its routes, its controls, and a way to serve it alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from playground.clock import Clock
from playground.company import Company, read_company
from playground.ports import listen
from playground.settings import FOLDER
from playground.social.faults import Fault
from playground.social.linkedin import LinkedIn
from playground.social.mastodon import Mastodon
from playground.social.memory import Grant, Post
from playground.social.pages import PublicPages
from playground.social.parts import SocialParts
from playground.social.publishing import Publisher
from playground.social.settings import MODES, SocialSettings
from playground.social.x import X
from playground.store import Store
from playground.teams.serving import Serving

Json = dict[str, Any]
__all__ = ["Fault", "Post", "SocialApp", "SocialSettings"]


class SocialApp:
    """LinkedIn, X and Mastodon below `/net`. Clock, store and company are its own unless they are given."""

    def __init__(
        self,
        settings: SocialSettings | None = None,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        company: Company | None = None,
    ) -> None:
        """Put the parts together; without a store nothing is kept."""
        self.settings = settings or SocialSettings()
        self.parts = SocialParts(
            settings=self.settings,
            company=company or read_company(FOLDER / "company.yaml"),
            clock=clock or Clock(),
            store=store or Store(Path()),
        )
        self.publisher = Publisher(self.parts)
        self.linkedin = LinkedIn(self.parts, self.publisher)
        self.x = X(self.parts, self.publisher)
        self.mastodon = Mastodon(self.parts, self.publisher)

    def routes(self) -> list[Route]:
        """Return everything below `/net`."""
        pages = PublicPages(parts=self.parts, linkedin=self.linkedin)
        return [*self.linkedin.routes(), *self.x.routes(), *self.mastodon.routes(), *pages.routes()]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port while the context lasts; gives the address, below which `/net` is."""
        door = listen(0)
        self.settings.address = f"http://127.0.0.1:{door.getsockname()[1]}"
        serving = Serving(Starlette(routes=self.routes()), door)
        await serving.start()
        try:
            yield self.settings.address
        finally:
            await self.close()
            await serving.stop()

    async def close(self) -> None:
        """End what goes on in the background."""
        await self.publisher.close()

    # What leads a bot here

    def environment(self) -> dict[str, str]:
        """Return what leads a bot to these networks by their APIs."""
        return {**MODES, **self.settings.environment()}

    def redirect_uri(self, network: str) -> str:
        """Return where the bot's app at that network lets people be sent back to."""
        return self.settings.redirect_uri(network)

    def load(self) -> None:
        """Take back what the store kept."""
        self.parts.memory.load()

    # What happened

    def posts(self, network: str = "", who: str = "") -> list[Post]:
        """Return the posts that were accepted, oldest first, deleted ones too; an empty word fits all."""
        return self.parts.memory.posts_of(network, who)

    def calls(self, network: str = "", operation: str = "") -> list[Json]:
        """Return the calls that arrived, oldest first; see `SocialLedger`."""
        return self.parts.ledger.listed(network, operation)

    @property
    def is_busy(self) -> bool:
        """Return whether a crawler is on its way."""
        return self.publisher.is_busy

    @property
    def secrets(self) -> list[str]:
        """Return every token, code and client secret there has been since the start."""
        return list(self.parts.ledger.secrets)

    def leaked(self) -> list[str]:
        """Return "kind: network operation" for each secret that stood in the address of a call."""
        return self.parts.ledger.in_urls()

    def shown(self, post: Post) -> Json:
        """Return a post as the JSON API shows it, with where people may look at it."""
        row = asdict(post)
        return {**row, "as": row.pop("who"), "local": f"{self.settings.base(post.network)}{post.path}"}

    # Controls

    def fault(self, network: str, operation: str, **told: Any) -> Fault:  # noqa: ANN401 - the fields of a Fault
        """Misbehave in the next call of that kind ("*": of any), or as long as `left` says; see `Fault`."""
        made = Fault(**told)
        self.parts.faults.add(network, operation, made)
        return made

    def clear_faults(self) -> None:
        """Behave again."""
        self.parts.faults.clear()

    def expire(self, network: str, who: str) -> None:
        """Let every access token of a person end now."""
        for grant in self._grants(network, who):
            grant.expires_at = self.parts.memory.now()
            self.parts.memory.keep_grant(grant)

    def revoke(self, network: str, who: str) -> None:
        """Take back what a person allowed, as they may do in their settings there."""
        for grant in self._grants(network, who):
            grant.is_revoked = True
            self.parts.memory.keep_grant(grant)

    def narrow(self, network: str, who: str, scope: str) -> None:
        """Take one permission away from what a person allowed."""
        for grant in self._grants(network, who):
            grant.scopes = tuple(one for one in grant.scopes if one != scope)
            self.parts.memory.keep_grant(grant)

    def _grants(self, network: str, who: str) -> list[Grant]:
        return self.parts.memory.grants_of(network, who)

    def limit(self, **told: Any) -> None:  # noqa: ANN401 - the fields of Limits
        """Change the networks' numbers; see `Limits`."""
        for name, value in told.items():
            if not hasattr(self.settings.limits, name):
                raise ValueError(f"limits: unknown {name}")
            setattr(self.settings.limits, name, value)

    def count(self, post_id: str, **counts: int) -> Post:
        """Set figures of a post: likes, reshares, replies, quotes, bookmarks, impressions, reached."""
        post = self.parts.memory.posts[post_id]
        post.counts |= counts
        self.parts.memory.keep_post(post)
        return post
