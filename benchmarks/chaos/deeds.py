"""The deeds of employees and curators, each from its first click to its answer."""

import asyncio
import re
from typing import Any
from urllib.parse import unquote

import aiohttp

from benchmarks.chaos.acts import Kind
from benchmarks.chaos.company import CHANNELS, CURATORS_CHANNEL, NETWORKS, TALK
from benchmarks.chaos.person import REFUSED, NotDone, Person, is_good
from benchmarks.chaos.windows import Json, carried, chosen, find_button, has_field, words_of

SUGGESTION = re.compile(r"Suggestion S(\d+)")
TRACKED = re.compile(r"http://127\.0\.0\.1:\d+/l/(\w+)")
TEXTS = (
    "Water that nobody wastes is the best news of the week, says {word}, and I was there when it happened.",
    "{word}: my neighbour asked what we do all day, so here is one honest answer with numbers in it.",
    "I did not believe {word} would work until I saw the meter stand still for a whole night.",
    "Somebody named {word} painted the tank, and everyone else learned how the pump sounds when it is happy.",
)


async def announce(person: Person) -> None:
    """Write a post and announce it in some channels."""
    word = person.word()
    title, places = f"Post {word}", tuple(sorted(person.dice.sample(CHANNELS, person.dice.randint(2, 7))))
    form = await _form(person, "post new")
    link = f"{person.town.address}/site/index.html?p={word}"
    fields = {"title": title, "link": link, "summary": f"About {word}.", "channels": list(places)}
    asked_at = person.now()
    try:
        said = await _reviewed(person, form, fields)
    except NotDone:
        person.note(Kind.ANNOUNCED, asked_at=asked_at, is_sure=False, word=title, places=places)
        raise
    person.note(Kind.ANNOUNCED, asked_at=asked_at, is_sure=said, is_taken=True, word=title, places=places)


async def _form(person: Person, command: str) -> Json:
    await person.command(command, TALK)
    return await person.view(lambda one: has_field(one, "title"))


async def _reviewed(person: Person, form: Json, fields: Json) -> bool:
    """Submit a post's form and its review; `True` if the answer says that it is done."""
    review = (await person.submit(form, **fields)).get("view")
    if review is None or review.get("callback_id") != "announce_post":
        raise NotDone("no review")
    return (await person.submit(review)).get("response_action") == "clear"


async def edit(person: Person) -> None:
    """Give a post of one's own another title."""
    number = await _own_post(person)
    form = await _form(person, f"edit P{number}")
    title = f"Post {person.word()} again"
    asked_at = person.now()
    try:
        is_sure = await _reviewed(person, form, {"title": title})
    except NotDone:
        person.note(Kind.EDITED, asked_at=asked_at, is_sure=False, word=title, number=number)
        raise
    person.note(Kind.EDITED, asked_at=asked_at, is_sure=is_sure, word=title, number=number)


async def _own_post(person: Person) -> int:
    mine = f"Post {person.who[2:].lower()}x"
    cards = [one for one in await _cards(person) if mine in words_of(one)]
    if not cards:
        raise NotDone("no post yet")
    return carried(find_button(person.dice.choice(cards), "open_share"), "post_id")


async def _cards(person: Person) -> list[Json]:
    """Return the newest announcements of some channel that can be shared."""
    channel = person.dice.choice(CHANNELS)
    try:
        told = await person.town.read("messages", channel=channel, who=person.who)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise NotDone from None
    found = [one for one in told["messages"] if find_button(one, "open_share") and not one.get("ephemeral")]
    return found[-12:]


async def withdraw(person: Person) -> None:
    """Withdraw a post of one's own, now and then."""
    if person.dice.random() > 0.4:
        raise NotDone("thought better of it")
    number, asked_at = await _own_post(person), person.now()
    try:
        said = await person.command(f"withdraw P{number}", TALK)
    except NotDone:
        person.note(Kind.WITHDRAWN, asked_at=asked_at, is_sure=False, number=number)
        raise
    person.note(Kind.WITHDRAWN, asked_at=asked_at, is_sure=is_good(said), is_taken=not said, number=number)


