"""Microsoft's own Agents Playground with the demo, as `make run-teams` and `make open-teams` start them.

It does not play everything that Teams does: it reads no manifest (so no list of commands, and whoever uses the message
extension types the command's id), shows neither files nor answers for one person in a channel, and knows no dialogs,
which stand in the chat instead (playground/teams/relay.py).
"""

import json
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import pytest_asyncio

from playground.teams.cards import actions_of
from playground.teams.ids import aad_of
from tests.browser import Browser, Page, PageError
from tests.scenarios.agents_town import CHAT, ME, NEWS, ROOM, TEAM, AgentsTown
from tests.scenarios.teams_town import does, link_of
from tests.scenarios.town import ROOT

pytestmark = [pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]

PICTURES = ROOT / "artifacts" / "teams"
WORDS = "My sister stayed in that hotel and only praised the breakfast. That is how saving water should feel."
SHOWERS = "Nine litres"
NOWHERE = "http://127.0.0.1:9/"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AgentsTown]:
    async with AgentsTown(tmp_path_factory.mktemp("agents")) as started:
        await started.say("home")  # from now on the bot knows where people are, and the demo's posts come
        await started.find("Your progress")
        yield started


async def test_it_is_said_what_to_type(town: AgentsTown) -> None:
    assert "In a second terminal type:" in town.greeting
    following = await town.bot.stdout.readline() if town.bot.stdout else b""
    assert following.decode().strip() == f"make open-teams PORT={town.port}"


async def test_help_is_answered_with_a_card(town: AgentsTown) -> None:
    await town.say("help")
    card = await town.find("What Vouch understands")
    assert "suggest <link> [why]" in card.words
    assert "For admins" in card.words  # whoever types may try everything


async def test_the_demos_posts_stand_in_the_channel_and_its_suggestions_with_the_curators(town: AgentsTown) -> None:
    announced = await town.find(SHOWERS, NEWS)
    assert "Suggested by Joris Mulder" in announced.words
    suggested = await town.find("Suggestion S4", ROOM)
    assert {"Approve", "Edit and approve", "Decline"} <= {one.action.get("title") for one in actions_of(suggested.card)}


async def test_a_share_leads_to_the_network_with_ones_own_words(town: AgentsTown) -> None:
    announced = await town.find(SHOWERS, NEWS)
    await town.press(announced, "open_share")
    dialog = await town.find("Share this post", announced.conversation)
    assert dialog.where == announced.conversation  # in the announcement's thread
    await town.press(dialog, "leave_for_network", network="linkedin", text=WORDS)
    dialog = await town.find("On to LinkedIn", after=dialog)
    assert states(town) == ["draft"]

    link = link_of(dialog.card, f"{town.address}/go/")
    async with town.http.get(link, allow_redirects=False) as answer:
        assert answer.status == 302
        composer = urlsplit(answer.headers["Location"])
    assert composer.path.startswith("/network/linkedin/")
    assert WORDS in parse_qs(composer.query)["text"][0]
    assert states(town) == ["opened"]
    await town.press(dialog, "say_shared")
    await town.find("Kept as you said it", after=dialog)
    assert town.rows("SELECT count(said_at) FROM share WHERE text = ?", WORDS) == [(1,)]


def states(town: AgentsTown) -> list[str]:
    """Return how far the share with those words is, in the bot's database."""
    return [state for (state,) in town.rows("SELECT state FROM share WHERE text = ?", WORDS)]


async def test_not_for_me_is_answered_below_the_card(town: AgentsTown) -> None:
    announced = await town.find("A school that flushes with rain", NEWS)
    told = await town.press(announced, "dismiss_post")
    assert told["type"] == "application/vnd.microsoft.activity.message"
    assert "Nobody sees this" in told["value"]
    assert town.rows("SELECT post_id FROM dismissal") == [(1,)]


async def test_a_suggestion_is_approved_by_its_button(town: AgentsTown) -> None:
    await town.say(f"suggest {town.address}/site/trade-fair.html half the town comes by")
    await town.find("Your suggestion S6 is with the comms team")
    card = await town.find("Suggestion S6", ROOM)
    assert "half the town comes by" in card.words
    await town.press(card, "approve")
    assert "Approved by" in (await town.find("Approved by", after=card)).words


async def test_a_command_in_a_channel_is_answered_where_nobody_else_reads_it(town: AgentsTown) -> None:
    before = set(town.heard)
    await town.say("why", NEWS)  # not for the bot
    await town.say("me", NEWS, to_bot=True)
    answer = await town.find("What your shares brought", CHAT)
    new = [one for one in town.heard.values() if one.id not in before and "Why you have" in one.words]
    assert (answer.where, new) == (CHAT, [])


