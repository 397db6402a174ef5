"""`vouch manifest slack`: what Slack needs to install the bot."""

import json
import sys

from bot.config import ConfigError
from bot.environment import read_environment
from bot.operate.answer import answer
from connectors.chat.slack.manifest import manifest


def print_slack_manifest(*, is_socket_mode: bool) -> int:
    """Print the Slack app's manifest for this installation's address."""
    return answer(lambda: _print(is_socket_mode=is_socket_mode))


def _print(*, is_socket_mode: bool) -> int:
    public_url = read_environment().public_url
    if public_url is None and not is_socket_mode:
        raise ConfigError(["PUBLIC_URL is not set; Slack must know where to send requests (docs/install.md)"])
    sys.stdout.write(json.dumps(manifest(public_url or "", is_socket_mode=is_socket_mode), indent=2) + "\n")
    return 0
