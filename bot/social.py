"""The networks' APIs, put together where the configuration wants them; each is loaded with its first use."""

from collections.abc import Callable, Iterator, Mapping

from bot.config import Config
from bot.core.ports import SocialNetwork
from bot.environment import Environment
from connectors.http import GuardedFetcher

Makers = Mapping[str, Callable[[], SocialNetwork]]


class LazyNetworks(Mapping[str, SocialNetwork]):
    """The networks by name; what one needs is loaded and made when it is first asked for."""

    def __init__(self, makers: Makers) -> None:
        """Hold what makes each of them."""
        self._makers = makers
        self._made: dict[str, SocialNetwork] = {}

    def __getitem__(self, name: str) -> SocialNetwork:
        """Return the network of that name; `KeyError` if it is not used by its API."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._makers)


def networks_of(environment: Environment, config: Config) -> LazyNetworks:
    """Return the networks that members may connect accounts of."""

    def linkedin() -> SocialNetwork:
        from connectors.social.linkedin import LinkedIn

        part = config.networks["linkedin"]
        pictures = GuardedFetcher(allow=environment.preview_allow)
        return LinkedIn(
            environment.apps["linkedin"], version=part.api_version, is_vetted=part.is_vetted, pictures=pictures
        )

    def x() -> SocialNetwork:
        from connectors.social.x import X

        return X(environment.apps["x"])

    def mastodon() -> SocialNetwork:
        from connectors.social.mastodon import Mastodon

        return Mastodon(allow=environment.preview_allow, app_name="Vouch", website=environment.public_url or "")

    makers: Makers = {"linkedin": linkedin, "x": x, "mastodon": mastodon}
    wanted = {name for name, part in config.networks.items() if part.enabled and part.mode == "api"}
    return LazyNetworks({name: make for name, make in makers.items() if name in wanted})
