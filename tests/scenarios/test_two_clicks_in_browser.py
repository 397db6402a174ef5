"""From the channel to a post on each network in two clicks, in a browser; what is read is what arrives."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.browser import Browser
from tests.scenarios.chat_on_slack import OnSlack
from tests.scenarios.connecting import ask_for_link, connect, posts_of, prefer
from tests.scenarios.test_in_browser import STILL, Person, picture
from tests.scenarios.town import OMAR, PRODUCT, TOM, Town

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TITLE = "Nine litres"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as chromium:
        yield chromium


@pytest.mark.parametrize("network", ["mastodon", "x"])
async def test_a_link_to_connect_says_whose_it_is_and_one_button_leads_on(
    town: Town, browser: Browser, network: str
) -> None:
    chat = OnSlack(town)
    await prefer(chat, OMAR, network)
    link = await ask_for_link(chat, OMAR, TITLE, network)
    page = await browser.page(f"{town.address}/open?as={OMAR}&to={quote(link, safe='')}")
    label = network.title()
    await page.see("h1", text=f"Connect {label} for Omar Haddad")
    await page.picture(picture(f"11-whose-link-{network}"))
    await page.click("form button")
    await page.click("button[value=allow]")
    await page.see("h1", text=f"{label} is connected")
    await page.close()
    await chat.settle()
    await chat.close(OMAR)


@pytest.mark.parametrize("network", ["linkedin", "x", "mastodon"])
async def test_share_and_share_now_are_all_there_is_to_click(town: Town, browser: Browser, network: str) -> None:
    chat = OnSlack(town)
    await prefer(chat, TOM, network)
    await connect(chat, TOM, TITLE, network)
    message = await town.announcement(TOM, TITLE)
    page = await browser.page(f"{town.address}/?as={TOM}&channel={PRODUCT}")
    person = Person(browser, session=page._session, target=page.target)
    await person.see(f"[data-ts='{message['ts']}']", text=TITLE)
    await person.wait_for(STILL)

    await person.click(f"[data-ts='{message['ts']}'] [data-testid=button-open_share]")
    await person.see("[data-testid=modal-submit]", text="Share now")
    box = "[data-testid^=field-text] textarea"
    while not await person.evaluate(f"document.activeElement.matches('{box}')"):
        await person.press("Tab")
    await person.evaluate("document.activeElement.select()")
    await person.type(f"Nine litres * less_ (and [nobody] noticed) — I @did #measure it on {network} 💧")
    words = await person.evaluate(f"document.querySelector('{box}').value")
    shown = await person.evaluate("document.querySelector('[data-testid=modal]').innerText")
    await person.picture(picture(f"9-share-now-{network}"))
    await person.click("[data-testid=modal-submit]")
    await person.see("[data-testid=modal]", text="Posted by Vouch")
    await person.picture(picture(f"10-posted-{network}"))

    assert person.clicks == 2
    (post,) = await posts_of(chat, TOM, network)
    disclosure, text, link = post["text"].split("\n\n")
    assert text == words
    assert disclosure in shown
    assert link in shown
    await person.close()
