"""Dialogs that are out of date, buttons of another time or for somebody else, hostile words: told so, nothing lost."""

import asyncio
import contextlib
import html
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from playground.teams.outcomes import Dialog
from tests.scenarios.bad_input_on_teams import (
    announce,
    answered,
    cards_of,
    fill_in,
    kept,
    message,
    open_share,
    shown,
    submitted,
)
from tests.scenarios.teams_town import BRISK, TeamsTown, does, done, everything_said, has_button, packed_in, texts_of
from tests.scenarios.town import CURATORS, LENA, NADIA, OMAR, PRODUCT, SANNE, THOMAS, composed

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
TYPED = "I typed this for half an hour, and it is still mine."
SHARES = "SELECT network, state, text FROM share WHERE post_id = ? ORDER BY id"
REASON = "SELECT why FROM suggestion_author a JOIN suggestion s ON s.id = suggestion_id"
HOSTILE = (
    "<at>Omar</at> **b** _i_ `c` [x](https://evil.example) <b>h</b> & &amp; {{DATE(2026-11-23T10:00:00Z, SHORT)}} "
    "${x} 1. # مرحبا שלום 👩🏽‍🚀"
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TeamsTown]:
    async with TeamsTown(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        started.service.no_limits()
        yield started


@pytest.fixture(autouse=True)
def _closed(town: TeamsTown) -> None:
    """No dialog of the test before is open."""
    town.service.people.dialogs.clear()


async def _twice(town: TeamsTown, who: str, action: str, **typed: object) -> list[str]:
    """Press a button of the open dialog twice at once, as on two devices; what each shows, or "" for closing it."""
    press = town.service.people.submit
    told = await asyncio.gather(*(press(who, does(action), typed=typed, is_kept=True) for _ in range(2)))
    return [texts_of(done(one).dialog.card) if one.dialog else "" for one in told]


async def _submitted(town: TeamsTown, who: str, asked: Json, **typed: str) -> Json:
    """Submit a dialog with any texts, as no client would, and return the card that it shows then."""
    data = {"vouch": json.dumps(asked), "fields": dict.fromkeys(typed, "text"), **typed}
    return shown(await town.service.deliver(submitted(town, who, data)))


def _again(town: TeamsTown, who: str, dialog: Dialog) -> None:
    """Let a person go on in a dialog that they had left open elsewhere."""
    town.service.people.dialogs[who] = dialog


# Out of date


async def test_a_dialog_of_a_post_that_was_withdrawn_meanwhile_says_so_and_gives_the_words_back(
    town: TeamsTown,
) -> None:
    post_id = await announce(town, "Withdrawn while it is open")
    await open_share(town, OMAR, post_id)
    await town.say(NADIA, f"withdraw P{post_id}")
    told = await town.submit(OMAR, "leave_for_network", text=TYPED)
    assert "This post was withdrawn, so it is not shared any more" in str(told.answer.body)
    assert TYPED in texts_of(town.must_dialog(OMAR).card)
    assert not has_button(town.must_dialog(OMAR).card, "leave_for_network")
    assert [state for _, state, _ in town.rows(SHARES, post_id)] == ["draft"]


async def test_a_dialog_of_a_share_that_was_undone_meanwhile_says_so_and_gives_the_words_back(town: TeamsTown) -> None:
    post_id = await announce(town, "Undone meanwhile")
    elsewhere = await open_share(town, OMAR, post_id)
    await town.share(OMAR, cards_of(town, post_id)[0], "The words that went out.")
    left = town.must_dialog(OMAR)
    await town.submit(OMAR, "say_shared")
    await town.submit(OMAR, "undo_share")
    before = town.rows(SHARES, post_id)
    _again(town, OMAR, elsewhere)
    told = await town.submit(OMAR, "leave_for_network", text=TYPED)
    assert "This is not there any more" in str(told.answer.body)
    assert TYPED in texts_of(town.must_dialog(OMAR).card)
    _again(town, OMAR, left)
    assert "This is not there any more" in str((await town.submit(OMAR, "say_shared")).answer.body)
    assert town.rows(SHARES, post_id) == before
    assert before == [("linkedin", "undone", "The words that went out.")]


async def test_a_form_of_a_draft_that_was_discarded_meanwhile_says_so_and_gives_the_words_back(town: TeamsTown) -> None:
    reviewed = await fill_in(town, "Discarded meanwhile")
    listed = await answered(town, NADIA, "post")
    await town.press(NADIA, listed, "discard_draft")
    before = kept(town)
    assert "This is not there any more" in str((await town.submit(NADIA, "announce_post")).answer.body)
    assert reviewed.dialog is not None
    _again(town, NADIA, reviewed.dialog)
    await town.try_submit(NADIA, "edit")
    assert kept(town)["post"] == before["post"]


JUNK: dict[str, object] = {
    "an-action-that-is-gone": {"vouch": '{"do":"share_v0","x":1}', "fields": {"text": "text"}, "text": TYPED},
    "an-action-with-other-fields": {"vouch": '{"do":"leave_for_network","share_id":"x"}', "text": TYPED},
    "no-json": {"vouch": "share", "fields": {"text": "text"}, "text": TYPED},
    "a-number": {"vouch": 5, "text": TYPED},
    "no-action": {"text": TYPED},
    "fields-of-no-kind": {
        "vouch": '{"do":"leave_for_network","share_id":1}',
        "fields": {"text": "telepathy"},
        "text": TYPED,
    },
}


@pytest.mark.parametrize("name", JUNK)
async def test_a_dialog_of_an_older_version_says_so_and_gives_the_words_back(town: TeamsTown, name: str) -> None:
    before = kept(town)
    card = shown(await town.service.deliver(submitted(town, OMAR, JUNK[name])))
    assert "This button comes from an older version of Vouch" in texts_of(card)
    assert TYPED in texts_of(card)
    assert kept(town) == before


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"vouch": {}}, {"vouch": '{"do":"open_share"}', "fields": {"t": 1}}]
)
async def test_a_dialog_that_says_nothing_of_ours_is_answered_too(town: TeamsTown, data: object) -> None:
    assert "older version" in texts_of(shown(await town.service.deliver(submitted(town, OMAR, data))))


