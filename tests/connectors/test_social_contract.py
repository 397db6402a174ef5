"""One contract for all networks: what `SocialNetwork` promises, kept by every connector before the test network.

Beside each test: nothing secret and none of a person's words in a log, an error or an address.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.core.errors import NotConnected, Refused, Uncertain
from bot.core.networks import canonical_permalink
from bot.core.social import Fault, Published
from bot.core.texts import plain
from tests.connectors.social_networks import WORDS, Account, Bench, a_post, do, failure, new_verifier

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("nothing_told")]


# Connecting


async def test_the_address_to_agree_at_holds_the_state_and_nothing_secret(bench: Bench) -> None:
    verifier = new_verifier()
    address = bench.network.authorization_url(bench.door, state="a b&c=d", verifier=verifier)
    asked = parse_qs(urlsplit(address).query)
    assert asked["state"] == ["a b&c=d"]
    assert asked["redirect_uri"] == [bench.door.redirect_uri]
    assert set(asked["scope"][0].split()) == set(bench.network.scopes)
    assert verifier not in address
    assert bench.door.client_secret not in address
    assert bench.network.authorization_url(bench.door, state="a b&c=d", verifier=verifier) == address


async def test_who_agrees_is_connected_and_named(bench: Bench) -> None:
    verifier, who = new_verifier(), next(iter(bench.app.parts.company.people))
    came_back = await bench.agreed(verifier, who=who)
    assert came_back["state"] == "s-1"
    tokens = await bench.network.exchange(bench.door, code=came_back["code"], verifier=verifier)
    assert set(bench.network.scopes) <= tokens.scopes
    lasts = {"linkedin": timedelta(days=60), "x": timedelta(hours=2), "mastodon": None}[bench.name]
    now = datetime.now(UTC)
    assert (tokens.expires_at is None) == (lasts is None)
    assert lasts is None or abs((tokens.expires_at or now) - now - lasts) < timedelta(minutes=1)
    profile = await bench.network.identify(bench.door, tokens)
    known = bench.app.parts.account(bench.name, who)
    assert (profile.remote_id, profile.name) == (known.id, known.name)
    assert profile.limit == (500 if bench.name == "mastodon" else None)
    assert profile.url.startswith("http")


async def test_tokens_and_drafts_show_nothing_of_themselves(bench: Bench) -> None:
    account = await bench.connect()
    shown = f"{account!r} {account.tokens!r} {bench.door!r} {account.draft(WORDS)!r}"
    assert WORDS not in shown
    assert not any(secret in shown for secret in bench.app.secrets)


async def test_a_code_is_good_once(bench: Bench) -> None:
    verifier = new_verifier()
    code = (await bench.agreed(verifier))["code"]
    await bench.network.exchange(bench.door, code=code, verifier=verifier)
    error = await failure(bench.network.exchange(bench.door, code=code, verifier=verifier), bench)
    assert (type(error), error.code) == (NotConnected, Fault.EXPIRED)


async def test_a_code_that_nobody_gave_connects_nobody(bench: Bench) -> None:
    error = await failure(bench.network.exchange(bench.door, code="c0de", verifier=new_verifier()), bench)
    assert isinstance(error, NotConnected)


@pytest.mark.parametrize("name", ["x", "mastodon"])
async def test_a_code_is_worth_nothing_without_its_verifier(name: str, only: Callable[[str], Bench]) -> None:
    bench = only(name)
    code = (await bench.agreed(new_verifier()))["code"]
    error = await failure(bench.network.exchange(bench.door, code=code, verifier=new_verifier()), bench)
    assert isinstance(error, NotConnected)


async def test_a_server_that_is_too_old_for_verifiers_connects_all_the_same(only: Callable[[str], Bench]) -> None:
    bench = only("mastodon")
    bench.app.settings.has_pkce = False
    try:
        account = await bench.connect()
    finally:
        bench.app.settings.has_pkce = True
    assert (await bench.network.identify(bench.door, account.tokens)).remote_id == account.author_id


async def test_a_wrong_secret_of_the_app_is_no_fault_of_the_members(bench: Bench) -> None:
    verifier, wrong = new_verifier(), replace(bench.door, client_secret="wr0ng-s3cret")  # noqa: S106
    code = (await bench.agreed(verifier))["code"]
    error = await failure(bench.network.exchange(wrong, code=code, verifier=verifier), bench)
    assert (type(error), error.code) == (Refused, Fault.REJECTED)


async def test_a_permission_that_was_left_out_is_said(bench: Bench) -> None:
    for scope in bench.network.scopes:
        verifier = new_verifier()
        code = (await bench.agreed(verifier, without=[scope]))["code"]
        error = await failure(bench.network.exchange(bench.door, code=code, verifier=verifier), bench)
        assert (type(error), error.code) == (NotConnected, Fault.SCOPE), scope


async def test_renewing_gives_new_tokens_where_there_is_something_to_renew(bench: Bench) -> None:
    account = await bench.connect()
    if not account.tokens.refresh:
        error = await failure(bench.network.refresh(bench.door, account.tokens), bench)
        assert (type(error), error.code) == (NotConnected, Fault.EXPIRED)
        return
    new = await bench.network.refresh(bench.door, account.tokens)
    assert new.refresh not in ("", account.tokens.refresh)
    assert (await bench.network.identify(bench.door, new)).remote_id == account.author_id
    assert isinstance(await failure(bench.network.identify(bench.door, account.tokens), bench), NotConnected)
    error = await failure(bench.network.refresh(bench.door, account.tokens), bench)
    assert (type(error), error.code) == (NotConnected, Fault.REVOKED)


async def test_disconnecting_ends_the_tokens_and_may_be_done_twice(bench: Bench) -> None:
    account = await bench.connect()
    for _ in range(2):
        await bench.network.revoke(bench.door, account.tokens)
    if bench.network.can_revoke:
        assert isinstance(await failure(do("identify", bench, account), bench), NotConnected)
        assert await do("revoke", bench, account) is None


# Publishing


async def test_a_post_stands_there_once_in_the_members_words(bench: Bench) -> None:
    account = await bench.connect()
    draft = account.draft(WORDS, network=bench.name)
    published = await bench.network.publish(bench.door, account.tokens, draft, key="share-1")
    [post] = bench.posts(account)
    assert post.text == draft.text
    assert (post.text.startswith("#BrightwaterEmployee"), draft.link in post.text) == (True, True)
    assert published.remote_id.endswith(post.id)
    hosts = [urlsplit(bench.app.settings.address).netloc]
    assert canonical_permalink(bench.name, published.url, extra_hosts=hosts) == published.url
    if bench.name == "mastodon":
        assert (post.language, post.key) == ("nl", "share-1")


TRICKY = (
    r"\|{}@[]()<>#*_~ \\ \# ##a #a_b #1 #é# @[Ada](urn:li:person:1) {hashtag|\#|x}",
    "&amp; &lt;b&gt; <script>alert('x')</script> \"quoted\" 'single' %41 %% a+b",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇳🇱 1️⃣ ☺︎ ❤️",
    "שלום עולם מרחבא السلام עם English 123",
    "e\u0301 é Å Å ﬁ ﷺ Z͑ͫ̓a̴l̷g̶o \u200b zero \u200d width \u00ad",
    "één\n\ntwee\n  drie\n· vier",
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.text(r"\|{}@[]()<>#*_~&;'\"ab1 ", max_size=60)
)
@example(words=TRICKY[0])
@example(words=TRICKY[1])
@example(words=TRICKY[2])
@example(words=TRICKY[3])
@example(words=TRICKY[4])
@example(words=TRICKY[5])
async def test_what_readers_see_is_what_was_written_to_the_letter(bench: Bench, words: str) -> None:
    account = await writer_of(bench)
    number = len(bench.app.posts(bench.name, account.who))
    draft = account.draft(f"{number} {plain(words)}", network=bench.name)
    await bench.network.publish(bench.door, account.tokens, draft, key=f"share-{number}")
    assert bench.posts(account)[-1].text == draft.text


WRITERS: dict[tuple[int, str], Account] = {}


async def writer_of(bench: Bench) -> Account:
    """Return the one person who writes all these."""
    key = (id(bench.app), bench.name)
    if key not in WRITERS:
        WRITERS[key] = await bench.connect()
    return WRITERS[key]


async def test_a_link_in_the_text_comes_with_its_card(only: Callable[[str], Bench]) -> None:
    bench = only("linkedin")
    account = await bench.connect()
    for number, picture in enumerate((f"{bench.site}/wind.png", f"{bench.site}/status/404")):
        draft = account.draft(f"{number} {WORDS}", network="linkedin", picture=picture)
        await bench.network.publish(bench.door, account.tokens, draft, key=f"share-{number}")
    first, second = bench.posts(account)
    assert (first.card["source"], first.card["title"]) == (draft.link, draft.title)
    [upload] = [one for one in bench.app.parts.memory.uploads.values() if one.who == account.who]
    assert upload.picture.startswith(b"\x89PNG")
    assert first.card["image"].endswith(upload.id)
    assert "image" not in second.card


async def test_no_network_promises_that_a_key_makes_no_second_post(social_town: dict[str, Bench]) -> None:
    assert [one.name for one in social_town.values() if one.network.honours_key] == []


async def test_mastodon_gets_the_key_all_the_same(only: Callable[[str], Bench]) -> None:
    bench = only("mastodon")
    account = await bench.connect()
    bench.app.fault(bench.name, "publish", cut="after")
    assert isinstance(await failure(do("publish", bench, account), bench), Uncertain)
    first = await do("publish", bench, account)
    assert await do("publish", bench, account) == first
    assert len(bench.posts(account)) == 1


async def test_a_post_is_deleted_and_one_that_is_gone_is_so_too(bench: Bench) -> None:
    account = await bench.connect()
    published = await do("publish", bench, account)
    assert isinstance(published, Published)
    for _ in range(2):
        await bench.network.delete(bench.door, account.tokens, published.remote_id)
    assert bench.posts(account) == []


async def test_figures_come_by_name_and_posts_that_are_gone_are_left_out(bench: Bench) -> None:
    account = await bench.connect()
    published = await do("publish", bench, account)
    assert isinstance(published, Published)
    bench.app.count(bench.posts(account)[0].id, likes=5, reshares=2, replies=1, impressions=90, quotes=3, bookmarks=4)
    found = await bench.network.metrics(bench.door, account.tokens, [published.remote_id, a_post(bench)])
    assert [*found] == [published.remote_id]
    counts = found[published.remote_id]
    assert (counts["likes"], counts["reshares"], counts["replies"]) == (5, 2, 1)
    assert counts.get("impressions") == {"linkedin": 90, "x": 90, "mastodon": None}[bench.name]
    assert set(counts) <= {"likes", "reshares", "replies", "quotes", "bookmarks", "impressions"}
    await bench.network.delete(bench.door, account.tokens, published.remote_id)
    assert await bench.network.metrics(bench.door, account.tokens, [published.remote_id]) == {}
    assert await bench.network.metrics(bench.door, account.tokens, []) == {}
