"""Help: the words that Vouch understands, and the nearest one to a word that it does not."""

from collections.abc import Sequence

from bot.core.actions import OpenSettings, ShowQueue
from bot.core.cards import Bold, Button, Buttons, Card, Code, Element, Spans, Text
from bot.core.commands import PREFIX, Command
from bot.core.people import Role
from handlers.context import Context

SETUP = "setup"


def help_card(ctx: Context, commands: Sequence[Command], *, unknown: str, nearest: str) -> Card:
    """Return what a person may say, for their role; first of all an answer to an unknown word."""
    body: list[Element] = []
    if unknown:
        body.append(Text(_unknown(ctx, unknown, nearest)))
    body.append(Text(ctx.rich("help.how")))
    body += _group(ctx, "help.everyone", [one for one in commands if one.right is Role.MEMBER and one.word != SETUP])
    body += _group(ctx, "help.curators", [one for one in commands if one.right is Role.CURATOR])
    body += _group(ctx, "help.admins", [one for one in commands if _is_for_admins(ctx, one)])
    buttons = [Button(label=ctx.text("home.settings"), action=OpenSettings())]
    if ctx.me.role.may(Role.CURATOR):
        buttons.append(Button(label=ctx.text("home.queue"), action=ShowQueue()))
    return Card(title=ctx.text("help.title"), body=(*body, Buttons(tuple(buttons))))


def _is_for_admins(ctx: Context, command: Command) -> bool:
    """Say so of what only admins may do, and of setup: everyone may give its code, but only admins need to know it."""
    return command.right is Role.ADMIN or (command.word == SETUP and ctx.me.role is Role.ADMIN)


def _unknown(ctx: Context, unknown: str, nearest: str) -> Spans:
    if not nearest:
        return ctx.rich("help.unknown", word=Bold(unknown))
    before = unknown.rpartition(" ")[0]
    line = " ".join(one for one in (PREFIX, before, nearest) if one)
    return ctx.rich("help.nearest", word=Bold(unknown), nearest=Code(line))


def _group(ctx: Context, heading: str, commands: Sequence[Command]) -> list[Element]:
    if not commands:
        return []
    return [Text(ctx.rich(heading), style="heading"), *(Text(_line(ctx, one)) for one in commands)]


def _line(ctx: Context, command: Command) -> Spans:
    usage = ctx.text(f"help.use_{command.word}") if command.usage else ""
    said = " ".join(one for one in (PREFIX, command.word, usage) if one)
    return (Code(said), ": ", ctx.text(f"help.word_{command.word}"))
