"""Which workspace or organisation the bot's token belongs to, asked once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.slack.calls import call


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The bot's own workspace, or organisation if it is installed in a whole one, and its own ids there."""

    team_id: str | None
    enterprise_id: str | None
    is_organisation: bool
    bot_person_ref: str
    bot_id: str

    @property
    def tenant_ref(self) -> str:
        """The one tenant of this installation."""
        return (self.enterprise_id if self.is_organisation else self.team_id) or ""

    def tenant_of(self, team_id: str | None, enterprise_id: str | None) -> str:
        """Return `tenant_ref` for somebody of the company, else the team (or organisation) that they belong to."""
        if team_id is not None and team_id == self.team_id:
            return self.tenant_ref
        if self.is_organisation and self.enterprise_id in (team_id, enterprise_id):
            return self.tenant_ref
        return team_id or enterprise_id or ""


class Workspace:
    """Knows the bot's home once it was asked; asks one time only, however many want to know."""

    def __init__(self, client: AsyncWebClient) -> None:
        """Ask with `client`."""
        self._client = client
        self._home: Home | None = None
        self._asking = asyncio.Lock()

    async def home(self) -> Home:
        """Return the bot's home; raises `OutsideError` as long as Slack does not say."""
        if self._home is None:
            async with self._asking:
                if self._home is None:
                    self._home = home_from(await call(self._client.auth_test()))
        return self._home

    @property
    def is_known(self) -> bool:
        """Whether Slack has accepted the token since the start."""
        return self._home is not None

    def forget(self) -> None:
        """Ask again next time: the token was revoked or the app uninstalled."""
        self._home = None


def home_from(answer: Mapping[str, Any]) -> Home:
    """Return the home that an answer of auth.test describes."""
    return Home(
        team_id=answer.get("team_id"),
        enterprise_id=answer.get("enterprise_id"),
        is_organisation=bool(answer.get("is_enterprise_install")),
        bot_person_ref=str(answer.get("user_id", "")),
        bot_id=str(answer.get("bot_id", "")),
    )
