"""The card's picture: what goes wrong with it costs nobody their share, and nothing secret is told on its way."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import OutsideError, Refused
from bot.core.social import Door
from connectors.http import Fetched, GuardedFetcher
from connectors.social.linkedin import LinkedIn
from tests.connectors.social.at_linkedin import (
    ACCESS,
    CODE,
    CREATED,
    DRAFT,
    GRANTED,
    SECRETS,
    TOKENS,
    URN,
    app_at,
    linkedin_at,
)
from tests.connectors.social.raw_server import Break, RawServer, Request, reply
from tests.connectors.web import running_site


def upload_to(address: str) -> bytes:
    """Return where LinkedIn wants a picture."""
    return reply(200, {"value": {"uploadUrl": f"{address}/dms/put?sig=s", "image": "urn:li:image:C4E"}})


async def posted_with_picture(server: RawServer, door: Door, picture: str = "/wind.png") -> list[Request]:
    """Return what was asked to publish a draft whose picture is on the site of odd pages."""
    async with running_site() as site:
        network = linkedin_at(server.address, allow=(site.origin,))
        draft = replace(DRAFT, picture=f"{site.origin}{picture}")
        assert (await network.publish(door, TOKENS, draft, key="k")).remote_id == URN
    return server.asked


async def test_the_pictures_bytes_stand_on_the_card(server: RawServer, door: Door) -> None:
    server.will(upload_to(server.address), reply(201), CREATED)
    begun, put, post = await posted_with_picture(server, door)
    assert begun.line == "POST /api/rest/images?action=initializeUpload HTTP/1.1"
    assert begun.told == {"initializeUploadRequest": {"owner": "urn:li:person:aB3_-x"}}
    assert (put.line, put.body) == ("PUT /dms/put?sig=s HTTP/1.1", b"\x89PNG\r\n\x1a\n")
    assert put.headers["content-type"] == "application/octet-stream"
    assert post.told["content"]["article"]["thumbnail"] == "urn:li:image:C4E"


@pytest.mark.parametrize(
    ("picture", "answers", "asked"),
    [
        ("/wind.png", [reply(500), CREATED], 2),
        ("/wind.png", [reply(200, {"value": "odd"}), CREATED], 2),
        ("/wind.png", [upload_to("https://evil.example.com"), CREATED], 2),  # the token goes nowhere else
        ("/wind.png", [upload_to("http://www.linkedin.com"), CREATED], 2),
        ("/wind.png", ["upload", reply(403), CREATED], 3),
        ("/wind.png", ["upload", Break.AFTER, CREATED], 3),
        ("/wind.png", ["upload", reply(201), reply(422, {"message": "thumbnail is not ready"}), CREATED], 4),
        ("/status/404", [CREATED], 1),
        ("/no-such-page", [CREATED], 1),
        ("/article", [CREATED], 1),
    ],
)
async def test_a_picture_that_cannot_be_had_costs_nobody_their_share(
    server: RawServer, door: Door, picture: str, answers: list[Any], asked: int
) -> None:
    server.will(*(upload_to(server.address) if one == "upload" else one for one in answers))
    requests = await posted_with_picture(server, door, picture)
    assert "thumbnail" not in requests[-1].told["content"]["article"]
    assert len(requests) == asked


async def test_a_defect_with_the_picture_costs_nobody_their_share(
    server: RawServer, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    class Defect(GuardedFetcher):
        async def fetch(self, *given: object, **more: object) -> Fetched:
            raise KeyError(ACCESS)

    network = LinkedIn(app_at(server.address), version="202607", is_vetted=False, pictures=Defect())
    server.will(CREATED)
    draft = replace(DRAFT, picture=f"{server.address}/wind.png")
    assert (await network.publish(door, TOKENS, draft, key="k")).remote_id == URN
    assert server.lines == ["POST /api/rest/posts"]
    assert "without its picture: a defect (KeyError)" in caplog.text
    assert ACCESS not in caplog.text


async def test_a_duplicate_is_not_tried_without_its_picture(server: RawServer, door: Door) -> None:
    words = "Content is a duplicate of urn:li:share:7111111111111111111 with thumbnail urn:li:image:C4E"
    server.will(upload_to(server.address), reply(201), reply(422, {"message": words}), CREATED)
    with pytest.raises(Refused) as caught:
        await posted_with_picture(server, door)
    assert (caught.value.code, len(server.asked)) == ("duplicate", 3)


async def test_nothing_secret_stands_in_a_log_or_an_address(
    server: RawServer, door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    network = linkedin_at(server.address)
    server.will(reply(200, GRANTED))
    await network.exchange(door, code=CODE, verifier="v" * 43)
    await network.refresh(door, TOKENS)
    for answer in (CREATED, reply(400, {"message": f"their words {ACCESS}", "code": "Wind 1"}), reply(426), reply(500)):
        server.will(upload_to(server.address), reply(201), answer)
        try:
            await posted_with_picture(server, door)
        except OutsideError:
            logging.getLogger("test").exception("it failed")
    written = caplog.text
    assert "LinkedIn refused a request with 400" in written
    assert "set networks.linkedin.api_version" in written
    assert not any(one in written for one in (*SECRETS, "their words", "Wind", "sig=s"))
    assert not any(one in line for one in SECRETS for line in server.lines)
