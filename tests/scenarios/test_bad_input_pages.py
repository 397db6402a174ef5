"""Links that lead nowhere good: the curator reads why, the form stays usable, and nothing inside is asked."""

import asyncio

import pytest

from tests.scenarios.bad_input import another_view, held, said
from tests.scenarios.town import NADIA, OMAR, Json, Town, everything_said

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNFIT = {
    "not-a-link": "Write it with https:// in front",
    "ftp://example.org/file": "Only links that begin with https:// or http://",
    "javascript:alert(1)": "Only links that begin with https:// or http://",
    "file:///etc/passwd": "Only links that begin with https:// or http://",
    "http://": "names no website",
    "https://user:secret@example.org/": "holds a name or password",
    f"https://example.org/{'a' * 3000}": "too long",
}


async def _form_after_reading(town: Town, link: str) -> Json:
    """Begin a post from a link and return its form as it stands once the page was read."""
    before = await town.view(NADIA)  # the one of an earlier scenario
    await town.command(NADIA, f"post {link}")
    view = await another_view(town, NADIA, before)
    async with asyncio.timeout(60):
        while not any(block["type"] == "input" for block in view["blocks"]):
            await asyncio.sleep(0.05)
            view = await town.must_view(NADIA)
    return view


async def _says_why(town: Town, link: str, view: Json, words: str) -> None:
    """Look at the form after a page that could not be read: it says why, and can be gone on with."""
    assert words in everything_said(view)
    assert _typed(view, "link") == link
    assert _typed(view, "title") == ""
    told = await town.command(NADIA, "post")
    assert link in everything_said(told)  # the draft is there


def _typed(view: Json, name: str) -> str:
    (block,) = [one for one in view["blocks"] if one["type"] == "input" and one["element"]["action_id"] == name]
    return str(block["element"].get("initial_value", ""))


@pytest.mark.parametrize("link", UNFIT, ids=lambda link: link[:30])
async def test_what_is_no_web_link_begins_nothing_and_says_what_to_write(town: Town, link: str) -> None:
    before = held(town)
    post, suggestion = await town.command(NADIA, f"post {link}"), await town.command(OMAR, f"suggest {link}")
    for told in (post, suggestion):
        assert told["view"] is None
        assert UNFIT[link] in said(told)
        assert "secret" not in said(told)
    assert held(town) == before


async def test_words_without_a_link_begin_nothing_and_say_what_to_write(town: Town) -> None:
    before = held(town)
    assert "Copy it once more from your browser" in said(await town.command(NADIA, "post no link at all"))
    assert "https://" in said(await town.command(OMAR, "suggest no link at all"))
    assert "https://" in said(await town.command(OMAR, "suggest"))
    assert held(town) == before


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing", "this page does not exist"),
        ("huge", "too large to read"),
        ("endless", "too large to read"),
        ("not-html", "leads to a file"),
        ("error", "could not be reached"),
        ("loop", "could not be read"),
        ("redirect-private", "inside a private network"),
        ("redirect-metadata", "inside a private network"),
        ("redirect-file", "could not be read"),
    ],
)
async def test_a_page_that_cannot_be_read_says_why_and_leaves_the_form(town: Town, path: str, words: str) -> None:
    link = f"{town.address}/site/test/{path}"
    await _says_why(town, link, await _form_after_reading(town, link), words)


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/inside", "http://10.0.0.7/", "http://[::1]/", "http://localhost/"]
)
async def test_a_private_address_is_not_read(town: Town, link: str) -> None:
    view = await _form_after_reading(town, link)
    assert "inside a private network" in everything_said(view)
    assert _typed(view, "title") == ""


async def test_reading_a_bad_page_keeps_nobody_waiting(town: Town) -> None:
    """While a page drips for as long as it may, everyone else is answered at once; and then it is said why."""
    link = f"{town.address}/site/test/slow?s=40"
    reading = asyncio.create_task(_form_after_reading(town, link))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(6):
        assert "/vouch" in said(await town.command(OMAR, "help"))
    await _says_why(town, link, await reading, "did not answer in time")


async def test_no_bad_page_became_a_post_or_went_out(town: Town) -> None:
    await town.settle()
    assert town.rows("SELECT DISTINCT state FROM post WHERE link LIKE '%/site/test/%' OR link LIKE 'http://10.%'") == [
        ("draft",)
    ]
    assert town.rows("SELECT count(*) FROM job WHERE state IN ('failed', 'uncertain')") == [(0,)]