async def decide(person: Person) -> None:
    """Approve or decline a suggestion that waits."""
    told = await person.town.read("messages", channel=CURATORS_CHANNEL, who=person.who)
    waiting = [one for one in told["messages"] if find_button(one, "approve")]
    found = [SUGGESTION.search(words_of(one)) for one in waiting]
    numbers = [int(one[1]) for one in found if one]
    if not numbers:
        raise NotDone("nothing waits")
    number, asked_at = person.dice.choice(numbers), person.now()
    line = f"approve S{number}" if person.dice.random() < 0.5 else f"decline S{number} not now, {person.word()}"
    try:
        said = await person.command(line, TALK)
    except NotDone:
        person.note(Kind.DECIDED, asked_at=asked_at, is_sure=False, number=number)
        raise
    person.note(Kind.DECIDED, asked_at=asked_at, is_sure=is_good(said), is_taken=not said, number=number)


async def suggest(person: Person) -> None:
    """Suggest a page, by command, by a message to the bot, or from somebody's message."""
    word = person.word()
    link = f"{person.town.address}/site/index.html?s={word}"
    way = person.dice.choice((_by_command, _by_message, _by_shortcut))
    asked_at = person.now()
    try:
        is_sure = await way(person, link)
    except NotDone:
        person.note(Kind.SUGGESTED, asked_at=asked_at, is_sure=False, word=word)
        raise
    is_taken = way is _by_message
    person.note(Kind.SUGGESTED, asked_at=asked_at, is_sure=is_sure, is_taken=is_taken, word=word)


async def _by_command(person: Person, link: str) -> bool:
    return "Your suggestion S" in await person.command(f"suggest {link} because of the pump", TALK)


async def _by_message(person: Person, link: str) -> bool:
    """Write to the bot; that it took the message is all it says at once. It may ask to be written to again."""
    await person.ask("dm", text=f"Look at {link} please", wait_s=0)
    until = person.now() + 3
    while person.now() < until:
        told = await person.town.read("messages", channel=f"D{person.who[1:]}", who=person.who)
        _, wrote, said = words_of(told["messages"][-6:]).rpartition(link)
        if wrote and "Your suggestion S" in said:
            return True
        if wrote and any(one in said for one in REFUSED):
            raise NotDone("to be written again")
        await asyncio.sleep(0.3)
    return False


async def _by_shortcut(person: Person, link: str) -> bool:
    said = await person.ask("say", channel=TALK, text=f"Did you see {link}")
    await person.ask("shortcut", callback_id="suggest_this", channel=TALK, ts=said["ts"], wait_s=0)
    form = await person.view(lambda one: has_field(one, "why"))
    told = await person.submit(form, why="it is about water")
    return told.get("response_action") in ("clear", "")


async def share(person: Person) -> None:
    """Share a post through the network's composer, and say afterwards what came of it."""
    view = await _share_window(person)
    network = person.dice.choice([one for one in ("linkedin", "x", "bluesky") if one != network_of(person.who)])
    view = await _on_network(person, view, network, "leave_for_network")
    number = carried(view, "share_id")
    button, asked_at = find_button(view, "leave_for_network"), person.now()
    if button is None or not button.get("url"):
        raise NotDone("no way out")
    text = person.dice.choice(TEXTS).format(word=person.word())
    went, _ = await asyncio.gather(_follow(person, button["url"]), _quietly(person.press(button, view, text=text)))
    person.note(Kind.OPENED, asked_at=asked_at, is_sure=bool(went), number=number)
    if not went:
        raise NotDone("not sent on")
    person.diary.links += TRACKED.findall(unquote(went))
    await _afterwards(person, number)


async def _quietly(pressed: Any) -> None:  # noqa: ANN401 - what presses
    try:
        await pressed
    except NotDone:
        return


async def _share_window(person: Person) -> Json:
    cards = await _cards(person)
    if not cards:
        raise NotDone("nothing to share")
    return await share_window_of(person, person.dice.choice(cards))


async def share_window_of(person: Person, card: Json) -> Json:
    """Press Share on an announcement and return the window."""
    button = find_button(card, "open_share")
    await person.ask("click", channel=card["channel"], ts=card["ts"], action_id=(button or {})["action_id"], wait_s=0)
    return await person.view(lambda one: has_field(one, "network"))


async def _on_network(person: Person, view: Json, network: str, action: str) -> Json:
    """Change the window to a network, unless it is there."""
    if chosen(view, "network") == network:
        return view
    more = {"view_id": view["id"], "block_id": "network", "action_id": "network", "value": network, "wait_s": 0}
    await person.ask("click", **more)
    return await person.view(  # what is chosen shows at once, and the rest of the window once the bot has drawn it anew
        lambda one: one["hash"] != view["hash"] and (find_button(one, action) or action in one["callback_id"])
    )


