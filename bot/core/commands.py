"""The words that Vouch understands after /vouch, or in a message to it, and the action each asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.core import actions as a
from bot.core.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A word, what follows it (shown in help), who may use it, and how the rest of the line becomes an action."""

    word: str
    usage: str
    right: Role
    build: Callable[[str], a.Action]


def _decline(rest: str) -> a.Action:
    ref, _, reason = rest.partition(" ")
    return a.Decline(ref=ref, reason=reason.strip()) if reason.strip() else a.OpenDecline(ref=ref)


def _schedule(rest: str) -> a.Action:
    ref, _, when = rest.partition(" ")
    return a.Schedule(ref=ref, when=when.strip())


def _suggest(rest: str) -> a.Action:
    link, _, why = rest.partition(" ")
    return a.Suggest(link=link, why=why.strip())


PERIODS = ("week", "month", "season")
REPORTED = ("week", "month", "quarter")


def _board(rest: str) -> a.Action:
    words = rest.lower().split()
    period = next((word for word in words if word in PERIODS), "week")
    unknown = [word for word in words if word not in (*PERIODS, "team", "teams")]
    if unknown:
        return a.ShowHelp(unknown=f"leaderboard {unknown[0]}", nearest=_nearest(unknown[0], (*PERIODS, "team")))
    return a.ShowBoard(period=period, crews="team" in words or "teams" in words)


def _report(rest: str) -> a.Action:
    word = rest.lower() or "month"
    if word not in REPORTED:
        return a.ShowHelp(unknown=f"report {word[:80]}", nearest=_nearest(word, REPORTED))
    return a.ShowReport(period=word)


PREFIX = "/vouch"
"""What a command begins with where others listen too; in a conversation with the bot its words are enough."""

_ALL = (
    Command(word="suggest", usage="<link> [why]", right=Role.MEMBER, build=_suggest),
    Command(word="leaderboard", usage="[week|month|season] [team]", right=Role.MEMBER, build=_board),
    Command(word="home", usage="", right=Role.MEMBER, build=lambda rest: a.OpenHome()),
    Command(word="me", usage="", right=Role.MEMBER, build=lambda rest: a.ShowMe()),
    Command(word="why", usage="", right=Role.MEMBER, build=lambda rest: a.ShowWhy()),
    Command(word="settings", usage="", right=Role.MEMBER, build=lambda rest: a.OpenSettings()),
    Command(word="accounts", usage="", right=Role.MEMBER, build=lambda rest: a.OpenAccounts()),
    Command(word="privacy", usage="", right=Role.MEMBER, build=lambda rest: a.ShowPrivacy()),
    Command(word="leave", usage="", right=Role.MEMBER, build=lambda rest: a.Leave()),
    Command(word="join", usage="", right=Role.MEMBER, build=lambda rest: a.ComeBack()),
    Command(word="pair", usage="", right=Role.MEMBER, build=lambda rest: a.Pair()),
    Command(word="help", usage="", right=Role.MEMBER, build=lambda rest: a.ShowHelp()),
    Command(word="post", usage="[link]", right=Role.CURATOR, build=lambda rest: a.StartPost(link=rest)),
    Command(word="queue", usage="", right=Role.CURATOR, build=lambda rest: a.ShowQueue()),
    Command(word="approve", usage="<id>", right=Role.CURATOR, build=lambda rest: a.Approve(ref=rest)),
    Command(word="decline", usage="<id> <reason>", right=Role.CURATOR, build=_decline),
    Command(word="edit", usage="<id>", right=Role.CURATOR, build=lambda rest: a.Edit(ref=rest)),
    Command(word="schedule", usage="<id> <when>", right=Role.CURATOR, build=_schedule),
    Command(word="withdraw", usage="<id>", right=Role.CURATOR, build=lambda rest: a.Withdraw(ref=rest)),
    Command(word="report", usage="[week|month|quarter]", right=Role.CURATOR, build=_report),
    Command(word="setup", usage="[code]", right=Role.MEMBER, build=lambda rest: a.Setup(code=rest)),
    Command(word="failures", usage="", right=Role.ADMIN, build=lambda rest: a.ShowFailures()),
)

COMMANDS: Mapping[str, Command] = {one.word: one for one in _ALL}


def parse_command(line: str) -> a.Action:
    """Return what `line` (without "/vouch") asks for; nothing asks for help, an unknown word names the nearest."""
    word, _, rest = line.strip().partition(" ")
    if not word:
        return a.ShowHelp()
    command = COMMANDS.get(word.lower())
    if command is None:
        return a.ShowHelp(unknown=word[:80], nearest=_nearest(word.lower(), tuple(COMMANDS)))
    return command.build(rest.strip())


def is_command(line: str) -> bool:
    """Say whether `line` begins with a word that Vouch understands."""
    return line.strip().partition(" ")[0].lower() in COMMANDS


def _nearest(word: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(word.lower()[:80], known, n=1, cutoff=0.5)), "")
