"""The process that plays a platform and its people: `python -m benchmarks.load.side PLAN FOLDER`.

It says where it is (a line of JSON), waits for a line with the bot's address, lives the morning, and says that it is
over. After the next line, when nothing of the bot runs any more, it says what was seen, and ends.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.load.deeds import Chat, Morning
from benchmarks.load.on_slack import OnSlack
from benchmarks.load.on_teams import OnTeams
from benchmarks.load.plan import SLACK, Plan, read_plan


def make_chat(plan: Plan, data: Path) -> Chat:
    """Return the plan's platform, with the whole company in it."""
    return OnSlack(plan, data) if plan.platform == SLACK else OnTeams(plan, data)


async def play(plan: Plan, data: Path) -> None:
    """Play the platform as the lines on the standard input say."""
    chat = make_chat(plan, data)
    await chat.start()
    try:
        _say({"address": chat.address, "environment": dict(chat.environment()), "service": dict(chat.service())})
        chat.listen(await _next_line())
        morning = Morning(plan=plan, chat=chat)
        await morning.live()
        _say({"over": True})
        await _next_line()
        _say(morning.report().as_json())
    finally:
        await chat.stop()


async def _next_line() -> str:
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(play(read_plan(Path(sys.argv[1])), Path(sys.argv[2])))
