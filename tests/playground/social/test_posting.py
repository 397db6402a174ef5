"""Posting at the test network: whatever LinkedIn, X and Mastodon insist on, it insists on too."""

import asyncio
from datetime import timedelta

import pytest

from playground.social.visiting import agree
from tests.playground.social.visits import NADIA, OMAR, POST, SCOPES, Headers, Visits, on_each

pytestmark = pytest.mark.asyncio(loop_scope="module")


@on_each
async def test_a_post_is_there_and_in_the_ledger(visits: Visits, network: str) -> None:
    text = visits.unique()
    told = await visits.publish(network, await visits.connect(network), text)
    post = visits.social.posts(network, NADIA)[-1]
    assert (told.status, post.text) == (200 if network == "mastodon" else 201, text)
    call = next(one for one in visits.social.calls(network, "publish") if one["id"] == post.request)
    assert (call["who"], call["is_authorised"], call["status"]) == (NADIA, True, told.status)
    for path in ("/", post.path):
        assert text in (await visits.ask("GET", network, path)).body["page"]
    assert visits.social.leaked() == []


async def test_a_secret_in_an_address_is_found(visits: Visits) -> None:
    token = (await visits.connect("x", OMAR))["Authorization"].removeprefix("Bearer ")
    await visits.ask("GET", "x", "/api/2/users/me", params={"access_token": token})
    assert visits.social.leaked() == ["access token: x userinfo"]
    visits.social.parts.ledger.calls.pop()


@on_each
async def test_a_post_of_a_strange_token_is_refused(visits: Visits, network: str) -> None:
    before = len(visits.social.posts())
    headers = {**(await visits.connect(network)), "Authorization": "Bearer wrong"}
    assert (await visits.publish(network, headers, visits.unique())).status == 401
    assert len(visits.social.posts()) == before


@pytest.mark.parametrize(
    ("network", "status", "limit"),
    [
        ("linkedin", 422, {"linkedin_characters": 10}),
        ("x", 403, {"x_weight": 10}),
        ("mastodon", 422, {"mastodon_characters": 10}),
    ],
)
async def test_a_text_that_is_too_long_is_refused(
    visits: Visits, network: str, status: int, limit: dict[str, int]
) -> None:
    headers = await visits.connect(network)
    visits.social.limit(**limit)
    told = await visits.publish(network, headers, "eleven char")
    assert told.status == status
    assert (await visits.publish(network, headers, visits.unique()[:10])).status in (200, 201)
    if network == "mastodon":
        assert told.body == {"error": "Validation failed: Text character limit of 10 exceeded"}


@pytest.mark.parametrize(("network", "status"), [("linkedin", 422), ("x", 403)])
async def test_the_same_text_again_is_a_duplicate(visits: Visits, network: str, status: int) -> None:
    headers, text = await visits.connect(network), visits.unique()
    await visits.publish(network, headers, text)
    told = await visits.publish(network, headers, text)
    assert told.status == status
    if network == "linkedin":
        post = visits.social.posts(network)[-1]
        assert told.body["message"].endswith(f"Content is a duplicate of {post.remote_id}")
        assert told.body["errorDetails"]["inputErrors"][0]["code"] == "DUPLICATE_POST"
    colleague = await visits.publish(network, await visits.connect(network, OMAR), text, OMAR)
    assert colleague.status == 201


