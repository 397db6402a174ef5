"""What Slack sends becomes one interaction, with what was typed and a key that stays the same when it is sent again."""

import pytest

from bot.core import actions as a
from bot.core.actions import Interaction
from bot.core.errors import Unreadable
from connectors.chat.slack import decode
from connectors.chat.slack.decode import Seen, Undecodable, see
from connectors.chat.slack.entities import links_in, unmark
from connectors.chat.slack.inbound import Reader
from connectors.chat.slack.people import person_from
from connectors.chat.slack.workspace import Home, home_from
from tests.connectors.slack.conftest import NOW, payload
from tests.connectors.slack.fake_slack import HOME

OURS = home_from(HOME)
READERS: dict[str, Reader] = {
    "click_in_channel": decode.see_click,
    "menu_in_channel": decode.see_click,
    "link_click_in_window": decode.see_click,
    "button_in_window": decode.see_click,
    "change_in_window": decode.see_click,
    "submission": decode.see_submission,
    "closed": decode.see_closed,
    "command": decode.see_command,
    "shortcut": decode.see_shortcut,
    "direct_message": decode.see_event,
    "home_opened": decode.see_event,
    "uninstalled": decode.see_event,
}


def seen(name: str, **changes: object) -> Seen:
    found = see(READERS[name], {**payload(name), **changes}, OURS)
    assert found is not None
    return found


def asked(name: str, **changes: object) -> Interaction:
    interaction = seen(name, **changes).interaction(NOW)
    assert interaction is not None
    return interaction


def test_a_button_in_a_channel_asks_for_what_it_carries() -> None:
    assert asked("click_in_channel") == Interaction(
        key="12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        platform="slack",
        tenant_ref="T0HOME",
        person_ref="U0ANNA",
        action=a.OpenShare(post_id=7),
        received_at=NOW,
        channel_ref="C0NEWS",
        message_ref="C0NEWS:1795000000.000100",
    )


def test_a_menu_asks_for_the_chosen_one_and_a_private_message_cannot_be_redrawn() -> None:
    interaction = asked("menu_in_channel")
    assert interaction.action == a.Withdraw(ref="P7")
    assert interaction.message_ref is None


def test_a_link_button_brings_what_was_typed_instead_of_what_was_drawn() -> None:
    interaction = asked("link_click_in_window")
    assert interaction.action == a.LeaveForNetwork(share_id=5, network="linkedin", text="My *own* <words> & more")
    assert interaction.window_ref == "V0SHARE"


def test_a_button_keeps_what_it_says_and_takes_the_rest_from_the_window() -> None:
    assert asked("button_in_window").action == a.ChangeShare(share_id=5, network="linkedin", text="A wording")


def test_a_changed_field_asks_for_the_windows_change() -> None:
    changed = a.ChangeShare(share_id=5, network="linkedin", text="My *own* <words> & more")
    assert asked("change_in_window").action == changed


def test_a_submission_merges_every_kind_of_field_by_its_name_whatever_its_edition() -> None:
    assert asked("submission").action == a.ReviewPost(
        post_id=9,
        shown_language="nl",
        title="Winter report",
        channels=("C0NEWS", "C0SALES"),
        language="",
        publish_on="2026-12-01",
        publish_at="",
        networks=(),
    )


def test_a_submission_has_a_key_of_its_own_each_time_so_that_a_corrected_one_counts() -> None:
    assert asked("submission").key == "777.888.999"
    assert asked("submission", trigger_id=None).key == "V0POST-1795000200.abc"


def test_a_closed_window_asks_for_what_it_says() -> None:
    interaction = asked("closed")
    assert (interaction.action, interaction.key) == (a.UndoShare(share_id=5), "closed-V0SHARE")


def test_a_window_that_asks_for_nothing_asks_for_nothing() -> None:
    view = {**payload("closed")["view"], "private_metadata": "{}"}
    assert seen("closed", view=view).interaction(NOW) is None
    assert seen("submission", view=view).interaction(NOW) is None
    assert seen("change_in_window", view=view).interaction(NOW) is None


def test_a_command_is_read_as_typed() -> None:
    interaction = asked("command")
    assert interaction.action == a.Suggest(link="https://example.com/a?b=1&c=2", why="because R&D did it")
    assert (interaction.channel_ref, interaction.key) == ("C0NEWS", "13345224609.738474920.8088930838d88f008e0")


@pytest.mark.parametrize("text", [None, ""])
def test_a_command_without_words_asks_for_help(text: str | None) -> None:
    assert asked("command", text=text).action == a.ShowHelp()


def test_a_shortcut_brings_the_message_and_its_links() -> None:
    assert asked("shortcut").action == a.SuggestMessage(
        text="Look: https://example.com/news?a=1&b=2 & more",
        links=("https://example.com/news?a=1&b=2", "https://example.com/card"),
    )


def test_another_shortcut_asks_for_nothing() -> None:
    assert seen("shortcut", callback_id="other").interaction(NOW) is None