async def test_the_message_extension_suggests_a_message_and_finds_posts(town: AgentsTown) -> None:
    link = f"{town.address}/site/open-sensor.html"
    payload = {"id": "1", "body": {"contentType": "html", "content": f'<a href="{link}">{link}</a> is worth a look'}}
    about = {"commandId": "suggest_this", "messagePayload": payload}
    opened = await town.extend("fetchTask", about)
    card = opened["task"]["value"]["card"]["content"]
    assert link in json.dumps(card)
    submit = next(one.action for one in actions_of(card) if does("submit_suggestion")(one.action))
    done = await town.extend(
        "submitAction", {**about, "data": {**submit["data"], "link": link, "why": "for engineers"}}
    )
    assert "task" in done

    words = [{"name": "words", "value": "shower"}]
    found = await town.extend("query", {"commandId": "find_posts", "parameters": words})
    [result] = found["composeExtension"]["attachments"]
    assert SHOWERS in result["preview"]["content"]["title"]
    assert "task/fetch" not in json.dumps(result)  # the page cannot press such a button


async def test_colleagues_who_are_not_shown_are_there_all_the_same(town: AgentsTown) -> None:
    lena = aad_of("U0LENA")
    service = f"{town.address}/teams/service/v3/conversations"
    async with town.http.get(f"{service}/{quote(TEAM)}/pagedmembers") as answer:
        assert lena in [one["aadObjectId"] for one in (await answer.json())["members"]]
    async with town.http.get(f"{service}/{quote(TEAM)}/members/{lena}") as answer:
        assert (await answer.json())["email"] == "lena@brightwater.example"
    async with town.http.get(f"{service}/{quote(TEAM)}/members/{aad_of('U0CLAIRE')}") as answer:
        assert answer.status == 404
    async with town.http.post(service, json={"isGroup": False, "members": [{"id": lena}]}) as answer:
        chat = (await answer.json())["id"]
    async with town.http.post(f"{service}/{quote(chat)}/activities", json={"type": "message", "text": "x"}) as answer:
        assert answer.status == 201


async def test_only_programs_of_this_machine_are_let_in(town: AgentsTown) -> None:
    activity = {
        "type": "message",
        "id": "1",
        "text": "help",
        "channelId": "msteams",
        "serviceUrl": f"{town.page}/_connector",
        "conversation": {"id": CHAT, "conversationType": "personal"},
        "from": {"id": ME, "aadObjectId": ME},
        "recipient": {"id": "28:x"},
    }
    at = f"{town.address}/teams/messages"
    for headers in ({"Origin": "https://evil.example"}, {"X-Forwarded-For": "203.0.113.9"}):
        async with town.http.post(at, json={**activity, "serviceUrl": NOWHERE}, headers=headers) as answer:
            assert answer.status == 401
        async with town.http.post(f"{town.address}/teams/service/v3/conversations", json={}, headers=headers) as answer:
            assert answer.status == 403
    async with town.http.post(at, json={**activity, "serviceUrl": "https://evil.example/"}) as answer:
        assert answer.status == 403
    async with town.http.post(at, data=b"{") as answer:
        assert answer.status == 400


@pytest.mark.browser
async def test_its_page_shows_the_cards_and_presses_their_buttons(town: AgentsTown, browser_path: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with Browser(browser_path) as browser:
        page = await browser.page(town.page, width=1400, height=1300)
        with suppress(PageError):  # a message that comes before the page listens is not shown
            await page.see("body", text="Hello, I am Vouch", timeout_s=4)
        if "Hello, I am Vouch" not in await page.text("body"):
            await page.open(town.page)
            await page.see("body", text="Hello, I am Vouch", timeout_s=30)
        await page.click("[role=textbox]")
        await page.type("home")
        await page.press("Enter")
        await page.see("body", text="Your progress")
        await page.picture(PICTURES / "agents-home.png")
        await press(page, "Share")
        await page.see("body", text="Teams shows this as a dialog")
        await page.fill("textarea", "Water that nobody missed.")
        await page.picture(PICTURES / "agents-share.png")
        await press(page, "Continue")
        await page.see("button", text="Open LinkedIn")
        await page.picture(PICTURES / "agents-on-to-linkedin.png")
    assert town.rows("SELECT count(*) FROM share WHERE text = ?", "Water that nobody missed.") == [(1,)]


async def press(page: Page, label: str) -> None:
    """Press the last visible button with that label."""
    buttons = f"[...document.querySelectorAll('button')].filter((one) => one.textContent.trim() === '{label}')"
    await page.wait_for(f"{buttons}.at(-1)?.checkVisibility()")
    await page.evaluate(f"{buttons}.at(-1).dataset.wanted = 'yes'")
    await page.click("[data-wanted=yes]")
    await page.evaluate("document.querySelectorAll('[data-wanted]').forEach((one) => delete one.dataset.wanted)")


async def test_ctrl_c_ends_it_cleanly(town: AgentsTown) -> None:
    town.bot.send_signal(signal.SIGINT)
    said = await town.bot.stdout.read() if town.bot.stdout else b""
    assert (await town.bot.wait(), said) == (0, b"")
