"""Words become actions; what is not understood names the nearest word that is."""

import pytest

from bot.core import actions as a
from bot.core.commands import COMMANDS, is_command, parse_command


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("", a.ShowHelp()),
        ("help", a.ShowHelp()),
        ("  ME  ", a.ShowMe()),
        ("post", a.StartPost()),
        ("post https://example.com payload tips", a.StartPost(link="https://example.com payload tips")),
        ("suggest https://example.com worth a read", a.Suggest(link="https://example.com", why="worth a read")),
        ("approve S12", a.Approve(ref="S12")),
        ("decline S12", a.OpenDecline(ref="S12")),
        ("decline S12  not now, sorry", a.Decline(ref="S12", reason="not now, sorry")),
        ("schedule P3 tomorrow 9:00", a.Schedule(ref="P3", when="tomorrow 9:00")),
        ("schedule P3", a.Schedule(ref="P3", when="")),
        ("leaderboard", a.ShowBoard(period="week", crews=False)),
        ("leaderboard season", a.ShowBoard(period="season", crews=False)),
        ("leaderboard Team month", a.ShowBoard(period="month", crews=True)),
        ("report", a.ShowReport(period="month")),
        ("report Quarter", a.ShowReport(period="quarter")),
        ("setup 1234", a.Setup(code="1234")),
        ("home", a.OpenHome()),
        ("pair", a.Pair()),
        ("failures", a.ShowFailures()),
    ],
)
def test_a_line_becomes_its_action(line: str, action: a.Action) -> None:
    assert parse_command(line) == action


@pytest.mark.parametrize(
    ("line", "unknown", "nearest"),
    [
        ("leaderbord", "leaderbord", "leaderboard"),
        ("Sugest https://x.example", "Sugest", "suggest"),
        ("leaderboard weak", "leaderboard weak", "week"),
        ("report weekly", "report weekly", "week"),
        ("xyzzy", "xyzzy", ""),
    ],
)
def test_what_is_not_understood_names_the_nearest(line: str, unknown: str, nearest: str) -> None:
    assert parse_command(line) == a.ShowHelp(unknown=unknown, nearest=nearest)


def test_a_very_long_word_is_cut_and_does_no_harm() -> None:
    action = parse_command("x" * 10_000)
    assert isinstance(action, a.ShowHelp)
    assert len(action.unknown) == 80


def test_a_message_is_a_command_only_by_its_first_word() -> None:
    assert is_command("help me")
    assert not is_command("please help")
    assert not is_command("")


def test_every_word_says_what_follows_it_and_who_may() -> None:
    assert all(word == command.word and command.right for word, command in COMMANDS.items())
