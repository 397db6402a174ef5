"""What a page says of itself, from good pages and bad ones."""

import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import PageUnreadable
from bot.core.ports import Page, PagePreview
from connectors.http import Fetched, GuardedFetcher
from connectors.previews.opengraph import MAX_SUMMARY, MAX_TITLE, OpenGraphPreview, page_of
from tests.connectors.web import FakeResolver, Site, running_site

URL = "https://www.brightwater.example/news/wind"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
def preview(site: Site) -> PagePreview:
    return OpenGraphPreview(GuardedFetcher(allow=[site.origin], resolver=FakeResolver({})))


def read(page: str | bytes, *, charset: str | None = None, url: str = URL) -> Page:
    body = page.encode() if isinstance(page, str) else page
    return page_of(Fetched(url=url, kind="text/html", charset=charset, body=body))


async def test_an_article_is_read(site: Site, preview: PagePreview) -> None:
    assert await preview.read(f"{site.origin}/article") == Page(
        url=f"{site.origin}/article",
        title="Wij meten de wind & het weer",
        summary="Waarom dat moet.",
        picture=f"{site.origin}/wind.png",
        language="nl-BE",
        site="Brightwater",
    )


async def test_a_page_without_a_title_has_an_empty_one(site: Site, preview: PagePreview) -> None:
    page = await preview.read(f"{site.origin}/no-title")
    assert (page.title, page.summary, page.picture, page.language) == ("", "", None, None)


async def test_a_page_in_another_charset_than_its_header_says_is_read(site: Site, preview: PagePreview) -> None:
    assert (await preview.read(f"{site.origin}/wrong-charset")).title == "Café à la crème"
    assert (await preview.read(f"{site.origin}/no-charset")).title == "Grüße"


async def test_the_address_is_where_redirects_ended(site: Site, preview: PagePreview) -> None:
    assert (await preview.read(f"{site.origin}/hop/2")).url == f"{site.origin}/article"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/status/404", "not_found"), ("/huge", "too_large"), ("/endless", "too_large"), ("/paper.pdf", "not_html")],
)
async def test_a_bad_page_says_why(site: Site, preview: PagePreview, path: str, reason: str) -> None:
    with pytest.raises(PageUnreadable) as caught:
        await preview.read(f"{site.origin}{path}")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title> A\n  B </title>", "A B"),
        ("<TITLE>Loud</TITLE>", "Loud"),
        ("<title>Ham &amp; eggs &#128512;</title>", "Ham & eggs 😀"),
        ("<title>1 < 2 <b>bold</b></title>", "1 < 2 <b>bold</b>"),
        ("<title>Never closed", "Never closed"),
        ("<title></title><meta name=twitter:title content='From X'>", "From X"),
        ("<title>Plain</title><meta name=twitter:title content=X><meta property=og:title content=OG>", "OG"),
        ("<title>Plain</title><meta property='og:title' content='  '>", "Plain"),
        ("<meta content='Turned round' property='og:title'>", "Turned round"),
        ("<meta property='og:title' content='First'><meta property='og:title' content='Second'>", "First"),
        ("<meta property='og:title' content='a > b'>", "a > b"),
        ("<meta property='og:title' content=\"it's\">", "it's"),
        ("<META PROPERTY='OG:TITLE' CONTENT='Loud'/>", "Loud"),
        ("<!-- <title>Hidden</title> --><title>Shown</title>", "Shown"),
        ("<script>var a = '<title>Script</title>'</script><title>Shown</title>", "Shown"),
        ("<svg><title>Icon</title></svg><title>Shown</title>", "Shown"),
        ("<style>/* <meta property=og:title content=css> */</style><title>Shown</title>", "Shown"),
        ("<title>\u202eturned\u202c</title>", "turned"),
        ("<title>שלום עולם</title>", "שלום עולם"),
        ("<title>a\x00b\x07c</title>", "abc"),
        ("", ""),
    ],
)
def test_the_title_is_found(head: str, title: str) -> None:
    assert read(f"<html><head>{head}").title == title


def test_long_texts_are_cut_with_a_sign_that_they_were() -> None:
    page = read(f"<title>{'word ' * 2000}</title><meta name=description content='{'wordy ' * 600}'>")
    assert len(page.title) <= MAX_TITLE
    assert page.title.endswith("word…")
    assert len(page.summary) <= MAX_SUMMARY
    assert page.summary.endswith("wordy…")


def test_markup_of_a_chat_stays_plain_text() -> None:
    assert read("<title>&lt;!channel&gt; *_~&lt;&gt;&amp;</title>").title == "<!channel> *_~<>&"


