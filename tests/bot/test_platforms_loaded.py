"""A platform's SDK is loaded only where that platform is used: it takes memory and time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

TEAMS_SDK = {"botbuilder", "botframework", "jwt", "msal", "msrest"}
SLACK_SDK = {"slack_bolt", "slack_sdk"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}
TEAMS = {
    "TEAMS_APP_ID": "5f2e0c1a-0000-4000-8000-0000000000a1",
    "TEAMS_APP_PASSWORD": "s",
    "TEAMS_TENANT_ID": "b0a1c2d3-0000-4000-8000-0000000000c1",
}
PUT_TOGETHER = """
import asyncio, json, sys
from bot.installation import read_installation
from bot.start import build, new_session

async def main():
    async with new_session() as http:
        process = build(*read_installation(), http=http)
        await process.sessions.close()

asyncio.run(main())
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_with(data: Path, platforms: dict[str, str]) -> set[str]:
    """Return the packages that a process has loaded once the bot is put together for these platforms."""
    chosen = {"VOUCH_CONFIG": "playground/config.yaml", "VOUCH_DATA": str(data), "PUBLIC_URL": "http://127.0.0.1:9"}
    ours = ("DATABASE_URL", "SLACK_", "TEAMS_", "VOUCH_")
    others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        (sys.executable, "-c", PUT_TOGETHER),
        cwd=ROOT,
        env={**others, **chosen, **platforms},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("platforms", "wanted", "unwanted"),
    [(SLACK, SLACK_SDK, TEAMS_SDK), (TEAMS, {"botbuilder", "botframework", "jwt", "msrest"}, SLACK_SDK)],
    ids=["slack_alone", "teams_alone"],
)
def test_a_bot_on_one_platform_does_not_load_the_sdk_of_the_other(
    tmp_path: Path, platforms: dict[str, str], wanted: set[str], unwanted: set[str]
) -> None:
    loaded = loaded_with(tmp_path, platforms)
    assert wanted <= loaded
    assert loaded & unwanted == set()
