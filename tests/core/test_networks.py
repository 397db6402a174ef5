"""What the address of a post on each network looks like, and that one post has one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.networks import MAX_KEY, NETWORKS, NotAPermalink, canonical_permalink, is_post_of

POSTS = [
    ("linkedin", "https://www.linkedin.com/posts/ann-activity-7123456789012-AbC_", "activity:7123456789012"),
    ("linkedin", "https://nl.linkedin.com/posts/ann-activity-7123456789012-A?utm_source=s", "activity:7123456789012"),
    ("linkedin", "https://www.linkedin.com/feed/update/urn:li:activity:7123456789012/", "activity:7123456789012"),
    ("linkedin", "https://linkedin.com/feed/update/urn%3Ali%3Aactivity%3A7123456789012?c=x", "activity:7123456789012"),
    ("linkedin", "https://www.linkedin.com/feed/update/urn:li:share:6999", None),
    ("linkedin", "https://www.linkedin.com/feed/update/urn:li:ugcPost:712345", "ugcPost:712345"),
    ("linkedin", "https://www.linkedin.com/posts/ann_share-712345-zz", "share:712345"),
    ("linkedin", "https://www.linkedin.com/in/ann-b/", None),
    ("linkedin", "https://www.linkedin.com/posts/", None),
    ("linkedin", "https://www.linkedin.com.evil.example/feed/update/urn:li:activity:7123456789", None),
    ("linkedin", "https://evil.example/?u=https://www.linkedin.com/feed/update/urn:li:activity:7123456789", None),
    ("linkedin", "https://user:pw@www.linkedin.com/feed/update/urn:li:activity:7123456789", None),
    ("linkedin", "https://www.linkedin.com:8443/feed/update/urn:li:activity:7123456789", None),
    ("x", "https://x.com/Ann/status/1790000000000000001", "https://x.com/i/status/1790000000000000001"),
    ("x", "https://twitter.com/ann/status/1790000000000000001?s=20#a", "https://x.com/i/status/1790000000000000001"),
    ("x", "http://mobile.twitter.com/ann/status/1790000000000000001/photo/1", "https://x.com/i/status/1790000000000000001"),
    ("x", "https://x.com/i/web/status/1790000000000000001", "https://x.com/i/status/1790000000000000001"),
    ("x", "https://x.com/ann", None),
    ("x", "https://notx.com/ann/status/1", None),
    ("x", "ftp://x.com/ann/status/1", None),
    ("mastodon", "https://mastodon.social/@Ann/112233", "https://mastodon.social/@ann/112233"),
    ("mastodon", "https://mastodon.social/users/ann/statuses/112233", "https://mastodon.social/@ann/112233"),
    ("mastodon", "https://Mastodon.Social/deck/@ann/112233?x=1", "https://mastodon.social/@ann/112233"),
    ("mastodon", "https://mastodon.social/@bob@other.example/9", "https://mastodon.social/@bob@other.example/9"),
    ("mastodon", "https://www.threads.net/@ann/112233", None),
    ("mastodon", "https://127.0.0.1/@ann/112233", None),
    ("mastodon", "https://localhost/@ann/112233", None),
    ("mastodon", "https://mastodon.social/@ann", None),
    ("bluesky", "https://bsky.app/profile/Ann.bsky.social/post/3kabc", "https://bsky.app/profile/ann.bsky.social/post/3kabc"),
    ("bluesky", "https://bsky.app/profile/did:plc:abc123/post/3kabc?ref=a", "https://bsky.app/profile/did:plc:abc123/post/3kabc"),
    ("bluesky", "https://bsky.app/profile/ann.bsky.social", None),
    ("threads", "https://www.threads.net/@Ann.b/post/C8H5FiCtESk", "https://www.threads.com/t/C8H5FiCtESk"),
    ("threads", "https://www.threads.com/@ann.b/post/C8H5FiCtESk/media?xmt=AQ#a", "https://www.threads.com/t/C8H5FiCtESk"),
    ("threads", "https://threads.net/t/C8H5FiCtESk/", "https://www.threads.com/t/C8H5FiCtESk"),
    ("threads", "https://www.threads.net/@ann.b", None),
    ("threads", "https://threads.net.evil.example/@ann/post/C8H5FiCtESk", None),
    ("facebook", "https://www.facebook.com/ann.b/posts/pfbid02abc", "https://www.facebook.com/ann.b/posts/pfbid02abc"),
    ("facebook", "https://m.facebook.com/permalink.php?story_fbid=12&id=34&ref=x", "https://www.facebook.com/permalink.php?story_fbid=12&id=34"),
    ("facebook", "https://m.facebook.com/permalink.php?story_fbid=12", None),
    ("facebook", "https://m.facebook.com/permalink.php?story_fbid=1%262&id=3", None),
    ("facebook", "https://www.facebook.com/share/p/AbCdEf12/", "https://www.facebook.com/share/AbCdEf12"),
    ("facebook", "https://facebook.com/groups/42/permalink/77/", "https://www.facebook.com/groups/42/posts/77"),
    ("xing", "https://www.xing.com/discover/detail-activities/56.ab", "https://www.xing.com/discover/detail-activities/56.ab"),
    ("xing", "https://www.xing.com/profile/Ann_B", None),
    ("whatsapp", "https://wa.me/123", None),
    ("email", "https://mail.example/1", None),
    ("myspace", "https://x.com/ann/status/1", None),
    ("x", "https://x.com:port/ann/status/1", None),
    ("x", "https://[::1/ann/status/1", None),
    ("x", "", None),
    ("x", "https://x.com/ann/status/1?" + "a" * 3000, None),
]  # fmt: skip


@pytest.mark.parametrize(("network", "url", "key"), POSTS)
def test_a_posts_address_is_known_and_has_one_form(network: str, url: str, key: str | None) -> None:
    assert is_post_of(network, url) is (key is not None)
    if key is None:
        with pytest.raises(NotAPermalink):
            canonical_permalink(network, url)
    else:
        wanted = key if key.startswith("https") else f"https://www.linkedin.com/feed/update/urn:li:{key}"
        assert canonical_permalink(network, url) == wanted


@pytest.mark.parametrize(("network", "url", "key"), [one for one in POSTS if one[2]])
def test_the_canonical_address_is_itself_a_posts_and_stays(network: str, url: str, key: str) -> None:
    found = canonical_permalink(network, url)
    assert canonical_permalink(network, found) == found


@pytest.mark.parametrize(("network", "url", "key"), [one for one in POSTS if one[2]])
def test_no_post_belongs_to_two_networks(network: str, url: str, key: str) -> None:
    assert [name for name in NETWORKS if is_post_of(name, url)] == [network]


def test_local_installations_are_posts_only_where_their_host_is_given() -> None:
    url = "http://127.0.0.1:8080/networks/x/ann/status/12?a=b#c"
    assert not is_post_of("x", url)
    assert not is_post_of("x", url, extra_hosts=["127.0.0.1:9"])
    assert (
        canonical_permalink("x", url, extra_hosts=["127.0.0.1:8080"])
        == "http://127.0.0.1:8080/networks/x/ann/status/12"
    )
    assert is_post_of("x", url, extra_hosts=["127.0.0.1"])
    assert not is_post_of("x", "http://127.0.0.1:8080/networks/x/compose", extra_hosts=["127.0.0.1"])


@given(number=st.integers(10**18, 10**19), words=st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True))
def test_a_linkedin_post_has_one_key_however_its_title_reads(number: int, words: str) -> None:
    shown = f"https://www.linkedin.com/posts/{words}-activity-{number}-Ab1_"
    assert canonical_permalink("linkedin", shown).endswith(f"urn:li:activity:{number}")


@given(url=st.text(max_size=80) | st.from_regex(r"https?://[a-z./:@%?#\[\]-]{0,60}", fullmatch=True))
def test_nothing_that_is_pasted_breaks_the_question(url: str) -> None:
    for name in NETWORKS:
        if is_post_of(name, url):
            assert len(canonical_permalink(name, url)) <= MAX_KEY


def test_only_metas_networks_earn_nothing() -> None:
    assert [one.name for one in NETWORKS.values() if not one.earns_points] == ["threads", "facebook"]


@pytest.mark.parametrize(
    ("network", "limit", "takes_text", "medium"),
    [
        ("linkedin", 3000, True, "social"),
        ("x", 280, True, "social"),
        ("mastodon", 500, True, "social"),
        ("bluesky", 300, True, "social"),
        ("threads", 500, True, "social"),
        ("facebook", 63_206, False, "social"),
        ("whatsapp", None, True, "social"),
        ("xing", None, False, "social"),
        ("email", None, True, "email"),
    ],
)
def test_what_each_network_takes(network: str, limit: int | None, takes_text: bool, medium: str) -> None:  # noqa: FBT001
    known = NETWORKS[network]
    assert (known.limit, known.takes_text, known.utm_medium) == (limit, takes_text, medium)


def test_networks_without_a_text_do_not_carry_the_link_in_it() -> None:
    assert all(one.takes_text or not one.link_in_text for one in NETWORKS.values())
