"""Words to the bot: commands are understood however they are said, a link is a suggestion, the rest gets help."""

import pytest

from bot.core import actions as a
from bot.core.actions import Interaction
from connectors.chat.teams.decode import Kind, see
from tests.connectors.teams.activities import ANNA, NEWS, NOW, TENANT, activity, said
from tests.connectors.teams.test_decode import SERVICE, asked, seen


def test_a_message_in_a_channel_asks_for_its_command_without_the_mention() -> None:
    interaction = asked(activity("message_in_channel"))
    assert interaction == Interaction(
        key=interaction.key,
        platform="teams",
        tenant_ref=TENANT,
        person_ref=ANNA,
        action=a.Approve(ref="12"),
        received_at=NOW,
        channel_ref=NEWS,
        is_live=False,
    )
    place = seen(activity("message_in_channel")).place
    assert (place.kind, place.locale, place.service_url) == (Kind.MESSAGE, "nl-NL", SERVICE)
    assert place.conversation_id == f"{NEWS};messageid=1795000100001"


def test_a_message_in_a_group_chat_is_in_a_channel_of_its_own() -> None:
    interaction = asked(activity("message_in_group"))
    assert interaction.action == a.ShowBoard(period="month", crews=True)
    assert (interaction.channel_ref, interaction.is_direct) == ("19:d77be72390a1416e9644261e9064fa00@thread.v2", False)


def test_a_message_to_the_bot_brings_the_link_behind_its_words() -> None:
    interaction = asked(activity("message_in_person"))
    assert interaction.action == a.DirectMessage(text="what about this R&D story? https://example.com/news?a=1&b=2")
    assert interaction.is_direct
    assert interaction.channel_ref == activity("message_in_person")["conversation"]["id"]
    assert (interaction.message_ref, interaction.window_ref) == (None, None)


def test_a_slash_command_that_one_person_alone_sees_is_a_command_in_its_channel() -> None:
    interaction = asked(activity("targeted_message"))
    assert (interaction.action, interaction.channel_ref, interaction.is_direct) == (a.ShowHelp(), NEWS, False)


@pytest.mark.parametrize("where", ["message_in_person", "message_in_channel", "message_in_group", "targeted_message"])
@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("help", a.ShowHelp()),
        ("HELP", a.ShowHelp()),
        ("/help", a.ShowHelp()),
        ("/vouch help", a.ShowHelp()),
        ("/Vouch", a.ShowHelp()),
        ("Vouch help", a.ShowHelp()),
        ("vouch, approve 12", a.Approve(ref="12")),
        ("<at>Vouch</at>, approve 12", a.Approve(ref="12")),
        ("<at>Vouch</at>: /vouch approve 12", a.Approve(ref="12")),
        ("approve 12 <at>Vouch</at>", a.Approve(ref="12")),
        ("  approve \u200b  12\u00a0\r\n", a.Approve(ref="12")),
        ("approve\n12", a.Approve(ref="12")),
        ("decline S12 because\r\nwe did it\ntwice", a.Decline(ref="S12", reason="because\nwe did it\ntwice")),
        ("decline\nS12\nbecause", a.Decline(ref="S12", reason="because")),
        ("", a.ShowHelp()),
        ("<at>Vouch</at>", a.ShowHelp()),
        ("<at>Vouch</at>&nbsp;\n", a.ShowHelp()),
        ("aprove", a.ShowHelp(unknown="aprove", nearest="approve")),
        ("leaderboard weak", a.ShowHelp(unknown="leaderboard weak", nearest="week")),
        ("suggest https://x.example/?a=1&copy=2 R&amp;D", a.Suggest(link="https://x.example/?a=1&copy=2", why="R&D")),
    ],
)
def test_commands_are_understood_with_and_without_mention_wherever_they_are_said(
    where: str, text: str, action: a.Action
) -> None:
    mention = activity("message_in_channel")["entities"]
    assert asked(said(text, where, entities=mention)).action == action


@pytest.mark.parametrize("text", ["hello there, dear bot", "qqqq", "vouching is fun"])
def test_what_is_no_command_are_words_to_the_bot_and_in_a_channel_an_unknown_command(text: str) -> None:
    assert asked(said(text)).action == a.DirectMessage(text=text)
    in_channel = asked(said(text, "message_in_channel")).action
    assert isinstance(in_channel, a.ShowHelp)
    assert in_channel.unknown == text.split()[0]


@pytest.mark.parametrize("where", ["message_in_person", "message_in_channel"])
@pytest.mark.parametrize("text", ["https://me.example", "HTTPS://why.example", "look: https://example.com/a"])
def test_a_link_is_a_suggestion_wherever_it_is_sent_and_never_a_misspelt_command(where: str, text: str) -> None:
    assert asked(said(text, where)).action == a.DirectMessage(text=text)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("suggest Our story", a.Suggest(link="Our", why="story https://example.com/s")),
        ("post Our story", a.StartPost(link="Our story https://example.com/s")),
        ("Our story", a.DirectMessage(text="Our story https://example.com/s")),
    ],
)
def test_a_link_that_was_pasted_with_its_title_comes_along_with_a_command(text: str, action: a.Action) -> None:
    html = '<div><div>suggest <a href="https://example.com/s">Our story</a></div></div>'
    told = said(text)
    assert asked({**told, "attachments": [{"contentType": "text/html", "content": html}]}).action == action


def test_a_message_that_is_only_a_picture_asks_for_help() -> None:
    picture = {"contentType": "image/*", "contentUrl": "https://smba.trafficmanager.net/emea/v3/attachments/1"}
    assert asked(activity("message_in_person", text=None, attachments=[picture])).action == a.ShowHelp()


def test_the_word_of_a_bot_asks_for_nothing_whatever_it_calls_itself() -> None:
    told = activity("message_in_group")
    assert see({**told, "from": {**told["from"], "role": "bot"}}) is None
    assert see({**told, "from": {**told["from"], "role": "user"}}) is not None