@pytest.mark.parametrize(
    ("network", "limit"),
    [("linkedin", {"linkedin_posts": 0}), ("x", {"x_posts": 0}), ("mastodon", {"mastodon_calls": 0})],
)
async def test_too_much_is_too_much(visits: Visits, network: str, limit: dict[str, int]) -> None:
    headers = await visits.connect(network)
    visits.social.limit(**limit)
    told = await visits.publish(network, headers, visits.unique())
    assert told.status == 429
    if network == "x":
        assert 0 < int(told.headers["x-rate-limit-reset"]) - visits.social.parts.memory.now() <= 902
    if network == "mastodon":
        assert told.headers["x-ratelimit-remaining"] == "0"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (r"50\% \(about\) \#1", "50"),
        (r"a \(b\) \[c\] \{d\} \<e\> \_f\_ \*g\* \~h \| \@i \\ j", r"a (b) [c] {d} <e> _f_ *g* ~h | @i \ j"),
        ("We grow (and how)", "We grow "),
        ("Thanks #water and #café24!", "Thanks #water and #café24!"),
        ("{hashtag|\\#|my\\_tag} it is", "#my_tag it is"),
        ("Thanks @[Ada \\(B\\)](urn:li:person:x1) indeed", "Thanks Ada (B) indeed"),
        ("Half an e-mail: me@here", "Half an e-mail: me"),
    ],
)
async def test_linkedin_cuts_at_what_is_not_escaped(visits: Visits, written: str, seen: str) -> None:
    headers = await visits.connect("linkedin")
    assert (await visits.publish("linkedin", headers, f"{visits.unique()} {written}")).status == 201
    assert visits.social.posts("linkedin")[-1].text.partition(f", {visits.numbers} ")[2] == seen


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"LinkedIn-Version": ""}, 400),
        ({"LinkedIn-Version": "202511"}, 426),
        ({"LinkedIn-Version": "202607"}, 426),
        ({"LinkedIn-Version": "July"}, 400),
        ({"LinkedIn-Version": "202606", "X-Restli-Protocol-Version": ""}, 400),
        ({"LinkedIn-Version": "202606"}, 201),
    ],
)
async def test_linkedin_wants_a_version_that_lives(visits: Visits, changed: Headers, status: int) -> None:
    visits.social.limit(sunset=("202607",))
    headers = {**(await visits.connect("linkedin")), **changed}
    assert (await visits.publish("linkedin", headers, visits.unique())).status == status


async def test_linkedin_lets_nobody_post_as_a_colleague(visits: Visits) -> None:
    told = await visits.publish("linkedin", await visits.connect("linkedin"), visits.unique(), OMAR)
    assert (told.status, told.body["serviceErrorCode"]) == (403, 100)


async def test_a_picture_is_uploaded_before_it_is_shown(visits: Visits) -> None:
    headers = await visits.connect("linkedin")
    owner = {"initializeUploadRequest": {"owner": visits.body("linkedin", "")["author"]}}
    told = await visits.ask("POST", "linkedin", "/api/rest/images?action=initializeUpload", headers=headers, json=owner)
    urn, place = told.body["value"]["image"], told.body["value"]["uploadUrl"]
    article = {"source": "http://example.com/a", "title": "The roof", "thumbnail": urn}
    early = await visits.publish("linkedin", headers, visits.unique(), content={"article": article})
    token = {"Authorization": headers["Authorization"]}
    async with visits.http.put(place, data=b"\x89PNG", headers=token) as response:
        assert response.status == 201
    done = await visits.publish("linkedin", headers, visits.unique(), content={"article": article})
    assert (early.status, done.status) == (400, 201)
    card = visits.social.posts("linkedin")[-1].card
    async with visits.http.get(card["image"]) as response:
        assert (await response.read(), card["title"]) == (b"\x89PNG", "The roof")


async def test_x_takes_money(visits: Visits) -> None:
    headers = await visits.connect("x")
    visits.social.limit(credits=0.21)
    assert (await visits.publish("x", headers, f"{visits.unique()} https://example.com")).status == 201
    told = await visits.publish("x", headers, visits.unique())
    assert (told.status, told.body["title"]) == (402, "CreditsDepleted")


async def test_mastodon_gives_the_same_status_for_the_same_key(visits: Visits) -> None:
    headers = {**(await visits.connect("mastodon")), "Idempotency-Key": f"share-{visits.numbers}"}
    first = await visits.publish("mastodon", headers, visits.unique())
    again = await visits.publish("mastodon", headers, visits.unique())
    assert first.body["id"] == again.body["id"]
    visits.social.parts.clock.offset += timedelta(hours=1, seconds=1)
    later = await visits.publish("mastodon", headers, visits.unique())
    assert later.body["id"] != first.body["id"]