def test_a_direct_message_and_the_home_tab_are_heard() -> None:
    message = asked("direct_message")
    assert message.action == a.DirectMessage(text="what about https://example.com/x?")
    assert (message.key, message.is_direct, message.message_ref) == ("Ev0DM", True, "D0ANNA:1795000400.000100")
    assert asked("home_opened").action == a.OpenHome()


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"user": "U0BOT"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message", "user": None},
        {"channel_type": "channel", "channel": "C1"},
    ],
)
def test_bots_edits_and_other_conversations_are_not_heard(changes: dict[str, object]) -> None:
    told = payload("direct_message")
    assert see(decode.see_event, {**told, "event": {**told["event"], **changes}}, OURS) is None


def test_a_message_with_a_file_is_heard() -> None:
    told = payload("direct_message")
    assert asked("direct_message", event={**told["event"], "subtype": "file_share"})


def test_the_messages_tab_and_other_events_ask_for_nothing() -> None:
    told = payload("home_opened")
    assert see(decode.see_event, {**told, "event": {**told["event"], "tab": "messages"}}, OURS) is None
    assert see(decode.see_event, payload("uninstalled"), OURS) is None


def test_somebody_of_a_connected_company_is_of_their_own_tenant() -> None:
    foreign = {**payload("click_in_channel")["user"], "team_id": "T9OTHER"}
    assert asked("click_in_channel", user=foreign).tenant_ref == "T9OTHER"
    told = payload("direct_message")
    assert asked("direct_message", event={**told["event"], "user_team": "T9OTHER"}).tenant_ref == "T9OTHER"
    assert asked("command", team_id="T9OTHER").tenant_ref == "T9OTHER"


def test_in_an_organisation_every_workspace_is_one_tenant() -> None:
    home = Home(team_id=None, enterprise_id="E1", is_organisation=True, bot_person_ref="U0BOT", bot_id="B0BOT")
    told = {**payload("click_in_channel"), "enterprise": {"id": "E1"}, "is_enterprise_install": True}
    found = see(decode.see_click, told, home)
    assert found is not None
    assert found.tenant_ref == "E1"
    assert home.tenant_of("T9", "E9") == "T9"


@pytest.mark.parametrize("value", ["junk", "{}", '{"do":"nothing_of_ours"}', '{"do":"open_share","post_id":"x"}'])
def test_a_button_of_another_time_is_unreadable(value: str) -> None:
    action = {**payload("click_in_channel")["actions"][0], "value": value}
    with pytest.raises(Unreadable):
        seen("click_in_channel", actions=[action]).interaction(NOW)


def test_a_field_of_no_shape_is_undecodable() -> None:
    view = {**payload("submission")["view"], "state": {"values": {"x": {"y": 5}}}}
    with pytest.raises(Undecodable):
        seen("submission", view=view).interaction(NOW)


@pytest.mark.parametrize(
    ("marked", "typed"),
    [
        ("plain", "plain"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<https://x.example/?a=1&amp;b|x.example>", "https://x.example/?a=1&b"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<mailto:a@b.example>", "a@b.example"),
        ("<@U1|anna> <@U2>", "@anna @U2"),
        ("<#C1|news> <#C2>", "#news #C2"),
        ("<!here> <!subteam^S1|@comms> <!date^1^{date}|today>", "@here @comms today"),
        ("&lt;!channel&gt;", "<!channel>"),
    ],
)
def test_marked_text_is_read_as_typed(marked: str, typed: str) -> None:
    assert unmark(marked) == typed


def test_links_are_found_once_each_wherever_they_stand() -> None:
    deep: dict[str, object] = {"type": "link", "url": "https://deep.example/"}
    for _ in range(40):
        deep = {"type": "rich_text_section", "elements": [deep]}
    message = {"text": "<https://a.example/x|x> <https://a.example/x>", "blocks": [deep], "attachments": [{}, "x"]}
    assert links_in(message) == ("https://a.example/x",)
    assert links_in({"text": "see https://bare.example/1"}) == ("https://bare.example/1",)
    assert links_in({}) == ()


@pytest.mark.parametrize(
    ("changes", "is_full", "is_active"),
    [
        ({}, True, True),
        ({"is_restricted": True}, False, True),
        ({"is_ultra_restricted": True}, False, True),
        ({"is_stranger": True}, False, True),
        ({"is_bot": True}, False, True),
        ({"id": "USLACKBOT"}, False, True),
        ({"team_id": "T9OTHER"}, False, True),
        ({"deleted": True}, True, False),
    ],
)
def test_a_guest_a_bot_and_a_stranger_are_no_full_members(
    changes: dict[str, object], *, is_full: bool, is_active: bool
) -> None:
    person = person_from({**payload("user"), **changes}, OURS)
    assert (person.is_full_member, person.is_active) == (is_full, is_active)
    assert (person.name, person.locale, person.zone) == ("Anna Visser", "nl-NL", "Europe/Amsterdam")
    assert person.email == "anna@brightwater.example"


def test_a_person_of_whom_little_is_told_still_has_a_name() -> None:
    person = person_from({"id": "U1", "team_id": "T0HOME"}, OURS)
    assert (person.name, person.locale, person.zone, person.email) == ("U1", "en", "UTC", None)
