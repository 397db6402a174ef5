"""The playground's page in a real browser: what it shows and sends, and its use by mouse, keyboard and phone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.browser import Browser, Page
from tests.playground.chat_blocks import ACTIONS, INPUTS, LAYOUT, PIXEL, button, field, mrkdwn, option, plain, window
from tests.playground.chat_fake import ChatFake

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
HOSTILE = (
    "<script>document.title = 'broken in'</script> &lt;!channel&gt; <b onclick=x> "
    "\u202efdp.exe\u202c שלום <javascript:alert(1)|tap>"
)


@pytest_asyncio.fixture(loop_scope="module")
async def chat() -> AsyncIterator[ChatFake]:
    async with ChatFake() as fake:
        yield fake


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as chromium:
        yield chromium


@pytest_asyncio.fixture(loop_scope="module")
async def page(chat: ChatFake, browser: Browser) -> AsyncIterator[Page]:
    """The page, with Ana in #good-news."""
    chat.add("C1", "U2", text="Good morning")
    page = await browser.page(f"{chat.url}/?as=U1&channel=C1")
    await page.see("[data-testid=message]", text="Good morning")
    await page.see("[role=status]", text="Live")
    yield page
    await page.close()


def at(block_type: str, inside: str = "") -> str:
    return f"[data-testid=message] [data-block-type={block_type}] {inside}".strip()


async def test_every_layout_block_is_shown_as_people_know_it(chat: ChatFake, page: Page) -> None:
    chat.add("C1", blocks=LAYOUT)
    await page.see(at("header"), text="Rain in the cellar ✨")
    assert await page.text(at("image", "figcaption")) == "The cellar"
    assert await page.evaluate(f"document.querySelector('{at('image', 'img')}').alt") == "A cellar"
    words = await page.text(at("section", ".section-words > .text"))
    assert words == "Bold italic gone code a link <b> @Ben Jansen #general"
    for tag, text in {"strong": "Bold", "em": "italic", "s": "gone", "code": "code", "a": "a link"}.items():
        assert await page.text(at("section", f".section-words > .text {tag}")) == text
    assert await page.count(at("section", ".fields > .text")) == 2
    assert await page.count(at("section", ".accessory img")) == 1
    assert "12 colleagues shared this · 2026-11-18 11:06" in await page.text(at("context"))
    assert await page.text(at("rich_text", "strong")) == "Bold"
    assert await page.text(at("rich_text", "em > s, s > em, em s")) == "struck"
    assert "🎉a page on Wednesday, 18 November 2026" in await page.text(at("rich_text"))
    assert await page.text(at("rich_text", "pre")) == "x < y"
    assert await page.text(at("table", "th:last-child")) == "Points"
    assert (
        await page.evaluate(f"getComputedStyle(document.querySelector('{at('table', 'td:last-child')}')).textAlign")
        == "end"
    )
    assert await page.text(at("markdown", "h4")) == "Title"
    assert await page.count(".unknown") == 0