@pytest.mark.parametrize("data", [{"vouch": '{"do":"share_v0"}'}, {"vouch": "x"}, {}, None])
async def test_a_button_of_an_older_version_says_so(town: TeamsTown, data: Json | None) -> None:
    (card,) = cards_of(town, await announce(town, f"Old buttons {data}"))
    begun, before = town.service.people.begin_at(OMAR, card), kept(town)
    executed = {"action": {"type": "Action.Execute", "verb": "x", "data": data}, "trigger": "manual"}
    for name, value in (("adaptiveCard/action", executed), ("task/fetch", {"data": data})):
        told = await town.service.deliver(
            {**begun, "id": f"{name}-{card.id}", "type": "invoke", "name": name, "value": value}
        )
        assert "This button comes from an older version of Vouch" in told.text
    assert kept(town) == before


async def test_a_button_of_an_announcement_that_stands_too_long_says_so(town: TeamsTown) -> None:
    post_id = await announce(town, "Stands too long")
    (card,) = cards_of(town, post_id)
    town.service.fault("update", status=413, left=None)
    await town.say(NADIA, f"withdraw P{post_id}")
    pressed = await town.press(LENA, card, "open_share")
    assert "This post was withdrawn" in str(pressed.answer.body)
    assert town.rows(SHARES, post_id) == []
    town.service.clear_faults()


