"""What the clicks that `benchmarks/` measures leave in the database: all of what a click has to, no more."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import RowMapping, select

from benchmarks import click as slack
from benchmarks import click_teams as teams
from benchmarks.clicking import Click, fill
from benchmarks.grounds import Place
from benchmarks.teams_click import LocalIssuer, local_issuer
from bot.core.networks import NETWORKS
from storage.engine import Sessions, sqlite_url
from storage.models import Base

Rows = dict[str, list[RowMapping]]
PRESSED = {"slack": lambda _issuer: slack.share(), "teams": teams.share, "teams_execute": teams.not_for_me}
SHARES = ("slack", "teams")


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as running:
        yield running


@pytest.fixture
def place(url: str, tmp_path: Path) -> Place:
    return Place(url, tmp_path)


@pytest.fixture
def click(request: pytest.FixtureRequest, issuer: LocalIssuer) -> Click:
    return PRESSED[request.param](issuer)


async def every_row(sessions: Sessions) -> Rows:
    async with sessions.reading() as session:
        return {
            name: list((await session.execute(select(table))).mappings())
            for name, table in Base.metadata.tables.items()
        }


async def left_by(place: Place, click: Click, *numbers: int) -> tuple[Rows, Rows]:
    """Return the rows before and after these clicks, each table's."""
    await fill(place, click, members=2)
    async with click.way_in(place) as ours:
        before = await every_row(ours.sessions)
        for number in numbers:
            await click.request(number).send_to(ours.app)
            await ours.settle()
        return before, await every_row(ours.sessions)


@pytest.mark.parametrize("click", SHARES, indirect=True)
async def test_one_measured_click_leaves_one_interaction_one_draft_and_its_link(place: Place, click: Click) -> None:
    before, after = await left_by(place, click, 0)
    assert {name for name in after if after[name] != before[name]} == {"inbox", "share", "link"}
    assert (before["inbox"], before["share"], before["link"]) == ([], [], [])
    (interaction,), (share,), (link,) = after["inbox"], after["share"], after["link"]
    assert (share["member_id"], share["post_id"], share["state"], share["wording_id"]) == (1, 1, "draft", 1)
    assert share["network"] in NETWORKS
    assert share["text"].startswith("Wording 0")
    assert share["go_expires_at"] > share["created_at"] == interaction["at"] == link["created_at"]
    assert (link["share_id"], link["target"].partition("?")[0]) == (share["id"], "https://example.com/rain")


@pytest.mark.parametrize("click", ["teams_execute"], indirect=True)
async def test_one_measured_not_for_me_leaves_one_interaction_and_the_word(place: Place, click: Click) -> None:
    before, after = await left_by(place, click, 0)
    assert {name for name in after if after[name] != before[name]} == {"inbox", "dismissal"}
    (interaction,), (word,) = after["inbox"], after["dismissal"]
    assert (word["member_id"], word["post_id"], word["at"]) == (1, 1, interaction["at"])


@pytest.mark.parametrize("click", PRESSED, indirect=True)
async def test_the_same_click_again_leaves_nothing_more(place: Place, click: Click) -> None:
    await fill(place, click, members=2)
    async with click.way_in(place) as ours:
        left = []
        for _ in range(2):
            await click.request(0).send_to(ours.app)
            await ours.settle()
            left.append(await every_row(ours.sessions))
    assert len(left[0]["inbox"]) == 1
    assert left[1] == left[0]


@pytest.mark.parametrize("click", SHARES, indirect=True)
async def test_a_colleagues_click_is_given_another_wording(place: Place, click: Click) -> None:
    _, after = await left_by(place, click, 0, 1)
    assert [share["wording_id"] for share in after["share"]] == [1, 2]


async def test_a_measured_click_on_slack_is_known_by_its_trigger(tmp_path: Path) -> None:
    _, after = await left_by(Place(sqlite_url(tmp_path), tmp_path), slack.share(), 0)
    assert [one["key"] for one in after["inbox"]] == ["0.13345224609.738474920"]


async def test_neither_side_takes_a_click_that_another_key_signed(tmp_path: Path, issuer: LocalIssuer) -> None:
    click = teams.not_for_me(issuer)
    forged = replace(issuer, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)).not_for_me(0)
    place = Place(sqlite_url(tmp_path), tmp_path)
    await fill(place, click, members=1)
    async with click.way_in(place) as ours:
        with pytest.raises(RuntimeError, match="answered with 401"):
            await forged.send_to(ours.app)
    with pytest.raises(jwt.InvalidSignatureError):
        await forged.send_to(click.bare())


async def test_the_baseline_takes_the_same_request_and_answers_it(issuer: LocalIssuer) -> None:
    for click in (slack.share(), teams.share(issuer), teams.not_for_me(issuer)):
        await click.request(0).send_to(click.bare())