async def _follow(person: Person, url: str) -> str:
    """Follow a one-time link and return the composer's address, or nothing."""
    headers = {"X-Playground-As": person.who}
    try:
        async with person.town.http.get(url, headers=headers, allow_redirects=False) as response:
            await response.read()
            return response.headers.get("Location", "") if response.status == 302 else ""
    except (aiohttp.ClientError, TimeoutError):
        return ""


async def _afterwards(person: Person, number: int) -> None:
    """Say that it is shared, prove it, or take it back."""
    view = await person.view(lambda one: find_button(one, "say_shared") and not has_field(one, "network"))
    deed = person.dice.choice((_say, _prove, _undo))
    asked_at = person.now()
    try:
        await deed(person, view, number, asked_at)
    except NotDone:
        kind = {_say: Kind.SAID, _prove: Kind.PROVED, _undo: Kind.UNDONE}[deed]
        person.note(kind, asked_at=asked_at, is_sure=False, number=number)
        raise


async def _say(person: Person, view: Json, number: int, asked_at: float) -> None:
    await person.press(find_button(view, "say_shared"), view)
    person.note(Kind.SAID, asked_at=asked_at, is_sure=False, is_taken=True, number=number)


async def _prove(person: Person, view: Json, number: int, asked_at: float) -> None:
    await person.press(find_button(view, "open_permalink"), view)
    form = await person.view(lambda one: has_field(one, "url"))
    activity = 7_000_000_000_000_000_000 + person.dice.randrange(10**17)
    url = {
        "linkedin": f"https://www.linkedin.com/feed/update/urn:li:activity:{activity}/",
        "x": f"https://x.com/{person.who[2:].lower()}/status/{activity}",
    }.get(_network_of(view), f"https://bsky.app/profile/{person.who[2:].lower()}.bsky.social/post/{activity}")
    told = await person.submit(form, url=url)
    is_sure = told.get("response_action") == "clear"
    person.note(Kind.PROVED, asked_at=asked_at, is_sure=is_sure, number=number, word=url if is_sure else "")


def _network_of(view: Json) -> str:
    said = words_of(view)
    return "linkedin" if "LinkedIn" in said else "bluesky" if "Bluesky" in said else "x"


async def _undo(person: Person, view: Json, number: int, asked_at: float) -> None:
    await person.press(find_button(view, "undo_share"), view)
    person.note(Kind.UNDONE, asked_at=asked_at, is_sure=False, is_taken=True, number=number)


async def share_now(person: Person) -> None:
    """Share a post by one's own account."""
    view = await _share_window(person)
    view = await _on_network(person, view, network_of(person.who), "share_now")
    number, word = carried(view, "share_id"), person.word()
    text = person.dice.choice(TEXTS).format(word=word)
    network, asked_at = network_of(person.who), person.now()
    told: Json = {}
    try:
        told = await person.submit(view, text=text)
        if told.get("response_action") == "update" and has_field(told.get("view"), "text"):  # it is looked at first
            told = await person.submit(told["view"], text=text)
    finally:
        shown = told.get("view")
        is_sure = told.get("response_action") == "update" and not has_field(shown, "text")
        person.note(Kind.QUEUED, asked_at=asked_at, is_sure=is_sure, number=number, word=word, places=(network,))


def network_of(who: str) -> str:
    """Return the network at which somebody has connected an account, and where they share by it alone.

    A visitor of the same post's link would be a proof where nobody knows what came of it.
    """
    return NETWORKS[int(who[-2:]) % len(NETWORKS)]


async def settle_names(person: Person) -> None:
    """Say whether one's name may stand on boards."""
    await person.command("settings", TALK)
    form = await person.view(lambda one: has_field(one, "names"))
    answer, asked_at = person.dice.choice(("yes", "no")), person.now()
    try:
        told = await person.submit(form, names=answer)
    except NotDone:
        person.note(Kind.SET, asked_at=asked_at, is_sure=False, word=answer)
        raise
    person.note(Kind.SET, asked_at=asked_at, is_sure=told.get("response_action") == "clear", word=answer)


OF_EMPLOYEES = [suggest, suggest, share, share, share_now, share_now, share_now, settle_names]
OF_CURATORS = [announce, announce, announce, edit, edit, withdraw, decide, decide, decide]
