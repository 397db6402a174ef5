"""What the click that `benchmarks/click.py` measures leaves in the database: all of what a click has to, no more."""

from pathlib import Path

from sqlalchemy import RowMapping, select

from benchmarks.click import fill, webhook_on
from benchmarks.slack_click import signed
from bot.core.networks import NETWORKS
from storage.engine import Sessions
from storage.models import Base

Rows = dict[str, list[RowMapping]]


async def every_row(sessions: Sessions) -> Rows:
    async with sessions.reading() as session:
        return {
            name: list((await session.execute(select(table))).mappings())
            for name, table in Base.metadata.tables.items()
        }


async def left_by(folder: Path, *clicks: int) -> tuple[Rows, Rows]:
    """Return the rows before and after these clicks, each table's."""
    await fill(folder, members=2)
    async with webhook_on(folder) as (webhook, inbound, sessions):
        before = await every_row(sessions)
        for number in clicks:
            await signed(number).send_to(webhook)
            await inbound.stop()
        return before, await every_row(sessions)


async def test_one_measured_click_leaves_one_interaction_one_draft_and_its_link(tmp_path: Path) -> None:
    before, after = await left_by(tmp_path, 0)
    assert {name for name in after if after[name] != before[name]} == {"inbox", "share", "link"}
    assert (before["inbox"], before["share"], before["link"]) == ([], [], [])
    (interaction,), (share,), (link,) = after["inbox"], after["share"], after["link"]
    assert interaction["key"] == "0.13345224609.738474920"
    assert (share["member_id"], share["post_id"], share["state"], share["wording_id"]) == (1, 1, "draft", 1)
    assert share["network"] in NETWORKS
    assert share["text"].startswith("Wording 0")
    assert share["go_expires_at"] > share["created_at"] == interaction["at"] == link["created_at"]
    assert (link["share_id"], link["target"].partition("?")[0]) == (share["id"], "https://example.com/rain")


async def test_the_same_click_again_leaves_nothing_more(tmp_path: Path) -> None:
    _, once = await left_by(tmp_path, 0)
    folder = tmp_path / "twice"
    folder.mkdir()
    _, twice = await left_by(folder, 0, 0)
    assert {name: len(rows) for name, rows in twice.items()} == {name: len(rows) for name, rows in once.items()}


async def test_a_colleagues_click_is_given_another_wording(tmp_path: Path) -> None:
    _, after = await left_by(tmp_path, 0, 1)
    assert [share["wording_id"] for share in after["share"]] == [1, 2]
