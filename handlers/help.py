"""Help."""

from bot.core.actions import ShowHelp
from bot.core.commands import COMMANDS
from bot.core.reply import Reply
from handlers.cards.help import help_card
from handlers.context import Context


async def show_help(ctx: Context, action: ShowHelp) -> Reply:
    """Show what this person may say to Vouch; after an unknown word, the nearest one that it knows."""
    has_left = ctx.me.left_at is not None
    hidden = {"leave" if has_left else "join", *(() if ctx.programme.is_on_two else ("pair",))}
    commands = [one for one in COMMANDS.values() if ctx.me.role.may(one.right) and one.word not in hidden]
    return Reply(card=help_card(ctx, commands, unknown=action.unknown, nearest=action.nearest))
