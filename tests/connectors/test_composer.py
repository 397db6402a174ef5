"""The composers' addresses: what goes in comes out, whatever it is."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.networks import NETWORKS
from bot.core.ports import ComposerAddresses
from connectors.social.composer import BASES, Composers

LINK = "https://go.brightwater.example/l/abcd2345"
TITLE = "Wind & weather"
WHOLE = f"#BrightwaterEmployee\n\nWe measure wind & rain 🌧️\n\n{LINK}"

TEXT_NAMES = {
    "linkedin": "text",
    "x": "text",
    "mastodon": "text",
    "bluesky": "text",
    "threads": "text",
    "whatsapp": "text",
    "email": "body",
}
LINK_NAMES = {"facebook": "u", "xing": "url"}


def composers() -> ComposerAddresses:
    return Composers()


def sent(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def test_every_network_has_a_composer() -> None:
    assert {*BASES} == {*NETWORKS} == {*TEXT_NAMES, *LINK_NAMES}
    assert all(Composers().takes_text(name) == NETWORKS[name].takes_text for name in NETWORKS)


@pytest.mark.parametrize(
    ("network", "start"),
    [
        ("linkedin", "https://www.linkedin.com/feed/?shareActive=true&text=%23Brightwater"),
        ("x", "https://x.com/intent/post?text=%23Brightwater"),
        ("mastodon", "https://mastodon.social/share?text=%23Brightwater"),
        ("bluesky", "https://bsky.app/intent/compose?text=%23Brightwater"),
        ("threads", "https://www.threads.com/intent/post?text=%23Brightwater"),
        ("facebook", "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fgo.brightwater.example%2Fl%2F"),
        ("whatsapp", "https://wa.me/?text=%23Brightwater"),
        ("xing", "https://www.xing.com/spi/shares/new?url=https%3A%2F%2Fgo.brightwater.example%2Fl%2F"),
        ("email", "mailto:?subject=Wind%20%26%20weather&body=%23BrightwaterEmployee%0D%0A%0D%0AWe%20measure"),
    ],
)
def test_each_address_has_its_networks_form(network: str, start: str) -> None:
    assert composers().address(network, text=WHOLE, link=LINK, title=TITLE).startswith(start)


@pytest.mark.parametrize("network", [name for name in TEXT_NAMES if name != "email"])
@given(text=st.text(min_size=1))
def test_a_composer_gets_exactly_the_text(network: str, text: str) -> None:
    address = composers().address(network, text=text, link=None, title=TITLE)
    assert address.isascii()
    assert sent(address)[TEXT_NAMES[network]] == text


@given(text=st.text(min_size=1), title=st.text())
def test_an_e_mail_gets_the_text_with_its_own_line_ends(text: str, title: str) -> None:
    got = sent(composers().address("email", text=text, link=None, title=title))
    assert got["body"].replace("\r\n", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")
    assert got.get("subject", "") == " ".join(title.split())


@pytest.mark.parametrize("network", LINK_NAMES)
@given(text=st.text())
def test_a_network_that_takes_no_text_gets_the_link_alone(network: str, text: str) -> None:
    address = composers().address(network, text=text, link=LINK, title=TITLE)
    assert sent(address) == {LINK_NAMES[network]: LINK}


@pytest.mark.parametrize("network", ["linkedin", "x", "whatsapp"])
@given(text=st.text(min_size=1))
def test_the_length_is_known(network: str, text: str) -> None:
    free = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~"
    encoded = sum(1 if one in free else 3 * len(one.encode()) for one in text)
    start = len(composers().address(network, text="a", link=None, title=TITLE)) - 1
    assert len(composers().address(network, text=text, link=None, title=TITLE)) == start + encoded


@pytest.mark.parametrize("network", ["x", "threads"])
def test_a_network_that_takes_both_gets_a_link_once(network: str) -> None:
    longer = f"Words {LINK}x"
    assert sent(composers().address(network, text=WHOLE, link=LINK, title=TITLE)) == {"text": WHOLE}
    for text in ("Words", longer):
        assert sent(composers().address(network, text=text, link=LINK, title=TITLE)) == {"text": text, "url": LINK}


def test_linkedin_can_be_given_the_link_alone() -> None:
    offsite = Composers(linkedin_style="share-offsite")
    address = offsite.address("linkedin", text=WHOLE, link=LINK, title=TITLE)
    assert address.startswith("https://www.linkedin.com/sharing/share-offsite/?url=")
    assert sent(address) == {"url": LINK}
    assert not offsite.takes_text("linkedin")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_base_may_be_any_other_address_with_a_path(network: str) -> None:
    base = f"http://127.0.0.1:8080/networks/{network}"
    for one in (base, f"{base}/"):
        address = Composers({network: one}).address(network, text=WHOLE, link=LINK, title=TITLE)
        assert address.startswith((f"{base}/", f"{base}?"))
        assert any(LINK in one for one in sent(address).values())


def test_without_a_link_a_composer_opens_empty() -> None:
    assert composers().address("xing", text="", link=None, title="") == "https://www.xing.com/spi/shares/new"
    assert composers().address("linkedin", text="", link=None, title="").endswith("/feed/?shareActive=true")


def test_half_of_a_character_does_not_stop_a_share() -> None:
    assert sent(composers().address("x", text="a\ud83dz", link=None, title=TITLE)) == {"text": "a?z"}


def test_what_is_not_known_is_refused_with_what_is() -> None:
    with pytest.raises(ValueError, match=r"no composer is known for myspace; known are linkedin"):
        Composers({"myspace": "https://myspace.example"})
    with pytest.raises(ValueError, match=r"say composer or share-offsite"):
        Composers(linkedin_style="api")
    with pytest.raises(KeyError):
        composers().address("myspace", text="", link=None, title="")
