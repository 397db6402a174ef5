"""What is around the workspace: the bot's public paths, the networks, the site, the stream, the page."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from playground.company import read_company
from playground.settings import FOLDER, keep_secrets
from tests.playground.conftest import OFFICE, Start, World

Json = dict[str, Any]


async def address_of(world: World, **headers: str) -> str:
    async with world.session.get(f"{world.address}/l/abc?x=1", headers=headers, allow_redirects=False):
        return str(world.bot.visited[-1]["headers"]["x-forwarded-for"])


async def test_each_person_comes_from_an_address_range_of_their_own(world: World) -> None:
    who = ["U0SANNE", "U0JORIS", "someone-else", "someone-else-2", "someone-else-3"]
    seen = [await address_of(world, **{"X-Playground-As": one}) for one in who]
    assert len({address.rpartition(".")[0] for address in seen}) == len(who)
    assert await address_of(world, Cookie="playground_as=U0SANNE") == seen[0]
    assert await address_of(world) == seen[2]
    assert await address_of(world, **{"X-Playground-As": "U0SANNE"}) == seen[0]


async def test_a_forged_forwarded_for_stays_in_front(world: World) -> None:
    forged = await address_of(world, **{"X-Forwarded-For": "1.2.3.4", "X-Playground-As": "U0SANNE"})
    assert forged.startswith("1.2.3.4, 198.18.")


async def test_requests_pass_through_and_redirects_stay_unfollowed(world: World) -> None:
    headers = {"User-Agent": "A browser/1.0"}
    async with world.session.get(f"{world.address}/l/abc?x=1", headers=headers, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "https://example.com/there?x=1")
    assert world.bot.visited[-1]["path"] == "/l/abc?x=1"
    assert world.bot.visited[-1]["headers"]["user-agent"] == "A browser/1.0"
    async with world.session.post(f"{world.address}/go/t", data=b"copy=1") as response:
        assert await response.text() == "POST /go/t"
    async with world.session.head(f"{world.address}/p/x.png") as response:
        assert response.status == 200


async def test_without_a_bot_the_public_paths_say_so(start: Start) -> None:
    world = await start(bot_url="http://127.0.0.1:9")
    async with world.session.get(f"{world.address}/l/abc") as response:
        assert response.status == 502
    told = await world.do("command", **{"as": "U0SANNE"}, channel=OFFICE, text="/vouch help")
    assert told["error"] == "bot_unreachable"


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("/?x=1", 302),
        ("{address}/l/abc", 302),
        ("https://example.com/", 400),
        ("//example.com/", 400),
        ("/\\example.com", 400),
        ("javascript:alert(1)", 400),
        ("http://127.0.0.1:1/", 400),
    ],
)
async def test_open_leads_only_to_the_playground(world: World, to: str, status: int) -> None:
    params = {"as": "U0SANNE", "to": to.format(address=world.address)}
    async with world.session.get(f"{world.address}/open", params=params, allow_redirects=False) as response:
        assert response.status == status
        assert ("playground_as=U0SANNE" in response.headers.get("Set-Cookie", "")) == (status == 302)


async def test_other_hosts_are_refused(world: World) -> None:
    async with world.session.get(f"{world.address}/api/state", headers={"Host": "evil.example"}) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("path", "text", "url"),
    [
        (
            "linkedin/feed/?shareActive=true&text=My%20words%20%F0%9F%92%A7%20http%3A%2F%2Fx.example%2Fl%2Fa",
            "My words 💧 http://x.example/l/a",
            "",
        ),
        ("x/intent/post?text=Mine&url=http%3A%2F%2Fx.example%2Fl%2Fa", "Mine", "http://x.example/l/a"),
        ("mastodon/share?text=Mine", "Mine", ""),
        ("bluesky/intent/compose?text=Mine", "Mine", ""),
        ("threads/intent/post?text=Mine", "Mine", ""),
        ("facebook/sharer/sharer.php?u=http%3A%2F%2Fx.example%2Fl%2Fa", "", "http://x.example/l/a"),
        ("whatsapp/?text=Mine", "Mine", ""),
        ("xing/spi/shares/new?url=http%3A%2F%2Fx.example%2Fl%2Fa", "", "http://x.example/l/a"),
        ("linkedin/sharing/share-offsite/?url=http%3A%2F%2Fx.example%2Fl%2Fa", "", "http://x.example/l/a"),
    ],
)
async def test_a_composer_shows_and_remembers_what_arrived(world: World, path: str, text: str, url: str) -> None:
    target = URL(f"{world.address}/network/{path}", encoded=True)
    async with world.session.get(target, headers={"X-Playground-As": "U0SANNE"}) as response:
        page = await response.text()
    assert response.status == 200
    assert text in page
    [kept] = (await world.see("composers"))["composers"]
    assert (kept["text"], kept["url"], kept["as"]) == (text, url, "U0SANNE")
    assert (await world.see("composers", as_="U0JORIS"))["composers"] == []


async def test_what_arrives_in_a_composer_is_only_text(world: World) -> None:
    async with world.session.get(
        f"{world.address}/network/x/intent/post", params={"text": "<script>x</script>"}
    ) as response:
        page = await response.text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_publishing_makes_a_post_with_a_permalink_like_the_real_one(world: World) -> None:
    link = f"{world.address}/l/abc"
    form = {"text": f"Look {link} now", "link": ""}
    url = f"{world.address}/network/linkedin/publish"
    async with world.session.post(url, data=form, headers={"X-Playground-As": "U0SANNE"}) as response:
        page = await response.text()
    [post] = (await world.see("posts"))["posts"]
    assert post["permalink"] == f"https://www.linkedin.com/feed/update/urn:li:activity:{post['id']}/"
    assert (post["as"], post["link"], str(response.url)) == ("U0SANNE", link, post["local"])
    assert f'<a href="{link}">' in page
    assert "Open the link as someone else" in page
    async with world.session.get(f"{world.address}/network/linkedin/posts/{post['id']}") as response:
        assert "Published" in await response.text()
    [visit] = world.bot.visited
    assert visit["headers"]["user-agent"].startswith("LinkedInBot")


async def test_an_unknown_network_is_a_friendly_404(world: World) -> None:
    async with world.session.get(f"{world.address}/network/myspace/share") as response:
        assert response.status == 404


async def test_articles_carry_what_a_preview_needs(world: World) -> None:
    company = read_company(FOLDER / "company.yaml")
    assert len(company.people) == 13
    for path in sorted((FOLDER / "site").glob("*.html")):
        async with world.session.get(f"{world.address}/site/{path.name}") as response:
            page = await response.text()
        if path.name != "index.html":
            assert f'<meta property="og:image" content="{world.address}/site/pictures/{path.stem}.png">' in page
            async with world.session.get(f"{world.address}/site/pictures/{path.stem}.png") as response:
                assert (response.status, response.content_type) == (200, "image/png")
                assert len(await response.read()) < 120_000


async def test_pages_that_behave_badly(world: World) -> None:
    async def get(name: str) -> aiohttp.ClientResponse:
        return await world.session.get(f"{world.address}/site/test/{name}", allow_redirects=False)

    assert (await get("missing")).status == 404
    assert (await get("not-html")).content_type == "application/pdf"
    assert len(await (await get("huge")).read()) > 20_000_000
    assert (await get("redirect")).headers["Location"] == "/site/test/redirect?n=2"
    assert (await get("loop")).headers["Location"] == "/site/test/loop"
    assert (await get("redirect-private")).headers["Location"] == "http://10.0.0.1/"
    assert (await get("error")).status == 500
    endless = await get("endless")
    assert len(await endless.content.readexactly(200_000)) == 200_000
    endless.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(get("slow"), 0.2)


async def test_the_stream_tells_each_person_what_concerns_them(world: World) -> None:
    url = f"{world.address}/api/stream"
    async with world.session.get(url, params={"as": "U0SANNE"}) as mine:
        assert (await mine.content.readuntil(b"\n\n")).startswith(b":")
        await world.slack("chat.postMessage", channel="U0JORIS", text="Not yours")
        await world.slack("chat.postEphemeral", channel=OFFICE, user="U0SANNE", text="Yours")
        await world.slack("chat.postMessage", channel=OFFICE, text="Everybody's")
        told = [json.loads((await mine.content.readuntil(b"\n\n")).removeprefix(b"data: ")) for _ in range(2)]
    assert told == [
        {"kind": "messages", "channel": OFFICE, "users": ["U0SANNE"]},
        {"kind": "messages", "channel": OFFICE},
    ]


async def test_the_company_has_what_the_page_needs(world: World) -> None:
    told = await world.see("company")
    assert (told["name"], told["commands"][0]["command"]) == ("Brightwater", "/vouch")
    assert told["shortcuts"] == [{"callback_id": "suggest_this", "name": "Suggest this", "type": "message"}]
    roles = {person["role"] for person in told["people"]}
    assert roles == {"employee", "curator", "admin", "guest"}
    assert sum(person["locale"] == "nl-NL" for person in told["people"]) >= 2
    assert (await world.see("health")) == {"ok": True, "bot": True}


async def test_the_first_start_has_a_history_and_the_second_does_not_repeat_it(start: Start) -> None:
    first = await start(has_history=True)
    count = len(await first.messages())
    first.play.store.write()
    second = await start(has_history=True)
    assert (count > 0, len(await second.messages())) == (True, count)


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    made = keep_secrets(tmp_path)
    assert keep_secrets(tmp_path) == made
    assert (tmp_path / "playground" / "secrets.json").stat().st_mode & 0o077 == 0


async def test_a_waiting_person_is_answered_when_nothing_follows(world: World) -> None:
    async def quiet(_received: object) -> web.StreamResponse:
        return web.Response()

    world.bot.answers["command"] = quiet
    told = await world.do("command", **{"as": "U0SANNE"}, channel=OFFICE, text="/vouch help")
    assert (told["ok"], told["ephemeral"], told["view"]) == (True, [], None)
