"""Slack, put together."""

import aiohttp

from bot.chat.parts import Listening
from bot.core.cards import Card, Text
from bot.core.ports import ChatSurface, Clock, Dispatch
from bot.core.programme import Programme
from bot.environment import Environment
from bot.i18n.translator import words_for
from bot.leading import Task
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.display import Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.socket import SlackSocket
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace


class SlackChat:
    """Slack over HTTP, Socket Mode, or both, as the environment says."""

    def __init__(self, environment: Environment, *, http: aiohttp.ClientSession) -> None:
        """Speak on `http`; nothing is called yet."""
        self._environment = environment
        self._client = new_client(environment.slack_bot_token, session=http, api_url=environment.slack_api_url)
        self._workspace = Workspace(self._client)
        self.surface: ChatSurface = SlackSurface(self._client, workspace=self._workspace)

    def listen(self, dispatch: Dispatch, *, programme: Programme, clock: Clock) -> Listening:
        """Return what hands everything that people do in Slack to `dispatch`."""
        inbound = SlackInbound(
            dispatch, client=self._client, workspace=self._workspace, notices=_notices(programme), clock=clock
        )
        secret, app_token = self._environment.slack_signing_secret, self._environment.slack_app_token
        routes = SlackWebhook(inbound, signing_secret=secret).routes() if secret else ()
        alone: dict[str, Task] = {}
        if app_token:
            alone["slack-socket"] = SlackSocket(
                inbound, client=self._client, workspace=self._workspace, app_token=app_token
            )
        return Listening(parts=[inbound], alone=alone, routes=routes)


def _notices(programme: Programme) -> Notices:
    words = words_for(programme.languages[0], str(programme.zone))
    return Notices(
        window_failed=Card(body=(Text(words.rich("error.window_failed")),)),
        unreadable=Card(body=(Text(words.rich("error.unreadable")),)),
    )