@pytest.mark.parametrize(
    ("head", "picture"),
    [
        ("<meta property=og:image content=/a.png>", "https://www.brightwater.example/a.png"),
        ("<meta property=og:image content='b c.png'>", "https://www.brightwater.example/news/b%20c.png"),
        ("<meta property=og:image content=//cdn.example/a.png>", "https://cdn.example/a.png"),
        ("<meta name=twitter:image content=https://cdn.example/a.png>", "https://cdn.example/a.png"),
        ("<link rel=image_src href=/a.png>", "https://www.brightwater.example/a.png"),
        ("<meta property=og:image content=javascript:alert(1)>", None),
        ("<meta property=og:image content='data:image/png;base64,AAAA'>", None),
        ("<meta property=og:image content='http://[::1'>", None),
        ("<meta property=og:image content='data:x'><meta name=twitter:image content=/a.png>", URL[:31] + "/a.png"),
        ("", None),
    ],
)
def test_the_picture_is_an_absolute_web_address_or_none(head: str, picture: str | None) -> None:
    assert read(head).picture == picture


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ("<link rel=canonical href=/news/the-wind>", "https://www.brightwater.example/news/the-wind"),
        ("<meta property=og:url content=https://www.brightwater.example/w>", "https://www.brightwater.example/w"),
        ("<link rel=canonical href=https://elsewhere.example/news/wind>", URL),
        ("<link rel=canonical href=https://www.brightwater.example:8443/w>", URL),
        ("<link rel=canonical href=http://www.brightwater.example/news/wind>", URL),
        ("<link rel=canonical href=https://www.brightwater.example/>", URL),
        ("<link rel=canonical href='javascript:1'>", URL),
        ("", URL),
    ],
)
def test_a_canonical_address_counts_on_the_same_host_only(head: str, url: str) -> None:
    assert read(head).url == url


@pytest.mark.parametrize(
    ("page", "language"),
    [
        ("<html lang=nl>", "nl"),
        ("<html lang='en_US'>", "en-US"),
        ("<html xml:lang='de'>", "de"),
        ("<html><meta property=og:locale content=fr_FR>", "fr-FR"),
        ("<html lang=''><meta http-equiv=Content-Language content=sv>", "sv"),
        ("<html lang='<script>'>", None),
        ("<html>", None),
    ],
)
def test_the_language_is_named_or_unknown(page: str, language: str | None) -> None:
    assert read(page).language == language


def test_the_site_is_its_name_or_its_host() -> None:
    assert read("<meta property=og:site_name content='Brightwater News'>").site == "Brightwater News"
    assert read("<html>").site == "brightwater.example"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<title>Ünïcode</title>".encode("utf-8-sig"), "latin-1"),
        ("<title>Ünïcode</title>".encode("utf-16"), None),
        ("<title>Ünïcode</title>".encode("utf-16-le"), "utf-16-le"),
        ("<title>Ünïcode</title>".encode(), "iso-8859-1"),
        ("<title>Ünïcode</title>".encode("latin-1"), "iso-8859-1"),
        ("<meta charset=windows-1252><title>Ünïcode</title>".encode("cp1252"), None),
        ("<meta charset=windows-1252><title>Ünïcode</title>".encode("cp1252"), "no-such-charset"),
        ("<meta http-equiv=Content-Type content='text/html; charset=latin1'><title>Ünïcode</title>".encode("l1"), None),
        ("<title>Ünïcode</title>".encode("cp1252"), "utf-8"),
        ("<title>Ünïcode</title>".encode("cp1252"), "punycode"),
        ("<title>Ünïcode</title>".encode("cp1252"), "zlib"),
        ("<title>Ünïcode</title>".encode("cp1252"), "\x00"),
    ],
)
def test_the_charset_is_found(body: bytes, charset: str | None) -> None:
    assert read(body, charset=charset).title == "Ünïcode"


def test_a_seven_bit_charset_is_read_as_it_says() -> None:
    assert read("<title>日本</title>".encode("iso-2022-jp"), charset="iso-2022-jp").title == "日本"


HOSTILE = {
    "unclosed tags": "<a " * 600_000,
    "unclosed metas": "<meta " * 300_000,
    "unclosed quotes": "<meta content='" * 130_000,
    "mixed quotes": "<meta \"'" * 240_000,
    "comments": "<!--" * 480_000,
    "scripts": "<script>" * 240_000,
    "titles": "<title>" * 280_000,
    "less-than signs": "<" * 1_900_000,
    "deep": "<div>" * 380_000,
    "entities": "<title>" + "&" * 1_900_000,
    "blanks": "<title>" + " " * 1_900_000,
    "many metas": "<meta property=a content=b>" * 70_000,
    "wide metas": f"<meta {'a ' * 2000}>" * 400,
    "charsets": "<meta charset=" * 130_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_made_to_be_slow_is_not(name: str) -> None:
    """Two megabytes take a second or two of processor time at worst, where a plain parser takes minutes."""
    started = time.process_time()
    read(HOSTILE[name], charset="punycode")
    assert time.process_time() - started < 10


@given(st.binary(max_size=2000))
def test_whatever_the_bytes_there_is_a_page(body: bytes) -> None:
    page = read(b"<html><title>" + body)
    assert page.url == URL
    assert len(page.title) <= MAX_TITLE


@given(st.text(alphabet="<>\"'=/ -!metainkhrfscptylgo:\n&;", max_size=300))
def test_whatever_the_tags_there_is_a_page(text: str) -> None:
    assert read(text).url.startswith("https://www.brightwater.example")
