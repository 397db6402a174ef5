"""Whatever people write appears as they wrote it, everywhere, and calls nobody."""

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.scenarios.bad_input import (
    ARTICLES,
    announce,
    fill_in,
    held,
    message_of,
    send,
    share_button,
    signed,
    to_working_hours,
    write,
)
from tests.scenarios.town import CURATORS, NADIA, OMAR, SANNE, THOMAS, Json, Town, composed, everything_said

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<!channel> <@U0OMAR> <#C0GENERAL> @here *b* _i_ ~s~ `c` & < > &lt;!here&gt; :tada: مرحبا שלום 👩🏽‍🚀"
MARK = re.compile(r"<[!@#][^>]*>|<https?://evil[^>]*>")


def _texts(thing: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield each text that Slack shows, with its kind: plain_text, mrkdwn, rich text ("text"), or the fallback."""
    if isinstance(thing, list):
        for one in thing:
            yield from _texts(one)
    elif isinstance(thing, dict):
        if isinstance(thing.get("text"), str):
            yield str(thing.get("type", "fallback")), thing["text"]
        for one in thing.values():
            yield from _texts(one)


async def _drawn(town: Town) -> list[Json]:
    """Return everything that the bot has asked Slack to show so far: calls, and what came with acknowledgements."""
    entries = (await town.read("ledger", limit="2000"))["entries"]
    shown = [one["request"] for one in entries if one["direction"] == "in"]
    answers = [one["answer"] for one in entries if one["direction"] == "out" and isinstance(one["answer"], dict)]
    return [{**one, "type": "fallback"} if "blocks" in one else one for one in [*shown, *answers]]


async def _assert_calls_nobody(town: Town) -> None:
    drawn = await _drawn(town)
    for kind, text in _texts(drawn):
        if kind in ("mrkdwn", "fallback"):
            assert not MARK.search(text), (kind, text)
    for kind in ('"type": "broadcast"', '"type": "usergroup"', '"type": "user", "user_id": "U0OMAR"'):
        assert kind not in json.dumps(drawn)


async def test_title_summary_wording_and_line_of_a_post(town: Town) -> None:
    told = await fill_in(town, HOSTILE, summary=HOSTILE, wording_1=HOSTILE, disclosure=HOSTILE)
    assert HOSTILE in everything_said(told["view"])
    await town.press_in_view(NADIA, "preview_post")
    assert (await town.submit(NADIA))["ok"]
    await town.settle()
    (post_id,) = town.rows("SELECT max(id) FROM post")[0]
    message = await message_of(town, post_id)
    literal = [text for kind, text in _texts(message["blocks"]) if kind in ("text", "plain_text")]
    assert literal.count(HOSTILE) == 2  # title and summary
    preview = next(one for one in await town.direct(NADIA) if "A preview" in everything_said(one))
    assert HOSTILE in everything_said(preview["blocks"])
    view, _ = await share_button(town, OMAR, message)
    assert HOSTILE in json.dumps(view, ensure_ascii=False)
    assert town.rows("SELECT title, summary FROM post WHERE id = ?", post_id) == [(HOSTILE, HOSTILE)]
    assert town.rows("SELECT text FROM wording WHERE post_id = ?", post_id) == [(HOSTILE,)]
    await _assert_calls_nobody(town)


async def test_the_text_of_a_share_reaches_the_network_as_typed(town: Town) -> None:
    _, message = await announce(town, "A post to share in any letters", link=f"{town.address}/site/{ARTICLES[1]}.html")
    address = await town.share(OMAR, message, HOSTILE)
    assert HOSTILE in composed(address)
    composer = await (await town.get(address, OMAR)).text()
    assert "<!channel>" not in composer
    assert town.rows("SELECT text FROM share WHERE post_id = (SELECT max(id) FROM post)") == [(HOSTILE,)]
    await town.command(OMAR, "me")
    await _assert_calls_nobody(town)


async def test_the_reasons_of_a_suggestion_and_of_declining_it(town: Town) -> None:
    """A command's text is escaped by Slack itself; as a message or from a window it is not. All read the same."""
    await town.post("dm", who=SANNE, text=f"https://example.org/hostile {HOSTILE}")
    await town.settle()
    card = await town.find(CURATORS, NADIA, "example.org/hostile")
    shown = everything_said(card["blocks"])
    assert "<!channel>" in shown
    assert "*b* _i_ ~s~ `c` & < >" in shown
    (ref,) = town.rows("SELECT id FROM suggestion WHERE link = 'https://example.org/hostile'")[0]
    await town.press(NADIA, CURATORS, card, "open_decline")
    assert (await town.submit(NADIA, reason=HOSTILE))["ok"]
    await town.settle()
    decided = next(one for one in await town.messages(CURATORS, THOMAS) if one["ts"] == card["ts"])
    assert HOSTILE in everything_said(decided["blocks"])
    assert town.rows("SELECT reason FROM decision WHERE subject = 'suggestion' AND subject_id = ?", ref) == [(HOSTILE,)]
    await to_working_hours(town)
    told = [
        one for one in await town.direct(SANNE) if f"S{ref}" in everything_said(one) and HOSTILE in everything_said(one)
    ]
    assert len(told) == 1
    await _assert_calls_nobody(town)


async def test_the_names_of_people_on_cards_and_boards(town: Town) -> None:
    name = "<!channel> *Nadia* & <@U0OMAR> 👩🏽‍🚀"
    with_name = "UPDATE member SET name = ?, is_named = 1 WHERE person_ref IN ('U0NADIA', 'U0SANNE')"
    write(town, with_name, name)
    _, message = await announce(town, "Curated by somebody with a strange name")
    assert name in everything_said(message["blocks"])
    for period in ("week", "month", "season"):
        await town.command(OMAR, f"leaderboard {period}")
    board = await town.command(OMAR, "leaderboard season")
    assert name in everything_said(board["ephemeral"])
    await _assert_calls_nobody(town)


@pytest.mark.parametrize("line", ["<!channel>*x*", "approve <!here>", "decline <@U0OMAR> _no_", "schedule `P1` ~now~"])
async def test_what_a_command_repeats_of_what_was_typed(town: Town, line: str) -> None:
    before = held(town)
    told = await town.command(NADIA, line)
    assert line.split()[-1 if line.startswith("<") else 1] in everything_said(told["ephemeral"])
    assert held(town) == before
    await _assert_calls_nobody(town)


async def test_settings_keep_only_what_is_offered(town: Town) -> None:
    await town.command(OMAR, "settings")
    assert (await town.submit(OMAR))["ok"]
    wanted = "SELECT locale, chosen_locale, is_named, default_network FROM member WHERE person_ref = ?"
    (before,) = town.rows(wanted, OMAR)
    status, text = await _resubmit(town, {"network": HOSTILE, "locale": "../../etc", "names": "<!channel>"})
    assert status == 200
    assert "Traceback" not in text
    (after,) = town.rows(wanted, OMAR)
    assert after == (*before[:3], None)  # a network that is not offered is no choice
    await _assert_calls_nobody(town)


async def test_a_title_of_ten_thousand_characters_is_told_at_its_field_and_nothing_goes_out(town: Town) -> None:
    before = held(town)
    told = await fill_in(town, "x" * 3000)
    assert told["errors"] == {"title": "At most 150 characters; these are 3,000."}
    status, text = await _resubmit(town, {"title": "é" * 10_000})
    assert status == 200
    assert json.loads(text)["errors"] == {"title": "At most 150 characters; these are 10,000."}
    await town.settle()
    assert held(town) == before | {"post": before["post"] + 1}
    assert town.rows("SELECT state FROM post ORDER BY id DESC LIMIT 1") == [("draft",)]


async def _resubmit(town: Town, changes: dict[str, str]) -> tuple[int, str]:
    """Submit the window that was submitted last once more, as no client would: straight to the bot, with any values."""
    entries = (await town.read("ledger", direction="out", limit="2000"))["entries"]
    payload = next(one["request"] for one in reversed(entries) if one.get("detail") == "view_submission")
    values = payload["view"]["state"]["values"]
    for name, value in changes.items():
        (element,) = [field[name] for field in values.values() if name in field]
        if element["type"] == "plain_text_input":
            element["value"] = value
        else:
            element["selected_option"] = {"text": {"type": "plain_text", "text": value}, "value": value}
    changed = {**payload, "trigger_id": f"9.9.{secrets.token_hex(8)}"}
    changed["view"] = {**payload["view"], "hash": f"9.{secrets.token_hex(4)}"}
    body = urlencode({"payload": json.dumps(changed)}).encode()
    return await send(town, body, signed(town, body), path="/slack/interactivity")
