"""Slack as the doctor examines it."""

import aiohttp

from bot.doctor import Advice, PlatformCheck
from bot.environment import Environment
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.manifest import REQUIRED_SCOPES, SCOPES
from connectors.chat.slack.probe import SlackProbe
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.workspace import Workspace


def slack_check(environment: Environment, http: aiohttp.ClientSession) -> PlatformCheck:
    """Return what is asked of Slack, and what to do about each answer."""
    client = new_client(environment.slack_bot_token, session=http, api_url=environment.slack_api_url)
    advice = Advice(
        away="check that this machine reaches the platform's API (SLACK_API_URL), and try again",
        refused="install the app again and set the new token (docs/install.md)",
        hidden="add the scope channels:read, or try again later",
        outside="type /invite @Vouch there",
    )
    return PlatformCheck(
        name="Slack",
        surface=SlackSurface(client, workspace=Workspace(client)),
        probe=SlackProbe(client),
        advice=advice,
        required_scopes=REQUIRED_SCOPES,
        scopes=SCOPES,
    )
