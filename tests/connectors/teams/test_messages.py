"""What somebody wrote is read as they typed it, and every link that they meant is found once."""

import json
import time
from typing import Any

import pytest

from connectors.chat.teams.messages import (
    MOST_LINKS,
    has_link,
    links_in_html,
    read_payload,
    typed_text,
    with_hidden_links,
)
from tests.connectors.teams.activities import BOT, activity

ANNA = {"type": "mention", "mentioned": {"id": "29:anna", "name": "Anna Visser"}, "text": "<at>Anna Visser</at>"}


def typed(text: str, *entities: object) -> str:
    own = activity("message_in_channel")["entities"]
    return typed_text(activity("message_in_channel", text=text, entities=[*own, *entities]))


def payload(content: str, *attachments: object, kind: str = "html") -> dict[str, Any]:
    return {"body": {"contentType": kind, "content": content}, "attachments": list(attachments)}


def card(content: object, kind: str = "application/vnd.microsoft.card.adaptive", url: object = None) -> dict[str, Any]:
    return {"id": "1", "contentType": kind, "contentUrl": url, "content": content}


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("plain", "plain"),
        ("<at>Vouch</at>&nbsp;help", "help"),
        ("<at>Vouch</at>, help", "help"),
        ("help, <at>Vouch</at>!", "help, !"),
        ("<at>Vouch</at> one <at>Vouch</at> two", "one two"),
        ("<at>Vouch</at>one", "one"),
        ("see <at>Anna Visser</at> about it", "see Anna Visser about it"),
        ("a &lt;b&gt; &amp;amp; c &#39;d&#x27;", "a <b> &amp; c 'd'"),
        ("&lt;at&gt;Vouch&lt;/at&gt; help", "<at>Vouch</at> help"),
        ("https://x.example/?a=1&copy=2&sect=3", "https://x.example/?a=1&copy=2&sect=3"),
        ("https://x.example/?a=1&amp;copy=2", "https://x.example/?a=1&copy=2"),
        ("R&D & co; &nothing;", "R&D & co; &nothing;"),
        ("one\r\n two \n\n three", "one\ntwo\n\nthree"),
        ("a\u00a0\u00a0b\tc\u200b", "a b c"),
        ('go <at><img alt="🍺" itemid="beer"></at> now', "go 🍺 now"),
        ('<img src="x"> seen', "seen"),
        ("", ""),
        ("nothing \x00 else", "nothing else"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
    ],
)
def test_text_is_read_as_typed_without_our_own_mention(told: str, text: str) -> None:
    assert typed(told, ANNA) == text


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ({"text": "<at>@Vouch</at>"}, "help"),
        ({"text": None}, "help"),
        ({"text": ""}, "help"),
        ({"text": "<at>Vouch</at>", "mentioned": {"id": "29:anna", "name": "Vouch"}}, "Vouch help"),
        ({"text": "<at>Vouch</at>", "mentioned": None}, "Vouch help"),
        ({"type": "clientInfo"}, "Vouch help"),
    ],
)
def test_a_mention_is_ours_by_its_id_whatever_its_entity_calls_it(entity: dict[str, object], text: str) -> None:
    mention = {**activity("message_in_channel")["entities"][0], **entity}
    assert typed_text(activity("message_in_channel", text="<at> Vouch </at> help", entities=[mention])) == text


@pytest.mark.parametrize("changes", [{"entities": None}, {"entities": ["x", {}]}, {"recipient": None}, {"text": None}])
def test_a_message_that_says_little_is_read_all_the_same(changes: dict[str, object]) -> None:
    told = typed_text(activity("message_in_channel", **changes))
    assert told == ("" if "text" in changes else "Vouch approve 12")


@pytest.mark.parametrize(
    ("text", "html", "found"),
    [
        ("look here", '<a href="https://x.example/a">look here</a>', "look here https://x.example/a"),
        ("see https://x.example", '<a href="https://x.example/">https://x.example</a>', "see https://x.example"),
        ("R&D", '<p><a href="https://x.example/?a=1&amp;b=2">R&amp;D</a></p>', "R&D https://x.example/?a=1&b=2"),
        ("x y", "<a href='https://x.example'>x</a> <a href='https://x.example'>y</a>", "x y https://x.example"),
        ("mail", '<a href="mailto:a@b.example">mail</a>', "mail"),
        ("bad", '<a href="javascript:alert(1)">bad</a>', "bad"),
        ("none", "<a>none</a><a href>none</a>", "none"),
        ("", '<a title="a > b" href = "https://x.example/b" >x</a>', "https://x.example/b"),
    ],
)
def test_a_link_behind_words_is_added_once_and_one_that_shows_is_not(text: str, html: str, found: str) -> None:
    attachments = [{"contentType": "text/html", "content": html}, {"contentType": "image/*", "content": html}]
    assert with_hidden_links(text, {"attachments": attachments}) == found


def test_a_message_without_a_formatted_form_hides_nothing() -> None:
    for attachments in (None, [], ["x"], [{"contentType": "text/html"}]):
        assert with_hidden_links("words", {"attachments": attachments}) == "words"


