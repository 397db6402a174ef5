"""Who the bot's token belongs to, what it may do, and what time it is at Slack."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import Refused, TryLater
from bot.core.ports import Identity
from connectors.chat.slack.calls import AGAIN_AFTER


class SlackProbe:
    """Asks auth.test, whose headers hold the scopes (docs.slack.dev/authentication/installing-with-oauth)."""

    def __init__(self, client: AsyncWebClient) -> None:
        """Ask with `client`."""
        self._client = client

    async def identify(self) -> Identity:
        """Return who we are; a refused token raises `Refused`, a Slack that does not answer `TryLater`."""
        try:
            answer = await self._client.auth_test()
        except SlackApiError as error:
            raise Refused(str(error.response.get("error", "refused"))) from None
        except (SlackClientError, OSError, TimeoutError):
            raise TryLater(AGAIN_AFTER, "unreachable") from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        scopes = frozenset(one.strip() for one in str(headers.get("x-oauth-scopes", "")).split(",") if one.strip())
        told = headers.get("date")
        at = parsedate_to_datetime(told) if told else datetime.now(UTC)
        return Identity(name=f"{answer.get('team', '?')} as {answer.get('user', '?')}", scopes=scopes, at=at)