async def test_hostile_text_stays_text(chat: ChatFake, page: Page) -> None:
    blocks = [
        {"type": "header", "block_id": "h", "text": plain(HOSTILE)},
        {"type": "section", "block_id": "s", "text": mrkdwn(HOSTILE)},
        {"type": "markdown", "block_id": "m", "text": "[tap](javascript:alert(1)) <img src=x onerror=alert(1)>"},
        {"type": "table", "block_id": "t", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {"type": "image", "block_id": "i", "image_url": "javascript:alert(1)", "alt_text": HOSTILE},
        {"type": "actions", "block_id": "a", "elements": [button("go", "Go", url="javascript:alert(1)")]},
    ]
    chat.add("C1", "U2", text=HOSTILE)
    chat.add("C1", blocks=blocks)
    await page.see(at("header"), text="<script>")
    assert "<!channel>" in await page.text("[data-testid=message]:nth-of-type(2) .text")
    assert "שלום" in await page.text(at("section"))
    assert await page.text(at("header")) == HOSTILE
    assert "broken in" not in await page.evaluate("document.title")
    found = await page.evaluate(
        "document.querySelectorAll('#messages :is(script, b, [onclick], [href^=javascript])').length"
    )
    assert found == 0
    assert await page.text(at("actions", "span")) == "Go"


async def test_a_press_tells_the_bot_and_a_late_answer_is_said(chat: ChatFake, page: Page) -> None:
    ts = chat.add("C1", blocks=ACTIONS)
    await page.see("[data-action-id=share]")
    chat.answers["/api/click"] = {"ok": False, "error": "operation_timeout"}
    await page.click("[data-action-id=share]")
    await page.see("[data-testid=toast]", text="Vouch did not answer in time. Nothing was lost; try again.")
    click = await chat.posted("/api/click")
    assert (click["as"], click["channel"], click["ts"]) == ("U1", "C1", ts)
    assert (click["block_id"], click["action_id"], click["value"]) == ("buttons", "share", "share-value")
    assert click["state"]["selects"]["day"] == {"type": "datepicker", "selected_date": "2026-11-21"}
    await page.wait_for("!document.querySelector('[aria-busy=true].button')")


async def test_a_dangerous_button_asks_first(chat: ChatFake, page: Page) -> None:
    chat.add("C1", blocks=ACTIONS)
    await page.click("[data-action-id=withdraw]")
    await page.see("[data-testid=confirm]", text="Nobody can share it any more.")
    await page.press("Escape")
    await page.wait_for("!document.querySelector('[data-testid=confirm]')")
    assert chat.bodies("/api/click") == []
    await page.click("[data-action-id=withdraw]")
    await page.click("[data-testid=confirm-yes]")
    await page.wait_for("!document.querySelector('[data-testid=confirm]')")
    await page.see("[data-action-id=withdraw]")
    assert (await chat.posted("/api/click"))["action_id"] == "withdraw"


async def test_a_link_button_opens_a_tab_and_tells_the_bot_what_was_typed(
    chat: ChatFake, page: Page, browser: Browser
) -> None:
    go = {"type": "actions", "block_id": "go", "elements": [button("open", "Open LinkedIn", url=f"{chat.url}/go/1")]}
    chat.show("U1", window([field("text", {"type": "plain_text_input", "multiline": True}), go]))
    await page.fill("[data-action-id=text] textarea", "My own words")
    await page.click("[data-action-id=open]")
    tab = await browser.wait_for_tab("/open?")
    await tab.wait_for("document.body.innerText === 'opened'")
    assert chat.opened == [f"as=U1&to={chat.url}/go/1"]
    click = await chat.posted("/api/click")
    assert click["view_id"] == "V1"
    assert click["state"]["text"]["text"] == {"type": "plain_text_input", "value": "My own words"}


async def test_an_overflow_menu_works_by_arrow_keys(chat: ChatFake, page: Page) -> None:
    chat.add("C1", blocks=ACTIONS)
    await page.click("[data-action-id=overflow]")
    await page.see("[role=menuitem]", text="Two")
    await page.press("ArrowDown")
    await page.press("Enter")
    await page.wait_for("!document.querySelector('[role=menu]')")
    await page.wait_for("document.activeElement.dataset.actionId === 'overflow'")
    assert (await chat.posted("/api/click"))["value"] == "two"


async def test_a_window_sends_every_input_in_the_platforms_shape(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    await page.see("[data-testid=modal]", text="Share this")
    await page.fill("[data-testid=field-text] input", "Another title")
    await page.click("[data-testid=field-topics] button")
    await page.press("ArrowDown")
    await page.press("Enter")
    await page.press("Escape")
    await page.click("[data-testid=modal-submit]")
    sent = await chat.posted("/api/submit")
    values: dict[str, Any] = {block: element[block] for block, element in sent["values"].items()}
    assert values["text"] == {"type": "plain_text_input", "value": "Another title"}
    assert values["words"]["value"] is None
    assert values["network"]["selected_option"]["value"] == "two"
    assert [entry["value"] for entry in values["topics"]["selected_options"]] == ["two"]
    assert values["rooms"]["selected_conversations"] == ["C1"]
    assert values["day"]["selected_date"] == "2026-11-21"
    assert values["moment"]["selected_date_time"] == 1795000000  # untouched, so to the second
    assert [entry["value"] for entry in values["ticks"]["selected_options"]] == ["one"]
    assert values["choice"]["selected_option"]["value"] == "three"


async def test_errors_stand_at_their_fields_and_what_was_typed_stays(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    chat.answers["/api/submit"] = {
        "ok": True,
        "response_action": "errors",
        "errors": {"words": "Say it in your own words."},
    }
    await page.fill("[data-testid=field-words] textarea", "Buy now")
    await page.click("[data-testid=modal-submit]")
    await page.see("[data-testid=field-words] .field-error", text="Say it in your own words.")
    assert await page.evaluate("document.activeElement.closest('[data-testid]').dataset.testid") == "field-words"
    assert await page.evaluate("document.querySelector('[data-testid=field-words] textarea').value") == "Buy now"


async def test_a_window_keeps_what_was_typed_when_the_bot_updates_it(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    await page.fill("[data-testid=field-live] input", "still typing")
    await page.wait_for("document.querySelector('[data-testid=modal]')")
    more = [{"type": "context", "block_id": "new", "elements": [mrkdwn("12 of 300 characters")]}]
    chat.show("U1", window([*more, *INPUTS], hash="2"))
    await page.see("[data-testid=modal] [data-block-type=context]", text="12 of 300")
    await page.type(" on")
    assert await page.evaluate("document.querySelector('[data-testid=field-live] input').value") == "still typing on"
    await page.press("Tab")  # leaving the field sends what still waits
    click = await chat.posted("/api/click")
    assert (click["action_id"], click["value"][:12]) == ("live", "still typing")


async def test_escape_closes_a_window_and_the_focus_returns(chat: ChatFake, page: Page) -> None:
    chat.add("C1", blocks=ACTIONS)
    await page.click("[data-action-id=share]")
    chat.show("U1", window(INPUTS))
    await page.see("[data-testid=modal]")
    for _ in range(30):
        await page.press("Tab")
        where = await page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert where, "the focus left the window"
    await page.press("Escape")
    assert (await chat.posted("/api/close"))["view_id"] == "V1"
    chat.show("U1", None)
    await page.wait_for("!document.querySelector('[data-testid=modal]').open")
    assert await page.evaluate("document.activeElement.dataset.actionId") == "share"


async def test_enter_sends_and_shift_enter_starts_a_line(chat: ChatFake, page: Page) -> None:
    await page.click("[data-testid=composer]")
    await page.type("one")
    await page.press("Shift+Enter")
    await page.type("two")
    await page.press("Enter")
    await page.wait_for("document.querySelector('[data-testid=composer]').value === ''")
    assert await chat.posted("/api/say") == {"as": "U1", "channel": "C1", "text": "one\ntwo"}


async def test_commands_are_completed_and_given(chat: ChatFake, page: Page) -> None:
    await page.click("[data-testid=composer]")
    await page.type("/v")
    await page.see("[role=option]", text="/vouch")
    await page.press("Tab")
    await page.type("lea")
    await page.see("[role=option]", text="/vouch leaderboard")
    await page.press("Tab")
    await page.type("month")
    await page.press("Enter")
    await page.wait_for("document.querySelector('[data-testid=composer]').value === ''")
    sent = await chat.posted("/api/command")
    assert sent == {"as": "U1", "channel": "C1", "text": "/vouch leaderboard month"}


async def test_a_shortcut_is_one_hover_away(chat: ChatFake, page: Page) -> None:
    ts = chat.add("C1", "U2", text="Look at https://example.com/find")
    await page.see("[data-testid=message]", text="example.com/find")
    await page.hover(f'[data-ts="{ts}"] .text')
    await page.click(f'[data-ts="{ts}"] [data-testid=shortcut-suggest_this]')
    sent = await chat.posted("/api/shortcut")
    assert sent == {"as": "U1", "callback_id": "suggest_this", "channel": "C1", "ts": ts}


async def test_a_change_of_person_changes_what_is_seen(chat: ChatFake, page: Page) -> None:
    chat.add("C1", ephemeral=True, text="For Ana alone", **{"for": "U1"})
    await page.see("[data-ephemeral=true]", text="Only visible to you")
    assert await page.count("[data-testid=channel-C3]") == 0
    await page.click("[data-testid=person-switcher]")
    await page.click("[data-testid=person-U2]")
    await page.see("[data-testid=channel-C3]")
    await page.wait_for("!document.querySelector('[data-ephemeral]')")
    assert "playground_as=U2" in await page.evaluate("document.cookie")
    assert "as=U2" in await page.evaluate("location.search")


async def test_what_is_new_elsewhere_gets_a_dot_until_it_is_read(chat: ChatFake, page: Page) -> None:
    await page.evaluate("localStorage.setItem('vouch-playground-read', JSON.stringify({start: '1'}))")
    chat.add("C2", "U2", text="News in general")
    await page.see("[data-testid=channel-C2] .dot")
    await page.click("[data-testid=channel-C2]")
    await page.see("[data-testid=message]", text="News in general")
    await page.wait_for("!document.querySelector('[data-testid=channel-C2] .dot')")


async def test_a_thread_opens_beside_and_closes_by_escape(chat: ChatFake, page: Page) -> None:
    parent = chat.add("C1", "U2", text="Who comes along?", replies=1)
    chat.add("C1", "U1", text="I do", thread_ts=parent)
    await page.click("[data-testid=thread-link]")
    await page.see("[data-testid=thread] [data-testid=message]", text="I do")
    assert await page.count("#messages [data-testid=message]") == 2  # a reply stays out of the channel
    await page.type("Me too")
    await page.press("Enter")
    assert (await chat.posted("/api/say"))["thread_ts"] == parent
    await page.press("Escape")
    await page.wait_for("document.querySelector('[data-testid=thread]').hidden")


async def test_home_is_a_tab_of_the_bots_conversation(chat: ChatFake, page: Page) -> None:
    chat.home["U1"] = {"id": "H1", "type": "home", "blocks": [LAYOUT[0]], "state": {"values": {}}}
    await page.click("[data-testid=channel-D1]")
    await page.click("[data-testid=tab-home]")
    await page.see("[data-testid=home]", text="Rain in the cellar")
    assert await chat.posted("/api/open_home") == {"as": "U1"}
    await page.press("ArrowRight")
    await page.see("[data-testid=composer]")


@pytest.mark.parametrize(("scheme", "is_dark"), [("dark", True), ("light", False)])
async def test_the_page_follows_the_systems_colours(
    chat: ChatFake, browser: Browser, *, scheme: str, is_dark: bool
) -> None:
    page = await browser.page(f"{chat.url}/page/icon.svg")
    await page.prefer(color_scheme=scheme, reduced_motion="reduce")
    await page.open(f"{chat.url}/?as=U1&channel=C1")
    paper = "getComputedStyle(document.querySelector('.place-pane')).backgroundColor.match(/\\d+/g).map(Number)"
    assert (sum(await page.evaluate(paper)) < 3 * 128) is is_dark
    await page.click("[data-testid=theme]")
    assert (sum(await page.evaluate(paper)) < 3 * 128) is not is_dark


async def test_a_narrow_screen_has_the_side_bar_in_a_drawer(chat: ChatFake, page: Page) -> None:
    chat.add("C1", blocks=[*LAYOUT, *ACTIONS])
    await page.see(at("header"))
    await page.resize(width=360, height=700)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not await page.evaluate(
        "document.querySelector('[data-testid=channel-C2]').checkVisibility({visibilityProperty: true})"
    )
    await page.click("[data-testid=drawer]")
    await page.wait_for("document.querySelector('#sidebar').getAnimations().length === 0")
    await page.click("[data-testid=channel-C2]")
    await page.wait_for("!document.body.classList.contains('has-drawer')")
    await page.see("#place-name", text="general")


async def test_a_newcomer_is_led_and_can_put_the_card_away(chat: ChatFake, browser: Browser) -> None:
    chat.add("C2", "U2", text="hello")
    chat.add("C1", blocks=ACTIONS)
    page = await browser.page(chat.url)
    await page.see("[data-testid=guide]", text="Try this")
    assert await page.text("#place-name") == "good-news"
    await page.click("[data-testid=guide] [aria-label='Put this card away']")
    await page.open(chat.url)
    await page.see("[data-testid=message]")
    assert not await page.evaluate("document.querySelector('[data-testid=guide]').checkVisibility()")


async def test_a_picture_that_does_not_load_says_what_it_shows(chat: ChatFake, page: Page) -> None:
    chat.add(
        "C1", blocks=[{"type": "image", "block_id": "i", "image_url": f"{PIXEL}/none", "alt_text": "A green roof"}]
    )
    await page.see(at("image", ".picture-missing"), text="A green roof")


async def test_a_select_in_a_message_tells_the_bot_the_choice(chat: ChatFake, page: Page) -> None:
    select = {"type": "static_select", "action_id": "pick", "options": [option("one"), option("two")]}
    chat.add("C1", blocks=[{"type": "section", "block_id": "s", "text": mrkdwn("Which?"), "accessory": select}])
    await page.see("[data-action-id=pick]")
    await page.evaluate("document.querySelector('[data-action-id=pick]').focus()")
    await page.press("ArrowDown")
    await page.press("Enter")
    assert (await chat.posted("/api/click"))["value"] == "one"


async def test_a_window_stays_with_its_words_when_the_bot_does_not_answer(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    chat.answers["/api/submit"] = {"ok": False, "error": "operation_timeout"}
    await page.fill("[data-testid=field-text] input", "Mine")
    await page.click("[data-testid=modal-submit]")
    await page.see("[data-testid=modal] [data-testid=toast]", text="Nothing was lost; try again.")
    assert await page.evaluate("document.querySelector('[data-testid=field-text] input').value") == "Mine"
    assert await page.count("[data-testid=modal-submit][aria-busy]") == 0


async def test_a_window_that_came_before_the_last_ones_answer_can_be_submitted(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    await page.see("[data-testid=modal-submit]", text="Share now")
    chat.may_answer.clear()
    await page.click("[data-testid=modal-submit]")
    await chat.posted("/api/submit")
    chat.show("U1", window(INPUTS, id="V2", submit=plain("Really")))
    await page.see("[data-testid=modal-submit]", text="Really")
    await page.click("[data-testid=modal-submit]")
    chat.may_answer.set()
    await chat.posted("/api/submit", count=2)
    assert [body["view_id"] for body in chat.bodies("/api/submit")] == ["V1", "V2"]


async def test_a_field_with_a_limit_counts_down_near_it(chat: ChatFake, page: Page) -> None:
    chat.show("U1", window(INPUTS))
    await page.fill("[data-testid=field-text] input", "x" * 35)
    await page.see("[data-testid=field-text] .counter", text="5 left")
    assert await page.evaluate("document.querySelector('[data-testid=field-text] input').maxLength") == 40


async def test_the_bots_conversation_follows_the_person(chat: ChatFake, page: Page) -> None:
    chat.add("D2", text="For Ben")
    await page.click("[data-testid=channel-D1]")
    await page.click("[data-testid=person-switcher]")
    await page.click("[data-testid=person-U2]")
    await page.see("[data-testid=message]", text="For Ben")
    assert await page.text("#place-name") == "VouchAPP"
