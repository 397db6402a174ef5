"""What scenarios of bad input on Teams do again and again: announce, make activities by hand, look at what failed."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from playground.teams.delivering import Answer
from playground.teams.outcomes import Dialog, Outcome
from playground.teams.state import Message
from tests.scenarios.chat_on_teams import OnTeams
from tests.scenarios.teams_town import TeamsTown, does, done, everything_said, has_button, packed_in
from tests.scenarios.town import GRACE, NADIA, PRODUCT

Json = dict[str, Any]
TABLES = (
    *("member", "post", "wording", "announcement", "share", "link", "suggestion", "suggestion_author", "decision"),
    *("ledger_entry", "inbox"),
)
STUCK = "SELECT id, kind, error FROM job WHERE state = ? ORDER BY id"


def kept(town: TeamsTown) -> dict[str, int]:
    """Return how many rows the bot's tables have of what people did."""
    return {name: town.rows(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}  # noqa: S608 - our own names


def stuck(town: TeamsTown) -> list[tuple[Any, ...]]:
    """Return number, kind and reason of every job that failed or is uncertain."""
    return [*town.rows(STUCK, "failed"), *town.rows(STUCK, "uncertain")]


# Activities by hand


def activity(town: TeamsTown, who: str, where: str = "", **told: object) -> Json:
    """Return an activity of a person, in their chat with the bot or where they say, with these fields."""
    people = town.service.people
    return {**people.begin(who, people.place(who, where)), **told}


def message(town: TeamsTown, who: str, text: str, where: str = "") -> Json:
    """Return a message that somebody writes to the bot."""
    return activity(town, who, where, type="message", text=text, textFormat="plain")


def invoke(town: TeamsTown, who: str, name: str, value: object, where: str = "") -> Json:
    """Return an invoke, with what it is about."""
    return activity(town, who, where, type="invoke", name=name, value=value)


def submitted(town: TeamsTown, who: str, data: object) -> Json:
    """Return a dialog's submission with any data."""
    return invoke(town, who, "task/submit", {"data": data, "context": {"theme": "default"}})


def shown(answer: Answer) -> Json:
    """Return the card of the dialog that an invoke was answered with."""
    assert answer.status == 200, answer
    card: Json = answer.body["task"]["value"]["card"]["content"]
    return card


# What people do


async def answered(town: TeamsTown, who: str, text: str, where: str = "") -> Message:
    """Write to the bot and return its private answer."""
    before = {one.id for one in town.messages(who)}
    await town.say(who, text, where)
    return await town.service.newest(who, wanted=lambda one: not one.author and one.id not in before)


async def heard(town: TeamsTown, who: str, text: str, where: str = "") -> str:
    """Write to the bot and return the words of its private answer."""
    return everything_said(await answered(town, who, text, where), who)


async def fill_in(town: TeamsTown, title: str, **fields: object) -> Outcome:
    """Open a new post's form, fill it in and ask for its review."""
    await OnTeams(town).open(NADIA, "post new")
    typed = {
        "link": f"{town.address}/site/green-roof.html",
        "title": title,
        "channels": [town.ref(PRODUCT)],
        "networks": ["linkedin"],
    }
    return await town.try_submit(NADIA, "review_post", **(typed | fields))


async def review(town: TeamsTown, title: str, **fields: object) -> int:
    """Fill a new post's form in and look it over, and return the post's number; one button is left to press."""
    reviewed = done(await fill_in(town, title, **fields))
    assert reviewed.dialog is not None
    return int(packed_in(reviewed.dialog.card, "announce_post")["post_id"])


async def confirm(town: TeamsTown) -> None:
    """Announce what was looked over; what becomes of it is for the test to see."""
    await town.submit(NADIA, "announce_post")
    town.service.people.close(NADIA)


async def announce(town: TeamsTown, title: str, **fields: object) -> int:
    """Announce a new post by the form and return its number; whether it arrived is for the test to see."""
    post_id = await review(town, title, **fields)
    await confirm(town)
    await town.settle()
    assert town.rows("SELECT state FROM post WHERE id = ?", post_id) == [("published",)]
    return post_id


def cards_of(town: TeamsTown, post_id: int, channel: str = PRODUCT) -> list[Message]:
    """Return the messages of a channel with the Share button of a post."""
    return [
        one
        for one in town.messages(NADIA, channel)
        if one.card is not None
        and has_button(one.card, "open_share")
        and packed_in(one.card, "open_share")["post_id"] == post_id
    ]


async def open_share(town: TeamsTown, who: str, post_id: int) -> Dialog:
    """Press Share on a post's announcement and return the dialog."""
    (card,) = cards_of(town, post_id)
    await town.press(who, card, "open_share")
    return town.must_dialog(who)


async def as_time_passes(town: TeamsTown, happened: Callable[[], bool]) -> None:
    """Move the clock on and on until something has happened."""
    async with asyncio.timeout(60):
        while not happened():
            await town.service.advance(timedelta(seconds=15))
            await asyncio.sleep(0.1)


async def press_failure(town: TeamsTown, what: str, job_id: int) -> None:
    """Press a button of an admin's list of failures, and wait until it has had its effect."""
    listed = await answered(town, GRACE, "failures")

    def is_wanted(button: Json) -> bool:
        return does(what)(button) and f'"job_id":{job_id}}}' in button["data"]["vouch"]

    done(await town.service.people.press(GRACE, listed, is_wanted))
    await town.settle()


def doors(town: TeamsTown, method: str) -> list[str]:
    """Return at which address the bot asked for something each time."""
    paths: list[Mapping[str, str]] = [one["path"] for one in town.service.asked(method)]
    return [path["door"] for path in paths]
