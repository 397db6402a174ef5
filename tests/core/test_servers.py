"""Which server a member means: names, handles and addresses, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.servers import MAX_TYPED, NotAServer, server_of

LOCAL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "typed",
    [
        "mastodon.social",
        "  Mastodon.Social  ",
        "mastodon.social.",
        "mastodon.social/",
        "@ada@mastodon.social",
        "ada@mastodon.social",
        "acct:ada@mastodon.social",
        "https://mastodon.social",
        "https://mastodon.social/@ada",
        "https://mastodon.social/@ada/112233?x=1#y",
        "http://mastodon.social",
        "HTTPS://MASTODON.SOCIAL:443/about",
        "mastodon.social/@ada",
        "mastodon.social/@ada@elsewhere.example",
    ],
)
def test_a_server_is_understood_however_it_is_written(typed: str) -> None:
    assert server_of(typed) == "https://mastodon.social"


def test_a_port_and_letters_of_other_scripts_stay_what_they_are() -> None:
    assert server_of("social.example:3000") == "https://social.example:3000"
    assert server_of("@ada@bücher.example") == "https://xn--bcher-kva.example"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "@ada",
        "ada",
        "mastodon",
        "localhost",
        "localhost:3000",
        "127.0.0.1",
        "https://10.0.0.7/",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "https://[::1]/",
        "https://ada:secret@mastodon.social/",
        "ftp://mastodon.social",
        "javascript:alert(1)",
        "mastodon.social\\@10.0.0.7",
        "my server is mastodon.social",
        "@ada@",
        "@@mastodon.social",
        "-a.example",
        "mastodon..social",
        "mastodon.social:99999",
        LOCAL,
        f"{LOCAL}/net/mastodon",
        "x" * MAX_TYPED + ".example",
    ],
)
def test_what_names_no_server_is_refused(typed: str) -> None:
    with pytest.raises(NotAServer):
        server_of(typed)


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        (LOCAL, LOCAL),
        (f"{LOCAL}/", LOCAL),
        (f"{LOCAL}/net/mastodon/", f"{LOCAL}/net/mastodon"),
        (f"{LOCAL}/net/mastodon/@ada/12", f"{LOCAL}/net/mastodon"),
        ("mastodon.social", "https://mastodon.social"),
    ],
)
def test_an_allowed_origin_keeps_scheme_and_path(typed: str, server: str) -> None:
    assert server_of(typed, allowed=[LOCAL]) == server


@pytest.mark.parametrize("typed", ["http://127.0.0.1:8081", "https://127.0.0.1:8080", "http://127.0.0.2:8080/net"])
def test_an_allowed_origin_covers_no_other(typed: str) -> None:
    with pytest.raises(NotAServer):
        server_of(typed, allowed=[LOCAL])


@given(typed=st.text(max_size=60) | st.from_regex(r"@?\w{0,5}@?[a-z.:/@\[\]0-9-]{0,30}", fullmatch=True))
def test_whatever_is_typed_leads_to_https_and_again_to_the_same(typed: str) -> None:
    try:
        server = server_of(typed)
    except NotAServer:
        return
    assert server.startswith("https://")
    assert server_of(server) == server
