"""The demo in a browser, as a newcomer meets it: every click and key is a real one, and pictures are kept beside."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser import Browser, Page, PageError
from tests.scenarios.town import CURATORS, GENERAL, NADIA, PRODUCT, ROOT, TOM, Town, everything_said

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PICTURES = ROOT / "artifacts" / "scenarios"
WORDS = "My sister stayed in that hotel and only praised the breakfast. That is how saving water should feel."

CLICKED_AGAIN = 3
STILL = "[...document.querySelectorAll('#messages img')].every((one) => one.complete && one.naturalWidth)"
"""Nothing moves any more under the mouse: every picture is there."""


class Person(Page):
    """Somebody at the page, whose clicks are counted."""

    clicks = 0

    async def click(self, selector: str) -> None:
        """Click, and count it."""
        self.clicks += 1
        await super().click(selector)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as chromium:
        yield chromium


@pytest_asyncio.fixture(loop_scope="module")
async def person(town: Town, browser: Browser) -> AsyncIterator[Person]:
    """Tom in #product-news, with the posts there."""
    page = await browser.page(f"{town.address}/?as={TOM}&channel={PRODUCT}")
    person = Person(browser, session=page._session, target=page.target)
    await person.see("[data-testid=message]", text="Nine litres")
    await person.wait_for(STILL)
    yield person
    await person.close()


def picture(name: str) -> Path:
    """Return where a picture goes; git ignores the folder."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / f"{name}.png"


async def act_as(person: Person, who: str, channel: str) -> None:
    """Become somebody else and go to a channel; a list that is redrawn under the mouse is clicked again."""
    await person.click("[data-testid=person-switcher]")
    await person.click(f"[data-testid=person-{who}]")
    for _ in range(CLICKED_AGAIN):
        await person.click(f"[data-testid=channel-{channel}]")
        with suppress(PageError):
            await person.wait_for(f"location.search.includes('{channel}')", timeout_s=2)
            return
    raise AssertionError(f"{channel} cannot be reached")


async def write(person: Person, text: str) -> None:
    """Write in the channel and send it."""
    await person.fill("[data-testid=composer]", text)
    await person.press("Enter")


async def test_two_clicks_bring_ones_own_text_to_the_networks_composer(
    town: Town, browser: Browser, person: Person
) -> None:
    message = await town.announcement(TOM, "Nine litres")
    await person.picture(picture("1-channel"))
    await person.click(f"[data-ts='{message['ts']}'] [data-testid=button-open_share]")
    await person.see("[data-testid=modal]", text="Open LinkedIn")
    while not await person.evaluate("document.activeElement.matches('[data-testid^=field-text] textarea')"):
        await person.press("Tab")
    await person.evaluate("document.activeElement.select()")
    await person.type(WORDS)
    await person.picture(picture("2-share-window"))
    await person.click("[data-testid=button-leave_for_network]")
    composer = await browser.wait_for_tab("/network/linkedin/")
    await composer.see("textarea")
    arrived = await composer.evaluate("document.querySelector('textarea').value")
    assert person.clicks == 2
    assert arrived.startswith("#BrightwaterEmployee")
    assert WORDS in arrived
    assert f"{town.address}/l/" in arrived
    await composer.picture(picture("3-network"))
    await composer.close()
    await person.see("[data-testid=modal]", text="Your text is kept")
    await person.click("[data-testid=modal-close]")


async def test_a_suggestion_is_approved_and_announced(town: Town, person: Person) -> None:
    await person.click(f"[data-testid=channel-{GENERAL}]")
    await write(person, f"/vouch suggest {town.address}/site/trade-fair.html half the town comes by")
    await person.see("[data-testid=message]", text="Your suggestion S6 is with the comms team")

    await act_as(person, NADIA, CURATORS)
    await person.see("[data-testid=message]", text="half the town comes by")
    await person.picture(picture("4-suggestion"))
    card = await town.card("S6")
    await person.click(f"[data-ts='{card['ts']}'] [data-testid=button-approve]")
    await person.see(f"[data-ts='{card['ts']}']", text="Approved by Nadia Rahman")

    await town.settle()
    await write(person, "/vouch edit P6")
    await person.see("[data-testid=modal]", text="New post")
    await choose_channel(person)
    await person.picture(picture("5-post-form"))
    await person.click("[data-testid=modal-submit]")
    await person.see("[data-testid=modal]", text="Announced at once in")
    await person.click("[data-testid=modal-submit]")
    await person.wait_for("!document.querySelector('[data-testid=modal][open]')")
    await person.click(f"[data-testid=channel-{PRODUCT}]")
    await person.see("[data-testid=message]", text="Suggested by Tom Hughes")
    await person.picture(picture("6-announced"))


async def test_the_weekly_board_stands_in_its_channel_with_its_picture(town: Town, person: Person) -> None:
    await person.click("[data-testid=demo-tools]")
    await person.click("[data-testid=clock-monday]")
    await person.see("[data-testid=message]", text="What our sharing brought", timeout_s=20)
    await person.wait_for(
        "[...document.querySelectorAll('[data-testid=message] img')].some("
        "(one) => one.alt.startsWith('Visits per day') && one.naturalWidth > 100)"
    )
    await person.see("[data-testid=message] table", text="Nine litres")
    await person.wait_for(
        "document.querySelector('#messages').lastElementChild.getBoundingClientRect().top < innerHeight"
    )
    await person.picture(picture("7-board-end"))
    await person.evaluate("document.querySelector('#messages').lastElementChild.scrollIntoView({block: 'start'})")
    await person.picture(picture("8-board"))
    board = await town.find(PRODUCT, TOM, "What our sharing brought")
    assert "Omar Haddad" in everything_said(board)


async def choose_channel(person: Person) -> None:
    """Choose #product-news among the channels of the post form."""
    await person.click("[data-testid^=field-channels] .several")
    await person.click(f"[role=option][data-key={PRODUCT}]")
    await person.press("Escape")
    await person.see("[data-testid^=field-channels] .chip", text="#product-news")