async def test_mastodon_says_how_long_a_text_may_be(visits: Visits) -> None:
    visits.social.limit(mastodon_characters=1234)
    for path in ("/api/v2/instance", "/api/v1/instance"):
        told = await visits.ask("GET", "mastodon", path)
        assert told.body["configuration"]["statuses"]["max_characters"] == 1234


async def test_mastodon_registers_only_whole_apps(visits: Visits) -> None:
    told = await visits.ask("POST", "mastodon", "/api/v1/apps", data={"client_name": "x", "redirect_uris": "nowhere"})
    assert told.status == 422


@on_each
async def test_a_post_can_be_deleted_by_whose_it_is(visits: Visits, network: str) -> None:
    headers, other = await visits.connect(network), await visits.connect(network, OMAR)
    await visits.publish(network, headers, visits.unique())
    post = visits.social.posts(network)[-1]
    path = f"{POST[network]}/{post.remote_id}"
    assert (await visits.ask("DELETE", network, path, headers=other)).status in (403, 404)
    assert (await visits.ask("DELETE", network, path, headers=headers)).status == (
        204 if network == "linkedin" else 200
    )
    assert visits.social.posts(network)[-1].is_deleted
    assert (await visits.ask("GET", network, post.path)).status == 404


async def test_figures_are_those_that_were_set(visits: Visits) -> None:
    for network in ("x", "mastodon"):
        headers = await visits.connect(network)
        await visits.publish(network, headers, visits.unique())
        post = visits.social.posts(network)[-1]
        visits.social.count(post.id, likes=4, reshares=2)
        if network == "x":
            asked = {"ids": f"{post.id},1", "tweet.fields": "public_metrics"}
            told = await visits.ask("GET", "x", "/api/2/tweets", headers=headers, params=asked)
            assert told.body["data"][0]["public_metrics"]["like_count"] == 4
            assert told.body["errors"][0]["resource_id"] == "1"
        else:
            told = await visits.ask("GET", "mastodon", f"/api/v1/statuses/{post.id}", headers=headers)
            assert (told.body["favourites_count"], told.body["reblogs_count"]) == (4, 2)


async def test_figures_of_linkedin_are_for_vetted_apps(visits: Visits) -> None:
    scope = SCOPES["linkedin"] + " r_member_postAnalytics"
    came = await agree(visits.http, await visits.login("linkedin", scope=scope), who=NADIA)
    assert "unauthorized_scope_error" in came
    visits.social.settings.is_vetted = True
    try:
        headers = await visits.connect("linkedin", scope=scope)
    finally:
        visits.social.settings.is_vetted = False
    await visits.publish("linkedin", headers, visits.unique())
    post = visits.social.posts("linkedin")[-1]
    visits.social.count(post.id, impressions=77)
    entity = f"(share:{post.remote_id.replace(':', '%3A')})"
    path = f"/api/rest/memberCreatorPostAnalytics?q=entity&entity={entity}&queryType=IMPRESSION&aggregation=TOTAL"
    told = await visits.ask("GET", "linkedin", path, headers=headers)
    assert told.body["elements"][0]["count"] == 77
    plain = await visits.connect("linkedin", OMAR)
    assert (await visits.ask("GET", "linkedin", path, headers=plain)).status == 403


async def test_the_crawler_reads_a_link_once(visits: Visits) -> None:
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        page = b'<meta property="og:title" content="The roof">'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(page), page))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as site:
        link = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}/l/abc"
        await visits.publish("x", await visits.connect("x"), f"{visits.unique()} {link}.")
        await visits.social.publisher.settle()
    assert len(seen) == 1
    assert "X-Playground-As: crawler-x" in seen[0]
    assert visits.social.posts("x")[-1].card == {"title": "The roof"}
