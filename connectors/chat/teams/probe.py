"""Whether the bot's id and secret are right, and what time it is where its tokens come from."""

from bot.core.ports import Identity
from connectors.chat.teams.credentials import Credentials


class TeamsProbe:
    """Fetches a token: Teams has no call that says who the bot is, and rights are in the app's package."""

    def __init__(self, credentials: Credentials) -> None:
        """Ask with `credentials`."""
        self._credentials = credentials

    async def identify(self) -> Identity:
        """Return who we are; wrong credentials raise `Refused`, a login service that is away `TryLater`."""
        at = await self._credentials.renew()
        known = self._credentials.registration
        return Identity(name=f"app {known.app_id} of tenant {known.tenant}", scopes=frozenset(), at=at)
