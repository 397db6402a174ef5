"""Microsoft's own renderer takes every card, shows every word as it was written, and sends back what was typed."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.core import actions as a
from bot.core.cards import Card, ManyField, SelectField, Text, When
from bot.core.codec import unpack
from connectors.chat.teams.carrying import values_of
from connectors.chat.teams.render import Json, render_card, render_card_dialog, render_dialog
from tests.connectors.teams import real_cards
from tests.connectors.teams.cardjson import lines, parts
from tests.connectors.teams.photograph import contents, photograph
from tests.connectors.teams.samples import AT, BOARD, ERRORS, LINES, NAMES, OPTIONS, POST, TRICKY, WINDOW
from tests.connectors.teams.teams_page import THEMES, Screen, opened

CARDS = {f"{kind} {name}": (kind, content) for name, kind, content in contents()}


pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def screen(browser_path: str) -> AsyncIterator[Screen]:
    async with opened(browser_path) as one:
        yield one


def squeezed(text: str) -> str:
    """Return `text` with every run of white space as one blank, as a browser shows it."""
    return " ".join(text.split())


async def test_the_renderer_takes_every_card_and_shows_all_its_words(screen: Screen) -> None:
    for name, (kind, content) in CARDS.items():
        drawn = await screen.show(content, kind=kind)
        assert drawn.problems == [], name
        assert (drawn.unnamed, drawn.markup, drawn.wide) == (0, 0, 0), name
        shown = squeezed(drawn.words)
        hidden = {line for one in parts(content, "Action.ShowCard") for line in lines(one)}
        missing = [line for line in lines(content) if "{{DATE(2026-11" not in line and squeezed(line) not in shown]
        assert set(missing) <= hidden, name


async def test_nothing_typed_is_read_as_markup_whatever_its_style(screen: Screen) -> None:
    styles = ("body", "quiet", "heading", "quote")
    body = tuple(Text((f"{TRICKY}\n{LINES}",), style) for style in styles)  # type: ignore[arg-type]
    for content in (render_card(Card(title=TRICKY, body=body)), render_card(POST), render_card(BOARD)):
        drawn = await screen.show(content)
        assert squeezed(TRICKY) in squeezed(drawn.words)
        assert (drawn.markup, [href for _, href in drawn.links if "evil" in href]) == (0, [])
    drawn = await screen.show(render_card(Card(body=body)))
    shown = [squeezed(line) for line in drawn.words.splitlines() if line.strip()]
    assert shown == [squeezed(line) for line in (TRICKY, *LINES.splitlines()) if line.strip()] * len(styles)


async def test_a_host_that_reads_markdown_would_be_found_out(screen: Screen) -> None:
    content = render_card(Card(title="x"))
    drawn = await screen.show({**content, "body": [{"type": "TextBlock", "text": TRICKY, "wrap": True}]})
    assert drawn.markup > 3
    assert squeezed(TRICKY) not in squeezed(drawn.words)


async def test_a_client_too_old_for_the_card_shows_its_words_as_typed(screen: Screen) -> None:
    content = render_card(Card(title=TRICKY, body=(Text((LINES,)),)))
    drawn = await screen.show({**content, "version": "9.9"})
    shown = [squeezed(line) for line in drawn.words.splitlines() if line.strip()]
    assert shown == [squeezed(line) for line in (TRICKY, *LINES.splitlines()) if line.strip()]
    assert (drawn.markup, drawn.links) == (0, [])


async def test_an_instant_is_shown_in_the_readers_own_time(screen: Screen) -> None:
    drawn = await screen.show(render_card(Card(title="x", body=(Text(("On ", When(AT, "later"), ".")),))))
    local = await screen.page.evaluate(f"new Date({AT.timestamp() * 1000}).getHours()")
    found = re.search(r"On Sat, Nov 21, 2026 (\d+):00\s(AM|PM)\.", drawn.words)
    assert found is not None, drawn.words
    assert datetime.strptime(f"{found[1]} {found[2]}", "%I %p").hour == local  # noqa: DTZ007 - an hour of the day


async def test_headings_headers_and_links_are_such(screen: Screen) -> None:
    drawn = await screen.show(render_card(BOARD))
    assert drawn.headings == ["This week", "Heading"]
    assert drawn.headers == ["", "Name", "Network", "Points", "Team", "Mean"]
    drawn = await screen.show(render_card(POST))
    assert ["Example", "https://example.com/"] in drawn.links


async def press(screen: Screen, label: str) -> Json:
    """Press the last button with that label and return what it sent."""
    found = "[...document.querySelectorAll('button')].filter((one) => one.innerText === "
    await screen.page.evaluate(f"{found}{label!r}).at(-1).click()")
    sent = await screen.submitted()
    return dict(sent[-1]) if sent else {}


async def test_a_dialog_sent_untouched_says_what_stood_in_it(screen: Screen) -> None:
    await screen.show(render_dialog(WINDOW, NAMES)["card"]["content"], kind="dialog")
    sent = await press(screen, "Send")
    assert sent["type"] == "Action.Submit"
    assert unpack(sent["data"]["vouch"]) == WINDOW.submit
    assert values_of(sent["data"]) == {
        "network": "a,b%2C",
        "text": f"{TRICKY}\n{LINES}",
        "url": "",
        "channels": ("a,b%2C",),
        "networks": (),
        "publish_on": "2026-12-01",
        "publish_at": "",
    }


async def test_what_is_typed_and_chosen_comes_along_with_every_button(screen: Screen) -> None:
    await screen.show(render_dialog(WINDOW, NAMES, errors=ERRORS)["card"]["content"], kind="dialog")
    await screen.page.fill("textarea", "Line one, *two*\n\nline “three”")
    await screen.page.evaluate("document.querySelectorAll('input[type=checkbox]').forEach((one) => one.click())")
    await screen.page.evaluate("document.querySelector('select').selectedIndex = 0")
    await screen.page.evaluate("document.querySelector('input[type=time]').value = '09:30'")
    typed = {
        "network": "",
        "text": "Line one, *two*\n\nline “three”",
        "url": "",
        "channels": ("linkedin",),
        "networks": ("linkedin", "a,b%2C"),
        "publish_on": "2026-12-01",
        "publish_at": "09:30",
    }
    for label, action in (("Keep", WINDOW.change), ("Back", WINDOW.back), ("Share", a.OpenShare(post_id=7))):
        sent = await press(screen, label)
        assert (unpack(sent["data"]["vouch"]), values_of(sent["data"])) == (action, typed)


async def test_a_question_in_a_dialog_does_nothing_until_it_is_answered_and_then_takes_the_fields_along(
    screen: Screen,
) -> None:
    await screen.show(render_dialog(WINDOW, NAMES)["card"]["content"], kind="dialog")
    await screen.page.evaluate("document.querySelectorAll('button').forEach((one) => one.ariaExpanded && one.click())")
    await screen.page.see("#card", text="Take it back?")
    assert await screen.submitted() == []
    sent = await press(screen, "Undo")
    assert unpack(sent["data"]["vouch"]) == a.UndoShare(share_id=5)
    assert values_of(sent["data"])["text"] == f"{TRICKY}\n{LINES}"


async def test_choices_read_as_they_are_called(screen: Screen) -> None:
    fields = (
        SelectField(name="one", label="One", options=OPTIONS),
        ManyField(name="many", label="Many", options=OPTIONS, is_list=True),
    )
    form = render_dialog(type(WINDOW)(ref="x", title="x", body=fields, submit=a.OpenHome(), submit_label="Send"))
    drawn = await screen.show(form["card"]["content"], kind="dialog")
    assert squeezed(OPTIONS[1].label) in squeezed(drawn.words)
    titles = await screen.page.evaluate("[...document.querySelectorAll('option')].map((one) => one.text)")
    assert OPTIONS[1].label in titles


async def test_a_card_shown_in_a_dialog_is_taken_too(screen: Screen) -> None:
    for card in real_cards.messages().values():
        drawn = await screen.show(render_card_dialog(card, NAMES, title="Vouch")["card"]["content"], kind="dialog")
        assert (drawn.problems, drawn.unnamed, drawn.markup, drawn.wide) == ([], 0, 0, 0)


async def test_every_card_can_be_photographed_in_every_theme(screen: Screen, tmp_path: Path) -> None:
    await photograph(screen, tmp_path, only=("sample_errors",))
    pictures = [(tmp_path / f"dialog-sample_errors-{theme}.png").read_bytes() for theme in THEMES]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == len(THEMES)