def test_no_more_links_are_added_than_anybody_means() -> None:
    html = "".join(f'<a href="https://x.example/{at}">x</a>' for at in range(100))
    words = with_hidden_links("", {"attachments": [{"contentType": "text/html", "content": html}]}).split()
    assert (len(words), len(links_in_html(html))) == (MOST_LINKS, 100)


def test_a_link_is_one_of_the_web() -> None:
    assert has_link("see HTTPS://x.example.")
    assert not has_link("mailto:a@b.example and x.example")


@pytest.mark.parametrize(
    ("html", "text", "links"),
    [
        ("<div><div>one</div><div>two</div>\n</div>", "one\ntwo", ()),
        ("one<br>two<br/>three", "one\ntwo\nthree", ()),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo", ()),
        ("https://x.<b>example</b>/a", "https://x.example/a", ("https://x.example/a",)),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example/", ("https://x.example/",)),
        ("read https://x.example/a.", "read https://x.example/a.", ("https://x.example/a",)),
        ('<a href="https://x.example/a">read</a>', "read", ("https://x.example/a",)),
        ('<a href="https://x.example/a">read', "read", ("https://x.example/a",)),
        (
            '<a href="https://x.example/a">a<a href="https://y.example">b</a>',
            "ab",
            ("https://x.example/a", "https://y.example"),
        ),
        ('<at id="0">Anna</at>&nbsp;R&amp;D <emoji alt="👍"></emoji>', "Anna R&D 👍", ()),
        ('<attachment id="1"></attachment><!-- no --><systemEventMessage/>', "", ()),
        ("5 < 6 &lt; 7", "5 < 6 < 7", ()),
        ("", "", ()),
    ],
)
def test_a_message_that_is_acted_on_is_read_from_its_html(html: str, text: str, links: tuple[str, ...]) -> None:
    assert read_payload(payload(html)) == (text, links)


def test_a_message_in_plain_text_is_left_as_it_is() -> None:
    assert read_payload(payload("R&D https://x.example/a", kind="text")) == (
        "R&D https://x.example/a",
        ("https://x.example/a",),
    )


@pytest.mark.parametrize(
    "told",
    [
        {"type": "AdaptiveCard", "actions": [{"type": "Action.OpenUrl", "url": "https://x.example/a"}]},
        {"body": [{"type": "Image", "selectAction": {"type": "Action.OpenUrl", "url": "https://x.example/a"}}]},
        {"buttons": [{"type": "openUrl", "value": "https://x.example/a"}]},
        {"tap": {"type": "OpenUrl", "value": "https://x.example/a"}},
        {"potentialAction": [{"@type": "OpenUri", "targets": [{"os": "default", "uri": "https://x.example/a"}]}]},
        {"body": [{"type": "TextBlock", "text": "see [this](https://x.example/a) or https://x.example/a."}]},
    ],
)
@pytest.mark.parametrize("is_packed", [True, False])
def test_where_a_card_leads_is_a_link_of_its_message(told: object, *, is_packed: bool) -> None:
    attachment = card(json.dumps(told) if is_packed else told)
    assert read_payload(payload("<p>see</p>", attachment)) == ("see", ("https://x.example/a",))


@pytest.mark.parametrize(
    "attachment",
    [
        card(None, "reference", "https://brightwater.sharepoint.com/draft.docx"),
        card(None, "image/png", "https://graph.microsoft.com/hosted"),
        card('{"messagePreview": "https://cut.exam"}', "messageReference"),
        card("not json"),
        card("[" * 100_000),
        card(5),
        card({"body": [{"type": "Image", "url": "https://x.example/picture.png"}]}),
        card({"buttons": [{"type": "imBack", "value": "https://x.example/a"}]}),
        card({"buttons": [{"type": "openUrl", "value": "msteams:/l/chat"}]}),
        {},
        "junk",
    ],
)
def test_files_pictures_and_what_is_no_card_bring_no_links(attachment: object) -> None:
    assert read_payload(payload("<p>see</p>", attachment)) == ("see", ())


def test_a_card_may_have_an_address_of_its_own_and_no_more_links_than_anybody_means() -> None:
    own = card(None, "application/vnd.microsoft.card.thumbnail", "https://x.example/own")
    many = card({"buttons": [{"type": "openUrl", "value": f"https://x.example/{at}"} for at in range(100)]})
    found = read_payload(payload("", own, many))[1]
    assert (len(found), found[:2]) == (MOST_LINKS, ("https://x.example/own", "https://x.example/0"))


@pytest.mark.parametrize(
    "junk",
    [
        "<a ",
        "<at ",
        "<",
        "<a href='",
        "<!--",
        "</",
        '<a "',
        "<div>",
        "&a",
        "<a b ",
        "<at>   ",
        "<a href='https://x.y'>",
    ],
)
def test_whatever_is_sent_is_read_in_no_time(junk: str) -> None:
    text = junk * (100_000 // len(junk))
    mention = {"type": "mention", "text": "other", "mentioned": {"id": BOT, "name": "Vouch"}}
    began = time.process_time()
    typed_text(activity("message_in_channel", text=text, entities=[mention]))
    read_payload(payload(text))
    read_payload(payload(f"<a {text}>"))
    assert time.process_time() - began < 2.0