async def test_while_the_database_is_locked_a_dialog_gives_the_words_back(town: TeamsTown) -> None:
    post_id = await announce(town, "While the database is locked")
    dialog = await open_share(town, OMAR, post_id)
    with contextlib.closing(sqlite3.connect(town.data / "vouch.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = await town.submit(OMAR, "leave_for_network", text=TYPED)
        other.execute("ROLLBACK")
    assert "cannot reach its memory just now" in str(told.answer.body)
    assert TYPED in texts_of(town.must_dialog(OMAR).card)
    _again(town, OMAR, dialog)
    assert "/go/" in str((await town.submit(OMAR, "leave_for_network", text=TYPED)).answer.body)
    assert town.rows(SHARES, post_id) == [("linkedin", "draft", TYPED)]


# Twice, or by somebody else


async def test_an_announcement_confirmed_twice_goes_out_once(town: TeamsTown) -> None:
    await fill_in(town, "Announced once")
    first, second = await _twice(town, NADIA, "announce_post")
    await town.settle()
    ((post_id,),) = town.rows("SELECT id FROM post WHERE title = 'Announced once'")
    assert {"Announced at once in product-news" in one for one in (first, second)} == {True, False}
    assert f"P{post_id} is saved" in first + second
    assert len(cards_of(town, post_id)) == 1
    assert town.rows("SELECT count(*) FROM decision WHERE subject_id = ? AND what = 'announced'", post_id) == [(1,)]


async def test_a_suggestion_submitted_twice_is_one(town: TeamsTown) -> None:
    said = town.service.people.write(OMAR, "Look at https://example.org/once", where=PRODUCT)
    await town.suggest_this(LENA, said)
    told = await _twice(town, LENA, "submit_suggestion", why="Because.")
    await town.settle()
    assert sorted("You suggested this already" in one for one in told) == [False, True]
    assert town.rows("SELECT count(*) FROM suggestion WHERE link LIKE '%/once'") == [(1,)]
    assert len([one for one in town.messages(NADIA, CURATORS) if "/once" in everything_said(one)]) == 1


async def test_a_text_submitted_twice_is_one_share_and_an_undo_clicked_twice_takes_back_once(town: TeamsTown) -> None:
    post_id = await announce(town, "Shared once, taken back once")
    await open_share(town, OMAR, post_id)
    ways = await _twice(town, OMAR, "leave_for_network", text=TYPED)
    assert [TYPED in one for one in ways] == [True, True]
    assert town.rows(SHARES, post_id) == [("linkedin", "draft", TYPED)]
    await town.share(OMAR, cards_of(town, post_id)[0], TYPED)
    await town.submit(OMAR, "say_shared")
    told = await _twice(town, OMAR, "undo_share")
    assert sorted("taken back already" in one for one in told) == [False, True]
    assert town.rows(SHARES, post_id) == [("linkedin", "undone", TYPED)]
    points = "SELECT coalesce(sum(points), 0) FROM ledger_entry e JOIN share s ON s.id = share_id WHERE post_id = ?"
    assert town.rows(points, post_id) == [(0,)]


async def test_a_curators_button_is_refused_to_an_employee_and_changes_nothing(town: TeamsTown) -> None:
    await town.say(SANNE, "suggest https://example.org/not-for-omar")
    await town.settle()
    ((number,),) = town.rows("SELECT id FROM suggestion WHERE link LIKE '%/not-for-omar'")
    (card,) = cards_of(town, await announce(town, "A card to press on"))
    before = kept(town)
    begun = town.service.people.begin_at(OMAR, card)
    data = {"vouch": json.dumps({"do": "approve", "ref": f"S{number}"})}
    executed = {"action": {"type": "Action.Execute", "verb": "approve", "data": data}, "trigger": "manual"}
    told = await town.service.deliver({**begun, "type": "invoke", "name": "adaptiveCard/action", "value": executed})
    assert "This is for the comms team" in told.body["value"]
    for asked in ({"do": "decline", "ref": f"S{number}"}, {"do": "save_draft", "post_id": 1}):
        told_instead = texts_of(await _submitted(town, OMAR, asked, reason=TYPED, title=TYPED))
        assert "This is for the comms team" in told_instead
        assert TYPED in told_instead
    await town.settle()
    after = kept(town)
    assert (after, after["inbox"]) == ({**before, "inbox": after["inbox"]}, before["inbox"])
    assert town.rows("SELECT state FROM suggestion WHERE id = ?", number) == [("received",)]


# Words


def _literal(thing: object) -> Iterator[str]:
    """Yield every text of a card that nothing is read into: text runs of one element joined, and boxes as filled."""
    if isinstance(thing, list):
        for one in thing:
            yield from _literal(one)
    if isinstance(thing, dict):
        if thing.get("type") == "RichTextBlock":
            yield "".join(one["text"] for one in thing["inlines"])
        if str(thing.get("type")).startswith("Input."):
            yield str(thing.get("value"))
        yield from (text for name, value in thing.items() if name != "inlines" for text in _literal(value))


def _shows(card: Json, text: str) -> bool:
    """Say whether a card shows just this, without showing all of it when it does not."""
    return any(one == text for one in _literal(card))


def _drawn(thing: object) -> Iterator[Json]:
    """Yield everything that has a type in what was drawn."""
    if isinstance(thing, list):
        for one in thing:
            yield from _drawn(one)
    if isinstance(thing, dict):
        if "type" in thing:
            yield thing
        for value in thing.values():
            yield from _drawn(value)


def _assert_calls_nobody(town: TeamsTown) -> None:
    """Nothing that the bot asked to be shown mentions anybody, leads to evil, or has a hostile word read as a sign."""
    asked = [one["request"] for one in town.service.asked()]
    told = [one["answer"] for one in town.service.told()]
    for one in _drawn([asked, told]):
        assert one.get("type") != "mention", one
        if one["type"] == "TextBlock":
            assert not any(sign in one["text"] for sign in ("<at>", "**b**", "evil", "{{DATE(2026-11-23T10:00:00Z")), (
                one
            )
        if one["type"] == "TextRun":
            assert "{{" not in one["text"], one
        assert "evil" not in str(one.get("url")), one


async def test_a_hostile_reason_of_a_suggestion_is_shown_and_kept_as_typed(town: TeamsTown) -> None:
    typed = html.escape(HOSTILE, quote=False)  # as Teams sends what somebody wrote
    await town.service.deliver(message(town, SANNE, f"suggest https://example.org/hostile-message {typed}"))
    said = town.service.people.write(OMAR, "https://example.org/hostile-dialog", where=PRODUCT)
    await town.suggest_this(LENA, said)
    await town.submit(LENA, "submit_suggestion", why=HOSTILE)
    await town.settle()
    for place in ("message", "dialog"):
        wanted = (
            "SELECT s.id, why FROM suggestion s JOIN suggestion_author a ON a.suggestion_id = s.id WHERE link LIKE ?"
        )
        ((number, why),) = town.rows(wanted, f"%/hostile-{place}")
        assert why == HOSTILE
        assert HOSTILE in list(_literal((await town.card(f"S{number}")).card))
    await town.press(NADIA, await town.card(f"S{number}"), "open_decline")
    await town.submit(NADIA, "decline", reason=HOSTILE)
    await town.to_working_hours()
    assert HOSTILE in list(_literal(town.messages(LENA)[-1].card))
    assert HOSTILE in list(_literal((await town.find(THOMAS, f"S{number}", CURATORS)).card))
    _assert_calls_nobody(town)


async def test_hostile_words_of_a_post_are_shown_and_kept_as_typed(town: TeamsTown) -> None:
    title, line = HOSTILE[:140], HOSTILE[-60:]
    await fill_in(town, title, summary=HOSTILE, wording_1=HOSTILE, disclosure=line)
    assert title in list(_literal(town.must_dialog(NADIA).card))
    await town.submit(NADIA, "announce_post")
    await town.settle()
    ((post_id, *words),) = town.rows("SELECT max(id), title, summary, disclosure FROM post")
    assert words == [title, HOSTILE, line]
    assert town.rows("SELECT text FROM wording WHERE post_id = ?", post_id) == [(HOSTILE,)]
    (card,) = cards_of(town, post_id)
    assert {title, HOSTILE} <= set(_literal(card.card))
    dialog = await open_share(town, OMAR, post_id)
    assert HOSTILE in "\n".join(_literal(dialog.card))
    address = await town.share(OMAR, card, HOSTILE)
    assert HOSTILE in composed(address)
    assert town.rows(SHARES, post_id) == [("linkedin", "opened", HOSTILE)]
    _assert_calls_nobody(town)


async def test_a_title_that_is_too_long_is_told_at_its_field_and_nothing_goes_out(town: TeamsTown) -> None:
    told = await fill_in(town, "é" * 3000)
    assert told.dialog is not None
    assert "At most 150 characters; these are 3,000." in texts_of(told.dialog.card)
    asked = packed_in(told.dialog.card, "review_post")
    card = await _submitted(town, NADIA, asked, title="é" * 10_000)  # more than any client takes
    assert "At most 150 characters; these are 10,000." in texts_of(card)
    assert _shows(card, "é" * 3000)
    assert town.rows("SELECT state FROM post WHERE id = ?", asked["post_id"]) == [("draft",)]


@pytest.mark.parametrize(("typed", "left"), [(3000, 3000), (10_000, 6000)], ids=["as-much-as-fits", "more-than-that"])
async def test_a_text_that_is_too_long_says_by_how_much_is_kept_and_opens_nothing(
    town: TeamsTown, typed: int, left: int
) -> None:
    post_id = await announce(town, f"{typed} characters of one's own")
    dialog = await open_share(town, OMAR, post_id)
    asked = packed_in(dialog.card, "leave_for_network")
    card = await _submitted(town, OMAR, asked, network="linkedin", text="é" * typed)
    assert "characters too long for LinkedIn" in texts_of(card)
    assert _shows(card, "é" * left)
    assert not [one for one in _drawn(card) if "/go/" in str(one.get("url"))]
    assert town.rows("SELECT state, length(text) FROM share WHERE post_id = ?", post_id) == [("draft", left)]


async def test_a_reason_of_ten_thousand_characters_is_cut_with_a_sign(town: TeamsTown) -> None:
    await town.service.deliver(message(town, SANNE, f"suggest https://example.org/long {'é' * 10_000}"))
    await town.settle()
    ((why,),) = town.rows(f"{REASON} WHERE link LIKE '%/long'")
    assert (len(why), why[-1]) == (500, "…")


@pytest.mark.parametrize(
    ("typed", "kept_as"),
    [
        ("half \ud83d an emoji", "half ? an emoji"),
        ("\u202eturned\u2066 round\u202c", "turned round"),
        ("a\u0000b\tc", "ab c"),
    ],
    ids=["half-an-emoji", "marks-that-turn-the-reading", "controls"],
)
async def test_what_no_text_may_hold_is_taken_out(town: TeamsTown, typed: str, kept_as: str) -> None:
    post_id = await announce(town, f"Strange characters {kept_as}")
    dialog = await open_share(town, OMAR, post_id)
    asked = packed_in(dialog.card, "leave_for_network")
    await _submitted(town, OMAR, asked, network="linkedin", text=typed)
    assert town.rows(SHARES, post_id) == [("linkedin", "draft", kept_as)]


async def test_settings_keep_only_what_is_offered(town: TeamsTown) -> None:
    wanted = "SELECT locale, chosen_locale, is_named, default_network FROM member WHERE person_ref = ?"
    (before,) = town.rows(wanted, town.ref(LENA))
    data = {
        "vouch": '{"do":"save_settings"}',
        "fields": {"locale": "one", "network": "one", "names": "one", "topics": "many"},
        "locale": "../../etc",
        "network": HOSTILE,
        "names": "<script>",
        "topics": "water,%2C,<b>",
    }
    shown(await town.service.deliver(submitted(town, LENA, data)))
    assert town.rows(wanted, town.ref(LENA)) == [(*before[:3], None)]  # a network that is not offered is no choice
    _assert_calls_nobody(town)
